/** The verdict in words: who closed first, where TIME_WAIT therefore lies, and what did not end as it should. */

import type { Flow, Report, Side } from '../report/types.ts';
import { addressPort, count, duration, list, moment, percent, plural } from '../words.ts';
import { isComplete } from './complete.ts';
import { FORGOTTEN, headline, isWell } from './headline.ts';
import { lingering, timeWaitPeak, timeWaitPlace, whichSide } from './lingering.ts';
import { isForeign, resetPhrase } from './reset-words.ts';

/** Who ended the connections, as far as totals and the listed flows tell. */
export interface Tally {
  /** connections that ended by FIN; where flows were left out, those that ended by RST too */
  closed: number;
  client: number;
  server: number;
  both: number;
  unknown: number;
  /** whether aborts (RST without FIN) are among them */
  withAborts: boolean;
}

export function tally(report: Report): Tally {
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
  let device = 0;
  for (const { kind, reset } of report.flows) {
    if (kind !== 'aborted') continue;
    if (isForeign(reset)) device++;
    else by[reset?.by ?? 'unknown']++;
  }
  const parts: string[] = [];
  if (by.server > 0) parts.push(`the server in ${count(by.server)}`);
  if (by.client > 0) parts.push(`the client in ${count(by.client)}`);
  if (device > 0) parts.push(`a device on the way (probably) in ${count(device)}`);
  if (by.unknown > 0) parts.push(`a sender not known in ${count(by.unknown)}`);
  return list(parts);
}

/** Why the packets don't tell who closed first: what the flows that don't have in common. */
function whyUnknown(flows: readonly Flow[]): string {
  const untold = flows.filter(({ initiator }) => initiator === 'unknown');
  const all = (test: (flow: Flow) => boolean): boolean => untold.length > 0 && untold.every(test);
  if (all(({ packets }) => packets.client === 0)) return "only the server's packets were captured";
  if (all(({ packets }) => packets.server === 0)) return "only the client's packets were captured";
  if (all(({ notes }) => notes.includes('one-direction'))) return 'only one direction of each was captured';
  if (all(({ notes }) => notes.includes('midstream'))) return 'the capture begins in the middle of them';
  return 'the capture lacks the segments that would show it';
}

function whoClosed(report: Report, t: Tally): string {
  const did = t.withAborts ? 'began the end' : 'closed first';
  const share = (n: number): string =>
    n === 1 && t.closed === 1
      ? 'in the only one that closed'
      : n === t.closed
        ? `in all ${count(n)} that closed`
        : `in ${count(n)} of ${count(t.closed)} that closed (${percent(n, t.closed)})`;
  const half = t.closed / 2;
  if (t.server > half) return `The server ${did} ${share(t.server)}${timeWaitClause(report, 'server')}.`;
  if (t.client > half) return `The client ${did} ${share(t.client)}${timeWaitClause(report, 'client')}.`;
  if (t.both > half) return `Both sides closed at the same time ${share(t.both)}${timeWaitClause(report, 'both')}.`;
  if (t.unknown > half) {
    const which =
      t.unknown === t.closed ? `for any of the ${count(t.closed)}` : `for ${count(t.unknown)} of ${count(t.closed)}`;
    return `Who ${did} can't be told ${t.closed === 1 ? 'for the only one' : which} that closed: ${whyUnknown(report.flows)}.`;
  }
  const parts = (['server', 'client'] as const)
    .filter((side) => t[side] > 0)
    .map((side) => `the ${side} in ${count(t[side])}`);
  if (t.both > 0) parts.push(`both at once in ${count(t.both)}`);
  if (t.unknown > 0) parts.push(`not known in ${count(t.unknown)}`);
  const place = timeWaitPlace(report)?.words ?? 'Sockets in TIME_WAIT';
  const states = report.totals.timeWait.count > 0 ? ` ${place}${timeWaitPeak(report)}.` : '';
  return `Who ${did} differs over ${count(t.closed)} that closed: ${list(parts)}.${states}`;
}

/** ", so TIME_WAIT is on the server's ports", where it was seen: not always where most closed first. */
function timeWaitClause(report: Report, closer: Side | 'both'): string {
  const lingered = report.totals.timeWait.count;
  if (lingered === 0) return '; none was seen to reach TIME_WAIT';
  const place = timeWaitPlace(report);
  const peak = timeWaitPeak(report);
  if (place === null) return `; sockets in TIME_WAIT${peak}`;
  if (place.side === closer) return `, so ${place.words}${peak}`;
  if (place.side === 'both') return `; ${place.words}${peak}`;
  const owner = place.side === 'server' ? "the server's" : "the client's";
  return lingered === 1 ? `, yet the only TIME_WAIT is ${owner}${peak}` : `, yet ${place.words}${peak}`;
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
  if (flow.kind === 'aborted' && isForeign(flow.reset)) {
    return `It was aborted without a FIN: ${resetPhrase(flow.reset ?? { by: null, cause: null })}.`;
  }
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
  if (flow.notes.includes('self-connect')) return `The socket ${client} was connected to itself${then}.`;
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
  // Every TCP packet is one of a connection's.
  return `No connection matches --where; the capture holds ${plural(capture.tcpPackets, 'TCP packet')}.`;
}

/** " from 12:03:10 to 12:04:08": when the connections of a kind began; of those listed, where some were left out. */
function span(report: Report, kind: 'refused' | 'unanswered'): string {
  const reference = report.capture.firstPacket;
  const began = report.flows.filter((flow) => flow.kind === kind).map(({ firstPacket }) => firstPacket);
  const [first, last] = [began.sort()[0], began.at(-1)];
  if (first === undefined || last === undefined) return '';
  const [from, to] = [moment(first, reference), moment(last, reference)];
  const some = isComplete(report) ? '' : ' at least';
  return from === to ? ` at ${from}` : `${some} from ${from} to ${to}`;
}

/** What the main sentence leaves out: " Besides, 2 were refused and 3 were still open at the end." */
function besides(report: Report, withAborts: boolean): string {
  const { aborted = 0, refused = 0, unanswered = 0, open = 0 } = report.totals.byKind;
  const were = (n: number): string => `${count(n)} ${n === 1 ? 'was' : 'were'}`;
  const parts: string[] = [];
  if (aborted > 0 && withAborts) {
    const aborts = report.flows.filter(({ kind }) => kind === 'aborted');
    const device = aborts.length > 0 && aborts.every(({ reset }) => isForeign(reset));
    parts.push(`${were(aborted)} aborted by RST${device ? ', probably made by a device on the way' : ''}`);
  }
  if (refused > 0) parts.push(`${were(refused)} refused${span(report, 'refused')}`);
  if (unanswered > 0) parts.push(`${count(unanswered)} got no answer${span(report, 'unanswered')}`);
  if (open > 0) parts.push(`${were(open)} still open at the end`);
  return parts.length > 0 ? ` Besides, ${list(parts)}.` : '';
}

/** " An RST cut 9 short. 12 sockets were in CLOSE_WAIT on the server's side for up to 1 min 26 s." */
function trouble(report: Report, closed: number): string {
  const cut = report.totals.byKind['aborted-after-fin'] ?? 0;
  const held = lingering(report.flows, 'CLOSE_WAIT', FORGOTTEN);
  const parts: string[] = [];
  if (cut > 0) parts.push(` An RST cut ${cut === closed ? (cut === 1 ? 'it' : 'all of them') : count(cut)} short.`);
  if (held !== null) {
    const were = held.sockets === 1 ? '1 socket was' : `${count(held.sockets)} sockets were`;
    const most = held.sockets === 1 ? `for ${duration(held.longest)}` : `for up to ${duration(held.longest)}`;
    parts.push(` ${were} in CLOSE_WAIT ${whichSide(held)} ${most}.`);
  }
  return parts.join('');
}

/** Nothing but aborts, and connections that never were or never ended. */
function onlyAborts(report: Report, aborted: number): string {
  const all = report.totals.flows;
  const who = isComplete(report) ? `; the RST came from ${aborters(report)}` : '';
  const which = aborted === all ? `All ${count(all)} were` : aborted === 1 ? '1 was' : `${count(aborted)} were`;
  return `${which} aborted by RST, without any FIN${who}. An abort leaves no TIME_WAIT.${besides(report, false)}`;
}

/** The report in a few sentences: what is wrong, and what was seen. Each is plain text on a line, without names of files. */
export interface Verdict {
  /** the most severe finding and its remedy; null where there is nothing worse than worth knowing */
  wrong: string | null;
  seen: string;
}

export function verdict(report: Report): Verdict {
  const wrong = headline(report);
  const seen = whatWasSeen(report, wrong !== null);
  const isFine = wrong === null && report.totals.flows > 1 && isWell(report);
  return { wrong, seen: isFine ? `${seen} Nothing to worry about was found.` : seen };
}

/** @param isShort findings tell what did not end as it should */
function whatWasSeen(report: Report, isShort: boolean): string {
  const { totals, capture } = report;
  if (totals.flows === 0) return noFlows(report);
  const first = `${plural(totals.flows, 'connection')} in ${duration(capture.seconds)}.`;
  const only = report.flows[0];
  if (totals.flows === 1 && only !== undefined) return `${first} ${theOne(only, capture.firstPacket)}`;
  const { aborted = 0, refused = 0, unanswered = 0, open = 0 } = totals.byKind;
  const all = totals.flows;
  if (open === all) return `${first} None of them closed while the capture ran: neither FIN nor RST was seen.`;
  if (refused === all) return `${first} All were refused${span(report, 'refused')}: nobody listens where they went.`;
  if (unanswered === all) return `${first} None of them got an answer to its SYN${span(report, 'unanswered')}.`;
  if (aborted > 0 && aborted + refused + unanswered + open >= all) return `${first} ${onlyAborts(report, aborted)}`;
  const closers = tally(report);
  if (closers.closed === 0) return `${first} None of them closed while the capture ran.${besides(report, true)}`;
  const who = `${first} ${whoClosed(report, closers)}`;
  if (isShort) return who;
  const half = totals.byKind['half-closed'] ?? 0;
  const waiting = half > 0 ? ` ${count(half)} closed on one side only.` : '';
  const aborts = closers.withAborts ? ` ${count(aborted)} of these ended by RST without a FIN.` : '';
  return `${who}${aborts}${trouble(report, closers.closed)}${waiting}${besides(report, !closers.withAborts)}`;
}
