/** The report's times as whole nanoseconds since one second, and back to the same text. */

import { formatTime, NS_PER_SECOND } from '../../../units.ts';

/** Where the nanoseconds begin in "2025-03-10T00:00:19.365202000Z". */
const FRACTION = 20;
const LENGTH = 30;

export class Moments {
  /** seconds since 1970 to which times are relative */
  readonly base: number;
  private readonly seconds = new Map<string, number>();
  private readonly texts = new Map<number, string>();

  constructor(base: number) {
    this.base = base;
  }

  /** NaN for what is no such text. */
  parse(text: string): number {
    if (text.length !== LENGTH || text[FRACTION - 1] !== '.' || text[LENGTH - 1] !== 'Z') return Number.NaN;
    const beginning = text.slice(0, FRACTION - 1);
    let second = this.seconds.get(beginning);
    if (second === undefined) {
      second = Date.parse(`${beginning}Z`) / 1000;
      this.seconds.set(beginning, second);
    }
    return (second - this.base) * NS_PER_SECOND + Number(text.slice(FRACTION, LENGTH - 1));
  }

  text(ns: number): string {
    const whole = Math.floor(ns / NS_PER_SECOND);
    let beginning = this.texts.get(whole);
    if (beginning === undefined) {
      beginning = formatTime(this.base + whole, 0).slice(0, FRACTION);
      this.texts.set(whole, beginning);
    }
    return `${beginning}${String(ns - whole * NS_PER_SECOND).padStart(9, '0')}Z`;
  }
}
