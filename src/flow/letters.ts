/** Zeek's history letters by number, and how a record keeps them: see history.ts. Constants alone, since assembly/ is compiled from them too. */

export const H_SYN = 0;
export const H_SYN_ACK = 1;
export const H_ACK = 2;
export const H_DATA = 3;
export const H_FIN = 4;
export const H_RST = 5;
export const H_RETRANSMITTED = 6;
export const H_ZERO_WINDOW = 7;
export const H_GAP = 8;

/** bits of a letter, and letters of a word */
export const BITS = 5;
export const PER_WORD = 6;
