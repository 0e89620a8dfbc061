import type { Segment } from '../decode/segment.ts';
import { shareOf } from '../decode/shares.ts';
import * as C from '../kernel/control.ts';
import type { Place } from '../kernel/place.ts';

/**
 * Recognises a second copy of a captured packet: on `any`, a bridge or a mirror port the same segment is seen
 * twice within moments, with another interface, MAC or TTL. A retransmission differs: it has a new IP ID, and
 * comes a retransmission timeout later (200 ms on Linux).
 *
 * One direct-mapped table for all flows, so it costs one look and nothing a flow. Flows of a class keep to its own
 * slots: a share is made up of whole classes where PRINT_CLASSES is a multiple of the number of shares, as with one to
 * four, so prints give way to the same others however many shares there are. Times are kept in ticks of 2^14 ns, about
 * 16 us: they wrap after 19 hours, their difference does not matter then. assembly/duplicates.ts does the same.
 */
export class DuplicateFilter {
  /** print and time of the newest copy, by slot */
  private readonly slots: Int32Array;

  constructor(place: Place) {
    this.slots = place.words.subarray(C.PRINTS / 4, C.PRINTS / 4 + 2 * C.PRINT_SLOTS * C.PRINT_CLASSES);
  }

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
    h ^= (h >>> 16) ^ segment.group;
    h = Math.imul(h, 0x85ebca6b);
    h ^= h >>> 13;
    const ports = (segment.srcPort << 16) | segment.dstPort;
    const part = shareOf(segment.src3, segment.dst3, ports, C.PRINT_CLASSES);
    const slot = 2 * (part * C.PRINT_SLOTS + (h & (C.PRINT_SLOTS - 1)));
    const time = (Math.imul(segment.seconds, C.PRINT_TICKS) + (segment.nanoseconds >>> C.PRINT_TICK_SHIFT)) | 0;
    const age = (time - slots[slot + 1]!) | 0;
    // Without an IP ID (IPv6, RSTs) two equal pure ACKs may be real: then only what comes at once counts.
    const window = ipId === 0 ? C.PRINT_WINDOW_WITHOUT_ID : C.PRINT_WINDOW;
    const equal = slots[slot] === h && age >= -window && age <= window;
    slots[slot] = h;
    slots[slot + 1] = time;
    return equal;
  }
}
