import type { Segment } from '../decode/segment.ts';

/**
 * Recognises a second copy of a captured packet: on `any`, a bridge or a mirror port the same segment is seen
 * twice within moments, with another interface, MAC or TTL. A retransmission differs: it has a new IP ID, and
 * comes a retransmission timeout later (200 ms on Linux).
 *
 * One direct-mapped table for all flows, so it costs one look and nothing a flow.
 */
export class DuplicateFilter {
  private readonly prints = new Int32Array(SLOTS);
  private readonly seconds = new Int32Array(SLOTS);
  private readonly nanoseconds = new Int32Array(SLOTS);

  /**
   * Whether an equal segment was seen just before; the copy that is asked about is remembered else.
   * @param key what tells the flow apart
   */
  isDuplicate(segment: Segment, key: number): boolean {
    let h = key ^ segment.srcPort;
    h = Math.imul(h ^ segment.seq, 0x85ebca6b);
    h = Math.imul((h ^ (h >>> 15)) + segment.ack, 0xc2b2ae35);
    h = Math.imul(
      (h ^ (h >>> 13)) + (((segment.flags << 16) | segment.window) ^ Math.imul(segment.length, 0x9e3779b1)),
      0x27d4eb2f,
    );
    h = Math.imul((h ^ (h >>> 16)) + segment.tsVal, 0x165667b1);
    h = Math.imul((h ^ (h >>> 15)) + segment.tsEcr + (segment.ipId << 16) + segment.optionsLength, 0x9e3779b1);
    h ^= h >>> 16;
    const slot = h & (SLOTS - 1);
    // int32: a float passed for each packet would be allocated. Seconds may wrap, their difference does not.
    const elapsed = (segment.seconds - this.seconds[slot]!) | 0;
    const age = elapsed * 1_000_000_000 + (segment.nanoseconds - this.nanoseconds[slot]!);
    // Without an IP ID (IPv6, RSTs) two equal pure ACKs may be real: then only what comes at once counts.
    const window = segment.ipId === 0 ? WINDOW_WITHOUT_ID : WINDOW_WITH_ID;
    const equal = this.prints[slot] === h && age >= -window && age <= window;
    this.prints[slot] = h;
    this.seconds[slot] = segment.seconds; // of the newest copy: there may be more
    this.nanoseconds[slot] = segment.nanoseconds;
    return equal;
  }
}

const SLOTS = 1 << 13;
const WINDOW_WITH_ID = 20_000_000; // ns
const WINDOW_WITHOUT_ID = 1_000_000; // ns
