import type { JSX } from 'preact';
import { memo } from 'preact/compat';
import type { Flow } from '../../../report/types.ts';
import type { ClosingState } from '../../meaning.ts';
import type { FlowStore } from '../data/store.ts';
import type { Column } from './columns.ts';

interface Props {
  flows: FlowStore;
  index: number;
  /** from 0 on */
  position: number;
  columns: readonly Column[];
  selected: boolean;
}

/** Seconds from which a stay is long. TIME_WAIT always is. */
const LONG = 1;
const LINGERS: ReadonlySet<ClosingState | undefined> = new Set(['FIN_WAIT_1', 'FIN_WAIT_2', 'CLOSE_WAIT', 'LAST_ACK']);
/** Columns that may be cut: the whole is shown on hover. */
const CUT = new Set(['client', 'server', 'in', 'words']);

/** Scrolling draws only the rows that come into view. */
export const GridRow = memo(function Row({ flows, index, position, columns, selected }: Props): JSX.Element {
  const flow = flows.peek(index);
  return (
    <tr
      id={`row-${index}`}
      data-row={position}
      class={`${selected ? 'selected' : ''}${position % 2 === 1 ? ' odd' : ''}`}
      aria-rowindex={position + 2}
      aria-selected={selected}
    >
      {columns.map((column) => cell(column, flow))}
    </tr>
  );
});

/** No component: the flow may be another's by the time when that would be drawn. */
function cell(column: Column, flow: Flow): JSX.Element {
  const text = column.cell(flow);
  const { name } = column;
  if (name === 'flow') {
    return (
      <th scope="row" class="col-flow number" key={name}>
        {text}
      </th>
    );
  }
  const long = 'number' in column && LINGERS.has(column.state) && (column.number(flow) ?? 0) >= LONG;
  return (
    <td
      key={name}
      class={`col-${name}${'number' in column ? ' number' : ''}${long ? ' long' : ''}${text === '-' ? ' none' : ''}`}
      title={CUT.has(name) ? text : undefined}
    >
      {text}
    </td>
  );
}
