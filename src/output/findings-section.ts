/** The findings on a terminal: what is wrong, by this capture's own numbers, and what to do. */

import type { Finding } from '../report/types.ts';
import { count, moment } from '../words.ts';
import { type Page, title } from './sections.ts';
import { hang, hangCode, pad, withoutCodeMarks } from './style.ts';
import { bySeverity, isToldBefore } from './survey.ts';

/** Findings, steps of what to do, and flows that are named without -v. */
const FINDINGS = 6;
const STEPS = 4;
const FLOWS = 6;

const INDENT = ' '.repeat(12);

/** The section's lines; none where nothing was found. */
export function findings(page: Page): string[] {
  const all = bySeverity(page.report.findings);
  const [worst] = all;
  if (worst === undefined) return [];
  const shown = page.verbose ? all : all.slice(0, FINDINGS);
  const counts = (['critical', 'warning', 'info'] as const)
    .map((severity) => [severity, all.filter((each) => each.severity === severity).length] as const)
    .filter(([, n]) => n > 0)
    .map(([severity, n]) => `${count(n)} ${severity}`);
  // Beside what somebody must act on, what is merely worth knowing is short.
  const isShort = (each: Finding) => !page.verbose && each.severity === 'info' && worst.severity !== 'info';
  const lines = [title(page, 'FINDINGS', `  ${counts.join(', ')}`)];
  shown.forEach((each, index) => {
    if (index > 0) lines.push('');
    lines.push(...finding(page, each, isShort(each), !page.verbose && isToldBefore(shown, index)));
  });
  const left = all.length - shown.length;
  if (left > 0) lines.push('', ...hang('  ', `and ${count(left)} more: -v shows them`, page.prose, page.style.dim));
  return lines;
}

/** @param isTold what to do stands above */
function finding(page: Page, each: Finding, isShort: boolean, isTold: boolean): string[] {
  const { style, prose, verbose } = page;
  const name = withoutCodeMarks(each.title);
  const [line = INDENT, ...more] = hang(INDENT, name, prose, style.bold);
  const label = `  ${style.severity[each.severity](pad(each.severity.toUpperCase(), 8))}  `;
  const lines = [label + line.slice(INDENT.length), ...more];
  if (!isShort) {
    lines.push(...hangCode(INDENT, each.because, prose, style.bold));
    lines.push(...(isTold ? ['   do this: as above'] : steps(page, each)));
  }
  lines.push(...hang(INDENT, facts(page, each, name).join(' · '), prose, style.dim));
  if (verbose && each.wiresharkFilter !== null) {
    lines.push(...hang(INDENT, `Wireshark: ${each.wiresharkFilter}`, prose, style.dim));
  }
  return lines;
}

function steps({ style, prose, verbose }: Page, { doThis }: Finding): string[] {
  const shown = verbose ? doThis : doThis.slice(0, STEPS);
  return shown.flatMap((step, index) => {
    const lead = index === 0 ? '   do this: ' : INDENT;
    return hangCode(lead + (shown.length > 1 ? `${index + 1}. ` : ''), step, prose, style.bold);
  });
}

/** How sure it is, whom it concerns, when, which flows: what its title has not told. */
function facts({ report, verbose }: Page, each: Finding, name: string): string[] {
  const { confidence, endpoint, flows, flowCount, rule } = each;
  const reference = report.capture.firstPacket;
  const times = [each.at, each.until].filter((time) => time !== null).map((time) => moment(time, reference));
  const [from, to] = [...new Set(times)];
  const told: string[] = [confidence];
  if (endpoint !== null && !name.includes(endpoint)) told.push(endpoint);
  if (from !== undefined && times.some((time) => !name.includes(time))) {
    told.push(to === undefined ? `${each.at === null ? 'until ' : ''}${from}` : `${from} to ${to}`);
  }
  if (flows.length > 0) {
    const ids = verbose ? flows : flows.slice(0, FLOWS);
    const left = flowCount - ids.length;
    told.push(`flow${flowCount === 1 ? '' : 's'} ${ids.join(', ')}${left > 0 ? ` and ${count(left)} more` : ''}`);
  }
  // A command stays on one line.
  return [...told, `teardown\u00a0explain\u00a0${rule}`];
}
