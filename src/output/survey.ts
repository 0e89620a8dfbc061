/** What a summary says besides the verdict: services, resets, the capture's faults, and the flows that matter most. */

import type { Service } from '../report/services.ts';
import type { Finding, Flow, Report, ResetCause } from '../report/types.ts';
import { isComplete } from './verdict.ts';
import { addressPort, count, duration, list, plural } from './words.ts';

/** The services of the listed flows, the busiest first: for a report that comes without its counts of all flows. */
export function services(flows: readonly Flow[]): Service[] {
  const byName = new Map<string, Service>();
  for (const flow of flows) {
    const { address, port } = flow.server;
    const name = addressPort(flow.server);
    let entry = byName.get(name);
    if (entry === undefined) {
      entry = { address, port, flows: 0, client: 0, server: 0, both: 0, unknown: 0, reset: 0, notClosed: 0 };
      byName.set(name, entry);
    }
    entry.flows++;
    if (flow.kind === 'aborted' || flow.kind === 'refused') entry.reset++;
    else entry[flow.initiator ?? 'notClosed']++;
  }
  return [...byName.values()].sort((a, b) => b.flows - a.flows);
}

/** Resets that ended flows, by sender and cause, the most frequent first. */
export function resets(flows: readonly Flow[]): { by: string; cause: ResetCause; flows: number }[] {
  const groups = new Map<string, { by: string; cause: ResetCause; flows: number }>();
  for (const { reset } of flows) {
    if (reset === null || reset.frame === null) continue;
    const [by, cause] = [reset.by ?? 'unknown', reset.cause ?? 'unknown'];
    const key = `${by} ${cause}`;
    const group = groups.get(key) ?? { by, cause, flows: 0 };
    group.flows++;
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => b.flows - a.flows);
}

const SEVERITY: Record<Finding['severity'], number> = { critical: 3, warning: 2, info: 1 };

/** The findings, the most severe first. */
export function bySeverity(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => SEVERITY[b.severity] - SEVERITY[a.severity]);
}

const KIND_WEIGHT: Record<Flow['kind'], number> = {
  'half-closed': 60,
  'aborted-after-fin': 50,
  aborted: 40,
  refused: 30,
  unanswered: 25,
  simultaneous: 15,
  graceful: 10,
  open: 5,
};

function interest(flow: Flow, cited: number): number {
  const { client, server } = flow.endpoints;
  const lingered = Math.max(
    client.closeWaitSeconds ?? 0,
    server.closeWaitSeconds ?? 0,
    client.finWait2Seconds ?? 0,
    server.finWait2Seconds ?? 0,
  );
  const reused = flow.reuse?.inTimeWait === true ? 20 : 0;
  const killed = client.timeWait?.endedBy === 'rst' || server.timeWait?.endedBy === 'rst' ? 20 : 0;
  // Seconds matter by their size: a CLOSE_WAIT of a minute outweighs one of a second, an hour hardly a minute.
  return cited * 100 + KIND_WEIGHT[flow.kind] + 12 * Math.log10(1 + lingered) + reused + killed + 2 * flow.notes.length;
}

/** Flows of one sort that are shown before those of another sort get their turn. */
const ALIKE = 4;

/**
 * The flows that matter most: those that severe findings cite, then trouble before order, long lingering before short.
 * Of flows that ended alike only a few come first, so that a thousand refused ones hide nothing.
 */
export function mattersMost(report: Report, most: number): Flow[] {
  const cited = new Map<number, number>();
  for (const { flows, severity } of report.findings) {
    for (const id of flows) cited.set(id, Math.max(cited.get(id) ?? 0, SEVERITY[severity]));
  }
  const ranked = report.flows
    .map((flow) => ({ flow, score: interest(flow, cited.get(flow.id) ?? 0) }))
    .sort((a, b) => b.score - a.score || a.flow.id - b.flow.id);
  const seen = new Map<string, number>();
  const first: Flow[] = [];
  const later: Flow[] = [];
  for (const { flow } of ranked) {
    const sort = `${flow.kind} ${flow.closeShape} ${flow.initiator} ${flow.reset?.cause} ${addressPort(flow.server)}`;
    const alike = (seen.get(sort) ?? 0) + 1;
    seen.set(sort, alike);
    (alike <= ALIKE ? first : later).push(flow);
  }
  return [...first, ...later].slice(0, most);
}

const POSITION: Record<Report['capture']['position'], string> = {
  'near-client': 'Captured near the clients: times at the servers are corrected by the round-trip time.',
  'near-server': 'Captured near the servers: times at the clients are corrected by the round-trip time.',
  middle: 'Captured between clients and servers: times at both are corrected by the round-trip time.',
  unknown: 'Where it was captured is not known: durations at either end may be off by a round trip.',
};

/** Where the capture was taken and what that does to the times. */
export function positionWords(report: Report): string {
  return POSITION[report.capture.position];
}

/** What is wrong with the capture and what that does to the result, a sentence each; none where nothing is. */
export function captureFaults(report: Report): string[] {
  const { capture, flows } = report;
  const faults = capture.damage.map(
    ({ file, offset, what }) =>
      `Damaged: ${file} at byte ${count(offset)}: ${what}. What could be read is in this report.`,
  );
  if (capture.dropped !== null && capture.dropped > 0) {
    faults.push(
      `The kernel dropped ${plural(capture.dropped, 'packet')} while capturing: segments are missing, and times may be too.`,
    );
  }
  const skipped = Object.entries(capture.skipped).filter(([, n]) => n > 0);
  if (skipped.length > 0) {
    const reasons = skipped.sort((a, b) => b[1] - a[1]).map(([reason, n]) => `${count(n)} ${reason}`);
    const all = skipped.reduce((sum, [, n]) => sum + n, 0);
    faults.push(`${plural(all, 'packet')} left out, holding no TCP that can be read: ${list(reasons, 6)}.`);
  }
  if (capture.duplicates > 0) {
    const were = capture.duplicates === 1 ? 'is a copy' : 'are copies';
    faults.push(
      `${plural(capture.duplicates, 'packet')} ${were} of another (captured twice on the way); no result counts them.`,
    );
  }
  if (capture.outOfOrder > 0) {
    const were = capture.outOfOrder === 1 ? 'was' : 'were';
    faults.push(`${plural(capture.outOfOrder, 'packet')} ${were} out of time order; that was allowed for.`);
  }
  const oneWay = flows.filter(
    ({ kind, packets }) => kind !== 'unanswered' && (packets.client === 0 || packets.server === 0),
  ).length;
  if (oneWay > 0) {
    const of = `${plural(oneWay, 'connection')}${isComplete(report) ? '' : `, of the ${count(flows.length)} listed`}`;
    faults.push(`Only one direction was captured of ${of}: what the other side did is inferred or unknown.`);
  }
  return faults;
}

/** The timers that were taken for granted, by system: "linux (inferred) for 10.0.0.1: TIME_WAIT 60 s, FIN_WAIT_2 60 s". */
export function assumptionWords(report: Report, most = 3): string[] {
  const groups = new Map<string, { addresses: string[]; system: string; words: string }>();
  for (const [address, { os, basis, timeWaitSeconds, finWait2Seconds }] of Object.entries(report.assumptions)) {
    const finWait2 = finWait2Seconds === null ? 'no FIN_WAIT_2 timer' : `FIN_WAIT_2 ${duration(finWait2Seconds)}`;
    const words = `TIME_WAIT ${duration(timeWaitSeconds)}, ${finWait2}`;
    const key = `${os} ${basis} ${words}`;
    const group = groups.get(key) ?? { addresses: [], system: `${os} (${basis})`, words };
    group.addresses.push(address);
    groups.set(key, group);
  }
  return [...groups.values()]
    .sort((a, b) => b.addresses.length - a.addresses.length)
    .map(({ addresses, system, words }) => `${system} for ${list(addresses, most)}: ${words}`);
}
