import type { Notable } from '../evidence/notable.ts';
import { NS_PER_SECOND } from '../units.ts';
import { count, duration, plural } from '../words.ts';
import type { Context } from './context.ts';
import { earliest, groupBy, latest, MOST_GROUPS, quantile } from './groups.ts';
import { peersWords, rangeWords } from './half-closed.ts';
import { WRONG_ADVICE } from './remedies.ts';
import type { Draft, Rule } from './rule.ts';

/** What became of the SYN. */
type Outcome = 'accepted' | 'challenged' | 'dropped';

interface Reused {
  notable: Notable;
  /** the frame with which the TIME_WAIT began, of the flow that had the 4-tuple before; null: not kept */
  began: number | null;
  outcome: Outcome;
  /** from the first SYN to the SYN-ACK, seconds; NaN: it was never accepted */
  connect: number;
}

/** A SYN into a TIME_WAIT, and how the server took it. */
export const timeWaitReuse: Rule = {
  name: 'time-wait-reuse',
  title: 'A source port came again while the server still had it in TIME_WAIT',
  fires:
    "a SYN met its 4-tuple's TIME_WAIT at the server and was challenged or dropped; accepted at once: from so many on, as info",
  rfc: 'RFC 9293 section 3.6.1 (MAY-2); RFC 6191; RFC 1122 section 4.2.2.13; Linux tcp_timewait_state_process()',
  threshold: { unit: 'count', default: 10, min: 1, max: 1e7, of: 'SYNs that a service accepted into TIME_WAIT' },
  explanation: {
    means:
      'A client used an address and a port again that the server had in TIME_WAIT. Most often that is accepted, and costs nothing. Where it is not, the connect is delayed or fails.',
    why: [
      'A server in TIME_WAIT takes a new SYN if that can not be an old one: its timestamp is newer than the last (RFC 6191), or, where the old connection had no timestamps, its initial sequence number is higher than all that the old one used (RFC 1122).',
      'Else Linux answers with an ACK that carries the old numbers (a challenge). The client, which knows nothing of them, sends an RST, and that ends the TIME_WAIT; some 10 ms later it sends the SYN again, and is accepted. Where that RST is lost, or a firewall drops it or the ACK, it takes 1 s, then 2 s more. Other systems drop the SYN, and the client waits for its retransmission timer.',
      'One client alone rarely does that: its timestamps and sequence numbers grow. Several hosts behind one address (NAT, a load balancer with SNAT), each with its own clock and numbers, do; so do clients that bind a fixed source port, and hosts without TCP timestamps.',
      'That TIME_WAIT is at the server at all comes from the server closing first (server-closes-first).',
    ],
    doThis: [
      'Let the client close first: then the TIME_WAIT is at its end, and it knows which ports it may not use.',
      'Leave timestamps on at both ends (`net.ipv4.tcp_timestamps = 1`), and do not let a firewall strip them.',
      'On the NAT or the load balancer: more source addresses, a larger port range, or one that takes the port that was idle for the longest time; never a port within 60 s of its close. Keep connections open (HAProxy `http-reuse`, nginx upstream `keepalive`), so that fewer are made.',
      'Let firewalls pass the ACK that answers a SYN, and the RST that answers it (`nf_conntrack_tcp_be_liberal`, `nf_conntrack_tcp_loose`).',
    ],
    wrongAdvice: [
      WRONG_ADVICE.recycle,
      WRONG_ADVICE.reuse,
      WRONG_ADVICE.finTimeout,
      [
        'switch `net.ipv4.tcp_timestamps` off behind NAT',
        'That was for `tcp_tw_recycle`. Without timestamps the sequence number alone decides, and with random ones about half of such SYNs are challenged.',
      ],
    ],
    unproven: [
      'Whether several hosts are behind the address: other timestamps, TTLs and window sizes in its SYNs hint at it. `nstat -az TcpExtPAWSTimewait` on the server counts the segments that TIME_WAIT rejected by their timestamps (newer kernels).',
    ],
  },
  find: (context) => {
    const all = context.notables.flatMap((notable) => reusedOf(context, notable));
    const groups = groupBy(all, ({ notable, outcome }) => `${outcome} ${notable.service}`).map(([, group]) => group);
    const hurt = groups.filter(([first]) => first!.outcome !== 'accepted');
    const limit = context.threshold('time-wait-reuse');
    const fine = groups.filter((group) => group[0]!.outcome === 'accepted' && group.length >= limit);
    const normal = new Map(
      fine.map((group) => [
        group[0]!.notable.service,
        quantile(
          group.map((each) => each.connect),
          0.5,
        ),
      ]),
    );
    return [
      ...hurt.slice(0, MOST_GROUPS).map((group) => hurtDraft(context, group, normal.get(group[0]!.notable.service))),
      ...rest(hurt.slice(MOST_GROUPS)),
      ...fine.slice(0, MOST_GROUPS).map((group) => acceptedDraft(context, group)),
    ];
  },
};

/** From such a delay on it was a retransmission that was accepted, and not the first SYN, seconds: the shortest timer is 1 s. */
const RETRANSMITTED = 0.9;

/** A client that takes its own port out of TIME_WAIT knows that it may: only that of a server is met by a SYN. */
function reusedOf(context: Context, notable: Notable): Reused[] {
  const { reuse, kind, answeredAt, opened, syns } = notable;
  // Before the last packet of the flow before: the clock was set back, and nothing is known of the time between.
  if (reuse === null || !reuse.inTimeWait || reuse.gapSeconds < 0 || kind === 'refused') return [];
  if (!meetsTimeWait(context, notable, reuse.previous)) return [];
  // It had no time to be answered.
  if (reuse.outcome === 'ignored' && syns === 1 && context.end - opened < NS_PER_SECOND) return [];
  const began = context.notable(reuse.previous)?.ends.flatMap(({ timeWait }) => timeWait?.frames.slice(0, 1) ?? []);
  const connect = kind === 'unanswered' ? Number.NaN : Math.max(0, answeredAt - opened) / NS_PER_SECOND;
  const outcome =
    reuse.outcome === 'challenged'
      ? 'challenged'
      : reuse.outcome === 'ignored' || (syns > 1 && connect >= RETRANSMITTED)
        ? 'dropped'
        : 'accepted';
  return [{ notable, began: began?.[0] ?? null, outcome, connect }];
}

/** Whether the end that the SYN went to was in TIME_WAIT: it was the server of both, or the client of the one before. */
function meetsTimeWait(context: Context, { service }: Notable, previous: number): boolean {
  const { lifetimes } = context;
  const row = context.rowOf(previous);
  if (row === undefined) return false;
  return !Number.isNaN(lifetimes.timeWaitFrom(row, lifetimes.service(row) === service ? 1 : 0));
}

const TITLES: Record<'challenged' | 'dropped', string> = {
  challenged: 'was challenged',
  dropped: 'was dropped or not answered',
};

function hurtDraft(context: Context, group: readonly Reused[], normal: number | undefined): Draft {
  const slowest = group.toSorted((a, b) => delayOf(b) - delayOf(a));
  const first = slowest[0]!;
  const outcome = first.outcome === 'challenged' ? 'challenged' : 'dropped';
  const endpoint = context.service(first.notable.service);
  const who = peersWords(context, group, 0);
  const connects = group.map(({ connect }) => connect).filter((connect) => !Number.isNaN(connect));
  const failed = group.length - connects.length;
  const gaps = group.map(({ notable }) => notable.reuse!.gapSeconds);
  const seen =
    outcome === 'challenged'
      ? `${endpoint} answered ${plural(group.length, 'SYN')} of ${who} by an ACK with the numbers of the connection before, which it still had in TIME_WAIT; ${group.every(({ notable }) => notable.syns > 1) ? 'the client replied with an RST and sent the SYN again' : 'a client replies to that with an RST and sends the SYN again'}`
      : `${plural(group.length, 'SYN')} of ${who} to ${endpoint} met the TIME_WAIT of the connection before and ${group.length === 1 ? 'was' : 'were'} not answered`;
  const cost =
    connects.length === 0
      ? 'None of them was accepted in this capture'
      : `The connect took ${rangeWords(connects)}${normal === undefined ? '' : ` in place of ${duration(normal)}`}${failed > 0 ? `; ${count(failed)} were never accepted` : ''}`;
  const why = `The source port came again ${rangeWords(gaps)} after its last use, with a sequence number or timestamp that ${outcome === 'challenged' ? 'was' : 'may have been'} not newer: several hosts behind one address (NAT), or a port that the client binds itself, would explain it.`;
  return {
    severity: 'warning',
    title: `${endpoint}: ${plural(group.length, 'SYN')} into TIME_WAIT ${group.length === 1 ? TITLES[outcome] : TITLES[outcome].replace('was', 'were')}${connects.length === 0 ? '' : `, connect took up to ${duration(Math.max(...connects))}`}`,
    because: `${seen}. ${cost}. ${why}`,
    doThis: [
      `Let the clients close first, so that ${endpoint} has no TIME_WAIT (see server-closes-first).`,
      'On the NAT or the client: do not take a source port again within 60 s of its close (more addresses or ports; no fixed bind() of the source port; reuse connections).',
      'Keep `net.ipv4.tcp_timestamps = 1` at both ends: with timestamps that grow, a SYN into TIME_WAIT is accepted at once.',
      '`tcp_tw_reuse` on the server and `tcp_fin_timeout` change nothing; `tcp_tw_recycle` is gone and broke NAT.',
    ],
    confidence: outcome === 'challenged' ? 'certain' : 'possible',
    endpoint,
    flows: slowest.map(({ notable }) => notable.id),
    flowCount: group.length,
    frames: slowest.flatMap((each) => framesOf(each)),
    at: earliest(group.map(({ notable }) => notable.opened)),
    until: latest(group.map(({ notable }) => (Number.isNaN(notable.answeredAt) ? notable.opened : notable.answeredAt))),
  };
}

function acceptedDraft(context: Context, group: readonly Reused[]): Draft {
  const first = group[0]!;
  const endpoint = context.service(first.notable.service);
  const gaps = group.map(({ notable }) => notable.reuse!.gapSeconds);
  const connects = group.map(({ connect }) => connect).filter((connect) => !Number.isNaN(connect));
  return {
    severity: 'info',
    title: `${endpoint} accepted ${plural(group.length, 'SYN')} into TIME_WAIT at once: nothing was lost`,
    because: `${peersWords(context, group, 0)} came with a source port that ${endpoint} still had in TIME_WAIT, ${rangeWords(gaps)} after its last use, and ${group.length === 1 ? 'was' : 'each was'} accepted${connects.length === 0 ? '' : ` within ${duration(Math.max(...connects))}`}: sequence number or timestamp were newer (RFC 6191). Each such TIME_WAIT ended there. A client that makes many connections does so; it is ordinary load.`,
    doThis: [
      'Nothing, as long as none is challenged. It works because timestamps (`net.ipv4.tcp_timestamps`) or sequence numbers grow.',
      'Fewer of them: reuse connections, or let the clients close first.',
    ],
    confidence: 'certain',
    endpoint,
    flows: group.map(({ notable }) => notable.id),
    flowCount: group.length,
    frames: group.flatMap((each) => framesOf(each)),
    at: earliest(group.map(({ notable }) => notable.opened)),
    until: latest(group.map(({ notable }) => notable.opened)),
  };
}

function rest(groups: readonly (readonly Reused[])[]): Draft[] {
  const all = groups.flat();
  if (all.length === 0) return [];
  return [
    {
      severity: 'warning',
      title: `${plural(groups.length, 'more service')} challenged or dropped ${plural(all.length, 'SYN')} into TIME_WAIT`,
      because: `As above: a source port came again while the server had it in TIME_WAIT. None of these services had as many as those above.`,
      doThis: ['See the findings above.'],
      confidence: 'likely',
      endpoint: null,
      flows: all.map(({ notable }) => notable.id),
      flowCount: all.length,
      frames: all.flatMap((each) => framesOf(each)),
      at: earliest(all.map(({ notable }) => notable.opened)),
      until: latest(all.map(({ notable }) => notable.opened)),
    },
  ];
}

const delayOf = ({ connect }: Reused): number => (Number.isNaN(connect) ? Number.POSITIVE_INFINITY : connect);

/** What began the TIME_WAIT, the SYN, what answered it in the end. */
function framesOf({ notable, began }: Reused): (number | null)[] {
  return [began, notable.openFrame, notable.answerFrame];
}
