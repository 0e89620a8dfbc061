import { severityOf } from '../output/survey.ts';
import type { Finding, Severity } from '../report/types.ts';

/** Whether a finding is at least that severe; tells of it on standard error. */
export function reachesFailOn(findings: readonly Finding[], least: Severity | undefined, quiet: boolean): boolean {
  if (least === undefined) return false;
  const n = findings.filter((each) => severityOf(each) >= severityOf({ severity: least })).length;
  if (n === 0) return false;
  if (!quiet)
    process.stderr.write(`teardown: ${n} ${n === 1 ? 'finding is' : 'findings are'} at least ${least}: --fail-on\n`);
  return true;
}
