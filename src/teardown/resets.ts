import { ACK, FIN, RST, SYN } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import { C_MISSING, C_PEER_ACKED, C_SENT, type Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import * as S from '../tcp/states.ts';
import { seqDiff } from '../units.ts';
import { NO_DISTANCE } from './distances.ts';

/** An endpoint that goes on later than this after an RST can have reached it (ns) was not ended by it. */
const GOES_ON = 10_000_000;

/** A reply comes no sooner than this share of the smallest round trip. */
const SOONEST_REPLY = 0.75;

/** Segments captured within this (ns) can have changed places on the way. */
const OUT_OF_ORDER = 5_000_000;

/** Whether entry `j` came so soon after `i` that it may have been sent before it. */
export function changedPlaces(trail: Trail, i: number, j: number): boolean {
  return trail.time[j]! - trail.time[i]! < OUT_OF_ORDER;
}

/** The latest time at which something that `x` sent before it had the peer's segment `i` can be captured, ns. */
function latestAnswer(view: FlowView, trail: Trail, i: number, x: number): number {
  const rtt = view.floatOf(x, L.MIN_RTT);
  return trail.time[i]! + GOES_ON + (rtt === Number.POSITIVE_INFINITY ? 0 : rtt);
}

/**
 * The last segment of `x` behind its peer's RST `i`: it was on its way while the RST was. -1 if none.
 * (Where it comes too late for that, isEffective will say that the RST ended nothing.)
 */
export function lastSentBefore(view: FlowView, trail: Trail, i: number, x: number): number {
  const latest = latestAnswer(view, trail, i, x);
  let last = -1;
  for (let j = i + 1; j < trail.count; j++) {
    if (trail.side[j] !== x) continue;
    // An RST of its own ends it as well: the first of both counts.
    const until = (trail.flags[j]! & RST) === 0 ? latest : latest - GOES_ON;
    if (trail.time[j]! < until) last = j;
  }
  return last;
}

/** Whether an RST ended the endpoint that sent it: one that sends other segments later is alive, and the RST a reply. */
export function endsSender(trail: Trail, i: number): boolean {
  for (let j = i + 1; j < trail.count; j++) {
    if (trail.side[j] !== trail.side[i] || (trail.flags[j]! & RST) !== 0) continue;
    // Not where it was captured out of order: from before it in sequence, and at once.
    if (seqDiff(trail.seq[j]!, trail.seq[i]!) >= 0 || !changedPlaces(trail, i, j)) return false;
  }
  return true;
}

/** No options and window 0: a system's reply without a socket (tcp_v4_send_reset). */
export function isBare(trail: Trail, i: number): boolean {
  return trail.window[i] === 0 && trail.context[i]! >>> 8 === 0;
}

/** A system's reply to a segment without a socket for it: bare, and without ACK; its number is what that acknowledged. */
export function isReply(trail: Trail, i: number): boolean {
  return isBare(trail, i) && (trail.flags[i]! & ACK) === 0;
}

/**
 * Whether `x` was gone before the peer's segment `i` reached it: it had aborted, or replied to an earlier one, which a reply
 * to this could not be so soon.
 * @param travel there and back, ns
 */
export function hasAbortedBefore(trail: Trail, i: number, x: number, travel: number): boolean {
  for (let j = i + 1; j < trail.count; j++) {
    if (trail.side[j] !== x || (trail.flags[j]! & RST) === 0) continue;
    const isAbort = (trail.flags[j]! & ACK) !== 0;
    if (!isAbort && travel < NO_DISTANCE) continue;
    const least = isAbort ? travel : travel * SOONEST_REPLY;
    if (trail.time[j]! - trail.time[i]! >= least) continue;
    if ((isReply(trail, j) || isExact(trail, j)) && endsSender(trail, j)) return true;
  }
  return false;
}

/**
 * Whether an RST's number is what its receiver expects next: all that it acknowledged, or all that was sent to it,
 * perhaps by segments that the RST overtook before the capture, or that a filter kept from it. One that is neither is not from the end in whose name it comes, or old: it ends nothing.
 */
export function isExact(trail: Trail, i: number): boolean {
  const seq = trail.seq[i]!;
  const context = trail.context[i]!;
  if ((context & C_MISSING) !== 0) return false;
  if ((context & (C_PEER_ACKED | C_SENT)) === 0) return isUncontradicted(trail, i);
  return (
    ((context & C_PEER_ACKED) !== 0 && seq === trail.peerAck[i]) ||
    ((context & C_SENT) !== 0 && seq === trail.sndMax[i]) ||
    isAheadOfData(trail, i) ||
    isBehindFiltered(trail, i)
  );
}

/** Whether it may follow on what a filter took out of the capture: it is above all that was seen, and its sender did no more. */
function isBehindFiltered(trail: Trail, i: number): boolean {
  const ahead = (trail.context[i]! & C_SENT) !== 0 && seqDiff(trail.seq[i]!, trail.sndMax[i]!) > 0;
  return ahead && trail.lacksAcks && endsSender(trail, i);
}

/** Nothing is known of the number that an RST should have: whether what comes behind it, if anything does, agrees. */
function isUncontradicted(trail: Trail, i: number): boolean {
  for (let j = i + 1; j < trail.count; j++) {
    const flags = trail.flags[j]!;
    if ((flags & RST) !== 0) continue;
    if (trail.side[j] === trail.side[i]) return trail.seq[j] === trail.seq[i];
    if ((flags & ACK) !== 0) return trail.ack[j] === trail.seq[i];
  }
  return true;
}

/** Whether it was captured before data that its sender had sent earlier, and follows on that. */
function isAheadOfData(trail: Trail, i: number): boolean {
  for (let j = i + 1; j < trail.count && changedPlaces(trail, i, j); j++) {
    const flags = trail.flags[j]!;
    if (trail.side[j] !== trail.side[i] || (flags & RST) !== 0) continue;
    const length = trail.length[j]! + ((flags & SYN) >> 1) + (flags & FIN);
    if (length > 0 && ((trail.seq[j]! + length) | 0) === trail.seq[i]) return true;
  }
  return false;
}

/** One less than expected, after a FIN: Linux takes it (tcp_reset_check). */
function isBeforeFin(trail: Trail, i: number, state: number, finEnd: number, finReceived: boolean): boolean {
  return finReceived && state !== S.TIME_WAIT && trail.seq[i] === ((finEnd - 1) | 0);
}

/**
 * Whether an RST (entry `i`) ends endpoint `x`, which is in `state`: in SYN_SENT if it acknowledges the SYN (RFC 9293
 * 3.10.7.3), else if its sequence number is exactly RCV.NXT (RFC 5961 section 3.2; others in the window draw a
 * challenge ACK), or one less after a FIN (Linux tcp_reset_check). RCV.NXT is what `x` acknowledged last or, with an
 * acknowledgement outstanding, all that was sent to it. An endpoint that goes on afterwards did not take it.
 */
export function isEffective(
  view: FlowView,
  trail: Trail,
  i: number,
  x: number,
  state: number,
  peerFinEnd: number,
  finReceived: boolean,
): boolean {
  if (state === S.CLOSED || state === S.LISTEN) return false;
  if (state === S.SYN_SENT) {
    if ((trail.flags[i]! & ACK) === 0 || trail.ack[i] !== view.of(x, L.FIRST_SEQ)) return false;
  } else if (!isExact(trail, i) && !isBeforeFin(trail, i, state, peerFinEnd, finReceived)) return false;
  const latest = latestAnswer(view, trail, i, x);
  for (let j = i + 1; j < trail.count; j++) {
    if (trail.side[j] === x && (trail.flags[j]! & RST) === 0 && trail.time[j]! > latest) return false;
  }
  return true;
}
