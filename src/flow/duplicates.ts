import type { Segment } from '../decode/segment.ts';
import { mixed } from './hash.ts';

/**
 * Recognises a second copy of a captured packet: on `any`, a bridge or a mirror port the same segment is seen
 * twice within moments, with another interface, MAC or TTL. A retransmission differs: it has a new IP ID, and
 * comes a retransmission timeout later (200 ms on Linux).
 *
 * One direct-mapped table for all flows, so it costs one look and nothing a flow.
 */
export class DuplicateFilter {
  /** print and time of the newest copy, by slot */
  private readonly slots = new Int32Array(2 * SLOTS);

  /**
   * Whether an equal segment was seen just before; the copy that is asked about is remembered else.
   * @param key what tells the flow apart
   */
  isDuplicate(segment: Segment, key: number): boolean {
    const { slots } = this;
    const { ipId } = segment;
    const size = (segment.length + (segment.optionsLength << 24)) | 0;
    const h = mixed(
      Math.imul(key ^ segment.srcPort, 0x85ebca6b) ^
        rotated(Math.imul(segment.seq ^ size, 0xc2b2ae35), 9) ^
        rotated(Math.imul(segment.ack ^ Math.imul(segment.flags, 0x9e3779b1), 0x27d4eb2f), 17) ^
        rotated(Math.imul(segment.tsVal ^ segment.window, 0x165667b1), 5) ^
        rotated(Math.imul(segment.tsEcr ^ Math.imul(ipId, 0x85ebca6b), 0x9e3779b1), 23),
    );
    const slot = 2 * (h & (SLOTS - 1));
    const time = (Math.imul(segment.seconds, TICKS) + (segment.nanoseconds >>> TICK_SHIFT)) | 0;
    const age = (time - slots[slot + 1]!) | 0;
    // Without an IP ID (IPv6, RSTs) two equal pure ACKs may be real: then only what comes at once counts.
    const window = ipId === 0 ? WINDOW_WITHOUT_ID : WINDOW_WITH_ID;
    const equal = slots[slot] === h && age >= -window && age <= window;
    slots[slot] = h;
    slots[slot + 1] = time;
    return equal;
  }
}

function rotated(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

const SLOTS = 1 << 13;
/** Times are kept in ticks of 2^14 ns, about 16 us: they wrap after 19 hours, their difference does not matter then. */
const TICK_SHIFT = 14;
const TICKS = 61_035; // a second
const WINDOW_WITH_ID = 1_221; // 20 ms
const WINDOW_WITHOUT_ID = 61; // 1 ms
