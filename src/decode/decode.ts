import type { CaptureRecord } from '../input/types.ts';
import { Fragments } from './fragments.ts';
import { decodeLink } from './link.ts';
import { ANOTHER_SHARE, DECODED, FRAGMENT } from './outcome.ts';
import type { Segment } from './segment.ts';
import { ALONE, type Share, shareOfSegment } from './shares.ts';

/** Decodes the packets of a capture, in its order. */
export class Decoder {
  private readonly fragments = new Fragments();
  private readonly share: number;
  private readonly shares: number;

  /** @param share of the flows that are wanted */
  constructor({ share, shares }: Share = ALONE) {
    this.share = share;
    this.shares = shares;
  }

  /**
   * Decodes a captured packet down to its TCP segment. One that came in IP fragments is given with the fragment that
   * completes it, in its whole length; those before it are FRAGMENT.
   * @returns DECODED, ANOTHER_SHARE, or the index in SKIP_REASONS of why there is no segment; `segment` is then not to be used
   */
  decode(record: CaptureRecord, segment: Segment): number {
    segment.seconds = record.seconds;
    segment.nanoseconds = record.nanoseconds;
    segment.frame = record.frame;
    segment.origin = record.origin + record.interfaceId;
    segment.layers = 0;
    const { data, start, end } = record;
    const wireEnd = start + Math.max(record.wireLength, end - start);
    let outcome = decodeLink(record.linkType, data, start, end, wireEnd, segment);
    if (outcome === FRAGMENT) outcome = this.fragments.add(segment, record.seconds);
    const isOwn = this.shares === 1 || outcome !== DECODED || shareOfSegment(segment, this.shares) === this.share;
    return isOwn ? outcome : ANOTHER_SHARE;
  }

  /** Packets that were FRAGMENT and whose segment was completed later: nothing of these was lost. */
  get joinedFragments(): number {
    return this.fragments.joined;
  }
}
