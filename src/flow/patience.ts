/** How long flows are waited for. */

import { NS_PER_SECOND } from '../units.ts';

/** How long after its end a flow is summed up that took over a 4-tuple: a SYN that was challenged comes again, ns. */
export const SECOND_TRY = 2 * NS_PER_SECOND;

/** How long a flow that was replaced waits for the answer to the new SYN: Linux gives up after 127 s, ns. */
export const LAST_TRY = 150 * NS_PER_SECOND;

/** After so long without a packet nobody sends a FIN again: Linux gives an orphan up after some 100 s, ns. */
export const SILENCE = 150 * NS_PER_SECOND;

/** What flows that have ended wait for: so much time, and so many segments of the capture. */
export interface Retention {
  lingerNs: number;
  segments: number;
}

/**
 * How long closed flows are remembered after their last packet: their TIME_WAIT, and then some (the longest of any
 * system is 240 s; Linux's is 62.1 s; what comes later is a new flow), and until so many segments of the capture have
 * followed, so that a late packet finds its flow in a quiet capture.
 */
export const RETENTION: Retention = { lingerNs: 70 * NS_PER_SECOND, segments: 262_144 };

/** The same where somebody waits for each flow, and the capture is made meanwhile: no matter how quiet it is. */
export const LIVE_RETENTION: Retention = { ...RETENTION, segments: 0 };
