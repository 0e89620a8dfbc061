/** The verdict in words: who closed first, where TIME_WAIT therefore lies, and what did not end as it should. */

import type { Flow, Report } from '../report/types.ts';
import { addressPort, count, duration, list, moment, percent, plural } from './words.ts';

/** Who ended the connections, as far as totals and the listed flows tell. */
interface Tally {
  /** connections that ended by FIN; where flows were left out, those that ended by RST too */
  closed: number;
  client: number;
  server: number;
  both: number;
  unknown: number;
  /** whether aborts (RST without FIN) are among them */
  withAborts: boolean;
}

/** Whether every flow that totals count is listed. */
export function isComplete(report: Report): boolean {
  return report.flows.length >= report.totals.flows;
}

function tally(report: Report): Tally {
  const { byInitiator, byKind } = report.totals;
  if (isComplete(report)) {
    const counts = { client: 0, server: 0, both: 0, unknown: 0 };
    for (const flow of report.flows) {
      if (flow.initiator !== null && flow.kind !== 'aborted' && flow.kind !== 'refused') counts[flow.initiator]++;
    }
    const closed = counts.client + counts.server + counts.both + counts.unknown;
    return { ...counts, closed, withAborts: false };
  }
  const { client = 0, server = 0, both = 0, unknown = 0 } = byInitiator;
  // A refused connection has the server as its initiator, but never was one.
  const closedByServer = Math.max(0, server - (byKind.refused ?? 0));
  const closed = client + closedByServer + both + unknown;
  return { closed, client, server: closedByServer, both, unknown, withAborts: (byKind.aborted ?? 0) > 0 };
}

/** "the server in 9 and the client in 2", from the listed aborts. */
function aborters(report: Report): string {
  const by = { server: 0, client: 0, unknown: 0 };
  for (const flow of report.flows) if (flow.kind === 'aborted') by[flow.reset?.by ?? 'unknown']++;
  const parts: string[] = [];
  if (by.server > 0) parts.push(`the server in ${count(by.server)}`);
  if (by.client > 0) parts.push(`the client in ${count(by.client)}`);
  if (by.unknown > 0) parts.push(`a sender not known in ${count(by.unknown)}`);
  return list(parts);
}

/** ": at most 47 at once, at 12:03:10". */
function peak(report: Report): string {
  const { peak: most, peakAt } = report.totals.timeWait;
  if (most < 1) return '';
  return `: at most ${count(most)} at once${peakAt === null ? '' : `, at ${moment(peakAt, report.capture.firstPacket)}`}`;
}

function whoClosed(report: Report, t: Tally): string {
  const { count: lingering } = report.totals.timeWait;
  const did = t.withAborts ? 'began the end' : 'closed first';
  const share = (n: number): string =>
    n === 1 && t.closed === 1
      ? 'in the only one that closed'
      : n === t.closed
        ? `in all ${count(n)} that closed`
        : `in ${count(n)} of ${count(t.closed)} that closed (${percent(n, t.closed)})`;
  const holds = (where: string): string =>
    lingering > 0 ? `, so ${where}${peak(report)}` : '; none was seen to reach TIME_WAIT';
  const half = t.closed / 2;
  if (t.server > half) return `The server ${did} ${share(t.server)}${holds("TIME_WAIT is on the server's ports")}.`;
  if (t.client > half)
    return `The client ${did} ${share(t.client)}${holds("TIME_WAIT is on the clients' ports, not the server's")}.`;
  if (t.both > half) return `Both sides closed at the same time ${share(t.both)}${holds('TIME_WAIT is on both ends')}.`;
  if (t.unknown > half) {
    return `Who ${did} can't be told ${share(t.unknown)}: the capture lacks the segments that would show it.`;
  }
  const parts = (['server', 'client'] as const)
    .filter((side) => t[side] > 0)
    .map((side) => `the ${side} in ${count(t[side])}`);
  if (t.both > 0) parts.push(`both at once in ${count(t.both)}`);
  if (t.unknown > 0) parts.push(`not known in ${count(t.unknown)}`);
  const states = lingering > 0 ? ` Sockets in TIME_WAIT${peak(report)}.` : '';
  return `Who ${did} differs over ${count(t.closed)} that closed: ${list(parts)}.${states}`;
}

/** The only connection of a capture, by name. */
function theOne(flow: Flow, reference: string | null): string {
  const server = addressPort(flow.server);
  const client = addressPort(flow.client);
  if (flow.kind === 'refused') return `The server ${server} refused it: nobody listens there.`;
  if (flow.kind === 'unanswered') return `${server} never answered the SYN of ${client}.`;
  if (flow.kind === 'open') return 'It was still open when the capture ended: neither FIN nor RST was seen.';
  const name = { client: `The client ${client}`, server: `The server ${server}` };
  const by = flow.reset?.by;
  if (flow.kind === 'aborted') {
    const who = by === 'client' || by === 'server' ? name[by] : 'Somebody';
    return `${who} aborted it by RST, without a FIN: an abort leaves no TIME_WAIT.`;
  }
  const held = (['server', 'client'] as const).flatMap((side) => {
    const timeWait = flow.endpoints[side].timeWait;
    if (timeWait === null) return [];
    if (timeWait.endedBy === 'reuse' || timeWait.endedBy === 'rst') {
      const how = timeWait.endedBy === 'rst' ? 'an RST' : 'a new connection';
      return [`the ${side}'s port was in TIME_WAIT until ${how} ended it early`];
    }
    const until = `${timeWait.basis === 'assumed' ? '~' : ''}${moment(timeWait.until, reference)}`;
    return [`the ${side}'s port is in TIME_WAIT until ${until}`];
  });
  const then = held.length > 0 ? `; ${held.join(', and ')}` : '';
  const cut = flow.kind === 'aborted-after-fin' ? ', and an RST cut the close short' : '';
  const waits = flow.kind === 'half-closed' ? ', and the other side had not closed when the capture ended' : '';
  if (flow.initiator === 'client' || flow.initiator === 'server')
    return `${name[flow.initiator]} closed first${cut}${waits}${then}.`;
  if (flow.initiator === 'both') return `Both sides closed at the same time${cut}${then}.`;
  return `Which side closed first can't be told from these packets${cut}${waits}${then}.`;
}

function noFlows({ capture }: Report): string {
  if (capture.packets === 0) return 'The capture holds no packets.';
  if (capture.tcpPackets === 0) {
    const reasons = Object.entries(capture.skipped).sort((a, b) => b[1] - a[1]);
    const why =
      reasons.length > 0
        ? ` (${list(
            reasons.map(([reason, n]) => `${count(n)} ${reason}`),
            3,
          )})`
        : '';
    return `No TCP in this capture: ${plural(capture.packets, 'packet')}, none of them TCP that can be read${why}.`;
  }
  return `No connection is listed, though the capture holds ${plural(capture.tcpPackets, 'TCP packet')}.`;
}

/** What the main sentence leaves out: " Besides, 2 were refused and 3 were still open at the end." */
function besides({ totals }: Report, withAborts: boolean): string {
  const { aborted = 0, refused = 0, unanswered = 0, open = 0 } = totals.byKind;
  const were = (n: number): string => `${count(n)} ${n === 1 ? 'was' : 'were'}`;
  const parts: string[] = [];
  if (aborted > 0 && withAborts) parts.push(`${were(aborted)} aborted by RST`);
  if (refused > 0) parts.push(`${were(refused)} refused`);
  if (unanswered > 0) parts.push(`${count(unanswered)} got no answer`);
  if (open > 0) parts.push(`${were(open)} still open at the end`);
  return parts.length > 0 ? ` Besides, ${list(parts)}.` : '';
}

/** Nothing but aborts, and connections that never were or never ended. */
function onlyAborts(report: Report, aborted: number): string {
  const all = report.totals.flows;
  const who = isComplete(report) ? `; the RST came from ${aborters(report)}` : '';
  const which = aborted === all ? `All ${count(all)} were` : aborted === 1 ? '1 was' : `${count(aborted)} were`;
  return `${which} aborted by RST, without any FIN${who}. An abort leaves no TIME_WAIT.${besides(report, false)}`;
}

/** The report in one to four sentences. Plain text on one line, without the names of files. */
export function verdict(report: Report): string {
  const { totals, capture } = report;
  if (totals.flows === 0) return noFlows(report);
  const first = `${plural(totals.flows, 'connection')} in ${duration(capture.seconds)}.`;
  const only = report.flows[0];
  if (totals.flows === 1 && only !== undefined) return `${first} ${theOne(only, capture.firstPacket)}`;
  const { aborted = 0, refused = 0, unanswered = 0, open = 0 } = totals.byKind;
  const all = totals.flows;
  if (open === all) return `${first} None of them closed while the capture ran: neither FIN nor RST was seen.`;
  if (refused === all) return `${first} All were refused: nobody listens where they went.`;
  if (unanswered === all) return `${first} None of them got an answer to its SYN.`;
  if (aborted > 0 && aborted + refused + unanswered + open >= all) return `${first} ${onlyAborts(report, aborted)}`;
  const closers = tally(report);
  if (closers.closed === 0) return `${first} None of them closed while the capture ran.${besides(report, true)}`;
  const half = totals.byKind['half-closed'] ?? 0;
  const waiting = half > 0 ? ` ${count(half)} closed on one side only.` : '';
  const aborts = closers.withAborts ? ` ${count(aborted)} of these ended by RST without a FIN.` : '';
  return `${first} ${whoClosed(report, closers)}${aborts}${waiting}${besides(report, !closers.withAborts)}`;
}
