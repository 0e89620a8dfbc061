/** The numbers of two reports, side by side: what the table of a comparison says, in text as in Markdown. */

import type { Amount, Diff, DiffFigures } from '../diff/types.ts';
import type { Kind } from '../report/types.ts';
import { count, duration, percent } from '../words.ts';
import { rate } from './diff-words.ts';
import { resetPhrase } from './reset-words.ts';

/** A value, and beside it the share that it is. */
export type Cell = readonly [value: string, share: string];

export interface Row {
  label: string;
  /** where there is little room */
  short: string;
  before: Cell;
  after: Cell;
}

export interface RowGroup {
  title: string;
  /** what shares are of; '' where there are none */
  of: string;
  rows: Row[];
}

const KIND: Record<Kind, string> = {
  graceful: 'closed by a FIN from each side',
  simultaneous: 'closed by both at the same time',
  'half-closed': 'closed by one side only',
  'aborted-after-fin': 'cut by RST after a FIN',
  aborted: 'aborted by RST, without a FIN',
  refused: 'refused',
  unanswered: 'not answered',
  open: 'still open at the end',
};

type Of<T> = (figures: DiffFigures) => T;

/** Groups without rows are left out; so are rows that have nothing in either report. */
export function diffRows({ before, after }: Diff): RowGroup[] {
  const row = (label: string, of: Of<Cell | null>, short = label): Row[] => {
    const [old, now] = [of(before), of(after)];
    return old === null && now === null ? [] : [{ label, short, before: old ?? NONE, after: now ?? NONE }];
  };
  const amount = (label: string, of: Of<Amount | undefined>, short = label): Row[] =>
    row(label, (figures) => amountCell(of(figures)), short);
  const seconds = (label: string, of: Of<number | null>): Row[] =>
    row(label, (figures) => orNull(of(figures), (value) => [duration(value), '']));
  const number = (label: string, of: Of<number>): Row[] =>
    row(label, (figures) => orNull(of(figures) || null, (value) => [count(value), '']));
  // Each FIN was answered by a FIN.
  const allAtOnce = [before, after].every(({ finWait2 }) => (finWait2.max ?? 0) === 0);
  const stayed = before.closeWait.count + after.closeWait.count > 0;
  const groups: RowGroup[] = [
    {
      title: 'CONNECTIONS',
      of: 'share of all',
      rows: [
        ...row('all', ({ flows }) => [count(flows.count), '']),
        ...row('new ones', ({ flows }) => [rate(flows.perSecond, true), '']),
        ...Object.entries(KIND).flatMap(([kind, words]) => amount(words, ({ byKind }) => byKind[kind as Kind])),
        ...seconds('refused, from first to last', ({ refusedSeconds }) => refusedSeconds),
      ],
    },
    {
      title: 'WHO CLOSED FIRST',
      of: before.closers.withAborts ? 'share of those that ended by FIN or RST' : 'share of those that ended by FIN',
      rows: [
        ...amount('the client', ({ closers }) => closers.client),
        ...amount('the server', ({ closers }) => closers.server),
        ...amount('both at the same time', ({ closers }) => closers.both),
        ...amount('not known', ({ closers }) => closers.unknown),
      ],
    },
    {
      title: 'TIME_WAIT',
      of: '',
      rows: [
        ...number('at once, at most', ({ timeWait }) => timeWait.peak),
        ...number('sockets', ({ timeWait }) => timeWait.count),
        ...row('new ones', ({ timeWait }) => (timeWait.count === 0 ? null : [rate(timeWait.perSecond, true), ''])),
        ...number("on the server's side", ({ timeWait }) => timeWait.server),
        ...number("on the client's side", ({ timeWait }) => timeWait.client),
      ],
    },
    {
      title: 'FIN_WAIT_2',
      of: '',
      rows: [
        ...number('measured', ({ finWait2 }) => finWait2.count),
        ...(allAtOnce ? [] : seconds('half within', ({ finWait2 }) => finWait2.p50)),
        ...(allAtOnce ? [] : seconds('90 % within', ({ finWait2 }) => finWait2.p90)),
        ...(allAtOnce ? [] : seconds('99 % within', ({ finWait2 }) => finWait2.p99)),
        ...seconds('longest', ({ finWait2 }) => finWait2.max),
        ...number('end not seen', ({ finWait2 }) => finWait2.unmeasured),
      ],
    },
    {
      title: 'CLOSE_WAIT',
      of: stayed ? 'share of all connections' : '',
      rows: [
        ...amount('for 1 s or longer', ({ closeWait }) => closeWait),
        ...seconds('longest', ({ closeWait }) => closeWait.longest),
      ],
    },
    { title: 'RESETS', of: 'share of all connections', rows: resetRows(before, after, amount) },
  ];
  return groups.filter(({ rows }) => rows.length > 0);
}

const NONE: Cell = ['-', ''];

function orNull<T>(value: T | null, cell: (value: T) => Cell): Cell | null {
  return value === null ? null : cell(value);
}

/** null where there is nothing of it. */
function amountCell(amount: Amount | undefined): Cell | null {
  if (amount === undefined || amount.count === 0) return null;
  const { count: n, share } = amount;
  return [count(n), share === null ? '' : percent(share, 1)];
}

function resetRows(
  before: DiffFigures,
  after: DiffFigures,
  amount: (label: string, of: Of<Amount | undefined>, short: string) => Row[],
): Row[] {
  const keys = new Map(
    [...before.resets, ...after.resets]
      .filter(({ cause }) => cause !== 'refused')
      .map(({ by, cause }) => [`${by} ${cause}`, { by, cause }] as const),
  );
  return [...keys.values()].flatMap(({ by, cause }) => {
    const of = ({ resets }: DiffFigures) => resets.find((each) => each.by === by && each.cause === cause);
    return amount(resetPhrase({ by, cause }), of, `${by}: ${cause}`);
  });
}
