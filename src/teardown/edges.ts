/** How an endpoint's history begins, and what RSTs show of its end: that it was over before, or not yet. */

import { ACK, FIN, RST, SYN } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import { C_OWN_ACKED, C_PEER_PENDING, E_CONTIGUOUS, type Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import { FIN_OBSERVED } from './deliveries.ts';
import { SHORTEST_FIN_WAIT_2 } from './distances.ts';
import { JITTER } from './echoes.ts';
import type { OsProfile } from './profiles.ts';
import { isReply } from './resets.ts';

/** A listener: its first SYN, if any, acknowledges the peer's. */
export function isPassiveOpener(view: FlowView, trail: Trail, x: number): boolean {
  if (!view.sideHas(x, L.SYN_SENT_FLAG)) return view.sideHas(1 - x, L.SYN_SENT_FLAG) && view.clientSide !== x;
  for (let i = 0; i < trail.count; i++) {
    if (trail.side[i] === x && (trail.flags[i]! & SYN) !== 0) return (trail.flags[i]! & ACK) !== 0;
  }
  return false;
}

/** The capture has no handshake, and this end sent something or its peer acknowledges something that it sent. */
export function isMidstream(view: FlowView, x: number): boolean {
  if (view.sideHas(0, L.SYN_SENT_FLAG) || view.sideHas(1, L.SYN_SENT_FLAG)) return false;
  return view.sideHas(x, L.OCCUPIES) || view.sideHas(1 - x, L.ACK_SENT);
}

/**
 * An RST in FIN_WAIT_2 answers a segment of the peer. A FIN would have been taken: so the socket was gone. Data
 * draws it from an orphan at once; after the timer's length of silence the socket was gone as well.
 * @param stay in FIN_WAIT_2 until the RST, ns
 * @param peerFin FIN_NONE, FIN_OBSERVED or FIN_INFERRED
 */
export function hasExpired(trail: Trail, i: number, stay: number, peerFin: number, profile: OsProfile): boolean {
  const x = trail.side[i]!;
  if (profile.finWait2Ns === null) return false;
  if ((trail.flags[i]! & ACK) !== 0) return false; // a live socket's abort
  if (stay >= profile.finWait2Ns) return true;
  if ((trail.context[i]! & C_PEER_PENDING) !== 0) return false; // it may answer data that came before the FIN
  for (let j = i - 1; j >= 0; j--) {
    if (trail.side[j] === x) continue;
    return (trail.flags[j]! & FIN) !== 0 && trail.length[j] === 0 && peerFin === FIN_OBSERVED;
  }
  return false;
}

/**
 * Whether an RST's FIN_WAIT_2 may have ended before it by a shorter timer than the profile's (a sysctl, TCP_LINGER2): the
 * reply of a system without the socket looks like that of one which has it still.
 * @param stay in FIN_WAIT_2 until the RST, ns
 */
export function mayHaveExpired(trail: Trail, i: number, stay: number): boolean {
  return (trail.flags[i]! & ACK) === 0 && stay >= SHORTEST_FIN_WAIT_2;
}

/**
 * Whether an end in FIN_WAIT_1 had given up before its RST (entry `i`): the RST answers a FIN that is in order, brings no data and
 * does not acknowledge the end's own. FIN_WAIT_1 would have taken it (RFC 9293 3.10.7.4): so the socket was gone.
 * @param finEnd number behind its own FIN
 */
export function hasGivenUp(trail: Trail, i: number, finEnd: number): boolean {
  if (!isReply(trail, i) || trail.seq[i] !== ((finEnd - 1) | 0) || (trail.context[i]! & C_OWN_ACKED) === 0)
    return false;
  for (let j = i - 1; j >= 0; j--) {
    if (trail.side[j] === trail.side[i]) continue;
    if ((trail.flags[j]! & FIN) === 0 || trail.length[j]! > 0 || (trail.meta[j]! & E_CONTIGUOUS) === 0) return false;
    return trail.ack[j] === trail.seq[i] && trail.seq[j] === trail.ownAck[i];
  }
  return false;
}

/**
 * Whether an RST (entry `i`) was lost: its addressee sent something later than the round trip explains, and that drew the
 * same RST again, which then is the one that counts.
 * @param rtt smallest round trip from the capture to the addressee and back, ns
 */
export function wasResetLost(trail: Trail, i: number, rtt: number): boolean {
  let wentOn = false;
  for (let j = i + 1; j < trail.count && rtt !== Number.POSITIVE_INFINITY; j++) {
    const isReset = (trail.flags[j]! & RST) !== 0;
    if (trail.side[j] !== trail.side[i]) {
      if (!isReset && trail.flags[j] !== 0 && trail.time[j]! - trail.time[i]! > rtt + JITTER) wentOn = true;
    } else if (wentOn && isReset && trail.seq[j] === trail.seq[i]) return true;
  }
  return false;
}
