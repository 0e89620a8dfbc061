/** A comparison of two reports for a ticket, in GitHub's Markdown: always shorter than 4,000 characters. */

import type { Diff, DiffFigures, FindingChange } from '../diff/types.ts';
import { count } from '../words.ts';
import { type Cell, diffRows, type RowGroup } from './diff-rows.ts';
import { captureWords, findingFacts } from './diff-text.ts';
import { diffVerdict, doubtWords } from './diff-words.ts';
import { escaped, MARKDOWN_LIMIT, prose, row } from './markdown.ts';

const CHANGE: Record<FindingChange['change'], string> = { came: 'Came', stayed: 'Still there', went: 'Went' };

function findingLines(change: FindingChange, long: boolean): string[] {
  const shown = change.after ?? change.before;
  if (shown === null) return [];
  const place = shown.endpoint === null ? '' : `, ${escaped(shown.endpoint, 60)}`;
  const facts = escaped(findingFacts(change), 160);
  const line = `- ${CHANGE[change.change]}, **${shown.severity}**: ${prose(shown.title, 140)} [${escaped(shown.rule, 40)}${place}; ${facts}]`;
  return long && change.change !== 'went' ? [line, `  ${prose(shown.because, 200)}`] : [line];
}

function findings(changes: readonly FindingChange[], most: number, long: boolean): string[] {
  if (changes.length === 0) return [];
  const left = changes.length - most;
  return [
    '### Findings',
    '',
    ...changes.slice(0, most).flatMap((each) => findingLines(each, long)),
    ...(left > 0 ? [`- ${most > 0 ? 'and ' : ''}${count(left)} ${most > 0 ? 'more ' : ''}in the full comparison`] : []),
    '',
  ];
}

function cell([value, share]: Cell): string {
  return escaped(share === '' ? value : `${value} (${share})`, 40);
}

function table(groups: readonly RowGroup[], most: number): string[] {
  const lines = groups.flatMap(({ title, rows }) =>
    rows.slice(0, most).map(({ label, before, after }, index) => {
      return row([index === 0 ? title : '', escaped(label, 90), cell(before), cell(after)]);
    }),
  );
  return [row(['', '', 'before', 'after']), row(['---', '---', '--:', '--:']), ...lines, ''];
}

function measured(which: string, figures: DiffFigures): string {
  const [names, facts] = captureWords(figures);
  return `- ${which}: ${escaped(names, 100)}, ${facts}`;
}

// What is long is cut in this order: the findings' reasons, findings beyond 3, rows of the table, what is left.
const PLANS: readonly (readonly [findings: number, reasons: boolean, rows: number, doubts: number])[] = [
  [8, true, 12, 12],
  [8, false, 12, 12],
  [5, false, 10, 8],
  [3, false, 10, 8],
  [3, false, 5, 6],
  [1, false, 4, 3],
  [0, false, 0, 0],
];

/** The comparison as Markdown; ends with a line break. */
export function markdownDiff(diff: Diff): string {
  const doubts = doubtWords(diff);
  const groups = diffRows(diff);
  let page = '';
  for (const [findingCount, reasons, rows, doubtCount] of PLANS) {
    const shown = doubts.slice(0, doubtCount).map((words) => `- ${escaped(words, 320)}`);
    const lines = [
      '## TCP teardown, before and after',
      '',
      escaped(diffVerdict(diff), 900),
      '',
      ...shown,
      ...(shown.length > 0 ? [''] : []),
      ...findings(diff.findings, findingCount, reasons),
      ...(rows > 0 ? table(groups, rows) : []),
      measured('before', diff.before),
      measured('after', diff.after),
    ];
    page = `${lines.join('\n').trimEnd()}\n`;
    if (page.length < MARKDOWN_LIMIT) break;
  }
  return page;
}
