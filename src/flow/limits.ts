/** What a sender may have in flight, and when it was waiting: see oddities.ts. Constants alone, since assembly/ is compiled from them too. */

/** Bytes that a sender may have in flight before the first acknowledgement (RFC 6928), of 1,460 bytes. */
export const INITIAL_WINDOW = 14_600;
export const MSS = 1_460;
/** IP identifications further apart than this are of no count: so many packets in a row are hardly missed. */
export const MOST_MISSING = 16;
/** A segment that follows an acknowledgement by less (ns, and the round trip) was waiting for it. */
export const ACK_CLOCKED = 1_000_000;
