/** The comparison of two reports on one page. */

import type { Report } from '../report/types.ts';
import { type Digest, digest } from './digest.ts';
import { doubtsOf } from './doubts.ts';
import { figures, isComplete } from './figures.ts';
import { findingChanges } from './findings.ts';
import { outcomeOf, signalsOf } from './outcome.ts';
import type { Diff } from './types.ts';

/** Compares the reports of two captures, made before and after a change: what went, what came, and whether it got better. */
export function diff(before: Report, after: Report): Diff {
  return diffOf(digest(before), digest(after));
}

/** The same of digests. */
export function diffOf(before: Digest, after: Digest): Diff {
  const withAborts = !isComplete(before) || !isComplete(after);
  const [old, now] = [figures(before, withAborts), figures(after, withAborts)];
  const doubts = doubtsOf({ before, after });
  const findings = findingChanges(before, after);
  const signals = signalsOf(old, now, findings, doubts);
  const outcome = outcomeOf(signals, old, now, doubts);
  return { schema: 'teardown.diff/1', outcome, signals, doubts, before: old, after: now, findings };
}
