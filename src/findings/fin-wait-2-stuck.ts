import { NS_PER_SECOND } from '../units.ts';
import { duration, list, plural, sentence } from '../words.ts';
import type { Context } from './context.ts';
import { earliest, latest, MOST_GROUPS } from './groups.ts';
import {
  byEnd,
  type End,
  endpointOf,
  type HalfClosed,
  halfClosedOf,
  orphanTimerOf,
  peersWords,
  rangeWords,
  sideName,
  stayIn,
} from './half-closed.ts';
import { WRONG_ADVICE } from './remedies.ts';
import type { Draft, Rule } from './rule.ts';

interface Stuck extends HalfClosed {
  /** beginning and end of its FIN_WAIT_2, ns since the capture's first second; the end is the capture's where it is open */
  from: number;
  to: number;
  /** until the FIN, or the RST that shows that it had gone, seconds */
  lasted: number;
  /** seconds in FIN_WAIT_2: less where its timer ended it unseen */
  waited: number;
  /** `expired`: by its timer, before an RST showed it; `outlived`: it was there when its timer should have ended it; `gone`: an RST showed that it was over, when is not known; `open`: not when the capture ended; `ended` before the timer */
  end: 'expired' | 'outlived' | 'gone' | 'open' | 'ended';
}

/** An end that has closed and waits for the other one. */
export const finWait2Stuck: Rule = {
  name: 'fin-wait-2-stuck',
  title: 'An end waits in FIN_WAIT_2 for a peer that does not close',
  fires: 'an end was in FIN_WAIT_2 for so long, and its peer sent nothing meanwhile',
  rfc: 'RFC 9293 section 3.6; RFC 1122 section 4.2.2.13; Linux net/ipv4/tcp.c, tcp_fin_time()',
  threshold: { unit: 's', default: 30, min: 1, max: 1e6, of: 'seconds in FIN_WAIT_2' },
  explanation: {
    means:
      'This end has closed, and its FIN was acknowledged; now it waits for the FIN of the peer, whose application has not closed. The end that waits is the victim: the other one is in CLOSE_WAIT (close-wait-leak).',
    why: [
      'FIN_WAIT_2 ends with the FIN of the peer. Whether it ends without depends on who owns the socket. After close() nobody does, and Linux drops such an orphan after `net.ipv4.tcp_fin_timeout` (60 s; macOS 60 s, Windows 120 s, FreeBSD 600 s; RFC 9293 knows no timer). After shutdown(SHUT_WR) the process still owns it: no timer runs, and it stays for as long as the peer does not close.',
      'An orphan that has been dropped leaves no TIME_WAIT; the next segment of the peer gets an RST (fin-wait-2-expired). Each FIN_WAIT_2 at a server is on its service port, and counts for bind().',
    ],
    doThis: [
      'Mend the other end: it has to close when recv() returns 0 (see `teardown explain close-wait-leak`).',
      'Here: after shutdown(SHUT_WR) read with a timeout (`SO_RCVTIMEO`; Python `settimeout()`; Go `SetReadDeadline()`; Java `setSoTimeout()`; Node `setTimeout()`), then close(). nginx: `lingering_timeout` does so.',
      'One socket alone: `TCP_LINGER2` sets the timer of its orphan on Linux. `net.ipv4.tcp_fin_timeout` sets that of all; `net.ipv4.tcp_max_orphans` limits how many there are.',
    ],
    wrongAdvice: [
      WRONG_ADVICE.finTimeout,
      [
        '`net.ipv4.tcp_fin_timeout` ends every FIN_WAIT_2',
        'Only those that no process owns. After shutdown() there is no timer, whatever it says; it begins with the later close().',
      ],
      WRONG_ADVICE.recycle,
    ],
    unproven: [
      'Packets do not show whether a process owns the socket. `ss -tnpo state fin-wait-2`: one with `users:(...)` is owned and has no timer; one with `timer:(timewait,...)` is an orphan.',
    ],
  },
  find: (context) => {
    const limit = context.threshold('fin-wait-2-stuck');
    const stuck = halfClosedOf(context).flatMap((each) => stuckOf(context, each, limit));
    const groups = byEnd(stuck, ({ waiting }) => waiting);
    const told = groups.slice(0, MOST_GROUPS).map((group) => draftOf(context, group));
    const rest = groups.slice(MOST_GROUPS).flat();
    return rest.length === 0 ? told : [...told, restOf(rest, groups.length - MOST_GROUPS)];
  },
};

/** When the timer has ended an orphan at the latest: of 60 s Linux makes up to 61.9 s, of 3 s up to 3.24 s. */
const latestOf = (timer: number): number => 1.05 * timer + 0.5;

function stuckOf(context: Context, each: HalfClosed, limit: number): Stuck[] {
  const { notable, waiting, silent } = each;
  const stay = stayIn(notable.ends[waiting], 'FIN_WAIT_2');
  if (stay === null) return [];
  const to = stay.open ? context.end : stay.to;
  const lasted = (to - stay.from) / NS_PER_SECOND;
  if (!(lasted >= limit) || silent < limit) return [];
  const timer = orphanTimerOf(context, notable, waiting)?.seconds ?? null;
  const isOver = timer !== null && lasted > latestOf(timer);
  const end = context.has(notable, 'fin-wait-2-expired')
    ? 'expired'
    : stay.open
      ? 'open'
      : isGone(each)
        ? 'gone'
        : isOver && notable.ends[waiting].timeWait !== null
          ? 'outlived'
          : 'ended';
  const waited = end === 'expired' ? Math.min(lasted, timer ?? lasted) : lasted;
  return [{ ...each, from: stay.from, to, lasted, waited, end }];
}

/** Its kernel answered a segment of the peer without a socket: that it had one until then is not known. */
function isGone({ notable: { reset }, waiting, closeWait }: HalfClosed): boolean {
  return !closeWait.open && reset?.by === sideName(waiting) && reset.cause === 'no-such-connection';
}

function draftOf(context: Context, group: readonly Stuck[]): Draft {
  const longest = group.toSorted((a, b) => b.waited - a.waited || b.lasted - a.lasted);
  const first = longest[0]!;
  const { waiting, notable } = first;
  const peer: End = waiting === 0 ? 1 : 0;
  const endpoint = endpointOf(context, notable, waiting);
  const peers = peersWords(context, group, peer);
  const timer = orphanTimerOf(context, notable, waiting);
  const outlived = group.filter(({ end }) => end === 'outlived').length;
  return {
    severity: 'info',
    title: `${endpoint} waited in FIN_WAIT_2 for ${first.end === 'expired' ? 'about ' : first.end === 'gone' || group.length > 1 ? 'up to ' : ''}${duration(first.waited)} (${plural(group.length, 'connection')}): ${peers} did not close`,
    because: `${endpoint} had closed first and its FIN was acknowledged, but no FIN of ${peers} came for ${rangeWords(group.map(({ lasted }) => lasted))}. ${sentence(list(endsOf(context, group)))}. ${
      timer === null
        ? 'Its system has no timer that would end it.'
        : `The timer of FIN_WAIT_2 (${timer.system}: ${duration(timer.seconds)}) runs only for a socket that its process has closed${outlived > 0 ? ': here a process still owned it after shutdown()' : '; after shutdown() alone it waits for ever'}.`
    }`,
    doThis: [
      `${peers} ${peers.includes(' ') ? 'have' : 'has'} to close: see close-wait-leak.`,
      `At ${endpoint}: \`ss -tnpo state fin-wait-2\` shows which sockets a process owns (\`users:\`, no timer) and which are orphans (\`timer:\`).`,
      'For those owned: a read timeout after shutdown(), then close(). `tcp_fin_timeout` ends orphans alone.',
    ],
    confidence: outlived === group.length ? 'certain' : 'likely',
    endpoint,
    flows: longest.map(({ notable: { id } }) => id),
    flowCount: group.length,
    frames: longest.flatMap((each) => framesOf(each)),
    at: earliest(group.map(({ from }) => from)),
    until: latest(group.map(({ to }) => to)),
  };
}

/** How they ended: what the timer had to do with it. */
function endsOf(context: Context, group: readonly Stuck[]): string[] {
  const of = (end: Stuck['end']) => group.filter((each) => each.end === end);
  const [expired, gone, outlived] = [of('expired'), of('gone'), of('outlived')];
  const [open, ended] = [of('open'), of('ended')];
  const it = group.length === 1 ? 'it' : null;
  const parts: string[] = [];
  if (expired.length > 0) {
    parts.push(
      `the timer of orphans had ended ${it ?? `${expired.length} of them`} unseen, by ${context.moment(latest(expired.map(({ to }) => to))!)}`,
    );
  }
  if (gone.length > 0) {
    parts.push(
      `${it ?? gone.length} had gone unseen by ${context.moment(latest(gone.map(({ to }) => to))!)}, as an RST without a socket tells`,
    );
  }
  if (outlived.length > 0) parts.push(`${it ?? outlived.length} outlived that timer and took the late FIN`);
  if (ended.length > 0) parts.push(`${it ?? ended.length} ended by a segment of either end before the timer`);
  if (open.length > 0) {
    const timer = orphanTimerOf(context, group[0]!.notable, group[0]!.waiting);
    const by = timer === null ? null : latest(open.map(({ from }) => from))! + timer.seconds * NS_PER_SECOND;
    parts.push(
      `${it ?? open.length} had no end when the capture ended${by === null ? '' : ` (orphans are gone by ${context.moment(by)})`}`,
    );
  }
  return parts;
}

function framesOf({ notable, waiting, closeWait }: Stuck): (number | null)[] {
  const end = notable.ends[waiting];
  return [end.finFrame, stayIn(end, 'FIN_WAIT_2')?.frames[0] ?? null, closeWait.frames[1]];
}

function restOf(rest: readonly Stuck[], ends: number): Draft {
  return {
    severity: 'info',
    title: `${plural(ends, 'more endpoint')} waited in FIN_WAIT_2 (${plural(rest.length, 'connection')})`,
    because: `Their peers did not close for ${rangeWords(rest.map(({ lasted }) => lasted))}; none of these ends waited in as many connections as those above.`,
    doThis: ['See the findings above.'],
    confidence: 'likely',
    endpoint: null,
    flows: rest.map(({ notable }) => notable.id),
    flowCount: rest.length,
    frames: rest.flatMap((each) => framesOf(each)),
    at: earliest(rest.map(({ from }) => from)),
    until: latest(rest.map(({ to }) => to)),
  };
}
