/** The ledger of a port: when bind() to it fails, by how its SYNs were answered and by the sockets that were on it. */

import type { Lifetimes } from '../evidence/lifetimes.ts';
import type { StateName } from '../tcp/states.ts';
import type { BindFails } from '../teardown/bind-rules.ts';
import type { BASES } from '../teardown/facts.ts';
import type { OsProfile } from '../teardown/profiles.ts';
import { type Phase, phasesOf } from './phases.ts';
import { type Held, hasSocket, heldAt, type SocketSide } from './sockets.ts';

/** Times are ns since the capture's first second. */
export interface Interval {
  from: number;
  /** by timers at the earliest; Infinity: not when the capture ended */
  until: number;
  untilLatest: number;
  basis: (typeof BASES)[number];
  listening: boolean;
  sockets: number;
  states: Partial<Record<StateName, number>>;
  bindFails: BindFails;
  /** ids of flows that show it */
  ids: number[];
}

export interface Ledger {
  side: SocketSide;
  profile: OsProfile;
  /** when somebody listened; none where no SYN was answered, or of a client's port */
  phases: Phase[];
  /** in time order */
  intervals: Interval[];
  /** the latest end of the sockets that were there when the capture ended, or of all; Infinity: not known; NaN: there were none */
  freeAt: number;
  freeAtLatest: number;
  freeAtBasis: (typeof BASES)[number];
}

/**
 * @param rows of the flows that had a socket on the port, in the order in which they were opened
 * @param side whose sockets: 0 the client's, 1 the server's
 * @param end of the capture
 */
export function ledgerOf(lifetimes: Lifetimes, rows: Uint32Array, side: SocketSide, end: number): Ledger {
  const phases = side === 1 ? phasesOf(lifetimes, rows, end) : [];
  const profile = profileOf(lifetimes, rows, side);
  const unions = unionsOf(lifetimes, rows, side);
  const intervals: Interval[] = [];
  for (const phase of phases) {
    if (!phase.listening) continue;
    const held = heldAt(lifetimes, rows, side, phase.from, phase.until);
    intervals.push({
      from: phase.from,
      until: phase.until,
      untilLatest: phase.until,
      // Between its SYNs, and after the last, nobody looked.
      basis: 'inferred',
      listening: true,
      sockets: held.sockets,
      states: { LISTEN: 1, ...held.states },
      bindFails: profile.bind.listening,
      ids: unique([phase.first, phase.final, ...held.ids]),
    });
  }
  for (const union of unions) {
    for (const [from, until] of outside(union, phases)) {
      const held = heldAt(lifetimes, rows, side, from, until);
      if (held.sockets === 0) continue;
      const last = until >= union.until;
      intervals.push({
        from,
        until: last ? held.until : until,
        untilLatest: last ? held.untilLatest : until,
        basis: last ? held.basis : 'observed',
        listening: false,
        sockets: held.sockets,
        states: held.states,
        bindFails: profile.bind[held.states.TIME_WAIT === held.sockets ? 'time-wait' : 'connected'],
        ids: held.ids,
      });
    }
  }
  intervals.sort((a, b) => a.from - b.from);
  const held = heldAt(lifetimes, rows, side, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  const some = held.sockets > 0;
  return {
    side,
    profile,
    phases,
    intervals,
    freeAt: some ? held.until : Number.NaN,
    freeAtLatest: some ? held.untilLatest : Number.NaN,
    freeAtBasis: held.basis,
  };
}

/** What is on the port at a time, whoever listens. @param rows in the order in which the flows were opened */
export function socketsAt(lifetimes: Lifetimes, rows: Uint32Array, side: SocketSide, at: number): Held {
  return heldAt(lifetimes, rows, side, at, at);
}

interface Union {
  from: number;
  until: number;
}

/** The times in which there was a socket, merged where they touch. Neighbours are merged where there would be too many. */
function unionsOf(lifetimes: Lifetimes, rows: Uint32Array, side: SocketSide): Union[] {
  const unions: Union[] = [];
  for (const row of rows) {
    if (!hasSocket(lifetimes, row, side)) continue;
    const until = lifetimes.gone(row, side);
    if (Number.isNaN(until)) continue;
    const from = lifetimes.opened(row);
    const before = unions.at(-1);
    if (before !== undefined && from <= before.until) before.until = Math.max(before.until, until);
    else unions.push({ from, until: Math.max(from, until) });
  }
  while (unions.length > MOST_UNIONS) joinNearest(unions);
  return unions;
}

const MOST_UNIONS = 256;

/** Joins the nearer half of all neighbours. */
function joinNearest(unions: Union[]): void {
  const gaps = unions.slice(1).map((next, i) => next.from - unions[i]!.until);
  const limit = gaps.toSorted((a, b) => a - b)[gaps.length >> 1]!;
  let length = 1;
  for (let i = 1; i < unions.length; i++) {
    const next = unions[i]!;
    if (gaps[i - 1]! <= limit) unions[length - 1]!.until = next.until;
    else unions[length++] = next;
  }
  unions.length = length;
}

/** The parts of a union in which nobody listened. */
function outside(union: Union, phases: readonly Phase[]): [number, number][] {
  const parts: [number, number][] = [];
  let { from } = union;
  for (const phase of phases) {
    if (!phase.listening || phase.until <= from) continue;
    if (phase.from >= union.until) break;
    if (phase.from > from) parts.push([from, phase.from]);
    from = phase.until;
  }
  if (from < union.until) parts.push([from, union.until]);
  return parts;
}

/** The system of the end, by the newest flow. */
function profileOf(lifetimes: Lifetimes, rows: Uint32Array, side: SocketSide): OsProfile {
  let profile = lifetimes.profile(rows[0]!, side);
  for (const row of rows) if (hasSocket(lifetimes, row, side)) profile = lifetimes.profile(row, side);
  return profile;
}

function unique(ids: readonly number[]): number[] {
  return [...new Set(ids)];
}
