/** The style sheet's colours and the fills, as a canvas wants them. */

import type { ChartConfiguration } from 'chart.js';
import { FILLS, type FillName, HATCHES } from '../charts/fills.ts';

/** What Chart.js draws. */
export type Config = ChartConfiguration<'bar' | 'line', unknown[], string>;

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

/** What all charts have alike. */
export function commonOf() {
  const font = fontOf();
  const [muted, line, fg, raised] = ['--muted', '--line', '--fg', '--raised'].map(colorOf) as [
    string,
    string,
    string,
    string,
  ];
  return {
    ticks: { color: muted, font },
    grid: { color: line },
    border: { color: colorOf('--strong-line') },
    tooltip: {
      backgroundColor: raised,
      titleColor: fg,
      bodyColor: fg,
      borderColor: colorOf('--strong-line'),
      borderWidth: 1,
      titleFont: { ...font, weight: 'bold' as const },
      bodyFont: font,
      cornerRadius: 4,
    },
    fg,
    raised,
    font,
  };
}
