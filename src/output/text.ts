/** The summary on a terminal: verdict, findings, who closes first, endings, the capture's faults, flows that matter. */

import type { SplitWord } from '../decode/split.ts';
import type { ServiceTotals } from '../report/services.ts';
import type { ComparisonTotals, Flow, Report } from '../report/types.ts';
import { count, duration, list, plural } from '../words.ts';
import { asOfEnd } from './as-of-end.ts';
import { isComplete } from './complete.ts';
import { findings } from './findings-section.ts';
import { flowTable, type Section } from './flow-table.ts';
import { type FlowGroup, groupFlows, shares } from './groups.ts';
import {
  captureFacts,
  comparison,
  endings,
  type Page,
  portsFree,
  resetCauses,
  timeInStates,
  title,
  whoCloses,
} from './sections.ts';
import { clip, hang, plain, styleOf, widthOf } from './style.ts';
import { verdict } from './verdict.ts';

export interface TextOptions {
  color: boolean;
  /** columns of the terminal; less than 40 is taken as 40 */
  width: number;
  /** every finding, service and flow instead of those that matter most */
  verbose: boolean;
  /** who closes first by service over all flows, where the report lists only some */
  services?: ServiceTotals | undefined;
  /** what two captures told */
  comparison?: ComparisonTotals | undefined;
  /** by what flows are told apart beside addresses and ports */
  splitBy?: readonly SplitWord[] | undefined;
}

const FLOWS = 15;
/** Lines of prose longer than this are hard to read. */
const PROSE = 110;

/** The report as text for a terminal. Lines are at most `width` columns wide; ends with a line break. */
export function textReport(made: Report, options: TextOptions): string {
  const report = asOfEnd(made);
  const width = Math.max(40, options.width);
  const listed = isComplete(report) ? '' : `, of the ${count(report.flows.length)} listed`;
  const style = styleOf(options.color);
  const page: Page = {
    report,
    style,
    width,
    prose: Math.min(PROSE, width),
    verbose: options.verbose,
    listed,
    services: options.services,
    comparison: options.comparison,
    splitBy: options.splitBy ?? [],
  };
  const parts = [
    header(page),
    opening(page),
    findings(page),
    comparison(page),
    whoCloses(page),
    timeInStates(page),
    endings(page),
    resetCauses(page),
    portsFree(page),
    captureFacts(page),
    flows(page),
  ];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function header({ report, style, width }: Page): string[] {
  const { capture } = report;
  const names = list(
    capture.files.map(({ name }) => name),
    3,
  );
  const start = capture.firstPacket === null ? '' : ` from ${capture.firstPacket.slice(0, 19).replace('T', ' ')} UTC`;
  const facts = `${plural(capture.packets, 'packet')}, ${duration(capture.seconds)}${start}`;
  const first = `teardown  ${plain(names)}`;
  if (widthOf(first) + 3 + facts.length <= width) return [`${style.bold(first)}   ${style.dim(facts)}`];
  return [style.bold(clip(first, width)), ...hang('          ', facts, width, style.dim)];
}

/** What is wrong stands out; else what was seen. */
function opening({ report, prose, style }: Page): string[] {
  const { wrong, seen } = verdict(report);
  if (wrong === null) return hang('  ', seen, prose, style.bold);
  return [...hang('  ', wrong, prose, style.bold), ...hang('  ', seen, prose)];
}

const SAFE_NAME = /^[\w./:@%+=][\w./:@%+=-]*$/;

function flows(page: Page): string[] {
  const { report, verbose, style, prose, splitBy } = page;
  if (report.flows.length === 0) return [];
  const groups = verbose ? [] : groupFlows(report);
  const sections = verbose ? [{ heading: null, flows: report.flows, rest: '' }] : grouped(groups);
  const shown = sections.flatMap((section) => section.flows);
  const all = report.totals.flows;
  const some = verbose
    ? `  ${count(shown.length)} of ${count(all)}`
    : `  the ${count(shown.length)} of ${count(all)} that matter most${page.listed === '' ? '' : `; counts are${page.listed.slice(1)}`}`;
  const name = report.capture.files.map(({ name: each }) => each);
  // Where it is redacted the name is none: such flows have no Community ID.
  const isNamed = name.length === 1 && SAFE_NAME.test(name[0] ?? '') && shown[0]?.communityId !== null;
  const file = isNamed ? name[0] : 'FILE';
  const left = groups.slice(sections.length).reduce((sum, group) => sum + group.flows.length, 0);
  const split = splitBy.length === 0 ? '' : ` --split-by ${splitBy.join(',')}`;
  const hints = [
    // In the captures that were compared the flow has other numbers; of a live capture there is no file.
    ...(page.comparison === undefined && report.capture.live === null
      ? [`teardown flow ${file} ${shown[0]?.id}${split}  shows one segment by segment`]
      : []),
    ...(shown.length < report.flows.length ? ['-v lists all'] : []),
  ];
  return [
    title(page, 'FLOWS', shown.length < all ? some : ''),
    ...flowTable(sections, report.capture.firstPacket, page.width, style, splitBy),
    ...(left > 0 ? hang('  ', `and ${plural(left, 'flow')} that ended in other ways`, prose, style.dim) : []),
    ...hang('  ', hints.join('; '), prose, style.dim),
  ];
}

/** The groups of which there is room for a flow, each under its explanation. */
function grouped(groups: readonly FlowGroup[]): Section[] {
  const shown = shares(groups, FLOWS);
  return groups.slice(0, FLOWS).map(({ flows: own, words }, index) => {
    const here = own.slice(0, shown[index]);
    const heading = groups.length === 1 && own.length === 1 ? words : `${count(own.length)} × ${words}`;
    return { heading, flows: here, rest: likeThem(own.slice(here.length), here.length) };
  });
}

/** Identifiers, or ranges of them, that are named. */
const NAMED = 8;

/** "and 7 more like these: 12, 15 to 20", or nothing. */
function likeThem(others: readonly Flow[], shown: number): string {
  if (others.length === 0) return '';
  const runs: { first: number; last: number }[] = [];
  for (const id of others.map((flow) => flow.id).sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && run.last + 1 === id) run.last = id;
    else runs.push({ first: id, last: id });
  }
  const names = runs
    .slice(0, NAMED)
    .map(({ first, last }) => (first === last ? String(first) : `${first}${last === first + 1 ? ',' : ' to'} ${last}`));
  const more = runs.length > NAMED ? ', ...' : '';
  return `and ${count(others.length)} more like ${shown === 1 ? 'it' : 'these'}: ${names.join(', ')}${more}`;
}
