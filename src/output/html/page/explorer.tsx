/** All flows over time, their table with its filter, and the flow that is selected. */

import type { JSX } from 'preact';
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { count, plural } from '../../../words.ts';
import { isPlaced } from '../../place-words.ts';
import { bySeverity } from '../../survey.ts';
import type { FlowStore, LadderStore } from '../data/store.ts';
import type { PageFacts } from '../page-facts.ts';
import { columnsFor } from './columns.ts';
import { examples } from './examples.ts';
import { FilterBox } from './filter-box.tsx';
import { FlowPane } from './flow-pane.tsx';
import { Grid } from './grid.tsx';
import type { Sort } from './grid-head.tsx';
import { Marks } from './marks.tsx';
import { interestKeys, kept, keysOf, orderBy } from './order.ts';
import { Overview } from './overview.tsx';
import { presentIn, type Range } from './timeline.ts';
import { useFilter } from './use-filter.ts';
import { useSelection } from './use-selection.ts';
import { useTimeline } from './use-timeline.ts';

export interface ExplorerProps {
  facts: PageFacts;
  flows: FlowStore;
  ladders: LadderStore;
}

const BY_INTEREST: Sort = { column: null, descending: false };

/** The first connection of the worst finding, else the most interesting one; -1: there is none. */
function firstShown(flows: FlowStore, { findings }: PageFacts, ranked: ArrayLike<number>): number {
  for (const { flows: ids } of bySeverity(findings)) {
    const index = ids[0] === undefined ? -1 : flows.indexOf(ids[0]);
    if (index >= 0) return index;
  }
  return ranked[0] ?? -1;
}

export function Explorer({ facts, flows, ladders }: ExplorerProps): JSX.Element {
  const { capture } = facts;
  const splitBy = useMemo(() => (isAnywherePlaced(flows, facts) ? facts.splitBy : []), [flows]);
  const columns = useMemo(() => columnsFor(capture.firstPacket, splitBy), [flows]);
  const ranked = useMemo(() => orderBy(interestKeys(flows, facts.findings), false), [flows]);
  const tried = useMemo(() => examples(flows, ranked), [flows]);

  const { selection, missing, select, show } = useSelection(flows, firstShown(flows, facts, ranked));
  const { text, mask, matches, filter } = useFilter(flows, selection);
  const [sort, setSort] = useState<Sort>(BY_INTEREST);
  const [range, setRange] = useState<Range | null>(null);
  const line = useTimeline(flows, capture);

  const keys = useMemo(() => new Map<string, Float64Array>(), [flows]);
  const order = useMemo(() => {
    const column = columns.find(({ name }) => name === sort.column);
    if (column === undefined) return ranked;
    const known = keys.get(column.name) ?? keysOf(flows, column);
    keys.set(column.name, known);
    return orderBy(known, sort.descending);
  }, [sort]);
  const present = useMemo(() => (range === null || line === null ? null : presentIn(line, range)), [line, range]);
  const rows = useMemo(() => kept(order, mask, present), [order, mask, present]);
  const at = rows.indexOf(selection.index);
  const step = (row: number) => (at < 0 || rows[row] === undefined ? null : () => select(rows[row]!));
  const onSort = useCallback((name: string) => setSort((before) => nextSort(before, name, columns)), [columns]);
  const showSelected = useCallback(() => show(selection.index), [selection]);
  useEffect(() => {
    if (selection.wanted) show(selection.index);
  }, [selection]);

  return (
    <section aria-labelledby="explorer-title">
      <h2 id="explorer-title">
        Connections <small>{listed(flows.length, facts.flows)}</small>
      </h2>
      <FilterBox
        text={text}
        examples={tried}
        status={status(rows.length, matches, flows.length, range)}
        onFilter={filter}
      />
      {capture.firstPacket === null ? null : (
        <Overview
          line={line}
          origin={capture.firstPacket}
          mask={mask}
          range={range}
          selected={selection.index}
          onRange={setRange}
          onSelect={select}
        />
      )}
      <div class="split">
        <div class="list">
          <p class="sorted">
            {sort.column === null ? 'Those that matter most first.' : null}
            {sort.column === null ? null : (
              <button type="button" class="small" onClick={() => setSort(BY_INTEREST)}>
                Those that matter most first
              </button>
            )}
          </p>
          <Grid
            flows={flows}
            columns={columns}
            rows={rows}
            sort={sort}
            selected={selection.index}
            onSort={onSort}
            onSelect={select}
            onShow={showSelected}
          />
          <Marks />
        </div>
        <FlowPane
          flows={flows}
          ladders={ladders}
          facts={facts}
          selected={selection.index}
          missing={missing}
          previous={step(at - 1)}
          next={step(at + 1)}
        />
      </div>
    </section>
  );
}

function isAnywherePlaced(flows: FlowStore, { splitBy }: PageFacts): boolean {
  if (splitBy.length === 0) return false;
  for (let i = 0; i < flows.length; i++) if (isPlaced([flows.peek(i)], splitBy)) return true;
  return false;
}

/** A second click turns the order round. Durations begin with the longest, all else with the least. */
function nextSort(before: Sort, name: string, columns: ReturnType<typeof columnsFor>): Sort {
  if (before.column === name) return { column: name, descending: !before.descending };
  const column = columns.find((each) => each.name === name);
  return { column: name, descending: column?.state !== undefined || name === 'lasted' };
}

function listed(here: number, all: number): string {
  return here < all ? `${count(here)} of ${count(all)}: the others were left out of this page` : count(here);
}

function status(rows: number, matches: number, all: number, range: Range | null): string {
  const of = `of ${plural(all, 'connection')}`;
  if (range === null) return matches === all ? plural(all, 'connection') : `${count(rows)} ${of}`;
  return `${count(rows)} ${of} in the marked time`;
}
