/** How many sockets are in which state now, a row an end. */

import type { TcpState } from '../../report/types.ts';
import type { LiveView } from '../../watch/view.ts';
import { pad } from '../style.ts';
import type { Size } from './state.ts';
import { amount, cutPainted, type ScreenStyle, words } from './text.ts';

type Counts = Partial<Record<TcpState, number>>;

interface StateColumn {
  states: readonly TcpState[];
  /** in full, and in two lines */
  title: string;
  short: readonly [string, string];
}

const one = (state: TcpState, first: string, second: string): StateColumn => ({
  states: [state],
  title: state,
  short: [first, second],
});

/** In the order of a connection's life. */
const ALL: readonly StateColumn[] = [
  one('SYN_SENT', 'SYN_', 'SENT'),
  one('SYN_RECEIVED', 'SYN_', 'RECVD'),
  one('ESTABLISHED', '', 'ESTAB'),
  one('FIN_WAIT_1', 'FIN_', 'WAIT_1'),
  one('FIN_WAIT_2', 'FIN_', 'WAIT_2'),
  one('CLOSING', 'CLOS', 'ING'),
  one('TIME_WAIT', 'TIME_', 'WAIT'),
  one('CLOSE_WAIT', 'CLOSE_', 'WAIT'),
  one('LAST_ACK', 'LAST_', 'ACK'),
];

const [FEW, REST] = (() => {
  const few: readonly TcpState[] = ['ESTABLISHED', 'FIN_WAIT_2', 'TIME_WAIT', 'CLOSE_WAIT'];
  const isFew = ({ states }: StateColumn): boolean => states.every((state) => few.includes(state));
  const rest = ALL.filter((column) => !isFew(column)).flatMap(({ states }) => states);
  return [ALL.filter(isFew), { states: rest, title: 'other', short: ['', 'other'] } satisfies StateColumn];
})();

/** "client" and what may stand before it. */
const LABEL = 8;
const LONG_TITLES = LABEL + ALL.reduce((sum, { title }) => sum + title.length + 2, 0) + 2;

export function stateLines(view: LiveView, size: Size, style: ScreenStyle): string[] {
  const { columns: width } = size;
  const long = hasLongTitles(size);
  const columns = width >= 72 ? ALL : [...FEW, REST];
  const each = Math.floor((width - LABEL) / columns.length);
  const cellOf = ({ title, short }: StateColumn): number => {
    const own = long ? title.length + 2 : Math.max(short[0].length, short[1].length) + 1;
    return Math.max(own, Math.min(long ? 16 : 9, each));
  };
  const titles = (line: 0 | 1, label: string): string => {
    const all = columns
      .map((column) => pad(long ? column.title : column.short[line], cellOf(column), 'right'))
      .join('');
    // The first title leaves room before it.
    return style.bold(pad(label, LABEL)) + style.dim(all.slice(Math.max(0, label.length - LABEL)));
  };
  const row = (label: string, counts: Counts): string =>
    words(`  ${label}`, LABEL) +
    columns
      .map((column) => {
        const sum = column.states.reduce((total, state) => total + (counts[state] ?? 0), 0);
        const room = cellOf(column);
        return paintOf(column, sum, style)(pad(amount(sum, room - 1), room, 'right'));
      })
      .join('');
  const lines = long ? [titles(0, '─ sockets')] : [titles(0, '─ sockets'), titles(1, '  now')];
  lines.push(row('client', view.states.client), row('server', view.states.server));
  if (hasKernelRow(view, size)) lines.push(row('kernel', view.kernel?.states ?? {}));
  return lines.map((line) => cutPainted(line, width));
}

/** Lines that it takes. */
export function stateHeight(view: LiveView, size: Size): number {
  return (hasLongTitles(size) ? 3 : 4) + (hasKernelRow(view, size) ? 1 : 0);
}

function hasLongTitles({ columns }: Size): boolean {
  return columns >= LONG_TITLES;
}

function hasKernelRow({ kernel }: LiveView, { rows }: Size): boolean {
  return kernel !== null && rows >= 24;
}

/** Numbers that may be the incident stand out; those that are 0 stand back. */
function paintOf({ states }: StateColumn, sum: number, style: ScreenStyle): (text: string) => string {
  if (sum === 0) return style.dim;
  const [state] = states;
  if (state === undefined || states.length > 1) return (text) => text;
  return state === 'TIME_WAIT' ? (text) => style.bold(style.state.TIME_WAIT(text)) : style.state[state];
}
