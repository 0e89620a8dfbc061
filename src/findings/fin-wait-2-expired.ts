import type { Notable } from '../evidence/notable.ts';
import { NS_PER_SECOND } from '../units.ts';
import { count, duration, plural } from '../words.ts';
import type { Context } from './context.ts';
import { earliest, latest, MOST_GROUPS } from './groups.ts';
import { byEnd, type End, endpointOf, orphanTimerOf, peersWords, rangeWords, sideName, stayIn } from './half-closed.ts';
import { WRONG_ADVICE } from './remedies.ts';
import type { Draft, Rule } from './rule.ts';

/** Flows in which data was lost, or the close failed, from which it is more than a note. */
const MANY = 3;

interface Expired {
  notable: Notable;
  /** whose FIN_WAIT_2 had gone; it sent the RST */
  waiting: End;
  /** from its FIN_WAIT_2's beginning to the RST, seconds */
  held: number;
  /** the late segments had payload */
  withData: boolean;
}

/** A FIN, or data, that came when nobody waited for it any more. */
export const finWait2Expired: Rule = {
  name: 'fin-wait-2-expired',
  title: 'A FIN or data came too late: the FIN_WAIT_2 had expired',
  fires: "the answer to an end's late FIN or data is an RST, since its peer's FIN_WAIT_2 had been ended by its timer",
  rfc: 'RFC 9293 section 3.6; RFC 1122 section 4.2.2.13; Linux net/ipv4/tcp_minisocks.c, tcp_time_wait()',
  threshold: { unit: 'count', default: 1, min: 1, max: 1e6, of: 'such flows at one endpoint' },
  explanation: {
    means:
      'One end had closed, the other held the connection open for so long that the first one forgot it. What came then met no socket, and was answered by an RST. Not the sender of the RST is at fault: the end that held the connection is.',
    why: [
      'After close() no process owns the socket any more (an orphan). In FIN_WAIT_2 it waits for the FIN of the peer, on Linux for `net.ipv4.tcp_fin_timeout` (60 s; on macOS 60 s, on Windows 120 s, on FreeBSD 600 s). When that is over, the socket is gone, without a packet and without TIME_WAIT.',
      'The peer learns of it only when it sends something: recv() or send() fails there with ECONNRESET ("Connection reset by peer"), or SIGPIPE and EPIPE at the next write. What it sent was lost. An application that closes late and sends nothing rarely notices.',
    ],
    doThis: [
      'Let the late end close when recv() returns 0: see `teardown explain close-wait-leak`. Check every path on which it waits for something else meanwhile (a lock, a slow backend, a pool).',
      'If the late end still has an answer to give, the first one must not close(): it has to shutdown(SHUT_WR) and go on reading. A socket that a process owns has no timer in FIN_WAIT_2. Node: `socket.end()` with `allowHalfOpen`; Python: `sock.shutdown(socket.SHUT_WR)`; Go: `CloseWrite()`; Java: `shutdownOutput()`.',
      'A longer `net.ipv4.tcp_fin_timeout` at the end that closes first hides it for slow peers. Values between 60 and 120 do not do what they say: at 65 s orphans were gone after 10 s on Linux 6.18.',
    ],
    wrongAdvice: [
      [
        'the end that sent the RST has reset the connection, so the fault is there',
        'Its application had closed in order, long before; its kernel answers for a socket that is no more.',
      ],
      [
        'lower `net.ipv4.tcp_fin_timeout` to clean up FIN_WAIT_2',
        'It makes more of these resets: each orphan then waits less for its peer.',
      ],
      WRONG_ADVICE.finTimeout,
    ],
    unproven: [
      'When the socket went is in no packet, nor whether a process still owned it. `sysctl net.ipv4.tcp_fin_timeout` at the end that closed first; `ss -tno state fin-wait-2` shows the timer of each (`timer:(timewait,...)`).',
    ],
  },
  find: (context) => {
    const all = context.notables.flatMap((notable) => expiredOf(context, notable));
    const limit = context.threshold('fin-wait-2-expired');
    const groups = byEnd(all, guilty).filter((group) => group.length >= limit);
    const told = groups.slice(0, MOST_GROUPS).map((group) => draftOf(context, group));
    const rest = groups.slice(MOST_GROUPS).flat();
    return rest.length === 0 ? told : [...told, restOf(rest, groups.length - MOST_GROUPS)];
  },
};

const guilty = ({ waiting }: Expired): End => (waiting === 0 ? 1 : 0);

/** No timer of an orphan is shorter, seconds: Linux waits for 3.5 RTO at least. */
const SHORTEST = 0.7;

/** An RST answers at once: what it answers was captured so little before it, or after it, ns. */
const ANSWER = NS_PER_SECOND;

function expiredOf(context: Context, notable: Notable): Expired[] {
  const { reset } = notable;
  if (!context.has(notable, 'fin-wait-2-expired') || reset === null || reset.by === 'path') return [];
  const waiting: End = reset.by === 'client' ? 0 : 1;
  const finWait2 = stayIn(notable.ends[waiting], 'FIN_WAIT_2');
  // An RST that answers nothing is an abort of a socket that is there.
  if (finWait2 === null || notable.ends[1 - waiting]!.lastAt < reset.at - ANSWER) return [];
  const held = (reset.at - finWait2.from) / NS_PER_SECOND;
  const withData = reset.cause === 'data-after-close';
  // To data a socket that is closed and still there answers alike: the last words of TLS before a FIN draw an RST each day.
  const least = withData ? (orphanTimerOf(context, notable, waiting)?.seconds ?? Number.POSITIVE_INFINITY) : SHORTEST;
  return held < least ? [] : [{ notable, waiting, held, withData }];
}

/** Flows of the same late end in which data met a FIN_WAIT_2 that was still there: the RST is the same, the reason is not. */
function earlyData(context: Context, first: Expired): { flows: number; after: number[] } {
  const by = sideName(first.waiting);
  const same = context.notables.filter(
    (notable) =>
      notable.reset?.by === by &&
      notable.reset.cause === 'data-after-close' &&
      expiredOf(context, notable).length === 0 &&
      (guilty(first) === 1 ? notable.service === first.notable.service : notable.client === first.notable.client),
  );
  const after = same.flatMap(({ ends }) => stayIn(ends[first.waiting], 'FIN_WAIT_2')?.seconds ?? []);
  return { flows: after.length, after };
}

function draftOf(context: Context, group: readonly Expired[]): Draft {
  const first = group[0]!;
  const { waiting, notable } = first;
  const late = endpointOf(context, notable, guilty(first));
  const peers = peersWords(context, group, waiting);
  const withData = group.filter((each) => each.withData).length;
  const held = group.map((each) => each.held);
  const what =
    withData === 0
      ? 'the FIN'
      : withData === group.length
        ? 'data'
        : `data (in ${withData}) or the FIN (in ${group.length - withData})`;
  const early = earlyData(context, first);
  const also =
    early.flows === 0
      ? ''
      : ` Not counted: ${plural(early.flows, 'flow')} in which its data came after ${rangeWords(early.after)} and met a FIN_WAIT_2 that was still there, but closed.`;
  return {
    severity: group.length >= MANY || withData > 0 ? 'warning' : 'info',
    title: `${late} ended ${plural(group.length, 'connection')} after the peer's FIN_WAIT_2 had expired: answered by RST`,
    because: `${peers} had closed, and ${late} acknowledged that; ${what} of ${late} came ${rangeWords(held)} later, and ${group.length === 1 ? 'was' : 'each was'} answered by an RST: nobody waited any more. ${timerWords(context, first)}${withData > 0 ? ` What it sent in ${count(withData)} of them was lost.` : ''} The RSTs are a consequence: ${late} held the connections for too long.${also}`,
    doThis: [
      `Let the application at ${late} close when recv() returns 0, or bound its work by a timeout below ${duration(orphanTimerOf(context, notable, waiting)?.seconds ?? 60)}.`,
      'If its late answers are wanted: the peer must shutdown(SHUT_WR) and read on, not close() (Go `CloseWrite()`, Java `shutdownOutput()`, Node `end()` with `allowHalfOpen`).',
      'A lower `tcp_fin_timeout` makes it worse; it never shortens TIME_WAIT. See it with `sysctl net.ipv4.tcp_fin_timeout` at the end that closed.',
    ],
    confidence: 'likely',
    endpoint: late,
    flows: group.toSorted((a, b) => Number(b.withData) - Number(a.withData)).map((each) => each.notable.id),
    flowCount: group.length,
    frames: group.flatMap((each) => framesOf(each)),
    at: earliest(group.map((each) => each.notable.reset!.at)),
    until: latest(group.map((each) => each.notable.reset!.at)),
  };
}

/** The FIN, what came late, the RST. */
function framesOf({ notable, waiting }: Expired): (number | null)[] {
  return [notable.ends[waiting].finFrame, notable.ends[1 - waiting]!.finFrame, notable.reset!.frame];
}

function timerWords(context: Context, { notable, waiting }: Expired): string {
  const timer = orphanTimerOf(context, notable, waiting);
  if (timer === null) return 'A timer of its FIN_WAIT_2 would explain it.';
  return `On ${timer.system} a FIN_WAIT_2 that no process owns is dropped after ${duration(timer.seconds)}, without a packet; this would explain it.`;
}

function restOf(rest: readonly Expired[], ends: number): Draft {
  return {
    severity: 'info',
    title: `${plural(ends, 'more endpoint')} ended ${plural(rest.length, 'connection')} after the peer's FIN_WAIT_2 had expired`,
    because: `Their FINs or data came ${rangeWords(rest.map(({ held }) => held))} after the peers had closed, and were answered by RST; no endpoint of them did so as often as those above.`,
    doThis: ['See the findings above.'],
    confidence: 'likely',
    endpoint: null,
    flows: rest.map(({ notable }) => notable.id),
    flowCount: rest.length,
    frames: rest.flatMap((each) => framesOf(each)),
    at: earliest(rest.map(({ notable }) => notable.reset!.at)),
    until: latest(rest.map(({ notable }) => notable.reset!.at)),
  };
}
