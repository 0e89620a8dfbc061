import type { Notable } from '../evidence/notable.ts';
import { NS_PER_SECOND } from '../units.ts';
import { count, duration, percent, plural } from '../words.ts';
import type { Context } from './context.ts';
import { earliest, latest, MOST_GROUPS } from './groups.ts';
import { byEnd, type End, endpointOf, peersWords } from './half-closed.ts';
import { WRONG_ADVICE } from './remedies.ts';
import type { Draft, Rule } from './rule.ts';

interface Repeated {
  notable: Notable;
  /** who sent its FIN again */
  sender: End;
  times: number;
  /** TIME_WAITs that this restarted */
  restarts: number;
  /** frames of the TIME_WAIT, and of the FIN */
  frames: (number | null)[];
  /** from the FIN to its sender's newest segment, ns since the capture's first second */
  from: number;
  to: number;
}

/** The shortest retransmission timer, ns: BSD systems repeat a FIN at once, to acknowledge the one that crossed it. */
const TIMER = 0.02 * NS_PER_SECOND;

/** Of FINs that cross it is not told from that by less, ns: the other one comes up to a round trip later. RFC 6298: 1 s, Linux: 200 ms. */
const TIMER_OF_CROSSED = 0.2 * NS_PER_SECOND;

/** A FIN that comes again so late need not be the timer's, seconds. */
const LATE = 5;

/** Such flows of a service, and their share, from which the path is worth a look. */
const MANY = 10;
const SHARE = 0.01;

/** A FIN that was sent again although it had been answered. */
export const lostFinalAck: Rule = {
  name: 'lost-final-ack',
  title: 'The last ACK of a close was lost or late',
  fires:
    'an end sent its FIN again after that had been answered, or after TIME_WAIT had begun at its peer, which began anew',
  rfc: 'RFC 9293 sections 3.6 and 3.10.7.4; RFC 6298',
  threshold: { unit: 'count', default: 1, min: 1, max: 1e7, of: 'such flows of one endpoint' },
  explanation: {
    means:
      'The end that closes last waits in LAST_ACK for the answer to its FIN. The answer did not come in time, so it sent the FIN again. The TIME_WAIT of the other end answers that once more: this is what TIME_WAIT is for.',
    why: [
      'The last ACK is not itself acknowledged: if it is lost, only the repeated FIN tells, after one retransmission timeout (200 ms at least on Linux). Each repetition restarts TIME_WAIT with its full length, so its port is held for longer.',
      'A FIN that is sent again by a timer that was too short, with both on their way, looks nearly the same: then nothing was lost.',
      'If the TIME_WAIT is gone by then (reused, or its host restarted), the repeated FIN is answered by an RST, and if nothing answers Linux gives up after 8 tries, some 107 s (`net.ipv4.tcp_orphan_retries`).',
    ],
    doThis: [
      'A few: nothing, TCP mends it. Many: the path loses packets: look for drops at the interfaces (`ip -s link`, `ethtool -S`), for queues that are full, and for retransmissions of data (`nstat -az TcpRetransSegs`).',
      'If it is always the last ACK alone that is missing: a firewall or a NAT forgets the connection with the second FIN. conntrack: `nf_conntrack_tcp_timeout_last_ack` (30 s) and `nf_conntrack_tcp_timeout_close_wait`, and log what it calls INVALID.',
    ],
    wrongAdvice: [
      WRONG_ADVICE.finTimeout,
      [
        'LAST_ACK sockets come from the application',
        'The application has closed: LAST_ACK waits for the network, or for the peer.',
      ],
    ],
    unproven: [
      'Where the ACK was lost, unless the capture was made at both ends: `teardown compare CLIENT SERVER` tells what left the one and never came to the other.',
    ],
  },
  find: (context) => {
    const all = context.notables.flatMap((notable) => repeatedOf(context, notable));
    const limit = context.threshold('lost-final-ack');
    const groups = byEnd(all, () => 1).filter((group) => group.length >= limit);
    const told = groups.slice(0, MOST_GROUPS).map((group) => draftOf(context, group));
    const rest = groups.slice(MOST_GROUPS).flat();
    return rest.length === 0 ? told : [...told, restOf(rest, groups.length - MOST_GROUPS)];
  },
};

function repeatedOf(context: Context, notable: Notable): Repeated[] {
  const { ends } = notable;
  const restarts = (ends[0].timeWait?.restarts ?? 0) + (ends[1].timeWait?.restarts ?? 0);
  // The final ACK answers the second of two FINs: one alone has none.
  if (ends.some(({ finFrame }) => finFrame === null)) return [];
  if (!context.has(notable, 'lost-final-ack') && restarts === 0) return [];
  const sender = ([1, 0] as const).find((side) => {
    const peer = ends[1 - side]!;
    return ends[side].finRetransmissions > 0 && (peer.timeWait !== null || ends[side].finAt >= peer.finAt);
  });
  if (sender === undefined) return [];
  const { finRetransmissions, finFrame, finAt, lastAt } = ends[sender];
  if (!(lastAt - finAt >= (notable.kind === 'simultaneous' ? TIMER_OF_CROSSED : TIMER))) return [];
  const frames = [finFrame, ...(ends[1 - sender]!.timeWait?.frames ?? [])];
  return [{ notable, sender, times: finRetransmissions, restarts, frames, from: finAt, to: lastAt }];
}

function draftOf(context: Context, group: readonly Repeated[]): Draft {
  const first = group[0]!;
  const { service } = first.notable;
  const endpoint = endpointOf(context, first.notable, 1);
  const all = context.rowsOf(service).length;
  const byServer = group.filter(({ sender }) => sender === 1).length;
  const times = group.reduce((sum, each) => sum + each.times, 0);
  const restarted = group.filter(({ restarts }) => restarts > 0).length;
  const longest = Math.max(...group.map(({ from, to }) => to - from)) / NS_PER_SECOND;
  const who =
    byServer === group.length ? endpoint : byServer === 0 ? peersWords(context, group, 0) : 'the end that closed last';
  const often = group.length >= MANY && group.length / all >= SHARE;
  return {
    severity: often ? 'warning' : 'info',
    title: `${endpoint}: the last ACK was lost or late in ${plural(group.length, 'close')}: the FIN was sent again`,
    because: `In ${count(group.length)} of ${plural(all, 'flow')} (${percent(group.length, all)}) ${who} sent its FIN ${times === 1 ? 'once' : `${count(times)} times`} more after the other end had it, for up to ${duration(longest)}: the ACK had not come in time${longest >= LATE ? ' (so late, a copy of it that was held up on the path would explain it too)' : ''}. ${restarted > 0 ? `${plural(restarted, 'TIME_WAIT was', 'TIME_WAITs were')} restarted with the full length by it, as RFC 9293 says. ` : ''}TCP mends this by itself; it is a sign of loss on the path${often ? ', and here it is frequent' : ''}.`,
    doThis: [
      'A few: nothing. Many: look for loss on the path (`ip -s link`, `ethtool -S`, `nstat -az TcpRetransSegs`).',
      'If the last ACK alone is missing each time: see what firewall or NAT does after the second FIN (conntrack, INVALID).',
      'Captures at both ends and `teardown compare CLIENT SERVER` tell which way it was lost.',
    ],
    confidence: group.some(({ notable }) => context.has(notable, 'lost-final-ack')) ? 'likely' : 'possible',
    endpoint,
    flows: group.map(({ notable }) => notable.id),
    flowCount: group.length,
    frames: group.flatMap(({ frames }) => frames),
    at: earliest(group.map(({ from }) => from)),
    until: latest(group.map(({ to }) => to)),
  };
}

function restOf(rest: readonly Repeated[], ends: number): Draft {
  return {
    severity: 'info',
    title: `${plural(ends, 'more service')} had ${plural(rest.length, 'close')} whose last ACK was lost or late`,
    because: `The end that closed last sent its FIN again, and had its answer then. None of these services had as many as those above.`,
    doThis: ['See the findings above.'],
    confidence: 'possible',
    endpoint: null,
    flows: rest.map(({ notable }) => notable.id),
    flowCount: rest.length,
    frames: rest.flatMap(({ frames }) => frames),
    at: earliest(rest.map(({ from }) => from)),
    until: latest(rest.map(({ to }) => to)),
  };
}
