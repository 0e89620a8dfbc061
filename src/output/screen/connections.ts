/** The connections that are present, as a block. */

import type { Kind, PerSide, TcpState } from '../../report/types.ts';
import { type LiveFlow, MOST_ROWS } from '../../watch/view.ts';
import { type Block, block } from './block.ts';
import type { Column } from './grid.ts';
import type { Sort } from './state.ts';
import { age, amount } from './text.ts';

/** How it ended, or is ending, in a word or two. */
const ENDING: Record<Kind, string> = {
  graceful: 'closed',
  simultaneous: 'closed at once',
  'half-closed': 'half closed',
  aborted: 'RST',
  'aborted-after-fin': 'FIN, then RST',
  refused: 'refused',
  unanswered: 'no answer',
  open: 'open',
};

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** What most want to see first. */
const ORDER: Record<Sort, (a: LiveFlow, b: LiveFlow) => number> = {
  idle: (a, b) => b.lastPacketAt - a.lastPacketAt,
  age: (a, b) => a.openedAt - b.openedAt,
  packets: (a, b) => b.packets - a.packets,
  client: (a, b) => byText(a.client, b.client),
  server: (a, b) => byText(a.server, b.server),
  id: (a, b) => a.id - b.id,
};

function sorted(rows: readonly LiveFlow[], sort: Sort, reversed: boolean): LiveFlow[] {
  const sign = reversed ? -1 : 1;
  return [...rows].sort((a, b) => sign * ORDER[sort](a, b) || a.id - b.id);
}

/** ms: of one that has closed, to its last packet. */
function lasted({ openedAt, lastPacketAt, kind }: LiveFlow, now: number): number {
  return (kind === 'open' || kind === 'half-closed' ? now : lastPacketAt) - openedAt;
}

export const CONNECTIONS: Block = block<LiveFlow>({
  name: 'connections',
  title: (_, { sort, reversed }) => (sort === 'client' ? `connections, client ${markOf(reversed)}` : 'connections'),
  most: MOST_ROWS,
  rows: ({ rows }) => rows,
  sorted,
  columns: ({ now }, { sort, reversed }) =>
    markSort(sort, reversed, [
      { title: '', width: 24, grows: 1, most: 47, keep: 9, text: ({ client }) => client },
      { title: 'server', width: 15, grows: 2, most: 47, keep: 8, text: ({ server }) => server },
      state('client is', 7, ({ states }) => states.client),
      state('server is', 7, ({ states }) => states.server),
      { title: 'lasted', width: 11, keep: 3, align: 'right', text: (row) => age(lasted(row, now)) },
      { title: 'idle', width: 11, keep: 4, align: 'right', text: ({ lastPacketAt }) => age(now - lastPacketAt) },
      { title: 'packets', width: 9, keep: 2, align: 'right', text: ({ packets }, room) => amount(packets, room) },
      { title: 'closed first', width: 12, keep: 1, text: closedFirst },
      { title: 'how', width: 14, keep: 0, text: ({ kind }) => ENDING[kind] },
      { title: 'id', width: 7, keep: 5, align: 'right', text: ({ id }) => `#${id}` },
    ]),
  key: ({ id }) => String(id),
  facts: ({ id, client, server, states }) => [`#${id}`, client, server, states.client ?? '?', states.server ?? '?'],
  empty: () => 'no connection is there',
  open: ({ id }) => ({ flow: id }),
});

/** The column that the order is made of, which stays, with a mark. */
const SORTED: Partial<Record<Sort, string>> = {
  idle: 'idle',
  age: 'lasted',
  packets: 'packets',
  server: 'server',
  id: 'id',
};

const markOf = (reversed: boolean): string => (reversed ? '▴' : '▾');

function markSort(sort: Sort, reversed: boolean, columns: Column<LiveFlow>[]): Column<LiveFlow>[] {
  return columns.map((column) =>
    column.title === SORTED[sort] ? { ...column, title: `${column.title} ${markOf(reversed)}`, keep: 8 } : column,
  );
}

function state(title: string, keep: number, of: (row: { states: PerSide<TcpState | null> }) => TcpState | null) {
  return {
    title,
    width: 11,
    keep,
    text: (row: LiveFlow) => of(row) ?? '?',
    paint: (row: LiveFlow, style: { state: Record<TcpState, (text: string) => string> }) => {
      const name = of(row);
      return name === null ? (text: string) => text : style.state[name];
    },
  };
}

function closedFirst({ initiator, kind }: LiveFlow): string {
  if (initiator === null || kind === 'refused' || kind === 'unanswered') return '-';
  return initiator === 'unknown' ? '?' : initiator;
}
