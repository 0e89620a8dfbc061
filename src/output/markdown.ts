/** The summary for a ticket, in GitHub's Markdown: always shorter than 4,000 characters. */

import type { SplitWord } from '../decode/split.ts';
import type { ComparisonTotals, Finding, Flow, Report } from '../report/types.ts';
import { addressPort, count, duration, list, moment, percent, plural } from '../words.ts';
import { asOfEnd } from './as-of-end.ts';
import { comparisonWords } from './comparison.ts';
import { isComplete } from './complete.ts';
import { mattersMost } from './groups.ts';
import { finWait2Words, lingering, lingeringWords, timeWaitPeak, timeWaitSides, whichSide } from './lingering.ts';
import { closedFirst, KIND, KINDS, shapeWords, stay, timeWaitUntil } from './meaning.ts';
import { isPlaced, placeWords } from './place-words.ts';
import { resetPhrase } from './reset-words.ts';
import { clip, clipMiddle, plain } from './style.ts';
import {
  assumptionWords,
  bySeverity,
  captureFaults,
  isToldBefore,
  positionWords,
  resets,
  sourceWords,
} from './survey.ts';
import { verdict } from './verdict.ts';

/** A report is shorter than this, in UTF-16 units: what ticket systems and pagers count. */
export const MARKDOWN_LIMIT = 4000;
const FLOWS = 8;
const FINDINGS = 8;

// An underscore within a word is no markup.
const MARKUP = /^[\\`*[\]|~#]$/;
const HTML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function oneLine(text: string): string {
  return plain(text.replace(/\s+/g, ' ').trim());
}

/** Text on one line that Markdown shows as it is: no markup, no HTML, no end of a cell. At most `most` characters long. */
export function escaped(text: string, most: number): string {
  return escapedLine(oneLine(text), most);
}

function escapedLine(line: string, most: number): string {
  let result = '';
  let before = ' ';
  for (const char of line) {
    const safe = MARKUP.test(char) || (char === '_' && !/\w/.test(before)) ? `\\${char}` : (HTML[char] ?? char);
    if (result.length + safe.length >= most) return `${result}…`;
    result += safe;
    before = char;
  }
  return result;
}

/** Cut behind a sentence, or else a word, and never within code. */
function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const room = text.slice(0, most - 2);
  const outside = room.split('`').length % 2 === 1 ? room : room.slice(0, room.lastIndexOf('`'));
  const sentence = outside.lastIndexOf('. ') + 1;
  const end = sentence > most / 3 ? sentence : outside.lastIndexOf(' ');
  return `${end > 0 ? outside.slice(0, end) : clip(room, most - 2)} …`;
}

/** A finding's words: as escaped(), but `code` stays code. */
export function prose(text: string, most: number): string {
  const parts = shortened(oneLine(text), most).split('`');
  const paired = parts.length % 2 === 1;
  return parts
    .map((part, index) => (paired && index % 2 === 1 ? `\`${part}\`` : escapedLine(part, most)))
    .join(paired ? '' : "'");
}

export function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** How much is told of a finding: its title alone, or its reasons and steps cut to so many characters. */
interface Detail {
  because: number;
  steps: number;
  step: number;
  filter: boolean;
}

const FULL: Detail = { because: 600, steps: 4, step: 300, filter: true };
const LONG: Detail = { because: 450, steps: 3, step: 220, filter: false };
const SHORT: Detail = { because: 280, steps: 2, step: 160, filter: false };

/** @param told what to do and the filter stand above */
function findingLines(finding: Finding, detail: Detail | null, told: boolean, reference: string | null): string[] {
  const { severity, title, because, doThis, confidence, rule, at, until, wiresharkFilter } = finding;
  const sure = confidence === 'certain' ? '' : ` (${confidence})`;
  const lines = [`- **${severity}**: ${prose(title, 180)}${sure}`];
  if (detail === null) return lines;
  const when = [...new Set([at, until].filter((each) => each !== null).map((each) => moment(each, reference)))];
  const name = `\`teardown explain ${rule.replace(/[^\w-]/g, '').slice(0, 40)}\``;
  const where = [flowWords(finding), ...(when.length > 0 ? [when.join(' to ')] : []), name];
  lines.push(`  ${prose(because, detail.because)} [${where.join(', ')}]`);
  // The first step of a rule is its own.
  lines.push(...doThis.slice(0, told ? 1 : detail.steps).map((step) => `  - ${prose(step, detail.step)}`));
  // A filter that is cut is none, and one with a backquote can't be code.
  const filter = oneLine(wiresharkFilter ?? '');
  if (detail.filter && !told && filter !== '' && filter.length <= 200 && !filter.includes('`')) {
    lines.push(`  - Wireshark: \`${filter}\``);
  }
  return lines;
}

/** "flows 40, 1, 2 and 37 more" */
function flowWords({ flows, flowCount }: Finding): string {
  if (flows.length === 0) return plural(flowCount, 'flow');
  const left = flowCount - Math.min(3, flows.length);
  return `flow${flowCount === 1 ? '' : 's'} ${flows.slice(0, 3).join(', ')}${left > 0 ? ` and ${count(left)} more` : ''}`;
}

function findings(report: Report, shown: number, detail: Detail | null): string[] {
  const all = bySeverity(report.findings);
  if (all.length === 0) return [];
  const lines = all
    .slice(0, shown)
    .flatMap((each, index) => findingLines(each, detail, isToldBefore(all, index), report.capture.firstPacket));
  if (shown < all.length) {
    const counts = (['critical', 'warning', 'info'] as const).flatMap((severity) => {
      const n = all.slice(shown).filter((each) => each.severity === severity).length;
      return n === 0 ? [] : [`${count(n)} ${severity}`];
    });
    lines.push(`- ${shown > 0 ? 'and ' : ''}${list(counts)} ${shown > 0 ? 'more ' : ''}in the full report`);
  }
  return ['### Findings', '', ...lines, ''];
}

/** What is told of all flows: how they ended, and for how long they lingered; the former; nothing. */
type Sums = 'all' | 'kinds' | 'none';

function totals(report: Report, sums: Sums): string[] {
  const { flows, byKind, timeWait } = report.totals;
  if (flows === 0 || sums === 'none') return [];
  const lines = [row(['connections', count(flows), '']), row(['---', '--:', '---'])];
  for (const kind of KINDS) {
    const n = byKind[kind] ?? 0;
    if (n > 0) lines.push(row([KIND[kind], count(n), escaped(percent(n, flows), 20)]));
  }
  if (sums === 'kinds') return [...lines, ''];
  const causes = resets(report.flows).filter(({ cause }) => cause !== 'refused');
  for (const each of causes.slice(0, 3)) {
    // The other causes say in their own words what was seen.
    const isOpen = each.cause === 'unknown' || each.cause === 'middlebox-suspected';
    const why = isOpen ? (each.reasons[0]?.[0] ?? '') : '';
    lines.push(row([escaped(resetPhrase(each), 120), count(each.flows), escaped(why, 160)]));
  }
  const inFinWait2 = finWait2Words(report);
  if (inFinWait2 !== null) lines.push(row(['FIN_WAIT_2', '', escaped(inFinWait2, 240)]));
  const closeWait = lingering(report.flows, 'CLOSE_WAIT', 1);
  if (closeWait !== null) {
    lines.push(row(['CLOSE_WAIT', '', escaped(lingeringWords(closeWait, 1), 160)]));
  }
  if (timeWait.count > 0) {
    const on = timeWaitSides(report.flows);
    const side = on.client + on.server === 0 ? '' : ` ${whichSide(on)}`;
    lines.push(row(['TIME_WAIT', '', `${plural(timeWait.count, 'socket')}${side}${timeWaitPeak(report)}`]));
  }
  return [...lines, ''];
}

/** @param place in which VLAN and tunnel it is, null where that is not told */
function flowRow(flow: Flow, reference: string | null, place: string | null): string {
  const lingered = [stay(flow, 'TIME_WAIT').text, timeWaitUntil(flow, reference)].filter((each) => each !== '-');
  return row([
    String(flow.id),
    escaped(clipMiddle(addressPort(flow.client), 30), 60),
    escaped(clipMiddle(addressPort(flow.server), 30), 60),
    ...(place === null ? [] : [escaped(clipMiddle(place, 30), 60)]),
    closedFirst(flow),
    shapeWords(flow)[0],
    escaped(stay(flow, 'FIN_WAIT_2').text, 50),
    escaped(stay(flow, 'CLOSE_WAIT').text, 50),
    lingered.length === 0 ? '-' : escaped(lingered.join(', '), 60),
  ]);
}

function flows(report: Report, most: number, splitBy: readonly SplitWord[]): string[] {
  const shown = mattersMost(report, most);
  if (shown.length === 0) return [];
  const all = report.totals.flows;
  const title =
    shown.length < all ? `### The ${count(shown.length)} of ${count(all)} flows that matter most` : '### Flows';
  const placed = isPlaced(shown, splitBy);
  const place = placed ? ['in'] : [];
  const names = ['id', 'client', 'server', ...place, 'closed first', 'how', 'FIN_WAIT_2', 'CLOSE_WAIT', 'TIME_WAIT'];
  const marks = '`~` assumed, `>` open at the end, `>=` at least, `( )` inferred, `?` not known, `-` not reached';
  const rows = shown.map((flow) =>
    flowRow(flow, report.capture.firstPacket, placed ? placeWords(flow, splitBy) : null),
  );
  return [
    title,
    '',
    row(names),
    row(names.map((_, index) => (index > 4 + place.length ? '--:' : '---'))),
    ...rows,
    '',
    marks,
    '',
  ];
}

function between(comparison: ComparisonTotals | undefined): string[] {
  if (comparison === undefined) return [];
  return [
    '### Between the captures',
    '',
    ...comparisonWords(comparison).map((words) => `- ${escaped(words, 300)}`),
    '',
  ];
}

/** @param placed where it was captured is told already */
function measured(report: Report, placed: boolean): string[] {
  const { capture, tool } = report;
  const files = list(
    capture.files.map(({ name, format }) => `${escaped(name, 60)} (${escaped(format, 20)})`),
    3,
  );
  const start = capture.firstPacket === null ? '' : ` from ${capture.firstPacket.slice(0, 19).replace('T', ' ')} UTC`;
  const lines = [
    `- ${files}: ${plural(capture.packets, 'packet')}, ${count(capture.tcpPackets)} TCP, ${duration(capture.seconds)}${start}`,
    ...captureFaults(report)
      .slice(0, 5)
      .map((fault) => `- ${escaped(fault, 150)}`),
  ];
  const source = sourceWords(report);
  if (source !== null) lines.push(`- ${escaped(source, 200)}`);
  const position = !placed && report.totals.flows > 0 ? positionWords(report) : null;
  if (position !== null) lines.push(`- ${position}`);
  for (const words of assumptionWords(report, 2).slice(0, 2)) lines.push(`- Timers of ${escaped(words, 150)}`);
  if (!isComplete(report))
    lines.push(`- The report lists ${plural(report.flows.length, 'flow')}; the totals count all.`);
  return ['### How it was measured', '', ...lines, `- ${tool.name} ${escaped(tool.version, 20)}`, ''];
}

// What is long is cut in this order: flows beyond 4, the findings' filters, all flows, what is told of all flows, the findings'
// words, findings beyond 3, their reasons.
const PLANS: readonly (readonly [flows: number, findings: number, detail: Detail | null, sums: Sums])[] = [
  ...range(FLOWS, 4).map((n) => [n, FINDINGS, FULL, 'all'] as const),
  ...range(4, 0).map((n) => [n, FINDINGS, LONG, 'all'] as const),
  [0, FINDINGS, LONG, 'kinds'],
  [0, FINDINGS, SHORT, 'kinds'],
  ...range(FINDINGS, 3).map((n) => [0, n, SHORT, 'none'] as const),
  ...range(FINDINGS, 0).map((n) => [0, n, null, 'none'] as const),
];

function range(from: number, to: number): number[] {
  return Array.from({ length: from - to + 1 }, (_, index) => from - index);
}

/**
 * The report for a ticket: verdict, findings, totals, at most 8 flows, how it was measured. Ends with a line break.
 * @param comparison what two captures told
 * @param splitBy by what flows are told apart beside addresses and ports
 */
export function markdownReport(
  made: Report,
  comparison?: ComparisonTotals,
  splitBy: readonly SplitWord[] = [],
): string {
  const report = asOfEnd(made);
  const { wrong, seen } = verdict(report);
  const lead = wrong === null ? [] : [`**${escaped(wrong, 400)}**`, ''];
  const top = ['## TCP teardown', '', ...lead, escaped(seen, 600), ''];
  const end = measured(report, comparison !== undefined);
  const joined = between(comparison);
  let page = '';
  for (const [flowCount, findingCount, detail, sums] of PLANS) {
    const lines = [
      top,
      findings(report, findingCount, detail),
      joined,
      totals(report, sums),
      flows(report, flowCount, splitBy),
      end,
    ].flat();
    page = `${lines.join('\n').trimEnd()}\n`;
    if (page.length < MARKDOWN_LIMIT) break;
  }
  return page;
}
