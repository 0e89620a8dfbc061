import type { Segment } from '../decode/segment.ts';
import { shareOf } from '../decode/shares.ts';
import * as C from '../kernel/control.ts';
import type { Place } from '../kernel/place.ts';

/**
 * Recognises a second copy of a captured packet: on `any`, a bridge or a mirror port the same segment is seen
 * twice within moments, with another interface, MAC or TTL. A retransmission differs: it has a new IP ID, and
 * comes a retransmission timeout later (200 ms on Linux).
 *
 * What comes from another file or interface has been seen elsewhere on its way, at another host perhaps: its copy
 * may be as late as the path is long, or come before the original by a clock that is behind. So more is allowed
 * for, as no host sends the same IP ID or timestamp again; of the copies the first one counts, by which the next
 * is judged.
 *
 * One table for all flows, so it costs one look into a cache line and nothing a flow. Flows of a class keep to its own
 * part of it: a share is made up of whole classes where PRINT_CLASSES is a multiple of the number of shares, as with one to
 * four, so prints give way to the same others however many shares there are. Times are kept in ticks of 2^14 ns, about
 * 16 us: they wrap after 19 hours, their difference does not matter then. assembly/duplicates.ts does the same.
 */
export class DuplicateFilter {
  /** print and time of two packets a set, the newer one first */
  private readonly sets: Int32Array;

  constructor(place: Place) {
    this.sets = place.words.subarray(C.PRINTS / 4, C.PRINTS / 4 + 4 * C.PRINT_SETS * C.PRINT_CLASSES);
  }

  /** Whether an equal segment was seen just before; the copy that is asked about is remembered else. */
  isDuplicate(segment: Segment): boolean {
    const { sets } = this;
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
    const set = 4 * (part * C.PRINT_SETS + (h & C.PRINT_ORIGIN_MASK));
    const time = (Math.imul(segment.seconds, C.PRINT_TICKS) + (segment.nanoseconds >>> C.PRINT_TICK_SHIFT)) | 0;
    const print = (h & ~C.PRINT_ORIGIN_MASK) | (segment.origin & C.PRINT_ORIGIN_MASK);
    for (let at = set; at < set + 4; at += 2) {
      const difference = sets[at]! ^ print;
      if ((difference & ~C.PRINT_ORIGIN_MASK) !== 0) continue;
      const window = difference === 0 ? windowHere(ipId) : windowElsewhere(ipId, segment.tsVal);
      const age = (time - sets[at + 1]!) | 0;
      if (age < -window || age > window) continue;
      if (difference === 0) sets[at + 1] = time;
      return true;
    }
    sets[set + 2] = sets[set]!;
    sets[set + 3] = sets[set + 1]!;
    sets[set] = print;
    sets[set + 1] = time;
    return false;
  }
}

/** Without an IP ID (IPv6, RSTs) two equal pure ACKs may be real: then only what comes at once counts. */
function windowHere(ipId: number): number {
  return ipId === 0 ? C.PRINT_WINDOW_WITHOUT_ID : C.PRINT_WINDOW;
}

function windowElsewhere(ipId: number, tsVal: number): number {
  return (ipId | tsVal) === 0 ? C.PRINT_WINDOW_ELSEWHERE_UNMARKED : C.PRINT_WINDOW_ELSEWHERE;
}
