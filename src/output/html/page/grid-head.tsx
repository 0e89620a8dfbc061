import type { JSX } from 'preact';
import type { Column } from './columns.ts';

export interface Sort {
  /** null: what matters most comes first */
  column: string | null;
  descending: boolean;
}

interface Props {
  columns: readonly Column[];
  sort: Sort;
  /** the column that the keys are at, null: none */
  active: number | null;
  onSort(column: string): void;
}

/** The headers, each a button that sorts. */
export function GridHead({ columns, sort, active, onSort }: Props): JSX.Element {
  return (
    <thead>
      <tr aria-rowindex={1}>
        {columns.map((column, index) => (
          <Header
            key={column.name}
            column={column}
            direction={sort.column === column.name ? (sort.descending ? 'descending' : 'ascending') : 'none'}
            active={active === index}
            onSort={onSort}
          />
        ))}
      </tr>
    </thead>
  );
}

interface HeaderProps {
  column: Column;
  direction: 'ascending' | 'descending' | 'none';
  active: boolean;
  onSort(column: string): void;
}

const ARROW = { ascending: '▲', descending: '▼', none: '' };

function Header({ column, direction, active, onSort }: HeaderProps): JSX.Element {
  const { name, label, help, state } = column;
  return (
    <th
      scope="col"
      id={`column-${name}`}
      class={`col-${name}${'number' in column ? ' number' : ''}${active ? ' active' : ''}`}
      aria-sort={direction}
    >
      {/* The focus stays on the table: its keys reach the headers too. */}
      <button
        type="button"
        tabIndex={-1}
        title={help}
        onMouseDown={(event) => event.preventDefault()}
        onClick={() => onSort(name)}
      >
        {state === undefined ? null : <i class={`key ${name}`} />}
        {label}
        <span class="sort-mark" aria-hidden="true">
          {ARROW[direction]}
        </span>
      </button>
    </th>
  );
}
