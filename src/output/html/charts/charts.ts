/** All charts over all connections, as numbers and words. */

import { formatTime } from '../../../units.ts';
import { addressPort, count, list, moment, plural, secondsBetween } from '../../../words.ts';
import type { HtmlInput } from '../model.ts';
import { type BarChart, closersOf, finWait2Of, reuseOf } from './bars.ts';
import type { Stays } from './stays.ts';
import { staysOfListed } from './stays-of.ts';

export interface StaysChart {
  title: string;
  note: string;
  stays: Stays;
  /** as `stays.series` */
  names: readonly string[];
  /** from the first bucket's beginning to the capture's last packet, and to the axis' end: seconds */
  captured: number;
  seconds: number;
}

/** null: there is nothing to draw. */
export interface ChartSet {
  stays: StaysChart | null;
  closers: BarChart | null;
  finWait2: BarChart | null;
  reuse: BarChart | null;
}

export function chartsOf({ report, services, stays }: HtmlInput): ChartSet {
  return {
    stays: staysChart(report, stays ?? staysOfListed(report)),
    closers: closersOf(services),
    finWait2: finWait2Of(report),
    reuse: reuseOf(report),
  };
}

function staysChart({ totals, capture }: HtmlInput['report'], stays: Stays | null): StaysChart | null {
  const { peak, peakAt, until } = totals.timeWait;
  if (stays === null) return null;
  const { firstPacket, lastPacket } = capture;
  const names = stays.series.map(({ address, port }) =>
    address === '' ? 'all others' : port === null ? `ports of client ${address}` : addressPort({ address, port }),
  );
  const captured = lastPacket === null ? 0 : secondsBetween(stays.from, lastPacket);
  const latest = until === null ? captured : secondsBetween(stays.from, until);
  const when = peakAt === null ? '' : `Most at ${moment(peakAt, firstPacket)}. `;
  const end =
    until === null || latest <= captured ? '' : `The last is gone at ${moment(until, firstPacket)} by its timer. `;
  const left =
    stays.left === 0
      ? ''
      : `${plural(stays.left, 'socket')} of connections that are not listed ${stays.left === 1 ? 'is' : 'are'} missing here.`;
  return {
    title: `At most ${plural(peak, 'socket')} in TIME_WAIT at once${whereWords(stays, names)}`,
    note: `${when}${end}${left}`.trim(),
    stays,
    names,
    captured,
    seconds: Math.max(captured, latest, stays.bucketSeconds),
  };
}

/** On which ports, at the peak. */
function whereWords({ series, total, left }: Stays, names: readonly string[]): string {
  const most = Math.max(...total);
  const at = total.indexOf(most);
  const named = series.flatMap(({ address, counts }, i) =>
    address !== '' && counts[at]! > 0 ? [[names[i]!, counts[at]!] as const] : [],
  );
  const [first] = named.sort((a, b) => b[1] - a[1]);
  if (first === undefined || most === 0 || left > 0) return '';
  if (first[1] === most) return `${most === 1 ? '' : ', all'} on ${first[0]}`;
  const shown = named.slice(0, 2);
  const rest = most - shown.reduce((sum, [, n]) => sum + n, 0);
  const others = rest > 0 ? [`${count(rest)} on others`] : [];
  return `: ${list([...shown.map(([name, n]) => `${count(n)} on ${name}`), ...others])}`;
}

/** So many seconds after a time, to the nanosecond. */
export function timeOf(from: string, seconds: number): string {
  const nanoseconds = Number(from.slice(20, 29)) + Math.round((seconds % 1) * 1e9);
  return formatTime(Date.parse(`${from.slice(0, 19)}Z`) / 1000 + Math.floor(seconds), nanoseconds);
}
