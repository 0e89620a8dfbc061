import { count, duration, list, percent, plural } from '../words.ts';
import type { Context } from './context.ts';
import { earliest, groupBy, latest, MOST_GROUPS } from './groups.ts';
import { closedListenersOf } from './listeners.ts';
import { WRONG_ADVICE } from './remedies.ts';
import { patternsOf } from './reset-pattern.ts';
import { FAREWELL, isFarewell, type Loss, type Reset, resetsOf } from './resets.ts';
import type { Draft, Rule } from './rule.ts';
import { stopsOf } from './stops.ts';

/** Connections, and their share of a service's, from which clients are hit and not one program. */
const MANY = 5;
const SHARE = 0.05;
/** Of those that only may have lost data. */
const SOME = 3;
/** Bytes that a program may have sent as it ended: an empty line, a goodbye. */
const LITTLE = 16;
/** Services of which one connection each may have lost data: so many are told of one by one. */
const FEW = 2;

/** An RST threw data away. */
export const resetDataLoss: Rule = {
  name: 'reset-data-loss',
  title: 'A connection reset threw data away',
  fires:
    'so many connections of a service ended by an RST of one end while data of the other was on its way, unread, or without its answer',
  rfc: 'RFC 1122 section 4.2.2.13; RFC 2525 section 2.17',
  threshold: { unit: 'count', default: 1, min: 1, max: 1e6, of: 'connections of a service so ended' },
  explanation: {
    means:
      'One end ended the connection by an RST although the other had sent data that was not read: that data is gone, and the other end sees "connection reset by peer" (ECONNRESET).',
    why: [
      'A kernel sends an RST instead of a FIN when a socket is closed while received data is still in its buffer: the program closed without reading to the end, or it died (killed, crashed, out of memory). RFC 1122 asks for this, so that the sender learns that its data was not read.',
      'It also sends one when data reaches a socket that was closed, and when the program asked for it by SO_LINGER with 0 s. The RST discards what its receiver has sent, and on many systems also what the receiver has not yet read: an answer that was sent just before can be lost with it.',
      'A server that closes an idle connection at the moment when a client sends its next request makes the same picture: the request meets a closed socket.',
    ],
    doThis: [
      'At the end that sent the RST: look for a process that died at that time (`journalctl`, `dmesg` for the OOM killer, core dumps), and for code that closes without reading the rest of a request: error paths, size limits, timeouts.',
      'To refuse an upload without an RST: send the answer, `shutdown(SHUT_WR)`, read and discard until the peer closes or a timeout ends, then close. nginx does it (`lingering_close`, `lingering_time`); Go does for a short time; in Node let the request run out (`req.resume()`) before the socket is destroyed; Python: read until `recv()` returns nothing; Java: `shutdownOutput()`, then read to the end.',
      'Against requests that meet a closed idle connection: the client (or the proxy) should have a shorter idle timeout than the server (nginx `keepalive_timeout`, Node `server.keepAliveTimeout`, Go `IdleTimeout`), and send idempotent requests again.',
    ],
    wrongAdvice: [WRONG_ADVICE.linger, WRONG_ADVICE.finTimeout],
    unproven: [
      'Packets do not show what a program has read. `nstat -az TcpExtTCPAbortOnClose` at the sender of the RST counts closes with unread data, `TcpExtTCPAbortOnData` those by SO_LINGER 0 and of data after a close.',
    ],
  },
  find: (context) => {
    // What something on the path does to many is told there.
    const told = new Set(patternsOf(context).flatMap(({ all }) => all.map(({ flow }) => flow.id)));
    for (const { pending } of closedListenersOf(context)) for (const { id } of pending) told.add(id);
    for (const { waiting } of stopsOf(context)) for (const { id } of waiting) told.add(id);
    const resets = resetsOf(context).filter(({ flow }) => !told.has(flow.id));
    const lost = resets.filter(({ loss }) => loss !== null);
    const harmless = resets.filter(({ loss, reset }) => loss === null && reset.isAbort);
    const others = new Map(groupBy(harmless, endOf).map(([end, all]) => [end, all.length]));
    const groups = groupBy(lost, endOf);
    const limit = context.threshold('reset-data-loss');
    const drafts = groups
      .filter(([, all]) => all.length >= limit)
      .map(([end, all]) => draftOf(context, all, others.get(end) ?? 0));
    // One that may have lost data says little; several such are told of together.
    const weak = drafts.filter(({ flowCount, confidence }) => flowCount === 1 && confidence === 'possible');
    const each = weak.length > FEW ? drafts.filter((draft) => !weak.includes(draft)) : drafts;
    const rest = [...each.slice(MOST_GROUPS), ...(weak.length > FEW ? weak : [])];
    if (rest.length === 0) return each;
    const named = each.slice(0, MOST_GROUPS);
    return [...named, restOf(rest, named.length === 0 ? 'service' : 'other service')];
  },
};

/** Which end of which service sent it. */
const endOf = ({ flow, reset }: Reset): string => `${flow.service} ${reset.by}`;

const WORDS: Record<Loss, (other: string) => string> = {
  unread: (other) => `the RST is the first to acknowledge the last data of the ${other}`,
  'after-close': (other) => `data of the ${other} reached a socket that was closed already`,
  unknown: (other) =>
    `data of the ${other} was answered by an RST without ACK, as of a system that does not know the connection`,
  cut: (other) => `data of the ${other} was never acknowledged`,
  unanswered: (other) => `the ${other} had spoken last, and the RST came instead of an answer`,
};

/** @param others aborts of the same end by which nothing seems lost */
function draftOf(context: Context, all: readonly Reset[], others: number): Draft {
  const [{ flow: first, reset: sample }] = all as [Reset, ...Reset[]];
  const endpoint = context.service(first.service);
  const { by } = sample;
  const other = by === 'client' ? 'server' : 'client';
  const flows = Math.max(all.length, context.counts(first.service)?.flows ?? 0);
  const byLoss = groupBy(all, ({ loss }) => loss!);
  const cut = all.reduce((sum, { reset }) => sum + reset.cut, 0);
  const sure = all.filter(({ loss }) => loss !== 'unanswered');
  const who = by === 'path' ? 'something on the path' : `the ${by}`;
  const ways = list(
    byLoss.map(([loss, of]) => `${all.length === 1 ? '' : `in ${count(of.length)} `}${WORDS[loss](other)}`),
  );
  const isForgotten = by !== 'path' && byLoss.every(([loss]) => loss === 'unknown');
  const share =
    flows === 1
      ? 'The connection'
      : `Of ${count(flows)} connections ${count(all.length)} (${percent(all.length, flows)})`;
  const frames = [...sure, ...all].map(({ reset }) => reset.frame);
  return {
    severity: severityOf(all, sure, flows, by),
    title:
      by === 'path'
        ? `RSTs from the path cut ${plural(all.length, 'connection')} of ${endpoint} while data was on its way`
        : isForgotten
          ? by === 'server'
            ? `${endpoint} did not know ${count(all.length)} of ${plural(flows, 'connection')} any more when the client sent data: RST`
            : `The client of ${count(all.length)} of ${plural(flows, 'connection')} to ${endpoint} did not know ${all.length === 1 ? 'it' : 'them'} any more when the server sent data: RST`
          : by === 'server'
            ? `${endpoint} reset ${count(all.length)} of ${plural(flows, 'connection')} before it had read its clients' data`
            : `${all.length === 1 ? 'A client' : 'Clients'} of ${endpoint} reset ${count(all.length)} of ${plural(flows, 'connection')} with data of the server unread`,
    because: `${share} ended by an RST of ${who}: ${ways}.${cut > 0 ? ` ${plural(cut, 'byte')} of the ${other} had not been acknowledged before.` : ''}${others > 0 ? ` ${plural(others, 'more was', 'more were')} aborted by the same end with nothing seen to be lost.` : ''} ${isForgotten ? forgottenWords(all, by) : meaning(all, sure.length > 0)}${mayBeGoodbye(all) ? GOODBYE : ''}`,
    doThis: remedies(
      byLoss.map(([loss]) => loss),
      by,
    ),
    confidence: sure.length > 0 ? 'likely' : 'possible',
    endpoint,
    flows: [...sure, ...all].map(({ flow }) => flow.id),
    flowCount: all.length,
    frames,
    at: earliest(all.map(({ reset }) => reset.at)),
    until: latest(all.map(({ reset }) => reset.at)),
  };
}

function severityOf(
  all: readonly Reset[],
  sure: readonly Reset[],
  flows: number,
  by: Reset['reset']['by'],
): Draft['severity'] {
  if (by === 'client') return 'info';
  const grave = all.filter(({ flow, loss }) => loss === 'unanswered' || !isFarewell(flow)).length;
  const isSure = sure.some(({ flow }) => !isFarewell(flow) && flow.reset!.cut > 0);
  if (isSure && grave >= MANY && grave >= SHARE * flows) return 'critical';
  return (isSure && sure.some(({ reset }) => reset.cut > LITTLE)) || grave >= SOME ? 'warning' : 'info';
}

const GOODBYE = ' So few bytes may be no more than a goodbye (the close_notify of TLS, the close of a WebSocket).';

function mayBeGoodbye(all: readonly Reset[]): boolean {
  return all.every(({ loss, reset }) => loss !== 'unanswered' && reset.cut > 0 && reset.cut <= FAREWELL);
}

function meaning(all: readonly Reset[], isSure: boolean): string {
  const { by } = all[0]!.reset;
  if (by === 'client') {
    return `${all.length === 1 ? 'The client' : 'The clients'} closed without reading the rest, or died: what the server sent last is lost. That is ordinary where a user cancels; it costs where the server counts it as delivered.`;
  }
  if (by === 'path') return 'What the client had sent is lost, and it sees "connection reset".';
  const cause =
    'A process that died, or that closed without reading to the end, would explain it: its kernel then sends an RST, and the client sees "connection reset" instead of an answer.';
  return isSure ? cause : `${cause} SO_LINGER with 0 s would, too: nothing tells what the server had read.`;
}

/** A kernel that has the socket would have acknowledged, or aborted with ACK. */
function forgottenWords(all: readonly Reset[], by: Reset['reset']['by']): string {
  const silences = all.map(({ reset }) => reset.silence);
  const [least, most] = [duration(Math.min(...silences)), duration(Math.max(...silences))];
  if (by === 'client') {
    return `The client had been silent for ${least === most ? least : `${least} to ${most}`}. Its system had restarted, or it, or a firewall or NAT before it, had dropped the connection: what the server sent is lost.`;
  }
  return `The server had been silent for ${least === most ? least : `${least} to ${most}`}. It had restarted, or it, or a firewall or load balancer before it, had dropped the connection: that would explain it, and the client sees "connection reset" instead of an answer.`;
}

function remedies(losses: readonly Loss[], by: Reset['reset']['by']): string[] {
  if (by === 'client') {
    return [
      'Where it is not wanted, let the client read until the end of the answer before it closes; look for a client timeout shorter than the answers, and for clients that are killed.',
      'A server must not take what it has sent for delivered: let the client confirm it.',
    ];
  }
  if (by === 'path') {
    return ['Look for a firewall, load balancer or NAT between both: capture on both of its sides, and compare.'];
  }
  if (losses.every((loss) => loss === 'unknown')) {
    return [
      'Let no end keep a connection idle for longer than the other end, and what is between, does: a shorter idle timeout in the client or its pool, or TCP keepalive (`SO_KEEPALIVE` with `TCP_KEEPIDLE`) more often than that.',
      'See whether the server restarted, or moved to another host behind the same address, since it last answered.',
      'Capture at both ends and run `teardown compare CLIENT SERVER`: it says whether the RST ever left the server.',
    ];
  }
  return [
    'On the server look for a worker that died at these times: its own log, `journalctl`, `dmesg -T | grep -i -e oom -e segfault`, and the supervisor that started it again.',
    'To refuse a request without an RST: answer, `shutdown(SHUT_WR)`, read the rest until the peer closes, then close (nginx `lingering_close always`; Node `req.resume()` before the socket is destroyed; Python, Java, C: read until end of file).',
    ...(losses.includes('after-close') || losses.includes('cut')
      ? [
          "Requests that meet a closed idle connection: make the server's idle timeout longer than that of clients and proxies (nginx `keepalive_timeout`, Node `server.keepAliveTimeout`, Go `IdleTimeout`).",
        ]
      : []),
    '`nstat -az TcpExtTCPAbortOnClose TcpExtTCPAbortOnData` on the server tells unread data from SO_LINGER 0.',
  ];
}

function restOf(drafts: readonly Draft[], service: string): Draft {
  const total = drafts.reduce((sum, { flowCount }) => sum + flowCount, 0);
  const flows = drafts.flatMap((draft) => draft.flows.slice(0, 1));
  return {
    severity: 'info',
    title: `${plural(total, 'connection')} of ${plural(drafts.length, service)} ended by RST, with data unread or unanswered`,
    because: `${list(
      drafts.map(({ endpoint }) => endpoint ?? '?'),
      5,
    )} had connections that ended by an RST while data was on its way, unread or unanswered.`,
    doThis: ['Read each with `teardown flow FILE ID`, or raise the threshold: `--threshold reset-data-loss=5`.'],
    confidence: 'possible',
    endpoint: null,
    flows,
    flowCount: total,
    frames: drafts.flatMap(({ frames }) => frames.slice(0, 1)),
    at: earliest(drafts.flatMap(({ at }) => at ?? [])),
    until: latest(drafts.flatMap(({ until }) => until ?? [])),
  };
}
