/** Draws all flows over time: a row each, or, where rows would be thinner than a pixel, how many are in each state. */

import { ticks } from './clock.ts';
import { axisEnd, type Crowd, STATES, type Timeline } from './timeline.ts';

export interface Scene {
  line: Timeline;
  /** the capture's first packet */
  origin: string;
  mask: Uint8Array;
  crowds: { matched: Crowd; other: Crowd; resets: Float64Array };
  selected: number;
}

export interface Picture {
  /** the flow at that height, CSS pixels; -1: none, or several */
  flowAt(y: number): number;
}

/** CSS pixels. */
const AXIS = 20;
/** For the selected flow, where there are no rows. */
const LANE = 14;
const MOST_HEIGHT = 220;
const TALL_ROW = 14;
/** Above the crowd: RSTs. */
const RESETS = 20;
/** From this height on a row shows what is assumed, and each RST as a cross. */
const CLEAR_ROW = 5;
const FAINT = 0.22;

/** Height of the whole, CSS pixels. */
export function pictureHeight(flows: number): number {
  return hasRows(flows) ? Math.max(3 * TALL_ROW, flows * rowHeight(flows)) + AXIS : MOST_HEIGHT + LANE + AXIS;
}

/** Whole pixels: rows of other heights make a pattern that means nothing. */
function rowHeight(flows: number): number {
  return Math.max(1, Math.min(TALL_ROW, Math.floor(MOST_HEIGHT / Math.max(1, flows))));
}

function hasRows(flows: number): boolean {
  return flows <= MOST_HEIGHT;
}

/** Whether rows are high enough to tell what was observed from what was not. */
export function isHatched(flows: number): boolean {
  return hasRows(flows) && rowHeight(flows) >= CLEAR_ROW;
}

interface Colours {
  states: string[];
  text: string;
  line: string;
  mark: string;
  back: string;
  cross: string;
}

function colours(element: Element): Colours {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    states: STATES.map((state) =>
      token(state === 'SYN_SENT' || state === 'SYN_RECEIVED' ? 'syn' : state.toLowerCase().replaceAll('_', '-')),
    ),
    text: token('muted'),
    line: token('line'),
    mark: token('accent'),
    back: token('bg'),
    cross: token('critical'),
  };
}

/** Draws it anew, at the screen's resolution. */
export function draw(canvas: HTMLCanvasElement, scene: Scene): Picture {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext('2d');
  if (context === null) return { flowAt: () => -1 };
  context.scale(ratio, ratio);
  const colour = colours(canvas);
  const bottom = height - AXIS;
  const x = (seconds: number) => (seconds / axisEnd(scene.line)) * width;
  drawAxis(context, scene, colour, width, bottom, x);
  if (!hasRows(scene.mask.length)) {
    drawCrowds(context, scene, colour, width, bottom - LANE);
    drawResetCounts(context, scene, colour, width);
    drawLane(context, scene, colour, bottom - LANE, x);
    drawEnd(context, scene, colour, bottom, x);
    return { flowAt: () => -1 };
  }
  const row = rowHeight(scene.mask.length);
  drawRows(context, scene, colour, row, x);
  drawEnd(context, scene, colour, bottom, x);
  return { flowAt: (y) => (y < row * scene.mask.length ? Math.floor(y / row) : -1) };
}

type X = (seconds: number) => number;

function drawAxis(
  context: CanvasRenderingContext2D,
  { line, origin }: Scene,
  colour: Colours,
  width: number,
  bottom: number,
  x: X,
): void {
  context.font = `12px ${getComputedStyle(context.canvas).fontFamily}`;
  context.textBaseline = 'bottom';
  let right = -Infinity;
  for (const { at, text } of ticks(origin, axisEnd(line), width / 110)) {
    const place = Math.round(x(at)) + 0.5;
    context.fillStyle = colour.line;
    context.fillRect(place - 0.5, 0, 1, bottom + 4);
    const half = context.measureText(text).width / 2;
    const left = Math.min(width - 2 * half, Math.max(0, place - half));
    if (left < right + 8) continue;
    context.fillStyle = colour.text;
    context.fillText(text, left, bottom + AXIS);
    right = left + 2 * half;
  }
  context.fillStyle = colour.text;
  context.fillRect(0, bottom, width, 1);
}

/** The capture's end: behind it are timers. */
function drawEnd(context: CanvasRenderingContext2D, { line }: Scene, colour: Colours, bottom: number, x: X): void {
  const end = Math.round(x(line.captured));
  context.strokeStyle = colour.text;
  context.lineWidth = 1.5;
  context.setLineDash([4, 3]);
  context.beginPath();
  context.moveTo(end, 0);
  context.lineTo(end, bottom);
  context.stroke();
  context.setLineDash([]);
}

function drawRows(context: CanvasRenderingContext2D, scene: Scene, colour: Colours, row: number, x: X): void {
  const { line, mask, selected } = scene;
  const inner = row >= 3 ? row - 1 : row;
  for (let i = 0; i < mask.length; i++) {
    context.globalAlpha = mask[i] === 1 ? 1 : FAINT;
    const y = i * row;
    for (let k = line.first[i]!; k < line.first[i + 1]!; k++) {
      const from = x(line.from[k]!);
      const wide = Math.max(1, x(line.to[k]!) - from);
      context.fillStyle = colour.states[line.state[k]!]!;
      context.fillRect(from, y, wide, inner);
      if (line.unsure[k] === 1 && row >= CLEAR_ROW) hatch(context, from, y, wide, inner, colour.back);
    }
  }
  drawResets(context, scene, colour, row, x);
  context.globalAlpha = 1;
  if (selected < 0) return;
  const from = x(line.start[selected]!);
  context.strokeStyle = colour.mark;
  context.lineWidth = 2;
  const high = Math.max(4, inner);
  context.strokeRect(
    Math.max(1, from - 2),
    Math.max(1, selected * row - 1),
    Math.max(4, x(line.end[selected]!) - from + 2),
    high + 1,
  );
}

/** Over all rows, so that a thin row does not hide that of its neighbour. */
function drawResets(context: CanvasRenderingContext2D, scene: Scene, colour: Colours, row: number, x: X): void {
  const { line, mask } = scene;
  for (let i = 0; i < mask.length; i++) {
    const at = line.reset[i]!;
    if (Number.isNaN(at)) continue;
    context.globalAlpha = mask[i] === 1 ? 1 : FAINT;
    if (row >= CLEAR_ROW) cross(context, x(at), i * row, row - 1, colour.cross);
    else {
      context.fillStyle = colour.cross;
      context.fillRect(x(at) - 1.5, i * row, 3, Math.max(1, row));
    }
  }
}

/** Thin lines: what is below is no observation. */
function hatch(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  wide: number,
  high: number,
  back: string,
): void {
  context.save();
  context.beginPath();
  context.rect(x, y, wide, high);
  context.clip();
  context.strokeStyle = back;
  context.lineWidth = 1;
  context.beginPath();
  for (let at = x - high - ((x - high) % 6); at < x + wide; at += 6) {
    context.moveTo(at, y + high);
    context.lineTo(at + high, y);
  }
  context.stroke();
  context.restore();
}

function cross(context: CanvasRenderingContext2D, x: number, y: number, high: number, colour: string): void {
  const half = Math.min(4, high / 2);
  const middle = y + high / 2;
  const at = Math.max(half, Math.min(context.canvas.clientWidth - half, x));
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(at - half, middle - half);
  context.lineTo(at + half, middle + half);
  context.moveTo(at - half, middle + half);
  context.lineTo(at + half, middle - half);
  context.stroke();
}

/** States on each other, those of flows in the filter below, the others faint above. */
function drawCrowds(
  context: CanvasRenderingContext2D,
  { crowds: { matched, other } }: Scene,
  colour: Colours,
  width: number,
  bottom: number,
): void {
  const { buckets } = matched;
  const at = (crowd: Crowd, state: number, bucket: number) => crowd.counts[state * (buckets + 1) + bucket]!;
  const most = tallest(matched, other);
  const step = width / buckets;
  for (let bucket = 0; bucket < buckets; bucket++) {
    let y = bottom;
    for (const [crowd, alpha] of [
      [matched, 1],
      [other, FAINT],
    ] as const) {
      context.globalAlpha = alpha;
      for (let state = STATES.length - 1; state >= 0; state--) {
        const high = (at(crowd, state, bucket) / most) * (bottom - RESETS);
        if (high <= 0) continue;
        context.fillStyle = colour.states[state]!;
        context.fillRect(bucket * step, y - high, step, high);
        y -= high;
      }
    }
  }
  context.globalAlpha = 1;
}

/** RSTs along the upper edge: the longer the line, the more, by their logarithm. */
function drawResetCounts(context: CanvasRenderingContext2D, { crowds }: Scene, colour: Colours, width: number): void {
  const { resets } = crowds;
  const step = width / resets.length;
  context.fillStyle = colour.cross;
  for (let bucket = 0; bucket < resets.length; bucket++) {
    const high = Math.min(RESETS - 6, 4 + 3 * Math.log10(Math.max(1, resets[bucket]!)));
    if (resets[bucket]! > 0) context.fillRect(bucket * step, 0, Math.max(1, step - 0.5), high);
  }
}

/** Most flows at once in a bucket, at least a little. */
export function tallest(...crowds: readonly Crowd[]): number {
  const { buckets } = crowds[0]!;
  let most = 1e-9;
  for (let bucket = 0; bucket < buckets; bucket++) {
    let sum = 0;
    for (const { counts } of crowds) {
      for (let state = 0; state < STATES.length; state++) sum += counts[state * (buckets + 1) + bucket]!;
    }
    most = Math.max(most, sum);
  }
  return most;
}

/** The selected flow on its own, below the crowd. */
function drawLane(context: CanvasRenderingContext2D, scene: Scene, colour: Colours, top: number, x: X): void {
  const { line, selected } = scene;
  context.clearRect(0, top, context.canvas.clientWidth, LANE - 1);
  if (selected < 0) return;
  for (let k = line.first[selected]!; k < line.first[selected + 1]!; k++) {
    const from = x(line.from[k]!);
    context.fillStyle = colour.states[line.state[k]!]!;
    context.fillRect(from, top + 4, Math.max(1, x(line.to[k]!) - from), 6);
  }
  const from = x(line.start[selected]!);
  context.strokeStyle = colour.mark;
  context.lineWidth = 1.5;
  context.strokeRect(Math.max(1, from - 2), top + 2, Math.max(4, x(line.end[selected]!) - from + 4), 10);
}
