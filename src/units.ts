/**
 * Units that every layer shares: time in nanoseconds and TCP sequence numbers.
 *
 * Time. A packet's time is a pair (seconds since 1970, nanoseconds 0..999,999,999). Inside a flow, times are
 * Float64 nanoseconds since the flow's own first second: exact for 104 days (2^53 ns), and no BigInt a packet.
 *
 * Sequence numbers are unsigned 32-bit and wrap (RFC 9293 section 3.4): they are kept as int32 and compared by
 * the sign of their difference, never by `<`.
 */

export const NS_PER_MS = 1_000_000;
/** Nanoseconds in a second. */
export const NS_PER_SECOND = 1_000_000_000;

/** `a - b` modulo 2^32 as a signed number, -2^31..2^31-1: positive where `a` comes after `b` (RFC 9293 section 3.4). */
export function seqDiff(a: number, b: number): number {
  return (a - b) | 0;
}

/** Whether sequence number `a` comes after `b`, with wrap-around. */
export function seqAfter(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

/** Whether sequence number `a` comes after or equals `b`, with wrap-around. */
export function seqAtOrAfter(a: number, b: number): boolean {
  return ((a - b) | 0) >= 0;
}

/** The later of two sequence numbers. */
export function seqMax(a: number, b: number): number {
  return ((a - b) | 0) >= 0 ? a : b;
}

/** The last second that RFC 3339 can write: 9999-12-31T23:59:59Z. */
const LAST_SECOND = 253_402_300_799;

/**
 * A moment as RFC 3339 in UTC with nine decimals.
 * @param seconds whole seconds since 1970; outside the years 0 to 9999 the nearest moment within is written
 * @param nanoseconds relative to `seconds`, any finite integer (may be negative or exceed a second)
 */
export function formatTime(seconds: number, nanoseconds: number): string {
  let s = seconds + Math.floor(nanoseconds / NS_PER_SECOND);
  let ns = nanoseconds - Math.floor(nanoseconds / NS_PER_SECOND) * NS_PER_SECOND;
  if (s > LAST_SECOND) [s, ns] = [LAST_SECOND, NS_PER_SECOND - 1];
  if (s < -62_167_219_200) [s, ns] = [-62_167_219_200, 0];
  return `${new Date(s * 1000).toISOString().slice(0, 19)}.${String(ns).padStart(9, '0')}Z`;
}

/** Nanoseconds as seconds, rounded to the nanosecond (nine decimals at most). */
export function nsToSeconds(nanoseconds: number): number {
  return Number((nanoseconds / NS_PER_SECOND).toFixed(9));
}
