/** SYNs that came to nothing: refused, or not answered at all. What restarts and scans cause is told apart. */

import type { Answer } from '../evidence/lifetimes.ts';
import { NS_PER_SECOND } from '../units.ts';
import type { Context } from './context.ts';
import { outagesOf } from './outages.ts';

export interface Attempts {
  /** rows of lifetimes by service, in the order in which they were opened; the services with most of them first */
  byService: [service: number, rows: number[]][];
  /** rows of clients that tried so many services that it looks like a scan, or peer-to-peer software; by client */
  scans: [client: number, rows: number[]][];
}

/** Services that a client fails to reach, each hardly more than once, from which it is a scan. */
const SCANNED = 15;
/** Attempts at each service that a scan makes at most, on average. */
const TRIES = 3;
/** Another address is tried so soon, ns: 250 ms by RFC 8305, a few seconds by older programs. */
const SOON = 5 * NS_PER_SECOND;

/** Attempts that ended by `answer`, but those that an outage explains. */
export function attemptsOf(context: Context, answer: Answer & ('refused' | 'none')): Attempts {
  const { lifetimes } = context;
  const outages = answer === 'refused' ? toldOutages(context) : new Map<number, [number, number][]>();
  const unclear = answer === 'none' ? unclearFlows(context) : new Set<number>();
  const groups = new Map<number, number[]>();
  const scanners = scannersOf(context);
  const scans = new Map<number, number[]>();
  const add = (map: Map<number, number[]>, key: number, row: number) => {
    const rows = map.get(key);
    if (rows === undefined) map.set(key, [row]);
    else rows.push(row);
  };
  for (const service of context.serviceNumbers) {
    for (const row of context.rowsOf(service)) {
      if (lifetimes.answer(row) !== answer || unclear.has(lifetimes.id(row))) continue;
      const at = lifetimes.opened(row);
      // It had no time to be answered.
      if (answer === 'none' && context.end - at < NS_PER_SECOND) continue;
      if (outages.get(service)?.some(([from, until]) => at >= from && at <= until)) continue;
      const client = lifetimes.client(row);
      if (scanners.has(client)) add(scans, client, row);
      else add(groups, service, row);
    }
  }
  // Of a scan with more services than can be named the rest is known by its client.
  for (let row = 0; row < lifetimes.length; row++) {
    if (lifetimes.service(row) >= 0 || lifetimes.answer(row) !== answer || !scanners.has(lifetimes.client(row)))
      continue;
    if (answer === 'refused' || context.end - lifetimes.opened(row) >= NS_PER_SECOND)
      add(scans, lifetimes.client(row), row);
  }
  const largest = (map: Map<number, number[]>) => [...map].sort((a, b) => b[1].length - a[1].length);
  return { byService: largest(groups), scans: largest(scans) };
}

/** Times of refusals that bind-blocked or restart-outage tell of, by service. */
function toldOutages(context: Context): Map<number, [number, number][]> {
  const told = new Map<number, [number, number][]>();
  for (const { service, refused, before, held } of outagesOf(context)) {
    if (before === null && held.sockets === 0) continue;
    told.set(service, [...(told.get(service) ?? []), [refused.from, refused.last]]);
  }
  return told;
}

/** SYNs that a challenge ACK answered, and those into an older connection: no question of who listens. */
function unclearFlows(context: Context): Set<number> {
  const unclear = context.notables.filter((flow) => context.has(flow, 'challenge-ack') || flow.reuse !== null);
  return new Set(unclear.map(({ id }) => id));
}

/** Clients that fail at many services, each hardly more than once. */
function scannersOf(context: Context): Set<number> {
  const { lifetimes } = context;
  const services = new Map<number, number>();
  const attempts = new Map<number, number>();
  for (const service of context.serviceNumbers) {
    const seen = new Set<number>();
    for (const row of context.rowsOf(service)) {
      const answer = lifetimes.answer(row);
      if (answer !== 'refused' && answer !== 'none') continue;
      const client = lifetimes.client(row);
      attempts.set(client, (attempts.get(client) ?? 0) + 1);
      if (seen.has(client)) continue;
      seen.add(client);
      services.set(client, (services.get(client) ?? 0) + 1);
    }
  }
  const scanners = [...services].filter(([client, n]) => n >= SCANNED && attempts.get(client)! <= TRIES * n);
  return new Set(scanners.map(([client]) => client));
}

/** Of a service's failed attempts those after which the client soon reached the same port of another address (RFC 8305). */
export function reachedElsewhere(context: Context, service: number, rows: readonly number[]): number {
  const { lifetimes } = context;
  const port = context.servicePort(service);
  const isV6 = context.serviceAddress(service).includes(':');
  const opened: { at: number; client: number; isV6: boolean }[] = [];
  for (const other of context.serviceNumbers) {
    if (other === service || context.servicePort(other) !== port) continue;
    const family = context.serviceAddress(other).includes(':');
    for (const row of context.rowsOf(other)) {
      if (lifetimes.answer(row) === 'accepted')
        opened.push({ at: lifetimes.opened(row), client: lifetimes.client(row), isV6: family });
    }
  }
  opened.sort((a, b) => a.at - b.at);
  let reached = 0;
  for (const row of rows) {
    const at = lifetimes.opened(row);
    const client = lifetimes.client(row);
    for (let i = firstFrom(opened, at - NS_PER_SECOND); i < opened.length && opened[i]!.at <= at + SOON; i++) {
      // Of another family the client's address is another, too.
      if (opened[i]!.client !== client && opened[i]!.isV6 === isV6) continue;
      reached++;
      break;
    }
  }
  return reached;
}

/** Index of the first that is not before `at`. */
function firstFrom(sorted: readonly { at: number }[], at: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const mid = (low + high) >> 1;
    if (sorted[mid]!.at < at) low = mid + 1;
    else high = mid;
  }
  return low;
}

export interface Others {
  /** connections of the service that were accepted before the first attempt, between, and after the last */
  before: number;
  between: number;
  after: number;
  /** how many of all these were of clients that the attempts are of, too */
  same: number;
}

/** Whom a service answered, beside the attempts. @param rows not empty */
export function othersOf(context: Context, service: number, rows: readonly number[]): Others {
  const { lifetimes } = context;
  const [from, until] = [lifetimes.opened(rows[0]!), lifetimes.opened(rows.at(-1)!)];
  const clients = new Set(rows.map((row) => lifetimes.client(row)));
  const others: Others = { before: 0, between: 0, after: 0, same: 0 };
  for (const row of context.rowsOf(service)) {
    if (lifetimes.answer(row) !== 'accepted') continue;
    const at = lifetimes.opened(row);
    if (clients.has(lifetimes.client(row))) others.same++;
    if (at < from) others.before++;
    else if (at <= until) others.between++;
    else others.after++;
  }
  return others;
}

/** SYNs of the attempts, those sent again too. */
export function synsOf(context: Context, rows: readonly number[]): number {
  return rows.reduce((sum, row) => sum + (context.notable(context.lifetimes.id(row))?.syns ?? 1), 0);
}

/** Addresses of the clients, each once. */
export function clientsOf(context: Context, rows: readonly number[]): string[] {
  const clients = new Set(rows.map((row) => context.lifetimes.client(row)));
  return [...clients].map((client) => context.client(client));
}
