/** How many sockets were in TIME_WAIT over time, from all flows, or from those that a report lists. */

import type { Context } from '../../../findings/context.ts';
import type { Endpoint, Report, TimeWait } from '../../../report/types.ts';
import { secondsBetween } from '../../../words.ts';
import type { StaySeries, Stays } from './stays.ts';
import { type Intervals, NO_SERIES, swept } from './sweep.ts';

/** Series with a name each. */
const MOST_SERIES = 5;

type Name = Pick<StaySeries, 'address' | 'port'>;

/**
 * Of all flows.
 * @returns null where no socket was in TIME_WAIT
 */
export function staysOf(context: Context): Stays | null {
  const { lifetimes } = context;
  let services = 0;
  let count = 0;
  for (let row = 0; row < lifetimes.length; row++) {
    services = Math.max(services, lifetimes.service(row) + 1);
    for (let side = 0; side < 2; side++) if (!Number.isNaN(lifetimes.timeWaitFrom(row, side))) count++;
  }
  const intervals = room(count);
  let i = 0;
  for (let row = 0; row < lifetimes.length; row++) {
    for (let side = 0; side < 2; side++) {
      const from = lifetimes.timeWaitFrom(row, side);
      if (Number.isNaN(from)) continue;
      const number = side === 0 ? lifetimes.client(row) : lifetimes.service(row);
      intervals.from[i] = from;
      intervals.until[i] = lifetimes.gone(row, side);
      intervals.series[i++] = number < 0 ? NO_SERIES : side === 0 ? services + number : number;
    }
  }
  const nameOf = (series: number): Name =>
    series >= services
      ? { address: context.client(series - services), port: null }
      : { address: context.serviceAddress(series), port: context.servicePort(series) };
  const left = context.totals.timeWait.count - count;
  return staysIn(intervals, context.start, context.end, nameOf, context.time(context.start), left);
}

/** Of the flows that a report lists: what is not listed is in `left`. @returns null where none was in TIME_WAIT */
export function staysOfListed({ flows, capture, totals }: Report): Stays | null {
  const { firstPacket, lastPacket } = capture;
  if (firstPacket === null || lastPacket === null) return null;
  const names: Name[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (name: Name): number => {
    const key = `${name.port ?? ''} ${name.address}`;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, names.length);
    return names.push(name) - 1;
  };
  const stays = flows.flatMap(({ client, server, endpoints }) => {
    const ends = [
      { end: endpoints.client, name: { address: client.address, port: null } },
      { end: endpoints.server, name: server },
    ];
    return ends.flatMap(({ end, name }) =>
      end.timeWait === null
        ? []
        : [{ from: end.timeWait.from, until: goneAt(end, end.timeWait), series: numberOf(name) }],
    );
  });
  const ns = (time: string) => Math.round(secondsBetween(firstPacket, time) * 1e9);
  const intervals = room(stays.length);
  stays.forEach(({ from, until, series }, i) => {
    intervals.from[i] = ns(from);
    intervals.until[i] = ns(until);
    intervals.series[i] = series;
  });
  const left = totals.timeWait.count - stays.length;
  return staysIn(intervals, 0, ns(lastPacket), (series) => names[series]!, firstPacket, left);
}

/** `until` is its timer's: a segment may have ended it before. */
function goneAt({ states }: Endpoint, { until, endedBy }: TimeWait): string {
  if (endedBy === 'timer' || endedBy === 'capture-end') return until;
  return states.findLast(({ state }) => state === 'TIME_WAIT')?.to ?? until;
}

function room(count: number): Intervals {
  return { from: new Float64Array(count), until: new Float64Array(count), series: new Int32Array(count) };
}

/** @param end of the capture: time goes on to the last end by a timer */
function staysIn(
  intervals: Intervals,
  start: number,
  end: number,
  nameOf: (series: number) => Name,
  from: string,
  left: number,
): Stays | null {
  if (intervals.from.length === 0) return null;
  const last = intervals.until.reduce((latest, until) => Math.max(latest, until), end);
  const { bucketNs, total, series, others } = swept(intervals, start, last, MOST_SERIES, (number) => {
    const { address, port } = nameOf(number);
    return `${address} ${port ?? ''}`;
  });
  const named = series.map((each): StaySeries => {
    const { address, port } = nameOf(each.series);
    return { address, port, peak: each.peak, counts: each.counts };
  });
  const rest: StaySeries = { address: '', port: null, peak: Math.max(...others), counts: others };
  return {
    from,
    bucketSeconds: bucketNs / 1e9,
    series: rest.peak > 0 ? [...named, rest] : named,
    total,
    left: Math.max(0, left),
  };
}
