/**
 * Texts that flow records repeat: formatting them anew took most of the time that writing 100,000 records takes.
 * A memo gives the same text as without it; it only forgets.
 */

import { formatTime, NS_PER_SECOND, nsToSeconds } from '../units.ts';

/** Slots of either memo by seconds and by words; powers of two. */
const SLOTS = 1024;
/** Different times of a flow that are remembered: an ordinary one has ten. */
const MOST_TIMES = 16;

/** '000' to '999', and with the final Z. */
const THREE = Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, '0'));
const THREE_Z = THREE.map((digits) => `${digits}Z`);

/** The times of one flow after another, as formatTime() writes them. */
export class TimeTexts {
  private base = 0;
  private count = 0;
  private readonly times = new Float64Array(MOST_TIMES);
  private readonly texts: string[] = new Array<string>(MOST_TIMES).fill('');
  // A second's text up to the point before the nanoseconds.
  private readonly seconds = new Float64Array(SLOTS).fill(Number.NaN);
  private readonly beginnings: string[] = new Array<string>(SLOTS).fill('');

  /** Begins a flow. @param base seconds since 1970 to which its times are relative */
  begin(base: number): void {
    this.base = base;
    this.count = 0;
  }

  /**
   * @param ns relative to the flow's base, finite or NaN; rounded
   * @returns RFC 3339 with nine decimals; null for NaN
   */
  text(ns: number): string | null {
    return Number.isNaN(ns) ? null : this.known(ns);
  }

  /** As text(), of a time that is not NaN. */
  known(ns: number): string {
    const { times, count } = this;
    for (let i = 0; i < count; i++) {
      if (times[i] === ns) return this.texts[i]!;
    }
    const text = this.write(Math.round(ns));
    if (count < MOST_TIMES) {
      times[count] = ns;
      this.texts[count] = text;
      this.count = count + 1;
    }
    return text;
  }

  private write(ns: number): string {
    const whole = Math.floor(ns / NS_PER_SECOND);
    const second = this.base + whole;
    const rest = ns - whole * NS_PER_SECOND;
    // Years beyond four digits are cut off there, and nobody has many of them.
    if (!(second >= 0 && second < 2 ** 32)) return formatTime(this.base, ns);
    const slot = second % SLOTS;
    if (this.seconds[slot] !== second) {
      this.seconds[slot] = second;
      this.beginnings[slot] = formatTime(second, 0).slice(0, 20);
    }
    const millions = Math.floor(rest / 1_000_000);
    const thousands = Math.floor(rest / 1000) - millions * 1000;
    const ones = rest - millions * 1_000_000 - thousands * 1000;
    return this.beginnings[slot]! + (THREE[millions]! + THREE[thousands]! + THREE_Z[ones]!);
  }
}

/** Texts by four words, such as an address: the newest of each slot. */
export class WordTexts {
  private readonly words = new Int32Array(SLOTS * 4);
  private readonly texts: (string | null)[] = new Array<string | null>(SLOTS).fill(null);
  private slot = 0;

  /** @returns null where keep() is to follow */
  find(a: number, b: number, c: number, d: number): string | null {
    const { words } = this;
    let hash =
      Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ Math.imul(d, 0x27d4eb2f);
    hash ^= hash >>> 15;
    const slot = hash & (SLOTS - 1);
    const at = slot * 4;
    if (words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) {
      if (this.texts[slot] !== null) return this.texts[slot]!;
    }
    words[at] = a;
    words[at + 1] = b;
    words[at + 2] = c;
    words[at + 3] = d;
    this.texts[slot] = null;
    this.slot = slot;
    return null;
  }

  /** Remembers the text of the words that find() did not know. */
  keep(text: string): string {
    this.texts[this.slot] = text;
    return text;
  }
}

/** Whole nanoseconds below this are the same divided by 10^9 as rounded to nine decimals: half an ulp is less than half a ns. */
const EXACT = 2 ** 52;

/** As nsToSeconds(), cheaper for whole nanoseconds. */
export function secondsOf(ns: number): number {
  return Math.floor(ns) === ns && ns > -EXACT && ns < EXACT ? ns / NS_PER_SECOND + 0 : nsToSeconds(ns);
}
