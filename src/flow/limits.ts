/** What a sender may have in flight, and when it was waiting: see oddities.ts. Constants alone, since assembly/ is compiled from them too. */

/**
 * With more bytes than this in flight a sender may have as many segments there as before the first acknowledgement, ten
 * (RFC 6928): nine full ones of IPv6 with timestamps, and a tenth of any length.
 */
export const INITIAL_WINDOW = 9 * 1_428;
export const MSS = 1_460;
/** IP identifications further apart than this are of no count: so many packets in a row are hardly missed. */
export const MOST_MISSING = 16;
/** A segment that follows an acknowledgement by less (ns, and the round trip) was waiting for it. */
export const ACK_CLOCKED = 1_000_000;
/** On a path with a shorter round trip (ns) an acknowledgement may come so shortly before by chance. */
export const TELLING_TRIP = 4 * ACK_CLOCKED;
