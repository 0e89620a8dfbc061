/** How a connection ended, and where it was captured, by number: see facts.ts. Constants alone, since assembly/ is compiled from them too. */

export const KIND_OPEN = 0;
export const KIND_UNANSWERED = 1;
export const KIND_REFUSED = 2;
export const KIND_HALF_CLOSED = 3;
export const KIND_GRACEFUL = 4;
export const KIND_SIMULTANEOUS = 5;
export const KIND_ABORTED = 6;
export const KIND_ABORTED_AFTER_FIN = 7;

/** Who began the close, beside the sides 0 and 1; and who sent the RST. */
export const BOTH = 2;
export const UNKNOWN = 3;
export const NOBODY = 4;
