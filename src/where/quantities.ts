/** Times, durations and numbers as users write them. */

import { formatTime } from '../units.ts';

const SECONDS_IN: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?/i;
const RFC3339 =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:[Zz]|([+-])(\d\d):(\d\d))?)?$/;
const EPOCH = /^(\d{1,11})(?:\.(\d{1,9}))?$/;

/** A finite decimal number, or null. */
export function readNumber(text: string): number | null {
  const match = NUMBER.exec(text);
  if (match === null || match[0].length !== text.length) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

/** Seconds, rounded to the nanosecond as in the report: `200ms`, `1.5s`, `2m`, `1h`; a bare number is in seconds. */
export function readDuration(text: string): number | null {
  const digits = NUMBER.exec(text)?.[0];
  if (digits === undefined) return null;
  const unit = text.slice(digits.length);
  const factor = unit === '' ? 1 : Object.hasOwn(SECONDS_IN, unit) ? SECONDS_IN[unit]! : Number.NaN;
  const seconds = Number((Number(digits) * factor).toFixed(9));
  return Number.isFinite(seconds) ? seconds : null;
}

/**
 * A moment in the report's own form (UTC, nine decimals), so that two of them compare as text; null where the text is
 * no time. Takes RFC 3339, with UTC where the offset is left out, a date alone (its midnight), and epoch seconds.
 */
export function readTime(text: string): string | null {
  const epoch = EPOCH.exec(text);
  if (epoch !== null) return formatTime(Number(epoch[1]), nanoseconds(epoch[2]));
  const match = RFC3339.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second, offsetHour, offsetMinute] = [1, 2, 3, 4, 5, 6, 9, 10].map((group) =>
    Number(match[group] ?? 0),
  ) as [number, number, number, number, number, number, number, number];
  if (hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) return null;
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  // Date.UTC reads 30 February as 1 March, and the year 50 as 1950
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  const offset = (offsetHour * 60 + offsetMinute) * (match[8] === '-' ? -60 : 60);
  return formatTime(date.getTime() / 1000 - offset, nanoseconds(match[7]));
}

function nanoseconds(decimals: string | undefined): number {
  return Number((decimals ?? '').padEnd(9, '0'));
}
