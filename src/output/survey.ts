/** What a summary says besides the verdict: services, resets, where the capture was taken, its faults, timers. */

import type { Service } from '../report/services.ts';
import type { Assumption, Damage, Finding, Flow, Report, ResetCause, Side } from '../report/types.ts';
import { addressPort, count, duration, list, plural } from '../words.ts';
import { isComplete } from './complete.ts';

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

/** Resets that ended flows, of one sender and cause. */
export interface ResetGroup {
  by: Side | 'unknown';
  cause: ResetCause;
  flows: number;
  /** what in the packets says so and of how many of them, the most frequent first */
  reasons: [why: string, flows: number][];
}

/** Resets that ended flows, by sender and cause, the most frequent first. */
export function resets(flows: readonly Flow[]): ResetGroup[] {
  const groups = new Map<string, { by: ResetGroup['by']; cause: ResetCause; whys: (string | null)[] }>();
  for (const { reset } of flows) {
    if (reset === null || reset.frame === null) continue;
    const [by, cause] = [reset.by ?? 'unknown', reset.cause ?? 'unknown'];
    const group = groups.get(`${by} ${cause}`) ?? { by, cause, whys: [] };
    groups.set(`${by} ${cause}`, group);
    group.whys.push(reset.why);
  }
  return [...groups.values()]
    .map(({ by, cause, whys }) => ({ by, cause, flows: whys.length, reasons: tallied(whys) }))
    .sort((a, b) => b.flows - a.flows);
}

/** Counts reasons that differ in numbers only as one, for which the first of them stands. */
function tallied(whys: readonly (string | null)[]): [why: string, flows: number][] {
  const counts = new Map<string, [why: string, flows: number]>();
  for (const why of whys) {
    if (why === null) continue;
    const alike = why.replace(NUMBERS, '');
    const entry = counts.get(alike);
    if (entry === undefined) counts.set(alike, [why, 1]);
    else {
      if (entry[0] !== why && !entry[0].startsWith(EXAMPLE)) entry[0] = EXAMPLE + entry[0];
      entry[1]++;
    }
  }
  return [...counts.values()].sort((a, b) => b[1] - a[1]);
}

const NUMBERS = /\d+( (s|min|h)\b)?/g;
const EXAMPLE = 'for example: ';

const SEVERITY: Record<Finding['severity'], number> = { critical: 3, warning: 2, info: 1 };

/** 3 critical, 2 warning, 1 info. */
export function severityOf({ severity }: Pick<Finding, 'severity'>): number {
  return SEVERITY[severity];
}

/** The findings, the most severe first. */
export function bySeverity(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => severityOf(b) - severityOf(a));
}

const OUTAGE = ['bind-blocked', 'restart-outage'];

/** Whether two findings are of one incident: an outage, and what held the port meanwhile. */
export function areOfOneOutage(a: Finding, b: Finding): boolean {
  const isOutage = a.rule !== b.rule && OUTAGE.includes(a.rule) && OUTAGE.includes(b.rule);
  return isOutage && a.at !== null && a.at === b.at && a.endpoint !== null && a.endpoint === b.endpoint;
}

/** Whether what to do about a finding stands at an earlier one. */
export function isToldBefore(findings: readonly Finding[], index: number): boolean {
  return findings.slice(0, index).some((each) => areOfOneOutage(each, findings[index]!));
}

/** Seconds of round trip below which it changes no duration that matters. */
const NEAR = 0.001;

/** The largest of the listed flows' smallest round trips, seconds; null where none is known. */
function roundTrip(flows: readonly Flow[]): number | null {
  let most: number | null = null;
  for (const { rtt } of flows) {
    if (rtt.client === null && rtt.server === null) continue;
    most = Math.max(most ?? 0, (rtt.client ?? 0) + (rtt.server ?? 0));
  }
  return most;
}

const POSITION: Record<Report['capture']['position'], [where: string, corrected: string | null]> = {
  'near-client': ['Captured near the clients', 'times at the servers are corrected by the round trip'],
  'near-server': ['Captured near the servers', 'times at the clients are corrected by the round trip'],
  middle: ['Captured between clients and servers', 'times at both are corrected by the round trip'],
  unknown: ['Where it was captured is not known', null],
};

const NOTHING_CLOSED = new Set<Flow['kind']>(['refused', 'unanswered', 'open']);

/** Where the capture was taken and what that does to the times; null where that is nothing to speak of. */
export function positionWords({ capture: { position }, flows }: Report): string | null {
  const [where, corrected] = POSITION[position];
  const longest = roundTrip(flows);
  if (longest !== null && longest < NEAR) return corrected === null ? null : `${where}.`;
  // Nothing was closed, nothing was measured.
  const measured = flows.some(({ kind, notes }) => !NOTHING_CLOSED.has(kind) && !notes.includes('self-connect'));
  if (longest === null && !measured) return null;
  const trip = longest === null ? 'of unknown length' : `at most ${duration(longest)}`;
  return corrected === null
    ? `${where}: durations at either end may be off by a round trip (${trip}).`
    : `${where}: ${corrected} (${trip}).`;
}

/** "byte 1,048,456", and of a compressed file that it is not the file's own. */
export function damagePlace({ files }: Report['capture'], { file, offset }: Damage): string {
  const isCompressed = files.some(({ name, format }) => name === file && format.includes('+'));
  return `byte ${count(offset)}${isCompressed ? ' of what it unpacks to' : ''}`;
}

/** How a live capture was made; null where files were read. */
export function sourceWords({ capture: { live, dropped } }: Report): string | null {
  if (live === null) return null;
  const times =
    live.timestamps === 'kernel'
      ? "the kernel's timestamps"
      : 'user-space timestamps, later than the packets by up to some ms';
  const drops = dropped === null ? 'drops not known' : `${plural(dropped, 'packet')} dropped`;
  const filter = live.filter === null ? '' : `, filter "${live.filter}"`;
  return `Captured on ${live.interface} by ${live.backend}: ${times}, ${drops}, ${count(live.snaplen)} bytes of each packet${filter}.`;
}

/** What is wrong with the capture and what that does to the result, a sentence each; none where nothing is. */
export function captureFaults(report: Report): string[] {
  const { capture, flows } = report;
  const faults = capture.damage.map((damage) =>
    capture.live === null
      ? `Damaged: ${damage.file} at ${damagePlace(capture, damage)}: ${damage.what}. What could be read is in this report.`
      : `The capture on ${damage.file} did not end as it was asked to: ${damage.what}. What was captured is in this report.`,
  );
  if (capture.packets > 0 && capture.firstPacket === null) {
    faults.unshift('No packet has a time: all durations, and the ends of TIME_WAIT, mean nothing.');
  }
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
      `${plural(capture.duplicates, 'packet')} ${were} of another (captured twice on the way, or resets alike); no result counts them.`,
    );
  }
  if (capture.outOfOrder > 0) {
    const were = capture.outOfOrder === 1 ? 'was' : 'were';
    faults.push(`${plural(capture.outOfOrder, 'packet')} ${were} out of time order; that was allowed for.`);
  }
  if (capture.flowsGivenUp > 0) {
    faults.push(
      `${plural(capture.flowsGivenUp, 'connection')} had to be given up before the end, as too many were open at once: a later packet of one counts as a connection of its own.`,
    );
  }
  const oneWay = flows.filter(
    ({ kind, packets, notes }) =>
      kind !== 'unanswered' && !notes.includes('self-connect') && (packets.client === 0 || packets.server === 0),
  ).length;
  if (oneWay > 0) {
    const of = `${plural(oneWay, 'connection')}${isComplete(report) ? '' : `, of the ${count(flows.length)} listed`}`;
    faults.push(`Only one direction was captured of ${of}: what the other side did is inferred or unknown.`);
  }
  return faults;
}

/** The timers that were taken for granted, by system: "linux (likely) for 10.0.0.1: TIME_WAIT 60 s, FIN_WAIT_2 60 s". */
export function assumptionWords(report: Report, most = 3): string[] {
  const groups = new Map<string, { addresses: string[]; system: string; words: string }>();
  for (const [address, assumption] of Object.entries(report.assumptions)) {
    const system = `${assumption.os} (${assumption.certainty === 'given' ? 'as told' : assumption.certainty})`;
    const words = timerWords(assumption);
    const key = `${system} ${words}`;
    const group = groups.get(key) ?? { addresses: [], system, words };
    group.addresses.push(address);
    groups.set(key, group);
  }
  return [...groups.values()]
    .sort((a, b) => b.addresses.length - a.addresses.length)
    .map(({ addresses, system, words }) => `${system} for ${list(addresses, most)}: ${words}`);
}

/** From here on two ends of TIME_WAIT are worth telling apart, seconds: a timer's granularity is less. */
const WIDE = 10;

function timerWords({ timeWaitSeconds, timeWaitLatestSeconds, finWait2Seconds }: Assumption): string {
  const isWide = timeWaitLatestSeconds - timeWaitSeconds >= WIDE;
  const latest = isWide ? ` to ${duration(timeWaitLatestSeconds)}` : '';
  const finWait2 = finWait2Seconds === null ? 'no FIN_WAIT_2 timer' : `FIN_WAIT_2 ${duration(finWait2Seconds)}`;
  return `TIME_WAIT ${duration(timeWaitSeconds)}${latest}, ${finWait2}`;
}
