import type { Split } from '../decode/split.ts';
import type { Encapsulations } from '../flow/encapsulations.ts';
import type { Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import type * as F from '../teardown/facts.ts';
import type { OsProfile } from '../teardown/profiles.ts';
import type { Reuse } from './types.ts';

/** Everything of which a flow's record is made. */
export interface FlowSources {
  view: FlowView;
  trail: Trail;
  facts: F.Facts;
  profiles: readonly [OsProfile, OsProfile];
  encapsulations: Encapsulations;
  /** by what flows are told apart */
  split: Split;
  reuse: Reuse | null;
  /** the capture's end, ns in the flow's base */
  end: number;
}
