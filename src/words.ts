/** Numbers, durations and times as people say them. */

import type { Address } from './report/types.ts';

/** A number without trailing zeros, `decimals` at most. */
function trimmed(value: number, decimals: number): string {
  const fixed = value.toFixed(decimals);
  return fixed.includes('.') ? fixed.replace(/\.?0+$/, '') : fixed;
}

/** 12345 as "12,345"; a fraction keeps at most two decimals. */
export function count(value: number): string {
  if (!Number.isFinite(value)) return '?';
  const [whole = '0', fraction] = trimmed(value, 2).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** "1 connection", "12,345 connections"; `many` where an s is not enough. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A share as "90 %": never "0 %" for some nor "100 %" for not all. */
export function percent(part: number, whole: number): string {
  if (whole <= 0) return '?';
  if (part > 0 && part / whole < 0.01) return '<1 %';
  if (part < whole && part / whole > 0.99) return '99 %';
  return `${Math.round((part / whole) * 100)} %`;
}

/** Two units, the smaller left out where it is 0: "1 min 3 s", "2 h". */
function twoUnits(total: number, per: number, large: string, small: string): string {
  const rest = total % per;
  const whole = `${count((total - rest) / per)} ${large}`;
  return rest === 0 ? whole : `${whole} ${rest} ${small}`;
}

/**
 * A duration with two or three digits that matter: "182 µs", "41 ms", "5.02 s", "1 min 3 s", "2 h 5 min".
 * A minute is written "60 s", since 2MSL is known by that name.
 * @param seconds any number; "?" where it is not finite
 */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  if (seconds < 0) return `-${duration(-seconds)}`;
  if (seconds === 0) return '0 s';
  if (seconds < 0.9995e-6) return `${Math.max(1, Math.round(seconds * 1e9))} ns`;
  if (seconds < 0.9995e-3) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 0.009995) return `${trimmed(seconds * 1e3, 2)} ms`;
  if (seconds < 0.9995) return `${Math.round(seconds * 1e3)} ms`;
  if (seconds < 9.995) return `${trimmed(seconds, 2)} s`;
  if (seconds < 60.5) return `${trimmed(seconds, 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return twoUnits(whole, 60, 'min', 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return twoUnits(minutes, 60, 'h', 'min');
  return twoUnits(Math.round(seconds / 3600), 24, 'd', 'h');
}

/** A size in decimal units: "850 bytes", "500 kB", "1.25 MB". */
export function sizeWords(bytes: number): string {
  if (bytes < 1_000) return plural(bytes, 'byte');
  return bytes < 1_000_000 ? `${trimmed(bytes / 1e3, 1)} kB` : `${trimmed(bytes / 1e6, 2)} MB`;
}

/** Time of day of an RFC 3339 time: "12:03:10.123". @param decimals 0 to 9, cut and not rounded */
export function clock(time: string, decimals = 3): string {
  return time.slice(11, decimals === 0 ? 19 : 20 + decimals);
}

/** Time of day, behind its date where that is not the day of `reference`: "12:03:10" or "2026-03-02 00:00:10". */
export function moment(time: string, reference: string | null, decimals = 0): string {
  const day = time.slice(0, 10);
  return reference?.startsWith(day) ? clock(time, decimals) : `${day} ${clock(time, decimals)}`;
}

/** Seconds from one RFC 3339 time to another, exact to the nanosecond up to 104 days. */
export function secondsBetween(from: string, to: string): number {
  const whole = (Date.parse(`${to.slice(0, 19)}Z`) - Date.parse(`${from.slice(0, 19)}Z`)) / 1000;
  const nanoseconds = Number(to.slice(20, 29)) - Number(from.slice(20, 29));
  return (whole * 1e9 + nanoseconds) / 1e9;
}

/** "10.0.0.1:9091", "[2001:db8::1]:9091". */
export function addressPort({ address, port }: Address): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** "a", "a and b", "a, b and c"; beyond `most` items "a, b and 7 more". */
export function list(items: readonly string[], most = items.length): string {
  const shown = items.slice(0, most);
  const left = items.length - shown.length;
  if (left > 0) return `${shown.join(', ')} and ${count(left)} more`;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

/** The first letter in upper case. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
