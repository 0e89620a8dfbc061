/** Times of an endpoint's states, as src/teardown/capture-point.ts and evidence/interest.ts have them. */

import { LONG } from '../src/evidence/summary-layout';
import { NEAR_SHARE, NO_DISTANCE } from '../src/teardown/distances';

const SECOND: f64 = 1000000000;

/** Half the round trip of an end that is far, else 0. */
export function shiftOf(rtt: f64, otherRtt: f64): f64 {
  if (rtt === Infinity || rtt < NO_DISTANCE) return 0;
  if (otherRtt !== Infinity && rtt <= NEAR_SHARE * (rtt + otherRtt)) return 0;
  return floor(rtt / 2 + 0.5);
}

/** Index in POSITIONS. */
export function positionOf(clientRtt: f64, serverRtt: f64): i32 {
  if (clientRtt === Infinity || serverRtt === Infinity) return 0;
  const both = clientRtt + serverRtt;
  if (both < 2 * NO_DISTANCE) return 0;
  if (clientRtt <= NEAR_SHARE * both) return 1;
  return serverRtt <= NEAR_SHARE * both ? 2 : 3;
}

/** What a closing state that lasted so long, ns, adds to a flow's interest at most. */
export function interestOf(lasted: f64): i32 {
  if (!(lasted > SECOND / 100)) return 0;
  return lasted >= 32768 * SECOND ? 30 : 2 * (32 - clz<i32>(<i32>(lasted / SECOND + 1)));
}

export function isLong(lasted: f64): bool {
  return lasted >= <f64>LONG;
}
