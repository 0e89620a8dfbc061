/** A report's numbers as they are compared. */

import type { Kind } from '../report/types.ts';
import type { Digest } from './digest.ts';
import type { Amount, DiffFigures } from './types.ts';

export const KINDS = [
  'graceful',
  'simultaneous',
  'half-closed',
  'aborted',
  'aborted-after-fin',
  'refused',
  'unanswered',
  'open',
] as const satisfies readonly Kind[];

/** Whether every flow that the totals count is listed. */
export function isComplete({ totals, flows }: Digest): boolean {
  return flows.listed >= totals.flows;
}

/** @param withAborts closers are taken from the totals, which count those that ended by RST alone too */
export function figures(digest: Digest, withAborts: boolean): DiffFigures {
  const { capture, totals, flows } = digest;
  const { firstPacket, lastPacket, seconds, position, dropped } = capture;
  const perSecond = (count: number): number | null => (seconds > 0 ? count / seconds : null);
  const of = (count: number, whole: number): Amount => ({
    count,
    share: whole > 0 ? count / whole : null,
    perSecond: perSecond(count),
  });
  // What is listed was not chosen at random: it has no share, and no rate.
  const listed = (count: number): Amount =>
    isComplete(digest) ? of(count, totals.flows) : { count, share: null, perSecond: null };
  const byKind = Object.fromEntries(KINDS.map((kind) => [kind, of(totals.byKind[kind] ?? 0, totals.flows)]));
  const closers = closersOf(digest, withAborts);
  const closed = closers.client + closers.server + closers.both + closers.unknown;
  const { count, peak, peakAt } = totals.timeWait;
  const { p50, p90, p99, max } = totals.finWait2;
  return {
    version: digest.version,
    capture: {
      files: capture.files.map(({ name }) => name),
      firstPacket,
      lastPacket,
      seconds,
      position,
      dropped,
      damaged: capture.damage.length,
    },
    flows: { count: totals.flows, perSecond: perSecond(totals.flows), listed: flows.listed },
    byKind: byKind as Record<Kind, Amount>,
    refusedSeconds: flows.refused === null ? null : span(flows.refused),
    closers: {
      closed,
      withAborts,
      client: of(closers.client, closed),
      server: of(closers.server, closed),
      both: of(closers.both, closed),
      unknown: of(closers.unknown, closed),
    },
    timeWait: { count, perSecond: perSecond(count), peak, peakAt, ...flows.timeWaitOn },
    finWait2: { count: totals.finWait2.count, p50, p90, p99, max, unmeasured: flows.finWait2Unmeasured },
    closeWait: { ...listed(flows.closeWait.sockets), longest: flows.closeWait.longest },
    resets: [...flows.resets.values()]
      .sort((a, b) => b.count - a.count)
      .map(({ by, cause, count: n }) => ({ by, cause, ...listed(n) })),
  };
}

/** Seconds, to the millisecond. */
function span({ first, last }: { first: string; last: string }): number {
  return (Date.parse(last) - Date.parse(first)) / 1000;
}

function closersOf({ totals, flows }: Digest, withAborts: boolean): Digest['flows']['closers'] {
  if (!withAborts) return flows.closers;
  const { client = 0, server = 0, both = 0, unknown = 0 } = totals.byInitiator;
  // A refused connection has the server as its initiator, but never was one.
  return { client, server: Math.max(0, server - (totals.byKind.refused ?? 0)), both, unknown };
}
