/** The answers that readers come for, a few words each. */

import type { Flow, Kind, PortLedger, Report } from '../../report/types.ts';
import { addressPort, count, duration, list, moment, secondsBetween } from '../../words.ts';
import { isComplete } from '../complete.ts';
import { lingering } from '../lingering.ts';
import { tally } from '../verdict.ts';

export interface Answer {
  question: string;
  answer: string;
  detail: string;
  /** whether it is trouble: then it is marked */
  isBad: boolean;
}

export function atAGlance(report: Report): Answer[] {
  if (report.totals.flows === 0) return [];
  return [closedFirst(report), blocked(report), timeWait(report), badEnds(report), longest(report)];
}

function closedFirst(report: Report): Answer {
  const closers = tally(report);
  const question = closers.withAborts ? 'Who began the end' : 'Who closed first';
  const { closed } = closers;
  if (closed === 0) return { question, answer: 'nobody', detail: 'no connection closed by FIN', isBad: false };
  const names = { server: 'the server', client: 'the client', both: 'both at once', unknown: 'not known' } as const;
  const sides = (['server', 'client', 'both', 'unknown'] as const)
    .filter((side) => closers[side] > 0)
    .sort((a, b) => closers[b] - closers[a]);
  const [first, ...others] = sides;
  const rest = others.map((side) => `${names[side]} in ${count(closers[side])}`);
  const share = `in ${count(closers[first!])} of ${count(closed)} that closed`;
  return { question, answer: names[first!], detail: [share, ...rest].join('; '), isBad: false };
}

function blocked(report: Report): Answer {
  const question = 'Which port could not be bound';
  const reference = report.capture.firstPacket;
  const found = report.findings.filter(({ rule, severity }) => rule === 'bind-blocked' && severity !== 'info');
  const [first] = found;
  if (first !== undefined) {
    const from = first.at === null ? '' : `from ${moment(first.at, reference)} `;
    const until = first.until === null ? 'no end in sight' : `until about ${moment(first.until, reference)}`;
    const more = found.length > 1 ? `; and ${count(found.length - 1)} more` : '';
    return { question, answer: first.endpoint ?? 'several', detail: from + until + more, isBad: true };
  }
  const used = report.findings.find(({ rule, severity }) => rule === 'ephemeral-exhaustion' && severity !== 'info');
  if (used !== undefined) {
    const from = used.at === null ? '' : `, from ${moment(used.at, reference)} on`;
    return {
      question,
      answer: 'ports of a client',
      detail: `those for new connections were used up${from}`,
      isBad: true,
    };
  }
  const { lastPacket } = report.capture;
  const [latest] = report.ports
    .filter((port) => port.role === 'server' && lastPacket !== null && isHeldBehind(port, lastPacket))
    .sort((a, b) => (a.freeAt! < b.freeAt! ? 1 : -1));
  const wait =
    latest === undefined
      ? 'nor would one be after the last packet'
      : `a restart of ${addressPort(latest)} may have to wait until ${moment(latest.freeAt!, reference)}`;
  return { question, answer: 'none seen', detail: wait, isBad: false };
}

/** Seconds behind the last packet that nobody would notice. */
const MOMENT = 1;

/** Whether sockets without an owner stay on a port after the last packet. */
function isHeldBehind({ freeAt, intervals }: PortLedger, last: string): boolean {
  if (freeAt === null || secondsBetween(last, freeAt) < MOMENT) return false;
  return intervals.some(({ bindFails }) => bindFails.neither === true);
}

function timeWait({ totals, capture }: Report): Answer {
  const { peak, peakAt, until } = totals.timeWait;
  const question = 'Most in TIME_WAIT at once';
  if (peak === 0) return { question, answer: 'none', detail: 'no socket was seen to reach it', isBad: false };
  const at = peakAt === null ? '' : `at ${moment(peakAt, capture.firstPacket)}`;
  const gone = until === null ? '' : `; the last is gone by ${moment(until, capture.firstPacket)}`;
  return { question, answer: count(peak), detail: at + gone, isBad: false };
}

const BAD: readonly [Kind, string][] = [
  ['refused', 'refused'],
  ['unanswered', 'got no answer'],
  ['aborted', 'aborted by RST'],
  ['aborted-after-fin', 'cut by RST after a FIN'],
  ['half-closed', 'closed by one side only'],
];

function badEnds({ totals }: Report): Answer {
  const parts = BAD.map(([kind, words]) => [totals.byKind[kind] ?? 0, words] as const).filter(([n]) => n > 0);
  const all = parts.reduce((sum, [n]) => sum + n, 0);
  const question = 'Not closed in good order';
  if (all === 0) return { question, answer: 'none', detail: `of ${count(totals.flows)}`, isBad: false };
  const words = parts.sort((a, b) => b[0] - a[0]).map(([n, text]) => `${count(n)} ${text}`);
  return { question, answer: `${count(all)} of ${count(totals.flows)}`, detail: list(words), isBad: true };
}

/** Seconds in CLOSE_WAIT that nobody need look at. */
const SHORT = 1;

function longest(report: Report): Answer {
  const question = 'Longest in CLOSE_WAIT or FIN_WAIT_2';
  const waits = (['CLOSE_WAIT', 'FIN_WAIT_2'] as const).map((state) => ({
    state,
    held: lingering(report.flows, state, 0),
  }));
  const [worst] = waits.filter(({ held }) => held !== null).sort((a, b) => b.held!.longest - a.held!.longest);
  if (worst?.held == null) return { question, answer: 'none', detail: 'no half-closed connection', isBad: false };
  const side = sideOf(report.flows, worst.state, worst.held.longest);
  const listed = isComplete(report) ? '' : ', of those listed';
  const isBad = worst.state === 'CLOSE_WAIT' && worst.held.longest >= SHORT;
  return { question, answer: duration(worst.held.longest), detail: `in ${worst.state} at ${side}${listed}`, isBad };
}

function sideOf(flows: readonly Flow[], state: string, seconds: number): string {
  const flow = flows.find(({ endpoints }) =>
    endpoints.client.states.some((span) => span.state === state && span.seconds === seconds),
  );
  return flow === undefined ? 'a server' : 'a client';
}
