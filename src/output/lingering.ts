/** How long sockets stayed in the closing states, from totals and from the listed flows, in words. */

import type { Flow, Report, Side } from '../report/types.ts';
import { count, duration, list, moment, plural } from '../words.ts';
import type { ClosingState } from './meaning.ts';

const SIDES = ['client', 'server'] as const;

/** Sockets that stayed in a state for long. */
export interface Lingering {
  sockets: number;
  client: number;
  server: number;
  open: number;
  /** seconds; of open ones what had passed */
  shortest: number;
  longest: number;
}

/** The stays of the listed flows in `state` of at least `least` seconds; null where there is none. */
export function lingering(flows: readonly Flow[], state: ClosingState, least: number): Lingering | null {
  const all: Lingering = { sockets: 0, client: 0, server: 0, open: 0, shortest: Number.POSITIVE_INFINITY, longest: 0 };
  for (const { endpoints } of flows) {
    for (const side of SIDES) {
      for (const { state: name, seconds, open } of endpoints[side].states) {
        if (name !== state || seconds === null || seconds < least) continue;
        all.sockets++;
        all[side]++;
        if (open) all.open++;
        all.shortest = Math.min(all.shortest, seconds);
        all.longest = Math.max(all.longest, seconds);
      }
    }
  }
  return all.sockets === 0 ? null : all;
}

/** "1 min 18 s to 1 min 26 s", or one of them where they look alike. */
export function range(shortest: number, longest: number): string {
  const [from, to] = [duration(shortest), duration(longest)];
  return from === to ? to : `${from} to ${to}`;
}

/** "on the server's side". */
export function whichSide({ client, server }: Pick<Lingering, Side>): string {
  if (client === 0) return "on the server's side";
  return server === 0 ? "on the client's side" : 'on either side';
}

/** "12 longer than 1 s on the server's side: 18 s to 26 s, 3 still open when the capture ended". */
export function lingeringWords(all: Lingering, least: number): string {
  const longer = `${count(all.sockets)} for ${duration(least)} or longer ${whichSide(all)}`;
  const open = all.open === 0 ? '' : `, ${count(all.open)} still open when the capture ended`;
  return `${longer}: ${range(all.shortest, all.longest)}${open}`;
}

/** What became of the listed flows' FIN_WAIT_2 that percentiles leave out, and how many lasted no time. */
interface FinWait2Ends {
  zero: number;
  measured: number;
  open: number;
  longestOpen: number;
  expired: number;
  unseen: number;
}

function finWait2Ends(flows: readonly Flow[]): FinWait2Ends {
  const ends: FinWait2Ends = { zero: 0, measured: 0, open: 0, longestOpen: 0, expired: 0, unseen: 0 };
  for (const { endpoints, notes } of flows) {
    if (notes.includes('no-pure-acks')) continue;
    for (const side of SIDES) {
      const span = endpoints[side].states.find(({ state }) => state === 'FIN_WAIT_2');
      if (span === undefined) continue;
      if (span.open) {
        ends.open++;
        ends.longestOpen = Math.max(ends.longestOpen, span.seconds ?? 0);
      } else if (span.seconds !== null) {
        ends.measured++;
        if (span.seconds === 0) ends.zero++;
      } else if (notes.includes('fin-wait-2-expired')) ends.expired++;
      else ends.unseen++;
    }
  }
  return ends;
}

function quantileWords(report: Report, { zero, measured }: FinWait2Ends): string {
  const { count: n, p50, p90, p99, max } = report.totals.finWait2;
  if (max === 0) return `${plural(n, 'time')}, 0 s${n > 1 ? ' in all' : ''}: each FIN was answered by a FIN`;
  if (n === 1 && max !== null) return `once, for ${duration(max)}`;
  // Fewer than ten have no nine in ten.
  const quantiles = [
    ['half within', p50, 2],
    ['90 % within', p90, 10],
    ['99 % within', p99, 100],
    ['longest', max, 0],
  ] as const;
  const parts: string[] = [];
  if (zero > 0 && measured === n) parts.push(`0 s in ${count(zero)} (the FIN was answered by a FIN)`);
  for (const [label, seconds, least] of quantiles) {
    const told = label !== 'longest' && max !== null && seconds !== null && duration(seconds) === duration(max);
    if (seconds !== null && seconds > 0 && n >= least && !told) parts.push(`${label} ${duration(seconds)}`);
  }
  const words = parts.length === 1 && max !== null ? `up to ${duration(max)}` : parts.join(', ');
  return `${plural(n, 'time')}: ${words}`;
}

/**
 * How long FIN_WAIT_2 lasted, and those whose end nobody saw: they may be the incident.
 * @returns null where nobody was in FIN_WAIT_2
 */
export function finWait2Words(report: Report): string | null {
  const ends = finWait2Ends(report.flows);
  const unmeasured: string[] = [];
  if (ends.open > 0) {
    const longest = `up to ${duration(ends.longestOpen)} so far`;
    unmeasured.push(`${count(ends.open)} still open when the capture ended (${longest})`);
  }
  if (ends.expired > 0) unmeasured.push(`${count(ends.expired)} ended unseen (timed out)`);
  if (ends.unseen > 0) unmeasured.push(`${count(ends.unseen)} ended unseen`);
  const some = report.flows.length < report.totals.flows ? `, of the ${count(report.flows.length)} listed` : '';
  const parts = report.totals.finWait2.count > 0 ? [quantileWords(report, ends)] : [];
  if (unmeasured.length > 0) parts.push(unmeasured.join('; ') + some);
  return parts.length === 0 ? null : parts.join('; ');
}

/** On how many sockets of each side the listed flows left a TIME_WAIT. */
export function timeWaitSides(flows: readonly Flow[]): Record<Side, number> {
  const on = { client: 0, server: 0 };
  for (const { endpoints } of flows) {
    for (const side of SIDES) if (endpoints[side].timeWait !== null) on[side]++;
  }
  return on;
}

/** ": at most 47 at once, at 12:03:10", ", from 12:03:10" of a single one, or nothing. */
export function timeWaitPeak({ totals: { timeWait }, capture }: Report): string {
  const { peak, peakAt, count: n } = timeWait;
  const at = peakAt === null ? null : moment(peakAt, capture.firstPacket);
  if (n <= 1 || peak < 1) return at === null ? '' : `, from ${at}`;
  return `: at most ${count(peak)} at once${at === null ? '' : `, at ${at}`}`;
}

/** Share of the sockets in TIME_WAIT from which a side has most of them. */
const MOSTLY = 0.9;

/** "TIME_WAIT is on the server's ports", from where it was seen and not from who closed first; null if no flow tells. */
export function timeWaitPlace({ flows, totals }: Report): { side: Side | 'both'; words: string } | null {
  const { client, server } = timeWaitSides(flows);
  if (client + server === 0) return null;
  if (client === 0) return { side: 'server', words: "TIME_WAIT is on the server's ports" };
  if (server === 0) return { side: 'client', words: "TIME_WAIT is on the clients' ports, not the server's" };
  if (flows.every(({ endpoints }) => (endpoints.client.timeWait === null) === (endpoints.server.timeWait === null)))
    return { side: 'both', words: 'TIME_WAIT is on both ends' };
  const all = client + server;
  const some = flows.length < totals.flows ? ' listed' : '';
  for (const [side, n, whose] of [
    ['server', server, "server's"],
    ['client', client, "clients'"],
  ] as const) {
    if (n < MOSTLY * all) continue;
    const words = `TIME_WAIT is mostly on the ${whose} ports (${count(n)} of ${count(all)}${some})`;
    return { side, words };
  }
  const parts = [`the server in ${count(server)}`, `the clients in ${count(client)}`];
  const words = `TIME_WAIT is on ports of ${list(server >= client ? parts : parts.reverse())}`;
  return { side: 'both', words: some === '' ? words : `${words} of ${count(all)}${some}` };
}
