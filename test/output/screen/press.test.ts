import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { press } from '../../../src/output/screen/press.ts';
import { screenLines } from '../../../src/output/screen/screen.ts';
import {
  type Action,
  BLOCKS,
  FIRST_STATE,
  type Key,
  type KeyName,
  ladderFailed,
  ladderRead,
  type ScreenState,
  SORTS,
} from '../../../src/output/screen/state.ts';
import type { LiveView } from '../../../src/watch/view.ts';
import { oddKey, oddSize, oddView } from './arbitrary.ts';
import { exampleView, NOW } from './example.ts';

const SIZE = { columns: 80, rows: 24 };
const NAMED: readonly string[] = [
  'up',
  'down',
  'left',
  'right',
  'page-up',
  'page-down',
  'home',
  'end',
  'enter',
  'escape',
  'tab',
  'back-tab',
  'backspace',
  'delete-line',
  'interrupt',
  'suspend',
  'redraw',
] satisfies KeyName[];

const isNamed = (text: string): text is KeyName => NAMED.includes(text);
const keyOf = (text: string): Key => (isNamed(text) ? { name: text } : { name: 'text', text });

/** After some keys, named ones by name, others as text. */
function pressed(
  keys: string[],
  { from = FIRST_STATE, view = exampleView() } = {},
): { state: ScreenState; action: Action } {
  let step: { state: ScreenState; action: Action } = { state: from, action: { do: 'none' } };
  for (const key of keys) step = press(step.state, keyOf(key), view, SIZE);
  return step;
}

function shown(state: ScreenState, view: LiveView = exampleView(), size = SIZE): string[] {
  return screenLines(view, state, size, { color: false });
}

const chosen = (lines: string[]): string | undefined => lines.find((line) => line.startsWith('> '));

describe('keys', () => {
  it('go through the blocks, there and back', () => {
    const names = BLOCKS.map((_, index) => pressed(Array<string>(index + 1).fill('tab')).state.focus);
    expect(names).toEqual([...BLOCKS.slice(1), BLOCKS[0]]);
    expect(pressed(['back-tab']).state.focus).toBe('connections');
  });

  it.each([
    [['down'], '10.0.0.5:40041'],
    [['j', 'j', 'k'], '10.0.0.5:40041'],
    [['end'], '10.0.0.5:40079'],
    [['G', 'up'], '10.0.0.5:40078'],
    [['end', 'g'], '10.0.0.5:40040'],
    [['end', 'home', 'up'], '10.0.0.5:40040'],
    [['page-down'], '10.0.0.5:40055'],
    [['page-down', 'page-up'], '10.0.0.5:40040'],
    [['end', 'page-down'], '10.0.0.5:40079'],
  ])('%j choose a row', (keys, address) => {
    expect(chosen(shown(pressed(['back-tab', ...keys]).state))).toContain(address);
  });

  it('the chosen row is the same one after others have taken its place', () => {
    const { state } = pressed(['back-tab', 'down', 'down']);
    const view = exampleView();
    const moved = exampleView({ rows: [...view.rows].reverse() });
    expect(chosen(shown(state))).toBe(chosen(shown(state, moved)));
  });

  it('where the chosen row is gone the next one is chosen', () => {
    const { state } = pressed(['tab', 'tab', 'down']);
    const [first, , ...rest] = exampleView().lingering;
    expect(chosen(shown(state, exampleView({ lingering: [first!, ...rest] })))).toContain('10.0.0.1:8080');
    expect(chosen(shown(state, exampleView({ lingering: [] })))).toBeUndefined();
  });

  it('at the top whatever comes first is chosen', () => {
    const { state } = pressed(['tab', 'tab', 'down', 'up']);
    const [, ...rest] = exampleView().lingering;
    expect(chosen(shown(state, exampleView({ lingering: rest })))).toContain('10.0.0.5:40029');
  });

  it('z gives a block all the room and Esc takes it back', () => {
    const { state } = pressed(['tab', 'z']);
    expect(shown(state).filter((line) => /^[▶─] /.test(line))).toHaveLength(2);
    expect(shown(pressed(['escape'], { from: state }).state)).toEqual(shown(pressed(['tab']).state));
    expect(pressed(['z'], { from: state }).state.zoomed).toBe(false);
  });

  it('a new order begins at its first row', () => {
    for (const key of ['s', 'r']) {
      const { state } = pressed(['back-tab', 'end', key]);
      expect(state.cursors.connections).toBeUndefined();
    }
  });

  it('s goes through the orders, r turns them round', () => {
    const orders = SORTS.map((_, index) => pressed(['back-tab', ...Array<string>(index).fill('s')]).state);
    expect(orders.map(({ sort }) => sort)).toEqual(SORTS);
    expect(pressed(Array<string>(SORTS.length).fill('s')).state.sort).toBe(SORTS[0]);
    for (const state of orders) {
      const turned = pressed(['r'], { from: state }).state;
      expect(chosen(shown(turned))).not.toBe(chosen(shown(state)));
    }
    expect(chosen(shown(orders[SORTS.indexOf('packets')]!))).toContain('10.0.0.5:40099');
    expect(chosen(shown(orders[SORTS.indexOf('age')]!))).toContain('10.0.0.5:40099');
    expect(chosen(shown(orders[SORTS.indexOf('id')]!))).toContain('10.0.0.5:40002');
  });

  it.each(['p', ' '])('%j freezes what is shown, says so, and goes on', (key) => {
    const { state } = pressed([key]);
    const later = exampleView({ now: NOW + 60_000, dropped: 9 });
    const [head] = shown(state, later);
    expect(head).toContain('PAUSED at 12:12:31 UTC');
    expect(head).toContain('dropped 0');
    expect(
      pressed(['back-tab', 'down'], { from: state, view: exampleView({ rows: [] }) }).state.cursors.connections?.index,
    ).toBe(1);
    expect(shown(pressed([key], { from: state, view: later }).state, later)[0]).toContain('dropped 9');
  });

  it.each([
    ['q', { do: 'quit' }],
    ['interrupt', { do: 'interrupt' }],
    ['suspend', { do: 'suspend' }],
    ['redraw', { do: 'redraw' }],
    ['x', { do: 'none' }],
    ['left', { do: 'none' }],
  ])('%s asks for %j', (key, action) => {
    expect(pressed([key])).toEqual({ state: FIRST_STATE, action });
  });

  it('Ctrl-C ends the capture wherever the reader is', () => {
    for (const keys of [['?'], ['/', 'a'], ['p'], ['back-tab', 'enter']]) {
      expect(pressed([...keys, 'interrupt']).action).toEqual({ do: 'interrupt' });
    }
  });
});

describe('the filter', () => {
  it('works while it is typed, in any case, and says what it is', () => {
    const { state } = pressed(['/', ...'close_WAIT', 'enter']);
    expect(state).toMatchObject({ filter: 'close_WAIT', filterBefore: null });
    const lines = shown(state);
    expect(lines.filter((line) => line.includes('CLOSE_WAIT'))).not.toEqual([]);
    expect(lines.filter((line) => line.includes('FIN_WAIT_2'))).toEqual([]);
    expect(lines.at(-1)).toContain('filter: close_WAIT (Esc ends it)');
    expect(shown(pressed(['/', 'w', 'o']).state).at(-1)).toContain('part of address:port, state or process');
  });

  it('finds a process', () => {
    const { state } = pressed(['/', ...'worker', 'enter', 'tab', 'tab', 'z']);
    expect(shown(state).filter((line) => line.includes('worker 4711'))).toHaveLength(3);
  });

  it('never hides a finding', () => {
    const lines = shown(pressed(['/', ...'zzz', 'enter']).state);
    expect(lines.filter((line) => line.startsWith('  critical'))).toHaveLength(1);
    expect(lines).toContain('  none of 3 matches the filter');
  });

  it.each([
    [['a', 'b', 'backspace'], 'a'],
    [['a', '漢', 'backspace'], 'a'],
    [['a', 'b', 'delete-line', 'c'], 'c'],
    [['a', 'b', 'backspace', 'backspace', 'backspace'], ''],
    [['q', 'p', '?', ' '], 'qp? '],
    [['a', 'up', 'tab'], 'a'],
    [[...'x'.repeat(300)], 'x'.repeat(100)],
  ])('%j makes %j', (keys, filter) => {
    expect(pressed(['/', ...keys]).state.filter).toBe(filter);
  });

  it('Esc brings back what it was, then ends it', () => {
    const { state } = pressed(['/', 'a', 'enter', '/', 'b', 'escape']);
    expect(state).toMatchObject({ filter: 'a', filterBefore: null });
    expect(pressed(['escape'], { from: state }).state.filter).toBe('');
  });
});

describe('Enter', () => {
  it.each([
    [['tab', 'tab'], 17],
    [['tab', 'tab', 'down', 'down'], 31],
    [['back-tab'], 40],
  ])('after %j asks for a flow', (keys, id) => {
    const { state, action } = pressed([...keys, 'enter']);
    expect(action).toEqual({ do: 'open', id });
    const lines = shown(state);
    expect(lines[0]).toBe(`▶ flow #${id}`);
    expect(lines[1]).toContain('reading');
  });

  it('on a service or a port shows its connections', () => {
    expect(pressed(['enter']).state).toMatchObject({ focus: 'connections', filter: '10.0.0.1:8080', zoomed: true });
    expect(pressed(['tab', 'down', 'enter']).state.filter).toBe('[2001:db8::5]:51234');
  });

  it('on a finding says why, and what to do', () => {
    const text = shown(pressed(['tab', 'tab', 'tab', 'enter']).state).join('\n');
    expect(text).toContain('because  their peer closed first');
    expect(text).toContain('do this  find where worker (pid 4711) forgets close()');
    expect(text).toContain('in 4 flows: #17 #29 #33 #35');
  });

  it('on nothing does nothing', () => {
    const view = exampleView({ rows: [] });
    const before = pressed(['back-tab'], { view }).state;
    expect(pressed(['enter'], { from: before, view })).toEqual({ state: before, action: { do: 'none' } });
  });
});

describe('a text in front', () => {
  const lines = Array.from({ length: 60 }, (_, index) => `line ${index + 1}${'.'.repeat(100)}`);
  const open = ladderRead(pressed(['back-tab', 'enter']).state, 40, lines);
  const top = (state: ScreenState): string | undefined => shown(state)[1];

  it.each([
    [[], 'line 1.'],
    [['down', 'j', 'up'], 'line 2.'],
    [['page-down'], 'line 23.'],
    [[' ', 'b'], 'line 1.'],
    [['end'], 'line 39.'],
    [['G', 'down', 'k'], 'line 38.'],
    [['end', 'home'], 'line 1.'],
    [['up'], 'line 1.'],
    [['right', 'right', 'left', 'left', 'left'], 'line 1.'],
    [['right'], '.......'],
  ])('%j scrolls', (keys, first) => {
    expect(top(pressed(keys, { from: open }).state)?.startsWith(first)).toBe(true);
  });

  it('says where it is', () => {
    expect(shown(pressed(['page-down'], { from: open }).state)[0]).toBe('▶ flow #40  lines 23 to 44 of 60');
  });

  it.each(['q', 'escape', 'enter'])('%s goes back, and does not quit', (key) => {
    const { state, action } = pressed([key], { from: open });
    expect(state.pager).toBeNull();
    expect(action).toEqual({ do: 'none' });
  });

  it('a ladder that comes when the reader has left it changes nothing', () => {
    const { state } = pressed(['q'], { from: open });
    expect(ladderRead(state, 40, ['late'])).toBe(state);
    expect(ladderFailed(open, 41, 'late')).toBe(open);
  });

  it('a ladder that cannot be read says why', () => {
    const state = ladderFailed(open, 40, 'its packets are no longer kept\x1b[2J');
    expect(shown(state)[1]).toBe("  can't be shown: its packets are no longer kept\\x1b[2J");
  });

  it('the help names every key', () => {
    const { state } = pressed(['?']);
    const text = shown(state, exampleView(), { columns: 120, rows: 60 }).join('\n');
    for (const key of ['Tab', 'Enter', 'PgUp', 'Home', 'Esc', 'Ctrl-L', 'Ctrl-Z', 'Ctrl-C'])
      expect(text).toContain(key);
    expect(shown(pressed(['h']).state)).toEqual(shown(state));
  });
});

it('no keys bring it down, whatever is shown', () => {
  fc.assert(
    fc.property(
      fc.array(oddView, { minLength: 1, maxLength: 3 }),
      fc.array(oddKey, { maxLength: 40 }),
      oddSize,
      (views, keys, size) => {
        let state = FIRST_STATE;
        for (const [index, key] of keys.entries()) {
          const view = views[index % views.length]!;
          state = press(state, key, view, size).state;
          const lines = screenLines(view, state, size, { color: true });
          expect(lines).toHaveLength(size.rows);
        }
      },
    ),
    { numRuns: 60 },
  );
});
