/** Charts of bars that lie: who closes first, stays in FIN_WAIT_2, gaps before a 4-tuple's reuse. */

import type { Service, ServiceTotals } from '../../../report/services.ts';
import type { Report, Reuse } from '../../../report/types.ts';
import { addressPort, count, duration, list, percent, plural } from '../../../words.ts';
import { isComplete } from '../../complete.ts';
import type { FillName } from './fills.ts';

export interface Part {
  name: string;
  fill: FillName;
}

export interface Bar {
  label: string;
  /** a number for each part */
  counts: readonly number[];
  /** what stands beside the bar */
  text: string;
}

export interface BarChart {
  title: string;
  /** what is counted, and what is not */
  note: string;
  parts: readonly Part[];
  bars: readonly Bar[];
  /** true: bars are as long as each other, and parts are shares */
  shares: boolean;
  /** what the numbers count */
  unit: string;
  /** head of the table's first column */
  head: string;
  /** further columns of the table */
  more: readonly { head: string; counts: readonly number[] }[];
}

const CLOSERS = [
  ['client', 'the client', 'sky'],
  ['both', 'both at once', 'purple'],
  ['server', 'the server', 'red'],
  ['unknown', 'not known who', 'grey'],
  ['reset', 'ended by RST alone', 'crossed'],
  ['notClosed', 'not closed', 'hollow'],
] as const satisfies readonly (readonly [keyof Service, string, FillName])[];

const isClosed = (key: (typeof CLOSERS)[number][0]): boolean => key !== 'reset' && key !== 'notClosed';

const MOST_SERVICES = 8;

/** @returns null where no connection was closed */
export function closersOf({ services, others }: ServiceTotals): BarChart | null {
  const sum = (key: keyof Omit<Service, 'address'>, all = services) => all.reduce((n, each) => n + each[key], 0);
  const closed = sum('client') + sum('both') + sum('server') + sum('unknown');
  if (closed === 0) return null;
  const rest = services.slice(MOST_SERVICES);
  const used = CLOSERS.filter(([key]) => sum(key) > 0);
  const bar = (label: string, all: readonly Service[]): Bar => {
    const counts = used.map(([key]) => sum(key, [...all]));
    const flows = sum('flows', [...all]);
    const named = used.map(([key, name], i) => ({ n: counts[i]!, name, isClosed: isClosed(key) }));
    // Of those that were closed, if any was: whose RSTs these are is another question.
    const closed = named.filter((each) => each.isClosed && each.n > 0);
    const { n: most, name } = (closed.length > 0 ? closed : named).reduce((best, each) =>
      each.n > best.n ? each : best,
    );
    return { label, counts, text: `${name} ${count(most)} of ${count(flows)}` };
  };
  const bars = services.slice(0, MOST_SERVICES).map((each) => bar(addressPort(each), [each]));
  if (rest.length > 0) bars.push(bar(plural(rest.length, 'other service'), rest));
  return {
    title: closersTitle(sum('client'), sum('server'), sum('both'), closed),
    note: `Share of each service's connections.${others > 0 ? ` ${plural(others, 'connection')} of further services ${others === 1 ? 'is' : 'are'} not in it.` : ''}`,
    parts: used.map(([, name, fill]) => ({ name, fill })),
    bars,
    shares: true,
    unit: 'connections',
    head: 'service',
    more: [],
  };
}

function closersTitle(client: number, server: number, both: number, closed: number): string {
  const all = closed === 1 ? 'the one connection that was closed' : `all ${count(closed)} connections that were closed`;
  if (server === closed) return `The server closes first in ${all}`;
  if (client === closed) return `The client closes first in ${all}`;
  if (both === closed) return `Both ends close at once in ${all}`;
  const parts: [number, string][] = [
    [server, 'the server closes first'],
    [client, server > 0 ? 'the client' : 'the client closes first'],
    [both, 'both at once'],
  ];
  const said = parts.flatMap(([n, who]) => (n === 0 ? [] : [`${who} in ${count(n)}`]));
  if (said.length === 0) return `Who closes first is not known of ${all}`;
  return `Of ${plural(closed, 'closed connection')} ${list(said)}`;
}

/** Upper bounds of FIN_WAIT_2's buckets, seconds. */
const STAYS: readonly (readonly [number, string])[] = [
  [0.001, 'under 1 ms'],
  [0.01, '1 to 10 ms'],
  [0.1, '10 to 100 ms'],
  [1, '0.1 to 1 s'],
  [10, '1 to 10 s'],
  [60, '10 to 60 s'],
  [Number.POSITIVE_INFINITY, 'over 60 s'],
];

const SIDES = ['client', 'server'] as const;

/** Of the listed flows. @returns null where no socket of theirs was in FIN_WAIT_2 for any time */
export function finWait2Of(report: Report): BarChart | null {
  const seen = STAYS.map(() => 0);
  const byTimer = STAYS.map(() => 0);
  let longest = 0;
  let open = 0;
  let unmeasured = 0;
  for (const { endpoints } of report.flows) {
    for (const side of SIDES) {
      const span = endpoints[side].states.find(({ state }) => state === 'FIN_WAIT_2');
      if (span === undefined) continue;
      // Without pure ACKs its edges are a guess, and the endpoint tells no length.
      const seconds = endpoints[side].finWait2Seconds;
      if (span.open) open++;
      else if (seconds === null) unmeasured++;
      else {
        (span.basis === 'assumed' ? byTimer : seen)[STAYS.findIndex(([below]) => seconds < below)]!++;
        longest = Math.max(longest, seconds);
      }
    }
  }
  // Where each FIN was answered by a FIN there is nothing to see.
  if (longest + open === 0) return null;
  const all: [Part, number[]][] = [
    [{ name: 'until a segment ended it', fill: 'orange' }, [...seen, 0]],
    [{ name: 'until a timer did: assumed', fill: 'yellow' }, [...byTimer, 0]],
    [{ name: 'still in it when the capture ended', fill: 'crossed' }, [...STAYS.map(() => 0), open]],
  ];
  const used = all.filter(([, counts]) => counts.some((n) => n > 0));
  const labels = [...STAYS.map(([, label]) => label), ...(open > 0 ? [STILL_OPEN] : [])];
  const untold = unmeasured === 0 ? '' : ` Of ${plural(unmeasured, 'more socket')} the length is not known.`;
  return {
    title: finWait2Title(
      STAYS.map((_, i) => seen[i]! + byTimer[i]!),
      longest,
      open,
      isComplete(report) ? 'socket' : 'listed socket',
    ),
    note: `Sockets by their time in FIN_WAIT_2.${untold}${listedWords(report)}`,
    parts: used.map(([part]) => part),
    bars: labels.map((label, i): Bar => {
      const counts = used.map(([, each]) => each[i]!);
      return { label, counts, text: count(counts.reduce((sum, n) => sum + n, 0)) };
    }),
    shares: false,
    unit: 'sockets',
    head: 'time in FIN_WAIT_2',
    more: [],
  };
}

const STILL_OPEN = 'still open';

function finWait2Title(counts: readonly number[], longest: number, open: number, socket: string): string {
  const closed = counts.reduce((sum, n) => sum + n, 0);
  const long = counts.slice(4).reduce((sum, n) => sum + n, 0);
  const left = `${plural(open, socket)} ${open === 1 ? 'was' : 'were'} still in FIN_WAIT_2 when the capture ended`;
  if (closed === 0) return left;
  const stayed =
    long === 0
      ? open === 0
        ? `FIN_WAIT_2 never lasted longer than ${duration(longest)}`
        : `${plural(closed, socket)} left FIN_WAIT_2 within ${duration(longest)}`
      : `${someOf(long, closed, socket)} stayed in FIN_WAIT_2 for 1 s or longer, at most ${duration(longest)}`;
  return open === 0 ? stayed : `${stayed}; ${left.replace(' in FIN_WAIT_2', ' in it')}`;
}

function someOf(some: number, all: number, what: string): string {
  if (some < all) return `${count(some)} of ${plural(all, what)}`;
  return all === 1 ? `The one ${what}` : `All ${plural(all, what)}`;
}

/** Upper bounds of the gaps' buckets, seconds. */
const GAPS: readonly (readonly [number, string])[] = [
  [1, 'under 1 s'],
  [10, '1 to 10 s'],
  [30, '10 to 30 s'],
  [60, '30 to 60 s'],
  [120, '60 to 120 s'],
  [Number.POSITIVE_INFINITY, 'over 120 s'],
];

const OUTCOMES = ['accepted', 'challenged', 'ignored'] as const satisfies readonly Reuse['outcome'][];

/** Of the listed flows. @returns null where no 4-tuple was used again */
export function reuseOf(report: Report): BarChart | null {
  const reuses = report.flows.flatMap(({ reuse }) => (reuse === null ? [] : [reuse]));
  if (reuses.length === 0) return null;
  const within = reuses.filter(({ inTimeWait }) => inTimeWait);
  const bars = GAPS.map(([, label], bucket): Bar => {
    const own = reuses.filter((reuse) => gapOf(reuse) === bucket);
    const inside = own.filter(({ inTimeWait }) => inTimeWait).length;
    return { label, counts: [inside, own.length - inside], text: count(own.length) };
  });
  return {
    title: `${percentWords(within.length, reuses.length)} of a 4-tuple came while it was in TIME_WAIT${outcomeWords(within)}`,
    note: `Connections by the time since the last one of the same addresses and ports.${listedWords(report)}`,
    parts: [
      { name: 'inside TIME_WAIT (2MSL)', fill: 'red' },
      { name: 'after it, or without one', fill: 'grey' },
    ],
    bars,
    shares: false,
    unit: 'connections',
    head: 'time since the last one',
    more: OUTCOMES.map((head) => ({
      head,
      counts: GAPS.map((_, i) => reuses.filter((reuse) => gapOf(reuse) === i && reuse.outcome === head).length),
    })),
  };
}

function gapOf({ gapSeconds }: Reuse): number {
  return GAPS.findIndex(([below]) => gapSeconds < below);
}

function percentWords(part: number, whole: number): string {
  if (whole === 1) return part === 1 ? 'The one reuse' : 'No reuse';
  if (part === 0) return `None of ${count(whole)} reuses`;
  if (part === whole) return `All ${count(whole)} reuses`;
  return `${count(part)} of ${count(whole)} reuses (${percent(part, whole)})`;
}

function outcomeWords(within: readonly Reuse[]): string {
  const said = OUTCOMES.flatMap((name) => {
    const n = within.filter(({ outcome }) => outcome === name).length;
    if (n === 0) return [];
    return [n === within.length ? (n === 1 ? `it was ${name}` : `all were ${name}`) : `${count(n)} ${name}`];
  });
  return said.length === 0 ? '' : `: ${list(said)}`;
}

/** Where not all flows are listed. */
function listedWords(report: Report): string {
  if (isComplete(report)) return '';
  return ` Of the ${count(report.flows.length)} connections listed here, out of ${count(report.totals.flows)}.`;
}
