/** What an HTML report needs beside the report: the segments of its flows, from another reading. */

import type { SplitWord } from '../decode/split.ts';
import { InputError } from '../input/errors.ts';
import { isReadOnce } from '../input/source.ts';
import type { RingSnapshot } from '../live/ring.ts';
import { byInterest } from '../output/groups.ts';
import { type Ladders, MAX_REPORT_BYTES } from '../output/html/model.ts';
import type { Report } from '../report/types.ts';
import { laddersOf, MOST_LADDERS } from '../segments.ts';
import { laddersFromRing } from '../segments-ring.ts';
import { count, plural, sizeWords } from '../words.ts';
import { Progress } from './progress.ts';

interface Flags {
  splitBy?: SplitWord[];
  follow?: true;
  quiet?: true;
  /** bytes */
  maxReportSize?: number;
  progress: boolean;
}

const STATES_ALONE = 'this page shows states and times, and no segments.';

/**
 * The segments of the flows that matter most.
 * @param report with the real addresses
 * @param files none where there are two captures
 */
export async function readLadders(report: Report, files: readonly string[], flags: Flags): Promise<Ladders> {
  const why = whyNot(files, flags);
  if (why !== null) return { of: new Map(), left: `${why}: ${STATES_ALONE}` };
  const progress = new Progress(flags.progress && flags.quiet !== true);
  try {
    const of = await laddersOf(files, byInterest(report), flags.splitBy, { onProgress: progress.update });
    return { of, left: whatIsMissing(report, of.size) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { of: new Map(), left: `The capture could not be read a second time: ${STATES_ALONE}` };
  } finally {
    progress.end();
  }
}

/**
 * The same from what a live capture has kept.
 * @param ring taken after the report was made
 */
export async function ringLadders(report: Report, ring: RingSnapshot, { splitBy }: Flags): Promise<Ladders> {
  const of = await laddersFromRing(ring, byInterest(report), splitBy);
  const kept = `A live capture keeps its newest packets alone, ${count(ring.packets)} of ${count(report.capture.packets)} here.`;
  return { of, left: of.size < report.flows.length ? kept : null };
}

function whyNot(files: readonly string[], { follow }: Flags): string | null {
  if (files.length === 0) return 'The two captures number their packets differently';
  if (follow === true) return 'The capture was followed while it grew, and read once';
  return files.some(isReadOnce) ? 'The capture came through a pipe, which can be read once' : null;
}

function whatIsMissing({ flows, totals }: Report, kept: number): string | null {
  const wanted = Math.min(flows.length, MOST_LADDERS);
  const words: string[] = [];
  if (flows.length > wanted) {
    words.push(`Segments are kept of the ${count(wanted)} connections that matter most, of ${count(totals.flows)}.`);
  }
  if (kept < wanted) {
    words.push(
      `${plural(wanted - kept, 'connection')} had other segments when the capture was read again: it was changed meanwhile, and they are shown without segments.`,
    );
  }
  return words.length === 0 ? null : words.join(' ');
}

/** Tells on standard error where a page is larger than was asked for. */
export function warnOfSize({ quiet, maxReportSize = MAX_REPORT_BYTES }: Flags): (bytes: number) => void {
  return (bytes) => {
    if (quiet === true) return;
    const sizes = `${sizeWords(bytes)}, more than ${sizeWords(maxReportSize)}`;
    process.stderr.write(
      `teardown: the HTML report has ${sizes} (--max-report-size)\n  what it shows without its script takes that much: allow more, or select flows with -Y\n`,
    );
  };
}
