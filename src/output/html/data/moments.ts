/** The report's times as whole nanoseconds since one second, and back to the same text. */

import { formatTime, NS_PER_SECOND } from '../../../units.ts';

/** Where the nanoseconds begin in "2025-03-10T00:00:19.365202000Z". */
const FRACTION = 20;
const LENGTH = 30;
/** Where the day ends there. */
const DAY = 10;
const DAY_SECONDS = 86_400;

export class Moments {
  /** seconds since 1970 to which times are relative */
  readonly base: number;
  private day = '';
  /** when that begins, seconds since 1970 */
  private dayStart = Number.NaN;
  private readonly texts = new Map<number, string>();

  constructor(base: number) {
    this.base = base;
  }

  /** NaN for what is no such text. */
  parse(text: string): number {
    if (text.length !== LENGTH || text[FRACTION - 1] !== '.' || text[LENGTH - 1] !== 'Z') return Number.NaN;
    if (!text.startsWith(this.day) || this.day === '') {
      this.day = text.slice(0, DAY);
      this.dayStart = Date.parse(`${this.day}T00:00:00Z`) / 1000;
    }
    // By digits: there are millions of times, and texts of their parts would cost most.
    const ofDay = digits(text, 11, 2) * 3600 + digits(text, 14, 2) * 60 + digits(text, 17, 2);
    if (!(ofDay < DAY_SECONDS)) return Number.NaN;
    return (this.dayStart + ofDay - this.base) * NS_PER_SECOND + digits(text, FRACTION, 9);
  }

  text(ns: number): string {
    const whole = Math.floor(ns / NS_PER_SECOND);
    let beginning = this.texts.get(whole);
    if (beginning === undefined) {
      beginning = formatTime(this.base + whole, 0).slice(0, FRACTION);
      this.texts.set(whole, beginning);
    }
    return `${beginning}${String(NS_PER_SECOND + ns - whole * NS_PER_SECOND).slice(1)}Z`;
  }
}

/** A number of so many decimal digits, NaN where others stand there. */
function digits(text: string, at: number, length: number): number {
  let number = 0;
  for (let i = at; i < at + length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    number = number * 10 + digit;
  }
  return number;
}
