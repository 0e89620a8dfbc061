import type { Notable } from '../evidence/notable.ts';
import type { Context } from './context.ts';

/** Endpoints of which a rule has a finding each; the others are told of together. */
export const MOST_GROUPS = 8;

/** Items by a key, the largest group first; equal ones as their keys came. */
export function groupBy<T, K>(items: Iterable<T>, key: (item: T) => K): [K, T[]][] {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const at = key(item);
    const group = groups.get(at);
    if (group === undefined) groups.set(at, [item]);
    else group.push(item);
  }
  return [...groups].sort((a, b) => b[1].length - a[1].length);
}

export const ids = (notables: readonly Notable[]): number[] => notables.map(({ id }) => id);

export function earliest(times: Iterable<number>): number | null {
  let least = Number.POSITIVE_INFINITY;
  for (const time of times) if (time < least) least = time;
  return least === Number.POSITIVE_INFINITY ? null : least;
}

export function latest(times: Iterable<number>): number | null {
  let most = Number.NEGATIVE_INFINITY;
  for (const time of times) if (time > most && time !== Number.POSITIVE_INFINITY) most = time;
  return most === Number.NEGATIVE_INFINITY ? null : most;
}

/** The value below which a share of the values lies. @param values not empty */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

export const seconds = (ns: number): number => ns / 1_000_000_000;

/** ", from 12:03:10 to 12:04:10", or ", at 12:03:10" where both are the same second. */
export function timesOf(context: Context, from: number, until: number): string {
  const [first, last] = [context.moment(from), context.moment(until)];
  return first === last ? `, at ${first}` : `, from ${first} to ${last}`;
}
