/** Columns that keep their places while numbers change: widths come from the window alone. */

import type { Paint } from '../style.ts';
import { pad, widthOf } from '../style.ts';
import { cell, type ScreenStyle, words } from './text.ts';

export interface Column<Row> {
  title: string;
  /** columns that it takes, at least */
  width: number;
  /** its share of the room that is left; 0 without it */
  grows?: number;
  /** and no wider than this */
  most?: number;
  align?: 'left' | 'right';
  /** words of ours: cut at the end, and not in the middle as names are */
  prose?: boolean;
  /** where there is no room the lowest goes first */
  keep: number;
  /** @param room columns that it may take */
  text(row: Row, room: number): string;
  paint?(row: Row, style: ScreenStyle): Paint;
}

export interface Placed<Row> {
  column: Column<Row>;
  width: number;
}

const GAP = 2;

/** The columns that have room, with their widths: together `width` at most. The first one always has some. */
export function place<Row>(columns: readonly Column<Row>[], width: number): Placed<Row>[] {
  const kept = [...columns];
  const needed = (): number => kept.reduce((sum, column) => sum + column.width + GAP, -GAP);
  while (kept.length > 1 && needed() > width) {
    const least = kept.slice(1).reduce((lowest, column) => (column.keep < lowest.keep ? column : lowest));
    kept.splice(kept.indexOf(least), 1);
  }
  let left = Math.max(0, width - needed());
  const widths = kept.map((column) => Math.min(column.width, width));
  let growing = kept.filter(({ grows = 0 }) => grows > 0);
  while (left > 0 && growing.length > 0) {
    const shares = growing.reduce((sum, { grows = 0 }) => sum + grows, 0);
    const room = left;
    for (const column of growing) {
      const index = kept.indexOf(column);
      const own = widths[index] ?? 0;
      const share = Math.max(1, Math.floor((room * (column.grows ?? 0)) / shares));
      const more = Math.min(share, left, (column.most ?? Number.POSITIVE_INFINITY) - own);
      widths[index] = own + more;
      left -= more;
    }
    growing = growing.filter(
      (column) => (widths[kept.indexOf(column)] ?? 0) < (column.most ?? Number.POSITIVE_INFINITY),
    );
  }
  return kept.map((column, index) => ({ column, width: widths[index] ?? 0 }));
}

/** The titles; the first one is the block's, with a rule up to the next column. */
export function titleLine<Row>(placed: readonly Placed<Row>[], title: string, style: ScreenStyle): string {
  const cells = placed.map(({ column, width }, index) => {
    if (index > 0) return style.dim(pad(words(column.title, width).trimEnd(), width, column.align));
    const text = words(title, width).trimEnd();
    return style.bold(text) + style.dim(rule(width - widthOf(text)));
  });
  return cells.join(' '.repeat(GAP));
}

function rule(width: number): string {
  return width < 2 ? ' '.repeat(Math.max(0, width)) : ` ${'─'.repeat(width - 1)}`;
}

export function rowLine<Row>(placed: readonly Placed<Row>[], row: Row, style: ScreenStyle, chosen: boolean): string {
  const cells = placed.map(({ column, width }) => {
    const text = column.prose
      ? words(column.text(row, width), width)
      : cell(column.text(row, width), width, column.align);
    // Within the chosen row no colour may end the marking.
    return chosen || column.paint === undefined ? text : column.paint(row, style)(text);
  });
  return cells.join(' '.repeat(GAP));
}
