/** The screen of `teardown live`: a view as lines that fit the window. */

import type { LiveView } from '../../watch/view.ts';
import { count, duration, percent, plural } from '../../words.ts';
import { clipMiddle, plain, widthOf } from '../style.ts';
import { BLOCK } from './blocks.ts';
import { bands, headHeight, SMALLEST } from './layout.ts';
import { pagerLines } from './pager.ts';
import type { ScreenState, Size } from './state.ts';
import { stateLines } from './states.ts';
import { cutPainted, type Part, type ScreenStyle, screenStyle, spread, timeOfDay } from './text.ts';

/**
 * @param size at least 40 columns and 10 rows; below these one line says so
 * @returns exactly `size.rows` lines, none wider than `size.columns`
 */
export function screenLines(view: LiveView, state: ScreenState, size: Size, look: { color: boolean }): string[] {
  const rows = Math.max(0, size.rows);
  const width = Math.max(0, size.columns);
  const style = screenStyle(look.color);
  const lines =
    width < SMALLEST.columns || rows < SMALLEST.rows
      ? [`teardown live needs ${SMALLEST.columns} x ${SMALLEST.rows}`]
      : state.pager === null
        ? overview(state.frozen ?? view, state, size, style)
        : [...pagerLines(state.pager, size, style), pagerFooter(size, style)];
  while (lines.length < rows) lines.push('');
  return lines.slice(0, rows).map((line) => cutPainted(line, width));
}

function overview(view: LiveView, state: ScreenState, size: Size, style: ScreenStyle): string[] {
  const head = [firstHead(view, state, size, style), secondHead(view, size, style)].slice(0, headHeight(size));
  const blocks = bands(view, state, size).flatMap(({ blocks, height }) => {
    const [one, other] = blocks;
    if (one === undefined) return [''];
    if (other === undefined) return BLOCK[one].lines(view, state, { width: size.columns, height }, style);
    const width = Math.floor((size.columns - 3) / 2);
    const left = BLOCK[one].lines(view, state, { width, height }, style);
    const right = BLOCK[other].lines(view, state, { width: size.columns - width - 3, height }, style);
    return left.map((line, index) => `${filled(line, width)}   ${right[index] ?? ''}`);
  });
  return [...head, ...stateLines(view, size, style), ...blocks, footer(state, size, style)];
}

function filled(line: string, width: number): string {
  return line + ' '.repeat(Math.max(0, width - widthOf(line)));
}

function firstHead(view: LiveView, { frozen }: ScreenState, { columns }: Size, style: ScreenStyle): string {
  const { dropped, packets, packetsPerSecond } = view;
  const lost =
    dropped === null
      ? 'drops not known'
      : `dropped ${count(dropped)}${dropped > 0 ? ` (${percent(dropped, packets + dropped)})` : ''}`;
  const parts: Part[] = [
    { text: 'teardown live', paint: style.bold, keep: 3 },
    { text: plain(view.source.interface), keep: 5 },
    { text: duration(Math.max(0, Math.floor((view.now - view.startedAt) / 1000))), keep: 4 },
    { text: `${count(Math.round(packetsPerSecond))} packets/s`, keep: 6 },
    { text: lost, keep: 8, ...(dropped !== null && dropped > 0 ? { paint: style.alarm } : {}) },
  ];
  const clock = `${timeOfDay(view.now)} UTC`;
  const right: Part =
    frozen === null ? { text: clock, keep: 7 } : { text: ` PAUSED at ${clock} `, paint: style.chosen, keep: 9 };
  return spread(parts, right, columns);
}

function secondHead({ source, flows }: LiveView, { columns }: Size, style: ScreenStyle): string {
  const parts: Part[] = [
    { text: source.backend, keep: 3 },
    // These are less exact: that must not go unnoticed.
    { text: `${source.timestamps} timestamps`, keep: source.timestamps === 'kernel' ? 2 : 6 },
  ];
  if (source.filter !== null) {
    const room = Math.max(16, columns - 70);
    parts.push({ text: `filter: ${clipMiddle(plain(source.filter), room)}`, keep: 4 });
  }
  const right = { text: `${plural(flows.total, 'connection')}, ${count(flows.present)} present`, keep: 5 };
  return spread(
    parts.map((part) => ({ ...part, paint: style.dim })),
    right,
    columns,
  );
}

const KEYS: readonly [key: string, does: string, keep: number][] = [
  ['q', 'quit', 9],
  ['p', 'pause', 7],
  ['Tab', 'next', 6],
  ['↑↓', 'row', 3],
  ['Enter', 'open', 8],
  ['z', 'zoom', 4],
  ['/', 'filter', 5],
  ['s', 'sort', 8],
  ['r', 'reverse', 2],
  ['?', 'help', 10],
];

function keyParts(keys: readonly (readonly [key: string, does: string, keep: number])[], style: ScreenStyle): Part[] {
  return keys.map(([key, does, keep]) => ({
    text: `${key} ${does}`,
    keep,
    paint: (text) => style.bold(text.slice(0, key.length)) + text.slice(key.length),
  }));
}

function footer(state: ScreenState, { columns }: Size, style: ScreenStyle): string {
  const { filter, filterBefore, frozen } = state;
  if (filterBefore !== null) {
    const hint = 'part of address:port, state or process; Enter keeps it, Esc not';
    return spread(
      [{ text: `/${plain(filter)}_`, paint: style.bold, keep: 2 }],
      { text: hint, paint: style.dim, keep: 1 },
      columns,
    );
  }
  const isSortable = state.focus === 'connections';
  const keys = KEYS.flatMap(([key, does, keep]): [string, string, number][] => {
    if (key === 'p' && frozen !== null) return [[key, 'go on', keep]];
    if (key !== 's' && key !== 'r') return [[key, does, keep]];
    return isSortable ? [[key, does, keep]] : [];
  });
  const parts = keyParts(keys, style);
  if (filter === '') return spread(parts, null, columns);
  return spread(
    parts,
    { text: ` filter: ${plain(filter).slice(0, 40)} (Esc ends it) `, paint: style.chosen, keep: 11 },
    columns,
  );
}

function pagerFooter({ columns }: Size, style: ScreenStyle): string {
  const keys = [
    ['Esc', 'back', 9],
    ['↑↓ PgUp PgDn', 'scroll', 8],
    ['←→', 'to the side', 5],
    ['Home End', 'first, last', 4],
  ] as const;
  return spread(keyParts(keys, style), null, columns);
}
