/** Flows and segments as the page keeps them. */

import type { Flow } from '../../../report/types.ts';
import type { Ladder } from '../model.ts';

/** The flows of a report, decoded where they are wanted. */
export interface FlowStore {
  readonly length: number;
  /** the flow as the JSON report has it; ascending by id */
  flow(index: number): Flow;
  /** -1: it is not here */
  indexOf(id: number): number;
  /**
   * A flow of which the members are decoded when they are read, for filters: the same object each time, valid until the next call.
   * Members are properties of prototypes: `in` sees them, Object.keys does not.
   */
  peek(index: number): Flow;
}

export interface LadderStore {
  has(id: number): boolean;
  ladder(id: number): Ladder | null;
}
