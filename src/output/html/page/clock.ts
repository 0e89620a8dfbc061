/** Times of the capture as seconds since its beginning, and back. */

import { formatTime } from '../../../units.ts';
import { secondsBetween } from '../../../words.ts';

const DAY = 86_400;

/** Seconds of the day of a time with nine decimals, without what Date.parse costs. */
function secondsOfDay(time: string): number {
  const digits = (at: number) => (time.charCodeAt(at) - 48) * 10 + time.charCodeAt(at + 1) - 48;
  let nanoseconds = 0;
  for (let at = 20; at < 29; at++) nanoseconds = nanoseconds * 10 + time.charCodeAt(at) - 48;
  return digits(11) * 3600 + digits(14) * 60 + digits(17) + nanoseconds / 1e9;
}

/** Seconds from `origin` to other times, both as the report writes them; for very many of the same few days. */
export function secondsSince(origin: string): (time: string) => number {
  const start = secondsOfDay(origin);
  let day = origin.slice(0, 10);
  let offset = 0;
  return (time) => {
    if (!time.startsWith(day)) {
      day = time.slice(0, 10);
      offset = secondsBetween(`${origin.slice(0, 10)}T00:00:00.000000000Z`, `${day}T00:00:00.000000000Z`);
    }
    return offset + secondsOfDay(time) - start;
  };
}

/** The time, as the report writes it, so many seconds after another. */
export function timeAfter(origin: string, seconds: number): string {
  const base = Date.parse(`${origin.slice(0, 19)}Z`) / 1000;
  const whole = Math.floor(seconds);
  return formatTime(base + whole, Number(origin.slice(20, 29)) + Math.round((seconds - whole) * 1e9));
}

/** Times on an axis. */
export interface Tick {
  /** seconds since the beginning */
  at: number;
  /** time of day, UTC, with the decimals that the distance of the ticks asks for */
  text: string;
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, DAY];

/** A round distance of at least `least` seconds. */
function roundStep(least: number): number {
  if (least > DAY) return Math.ceil(least / DAY) * DAY;
  const step = STEPS.find((each) => each >= least);
  if (least > 1 && step !== undefined) return step;
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-9)));
  return [1, 2, 5, 10].map((each) => each * power).find((each) => each >= least * 0.999) ?? power * 10;
}

/** Round times of day from `origin` on, `most` at most. @param seconds length of the axis, above 0 */
export function ticks(origin: string, seconds: number, most: number): Tick[] {
  const step = roundStep(seconds / Math.max(1, most));
  const decimals = Math.min(9, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  const start = secondsOfDay(origin);
  const first = Math.ceil(start / step - 1e-6);
  const last = Math.floor((start + seconds) / step + 1e-6);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => {
    const at = (first + index) * step - start;
    const time = timeAfter(origin, at);
    return { at, text: decimals === 0 ? time.slice(11, 19) : time.slice(11, 20 + decimals) };
  });
}
