import type { Report } from '../report/types.ts';

/** Whether every flow that totals count is listed. */
export function isComplete(report: Report): boolean {
  return report.flows.length >= report.totals.flows;
}
