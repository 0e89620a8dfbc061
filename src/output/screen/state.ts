/** What the terminal screen keeps between two drawings: where the reader is, not what the capture shows. */

import type { Finding } from '../../report/types.ts';
import type { LiveView } from '../../watch/view.ts';

/** In the order in which Tab goes through them. */
export const BLOCKS = ['services', 'ports', 'lingering', 'findings', 'connections'] as const;
export type BlockName = (typeof BLOCKS)[number];

export const SORTS = ['idle', 'age', 'packets', 'client', 'server', 'id'] as const;
export type Sort = (typeof SORTS)[number];

/** Columns and lines of the terminal. */
export interface Size {
  columns: number;
  rows: number;
}

/** The row that is chosen. */
export interface Cursor {
  /** stays with what it names while rows change places; null: whatever stands at `index` */
  key: string | null;
  /** where it stood last: there the cursor stays when the row is gone */
  index: number;
}

/** A text in front of the blocks. */
export interface Pager {
  text: { of: 'help' } | { of: 'finding'; finding: Finding } | FlowText;
  /** lines and columns that are scrolled away */
  offset: number;
  shift: number;
}

/** One flow's ladder, which is read from the session. */
export interface FlowText {
  of: 'flow';
  id: number;
  /** null: being read */
  lines: readonly string[] | null;
  /** why there are none */
  error: string | null;
}

export interface ScreenState {
  focus: BlockName;
  /** the block in focus has all the room */
  zoomed: boolean;
  cursors: Partial<Record<BlockName, Cursor>>;
  sort: Sort;
  /** the order of `sort` turned round */
  reversed: boolean;
  /** empty: none */
  filter: string;
  /** while the filter is typed: what it was before; null: it is not */
  filterBefore: string | null;
  /** paused: what is shown instead of the newest */
  frozen: LiveView | null;
  pager: Pager | null;
}

export const FIRST_STATE: ScreenState = {
  focus: 'services',
  zoomed: false,
  cursors: {},
  sort: 'idle',
  reversed: false,
  filter: '',
  filterBefore: null,
  frozen: null,
  pager: null,
};

/** A key, or text that was typed. */
export type Key = { name: KeyName } | { name: 'text'; text: string };
export type KeyName =
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'page-up'
  | 'page-down'
  | 'home'
  | 'end'
  | 'enter'
  | 'escape'
  | 'tab'
  | 'back-tab'
  | 'backspace'
  | 'delete-line'
  | 'interrupt'
  | 'suspend'
  | 'redraw';

/** What is to be done outside of the screen. `open`: the ladder of a flow is to be read. */
export type Action = { do: 'none' | 'quit' | 'interrupt' | 'suspend' | 'redraw' } | { do: 'open'; id: number };

export interface Step {
  state: ScreenState;
  action: Action;
}

/** Of the ladder that was asked for; nothing where the reader has left it meanwhile. */
export function ladderRead(state: ScreenState, id: number, lines: readonly string[]): ScreenState {
  return withFlowText(state, { of: 'flow', id, lines, error: null });
}

export function ladderFailed(state: ScreenState, id: number, error: string): ScreenState {
  return withFlowText(state, { of: 'flow', id, lines: null, error });
}

function withFlowText(state: ScreenState, text: FlowText): ScreenState {
  const { pager } = state;
  if (pager?.text.of !== 'flow' || pager.text.id !== text.id) return state;
  return { ...state, pager: { ...pager, text } };
}
