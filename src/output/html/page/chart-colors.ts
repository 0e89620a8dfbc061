/** The style sheet's colours and the fills, as a canvas wants them. */

import { FILLS, type FillName, HATCHES } from '../charts/fills.ts';

const TILE = 8;

/** A custom property of the style sheet, as it is now. */
export function colorOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The page's font, at the size of a chart's small print. */
export function fontOf(): { family: string; size: number } {
  return { family: getComputedStyle(document.body).fontFamily, size: 12 };
}

/** A fill as a pattern; its colour alone where no pattern can be had. */
export function patternOf(name: FillName): CanvasPattern | string {
  const { color, mark, hatch } = FILLS[name];
  const base = colorOf(color);
  const tile = document.createElement('canvas');
  tile.width = tile.height = TILE;
  const context = tile.getContext('2d');
  if (hatch === 'plain' || context === null) return base;
  context.fillStyle = base;
  context.fillRect(0, 0, TILE, TILE);
  context.strokeStyle = colorOf(mark);
  context.lineWidth = 1.25;
  context.stroke(new Path2D(HATCHES[hatch]));
  return context.createPattern(tile, 'repeat') ?? base;
}
