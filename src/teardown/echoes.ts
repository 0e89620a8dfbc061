/** Which transmission of a FIN arrived: what timestamps that were echoed prove of it, and what round trips leave. */

import { ACK, FIN, RST } from '../decode/segment.ts';
import { E_CONTIGUOUS, E_DSACK, E_HAS_TS, type Trail } from '../flow/trail.ts';
import { seqAtOrAfter, seqDiff } from '../units.ts';

/** Jitter that a round trip may have beyond the smallest seen before an order of events is doubted (ns). */
export const JITTER = 2_000_000;
/** An answer comes no sooner than this share of the smallest round trip. */
const SOONEST_ANSWER = 0.75;

/**
 * Whether entry `i`, from behind the first FIN of `sender`, can have brought it. An end has nothing new to send then: data is
 * sent again because it, and so the FIN, had not arrived.
 */
export function isTransmission(trail: Trail, sender: number, i: number): boolean {
  return trail.side[i] === sender && ((trail.flags[i]! & FIN) !== 0 || trail.length[i]! > 0);
}

/**
 * The transmission by which a FIN arrived, or the filler of the hole before it.
 * @param first the FIN's first transmission @param finEnd number behind it
 * @param proof the receiver's first segment that acknowledges it @param uncovered its last one before that does not, -1
 * @param rtt smallest round trip from the capture to the receiver and back, ns
 */
export function arrivedFin(
  trail: Trail,
  first: number,
  finEnd: number,
  proof: number,
  uncovered: number,
  rtt: number,
): number {
  const sender = trail.side[first]!;
  // What was sent later the proof can't be the answer to.
  const latest = trail.time[proof]! - rtt * SOONEST_ANSWER;
  let arrived = first;
  for (let i = first; i < proof; i++) {
    if (!isTransmission(trail, sender, i)) continue;
    if (i > first && (trail.time[i]! > latest || isNewerThanEcho(trail, i, proof))) break;
    arrived = i;
    if (isEchoed(trail, i, proof)) break;
  }
  // A block below the ACK says that a FIN sent again came twice; with data alone it may be what waited behind the hole.
  if ((trail.meta[proof]! & E_DSACK) !== 0 && (trail.flags[arrived]! & FIN) !== 0) arrived = first;
  else if (isEchoed(trail, arrived, proof) || echoesBehind(trail, arrived, finEnd, proof)) return arrived;
  // Without it when it could have come, and not by a segment that crossed it: what was sent again brought it.
  const crossing = rtt + JITTER;
  if (uncovered < 0 || trail.time[uncovered]! - trail.time[arrived]! <= crossing) return arrived;
  for (let i = arrived + 1; i < proof && trail.time[i]! <= latest; i++) {
    if (isTransmission(trail, sender, i) && trail.time[uncovered]! - trail.time[i]! <= crossing) arrived = i;
  }
  return arrived;
}

/**
 * Whether the proof echoes a segment from behind the FIN: that was taken after the FIN (RFC 7323 section 4.3), which
 * therefore is one that was sent before.
 */
function echoesBehind(trail: Trail, fin: number, finEnd: number, proof: number): boolean {
  for (let i = fin + 1; i < proof; i++) {
    if (trail.side[i] !== trail.side[fin] || !isEchoed(trail, i, proof)) continue;
    if (seqAtOrAfter(trail.seq[i]!, finEnd)) return true;
  }
  return false;
}

/**
 * Whether `i`, a transmission of a FIN, was lost with all that it says: the proof echoes a later one, and its receiver had
 * acknowledged everything before it, so that it would have taken the FIN at once.
 * @param arrived transmission that brought the FIN @param proof receiver's first segment that acknowledges it; -1
 */
export function isBeforeEchoed(trail: Trail, i: number, arrived: number, proof: number): boolean {
  if (proof < 0 || i >= arrived || (trail.flags[i]! & FIN) === 0 || trail.side[i] !== trail.side[arrived]) return false;
  if (!isEchoed(trail, arrived, proof) || isEchoed(trail, i, proof)) return false;
  for (let j = 0; j < proof; j++) {
    const told = trail.side[j] !== trail.side[i] && (trail.flags[j]! & (ACK | RST)) === ACK;
    if (told && trail.ack[j] === trail.seq[i]) return true;
  }
  return false;
}

/** Whether the answer echoes this transmission's timestamp (RFC 7323 section 4.3). */
export function isEchoed(trail: Trail, transmission: number, answer: number): boolean {
  const both = trail.meta[transmission]! & trail.meta[answer]! & E_HAS_TS;
  return both !== 0 && trail.tsEcr[answer] === trail.tsVal[transmission];
}

/**
 * Whether this transmission has a newer timestamp than what the answer echoes: then it was not the one that came in order,
 * as an answer echoes the newest of these (RFC 7323 section 4.3).
 */
function isNewerThanEcho(trail: Trail, transmission: number, answer: number): boolean {
  const both = trail.meta[transmission]! & trail.meta[answer]! & E_HAS_TS;
  return both !== 0 && seqDiff(trail.tsVal[transmission]!, trail.tsEcr[answer]!) > 0;
}

/** The segment that completes the sequence up to a FIN which came out of order. */
export function holeFilled(trail: Trail, sender: number, fin: number, proof: number): number {
  for (let i = fin; i >= 0 && i < trail.count; i++) {
    if (proof >= 0 && i > proof) break;
    if (trail.side[i] === sender && (trail.meta[i]! & E_CONTIGUOUS) !== 0) return i;
  }
  return fin;
}
