import { useCallback, useEffect, useState } from 'preact/hooks';
import { count } from '../../../words.ts';
import type { FlowStore } from '../data/store.ts';
import { FLOW_PANE } from './flow-pane.tsx';
import { readPlace } from './permalink.ts';

export interface Selection {
  /** -1: none */
  index: number;
  /** the id that the address is to have: null until somebody selects a flow */
  named: number | null;
  /** it is to be shown and to have the focus */
  wanted: boolean;
}

interface Selected {
  selection: Selection;
  /** a sentence where the flow that was asked for is not here */
  missing: string;
  select(index: number): void;
  /** brings the flow into view, and the focus to it */
  show(index: number): void;
}

/** The flow that is selected: by the table, by a link anywhere on the page, by the page's address. */
export function useSelection(flows: FlowStore, first: number): Selected {
  const [selection, set] = useState<Selection>(() => {
    const { flow } = readPlace(location.hash);
    return (flow === null ? null : asked(flows, flow)) ?? { index: first, named: null, wanted: false };
  });
  const [missing, miss] = useState(() => {
    const { flow } = readPlace(location.hash);
    return flow === null || flows.indexOf(flow) >= 0 ? '' : notHere(flows, flow);
  });
  const select = useCallback(
    (index: number) => {
      miss('');
      set({ index, named: flows.peek(index).id, wanted: false });
    },
    [flows],
  );
  const ask = useCallback(
    (id: number) => {
      const found = asked(flows, id);
      miss(found === null ? notHere(flows, id) : '');
      if (found !== null) set(found);
      else showPane();
    },
    [flows],
  );
  useEffect(() => {
    const onHash = () => {
      const { flow } = readPlace(location.hash);
      if (flow !== null) ask(flow);
    };
    const onClick = (event: MouseEvent) => {
      const id = linkedFlow(event);
      if (id === null) return;
      event.preventDefault();
      ask(id);
    };
    addEventListener('hashchange', onHash);
    document.addEventListener('click', onClick);
    return () => {
      removeEventListener('hashchange', onHash);
      document.removeEventListener('click', onClick);
    };
  }, [ask]);
  return { selection, missing, select, show: showPane };
}

function asked(flows: FlowStore, id: number): Selection | null {
  const index = flows.indexOf(id);
  return index < 0 ? null : { index, named: id, wanted: true };
}

function notHere(flows: FlowStore, id: number): string {
  return `Flow ${id} is not on this page, which has ${count(flows.length)}.`;
}

/** The flow that a click on a link asks for; a click for a new tab is none. */
function linkedFlow(event: MouseEvent): number | null {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return null;
  const link = event.target instanceof Element ? event.target.closest('a[href^="#flow"]') : null;
  return link === null ? null : readPlace(link.getAttribute('href') ?? '').flow;
}

function showPane(): void {
  const pane = document.getElementById(FLOW_PANE);
  pane?.focus({ preventScroll: true });
  pane?.scrollIntoView({ block: 'nearest' });
}
