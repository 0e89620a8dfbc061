import { NS_PER_SECOND } from '../units.ts';
import type { FlowView } from './view.ts';

/** Numbers in which a flow's end is summed up. */
export const SUMMARY_FLOATS = 13;

/** Who takes the flows when nothing more can happen to them. */
export interface FlowSink {
  /**
   * A flow has ended, or the capture has. The views are valid during the call.
   * @param successor the flow that took its 4-tuple, null if none did
   */
  flowEnded(flow: FlowView, successor: FlowView | null): void;
  /** A flow's close is behind it: sums it up in SUMMARY_FLOATS floats, while it is at hand. */
  summarize(flow: FlowView, summary: Float64Array, at: number): void;
  /** A flow that was summed up has ended, unchanged since. The caches have lost it: the summary should do. */
  flowExpired(flow: FlowView, summary: Float64Array, at: number): void;
}

/** How long closed flows are remembered. */
export interface Retention {
  /** after its last packet a closed flow may matter for this long: its TIME_WAIT, and then some; ns */
  lingerNs: number;
  /** closed flows that stay in the table even after that, so that a late packet finds its flow */
  flows: number;
}

/** The longest TIME_WAIT of any system is 240 s; Linux's is 62.1 s. What comes later is a new flow. */
export const RETENTION: Retention = { lingerNs: 70 * NS_PER_SECOND, flows: 32_768 };
