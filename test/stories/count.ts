/** Counts of a report in the words of a story's truth.json: `facts.summary`. */

import type { Flow, Report, Side } from '../../src/report/types.ts';

export interface Summary {
  connections: number;
  /** who entered FIN_WAIT_1; "None": nobody */
  closer: Partial<Record<Side | 'simultaneous' | 'None', number>>;
  time_wait_at: Partial<Record<Side | 'client+server' | 'none', number>>;
  /** "side/state/reason" as the tracepoint tcp_send_reset names them */
  rst_sent_by: Partial<Record<string, number>>;
  /** "side/expired", "side/killed" (by an RST, or by a SYN that took its place) */
  time_wait_ended_by: Partial<Record<string, number>>;
}

export interface Facts {
  service: string;
  summary: Summary;
}

const SIDES = ['client', 'server'] as const;

export function tally<T>(all: Iterable<T>, key: (each: T) => string | null): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const each of all) {
    const name = key(each);
    if (name !== null) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** Whose FIN came first; an RST without a FIN has no closer. */
export function closers({ flows }: Report): Record<string, number> {
  return tally(flows, ({ kind, initiator }) => {
    const closed =
      kind === 'graceful' || kind === 'simultaneous' || kind === 'half-closed' || kind === 'aborted-after-fin';
    if (!closed) return 'None';
    return initiator === 'both' ? 'simultaneous' : initiator;
  });
}

export function timeWaits({ flows }: Report): Record<string, number> {
  return tally(flows, (flow) => SIDES.filter((side) => flow.endpoints[side].timeWait !== null).join('+') || 'none');
}

/** How many TIME_WAITs each side had. */
export function timeWaitsBySide(facts: Facts): { client: number; server: number } {
  const { client = 0, server = 0, 'client+server': both = 0 } = facts.summary.time_wait_at;
  return { client: client + both, server: server + both };
}

/** RSTs that ended a flow, by the end that sent them. */
export function resets({ flows }: Report): Record<string, number> {
  return tally(flows, ({ reset }) => reset?.by ?? null);
}

/** The same of the kernels: each of the stories' connections was reset once at most. */
export function resetsOfKernels({ summary }: Facts): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [how, n] of Object.entries(summary.rst_sent_by)) {
    const side = how.slice(0, how.indexOf('/'));
    counts[side] = (counts[side] ?? 0) + (n ?? 0);
  }
  return counts;
}

/** Ids of the flows for which `holds`. */
export function idsOf({ flows }: Report, holds: (flow: Flow) => boolean): number[] {
  return flows.filter(holds).map(({ id }) => id);
}
