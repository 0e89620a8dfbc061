import { ACK, RST } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import { C_MISSING, C_PEER_ACKED, C_SENT, type Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import * as S from '../tcp/states.ts';
import { seqDiff } from '../units.ts';
import { FOREIGN_STEP } from './distances.ts';

/** An endpoint that goes on later than this after an RST can have reached it (ns) was not ended by it. */
const GOES_ON = 10_000_000;

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
    const sent = trail.side[j] === x && (trail.flags[j]! & RST) === 0;
    if (sent && trail.time[j]! <= latest) last = j;
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

/** Whether an RST seems to be made on the way, not by the end in whose name it came. */
export function isForeign(view: FlowView, trail: Trail, i: number): boolean {
  return hasForeignTtl(view, trail, i) || hasForeignId(trail, i);
}

/** Whether it has another TTL than the other segments of that end. */
export function hasForeignTtl(view: FlowView, trail: Trail, i: number): boolean {
  const sender = trail.side[i]!;
  if (!view.sideHas(sender, L.OCCUPIES) || (trail.context[i]! & C_MISSING) !== 0) return false;
  return trail.ttlId[i]! >>> 16 !== view.ttl(sender);
}

/** No options and window 0: a system's reply without a socket (tcp_v4_send_reset). */
export function isBare(trail: Trail, i: number): boolean {
  return trail.window[i] === 0 && trail.context[i]! >>> 8 === 0;
}

/**
 * Whether its IP identification is none of the next of an end that counts its packets. A reply without a socket has 0 or,
 * from older Linux, one of another count.
 */
export function hasForeignId(trail: Trail, i: number): boolean {
  const id = trail.ttlId[i]! & 0xffff;
  const last = trail.lastId[i]!;
  if ((trail.context[i]! & C_MISSING) !== 0 || id === 0 || last === 0 || isBare(trail, i)) return false;
  return Math.abs(((id - last) << 16) >> 16) > FOREIGN_STEP;
}

/** Whether `x` had sent its abort before the peer's segment `i` reached it. @param travel there and back, ns */
export function hasAbortedBefore(trail: Trail, i: number, x: number, travel: number): boolean {
  for (let j = i + 1; j < trail.count; j++) {
    const aborts = trail.side[j] === x && (trail.flags[j]! & (RST | ACK)) === (RST | ACK);
    if (aborts && trail.time[j]! - trail.time[i]! < travel && endsSender(trail, j)) return true;
  }
  return false;
}

/**
 * Whether an RST's number is what its receiver expects next: all that it acknowledged, or all that was sent to it. One
 * that is neither is not from the end in whose name it comes, or old: it ends nothing.
 */
export function isExact(trail: Trail, i: number): boolean {
  const seq = trail.seq[i]!;
  const context = trail.context[i]!;
  if ((context & C_MISSING) !== 0) return false;
  if ((context & (C_PEER_ACKED | C_SENT)) === 0) return true; // nothing is known
  return (
    ((context & C_PEER_ACKED) !== 0 && seq === trail.peerAck[i]) ||
    ((context & C_SENT) !== 0 && seq === trail.sndMax[i])
  );
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
