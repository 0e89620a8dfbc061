/** Findings of a capture that goes on. */

import { compareSeverity } from '../findings/findings.ts';
import type { Finding } from '../report/types.ts';

/** The most severe first, then those that began last; in words of now. */
export function asOfNow(findings: readonly Finding[]): Finding[] {
  const time = ({ at, until }: Finding) => Date.parse(at ?? until ?? '') || 0;
  return findings
    .toSorted((a, b) => compareSeverity(a, b) || time(b) - time(a))
    .map((finding) => ({ ...finding, because: inThePresent(finding.because), title: inThePresent(finding.title) }));
}

/** Rules speak of a capture that is over. */
function inThePresent(text: string): string {
  return text
    .replaceAll(/\b(when|since) the capture ended\b/gi, 'now')
    .replaceAll(/\bby the end of the capture\b/g, 'by now')
    .replaceAll(/\bat the end of the capture\b/g, 'now');
}
