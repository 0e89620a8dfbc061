import { heldAt } from '../ports/sockets.ts';
import { list, plural } from '../words.ts';
import { socketWords, systemName, unlessWords } from './bind-words.ts';
import type { Context } from './context.ts';
import { ftpDataOf } from './ftp-data.ts';
import { earliest, MOST_GROUPS, seconds } from './groups.ts';
import { type Outage, outagesOf } from './outages.ts';
import { FIRST_RESTART, REUSEADDR, WRONG_ADVICE } from './remedies.ts';
import type { Draft, Rule } from './rule.ts';

/** An endpoint's port that refuses bind() while nobody listens. */
export const bindBlocked: Rule = {
  name: 'bind-blocked',
  title: "A server's port can't be bound",
  fires:
    'nobody listens on a port, and sockets of earlier connections are still on it; as info where a restart would meet them',
  rfc: 'RFC 9293 section 3.6.1; Linux net/ipv4/inet_connection_sock.c, inet_csk_bind_conflict()',
  threshold: {
    unit: 'count',
    default: 10,
    min: 1,
    max: 1e6,
    of: 'sockets in TIME_WAIT that a restart would meet; where nobody listens any more, one is enough',
  },
  explanation: {
    means:
      'A server that is started now gets EADDRINUSE from bind() ("Address already in use"), since connections of its predecessor still hold the port - most of them in TIME_WAIT.',
    why: [
      'The end that closes a connection first keeps a socket in TIME_WAIT for 2MSL (Linux: 60 s), so that late segments find somebody and the last ACK can be sent again. Where that end is the server, these sockets are on its service port.',
      'On Linux bind() fails while any socket is on the port, in any state, unless the old socket and the new one both have SO_REUSEADDR and the old one does not listen. An accepted socket has the option if its listener had it. On FreeBSD, macOS and Solaris only the new socket counts. On Windows such sockets do not block bind().',
    ],
    doThis: [
      ...REUSEADDR,
      FIRST_RESTART,
      'Let the client close first: then TIME_WAIT is at the client, on a port that nobody needs.',
    ],
    wrongAdvice: [
      WRONG_ADVICE.newOnly,
      WRONG_ADVICE.finTimeout,
      WRONG_ADVICE.recycle,
      WRONG_ADVICE.reuse,
      WRONG_ADVICE.thirty,
      WRONG_ADVICE.onlyTimeWait,
      WRONG_ADVICE.ctrlZ,
    ],
    unproven: [
      'Packets show neither bind() nor socket options. `ss -tanp state time-wait "sport = :PORT"` lists the sockets, `ss -tlnp "sport = :PORT"` who listens, `strace -e trace=bind,setsockopt` what the program asks for.',
    ],
  },
  find: (context) => {
    const outages = outagesOf(context);
    const all = outages.flatMap((outage) => blocked(context, outage)).sort((a, b) => b.flowCount - a.flowCount);
    const rest = all.slice(MOST_GROUPS);
    return [...all.slice(0, MOST_GROUPS), ...(rest.length === 0 ? [] : [restOf(rest)]), ...restarts(context, outages)];
  },
};

function blocked(context: Context, outage: Outage): Draft[] {
  const { service, held, refused, after } = outage;
  const { profile } = context.ledger(service);
  const fails = profile.bind['time-wait'];
  if (outage.blame === 'free' || outage.blame === 'overridden' || fails.neither !== true) return [];
  const endpoint = context.service(service);
  const { from, until, untilLatest } = { from: refused.from, until: held.until, untilLatest: held.untilLatest };
  const ends = Number.isFinite(until);
  const end = ends ? endWords(context, until, untilLatest) : 'until they are closed';
  const what = socketWords(held.states);
  const outcome =
    outage.blame === 'blocked'
      ? 'It had not come back when the capture ended.'
      : outage.blame === 'explained'
        ? `It answered again at ${context.moment(after!.from)}, when they were gone: EADDRINUSE would explain the outage.`
        : `It answered again at ${context.moment(after!.from)} only, ${plural(Math.round(seconds(after!.from - untilLatest)), 'second')} after that.`;
  return [
    {
      severity: outage.blame === 'waited' ? 'warning' : 'critical',
      title: `${endpoint} could not be bound from ${context.moment(from)} ${ends ? `to about ${context.moment(middle(until, untilLatest))}` : 'on'}: ${what} held the port`,
      because: `From ${context.moment(from)} nobody listened (${plural(refused.count, 'SYN was', 'SYNs were')} answered by RST), while ${what} from ${held.sockets === 1 ? 'an earlier connection was' : 'earlier connections were'} on the port ${end}. On ${systemName(profile)} bind() then fails with EADDRINUSE ${unlessWords(fails)}. ${outcome}`,
      doThis: [
        fails.newOnly
          ? 'Set `SO_REUSEADDR` on the listening socket before bind(), in the old and the new version: accepted sockets inherit it, and Linux demands it of both. The first restart after the change still waits.'
          : 'Set `SO_REUSEADDR` on the listening socket before bind().',
        'C: `setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, ...)`; Python: `allow_reuse_address = True` or `setsockopt`. Node, Go, nginx and Java (on Unix) do it themselves, unless told not to.',
        'Or let the clients close first. `tcp_fin_timeout` and `tcp_tw_reuse` change nothing here.',
        `Who holds it now: \`ss -tanp "sport = :${context.servicePort(service)}"\`.`,
      ],
      confidence: outage.blame === 'explained' ? 'likely' : 'possible',
      endpoint,
      flows: held.ids,
      flowCount: held.sockets,
      frames: [refused.first, ...(after === null ? [] : [after.first]), ...held.ids].flatMap((id) =>
        context.frames(id),
      ),
      at: from,
      until: ends ? middle(until, untilLatest) : null,
    },
  ];
}

/** Those beyond the ones that have a finding each. */
function restOf(rest: readonly Draft[]): Draft {
  const [worst] = rest as [Draft, ...Draft[]];
  return {
    ...worst,
    title: `${plural(rest.length, 'more port')} could not be bound for a time: earlier sockets held them`,
    because: `As of the others named here, nobody listened on them while sockets of earlier connections were there: ${list(
      rest.map(({ endpoint }) => endpoint ?? '?'),
      6,
    )}.`,
    confidence: 'possible',
    endpoint: null,
    flows: rest.flatMap(({ flows }) => flows),
    flowCount: rest.reduce((sum, { flowCount }) => sum + flowCount, 0),
    at: earliest(rest.map(({ at }) => at ?? Number.POSITIVE_INFINITY)),
    until: null,
  };
}

/** Services that nobody has missed, but whose restart would fail at the capture's end. */
function restarts(context: Context, outages: readonly Outage[]): Draft[] {
  const told = new Set(outages.map(({ service }) => service));
  const isFtpData = ftpDataOf(context);
  const drafts: Draft[] = [];
  for (const service of context.serviceNumbers) {
    if (told.has(service) || isClientPort(context, service)) continue;
    const ledger = context.ledger(service);
    const fails = ledger.profile.bind['time-wait'];
    const held = heldAt(context.lifetimes, context.rowsOf(service), 1, context.end, Number.POSITIVE_INFINITY);
    const inTimeWait = held.states.TIME_WAIT ?? 0;
    if (fails.neither !== true || inTimeWait < context.threshold('bind-blocked')) continue;
    if (isFtpData(service)) continue;
    const endpoint = context.service(service);
    const ends = Number.isFinite(held.until);
    drafts.push({
      severity: 'info',
      title: `A restart of ${endpoint} would find its port held ${ends ? `until about ${context.moment(middle(held.until, held.untilLatest))}` : 'by open connections'}`,
      because: `When the capture ended ${socketWords(held.states)} ${held.sockets === 1 ? 'was' : 'were'} on its side of the port${ends ? `, the last ${endWords(context, held.until, held.untilLatest)}` : ''}. On ${systemName(ledger.profile)} bind() fails meanwhile with EADDRINUSE ${unlessWords(fails)}.`,
      doThis: [
        `See that the server sets \`SO_REUSEADDR\` before bind()${fails.newOnly ? ', in the version that runs now too' : ''} (Node, Go, nginx and Java (on Unix) do it themselves).`,
      ],
      confidence: 'likely',
      endpoint,
      flows: held.ids,
      flowCount: held.sockets,
      frames: held.ids.slice(0, 3).flatMap((id) => context.frames(id)),
      at: context.end,
      until: ends ? middle(held.until, held.untilLatest) : null,
    });
  }
  return drafts.sort((a, b) => b.flowCount - a.flowCount).slice(0, 4);
}

/** A SYN into a live connection from its other end was challenged: whose port that is, it does not tell. */
function isClientPort(context: Context, service: number): boolean {
  return context.rowsOf(service).every((row) => {
    const flow = context.notable(context.lifetimes.id(row));
    return flow?.reuse?.outcome === 'challenged' && flow.answerFrame === null;
  });
}

/** "until 12:03:10 to 12:03:12" */
function endWords(context: Context, until: number, untilLatest: number): string {
  const [early, late] = [context.moment(until), context.moment(untilLatest)];
  return early === late ? `until ${early}` : `until ${early} to ${late} (by its timer)`;
}

const middle = (a: number, b: number): number => (a + b) / 2;
