import type { FlowCollector } from '../report/flows.ts';
import type { Kept } from '../report/parts.ts';
import type { Capture } from '../report/types.ts';
import type { Card } from './card.ts';
import type { Window } from './outcomes.ts';

/** A capture that was read once. */
export interface OneCapture {
  capture: Capture;
  /** its first second */
  origin: number;
  window: Window;
  collector: FlowCollector;
  /** all its flows: flow n has index n - 1 */
  kept: Kept[];
  cards: Card[];
}
