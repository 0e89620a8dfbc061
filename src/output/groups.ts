/** The flows that matter most, those that ended alike together. */

import type { Finding, Flow, Report } from '../report/types.ts';
import { range } from './lingering.ts';
import { noteLabels } from './notes.ts';
import { isForeign, resetPhrase } from './reset-words.ts';
import { severityOf } from './survey.ts';

/** Flows with one explanation, the most interesting first. */
export interface FlowGroup {
  flows: Flow[];
  /** how they ended, by whom, what was odd */
  words: string;
}

/** Flows of a group that are shown, where there are several groups. */
const ALIKE = 3;
/** Seconds in a state from which a flow lingered. */
const LINGERED = 1;

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

/** The longer of both ends' stays, seconds. */
function longest(flow: Flow, field: 'closeWaitSeconds' | 'finWait2Seconds'): number {
  return Math.max(flow.endpoints.client[field] ?? 0, flow.endpoints.server[field] ?? 0);
}

function lingered(flow: Flow): number {
  return Math.max(longest(flow, 'closeWaitSeconds'), longest(flow, 'finWait2Seconds'));
}

/**
 * How much a flow matters: the greater the more.
 * @param cited of citations()
 */
export function interest(flow: Flow, cited: number): number {
  const { client, server } = flow.endpoints;
  const reused = flow.reuse?.inTimeWait === true ? 20 : 0;
  const killed = client.timeWait?.endedBy === 'rst' || server.timeWait?.endedBy === 'rst' ? 20 : 0;
  const odd = 2 * noteLabels(flow.notes).length;
  // Seconds matter by their size: a CLOSE_WAIT of a minute outweighs one of a second, an hour hardly a minute.
  return cited * 100 + KIND_WEIGHT[flow.kind] + 12 * Math.log10(1 + lingered(flow)) + reused + killed + odd;
}

function endWords({ kind, reset, initiator }: Flow): string {
  const rst = reset === null || reset.frame === null ? null : resetPhrase(reset);
  const first = initiator === 'client' || initiator === 'server' ? initiator : null;
  switch (kind) {
    case 'graceful': {
      const who = first === null ? '' : `, the ${first} first`;
      return `closed by a FIN from each side${who}${rst === null ? '' : `, then ${rst}`}`;
    }
    case 'simultaneous':
      return `closed by both sides at the same time${rst === null ? '' : `, then ${rst}`}`;
    case 'half-closed':
      return first === null ? 'closed by one side only' : `closed by the ${first} only`;
    case 'aborted-after-fin':
      if (rst !== null && reset?.by === first && !isForeign(reset)) return `FIN, later ${rst}`;
      return `FIN${first === null ? '' : ` by the ${first}`}, then ${rst ?? 'RST'}`;
    case 'aborted':
      return `aborted${rst === null ? ' by RST' : `, ${rst}`}`;
    case 'refused':
      return 'refused by RST: nobody listens';
    case 'unanswered':
      return 'the SYN got no answer';
    case 'open':
      return 'still open: neither FIN nor RST';
  }
}

/** What is odd about a flow, in few words. */
export function oddWords({ reset, reuse, notes }: Flow): string[] {
  const parts = noteLabels(notes);
  // After the RST that ended it others mean nothing.
  if (reset !== null && reset.frame === null && reset.ignored > 0) parts.push('RST ignored');
  if (reuse !== null) parts.push(`ports used again${reuse.inTimeWait ? ' in TIME_WAIT' : ''}, ${reuse.outcome}`);
  return parts;
}

/** How a flow ended and what was odd about it: equal for flows of a group. */
export function explanation(flow: Flow): string {
  return [endWords(flow), ...oddWords(flow)].join('; ');
}

function lingerWords(flows: readonly Flow[]): string {
  const field = flows.some((flow) => longest(flow, 'closeWaitSeconds') >= LINGERED)
    ? 'closeWaitSeconds'
    : 'finWait2Seconds';
  const stays = flows.map((flow) => longest(flow, field));
  const [least, most] = [stays.reduce((a, b) => Math.min(a, b)), stays.reduce((a, b) => Math.max(a, b))];
  if (most < LINGERED) return '';
  return `; ${field === 'closeWaitSeconds' ? 'CLOSE_WAIT' : 'FIN_WAIT_2'} ${range(least, most)}`;
}

/** By a flow's id, how severe the worst finding is that cites it. */
export function citations(findings: readonly Finding[]): ReadonlyMap<number, number> {
  const cited = new Map<number, number>();
  for (const finding of findings) {
    for (const id of finding.flows) cited.set(id, Math.max(cited.get(id) ?? 0, severityOf(finding)));
  }
  return cited;
}

/** The listed flows: those that severe findings cite, then trouble before order, long lingering before short. */
function ranked(report: Report): Flow[] {
  const cited = citations(report.findings);
  return report.flows
    .map((flow) => ({ flow, score: interest(flow, cited.get(flow.id) ?? 0) }))
    .sort((a, b) => b.score - a.score || a.flow.id - b.flow.id)
    .map(({ flow }) => flow);
}

/** The listed flows in groups, the most interesting flows and groups first. */
export function groupFlows(report: Report): FlowGroup[] {
  return grouped(ranked(report));
}

function grouped(flows: readonly Flow[]): FlowGroup[] {
  const groups = new Map<string, FlowGroup>();
  for (const flow of flows) {
    const words = explanation(flow);
    const key = `${words} ${flow.kind} ${flow.initiator} ${lingered(flow) >= LINGERED}`;
    const group = groups.get(key) ?? { flows: [], words };
    group.flows.push(flow);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ flows, words }) => ({ flows, words: words + lingerWords(flows) }));
}

/** How many flows of each group to show, `most` in all: one of every group, then a few of the first. */
export function shares(groups: readonly FlowGroup[], most: number): number[] {
  const shown = groups.map((_, index) => (index < most ? 1 : 0));
  let left = most - Math.min(groups.length, most);
  return shown.map((one, index) => {
    const alike = groups.length === 1 ? most : ALIKE;
    const more = one === 0 ? 0 : Math.min(left, alike - 1, (groups[index]?.flows.length ?? 0) - 1);
    left -= more;
    return one + more;
  });
}

/** The flows that matter most, a few of each group, the groups in order. */
export function mattersMost(report: Report, most: number): Flow[] {
  const groups = groupFlows(report);
  const shown = shares(groups, most);
  return groups.flatMap(({ flows }, index) => flows.slice(0, shown[index]));
}

/** All listed flows in the order in which they are wanted: those that findings cite, a few of each group, the others. */
export function byInterest(report: Report): Flow[] {
  const flows = ranked(report);
  const cited = new Set(report.findings.flatMap((finding) => finding.flows));
  const few = grouped(flows).flatMap((group) => group.flows.slice(0, ALIKE));
  return [...new Set([...flows.filter(({ id }) => cited.has(id)), ...few, ...flows])];
}
