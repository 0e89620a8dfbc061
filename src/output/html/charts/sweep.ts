/** Intervals of many series, counted over time. */

import { roundSeconds } from './axis.ts';

/** Times are ns from whatever beginning. An interval that ends where another begins is over before. */
export interface Intervals {
  from: Float64Array;
  until: Float64Array;
  /** the series of each; NO_SERIES: of those that have no name */
  series: Int32Array;
}

export const NO_SERIES = -1;

export interface Swept {
  bucketNs: number;
  /** most at once in each bucket */
  total: number[];
  /** the series with the highest peaks, the highest first */
  series: { series: number; peak: number; counts: number[] }[];
  /** all others, in each bucket */
  others: number[];
}

/** Buckets at most; at least two in five of them. */
const MOST_BUCKETS = 150;

/**
 * @param start, end of the time that is shown; all intervals end by then
 * @param most series that are counted by themselves
 * @param nameOf decides between equals: numbers depend on the order in which flows came
 */
export function swept(
  intervals: Intervals,
  start: number,
  end: number,
  most: number,
  nameOf: (series: number) => string,
): Swept {
  const order = inOrder(intervals);
  const best = highest(intervals, order, most, nameOf);
  const bucketNs = Math.max(1, roundSeconds(Math.max(1, end - start) / MOST_BUCKETS / 1e9) * 1e9);
  const buckets = Math.max(1, Math.ceil((end - start) / bucketNs));
  const slots = new Map(best.map(({ series }, slot) => [series, slot]));
  const levels = new Int32Array(best.length + 1);
  const counts = Array.from(levels, () => new Array<number>(buckets).fill(0));
  const total = new Array<number>(buckets).fill(0);
  let bucket = 0;
  let level = 0;
  const note = () => {
    total[bucket] = level;
    for (let slot = 0; slot < levels.length; slot++) counts[slot]![bucket] = levels[slot]!;
  };
  walk(intervals, order, (at, series, step) => {
    const isOver = (edge: number) => (step < 0 ? edge < at : edge <= at);
    while (bucket + 1 < buckets && isOver(start + (bucket + 1) * bucketNs)) {
      bucket++;
      note();
    }
    level += step;
    levels[slots.get(series) ?? best.length]! += step;
    if (level > total[bucket]!) note();
  });
  return {
    bucketNs,
    total,
    series: best.map((each, slot) => ({ ...each, counts: counts[slot]! })),
    others: counts[best.length]!,
  };
}

interface Order {
  byFrom: Uint32Array;
  byUntil: Uint32Array;
}

function inOrder({ from, until }: Intervals): Order {
  const indexes = Uint32Array.from(from, (_, i) => i);
  return {
    byFrom: indexes.slice().sort((a, b) => from[a]! - from[b]!),
    byUntil: indexes.sort((a, b) => until[a]! - until[b]!),
  };
}

/** Goes through all beginnings and ends in the order of time. */
function walk(
  { from, until, series }: Intervals,
  { byFrom, byUntil }: Order,
  visit: (at: number, series: number, step: 1 | -1) => void,
): void {
  let e = 0;
  for (let s = 0; s <= byFrom.length; s++) {
    const start = s < byFrom.length ? from[byFrom[s]!]! : Number.POSITIVE_INFINITY;
    for (; e < byUntil.length && until[byUntil[e]!]! <= start; e++) {
      visit(until[byUntil[e]!]!, series[byUntil[e]!]!, -1);
    }
    if (s < byFrom.length) visit(start, series[byFrom[s]!]!, 1);
  }
}

function highest(
  intervals: Intervals,
  order: Order,
  most: number,
  nameOf: (series: number) => string,
): { series: number; peak: number }[] {
  const { from, until, series } = intervals;
  // One more, since NO_SERIES is -1.
  const names = series.reduce((largest, each) => Math.max(largest, each), NO_SERIES) + 2;
  const [levels, peaks, areas] = [new Int32Array(names), new Int32Array(names), new Float64Array(names)];
  for (let i = 0; i < from.length; i++) areas[series[i]! + 1]! += until[i]! - from[i]!;
  walk(intervals, order, (_, of, step) => {
    levels[of + 1]! += step;
    if (levels[of + 1]! > peaks[of + 1]!) peaks[of + 1] = levels[of + 1]!;
  });
  return Array.from({ length: names - 1 }, (_, of) => of)
    .filter((of) => peaks[of + 1]! > 0)
    .sort((a, b) => peaks[b + 1]! - peaks[a + 1]! || areas[b + 1]! - areas[a + 1]! || (nameOf(a) < nameOf(b) ? -1 : 1))
    .slice(0, most)
    .map((of) => ({ series: of, peak: peaks[of + 1]! }));
}
