import type { Notable, NotableEnd } from '../evidence/notable.ts';
import { NS_PER_SECOND } from '../units.ts';
import { duration, plural } from '../words.ts';
import type { Context } from './context.ts';
import { earliest, latest, MOST_GROUPS } from './groups.ts';
import { byEnd, type End, endpointOf, peersWords, rangeWords, sideName } from './half-closed.ts';
import { WRONG_ADVICE } from './remedies.ts';
import type { Draft, Rule } from './rule.ts';

interface Killed {
  notable: Notable;
  /** whose TIME_WAIT it was */
  side: End;
  timeWait: NonNullable<NotableEnd['timeWait']>;
  /** until the RST, seconds */
  lasted: number;
}

/** A TIME_WAIT that an RST ended. */
export const timeWaitKilled: Rule = {
  name: 'time-wait-killed',
  title: 'An RST ended a TIME_WAIT before its time',
  fires:
    'an RST with exactly the next sequence number came into TIME_WAIT, and no challenged SYN was its reason (time-wait-reuse); RSTs right behind the FIN: from 10 on',
  rfc: 'RFC 1337; RFC 9293 section 3.10.7.4; Linux tcp_timewait_state_process(), net.ipv4.tcp_rfc1337',
  threshold: { unit: 'count', default: 1, min: 1, max: 1e7, of: 'such RSTs at one endpoint' },
  explanation: {
    means:
      'The connection was closed in order by both ends. Then an RST ended the TIME_WAIT of the end that had closed first: its port is free before 2MSL are over.',
    why: [
      'TIME_WAIT shall keep late segments of an old connection from being taken for those of a new one. An RST takes that protection away (RFC 1337 calls it TIME-WAIT assassination). No data of the old connection is lost: both FINs were acknowledged.',
      'It comes about when a late or repeated segment of the peer reaches the TIME_WAIT: its answer is an ACK, and the peer, whose socket is long gone, answers that with an RST. Or the peer follows its FIN by an RST on purpose (some browsers, load balancers, and programs that abort what they have closed), or it still had data unread.',
      'Linux, by default, takes it (`net.ipv4.tcp_rfc1337 = 0`); with 1 it ignores it. macOS and FreeBSD ignore it.',
    ],
    doThis: [
      'Mostly nothing: it costs nothing, and a port is free sooner.',
      'Where old segments must not get into new connections (long paths, big windows at high rates without timestamps): `net.ipv4.tcp_rfc1337 = 1` on the end that closes first, and timestamps on.',
      'If the peer sends the RST right behind its FIN: it aborts (SO_LINGER with 0 s, or unread data at close()). Let it read to the end, and close without SO_LINGER.',
    ],
    wrongAdvice: [
      WRONG_ADVICE.linger,
      [
        '`net.ipv4.tcp_rfc1337 = 1` shortens TIME_WAIT, or protects from RST attacks',
        'It lets TIME_WAIT last, by ignoring RSTs in that state; on open connections it has no effect.',
      ],
    ],
    unproven: [
      'Whether the RST did end it: `sysctl net.ipv4.tcp_rfc1337` at that end. With 1 the socket stayed for its 60 s. A capture at the end that sent the RST does not show whether it arrived.',
    ],
  },
  find: (context) => {
    const challenged = new Set(
      context.notables.flatMap(({ reuse }) => (reuse?.outcome === 'challenged' ? [reuse.previous] : [])),
    );
    const all = context.notables.flatMap((notable) => (challenged.has(notable.id) ? [] : killedOf(notable)));
    const limit = context.threshold('time-wait-killed');
    const groups = byEnd(all, ({ side }) => side).filter((group) => group.length >= limit && !isOrdinary(group));
    const told = groups.slice(0, MOST_GROUPS).map((group) => draftOf(context, group));
    const rest = groups.slice(MOST_GROUPS).flat();
    return rest.length === 0 ? told : [...told, restOf(rest, groups.length - MOST_GROUPS)];
  },
};

function killedOf(notable: Notable): Killed[] {
  return ([0, 1] as const).flatMap((side) => {
    const { timeWait } = notable.ends[side];
    if (timeWait?.endedBy !== 'rst') return [];
    return [{ notable, side, timeWait, lasted: Math.max(0, timeWait.endedAt - timeWait.from) / NS_PER_SECOND }];
  });
}

/** An RST that comes so soon follows the FIN on purpose, seconds: clients do so every day. */
const AT_ONCE = 0.1;
/** So many of these from one endpoint on are told. */
const MANY_AT_ONCE = 10;

function isOrdinary(group: readonly Killed[]): boolean {
  return group.length < MANY_AT_ONCE && group.every(({ lasted }) => lasted < AT_ONCE);
}

function draftOf(context: Context, group: readonly Killed[]): Draft {
  const first = group[0]!;
  const { side, notable } = first;
  const endpoint = endpointOf(context, notable, side);
  const peers = peersWords(context, group, side === 0 ? 1 : 0);
  const soon = group.filter(({ lasted }) => lasted < AT_ONCE).length;
  const cause =
    soon === group.length
      ? `The RST followed the FIN at once: the ${sideName(1 - side)} aborts what it has closed (SO_LINGER 0, unread data), or its system does so.`
      : 'A late segment that met the TIME_WAIT, and whose answer the peer no longer knew, would explain it (RFC 1337).';
  const full =
    context.assumptions[side === 1 ? context.serviceAddress(notable.service) : context.client(notable.client)];
  return {
    severity: 'info',
    title: `An RST ended ${plural(group.length, 'TIME_WAIT')} of ${endpoint} after ${rangeWords(group.map(({ lasted }) => lasted))}`,
    because: `${endpoint} had closed first, and both FINs were acknowledged; then an RST of ${peers} with exactly the next sequence number came${full === undefined ? '' : `, where TIME_WAIT would have lasted ${duration(full.timeWaitSeconds)}`}. ${cause} No data was lost; what is lost is the protection of a new connection on the same ports from late segments.`,
    doThis: [
      'Mostly nothing. To keep TIME_WAIT: `net.ipv4.tcp_rfc1337 = 1` at the end that has it (Linux; it then ignores such RSTs).',
      soon === group.length
        ? `See why ${peers} ${peers.includes(' ') ? 'reset' : 'resets'} after the FIN: no SO_LINGER 0, read all before close().`
        : 'Timestamps (`net.ipv4.tcp_timestamps = 1`) keep old segments out of new connections.',
    ],
    confidence: 'likely',
    endpoint,
    flows: group.map((each) => each.notable.id),
    flowCount: group.length,
    frames: group.flatMap(({ timeWait }) => timeWait.frames),
    at: earliest(group.map(({ timeWait }) => timeWait.endedAt)),
    until: latest(group.map(({ timeWait }) => timeWait.endedAt)),
  };
}

function restOf(rest: readonly Killed[], ends: number): Draft {
  return {
    severity: 'info',
    title: `RSTs ended ${plural(rest.length, 'TIME_WAIT')} of ${plural(ends, 'more endpoint')}`,
    because: `They came ${rangeWords(rest.map(({ lasted }) => lasted))} after TIME_WAIT had begun; none of these ends had as many as those above.`,
    doThis: ['See the findings above.'],
    confidence: 'likely',
    endpoint: null,
    flows: rest.map(({ notable }) => notable.id),
    flowCount: rest.length,
    frames: rest.flatMap(({ timeWait }) => timeWait.frames),
    at: earliest(rest.map(({ timeWait }) => timeWait.endedAt)),
    until: latest(rest.map(({ timeWait }) => timeWait.endedAt)),
  };
}
