/** What an end sends again, and what only looks like it: copies made on the way, and segments that were held up. */

import { ACK, FIN, RST, SYN } from '../decode/segment.ts';
import { E_HAS_TS, type Trail } from '../flow/trail.ts';
import { seqDiff } from '../units.ts';
import { JITTER } from './echoes.ts';

/** Whether `x` sends a SYN or FIN again later than an acknowledgement at `i` can have crossed. */
export function repeatsAfter(trail: Trail, x: number, flag: number, i: number, crossing: number): boolean {
  const latest = trail.time[i]! + crossing;
  for (let j = i + 1; j < trail.count; j++) {
    if (trail.side[j] !== x || (trail.flags[j]! & flag) === 0 || trail.time[j]! <= latest) continue;
    if (isRepetition(trail, x, flag, j)) return true;
  }
  return false;
}

/**
 * Whether entry `j` repeats an earlier one of its sender: not a SYN-ACK after the SYN of a simultaneous open, not a copy made
 * on the way, and not one that was sent before and held up, as its older timestamp says (a retransmission has a new one).
 */
function isRepetition(trail: Trail, x: number, flag: number, j: number): boolean {
  const alike = flag === SYN ? SYN | ACK : 0;
  let earlier = false;
  for (let k = 0; k < j; k++) {
    if (trail.side[k] !== x || (trail.flags[k]! & flag) === 0) continue;
    if ((trail.flags[k]! & alike) !== (trail.flags[j]! & alike)) continue;
    if (isOlder(trail, j, k) || isCopy(trail, k, j)) return false;
    earlier = true;
  }
  return earlier;
}

/** Whether entry `j` has an older timestamp than entry `k` of the same sender: it was sent before. */
function isOlder(trail: Trail, j: number, k: number): boolean {
  return (trail.meta[j]! & trail.meta[k]! & E_HAS_TS) !== 0 && seqDiff(trail.tsVal[j]!, trail.tsVal[k]!) < 0;
}

/**
 * Whether entry `j` is data from before a FIN that its sender sent again after it: by its timestamp no segment that was held
 * up. A keepalive probe repeats the FIN's own number at most.
 * @param fin entry of the FIN @param finEnd number behind it
 */
export function isDataAgain(trail: Trail, j: number, fin: number, finEnd: number): boolean {
  if (trail.length[j] === 0 || (trail.flags[j]! & (SYN | FIN | RST)) !== 0 || !isOlder(trail, fin, j)) return false;
  return seqDiff((trail.seq[j]! + trail.length[j]!) | 0, finEnd) < 0;
}

/** Whether another FIN of `x`, captured after its first, was sent before that: it was held up on the way. */
export function hasEarlierFin(trail: Trail, x: number, fin: number): boolean {
  for (let j = fin + 1; j < trail.count; j++) {
    if (trail.side[j] === x && (trail.flags[j]! & FIN) !== 0 && isOlder(trail, j, fin)) return true;
  }
  return false;
}

/** No timestamp clock ticks slower (RFC 7323 section 5.4 allows a second), ns. */
const SLOWEST_TICK = 1_500_000_000;

/** Whether `j` has the timestamp of `k`, sent so long before that the sender's clock had ticked. */
function isCopy(trail: Trail, k: number, j: number): boolean {
  if ((trail.meta[k]! & trail.meta[j]! & E_HAS_TS) === 0 || trail.tsVal[k] !== trail.tsVal[j]) return false;
  return trail.time[j]! - trail.time[k]! >= Math.min(SLOWEST_TICK, 2 * longestTick(trail, k) + JITTER);
}

/** How long a tick of the clock of `k`'s sender can be, by what it had ticked since the first of its segments in the trail; ns. */
function longestTick(trail: Trail, k: number): number {
  for (let a = 0; a < k; a++) {
    if (trail.side[a] !== trail.side[k] || (trail.meta[a]! & E_HAS_TS) === 0) continue;
    const ticks = seqDiff(trail.tsVal[k]!, trail.tsVal[a]!) - 1;
    return ticks > 0 ? (trail.time[k]! - trail.time[a]! + JITTER) / ticks : SLOWEST_TICK;
  }
  return SLOWEST_TICK;
}
