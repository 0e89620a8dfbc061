import { count, duration, percent, plural } from '../words.ts';
import type { Context } from './context.ts';
import { earliest, groupBy, latest, MOST_GROUPS, seconds, timesOf } from './groups.ts';
import { closedListenersOf, listenerDraft } from './listeners.ts';
import { WRONG_ADVICE } from './remedies.ts';
import { hasClosed, type Reset, resetsOf } from './resets.ts';
import type { Draft, Rule } from './rule.ts';
import { vanishedDraft, vanishedOf } from './vanished.ts';

/** Share of a service's connections below which RSTs of one kind are no pattern. */
const SHARE = 0.1;
/** Share from which so many users were hit that it can't wait. */
const HIT = 0.2;
/** A silence before an RST that may be its cause, seconds. */
const SILENT = 5;
/** Connections to one service that were silent for the longest and for the shortest time have a timeout in common below this quotient. */
const ALIKE = 1.5;

const KEEPALIVE = [
  'Let both ends show signs of life more often than that: TCP keepalive is off by default, and `net.ipv4.tcp_keepalive_time` = 7200 s is too late even where it is on. Node `socket.setKeepAlive(true, ms)`; Go sends it each 15 s (`net.Dialer.KeepAlive`); Java `SO_KEEPALIVE` with `ExtendedSocketOptions.TCP_KEEPIDLE`; Python and C `SO_KEEPALIVE` with `TCP_KEEPIDLE`, `TCP_KEEPINTVL`; libpq `keepalives_idle`; nginx `listen ... so_keepalive=30s::`, `proxy_socket_keepalive on` with the sysctl.',
  'Or let the pool drop connections sooner: an idle timeout or a longest life below that time (HikariCP `idleTimeout`, `keepaliveTime`; Go `SetConnMaxIdleTime`; Node `agent` `timeout`), and a test before a connection is used again.',
  'Or raise the idle timeout of what is between: firewall, NAT, load balancer (netfilter keeps an established connection for 5 days by default, AWS NLB for 350 s, Azure Load Balancer for 4 min).',
] as const;

/** Many connections of a service end by the same kind of RST. */
export const resetPattern: Rule = {
  name: 'reset-pattern',
  title: 'Connections of a service end by the same kind of RST',
  fires: `so many connections of a service, and ${SHARE * 100} % of them, ended by RSTs of one kind from one side, and no rule of its own tells why; a listener was closed while connections waited in its queue; or so many got no answer to a FIN that was sent again and again`,
  rfc: 'RFC 9293 section 3.5.3',
  threshold: { unit: 'count', default: 5, min: 2, max: 1e6, of: 'connections of a service so ended' },
  explanation: {
    means:
      'Not one connection but many of a service are reset in the same way: by a firewall or load balancer on the path, by the same code of one end, or by a system that has forgotten them.',
    why: [
      'Firewalls, NATs and load balancers keep a table of connections. One that was silent for their idle timeout is dropped from it without a word; its next segment is answered by an RST in the name of the other end, or dropped. The end itself still has its socket, and learns nothing.',
      "Such an RST often gives itself away: another TTL than the segments of the end in whose name it came, an IP identification or a timestamp that doesn't go on, no options. A careful device can't be told from the end.",
      'An end itself sends RSTs where its program closes with SO_LINGER 0 s, where its keepalive probes were not answered, and where it restarted and does not know the connection any more.',
    ],
    doThis: [
      ...KEEPALIVE,
      'Who made the RST is proven by captures at both ends: `teardown compare CLIENT SERVER` says whether it ever left the other end.',
    ],
    wrongAdvice: [
      WRONG_ADVICE.linger,
      WRONG_ADVICE.listener,
      [
        'net.ipv4.tcp_keepalive_time = 60 turns keepalive on',
        'It is the time for sockets that have SO_KEEPALIVE: the program, or its library, must set that.',
      ],
    ],
    unproven: [
      'An RST with the TTL of the end may still be made on the path. Only a capture at that end shows that it did not send it.',
    ],
  },
  find: (context) => {
    const listeners = closedListenersOf(context).map((closed) => listenerDraft(context, closed));
    const drafts = patternsOf(context).map((pattern) => draftOf(context, pattern));
    const silent = vanishedOf(context).filter((all) => all.length >= context.threshold('reset-pattern'));
    const vanished = silent.map((all) => vanishedDraft(context, all));
    return [...listeners, ...drafts, ...vanished].slice(0, MOST_GROUPS);
  },
};

export interface Pattern {
  all: Reset[];
  /** connections of the service */
  flows: number;
}

/** RSTs of one kind from one side, by service. */
export function patternsOf(context: Context): Pattern[] {
  return context.once(findPatterns);
}

function findPatterns(context: Context): Pattern[] {
  const told = new Set(closedListenersOf(context).flatMap(({ pending }) => pending));
  const resets = resetsOf(context).filter((reset) => !told.has(reset.flow) && isPart(context, reset));
  const groups = groupBy(resets, ({ flow, reset }) => `${flow.service} ${reset.by} ${reset.cause}`);
  return groups.flatMap(([, all]) => {
    const flows = Math.max(all.length, context.counts(all[0]!.flow.service)?.flows ?? 0);
    const limit = context.threshold('reset-pattern');
    // Probes that nobody answered are no accident.
    const least = all[0]!.reset.cause === 'keepalive-timeout' ? Math.min(2, limit) : limit;
    const enough = all.length >= least && all.length >= SHARE * flows;
    return enough ? [{ all, flows }] : [];
  });
}

/** Whether no other rule tells of it, and it is not as ordinary clients and health checks do. */
function isPart(context: Context, { flow, reset, loss }: Reset): boolean {
  if (reset.by === 'path') return true;
  if (loss !== null || context.has(flow, 'fin-wait-2-expired') || reset.cause === 'data-after-close') return false;
  if (reset.by === 'server') return !hasClosed(flow, 0);
  const [client, server] = flow.ends;
  return !hasClosed(flow, 0) && !hasClosed(flow, 1) && client.bytes + server.bytes > 0;
}

function draftOf(context: Context, { all, flows }: Pattern): Draft {
  const [{ flow: first, reset: sample }] = all as [Reset, ...Reset[]];
  const endpoint = context.service(first.service);
  const silences = all.map(({ reset }) => reset.silence);
  const [shortest, longest] = [Math.min(...silences), Math.max(...silences)];
  const idle = shortest >= SILENT && longest <= ALIKE * shortest ? shortest : null;
  const share = `${count(all.length)} of ${plural(flows, 'connection')} (${percent(all.length, flows)})`;
  const from = earliest(all.map(({ reset }) => reset.at))!;
  const until = latest(all.map(({ reset }) => reset.at))!;
  const { by, cause } = sample;
  const after = idle === null ? '' : ` after ${duration(idle)} of silence`;
  const silence =
    idle === null
      ? ''
      : ` Each came after ${idle === longest ? duration(idle) : `${duration(idle)} to ${duration(longest)}`} without a segment of the end in whose name it was sent${by === 'path' ? `: its idle timeout would be ${duration(idle)} at most.${survivors(context, all, idle)}` : '.'}`;
  return {
    severity: severityOf(by, all.length, flows),
    title: `${plural(all.length, 'connection')} of ${endpoint} ended by an RST ${whoWords(by, cause)}${after}`,
    because: `${share} of ${endpoint} ended so${timesOf(context, from, until)}. ${signWords(all, by)}${silence} ${meaning(by, cause)}`,
    doThis: remedies(by, cause, idle),
    confidence: by === 'path' ? 'likely' : cause === 'unknown' ? 'possible' : 'certain',
    endpoint,
    flows: all.map(({ flow }) => flow.id),
    flowCount: all.length,
    frames: all.map(({ reset }) => reset.frame),
    at: from,
    until,
  };
}

function severityOf(by: Reset['reset']['by'], resets: number, flows: number): Draft['severity'] {
  if (by === 'client') return 'info';
  return by === 'path' && resets >= HIT * flows ? 'critical' : 'warning';
}

function whoWords(by: Reset['reset']['by'], cause: Reset['reset']['cause']): string {
  if (by === 'path') return 'that a middlebox seems to have made';
  if (cause === 'no-such-connection') return `of a ${by} that did not know them`;
  return cause === 'keepalive-timeout' ? `of the ${by}'s keepalive` : `of the ${by}`;
}

/** What the RSTs themselves say. */
function signWords(all: readonly Reset[], by: Reset['reset']['by']): string {
  const [{ reset: sample, flow: first }] = all as [Reset, ...Reset[]];
  if (by !== 'path') return `Of the first (frame ${count(sample.frame)}): ${sample.why}.`;
  const ttls = new Set(all.map(({ reset }) => reset.ttl));
  const usual = first.ends[1].ttl;
  if (ttls.size !== 1 || ttls.has(usual)) return `Of the first (frame ${count(sample.frame)}): ${sample.why}.`;
  return `Their TTL is ${sample.ttl}, that of the server's segments ${usual}: something on the path, a firewall or a load balancer, would explain it.`;
}

/** Connections of the service that lived through that time: they were not so long silent, or not forgotten. */
function survivors(context: Context, all: readonly Reset[], idle: number): string {
  const reset = new Set(all.map(({ flow }) => flow.id));
  const { lifetimes } = context;
  let lived = 0;
  for (const row of context.rowsOf(all[0]!.flow.service)) {
    if (!reset.has(lifetimes.id(row)) && seconds(lifetimes.last(row) - lifetimes.opened(row)) > idle) lived++;
  }
  if (lived === 0) return '';
  return ` ${plural(lived, 'connection')} of the service lasted longer than that and ${lived === 1 ? 'was' : 'were'} not reset: keepalive, or traffic, would explain that.`;
}

function meaning(by: Reset['reset']['by'], cause: Reset['reset']['cause']): string {
  if (by === 'path') {
    return 'A device that forgets idle connections and answers their next segment by RST does this; the client sees "connection reset", and the other end may not learn of it.';
  }
  switch (cause) {
    case 'no-such-connection':
      return 'It restarted, or it or something on the path had dropped the connections.';
    case 'keepalive-timeout':
      return 'The other end was gone or out of reach, as when a NAT or firewall has dropped the connections.';
    case 'linger-zero':
      return 'Nothing was lost, but neither end has a TIME_WAIT, and the other sees "connection reset" where it did not expect the end.';
    default:
      return 'The same code, or the same limit, at that end would explain them all.';
  }
}

function remedies(by: Reset['reset']['by'], cause: Reset['reset']['cause'], idle: number | null): string[] {
  const proof =
    'Capture at both ends and run `teardown compare CLIENT SERVER`: it says whether the RST ever left the other end.';
  if (cause === 'keepalive-timeout') {
    const others = by === 'server' ? "the clients' hosts" : "the server's host";
    return [
      `See whether ${others}, or the path there, went down at that time: keepalive did what it is for, and freed the sockets.`,
      'Where they were up, a NAT or firewall has dropped the connections: send keepalive more often than its idle timeout, or raise that.',
      proof,
    ];
  }
  if (by === 'path') {
    if (idle === null)
      return [proof, 'Ask who runs the firewalls and load balancers between both what their rules reject.'];
    return [...KEEPALIVE, proof];
  }
  if (cause === 'no-such-connection') {
    return [
      `See whether the ${by} restarted at that time, or moved to another host behind the same address.`,
      ...(idle === null ? [] : [KEEPALIVE[0]]),
      proof,
    ];
  }
  return [
    `Look in the ${by}'s program for SO_LINGER with 0 s: \`resetAndDestroy()\` (Node), \`SetLinger(0)\` (Go), \`setSoLinger(true, 0)\` (Java), nginx \`reset_timedout_connection\`; and for its idle timeouts.`,
    `\`nstat -az TcpExtTCPAbortOnData TcpExtTCPAbortOnClose TcpExtTCPAbortOnTimeout\` on the ${by} counts its aborts by cause.`,
    proof,
  ];
}
