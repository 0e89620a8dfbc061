import type { CaptureRecord } from '../input/types.ts';
import { Fragments } from './fragments.ts';
import { decodeLink } from './link.ts';
import { ANOTHER_SHARE, DECODED, FRAGMENT, NO_MORE } from './outcome.ts';
import type { Segment } from './segment.ts';
import { ALONE, type Share, shareOfSegment } from './shares.ts';
import { Split } from './split.ts';
import { decodeRest } from './wireless.ts';

/** Decodes the packets of a capture, in its order. */
export class Decoder {
  private readonly fragments = new Fragments();
  private readonly share: number;
  private readonly shares: number;
  /** null: 4-tuples alone tell flows apart */
  private readonly split: Split | null;

  /**
   * @param share of the flows that are wanted
   * @param split by what equal 4-tuples are told apart
   */
  constructor({ share, shares }: Share = ALONE, split: Split = new Split()) {
    this.share = share;
    this.shares = shares;
    this.split = split.words.length > 0 ? split : null;
  }

  /** whether a frame held several packets (A-MSDU) */
  metAggregates = false;

  /**
   * Decodes a captured packet down to its TCP segment; `next` gives what else is in it. One that came in IP fragments is given with the fragment that
   * completes it, in its whole length; those before it are FRAGMENT.
   * @returns DECODED, ANOTHER_SHARE, or the index in SKIP_REASONS of why there is no segment; `segment` is then not to be used
   */
  decode(record: CaptureRecord, segment: Segment): number {
    segment.seconds = record.seconds;
    segment.nanoseconds = record.nanoseconds;
    segment.frame = record.frame;
    segment.origin = record.origin + record.interfaceId;
    segment.layers = 0;
    segment.rest = null;
    const { data, start, end } = record;
    const wireEnd = start + Math.max(record.wireLength, end - start);
    return this.take(decodeLink(record.linkType, data, start, end, wireEnd, segment), segment);
  }

  /**
   * Decodes the next packet of the record: only an A-MSDU of 802.11 has several.
   * @param segment as the call before left it
   * @returns as `decode`; NO_MORE where there is none
   */
  next(segment: Segment): number {
    if (segment.rest === null) return NO_MORE;
    this.metAggregates = true;
    return this.take(decodeRest(segment.rest, segment), segment);
  }

  private take(decoded: number, segment: Segment): number {
    const outcome = decoded === FRAGMENT ? this.fragments.add(segment, segment.seconds) : decoded;
    if (outcome !== DECODED) return outcome;
    if (this.split !== null) segment.group = this.split.groupOf(segment);
    return this.shares === 1 || shareOfSegment(segment, this.shares) === this.share ? DECODED : ANOTHER_SHARE;
  }

  /** Packets that were FRAGMENT and whose segment was completed later: nothing of these was lost. */
  get joinedFragments(): number {
    return this.fragments.joined;
  }
}
