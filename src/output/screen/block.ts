/** A block of the screen: a table with a title, of which one row may be chosen. */

import type { LiveView } from '../../watch/view.ts';
import { count } from '../../words.ts';
import { type Column, place, rowLine, titleLine } from './grid.ts';
import type { BlockName, Cursor, Pager, ScreenState, Sort } from './state.ts';
import { cutPainted, type ScreenStyle, words } from './text.ts';

/** What Enter does on a row. */
export type Opened = { flow: number } | { pager: Pager['text'] } | { filter: string };

export interface Block {
  name: BlockName;
  /** the rows by what a cursor keeps, in the order of the screen */
  keys(view: LiveView, state: ScreenState): string[];
  open(view: LiveView, state: ScreenState, index: number): Opened | null;
  /** exactly `height` lines of at most `width` columns */
  lines(view: LiveView, state: ScreenState, room: Room, style: ScreenStyle): string[];
}

export interface Room {
  width: number;
  /** with the line of titles */
  height: number;
}

export interface Spec<Row> {
  name: BlockName;
  title(view: LiveView, state: ScreenState): string;
  rows(view: LiveView): readonly Row[];
  /** a view has no more rows than this: where it has so many there may be more */
  most?: number;
  /** in another order than the view's */
  sorted?(rows: readonly Row[], sort: Sort, reversed: boolean): Row[];
  columns(view: LiveView, state: ScreenState): Column<Row>[];
  key(row: Row): string;
  /** what the filter looks in; without it the filter leaves the block alone */
  facts?(row: Row): string[];
  /** in words, where there is no row */
  empty(view: LiveView): string;
  /** in words, where there is room below the rows; null: nothing */
  below?(view: LiveView): string | null;
  open(row: Row): Opened;
}

/** Columns at the left edge for the mark of the chosen row. */
const MARGIN = 2;

export function block<Row>(spec: Spec<Row>): Block {
  const rowsOf = (view: LiveView, state: ScreenState): Row[] => {
    const wanted = state.filter.toLowerCase();
    const all = spec.rows(view);
    const { facts } = spec;
    const found =
      wanted === '' || facts === undefined
        ? [...all]
        : all.filter((row) => facts(row).some((fact) => fact.toLowerCase().includes(wanted)));
    return spec.sorted?.(found, state.sort, state.reversed) ?? found;
  };
  return {
    name: spec.name,
    keys: (view, state) => rowsOf(view, state).map(spec.key),
    open: (view, state, index) => {
      const row = rowsOf(view, state)[index];
      return row === undefined ? null : spec.open(row);
    },
    lines: (view, state, { width, height }, style) => {
      const rows = rowsOf(view, state);
      const focused = state.focus === spec.name;
      const placed = place(spec.columns(view, state), Math.max(0, width - MARGIN));
      const room = Math.max(0, height - 1);
      const index = cursorIndex(rows.map(spec.key), state.cursors[spec.name]);
      const from = firstShown(rows.length, room, focused ? index : 0);
      const shown = rows.slice(from, from + room);
      const isCut = rows.length >= (spec.most ?? Number.POSITIVE_INFINITY);
      const title = spec.title(view, state) + extent(rows.length, shown.length, from, isCut);
      const lines = [(focused ? style.bold('▶ ') : '─ ') + titleLine(placed, title, style)];
      for (const [offset, row] of shown.entries()) {
        const chosen = focused && from + offset === index;
        const line = (chosen ? '> ' : '  ') + rowLine(placed, row, style, chosen);
        lines.push(chosen ? style.chosen(line) : line);
      }
      const remark = rows.length === 0 ? emptyWords(spec, view, state) : (spec.below?.(view) ?? null);
      if (remark !== null && lines.length < height) lines.push(style.dim(words(`  ${remark}`, width).trimEnd()));
      while (lines.length < height) lines.push('');
      return lines.slice(0, height).map((line) => cutPainted(line, width));
    },
  };
}

function emptyWords<Row>(spec: Spec<Row>, view: LiveView, { filter }: ScreenState): string {
  const all = spec.rows(view).length;
  return filter === '' || all === 0 ? spec.empty(view) : `none of ${count(all)} matches the filter`;
}

/** " 3/41", " 5-12/200+" */
function extent(all: number, shown: number, from: number, isCut: boolean): string {
  if ((shown === all && !isCut) || shown === 0) return '';
  const which = from === 0 ? count(shown) : `${count(from + 1)}-${count(from + shown)}`;
  return ` ${which}/${count(all)}${isCut ? '+' : ''}`;
}

/** Where the cursor is among rows that may have changed places; 0 where there is none. */
export function cursorIndex(keys: readonly string[], cursor: Cursor | undefined): number {
  if (cursor === undefined) return 0;
  const found = cursor.key === null ? -1 : keys.indexOf(cursor.key);
  return found >= 0 ? found : Math.max(0, Math.min(cursor.index, keys.length - 1));
}

/** The first of `room` rows that are shown around the chosen one. */
function firstShown(all: number, room: number, chosen: number): number {
  return Math.max(0, Math.min(chosen - Math.floor(room / 2), all - room));
}
