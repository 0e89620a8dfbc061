import type { Lifetimes } from '../evidence/lifetimes.ts';
import { STATE_NAMES, type StateName } from '../tcp/states.ts';
import { BASES } from '../teardown/facts.ts';
import type { OsProfile } from '../teardown/profiles.ts';

/** What is on a port at some time. Times are ns since the capture's first second. */
export interface Held {
  sockets: number;
  /** by the state in which each holds the port to its end */
  states: Partial<Record<StateName, number>>;
  /** the last of them is gone, by its timer at the earliest; Infinity: not when the capture ended */
  until: number;
  untilLatest: number;
  /** how `until` is known */
  basis: (typeof BASES)[number];
  /** of the one that is gone last */
  profile: OsProfile | null;
  /** ids of flows, the one that is gone last first */
  ids: number[];
}

/** Sockets of an interval that are named. */
const NAMED = 20;

/** Which end's sockets: 0 the client's, 1 the server's. */
export type SocketSide = 0 | 1;

/** Whether that end has a socket in a flow: a refused or unanswered SYN never met one. */
export function hasSocket(lifetimes: Lifetimes, row: number, side: SocketSide): boolean {
  const answer = lifetimes.answer(row);
  return side === 0 || (answer !== 'refused' && answer !== 'none');
}

/**
 * The sockets that were opened before `before` and not gone at `at`. One whose end is not known is left out.
 * @param rows in the order in which the flows were opened
 */
export function heldAt(lifetimes: Lifetimes, rows: Uint32Array, side: SocketSide, at: number, before: number): Held {
  const held: Held = {
    sockets: 0,
    states: {},
    until: Number.NEGATIVE_INFINITY,
    untilLatest: Number.NEGATIVE_INFINITY,
    basis: 'observed',
    profile: null,
    ids: [],
  };
  let last = -1;
  for (const row of rows) {
    if (lifetimes.opened(row) >= before) break;
    if (!(lifetimes.gone(row, side) > at) || !hasSocket(lifetimes, row, side)) continue;
    held.sockets++;
    const state = lastStateOf(lifetimes, row, side);
    held.states[state] = (held.states[state] ?? 0) + 1;
    if (held.ids.length < NAMED) held.ids.push(lifetimes.id(row));
    held.untilLatest = Math.max(held.untilLatest, lifetimes.goneLatest(row, side));
    if (lifetimes.gone(row, side) > held.until) {
      held.until = lifetimes.gone(row, side);
      last = row;
    }
  }
  if (last >= 0) {
    held.basis = BASES[lifetimes.basis(last, side)]!;
    held.profile = lifetimes.profile(last, side);
    const id = lifetimes.id(last);
    held.ids = [id, ...held.ids.filter((other) => other !== id)].slice(0, NAMED);
  }
  return held;
}

/** The state by which it is called: of one that did not linger when it was closed, ESTABLISHED. */
function lastStateOf(lifetimes: Lifetimes, row: number, side: SocketSide): StateName {
  const state = STATE_NAMES[lifetimes.lastState(row, side)]!;
  return state === 'CLOSED' ? 'ESTABLISHED' : state;
}
