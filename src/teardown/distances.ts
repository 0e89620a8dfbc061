/** What counts as near: see capture-point.ts. Constants alone, since assembly/ is compiled from them too. */

/** An end is near where its round trip is no more than this share of both together. */
export const NEAR_SHARE = 0.2;
/** Below this a round trip is scheduling, not distance (ns). */
export const NO_DISTANCE = 200_000;
