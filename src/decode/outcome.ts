/** Outcomes of decoding one record: TCP found, or why not. */

/** A TCP segment was decoded. */
export const DECODED = 0;
/** A TCP segment whose flow falls to another share: of it nothing but the time is known. */
export const ANOTHER_SHARE = -1;
/** Nothing is left to be decoded in a record. */
export const NO_MORE = -2;

/** Why a record holds no TCP segment that we can read; index = outcome. Names appear in `capture.skipped`. */
export const SKIP_REASONS = [
  'decoded',
  'link-type-not-supported',
  'cut-before-tcp-header',
  'not-ip',
  'not-tcp',
  'ip-fragment',
  'bad-ip-header',
  'bad-tcp-header',
  'inside-icmp-error',
  'too-many-layers',
] as const;

export const UNSUPPORTED_LINK = 1;
export const CUT = 2;
export const NOT_IP = 3;
export const NOT_TCP = 4;
export const FRAGMENT = 5;
export const BAD_IP = 6;
export const BAD_TCP = 7;
export const ICMP_ERROR = 8;
export const TOO_DEEP = 9;
