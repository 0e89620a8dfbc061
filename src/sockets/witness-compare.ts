/** Whether looks at the kernel's tables found an end in other states than its packets tell. */

import type { Span } from '../report/types.ts';
import type { Stay } from './witness-lives.ts';
import { type Look, msOf } from './witness-times.ts';

/** A segment may wait so long between the capture and its socket, ms. */
export const WAITS_MS = 200;
/** One look is not enough: what it found may have been on its way to what the packets tell. */
const LOOKS = 2;

/** The time of a span, ms since 1970; CLOSED at the end, and what is open, last for ever. */
export function timesOf({ from, to, state }: Span): [from: number, to: number] {
  return [msOf(from), to === null || state === 'CLOSED' ? Number.POSITIVE_INFINITY : msOf(to)];
}

/** Whether two looks or more, after the end's first packet, found a socket in states in which it was not by its packets. */
export function isApart(states: readonly Span[], stays: readonly Stay[]): boolean {
  const [first] = states;
  if (first === undefined) return false;
  const begun = msOf(first.from);
  let looks = 0;
  for (const stay of stays) looks += looksApart(stay, states, begun);
  return looks >= LOOKS;
}

function looksApart(stay: Stay, states: readonly Span[], begun: number): number {
  const { first, last, looks, state } = stay;
  const period = looks > 1 ? (last.begun - first.begun) / (looks - 1) : 0;
  const within = (ms: number) => (ms < 0 ? 0 : period === 0 ? looks : Math.min(looks, Math.floor(ms / period) + 1));
  const span = states.find((each) => each.state === state);
  // What was before the first packet is not told by packets.
  if (span === undefined) return Math.min(looks, within(last.begun - WAITS_MS - begun));
  const [from, to] = timesOf(span);
  const before = Math.min(last.ended, from - WAITS_MS) - Math.max(first.ended, begun + WAITS_MS);
  const after = last.begun - Math.max(to + WAITS_MS, first.begun);
  return within(before) + within(after);
}

/**
 * Whether two looks lay within a span.
 * @param looks in time order @param missed the first look without a socket that was there before: those from it on count
 */
export function sawWithin(span: Span, looks: readonly Look[], missed: Look | null = null): boolean {
  const [from, to] = timesOf(span);
  const since = Math.max(from + WAITS_MS, (missed?.begun ?? from) - 1);
  return looks.filter(({ begun, ended }) => begun > since && ended < to - WAITS_MS).length >= LOOKS;
}
