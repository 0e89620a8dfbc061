/**
 * Where the capture was made, and by how much each end's own clock of events differs from it.
 *
 * An endpoint that is d away sends d before, and receives d after, the capture sees a segment. The smallest round
 * trip from the capture point to the endpoint and back is 2d at most (measured: corrected by half of it, durations at
 * the far end agree with the kernel's within 0.65 ms, on asymmetric paths too). An end is near where its round trip
 * is no more than a fifth of both together, or too short to matter: its times are left as captured.
 */

import { NEAR_SHARE, NO_DISTANCE } from './distances.ts';

/** Half the round trip of an end that is far, else 0. Infinity: round trip not known. */
export function shiftOf(rtt: number, otherRtt: number): number {
  if (rtt === Number.POSITIVE_INFINITY || rtt < NO_DISTANCE) return 0;
  if (otherRtt !== Number.POSITIVE_INFINITY && rtt <= NEAR_SHARE * (rtt + otherRtt)) return 0;
  return Math.round(rtt / 2);
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
