/** Which block stands where: by the window and the focus alone, so that nothing jumps while numbers change. */

import type { LiveView } from '../../watch/view.ts';
import { BLOCKS, type BlockName, type ScreenState, type Size } from './state.ts';
import { stateHeight } from './states.ts';

export interface Band {
  /** side by side; none: an empty line */
  blocks: BlockName[];
  height: number;
}

export const SMALLEST: Size = { columns: 40, rows: 10 };
/** From here on two blocks have room side by side. */
const TWO_ABREAST = 140;
const LISTS: readonly BlockName[] = ['services', 'ports', 'lingering', 'findings'];
/** Of the lists, where not all have room: these first. */
const FIRST: readonly BlockName[] = ['findings', 'services', 'ports', 'lingering'];

export function headHeight({ rows }: Size): number {
  return rows < 16 ? 1 : 2;
}

/** The bands between the states and the footer, from the top. */
export function bands(view: LiveView, state: ScreenState, size: Size): Band[] {
  const body = size.rows - headHeight(size) - stateHeight(view, size) - 1;
  const all = arrange(body, size, state.focus);
  // What has no room beside the others has all of it while it is looked at.
  const shown = all.some(({ blocks }) => blocks.includes(state.focus));
  return state.zoomed || !shown ? [{ blocks: [state.focus], height: body }] : all;
}

function arrange(body: number, size: Size, focus: BlockName): Band[] {
  if (size.columns >= TWO_ABREAST && body >= 10) {
    const height = Math.max(3, Math.min(10, Math.floor(body * 0.2)));
    const pairs: BlockName[][] = [LISTS.slice(0, 2), LISTS.slice(2)];
    return withConnections(
      pairs.map((blocks) => ({ blocks, height })),
      body,
    );
  }
  if (body >= 21) {
    const height = Math.min(11, 4 + Math.floor((body - 21) / 8));
    return withConnections(
      LISTS.map((name) => ({ blocks: [name], height })),
      body,
    );
  }
  const most = Math.max(1, Math.min(LISTS.length, Math.floor(body / 3)));
  const order = LISTS.includes(focus) ? [focus, ...FIRST.filter((name) => name !== focus)] : FIRST;
  const kept = order.slice(0, most);
  const each = Math.floor(body / most);
  return BLOCKS.filter((name) => kept.includes(name)).map((name, index) => ({
    blocks: [name],
    // The last ones have what is left over.
    height: each + (index >= most - (body % most) ? 1 : 0),
  }));
}

/** Below them the connections, with empty lines between all where there is room. */
function withConnections(lists: Band[], body: number): Band[] {
  const used = lists.reduce((sum, { height }) => sum + height, 0);
  const airy = body - used - lists.length >= 12;
  const spaced = airy ? lists.flatMap((band) => [band, { blocks: [], height: 1 }]) : lists;
  return [...spaced, { blocks: ['connections'], height: body - used - (airy ? lists.length : 0) }];
}

/** Rows of the block in focus that are seen at once. */
export function rowsOfFocus(view: LiveView, state: ScreenState, size: Size): number {
  const band = bands(view, state, size).find(({ blocks }) => blocks.includes(state.focus));
  return Math.max(1, (band?.height ?? 2) - 1);
}
