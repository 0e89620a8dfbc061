import type { SplitWord } from '../decode/split.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { SystemSettings } from '../teardown/systems.ts';
import type { IntervalSink } from './intervals.ts';
import type { Flow } from './types.ts';

export interface FlowCollectorOptions {
  systems: SystemSettings;
  /** by what equal 4-tuples are told apart */
  splitBy?: readonly SplitWord[] | undefined;
  /** flows kept for the report: the most interesting */
  maxFlows: number;
  /** where their TIME_WAITs are counted */
  intervals: IntervalSink;
  /** flows that it refuses are left out of the report and of its totals */
  where?: ((flow: Flow) => boolean) | undefined;
  /** called with each flow when it ends, in that order */
  onFlow?: ((flow: Flow) => void) | undefined;
  /** called with each flow that may be listed, when it ends: where more come than may be listed, fewer and fewer are */
  onKept?: ((flow: Flow) => void) | undefined;
  /** called with each flow when its close is complete, in its TIME_WAIT: it may be seen to go on after that, and ends later */
  onClosed?: ((flow: Flow) => void) | undefined;
  /** threads that share the flows; 1 if it isn't said */
  shares?: number | undefined;
  /** sums ordinary ends up, of the flows in its memory */
  kernel?: Kernel | null;
  /** of more flows than evidence has room for the newest are kept, not the first: a capture without an end */
  newest?: boolean | undefined;
}
