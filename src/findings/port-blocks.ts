/** Whether a client had used up all its ports towards one service: by the ports that it held, and by its silence meanwhile. */

import type { Lifetimes } from '../evidence/lifetimes.ts';
import { NS_PER_SECOND } from '../units.ts';

/** Ports in a block: the range that the client seems to have. */
export interface Block {
  low: number;
  high: number;
  /** how many of them it used */
  used: number;
}

/** A time in which a client that had made connections all along made none, since it held every port. Times are ns since the capture's first second. */
export interface Drought {
  block: Block;
  /** sockets that it held when it fell silent */
  held: number;
  /** its last SYN before, and its first one after */
  from: number;
  until: number;
  /** SYNs a second before */
  rate: number;
  /** rows of the flows that held the ports */
  rows: number[];
  /** the first of them that is free again, at the earliest */
  freeAt: number;
  /** id of the first flow after the silence */
  next: number;
}

/** Ports of a block at least: fewer say little, and no range is so small. */
const LEAST = 32;
/** Share of a block's ports that are used: Linux takes even ones before odd ones, and comes to all in the end. */
const DENSE = 0.9;
/** Ports that lie closer are of one block. */
const NEAR = 16;
/** A silence is one if so long, ns, and so many times as long as the time between two SYNs before. */
const SILENCE = 5 * NS_PER_SECOND;
const TIMES = 20;
/** Clocks of timers and of the capture may differ by so much. */
const SLACK = 0.5 * NS_PER_SECOND;
/** How much later than the first port is free the client may try again. */
const PATIENCE = 15 * NS_PER_SECOND;
/** SYNs after a silence that must come from the ports held before, and the share that does. */
const AFTER = 20;
const AGAIN = 0.9;

/** Dense blocks of ports. @param ports of one client towards one service */
export function blocksOf(ports: Iterable<number>): Block[] {
  const sorted = Uint16Array.from(new Set(ports)).sort();
  const blocks: Block[] = [];
  let first = 0;
  for (let i = 1; i <= sorted.length; i++) {
    if (i < sorted.length && sorted[i]! - sorted[i - 1]! <= NEAR) continue;
    const [low, high, used] = [sorted[first]!, sorted[i - 1]!, i - first];
    if (used >= LEAST && used >= DENSE * (high - low + 1)) blocks.push({ low, high, used });
    first = i;
  }
  return blocks;
}

/**
 * The longest time in which a client held all ports of a block and was silent until one was free.
 * @param rows of one client's flows that compete for ports, in the order in which they were opened
 */
export function droughtOf(lifetimes: Lifetimes, rows: readonly number[]): Drought | null {
  let longest: Drought | null = null;
  for (const block of blocksOf(rows.map((row) => lifetimes.clientPort(row)))) {
    const own = rows.filter((row) => isIn(block, lifetimes.clientPort(row)));
    for (const drought of droughts(lifetimes, rows, own, block)) {
      if (longest === null || drought.until - drought.from > longest.until - longest.from) longest = drought;
    }
  }
  return longest;
}

function* droughts(
  lifetimes: Lifetimes,
  rows: readonly number[],
  own: readonly number[],
  block: Block,
): Generator<Drought> {
  for (let i = LEAST; i < rows.length; i++) {
    const from = lifetimes.opened(rows[i - 1]!);
    const until = lifetimes.opened(rows[i]!);
    if (until - from < SILENCE) continue;
    // The SYNs before, as many as the block has ports: how often they came.
    const before = rows.slice(Math.max(0, i - block.used), i);
    const step = (from - lifetimes.opened(before[0]!)) / (before.length - 1);
    if (until - from < TIMES * step) continue;
    const held = heldAt(lifetimes, own, from);
    if (held.length < DENSE * (block.high - block.low + 1)) continue;
    const freeAt = least(held, (row) => freeFrom(lifetimes, row));
    const latest = least(held, (row) => {
      const { timeWaitNs, timeWaitLatestNs } = lifetimes.profile(row, 0);
      return freeFrom(lifetimes, row) + timeWaitLatestNs - timeWaitNs;
    });
    // It went on before a port can have been free, or long after: then it was silent for another reason.
    if (until < freeAt - SLACK || until > latest + PATIENCE) continue;
    // A system that takes one port after the other goes on behind the block: it had more.
    const ports = new Set(held.map((row) => lifetimes.clientPort(row)));
    const after = rows.slice(i, i + AFTER);
    const again = after.filter((row) => ports.has(lifetimes.clientPort(row))).length;
    if (again < AGAIN * after.length) continue;
    yield {
      block,
      held: held.length,
      from,
      until,
      rate: step > 0 ? NS_PER_SECOND / step : 0,
      rows: held,
      freeAt,
      next: lifetimes.id(rows[i]!),
    };
  }
}

/** Rows whose ports the client held at a time, each port once. */
function heldAt(lifetimes: Lifetimes, rows: readonly number[], at: number): number[] {
  const held = new Map<number, number>();
  for (const row of rows) {
    if (lifetimes.opened(row) > at) break;
    if (lifetimes.gone(row, 0) > at) held.set(lifetimes.clientPort(row), row);
  }
  return [...held.values()];
}

/** When a port is free by its timer: that the client took it again sooner shows that it did not have to wait. */
function freeFrom(lifetimes: Lifetimes, row: number): number {
  const from = lifetimes.timeWaitFrom(row, 0);
  return Number.isNaN(from) ? lifetimes.gone(row, 0) : from + lifetimes.profile(row, 0).timeWaitNs;
}

function isIn({ low, high }: Block, port: number): boolean {
  return port >= low && port <= high;
}

function least(rows: readonly number[], of: (row: number) => number): number {
  let most = Number.POSITIVE_INFINITY;
  for (const row of rows) most = Math.min(most, of(row));
  return most;
}

/** The most ports of a range that a client held at once, and when. */
export interface Level {
  peak: number;
  at: number;
  /** connections from the first that it made out of the range to the last, and both times */
  count: number;
  from: number;
  to: number;
}

/** @param rows of one client's flows to one service */
export function levelOf(lifetimes: Lifetimes, rows: readonly number[], low: number, high: number): Level {
  const own = rows.filter((row) => isIn({ low, high, used: 0 }, lifetimes.clientPort(row)));
  const starts = Float64Array.from(own, (row) => lifetimes.opened(row)).sort();
  const ends = Float64Array.from(own, (row) => lifetimes.gone(row, 0))
    .filter((end) => !Number.isNaN(end))
    .sort();
  let [level, peak, at, e] = [0, 0, Number.NaN, 0];
  for (const start of starts) {
    while (e < ends.length && ends[e]! <= start) {
      e++;
      level--;
    }
    if (++level > peak) [peak, at] = [level, start];
  }
  return { peak, at, count: own.length, from: starts[0] ?? Number.NaN, to: starts.at(-1) ?? Number.NaN };
}
