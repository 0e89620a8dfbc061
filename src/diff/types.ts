/** What two reports tell when they are compared: teardown.diff/1, as in schema/diff.schema.json. */

import type { Capture, Kind, ResetCause, Side } from '../report/types.ts';
import type { ComparedFinding } from './digest.ts';

/** Which of the two reports. */
export type Which = 'before' | 'after';

/** How many of something there were. Captures differ in length, so shares and rates tell more than counts. */
export interface Amount {
  count: number;
  /** of what its place says, 0 to 1; null where that is none, or where flows were left out of the report */
  share: number | null;
  /** a second of the capture; null where that has no length, or where flows were left out of the report */
  perSecond: number | null;
}

/** The numbers of one report that are compared. */
export interface DiffFigures {
  /** of the tool that wrote the report */
  version: string;
  capture: Pick<Capture, 'firstPacket' | 'lastPacket' | 'seconds' | 'position' | 'dropped'> & {
    /** names of the captures */
    files: string[];
    /** places where it is damaged */
    damaged: number;
  };
  /** `listed`: those of which the report has the record. What is counted from these is a lower bound where some were left out. */
  flows: { count: number; perSecond: number | null; listed: number };
  /** shares of all flows */
  byKind: Record<Kind, Amount>;
  /** from the first connection that was refused to the last one, of those listed, to the millisecond; null where none was */
  refusedSeconds: number | null;
  closers: Record<Side | 'both' | 'unknown', Amount> & {
    /** flows that ended by FIN: the shares are of these */
    closed: number;
    /** flows were left out of one of the reports, so that those that ended by RST alone are counted too, in both */
    withAborts: boolean;
  };
  /** `client` and `server`: on whose side, of the flows listed */
  timeWait: Record<Side, number> & {
    count: number;
    perSecond: number | null;
    peak: number;
    peakAt: string | null;
  };
  /** seconds; `unmeasured`: those of the flows listed whose end was not seen, or not yet */
  finWait2: {
    count: number;
    p50: number | null;
    p90: number | null;
    p99: number | null;
    max: number | null;
    unmeasured: number;
  };
  /** of the flows listed: sockets that stayed for a second or longer, and the longest stay, so far if it was open */
  closeWait: Amount & { longest: number | null };
  /** RSTs that ended flows, by sender and cause, the most frequent first; of the flows listed, shares of all flows */
  resets: (Amount & { by: Side | 'unknown'; cause: ResetCause })[];
}

/** What is compared of a finding. */
export interface DiffFinding extends ComparedFinding {
  /** of all flows; null where there is none */
  share: number | null;
}

/** A finding of either report, with its counterpart in the other. */
export interface FindingChange {
  rule: string;
  change: 'went' | 'came' | 'stayed';
  /** of one that stayed, by its severity; null of the others */
  trend: 'better' | 'worse' | 'same' | null;
  before: DiffFinding | null;
  after: DiffFinding | null;
}

/** What makes the comparison doubtful. */
export type DoubtCode =
  /** it has no connections */
  | 'no-connections'
  /** the two have no service in common, not even its port */
  | 'no-common-service'
  /** the services have the same ports and other addresses */
  | 'other-addresses'
  /** shorter than a TIME_WAIT, and than half of the other */
  | 'short'
  /** fewer than half as many accepted connections a second as the other */
  | 'less-traffic'
  /** connections were refused in the other and none in it: no restart shows there */
  | 'no-restart'
  /** fewer than 20 connections */
  | 'few'
  /** captured at different places */
  | 'other-position'
  /** their timers of TIME_WAIT differ for the same address */
  | 'other-timers'
  /** addresses were replaced in one of the two, or in another way */
  | 'redacted'
  | 'damaged'
  /** the kernel dropped packets while capturing */
  | 'dropped'
  /** not all flows are listed */
  | 'flows-left-out'
  /** written by different versions of this program */
  | 'other-version'
  /** the second was captured before the first */
  | 'exchanged'
  /** captured at the same time: they may hold the same connections */
  | 'overlap';

export interface Doubt {
  code: DoubtCode;
  /** the report that it is about */
  which: Which | 'both';
}

/** What speaks for a change to the better or the worse. */
export interface Signal {
  towards: 'better' | 'worse';
  /** a kind of failure, of which the share changed, or a finding's rule */
  about: { kind: Kind } | { rule: string };
  /** null where it counts; else why it need not mean a thing */
  doubt: Doubt | null;
}

/**
 * What came of it. `different`: nothing speaks for better or worse, and who closes first or how much is in TIME_WAIT has
 * changed; `unclear`: what speaks for either need not mean a thing.
 */
export type Outcome = 'better' | 'worse' | 'mixed' | 'different' | 'unchanged' | 'unclear';

/** teardown.diff/1. What isn't known is null and never absent. */
export interface Diff {
  schema: 'teardown.diff/1';
  outcome: Outcome;
  signals: Signal[];
  doubts: Doubt[];
  before: DiffFigures;
  after: DiffFigures;
  /** those that came first, then those that stayed, then those that went; each by severity */
  findings: FindingChange[];
}
