/** Connections that one end had closed and the other had not, for long: what three rules tell of. */

import type { Notable, NotableEnd, Stay } from '../evidence/notable.ts';
import { NS_PER_SECOND } from '../units.ts';
import { count, duration, list, plural, sentence } from '../words.ts';
import { systemName } from './bind-words.ts';
import type { Context } from './context.ts';
import { earliest, groupBy, latest } from './groups.ts';
import { stopsOf } from './stops.ts';

/** 0 the client, 1 the server. */
export type End = 0 | 1;

export interface HalfClosed {
  notable: Notable;
  /** who has closed, and waits for the other's FIN */
  waiting: End;
  /** of the end that has not closed */
  closeWait: Stay;
  /** seconds for which that end neither closed nor said anything, at least; an ACK counts as something said where payload may have been */
  silent: number;
}

/**
 * All flows in which an end was in CLOSE_WAIT for long enough to be notable, and known to be silent; but not those of a
 * program that did nothing at all: owner-stopped tells of them.
 */
export function halfClosedOf(context: Context): HalfClosed[] {
  const stops = stopsOf(context);
  const stopped = new Set(stops.flatMap(({ waiting }) => waiting));
  return context.notables.flatMap((notable) => {
    if (stopped.has(notable)) return [];
    // The end that sent nothing into this capture may have closed.
    if (context.has(notable, 'one-direction')) return [];
    for (const waiting of [0, 1] as const) {
      const closeWait = stayIn(notable.ends[1 - waiting]!, 'CLOSE_WAIT');
      if (closeWait === null || closeWait.seconds === null) continue;
      const silent = Math.min(
        silenceOf(notable, waiting, closeWait, context.end),
        ackedFor(context, notable, waiting, closeWait),
      );
      return silent > 0 ? [{ notable, waiting, closeWait, silent }] : [];
    }
    return [];
  });
}

export function stayIn(end: NotableEnd, state: Stay['state']): Stay | null {
  return end.stays.find((stay) => stay.state === state) ?? null;
}

/** An end that has the FIN acknowledges it sooner, ns. */
const DELAYED_ACK = NS_PER_SECOND;

/** For how long an end is known to have had the FIN when its CLOSE_WAIT ended, or the capture, seconds. */
function ackedFor(context: Context, notable: Notable, waiting: End, closeWait: Stay): number {
  // Where the capture has no ACKs, a FIN that is not sent again was acknowledged.
  if (context.has(notable, 'no-pure-acks')) return closeWait.seconds!;
  const finWait2 = stayIn(notable.ends[waiting], 'FIN_WAIT_2');
  if (finWait2 === null) return 0;
  if (finWait2.from - closeWait.from < DELAYED_ACK) return closeWait.seconds!;
  return ((closeWait.open ? context.end : closeWait.to) - finWait2.from) / NS_PER_SECOND;
}

/** How long an end had been silent when its CLOSE_WAIT ended, or the capture, seconds. */
function silenceOf(notable: Notable, waiting: End, closeWait: Stay, captureEnd: number): number {
  const passive = notable.ends[1 - waiting]!;
  const { reset } = notable;
  const lasted = closeWait.seconds!;
  if (!passive.spokeAfterFin) return lasted;
  // The half-close was used. When its last payload came is not kept, but no segment of it is newer than its newest.
  if (closeWait.open) return Math.min(lasted, (captureEnd - passive.lastAt) / NS_PER_SECOND);
  if (reset === null) return 0;
  if (reset.by === sideName(1 - waiting)) return Math.min(lasted, reset.silence);
  // Of what it said nothing was ever taken: the RST is the answer to the first of it.
  const refused = reset.cause === 'data-after-close' && notable.ends[waiting].halfCloseBytes <= reset.cut;
  return refused ? lasted : 0;
}

export const sideName = (side: number): 'client' | 'server' => (side === 0 ? 'client' : 'server');

/** "10.0.0.1:80" of a server, the address alone of a client, whose port is another each time. */
export function endpointOf(context: Context, { service, client }: Notable, side: End): string {
  return side === 1 ? context.service(service) : context.client(client);
}

/** How long the system of an end keeps a FIN_WAIT_2 that no process owns; null: it has no such timer, or none is known. */
export function orphanTimerOf(
  context: Context,
  { service, client }: Notable,
  side: End,
): { seconds: number; system: string } | null {
  const address = side === 1 ? (service < 0 ? '?' : context.serviceAddress(service)) : context.client(client);
  const assumed = context.assumptions[address];
  if (assumed === undefined || assumed.finWait2Seconds === null) return null;
  return { seconds: assumed.finWait2Seconds, system: systemName({ name: assumed.os }) };
}

/** By the end on a side: the largest group first. @param side which end of each it is */
export function byEnd<T extends { notable: Notable }>(all: readonly T[], side: (each: T) => End): T[][] {
  const groups = groupBy(all, (each) => (side(each) === 1 ? `s${each.notable.service}` : `c${each.notable.client}`));
  return groups.map(([, group]) => group);
}

/** Ends so close together have one cause, ns. */
const TOGETHER = NS_PER_SECOND;

/** Stays that began one by one and ended all at once: the process that held the sockets ended. */
export function endedTogether(stays: readonly Stay[]): boolean {
  const over = stays.filter((stay) => !stay.open);
  if (over.length < 3) return false;
  const spread = latest(over.map(({ to }) => to))! - earliest(over.map(({ to }) => to))!;
  const began = latest(over.map(({ from }) => from))! - earliest(over.map(({ from }) => from))!;
  return spread <= TOGETHER && began > 3 * spread;
}

/** Whether an end closed in the end, by a FIN or an RST of its own; else its peer's RST ended what it held. */
export function closedItself({ notable: { ends, reset }, waiting, closeWait }: HalfClosed): boolean {
  const passive = 1 - waiting;
  if (closeWait.open) return false;
  return ends[passive]!.finAt <= (reset?.at ?? Number.POSITIVE_INFINITY) || reset?.by === sideName(passive);
}

/** How the stays ended, in sentences: together by a process that ended, each by itself, or not at all. */
export function endsWords(context: Context, leaks: readonly HalfClosed[]): string {
  const [first] = leaks;
  const cut = leaks.filter((leak) => !leak.closeWait.open && !closedItself(leak)).length;
  const stays = leaks.map(({ closeWait }) => closeWait);
  if (leaks.length === 1) {
    const { open, to } = first!.closeWait;
    if (open) return 'The socket was still there when the capture ended.';
    return `${cut === 1 ? 'An RST of the peer, which had closed, ended it' : 'It ended'} at ${context.moment(to)}.`;
  }
  const byReset = cut === 0 ? '' : ` RSTs of the peers, which had closed, ended ${count(cut)} of them.`;
  return `${sentence(endsOf(context, stays))}.${byReset}`;
}

function endsOf(context: Context, stays: readonly Stay[]): string {
  const open = stays.filter((stay) => stay.open).length;
  const over = stays.filter((stay) => !stay.open);
  const first = earliest(over.map(({ to }) => to));
  const last = latest(over.map(({ to }) => to));
  const parts: string[] = [];
  if (open > 0)
    parts.push(
      `${open === stays.length ? 'all' : open} ${open === 1 ? 'was' : 'were'} still there when the capture ended`,
    );
  if (first !== null && last !== null) {
    const who = over.length === stays.length ? 'all' : `${over.length}`;
    if (endedTogether(stays)) {
      parts.push(
        `${who} ended at ${context.moment(first)} within ${duration(Math.max(0.001, (last - first) / NS_PER_SECOND))}: the process ended or was killed, and its kernel closed them`,
      );
    } else if (over.length === 1) parts.push(`one ended at ${context.moment(first)}`);
    else parts.push(`${who} ended one by one, from ${context.moment(first)} to ${context.moment(last)}`);
  }
  return list(parts);
}

/** "86.1 s", "from 76 s to 86.1 s". */
export function rangeWords(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const [a, b] = [duration(least), duration(most)];
  return a === b ? a : `${a} to ${b}`;
}

/** "3 clients", or the only one's address. */
export function peersWords(context: Context, all: readonly { notable: Notable }[], side: End): string {
  const names = new Set(all.map(({ notable }) => endpointOf(context, notable, side)));
  return names.size === 1 ? [...names][0]! : plural(names.size, side === 0 ? 'client' : 'server');
}
