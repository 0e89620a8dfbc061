import * as L from '../flow/layout.ts';
import type { FlowView } from '../flow/view.ts';
import type { Flow } from './types.ts';

/** Tells of each flow once when its close is complete, in its TIME_WAIT; of one that never was so, when it ends. */
export class Closings {
  private readonly tell: ((flow: Flow) => void) | undefined;
  private readonly record: (flow: FlowView) => Flow;
  /** ids of the flows in the table that were told */
  private readonly told: Set<number>;

  /** @param before of the same tracker: what that has told is not told again */
  constructor(
    tell: ((flow: Flow) => void) | undefined,
    record: (flow: FlowView) => Flow,
    before: Closings | undefined,
  ) {
    this.tell = tell;
    this.record = record;
    this.told = tell === undefined || before === undefined ? new Set() : before.told;
  }

  closed(flow: FlowView): void {
    const id = flow.word(L.ID);
    if (this.tell === undefined || this.told.has(id)) return;
    const record = this.record(flow);
    // A SYN without an answer may come again: that is told when it is over.
    if (record.kind === 'open' || record.kind === 'unanswered') return;
    this.told.add(id);
    this.tell(record);
  }

  ended(flow: FlowView): void {
    if (this.tell === undefined || this.told.delete(flow.word(L.ID))) return;
    const record = this.record(flow);
    if (record.kind !== 'open') this.tell(record);
  }
}
