/** Services whose program did nothing more, while its kernel went on to answer. */

import type { Notable } from '../evidence/notable.ts';
import { NS_PER_SECOND } from '../units.ts';
import type { Context } from './context.ts';
import { groupBy } from './groups.ts';

/** Times are ns since the capture's first second. */
export interface Stop {
  service: number;
  /** the first request, connection or close that the program never answered */
  from: number;
  /** when it did something again, or its kernel reset or closed what it held; Infinity: not before the capture ended */
  until: number;
  /** how it went on: it answered again, its connections ended all at once (it was killed), or not at all */
  end: 'answered' | 'ended' | 'open';
  /** the connections that it left without an answer, in order */
  waiting: Notable[];
  /** those of them that were opened meanwhile */
  opened: number;
  /** those that their client closed or reset */
  givenUp: number;
}

/** Connections that wait, so that one slow request makes no stop. */
const ENOUGH = 3;
/** Within so many ns connections that end together end by one event. */
const TOGETHER = 0.5 * NS_PER_SECOND;

/** Each of their connections has waited for the threshold of owner-stopped. */
export function stopsOf(context: Context): Stop[] {
  return context.once(findStops);
}

function findStops(context: Context): Stop[] {
  const least = context.threshold('owner-stopped') * NS_PER_SECOND;
  const stops: Stop[] = [];
  for (const [service, notables] of groupBy(context.notables, ({ service }) => service)) {
    if (service < 0) continue;
    const waiting = notables.filter((notable) => waitedOf(context, notable) >= least);
    if (waiting.length < ENOUGH) continue;
    const stop = stopOf(context, service, notables, waiting);
    if (stop !== null) stops.push(stop);
  }
  return stops;
}

/** When the client began to wait for the program: with its request or its FIN, whichever came first. */
function waitsSince({ turnedAt, ends: [client, server] }: Notable): number {
  const request = client.spokeLast ? turnedAt : Number.NaN;
  if (!Number.isNaN(server.finAt)) return request;
  return Number.isNaN(request) || client.finAt < request ? client.finAt : request;
}

/**
 * How long a connection waited for the program with nothing more from the client, ns; 0 where it did not. An upload without
 * an answer does not wait while it goes on.
 */
function waitedOf(context: Context, notable: Notable): number {
  const [client, server] = notable.ends;
  if (notable.kind === 'refused' || notable.kind === 'unanswered' || server.packets === 0 || client.packets === 0)
    return 0;
  if (UNTOLD.some((note) => context.has(notable, note))) return 0;
  if (Number.isNaN(waitsSince(notable))) return 0;
  const until = releasedAt(context, notable);
  const last = Number.isNaN(client.finAt) ? Math.min(client.lastAt, until) : client.finAt;
  // Its last segment may be the answer to what released it.
  return until - (last === until ? waitsSince(notable) : last);
}

/** Where the capture lacks something, an answer may be it. */
const UNTOLD = ['midstream', 'gap', 'one-direction'] as const;

/** When the server did something for the connection again: its FIN or its RST; else the capture's end. */
function releasedAt(context: Context, { reset, ends: [, server] }: Notable): number {
  if (!Number.isNaN(server.finAt)) return server.finAt;
  return reset !== null && reset.by === 'server' ? reset.at : context.end;
}

/** Whether all that was asked of the service from some time on went without an answer. */
function stopOf(context: Context, service: number, notables: readonly Notable[], waiting: Notable[]): Stop | null {
  const since = new Map(waiting.map((notable) => [notable, waitsSince(notable)]));
  const from = Math.min(...since.values());
  const releases = waiting.map((notable) => releasedAt(context, notable));
  const until = Math.min(...releases);
  // A program that serves others meanwhile is no stopped one.
  const { lifetimes } = context;
  const waits = new Set(waiting.map(({ id }) => id));
  const refused = new Set(
    notables.filter(({ kind }) => kind === 'refused' || kind === 'unanswered').map(({ id }) => id),
  );
  for (const row of context.rowsOf(service)) {
    const id = lifetimes.id(row);
    if (waits.has(id) || refused.has(id) || lifetimes.answer(row) !== 'accepted') continue;
    if (lifetimes.opened(row) > from && lifetimes.opened(row) < until && hasAnswer(context, id)) return null;
  }
  if (waiting.some(({ opened, ends: [, server] }) => opened > from && server.bytes > 0)) return null;
  // Where the server never speaks, that it does not close when the client has is the only sign.
  const speaks = waiting.some(({ ends: [, server] }) => server.bytes > 0) || hasServed(context, service, waits, from);
  const unclosed = waiting.filter(({ ends: [client] }) => !Number.isNaN(client.finAt)).length;
  if (!speaks && unclosed < ENOUGH) return null;
  const open = until >= context.end;
  const together = releases.filter((at) => at - until <= TOGETHER).length >= releases.length / 2;
  const byReset = waiting.some(({ reset }) => reset?.by === 'server');
  return {
    service,
    from,
    until: open ? Number.POSITIVE_INFINITY : until,
    end: open ? 'open' : together && byReset ? 'ended' : 'answered',
    waiting,
    opened: waiting.filter(({ opened }) => opened > from).length,
    givenUp: waiting.filter(({ ends: [client], reset }) => !Number.isNaN(client.finAt) || reset?.by === 'client')
      .length,
  };
}

/** Whether a connection before that time ended as it should. */
function hasServed(context: Context, service: number, waits: ReadonlySet<number>, before: number): boolean {
  const { lifetimes } = context;
  return context.rowsOf(service).some((row) => {
    const id = lifetimes.id(row);
    return lifetimes.opened(row) < before && !waits.has(id) && (context.notable(id)?.ends[1].bytes ?? 1) > 0;
  });
}

/** Whether the server sent payload or a FIN in a connection. One that is not notable ended as it should. */
function hasAnswer(context: Context, id: number): boolean {
  const notable = context.notable(id);
  if (notable === null) return true;
  const [, server] = notable.ends;
  return server.bytes > 0 || !Number.isNaN(server.finAt);
}
