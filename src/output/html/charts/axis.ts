/** Round numbers and times for axes. */

const SECONDS = [10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
const DAY = 86_400;

/** The smallest of 1, 2, 5, 10, 20, ... that is no less. @param least above 0 */
export function roundUp(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  // What division leaves of a round number is no reason for the next one.
  const factor = [1, 2, 5, 10].find((each) => each * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** A round length of time that is no less: as roundUp() below 10 s and above a day, else what clocks have. */
export function roundSeconds(least: number): number {
  if (least <= 5) return roundUp(least);
  return SECONDS.find((each) => each >= least) ?? roundUp(least / DAY) * DAY;
}

/** 0 and round numbers above it; the last is no less than `most`. @param most a count @param steps at most */
export function countTicks(most: number, steps: number): number[] {
  const step = Math.max(1, roundUp(Math.max(1, most) / steps));
  return Array.from({ length: Math.ceil(Math.max(1, most) / step) + 1 }, (_, i) => i * step);
}

export interface TimeTick {
  /** seconds from the axis' beginning */
  at: number;
  /** time of day, UTC, as exact as the step asks for */
  label: string;
}

/**
 * Round times of day.
 * @param from RFC 3339, the axis' beginning @param seconds its length @param most ticks
 */
export function timeTicks(from: string, seconds: number, most: number): TimeTick[] {
  if (!(seconds > 0)) return [];
  const step = roundSeconds(seconds / most);
  const midnight = Date.parse(`${from.slice(0, 10)}T00:00:00Z`) / 1000;
  const since =
    Number(from.slice(11, 13)) * 3600 + Number(from.slice(14, 16)) * 60 + Number(from.slice(17, from.length - 1));
  const ticks: TimeTick[] = [];
  for (let i = Math.ceil(since / step - 1e-9); ticks.length <= most; i++) {
    const at = i * step - since;
    if (at > seconds) break;
    ticks.push({ at: Math.max(0, at), label: timeLabel(midnight, i * step, step, since + seconds > DAY) });
  }
  return ticks;
}

function timeLabel(midnight: number, ofDay: number, step: number, hasDate: boolean): string {
  const decimals = step >= 1 ? 0 : Math.min(9, Math.ceil(-Math.log10(step) - 1e-9));
  // Rounded first, so that 9.9999999 is 10 in all its digits.
  const whole = Math.floor(ofDay + 0.5 * 10 ** -decimals);
  const fraction = Math.max(0, ofDay - whole)
    .toFixed(decimals)
    .slice(1);
  const at = new Date((midnight + whole) * 1000);
  if (Number.isNaN(at.getTime())) return '';
  const text = at.toISOString();
  if (step >= DAY) return text.slice(0, 10);
  const time = text.slice(11, step < 60 ? 19 : 16) + fraction;
  return hasDate ? `${text.slice(5, 10)} ${time}` : time;
}
