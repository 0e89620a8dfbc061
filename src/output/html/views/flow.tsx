/** One flow: both ends' states, and below them the ladder of its segments. Drawn in Node and in the browser alike. */

import type { JSX } from 'preact';
import type { SplitWord } from '../../../decode/split.ts';
import type { Capture, Flow } from '../../../report/types.ts';
import { addressPort } from '../../../words.ts';
import type { Ladder } from '../model.ts';

export interface FlowViewProps {
  flow: Flow;
  /** null: its segments are not on this page */
  ladder: Ladder | null;
  capture: Pick<Capture, 'firstPacket' | 'lastPacket' | 'position'>;
  splitBy: readonly SplitWord[];
}

export function FlowView({ flow }: FlowViewProps): JSX.Element {
  return (
    <h3>
      Flow {flow.id}: {addressPort(flow.client)} → {addressPort(flow.server)}
    </h3>
  );
}
