/** What files are called that come one after the other. */

import { parse } from 'node:path';

const pad = (value: number, digits = 2) => String(value).padStart(digits, '0');

/** Of strftime, those conversions that make file names. */
const CONVERSIONS: Record<string, (date: Date) => string> = {
  Y: (date) => pad(date.getUTCFullYear(), 4),
  m: (date) => pad(date.getUTCMonth() + 1),
  d: (date) => pad(date.getUTCDate()),
  H: (date) => pad(date.getUTCHours()),
  M: (date) => pad(date.getUTCMinutes()),
  S: (date) => pad(date.getUTCSeconds()),
  F: (date) => date.toISOString().slice(0, 10),
  s: (date) => String(Math.floor(date.getTime() / 1000)),
};

/**
 * A name with its conversions replaced: %Y %m %d %H %M %S, %F for %Y-%m-%d, %s for seconds since 1970, %% for a percent sign.
 * All in UTC, as every time that is told. What is no conversion stays as it is.
 */
export function expandName(pattern: string, date: Date): string {
  return pattern.replace(/%(.)/g, (whole, letter: string) =>
    letter === '%' ? '%' : (CONVERSIONS[letter]?.(date) ?? whole),
  );
}

/** Whether other dates give other names. */
export function hasConversions(pattern: string): boolean {
  return expandName(pattern, new Date(0)) !== expandName(pattern, new Date(Date.UTC(2038, 10, 13, 13, 14, 15)));
}

/** "web.pcap" as "web-00002.pcap". @param number from 1 */
export function numberedName(path: string, number: number): string {
  const { dir, name, ext } = parse(path);
  const folder = path.slice(0, dir === '' ? 0 : path.length - `${name}${ext}`.length);
  return `${folder}${name}-${pad(number, 5)}${ext}`;
}
