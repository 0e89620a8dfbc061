import type { CaptureRecord } from '../input/types.ts';
import { i32, u16 } from './bytes.ts';
import { decodeEthernet, decodeEtherType } from './ethernet.ts';
import { Fragments } from './fragments.ts';
import { decodeIp } from './ip.ts';
import { ANOTHER_SHARE, CUT, DECODED, FRAGMENT, NOT_IP, UNSUPPORTED_LINK } from './outcome.ts';
import type { Segment } from './segment.ts';
import { ALONE, type Share, shareOfSegment } from './shares.ts';

// Link types (tcpdump.org/linktypes.html).
const NULL = 0;
const ETHERNET = 1;
const RAW_BSD = 12;
const RAW_OPENBSD = 14;
const RAW = 101;
const LOOP = 108;
const LINUX_SLL = 113;
const IPV4 = 228;
const IPV6 = 229;
const LINUX_SLL2 = 276;

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
    let outcome = decodeFrame(record, segment);
    if (outcome === FRAGMENT) outcome = this.fragments.add(segment, record.seconds);
    const isOwn = this.shares === 1 || outcome !== DECODED || shareOfSegment(segment, this.shares) === this.share;
    return isOwn ? outcome : ANOTHER_SHARE;
  }

  /** Packets that were FRAGMENT and whose segment was completed later: nothing of these was lost. */
  get joinedFragments(): number {
    return this.fragments.joined;
  }
}

/** Layer by layer; fragments aren't joined. */
export function decodeFrame(record: CaptureRecord, segment: Segment): number {
  const { data, start, end } = record;
  const wireEnd = start + Math.max(record.wireLength, end - start);
  segment.layers = 0;
  switch (record.linkType) {
    case ETHERNET:
      return decodeEthernet(data, start, end, wireEnd, segment, 0);
    case LINUX_SLL:
      if (start + 16 > end) return CUT;
      return decodeEtherType(u16(data, start + 14), data, start + 16, end, wireEnd, segment, 0);
    case LINUX_SLL2:
      if (start + 20 > end) return CUT;
      return decodeEtherType(u16(data, start), data, start + 20, end, wireEnd, segment, 0);
    case NULL:
    case LOOP:
      if (start + 4 > end) return CUT;
      if (!isIpFamily(i32(data, start))) return NOT_IP;
      return decodeIp(data, start + 4, end, wireEnd, segment, 0);
    case RAW:
    case RAW_BSD:
    case RAW_OPENBSD:
    case IPV4:
    case IPV6:
      return decodeIp(data, start, end, wireEnd, segment, 0);
    default:
      return UNSUPPORTED_LINK;
  }
}

/**
 * The address family of NULL and LOOP, in the byte order of whichever host wrote it.
 * 2 is AF_INET everywhere; AF_INET6 is 10 (Linux), 23 (Windows), 24 (NetBSD, OpenBSD), 26 (Solaris), 28 (FreeBSD)
 * or 30 (macOS). Which it was does not matter: the IP header says it.
 */
function isIpFamily(word: number): boolean {
  const family = (word & 0xffff0000) === 0 ? word : word >>> 24;
  switch (family) {
    case 2:
    case 10:
    case 23:
    case 24:
    case 26:
    case 28:
    case 30:
      return true;
    default:
      return false;
  }
}
