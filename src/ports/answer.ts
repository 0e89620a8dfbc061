/** "Why can't I bind()?": whether bind() to a port fails at a time, what is in its way, and from when on it works. */

import type { Lifetimes } from '../evidence/lifetimes.ts';
import type { BindFails } from '../teardown/bind-rules.ts';
import type { Interval, Ledger } from './ledger.ts';
import type { Phase } from './phases.ts';
import { type Held, heldAt } from './sockets.ts';

/** A port of an address, and all that a capture tells of it. */
export interface KnownPort {
  address: string;
  port: number;
  ledger: Ledger;
  /** of its flows, in the order in which they were opened */
  rows: Uint32Array;
}

/** Which of both sockets has SO_REUSEADDR. */
export type ReuseCase = Exclude<keyof BindFails, 'bothReusePort'>;

export function reuseCase(old: boolean, fresh: boolean): ReuseCase {
  if (old) return fresh ? 'both' : 'oldOnly';
  return fresh ? 'newOnly' : 'neither';
}

/** Times are ns since the capture's first second. */
export interface Answer {
  at: number;
  /** null: the system's rules don't say, or nothing is known of the port by then */
  fails: boolean | null;
  /** where it is not known whether it fails: nothing is known yet, a timer may have ended it, the capture is over, or no rules */
  doubt: 'before' | 'timer' | 'after' | 'rules' | null;
  /** how its SYNs were answered at that time; null: it is not known */
  phase: Phase | null;
  /** sockets with a peer that were there */
  held: Held;
  /** from when on it works, by timers at the earliest; Infinity: no end is in sight; equal to `at` where it works */
  worksAt: number;
  worksAtLatest: number;
  /** a listener that was never seen to go is in the way, from then on or later: when it works is not known */
  byListener: boolean;
}

/**
 * @param at ns since the capture's first second
 * @param end of the capture: who listened then is not known to listen after it
 */
export function answerOf(lifetimes: Lifetimes, known: KnownPort, at: number, which: ReuseCase, end: number): Answer {
  const { ledger, rows } = known;
  const phase = ledger.phases.find((each) => each.from <= at && at < each.until) ?? lastPhase(ledger, at, end);
  const held = heldAt(lifetimes, rows, ledger.side, at, at);
  const rules = ledger.profile.bind;
  const bySockets = held.sockets === 0 ? false : rules[isTimeWait(held) ? 'time-wait' : 'connected'][which];
  const byListener = phase?.listening === true ? rules.listening[which] : false;
  const fails = byListener === null || bySockets === null ? null : byListener || bySockets;
  const works = fails === true ? worksFrom(ledger, at, which) : { from: at, latest: at, byListener: false };
  const isUnseen = phase === null && held.sockets === 0 && at < (ledger.intervals[0]?.from ?? Number.POSITIVE_INFINITY);
  // A timer may have ended them, or may be about to.
  const lingering = ledger.intervals.find(
    (each) => each.bindFails[which] === true && each.until <= at && at < each.untilLatest && !each.listening,
  );
  const wasListening = at > end && ledger.phases.at(-1)?.listening === true;
  let doubt: Answer['doubt'] = null;
  if (fails === null) doubt = 'rules';
  else if (isUnseen) doubt = 'before';
  else if (!fails && lingering !== undefined) doubt = 'timer';
  else if (!fails && wasListening) doubt = 'after';
  if (doubt === 'timer') works.latest = lingering!.untilLatest;
  return {
    at,
    fails: doubt === null ? fails : null,
    doubt,
    phase,
    held,
    worksAt: works.from,
    worksAtLatest: works.latest,
    byListener: works.byListener,
  };
}

function isTimeWait({ states, sockets }: Held): boolean {
  return states.TIME_WAIT === sockets;
}

/** At the capture's end its last phase holds; after it nothing is known. */
function lastPhase({ phases }: Ledger, at: number, end: number): Phase | null {
  const last = phases.at(-1);
  return last !== undefined && at >= last.from && at <= end ? last : null;
}

/** Walks over the intervals that touch, from one that fails to the first time at which none does. */
function worksFrom(
  ledger: Ledger,
  at: number,
  which: ReuseCase,
): { from: number; latest: number; byListener: boolean } {
  let from = at;
  let latest = at;
  const stays = lastListener(ledger);
  let byListener = false;
  for (const interval of ledger.intervals) {
    if (interval.bindFails[which] !== true || interval.until < from || interval.from > from) continue;
    if (interval === stays) byListener = true;
    from = Math.max(from, interval.until);
    latest = Math.max(latest, interval.untilLatest);
  }
  return { from, latest, byListener };
}

/** Who was never seen to go: undefined where the newest SYNs were refused. */
function lastListener({ intervals, phases }: Ledger): Interval | undefined {
  return phases.at(-1)?.listening === true ? intervals.findLast(({ listening }) => listening) : undefined;
}
