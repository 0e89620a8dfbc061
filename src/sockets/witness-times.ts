/** Looks' times, ms since 1970, and the report's times. */

import { formatTime } from '../units.ts';

/** A look at the socket tables: each socket was read at some time between its begin and its end. */
export interface Look {
  begun: number;
  ended: number;
}

/** The one time that stands for a look. */
export function middleOf({ begun, ended }: Look): number {
  return (begun + ended) / 2;
}

/** As the report writes it. */
export function timeText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return formatTime(seconds, Math.round((ms - seconds * 1000) * 1e6));
}

/** ms since 1970 of a time of the report, to the microsecond. */
export function msOf(time: string): number {
  return Date.parse(`${time.slice(0, 19)}Z`) + Number(time.slice(20, 29)) / 1e6;
}
