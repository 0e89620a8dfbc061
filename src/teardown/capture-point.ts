/**
 * Where the capture was made, and by how much each end's own clock of events differs from it.
 *
 * An endpoint that is d away sends d before, and receives d after, the capture sees a segment. The smallest round
 * trip from the capture point to the endpoint and back is 2d at most (measured: corrected by half of it, durations at
 * the far end agree with the kernel's within 0.65 ms, on asymmetric paths too). An end is near where its round trip
 * is no more than a fifth of both together, or too short to matter: its times are left as captured.
 */

import { ACK, FIN, RST, SYN } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import type { Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import { seqAfter } from '../units.ts';
import { hasNoPureAcks } from './deliveries.ts';
import { NEAR_SHARE, NO_DISTANCE } from './distances.ts';

/**
 * The smallest round trip to an end and back, ns; Infinity: not known. In a capture without pure ACKs an answer may have
 * come long before the segment that tells of it: only the SYN-ACK comes at once.
 */
export function distanceTo(view: FlowView, trail: Trail, side: number): number {
  const isServer = side !== view.clientSide && view.sideHas(0, L.SYN_SENT_FLAG) && view.sideHas(1, L.SYN_SENT_FLAG);
  return isServer || !hasNoPureAcks(view) ? roundTrip(view, trail, side) : Number.POSITIVE_INFINITY;
}

/**
 * The smallest round trip that an end's answers tell, ns. Where none does but one to a SYN or SYN-ACK that was sent again,
 * the time since the last transmission: less than the round trip if the answer is to an earlier one.
 */
export function roundTrip(view: FlowView, trail: Trail, side: number): number {
  const rtt = view.floatOf(side, L.MIN_RTT);
  if (rtt !== Number.POSITIVE_INFINITY || (view.word(L.COUNTS) & L.SYN_AGAIN) === 0) return rtt;
  let opener = -1;
  for (let i = 0; i < trail.count; i++) {
    const flags = trail.flags[i]!;
    if (trail.side[i] !== side) {
      if ((flags & SYN) !== 0) opener = i;
    } else if (opener >= 0 && (flags & (ACK | FIN | RST)) === ACK && trail.length[i] === 0) {
      const lasted = trail.time[i]! - trail.time[opener]!;
      if (seqAfter(trail.ack[i]!, trail.seq[opener]!) && lasted >= 0) return lasted;
    }
  }
  return rtt;
}

/** Half the round trip of an end that is far, else 0. Infinity: round trip not known. */
export function shiftOf(rtt: number, otherRtt: number): number {
  if (rtt === Number.POSITIVE_INFINITY || rtt < NO_DISTANCE) return 0;
  if (otherRtt !== Number.POSITIVE_INFINITY && rtt <= NEAR_SHARE * (rtt + otherRtt)) return 0;
  return Math.round(rtt / 2);
}

/**
 * By how much a duration at an end, between a segment sent and one received, can be off. The round trip that was seen is
 * at least the distance there and back; an end answers a SYN or SYN-ACK at once, but may let data wait for its ACK. An end
 * that counts as near is not corrected, and so is off by all of its round trip. One that opened the connection and gave
 * no answer at once may be anywhere: Infinity.
 * @param opened whether both SYNs are in the capture @param told whether an answer was timed @returns ns
 */
export function boundOf(rtt: number, shift: number, opened: boolean, told: boolean): number {
  if (shift > 0) return opened && told ? shift : 2 * shift;
  if (rtt === Number.POSITIVE_INFINITY) return opened ? rtt : 0;
  return rtt < NO_DISTANCE ? 0 : rtt;
}

/** Index in POSITIONS. */
export function positionOf(clientRtt: number, serverRtt: number): number {
  if (clientRtt === Number.POSITIVE_INFINITY || serverRtt === Number.POSITIVE_INFINITY) return 0;
  const both = clientRtt + serverRtt;
  if (both < 2 * NO_DISTANCE) return 0;
  if (clientRtt <= NEAR_SHARE * both) return 1;
  return serverRtt <= NEAR_SHARE * both ? 2 : 3;
}

/** How long a segment needs from the capture point to an end and the answer back, as far as the order of events goes. */
export function travelTime(rtt: number, shift: number): number {
  if (shift > 0) return 2 * shift;
  return rtt < NO_DISTANCE ? rtt : 0;
}
