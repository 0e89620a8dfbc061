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
  private readonly times = new Float64Array(SLOTS).fill(Number.NEGATIVE_INFINITY);

  /**
   * Whether an equal segment was seen just before; the copy that is asked about is remembered else.
   * @param key what tells the flow apart
   * @param now seconds and nanoseconds as one number of ns; only differences matter
   */
  isDuplicate(segment: Segment, key: number, now: number): boolean {
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
    const age = now - this.times[slot]!;
    // Without an IP ID (IPv6, RSTs) two equal pure ACKs may be real: then only what comes at once counts.
    const window = segment.ipId === 0 ? WINDOW_WITHOUT_ID : WINDOW_WITH_ID;
    const equal = this.prints[slot] === h && age >= -window && age <= window;
    this.prints[slot] = h;
    this.times[slot] = now; // of the newest copy: there may be more
    return equal;
  }
}

const SLOTS = 1 << 13;
const WINDOW_WITH_ID = 20_000_000; // ns
const WINDOW_WITHOUT_ID = 1_000_000; // ns
