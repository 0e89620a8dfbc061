import { count, duration, percent } from '../words.ts';
import type { Context } from './context.ts';
import { seconds } from './groups.ts';
import { outagesOf } from './outages.ts';
import { WRONG_ADVICE } from './remedies.ts';
import { type Draft, EVIDENCE, type Rule } from './rule.ts';

/** Closed connections from which a share says something. */
const ENOUGH = 5;
/** Sockets in TIME_WAIT from which it is more than a note. */
const MANY = 500;
/** Index in INITIATORS. */
const SERVER = 1;
/** Services that have a finding each. */
const MOST = 6;

/** A service whose own end closes its connections first. */
export const serverClosesFirst: Rule = {
  name: 'server-closes-first',
  title: 'A server closes first',
  fires: `the server is the active closer of more than this share of a service's connections that ended by FIN (${ENOUGH} at least), and has TIME_WAITs by it`,
  rfc: 'RFC 9293 section 3.6',
  threshold: { unit: 'share', default: 0.5, min: 0, max: 1, of: 'connections that the server closed first' },
  explanation: {
    means:
      'The server sends the first FIN of most of its connections. So TIME_WAIT is at its end, on its service port.',
    why: [
      'Whoever closes first keeps the socket in TIME_WAIT for 2MSL. At a client this costs an ephemeral port for a minute; at a server it is a socket on the service port, which keeps bind() from succeeding after a restart (see bind-blocked), and memory.',
      'Servers close first where the protocol says so (HTTP/1.0, "Connection: close"), where their idle timeout is shorter than that of the clients, where they limit the requests of a connection, and when they are stopped.',
    ],
    doThis: [
      'Let the client close: keep connections alive on the server (nginx `keepalive_timeout`, `keepalive_requests`; Node `server.keepAliveTimeout`; Go `http.Server.IdleTimeout`) for longer than the client or the load balancer keeps an idle one.',
      'Or answer "Connection: close" only where the client asks for it, and wait for its FIN after the answer.',
      'Where the server must close first, set SO_REUSEADDR on its listener, so that a restart does not have to wait.',
    ],
    wrongAdvice: [WRONG_ADVICE.finTimeout, WRONG_ADVICE.linger, WRONG_ADVICE.thirty],
    unproven: [],
  },
  find: (context) => {
    const blocked = new Set(
      // Where the service came back although they were there, they blocked nothing.
      outagesOf(context).flatMap(({ service, held, blame }) =>
        held.states.TIME_WAIT && blame !== 'overridden' ? [service] : [],
      ),
    );
    const drafts = context.serviceNumbers.flatMap((service) => judge(context, service, blocked.has(service)));
    return drafts.sort((a, b) => b.flowCount - a.flowCount).slice(0, MOST);
  },
};

function judge(context: Context, service: number, wasBlocked: boolean): Draft[] {
  const counts = context.counts(service);
  if (counts === undefined) return [];
  const closed = counts.client + counts.server + counts.both + counts.unknown;
  if (closed < ENOUGH || counts.server / closed <= context.threshold('server-closes-first')) return [];
  const { lifetimes } = context;
  const rows = context.rowsOf(service);
  const peak = context.peak(service);
  // A simultaneous close leaves one there, too, and is none of these.
  const own = rows.filter(
    (row) => !Number.isNaN(lifetimes.timeWaitFrom(row, 1)) && lifetimes.initiator(row) === SERVER,
  );
  // Clients that answer the FIN by an RST, once they have all, leave no TIME_WAIT anywhere.
  if (own.length === 0) return [];
  const ids = Array.from(own.subarray(0, EVIDENCE), (row) => lifetimes.id(row));
  const blocks = context.ledger(service).profile.bind['time-wait'].neither === true;
  const endpoint = context.service(service);
  const timeWait = seconds(context.ledger(service).profile.timeWaitNs);
  const left = own.length < counts.server ? `${count(own.length)} of these closes left` : 'Each close leaves';
  const all = counts.server === closed ? `all ${count(closed)}` : `${count(counts.server)} of ${count(closed)}`;
  return [
    {
      severity: wasBlocked || peak.peak >= MANY ? 'warning' : 'info',
      title: `${endpoint} closes first in ${all} connections${counts.server === closed ? '' : ` (${percent(counts.server, closed)})`}, so TIME_WAIT is on its port`,
      because: `${counts.client > 0 ? `The clients closed ${count(counts.client)} first. ` : ''}${left} a socket in TIME_WAIT on its port for ${duration(timeWait)}: at most ${count(peak.peak)} at once, at ${context.moment(peak.at)}. ${blocks ? 'They keep bind() from succeeding after a restart, unless SO_REUSEADDR is set; at the clients they would keep nobody waiting.' : 'On its system they do not keep bind() from succeeding; they cost memory.'}`,
      doThis: [
        'Let the client close: give the server a longer idle timeout than the clients or the load balancer have (nginx `keepalive_timeout`, Node `server.keepAliveTimeout`, Go `IdleTimeout`), and no `Connection: close` that nobody asked for.',
        ...(blocks ? ['Until then set `SO_REUSEADDR` on the listening socket.'] : []),
      ],
      confidence: 'certain',
      endpoint,
      flows: ids,
      flowCount: counts.server,
      frames: ids.flatMap((id) => context.frames(id)),
      at: peak.from,
      until: peak.to,
    },
  ];
}
