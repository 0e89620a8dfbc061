import type { Segment } from '../decode/segment.ts';
import { shareOf } from '../decode/shares.ts';

/**
 * Recognises a second copy of a captured packet: on `any`, a bridge or a mirror port the same segment is seen
 * twice within moments, with another interface, MAC or TTL. A retransmission differs: it has a new IP ID, and
 * comes a retransmission timeout later (200 ms on Linux).
 *
 * One direct-mapped table for all flows, so it costs one look and nothing a flow.
 */
export class DuplicateFilter {
  /** print and time of the newest copy, by slot */
  private readonly slots = new Int32Array(2 * SLOTS * CLASSES);

  /** Whether an equal segment was seen just before; the copy that is asked about is remembered else. */
  isDuplicate(segment: Segment): boolean {
    const { slots } = this;
    const { ipId } = segment;
    // Products whose sum hardly cancels, each of a word or two; then MurmurHash3's last steps.
    let h =
      Math.imul(segment.src3 ^ (segment.dst3 << 11) ^ (segment.dst3 >>> 21), 0x2c1b3c6d) +
      Math.imul(segment.seq ^ (segment.dstPort << 16), 0x85ebca6b) +
      Math.imul(segment.ack + (segment.flags << 24), 0xc2b2ae35) +
      Math.imul(segment.length ^ (segment.window << 16), 0x27d4eb2f) +
      Math.imul(segment.tsVal ^ (segment.srcPort << 7), 0x165667b1) +
      Math.imul(segment.tsEcr ^ (ipId << 15) ^ segment.optionsLength, 0x9e3779b1);
    h ^= h >>> 16;
    h = Math.imul(h, 0x85ebca6b);
    h ^= h >>> 13;
    const ports = (segment.srcPort << 16) | segment.dstPort;
    const part = shareOf(segment.src3, segment.dst3, ports, CLASSES);
    const slot = 2 * (part * SLOTS + (h & (SLOTS - 1)));
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

/**
 * Flows of a class keep to its own slots. A share is made up of whole classes where CLASSES is a multiple of the number of
 * shares, as with one to four: so prints give way to the same others however many shares there are.
 */
const CLASSES = 12;
const SLOTS = 1 << 10;
/** Times are kept in ticks of 2^14 ns, about 16 us: they wrap after 19 hours, their difference does not matter then. */
const TICK_SHIFT = 14;
const TICKS = 61_035; // a second
const WINDOW_WITH_ID = 1_221; // 20 ms
const WINDOW_WITHOUT_ID = 61; // 1 ms
