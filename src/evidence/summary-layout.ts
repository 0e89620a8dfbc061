/**
 * A flow's end in SUMMARY_FLOATS numbers: all that totals and the choice of flows to keep need of it.
 * Index of each number; times are ns since the capture's first second, NaN where there is none.
 * Constants alone, since assembly/ is compiled from them too.
 */
export const KIND = 0;
/** index in INITIATORS */
export const INITIATOR = 1;
/** index in F.POSITIONS */
export const POSITION = 2;
/** at most so interesting: interest.ts */
export const INTEREST = 3;
/** length of side 0's FIN_WAIT_2, side 1's next */
export const FIN_WAIT_2 = 4;
/** beginning and end of side 0's TIME_WAIT, side 1's next */
export const TIME_WAIT = 6;
/** the flow's number */
export const ID = 10;
/** int32 that tells the flow from others, the same in every run */
export const KEY = 11;
/** number of its service in the collector's ServiceCounter, -1 if it is not counted by name; to be set by the collector */
export const SERVICE = 12;
/** 1 if it took over a 4-tuple */
export const REUSES = 13;
/** its first packet and its last */
export const OPENED = 14;
export const LAST = 15;
/** number of its client's address in the collector's clients, -1 if it has none; to be set by the collector */
export const CLIENT = 16;
/** the client's port, plus 65536 where it is side 1 */
export const CLIENT_PORT = 17;
/** 1 if a finding may be made of it: it did not end as ordinary connections do, or lingered for LONG */
export const NOTABLE = 18;
/** bits of F.NOTES, but those that ordinary ends may have */
export const NOTES = 19;
/** index in PROFILES of side 0's system, of side 1's times 16; to be set by the collector */
export const SYSTEMS = 20;

/** From so long on, ns, a stay in a closing state is notable: the least that a threshold can be. */
export const LONG = 1000000000;

/** How much a kind of end asks to be looked at. */
export const INTEREST_OPEN = 0;
export const INTEREST_UNANSWERED = 30;
export const INTEREST_REFUSED = 30;
export const INTEREST_HALF_CLOSED = 40;
export const INTEREST_GRACEFUL = 10;
export const INTEREST_SIMULTANEOUS = 25;
export const INTEREST_ABORTED = 45;
export const INTEREST_ABORTED_AFTER_FIN = 50;
/** and each thing that was odd */
export const INTEREST_ODD = 3;
