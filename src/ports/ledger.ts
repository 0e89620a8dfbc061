/** The ledger of a port: when bind() to it fails, by how its SYNs were answered and by the sockets that were on it. */

import type { Lifetimes } from '../evidence/lifetimes.ts';
import type { StateName } from '../tcp/states.ts';
import type { BindFails } from '../teardown/bind-rules.ts';
import type { BASES } from '../teardown/facts.ts';
import type { OsProfile } from '../teardown/profiles.ts';
import { type Phase, phasesOf } from './phases.ts';
import { hasSocket, heldAt, type SocketSide } from './sockets.ts';

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
  for (const { from, until, isEnd } of partsOf(unionsOf(lifetimes, rows, side), phases)) {
    const held = heldAt(lifetimes, rows, side, from, until);
    if (held.sockets === 0) continue;
    intervals.push({
      from,
      until: isEnd ? held.until : until,
      untilLatest: isEnd ? held.untilLatest : until,
      basis: isEnd ? held.basis : 'observed',
      listening: false,
      sockets: held.sockets,
      states: held.states,
      bindFails: profile.bind[held.states.TIME_WAIT === held.sockets ? 'time-wait' : 'connected'],
      ids: held.ids,
    });
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

interface Union {
  from: number;
  until: number;
}

/** The times in which there was a socket, merged where they touch. */
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
  return unions;
}

/** A time in which there was a socket and nobody listened. */
interface Part extends Union {
  /** the last of its sockets was gone then: not that somebody listened again */
  isEnd: boolean;
}

const MOST_PARTS = 256;

/** Neighbours are joined where there would be too many, the nearest first. */
function partsOf(unions: readonly Union[], phases: readonly Phase[]): Part[] {
  const parts = unions.flatMap((union) =>
    outside(union, phases).map(([from, until]): Part => ({ from, until, isEnd: until >= union.until })),
  );
  if (parts.length <= MOST_PARTS) return parts;
  const listening = phases.filter((phase) => phase.listening);
  const gaps = parts.slice(1).map(({ from }, i) => {
    const { until } = parts[i]!;
    return listening.some((phase) => phase.from >= until && phase.from < from)
      ? Number.POSITIVE_INFINITY
      : from - until;
  });
  const nearest = gaps.map((_, i) => i).sort((a, b) => gaps[a]! - gaps[b]!);
  const joins = new Set(nearest.slice(0, parts.length - MOST_PARTS));
  const joined: Part[] = [];
  parts.forEach((part, i) => {
    if (joins.has(i - 1)) Object.assign(joined.at(-1)!, { until: part.until, isEnd: part.isEnd });
    else joined.push(part);
  });
  return joined;
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
