/** Columns that fit a width: shorter words first, then narrower addresses, then fewer columns. */

import { clipMiddle, type Paint, pad, plain, widthOf } from './style.ts';

export interface Column {
  title: string;
  /** a cell for each row, plain text */
  cells: readonly string[];
  /** shorter words for the same cells, and for the title, which may then have several lines */
  short?: readonly string[];
  shortTitle?: string;
  align?: 'left' | 'right';
  /** columns to which a cell may be cut in its middle: before any column is dropped, and after the first were */
  shrink?: { first: number; last: number };
  /** order in which columns are dropped, 1 first; never where absent. From 10 on they are dropped after shrinking. */
  drop?: number;
  paint?: (text: string, row: number) => string;
}

export interface Table {
  /** one or more lines */
  header: string[];
  rows: string[];
  /** titles of the columns that did not fit */
  dropped: string[];
}

interface Fitted {
  column: Column;
  title: readonly string[];
  cells: readonly string[];
  width: number;
}

const GAP = 2;

function fitted(column: Column, title: string, cells: readonly string[]): Fitted {
  const clean = cells.map(plain);
  const lines = title.split('\n');
  const width = [lines, clean].flat().reduce((most, text) => Math.max(most, widthOf(text)), 0);
  return { column, title: lines, cells: clean, width };
}

function total(columns: readonly Fitted[]): number {
  return columns.reduce((sum, { width }) => sum + width, GAP * Math.max(0, columns.length - 1));
}

/** Takes what is too much from the widest columns that may shrink. */
function shrink(columns: readonly Fitted[], width: number, stage: 'first' | 'last'): void {
  for (;;) {
    const widest = columns
      .filter((each) => each.width > (each.column.shrink?.[stage] ?? Number.POSITIVE_INFINITY))
      .sort((a, b) => b.width - a.width)[0];
    if (widest === undefined || total(columns) <= width) return;
    widest.width--;
  }
}

/** Lays out the columns in `width`; the rows are never wider where enough columns may shrink or be dropped. */
export function layOut(columns: readonly Column[], width: number, heading: Paint): Table {
  const dropped: string[] = [];
  let kept = columns.map((column) => fitted(column, column.title, column.cells));
  const dropWhile = (below: number): void => {
    while (total(kept) > width) {
      const next = kept
        .filter(({ column }) => (column.drop ?? below) < below)
        .sort((a, b) => (a.column.drop ?? 0) - (b.column.drop ?? 0))[0];
      if (next === undefined) return;
      kept = kept.filter((each) => each !== next);
      dropped.push(next.column.title);
    }
  };
  if (total(kept) > width) {
    kept = columns.map((column) => fitted(column, column.shortTitle ?? column.title, column.short ?? column.cells));
  }
  shrink(kept, width, 'first');
  dropWhile(10);
  shrink(kept, width, 'last');
  dropWhile(Number.POSITIVE_INFINITY);
  const cell = ({ column, cells, width: room }: Fitted, row: number): string => {
    const text = pad(clipMiddle(cells[row] ?? '', room), room, column.align);
    return column.paint === undefined ? text : column.paint(text, row);
  };
  const rows = (columns[0]?.cells ?? []).map((_, row) =>
    kept
      .map((each) => cell(each, row))
      .join('  ')
      .trimEnd(),
  );
  const depth = kept.reduce((most, { title }) => Math.max(most, title.length), 0);
  const header = Array.from({ length: depth }, (_, line) =>
    kept.map(({ title, width: room, column }) => {
      const text = title[line - depth + title.length] ?? '';
      return pad(clipMiddle(text, room), room, column.align);
    }),
  );
  return { header: header.map((line) => heading(line.join('  ').trimEnd())), rows, dropped };
}
