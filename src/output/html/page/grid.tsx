/** The table of all flows: only the rows that can be seen are in the page. One stop for the Tab key, arrows within. */

import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { FlowStore } from '../data/store.ts';
import type { Column } from './columns.ts';
import { GridHead, type Sort } from './grid-head.tsx';
import { GridRow } from './grid-row.tsx';

/** Height of a row, CSS pixels, as in the style sheet. */
const ROW = 28;
/** Rows beyond those that can be seen, on each side. */
const SPARE = 8;

/** As in WAI-ARIA's examples of data grids: a table whose rows can be selected. */
const GRID = { role: 'grid' } as const;

interface Props {
  flows: FlowStore;
  columns: readonly Column[];
  /** indexes in the order in which they are shown */
  rows: Uint32Array;
  sort: Sort;
  /** index; -1: none */
  selected: number;
  onSort(column: string): void;
  onSelect(index: number): void;
  /** the selected flow is wanted */
  onShow(): void;
}

export function Grid({ flows, columns, rows, sort, selected, onSort, onSelect, onShow }: Props): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const [top, scrolled] = useState(0);
  const [height, resized] = useState(600);
  /** the column whose header is meant by the keys; null: they are for the rows */
  const [head, toHead] = useState<number | null>(null);
  const at = selected < 0 ? -1 : rows.indexOf(selected);
  const first = Math.max(0, Math.floor(top / ROW) - SPARE);
  const last = Math.min(rows.length, Math.ceil((top + height) / ROW) + SPARE);

  useLayoutEffect(() => {
    const element = scroller.current!;
    const observer = new ResizeObserver(() => resized(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    scroller.current!.scrollTop = 0;
  }, [rows]);
  useEffect(() => {
    if (at >= 0) bringIntoView(scroller.current!, at);
    // Where rows change, what stands first is wanted.
  }, [selected]);

  const select = (row: number) => {
    const index = rows[row];
    if (index === undefined) return;
    if (index === selected) bringIntoView(scroller.current!, rows.indexOf(index));
    onSelect(index);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(height / ROW) - 2);
    if (head !== null) {
      if (event.key === 'ArrowLeft') toHead(Math.max(0, head - 1));
      else if (event.key === 'ArrowRight') toHead(Math.min(columns.length - 1, head + 1));
      else if (event.key === 'Home') toHead(0);
      else if (event.key === 'End') toHead(columns.length - 1);
      else if (event.key === 'ArrowDown') toHead(null);
      else if (event.key === 'Enter' || event.key === ' ') onSort(columns[head]!.name);
      else return;
    } else if (event.key === 'ArrowUp' && at <= 0) toHead(0);
    else if (event.key === 'ArrowUp') select(at - 1);
    else if (event.key === 'ArrowDown') select(at + 1);
    else if (event.key === 'PageUp') select(Math.max(0, at - page));
    else if (event.key === 'PageDown') select(Math.min(rows.length - 1, at + page));
    else if (event.key === 'Home') select(0);
    else if (event.key === 'End') select(rows.length - 1);
    else if (event.key === 'ArrowLeft') scroller.current!.scrollLeft -= 80;
    else if (event.key === 'ArrowRight') scroller.current!.scrollLeft += 80;
    else if (event.key === 'Enter' && at >= 0) onShow();
    else return;
    event.preventDefault();
  };
  const active = head !== null ? `column-${columns[head]!.name}` : at >= first && at < last ? `row-${selected}` : null;
  return (
    <div ref={scroller} class="flow-grid" onScroll={(event) => scrolled(event.currentTarget.scrollTop)}>
      <table
        {...GRID}
        tabIndex={0}
        class={columns.some(({ name }) => name === 'in') ? 'placed' : ''}
        aria-label="Connections"
        aria-rowcount={rows.length + 1}
        aria-colcount={columns.length}
        {...(active === null ? {} : { 'aria-activedescendant': active })}
        onKeyDown={onKeyDown}
        onClick={(event) => select(rowOf(event))}
        onDblClick={(event) => rowOf(event) >= 0 && onShow()}
        onBlur={() => toHead(null)}
      >
        <GridHead columns={columns} sort={sort} active={head} onSort={onSort} />
        <Spacer rows={first} />
        <tbody>
          {Array.from(rows.subarray(first, last), (index, k) => (
            <GridRow
              key={index}
              flows={flows}
              index={index}
              position={first + k}
              columns={columns}
              selected={index === selected}
            />
          ))}
        </tbody>
        <Spacer rows={rows.length - last} />
      </table>
    </div>
  );
}

/** The room of rows that can't be seen. */
function Spacer({ rows }: { rows: number }): JSX.Element {
  return (
    <tbody aria-hidden="true">
      <tr style={{ height: `${rows * ROW}px` }} />
    </tbody>
  );
}

/** The row of an event, -1 for none. */
function rowOf({ target }: Event): number {
  const row = target instanceof Element ? target.closest<HTMLElement>('tr[data-row]') : null;
  return row === null ? -1 : Number(row.dataset['row']);
}

function bringIntoView(scroller: HTMLElement, row: number): void {
  const head = scroller.querySelector('thead')?.clientHeight ?? 0;
  const room = scroller.clientHeight - head;
  if (row * ROW < scroller.scrollTop) scroller.scrollTop = row * ROW;
  else if ((row + 1) * ROW > scroller.scrollTop + room) scroller.scrollTop = (row + 1) * ROW - room;
}
