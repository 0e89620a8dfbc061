/** Segments that came in IP fragments: lengths are counted, no payload is kept. They are rare, so this may allocate. */

import { DECODED, FRAGMENT, NOT_TCP } from './outcome.ts';
import { type Fragment, Segment } from './segment.ts';

/** Datagrams that may wait for fragments at a time; the one that has waited longest gives way. */
const MAX_PENDING = 64;
/** Linux gives a datagram up after this time (net.ipv4.ipfrag_time); its identification may be used again then. */
const TIMEOUT_SECONDS = 30;

/** The datagrams of a capture of which fragments are still missing. */
export class Fragments {
  /** fragments of completed datagrams, those that completed them not counted */
  joined = 0;
  /** in the order in which they began */
  private readonly pending = new Map<string, Datagram>();

  /**
   * @param segment whose `fragment` has come; becomes the whole segment where that was the last one missing
   * @param seconds the packet's time
   * @returns DECODED then, else FRAGMENT; NOT_TCP where it is of UDP, and no first fragment with a tunnel has come
   */
  add(segment: Segment, seconds: number): number {
    const name = segment.fragment.datagram;
    let datagram = this.pending.get(name);
    if (datagram === undefined || seconds - datagram.since > TIMEOUT_SECONDS) {
      if (segment.fragment.isOfUdp && !segment.fragment.hasHeader) return NOT_TCP;
      this.pending.delete(name);
      for (const oldest of this.pending.keys()) {
        if (this.pending.size < MAX_PENDING) break;
        this.pending.delete(oldest);
      }
      datagram = new Datagram(seconds);
      this.pending.set(name, datagram);
    }
    datagram.add(segment);
    if (!datagram.completes(segment)) return FRAGMENT;
    this.pending.delete(name);
    this.joined += datagram.fragments - 1;
    return DECODED;
  }
}

class Datagram {
  readonly since: number;
  fragments = 0;
  /** the segment as the first fragment tells it */
  private header: Segment | null = null;
  /** payload of the first fragment where the segment is as long as the datagram says, else null */
  private firstLength: number | null = null;
  private hasLast = false;
  /** what has come, as sorted ranges that do not touch: from, end, from, end, ... */
  private ranges: number[] = [];

  constructor(since: number) {
    this.since = since;
  }

  add(segment: Segment): void {
    const { fragment } = segment;
    this.fragments++;
    this.cover(fragment);
    this.hasLast ||= fragment.isLast;
    if (!fragment.hasHeader || this.header !== null) return;
    this.header = new Segment();
    this.header.copyFrom(segment);
    if (fragment.extendsSegment) this.firstLength = fragment.length;
  }

  /** Whether nothing is missing; the segment is the whole one then. */
  completes(segment: Segment): boolean {
    const [from, end] = this.ranges;
    if (this.header === null || !this.hasLast || this.ranges.length !== 2 || from !== 0) return false;
    segment.copyFrom(this.header);
    segment.headerAt = -1;
    if (this.firstLength !== null) segment.length += end! - this.firstLength;
    return true;
  }

  /** Fragments may overlap, and come twice and in any order. */
  private cover({ offset, length }: Fragment): void {
    const before: number[] = [];
    const after: number[] = [];
    let from = offset;
    let end = offset + length;
    for (let i = 0; i < this.ranges.length; i += 2) {
      const rangeFrom = this.ranges[i]!;
      const rangeEnd = this.ranges[i + 1]!;
      if (rangeEnd < from) before.push(rangeFrom, rangeEnd);
      else if (rangeFrom > end) after.push(rangeFrom, rangeEnd);
      else {
        from = Math.min(from, rangeFrom);
        end = Math.max(end, rangeEnd);
      }
    }
    this.ranges = [...before, from, end, ...after];
  }
}
