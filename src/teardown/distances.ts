/** What counts as near (capture-point.ts), and as foreign (resets.ts). Constants alone, since assembly/ is compiled from them too. */

/** An end is near where its round trip is no more than this share of both together. */
export const NEAR_SHARE = 0.2;
/** Below this a round trip is scheduling, not distance (ns). */
export const NO_DISTANCE = 200_000;

/** An IP identification further than this from the last one is not of the same count. */
export const FOREIGN_STEP = 1000;

/** A timestamp clock ticks once a second at least (RFC 7323 section 5.4); within this (ns) that tells nothing. */
export const CLOCK_TIME = 1_500_000_000;

/** No orphan's FIN_WAIT_2 timer is shorter: Linux waits 3.5 RTO at least (tcp_fin_time), and an RTO is 200 ms at least, ns. */
export const SHORTEST_FIN_WAIT_2 = 700_000_000;
