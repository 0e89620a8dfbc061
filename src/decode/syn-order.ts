/** How the order of a SYN's options is written: three bits a kind, the first in the highest. Constants alone, since assembly/ is compiled from them too. */

export const KIND_BITS = 3;
/** by kind of option (IANA): end of options, no-operation, MSS, window scale, SACK permitted; timestamps is 8 */
export const KIND_CODES = 0o677754321;
export const KIND_OTHER = 7;
export const MOST_KIND = 8;
/** from here on an order has ten kinds */
export const LONGEST_ORDER = 1 << 27;
/** a fingerprint: number of the order | class of the window << this */
export const FINGERPRINT_WINDOW_SHIFT = 5;
