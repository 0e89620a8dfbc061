/** What the HTML report is made of. */

import type { SplitWord } from '../../decode/split.ts';
import type { ServiceTotals } from '../../report/services.ts';
import type { ComparisonTotals, Report } from '../../report/types.ts';
import type { Piece } from '../ladder-rows.ts';
import type { Stays } from './charts/stays.ts';

/** The segments of a flow, runs of data joined. */
export interface Ladder {
  pieces: readonly Piece[];
  /** segments that were not kept, between the first FIRST_PIECES pieces and the others (rowsOfPieces) */
  more: number;
  /** segments of the flow that are missing before the first piece */
  before: number;
}

/** The segments of many flows. */
export interface Ladders {
  /** by the flow's id, the most interesting flow first */
  of: ReadonlyMap<number, Ladder>;
  /** why some flows have none, or all: a sentence; null where every listed flow has its own */
  left: string | null;
}

export interface HtmlInput {
  report: Report;
  services: ServiceTotals;
  comparison?: ComparisonTotals | undefined;
  splitBy?: readonly SplitWord[] | undefined;
  /** sockets in TIME_WAIT over time, of all flows; null: to be counted from those listed */
  stays: Stays | null;
  ladders: Ladders;
}

export interface HtmlOptions {
  /** the page's size at most, bytes: segments of uninteresting flows are left out first, then such flows */
  maxBytes: number;
  /** called where what must be on the page takes more; it is made all the same */
  onTooLarge?: ((bytes: number) => void) | undefined;
}

/** 10 MB: what Jira Server takes as an attachment by default. */
export const MAX_REPORT_BYTES = 10_000_000;

/** A string of JavaScript holds no more than half a billion characters. */
export const MOST_REPORT_BYTES = 400_000_000;
