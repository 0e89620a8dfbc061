import { verdict } from '../../src/output/verdict.ts';
import type { Report } from '../../src/report/types.ts';

/** The whole verdict as one line. */
export function sentences(report: Report): string {
  const { wrong, seen } = verdict(report);
  return wrong === null ? seen : `${wrong} ${seen}`;
}
