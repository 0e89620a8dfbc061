import type { FlowView } from './view.ts';

/** Numbers in which a flow's end is summed up: evidence/summary-layout.ts. */
export const SUMMARY_FLOATS = 21;

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

/** Takes no flow: for who wants to know of segments which flow they are of, and no more. */
export const NOBODY: FlowSink = {
  flowEnded: () => undefined,
  summarize: () => undefined,
  flowExpired: () => undefined,
};
