import { count, duration, plural } from '../words.ts';
import type { Context } from './context.ts';
import { earliest, latest, MOST_GROUPS } from './groups.ts';
import {
  byEnd,
  closedItself,
  type End,
  endedTogether,
  endpointOf,
  endsWords,
  type HalfClosed,
  halfClosedOf,
  peersWords,
  rangeWords,
  stayIn,
} from './half-closed.ts';
import { holdersOf } from './holders.ts';
import { WRONG_ADVICE } from './remedies.ts';
import type { Draft, Rule } from './rule.ts';

/** Sockets that leak at one end from which it is no accident: file descriptors run out. */
const MANY = 10;

/** An application that does not close what its peer has closed. */
export const closeWaitLeak: Rule = {
  name: 'close-wait-leak',
  title: 'An application does not close its sockets',
  fires:
    "an end acknowledged its peer's FIN and neither closed nor sent anything for so long (a half-close in which data flows is none)",
  rfc: 'RFC 9293 section 3.6; RFC 1122 section 4.2.2.13',
  threshold: { unit: 's', default: 30, min: 1, max: 1e6, of: 'seconds in CLOSE_WAIT without payload' },
  explanation: {
    means:
      'The peer has closed its end, the kernel here has acknowledged that, and the application here has not called close() since. The bug is at the end that is in CLOSE_WAIT, never at the other one.',
    why: [
      'CLOSE_WAIT has no timer in any system: the kernel waits for its own application, for ever. recv() has returned 0 ("end of file"), and the program did not take notice, lost the descriptor in an error path, or is stuck elsewhere.',
      'Each such socket holds a file descriptor and its buffers: the process ends with EMFILE ("Too many open files"). Its peer is in FIN_WAIT_2 meanwhile (fin-wait-2-stuck), and once that has expired, the late FIN is answered by RST (fin-wait-2-expired).',
      'At a client it is often a pool: the server closed an idle connection, and the pool will notice when it uses it again. Few of these are harmless; the next request on one fails, and must be tried again.',
    ],
    doThis: [
      'Find who holds them: `ss -tnp state close-wait`, on the machine of the guilty end; then `ls -l /proc/PID/fd | wc -l`, and a stack dump of the process.',
      'Close on every path. Python: `with sock:` or `finally: sock.close()`; Go: `defer conn.Close()`, and `resp.Body.Close()`; Java: try-with-resources; C: close() whenever recv() returns 0; Node: sockets with `allowHalfOpen: true` need an own `end()`, and paused ones (`pause()`, no reader) never see the end.',
      'Limit the damage with read and idle timeouts (nginx `proxy_read_timeout`, Node `server.requestTimeout` and `socket.setTimeout()`, Go `ReadTimeout` and `IdleTimeout`, Java `setSoTimeout()`).',
      'In a client pool: give idle connections a shorter life than the server does (Apache HttpClient `evictIdleConnections`, Go `IdleConnTimeout`).',
    ],
    wrongAdvice: [
      [
        'lower `net.ipv4.tcp_fin_timeout`, or set keepalive, to get rid of CLOSE_WAIT',
        'Neither ends it: `tcp_fin_timeout` concerns a FIN_WAIT_2 without an owner, at the other end, and keepalive finds a peer that answers. Only close(), or the end of the process, does.',
      ],
      WRONG_ADVICE.finTimeout,
    ],
    unproven: [
      'A program that works on a long answer in silence, after its client has shut down its side, looks the same. `ss -tnpo state close-wait` twice, some minutes apart, shows whether the same sockets stay; `strace -p PID` whether the process is alive.',
    ],
  },
  find: (context) => {
    const limit = context.threshold('close-wait-leak');
    const leaks = halfClosedOf(context).filter(({ silent }) => silent >= limit);
    const groups = byEnd(leaks, guilty);
    const told = groups.slice(0, MOST_GROUPS).map((group) => draftOf(context, group, limit));
    const rest = groups.slice(MOST_GROUPS).flat();
    return rest.length === 0 ? told : [...told, restOf(rest, groups.length - MOST_GROUPS, limit)];
  },
};

const guilty = ({ waiting }: HalfClosed): End => (waiting === 0 ? 1 : 0);

function draftOf(context: Context, leaks: readonly HalfClosed[], limit: number): Draft {
  const longest = leaks.toSorted((a, b) => b.silent - a.silent);
  const first = longest[0]!;
  const side = guilty(first);
  const endpoint = endpointOf(context, first.notable, side);
  const stays = leaks.map(({ closeWait }) => closeWait);
  const open = stays.filter((stay) => stay.open).length;
  const range = rangeWords(leaks.map(({ silent }) => silent));
  const isServer = side === 1;
  const closedLate = open === 0 && !endedTogether(stays);
  const outcome = !closedLate ? ': it does not close' : leaks.every(closedItself) ? ', then closed' : '';
  const all = isServer ? context.rowsOf(first.notable.service).length : 0;
  const flows = longest.map(({ notable }) => notable.id);
  const holders = holdersOf(context, flows, isServer ? 'server' : 'client', 'connection');
  const held = holders === null ? '' : ` ${holders.words} ${longest.length === 1 ? 'has it' : 'has them'}.`;
  return {
    severity: severityOf(leaks.length, isServer, closedLate),
    title: `${endpoint} left ${plural(leaks.length, 'connection')} in CLOSE_WAIT for ${longest.length === 1 ? '' : 'up to '}${duration(first.silent)}${outcome}`,
    because: `${isServer ? `The client closed ${leaks.length === 1 ? 'a connection' : `${count(leaks.length)} of ${plural(all, 'connection')}`}` : `${peersWords(context, leaks, 1)} closed ${plural(leaks.length, 'connection')}`} and the kernel of ${endpoint} acknowledged the FIN, but the application there did not close for ${range} (limit ${duration(limit)}), and sent nothing in that time. ${endsWords(context, leaks)}${held} CLOSE_WAIT has no timer: the fault is the application's at ${endpoint}, not the peer's or the network's.`,
    doThis: isServer
      ? [
          holders === null
            ? `On the server \`ss -tnp state close-wait "sport = :${context.servicePort(first.notable.service)}"\` names the process; its descriptors (\`ls /proc/PID/fd | wc -l\`) grow until EMFILE.`
            : `Look at ${holders.words}: its descriptors (\`ls /proc/${holders.pid}/fd | wc -l\`) grow until EMFILE.`,
          'In the program: close when recv() returns 0, and on every error path (Python `with`, Go `defer conn.Close()`, Java try-with-resources, Node without `allowHalfOpen`).',
          'Until that is fixed: a read or idle timeout that closes, or a restart of the process. `tcp_fin_timeout` and keepalive do not end CLOSE_WAIT.',
        ]
      : [
          holders === null
            ? `On ${endpoint}: \`ss -tnp state close-wait\` names the process.`
            : `Look at ${holders.words} on ${endpoint}: \`ss -tnp state close-wait\`.`,
          "A connection pool that never checks its idle connections: let them live shorter than the server's idle timeout (Go `IdleConnTimeout`, Apache HttpClient `evictIdleConnections`, Node agent `timeout`).",
          'Else close when recv() returns 0 (Go `resp.Body.Close()`, Python `with`). `tcp_fin_timeout` does not end CLOSE_WAIT.',
        ],
    confidence: confidenceOf(context, leaks, open),
    endpoint,
    flows,
    flowCount: leaks.length,
    frames: longest.flatMap(({ notable, waiting, closeWait }) => [
      notable.ends[waiting].finFrame,
      stayIn(notable.ends[waiting], 'FIN_WAIT_2')?.frames[0] ?? null,
      closeWait.frames[1],
    ]),
    at: earliest(stays.map(({ from }) => from)),
    until: latest(stays.map(({ to, open: lasts }) => (lasts ? context.end : to))),
  };
}

/** Few at a client are a pool that will notice; who closes in the end does not run out of descriptors. */
function severityOf(leaks: number, isServer: boolean, closedLate: boolean): Draft['severity'] {
  if (isServer) return leaks >= MANY && !closedLate ? 'critical' : 'warning';
  return leaks >= MANY ? 'warning' : 'info';
}

/** A FIN that the capture lacks would look the same. */
function confidenceOf(context: Context, leaks: readonly HalfClosed[], open: number): Draft['confidence'] {
  const lossy = (context.capture.dropped ?? 0) > 0 || leaks.some(({ notable }) => context.has(notable, 'gap'));
  if (lossy || leaks.some(({ notable }) => context.has(notable, 'no-pure-acks'))) return 'possible';
  return open > 0 ? 'likely' : 'certain';
}

function restOf(rest: readonly HalfClosed[], ends: number, limit: number): Draft {
  const longest = rest.toSorted((a, b) => b.silent - a.silent);
  return {
    severity: rest.some((leak) => guilty(leak) === 1) ? 'warning' : 'info',
    title: `${plural(ends, 'more endpoint')} left ${plural(rest.length, 'connection')} in CLOSE_WAIT`,
    because: `Each did not close for ${duration(limit)} or more after its peer's FIN, ${duration(longest[0]!.silent)} at most; no endpoint of them had as many as those above.`,
    doThis: ['See the findings above: `ss -tnp state close-wait` on each names the process.'],
    confidence: 'likely',
    endpoint: null,
    flows: longest.map(({ notable }) => notable.id),
    flowCount: rest.length,
    frames: longest.flatMap(({ notable, waiting, closeWait }) => [notable.ends[waiting].finFrame, closeWait.frames[1]]),
    at: earliest(rest.map(({ closeWait }) => closeWait.from)),
    until: latest(rest.map(({ closeWait }) => closeWait.to)),
  };
}
