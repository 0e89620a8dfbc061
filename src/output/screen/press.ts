/** What a key does: pure, so that every key can be tested without a terminal. */

import type { LiveView } from '../../watch/view.ts';
import { cursorIndex } from './block.ts';
import { BLOCK } from './blocks.ts';
import { rowsOfFocus } from './layout.ts';
import { pagerHeight, within } from './pager.ts';
import { type Action, BLOCKS, type Key, type Pager, type ScreenState, type Size, SORTS, type Step } from './state.ts';

/** Longer filters match nothing that is shown. */
const LONGEST_FILTER = 100;

/** @param view the newest; what is paused is in the state */
export function press(state: ScreenState, key: Key, view: LiveView, size: Size): Step {
  if (key.name === 'interrupt' || key.name === 'suspend' || key.name === 'redraw') return step(state, { do: key.name });
  if (state.pager !== null) return step({ ...state, pager: pressedInPager(state.pager, key, size) });
  if (state.filterBefore !== null) return step(typed(state, state.filterBefore, key));
  const command = key.name === 'text' ? COMMANDS[key.text] : NAMED[key.name];
  return command?.(state, view, size) ?? step(state);
}

function step(state: ScreenState, action: Action = { do: 'none' }): Step {
  return { state, action };
}

type Command = (state: ScreenState, view: LiveView, size: Size) => Step;

const move = (by: (rows: number) => number): Command => {
  return (state, view, size) => step(moved(state, view, by(rowsOfFocus(state.frozen ?? view, state, size))));
};
const up = move(() => -1);
const down = move(() => 1);
const first = move(() => Number.NEGATIVE_INFINITY);
const last = move(() => Number.POSITIVE_INFINITY);
const pause: Command = (state, view) => step({ ...state, frozen: state.frozen === null ? view : null });

const NAMED: Partial<Record<Key['name'], Command>> = {
  up,
  down,
  home: first,
  end: last,
  'page-up': move((rows) => -rows),
  'page-down': move((rows) => rows),
  tab: (state) => step({ ...state, focus: neighbour(state, 1) }),
  'back-tab': (state) => step({ ...state, focus: neighbour(state, -1) }),
  enter: opened,
  escape: (state) => step(state.zoomed ? { ...state, zoomed: false } : { ...state, filter: '' }),
};

const COMMANDS: Partial<Record<string, Command>> = {
  q: (state) => step(state, { do: 'quit' }),
  p: pause,
  ' ': pause,
  j: down,
  k: up,
  g: first,
  G: last,
  z: (state) => step({ ...state, zoomed: !state.zoomed }),
  s: (state) => reordered({ ...state, sort: SORTS[(SORTS.indexOf(state.sort) + 1) % SORTS.length] ?? SORTS[0] }),
  r: (state) => reordered({ ...state, reversed: !state.reversed }),
  '/': (state) => step({ ...state, filterBefore: state.filter }),
  '?': (state) => step({ ...state, pager: { text: { of: 'help' }, offset: 0, shift: 0 } }),
  h: (state) => step({ ...state, pager: { text: { of: 'help' }, offset: 0, shift: 0 } }),
};

/** In a new order the first ones are what the reader wants to see. */
function reordered(state: ScreenState): Step {
  const { connections: _, ...cursors } = state.cursors;
  return step({ ...state, cursors });
}

function neighbour({ focus }: ScreenState, by: 1 | -1): ScreenState['focus'] {
  return BLOCKS[(BLOCKS.indexOf(focus) + by + BLOCKS.length) % BLOCKS.length] ?? focus;
}

function moved(state: ScreenState, view: LiveView, by: number): ScreenState {
  const keys = BLOCK[state.focus].keys(state.frozen ?? view, state);
  const index = Math.max(0, Math.min(keys.length - 1, cursorIndex(keys, state.cursors[state.focus]) + by));
  // At the top the cursor stays at the top: there the newest come.
  const key = index === 0 ? null : (keys[index] ?? null);
  return { ...state, cursors: { ...state.cursors, [state.focus]: { key, index } } };
}

function opened(state: ScreenState, view: LiveView): Step {
  const shown = state.frozen ?? view;
  const block = BLOCK[state.focus];
  const index = cursorIndex(block.keys(shown, state), state.cursors[state.focus]);
  const what = block.open(shown, state, index);
  if (what === null) return step(state);
  if ('filter' in what) return step({ ...state, filter: what.filter, focus: 'connections', zoomed: true });
  if ('pager' in what) return step({ ...state, pager: { text: what.pager, offset: 0, shift: 0 } });
  const text = { of: 'flow', id: what.flow, lines: null, error: null } as const;
  return step({ ...state, pager: { text, offset: 0, shift: 0 } }, { do: 'open', id: what.flow });
}

/** The filter works while it is typed. */
function typed(state: ScreenState, before: string, key: Key): ScreenState {
  if (key.name === 'text') return { ...state, filter: `${state.filter}${key.text}`.slice(0, LONGEST_FILTER) };
  if (key.name === 'backspace') return { ...state, filter: [...state.filter].slice(0, -1).join('') };
  if (key.name === 'delete-line') return { ...state, filter: '' };
  if (key.name === 'escape') return { ...state, filter: before, filterBefore: null };
  return key.name === 'enter' ? { ...state, filterBefore: null } : state;
}

/** Columns that a key scrolls to the side. */
const SHIFT = 8;

function pressedInPager(pager: Pager, key: Key, size: Size): Pager | null {
  const page = pagerHeight(size);
  const by = (lines: number): Pager => within({ ...pager, offset: pager.offset + lines }, size);
  const name = key.name === 'text' ? (PAGER_TEXT[key.text] ?? null) : key.name;
  if (name === 'escape' || name === 'enter') return null;
  if (name === 'up') return by(-1);
  if (name === 'down') return by(1);
  if (name === 'page-up') return by(-page);
  if (name === 'page-down') return by(page);
  if (name === 'home') return within({ ...pager, offset: 0 }, size);
  if (name === 'end') return within({ ...pager, offset: Number.MAX_SAFE_INTEGER }, size);
  if (name === 'left') return within({ ...pager, shift: pager.shift - SHIFT }, size);
  if (name === 'right') return within({ ...pager, shift: pager.shift + SHIFT }, size);
  return pager;
}

const PAGER_TEXT: Partial<Record<string, Key['name']>> = {
  q: 'escape',
  k: 'up',
  j: 'down',
  ' ': 'page-down',
  b: 'page-up',
  g: 'home',
  G: 'end',
};
