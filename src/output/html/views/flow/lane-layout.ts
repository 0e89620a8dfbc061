/** Where the bars of both ends' states stand: numbers only, in pixels of the drawing. */

import type { Endpoint, Flow, Side, Span } from '../../../../report/types.ts';
import { moment, secondsBetween } from '../../../../words.ts';
import { spanWords } from '../../../flow-words.ts';

/** Width of the drawing where its words need no more. */
export const LANE_WIDTH = 880;
/** Of a character of the fixed-width font at the size that the style sheet gives bars. */
const CHARACTER = 6.95;
/** Beside the words of a bar, left and right together. */
const PADDING = 14;
/** Seconds below which all durations look alike. */
const SHORTEST = 1e-5;
/** Pixels for a factor of ten at most: few states make no wide drawing. */
const WIDEST = 90;
/** Room for the cross of an RST. */
const CROSS = 14;
/** Room behind the last time, for an edge that goes on. */
const BEYOND = 22;

export interface Bar {
  span: Span;
  x: number;
  width: number;
  /** the state, its duration */
  lines: [string, string];
  /** nobody saw it begin */
  openLeft: boolean;
  /** it goes on where the drawing ends */
  openRight: boolean;
  /** where the capture ends and only the timer is known of what follows; null: nowhere within it */
  projectedFrom: number | null;
  /** an RST began it */
  byReset: boolean;
}

/** A state that was entered and left at once. */
export interface Notch {
  span: Span;
  x: number;
  text: string;
  /** left edge of the text */
  textX: number;
}

export interface Lane {
  side: Side;
  bars: Bar[];
  notches: Notch[];
}

export interface LaneLayout {
  lanes: [Lane, Lane];
  width: number;
  /** states begin and end here, in order */
  ticks: { seconds: number; x: number }[];
  /** null: every state has ended before */
  captureEnd: number | null;
}

/** A span between two times, before it has a place. */
interface Stretch {
  side: Side;
  span: Span;
  from: number;
  to: number;
  /** of the capture; within the stretch if it goes on by a timer alone */
  seenUntil: number | null;
  lines: [string, string];
  need: number;
  openLeft: boolean;
  openRight: boolean;
  byReset: boolean;
}

function widthOf(lines: readonly string[]): number {
  return Math.max(...lines.map((line) => line.length)) * CHARACTER + PADDING;
}

function stretches(flow: Flow, side: Side, captureEnd: number): Stretch[] {
  const { states, timeWait } = flow.endpoints[side];
  // An RST in TIME_WAIT comes after the flow's end, which it does not change.
  const resetFrame = timeWait?.endedBy === 'rst' ? timeWait.frames.at(-1) : flow.reset?.frame;
  const end = states.findLastIndex(({ state }) => state === 'TIME_WAIT');
  return states.map((span, index) => {
    const from = secondsBetween(flow.firstPacket, span.from);
    const byReset = span.state === 'CLOSED' && span.frames[0] !== null && span.frames[0] === resetFrame;
    const ended = span.to === null ? Math.max(from, captureEnd) : secondsBetween(flow.firstPacket, span.to);
    const timer = index === end && timeWait !== null && isTimed(timeWait.endedBy) ? timeWait : null;
    const until = timer === null ? ended : Math.max(ended, secondsBetween(flow.firstPacket, timer.until));
    const lines: [string, string] = [span.state, isLast(span) ? '' : spanWords(span).seconds];
    if (timer !== null) {
      lines[1] += `, until ${timer.basis === 'observed' || timer.basis === 'kernel' ? '' : '~'}${moment(timer.until, flow.firstPacket)}`;
    }
    return {
      side,
      span,
      from,
      to: until,
      seenUntil: span.open && until > ended ? ended : null,
      lines,
      need: widthOf(lines) + (byReset ? CROSS : 0),
      byReset,
      openLeft: index === 0 && span.frames[0] === null,
      openRight: span.to === null && timer === null,
    };
  });
}

function isTimed(endedBy: NonNullable<Endpoint['timeWait']>['endedBy']): boolean {
  return endedBy === 'timer' || endedBy === 'capture-end';
}

/** CLOSED at the end lasts for ever: it has no duration. */
function isLast({ state, seconds }: Span): boolean {
  return state === 'CLOSED' && !seconds;
}

/** States that were left when they were entered, and so have no width. */
function isNotch({ from, to, span }: Stretch): boolean {
  return from === to && span.to !== null && !isLast(span);
}

/**
 * A common time axis: between two neighbouring times its width grows with the logarithm of what passes, and every bar has
 * room for its words.
 * @param captureEnd seconds since the flow's first packet
 */
export function layOut(flow: Flow, captureEnd: number): LaneLayout {
  const all = (['client', 'server'] as const).flatMap((side) => stretches(flow, side, captureEnd));
  const isOpen = all.some(({ span }) => span.to === null);
  const times = [...new Set(all.flatMap(({ from, to }) => [from, to]).concat(isOpen ? [captureEnd] : []))];
  times.sort((a, b) => a - b);
  const place = fitted(times, all);
  const xOf = (seconds: number): number => place.x[times.indexOf(seconds)] ?? 0;
  const laneOf = (side: Side): Lane => {
    const own = all.filter((each) => each.side === side);
    const bars = own
      .filter((each) => !isNotch(each))
      .map((each): Bar => {
        const { span, from, to, seenUntil, lines, openLeft, openRight, byReset } = each;
        const x = xOf(from);
        const right = isLast(span) || openRight ? place.width : xOf(to);
        return {
          span,
          x,
          width: right - x,
          lines,
          openLeft,
          openRight,
          projectedFrom: seenUntil === null ? null : xOf(seenUntil),
          byReset,
        };
      });
    return { side, bars, notches: notchesOf(own.filter(isNotch), xOf, place.width) };
  };
  return {
    lanes: [laneOf('client'), laneOf('server')],
    width: Math.max(LANE_WIDTH, Math.ceil(place.width)),
    ticks: times.map((seconds) => ({ seconds, x: xOf(seconds) })),
    captureEnd: isOpen ? xOf(captureEnd) : null,
  };
}

/** Words beside notches, one after the other where they would touch. */
function notchesOf(all: readonly Stretch[], xOf: (seconds: number) => number, width: number): Notch[] {
  let free = 0;
  const notches = all.map(({ span, from }): Notch => {
    const text = `${span.state} 0 s`;
    const textX = Math.max(free, xOf(from) - 3);
    free = textX + text.length * CHARACTER + 12;
    return { span, x: Math.max(3, xOf(from)), text, textX };
  });
  let right = Math.max(width, LANE_WIDTH);
  for (const notch of notches.toReversed()) {
    notch.textX = Math.max(0, Math.min(notch.textX, right - notch.text.length * CHARACTER));
    right = notch.textX - 12;
  }
  return notches;
}

interface Place {
  x: number[];
  width: number;
}

/** As wide as the drawing, or as its words need. */
function fitted(times: readonly number[], all: readonly Stretch[]): Place {
  let [low, high] = [0, WIDEST];
  if (placed(times, all, high).width <= LANE_WIDTH) return placed(times, all, high);
  for (let round = 0; round < 24; round++) {
    const middle = (low + high) / 2;
    if (placed(times, all, middle).width <= LANE_WIDTH) low = middle;
    else high = middle;
  }
  return placed(times, all, low);
}

/** From left to right each time stands as near as the bars that end there let it. @param scale pixels for a factor of ten */
function placed(times: readonly number[], all: readonly Stretch[], scale: number): Place {
  const x: number[] = [];
  const at = new Map(times.map((seconds, index) => [seconds, index]));
  times.forEach((seconds, index) => {
    const before = times[index - 1];
    let here = before === undefined ? 0 : x[index - 1]! + 3 + scale * Math.log10(1 + (seconds - before) / SHORTEST);
    for (const each of all) {
      if (each.to === seconds && each.from < seconds) here = Math.max(here, x[at.get(each.from)!]! + each.need);
    }
    x.push(Math.round(here * 10) / 10);
  });
  let width = x.at(-1) ?? 0;
  for (const each of all) {
    const from = x[at.get(each.from)!]!;
    if (isLast(each.span)) width = Math.max(width, from + each.need);
    else if (each.openRight) width = Math.max(width, from + each.need, x[at.get(each.to)!]! + BEYOND);
  }
  return { x, width };
}
