/** Writes the tokens of one flow after another. What a time, a frame or an amount follows from is found here; the rest are the flow's own numbers. */

import type { PerSide, Side } from '../../../report/types.ts';
import { NS_PER_SECOND } from '../../../units.ts';
import { Listing } from './listing.ts';
import type { Moments } from './moments.ts';
import { MOST } from './numbers.ts';
import { NO_RTT, shifted } from './rows.ts';
import * as T from './shape.ts';

/** What is a multiple of this is a timer's length: a listed value, ns. */
const ROUND = 100_000_000;

interface Known {
  ns: number;
  part: number;
  slot: number;
}

export class TokenWriter {
  readonly listed = new Listing<unknown>();
  readonly texts = new Listing<string>();
  private readonly moments: Moments;

  // Of the flow at hand.
  /** it has something that does not fit */
  isOdd = false;
  /** ns, or NO_RTT */
  rtt: PerSide<number> = { client: NO_RTT, server: NO_RTT };
  first = 0;
  numbers: number[] = [];
  frames: number[] = [];
  private known: Known[] = [];
  private readonly frameTokens = new Map<number, number>();
  // Of its part.
  part = 0;
  tokens: number[] = [];
  /** the time written last, ns */
  last = 0;
  private slots = 0;
  private places = 0;

  constructor(moments: Moments) {
    this.moments = moments;
  }

  beginFlow(firstPacket: string, rtt: PerSide<number | null>): void {
    this.isOdd = false;
    this.first = this.time(firstPacket);
    this.rtt = { client: this.rttOf(rtt.client), server: this.rttOf(rtt.server) };
    this.known = [{ ns: this.first, part: T.FIRST, slot: 0 }];
    this.numbers = [];
    this.frames = [];
    this.frameTokens.clear();
  }

  /** @returns the tokens, to be filled */
  beginPart(part: number): number[] {
    this.part = part;
    this.tokens = [];
    this.slots = 0;
    this.places = 0;
    this.last = this.first;
    return this.tokens;
  }

  /** One that many flows have. */
  word(value: unknown, key?: string): void {
    this.tokens.push(this.listed.place(value, key));
  }

  /** A few of them, one list for all flows that have the same. */
  words(words: readonly (string | number | boolean | null)[]): void {
    this.tokens.push(this.listed.placeOf(words));
  }

  text(text: string | null): void {
    this.tokens.push(text === null ? T.NOTHING : T.OWN);
    if (text !== null) this.own(this.texts.place(text, text));
  }

  count(value: number | null): void {
    if (value === null || value === 0) this.tokens.push(value === null ? T.NOTHING : T.ZERO);
    else {
      this.tokens.push(T.OWN);
      this.own(value);
    }
  }

  /** Seconds. @param same what they are likeliest to be */
  amount(seconds: number | null, same: number | null): void {
    if (seconds !== null && seconds === same) this.tokens.push(T.SAME);
    else this.count(seconds === null ? null : this.ns(seconds));
  }

  /** A span begins where the one before ended. */
  touch(text: string): void {
    this.tokens.push(T.TOUCHES);
    this.last = this.time(text);
  }

  /**
   * A time. @param timed whether a timer may have ended something then
   * @param answered whose SYN was answered: the answer was captured half a round trip before
   */
  moment(text: string | null, timed = false, answered: Side | null = null): void {
    if (text === null) {
      this.tokens.push(T.NOTHING);
      return;
    }
    const ns = this.time(text);
    const passed = ns - this.last;
    const known = this.find(ns);
    if (passed === 0 || (known === null && timed && passed % ROUND === 0))
      this.tokens.push(-this.listed.place(passed, passed) - 1);
    else if (known !== null) this.tokens.push(known);
    else this.newMoment(ns, answered);
    this.last = ns;
  }

  private newMoment(ns: number, answered: Side | null): void {
    const half = answered === null ? 0 : this.rtt[answered] / 2;
    const captured = Math.round(ns - half);
    const isLater = answered !== null && this.moved(captured, answered === 'client' ? 1 : 3) === ns;
    this.tokens.push(isLater ? T.OWN_LATER : T.OWN);
    this.known.push({ ns: isLater ? captured : ns, part: this.part, slot: this.slots });
    this.own(isLater ? captured : ns);
  }

  /** The token of a moment that is known, as it is or, at the far end, moved. */
  private find(ns: number): number | null {
    const shifts = this.part === T.FAR ? T.SHIFTS : 1;
    for (let shift = 0; shift < shifts; shift++) {
      for (const known of this.known) {
        if (this.moved(known.ns, shift) === ns) return T.momentToken(known.part, known.slot, shift);
      }
    }
    return null;
  }

  /** A time moved by a shift (shape.ts). */
  moved(ns: number, shift: number): number {
    return shift === 0 ? ns : shifted(ns, shift, this.rtt.client, this.rtt.server);
  }

  frame(frame: number | null): void {
    if (frame === null) {
      this.tokens.push(T.NOTHING);
      return;
    }
    const known = this.frameTokens.get(frame);
    this.tokens.push(known ?? T.OWN);
    if (known !== undefined) return;
    this.frameTokens.set(frame, T.frameToken({ part: this.part, index: this.places++ }));
    this.frames.push(this.check(frame));
  }

  /** A number of the flow's own. */
  own(value: number): void {
    this.numbers.push(this.check(value));
    this.slots++;
  }

  /** ns since the base. */
  time(text: string): number {
    return this.check(this.moments.parse(text));
  }

  private rttOf(seconds: number | null): number {
    if (seconds === null) return NO_RTT;
    const ns = this.ns(seconds);
    if (ns < 0 || ns >= NO_RTT) this.isOdd = true;
    return ns;
  }

  ns(seconds: number): number {
    const ns = Math.round(seconds * NS_PER_SECOND);
    if (ns / NS_PER_SECOND !== seconds) this.isOdd = true;
    return this.check(ns);
  }

  /** Takes note of a number that columns can't hold. */
  check(number: number): number {
    // Differences of such numbers are as exact as they are.
    if (!Number.isInteger(number) || Math.abs(number) > MOST / 4) this.isOdd = true;
    return number;
  }
}
