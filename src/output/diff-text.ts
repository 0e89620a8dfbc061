/** A comparison of two reports on a terminal: the answer, what makes it doubtful, findings, numbers side by side. */

import type { Diff, DiffFigures, DiffFinding, FindingChange } from '../diff/types.ts';
import { count, duration, list, percent, plural } from '../words.ts';
import { diffRows, type Row } from './diff-rows.ts';
import { diffVerdict, doubtWords } from './diff-words.ts';
import { clip, hang, pad, plain, type Style, styleOf, widthOf } from './style.ts';
import { layOut } from './table.ts';

export interface DiffTextOptions {
  color: boolean;
  /** columns of the terminal; less than 40 is taken as 40 */
  width: number;
}

/** Lines of prose longer than this are hard to read. */
const PROSE = 110;

interface Page {
  style: Style;
  width: number;
  prose: number;
}

/** The comparison as text. Lines are at most `width` columns wide; ends with a line break. */
export function diffText(diff: Diff, options: DiffTextOptions): string {
  const width = Math.max(40, options.width);
  const page: Page = { style: styleOf(options.color), width, prose: Math.min(PROSE, width) };
  const parts = [
    [
      page.style.bold('teardown diff'),
      ...captureLines(page, 'before', diff.before),
      ...captureLines(page, 'after', diff.after),
    ],
    hang('  ', diffVerdict(diff), page.prose, page.style.bold),
    doubtWords(diff).flatMap((words) => hang('  ! ', words, page.prose)),
    findings(page, diff.findings),
    numbers(page, diff),
  ];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** "3 files", or the names, and what is in them: for text and Markdown. */
export function captureWords({ capture, flows }: DiffFigures): [names: string, facts: string] {
  const start = capture.firstPacket === null ? '' : ` from ${capture.firstPacket.slice(0, 19).replace('T', ' ')} UTC`;
  return [
    plain(list(capture.files, 3)),
    `${plural(flows.count, 'connection')} in ${duration(capture.seconds)}${start}`,
  ];
}

function captureLines({ style, width }: Page, which: string, figures: DiffFigures): string[] {
  const [names, facts] = captureWords(figures);
  const lead = `  ${pad(which, 6)}  `;
  const room = width - lead.length;
  if (widthOf(names) + 3 + facts.length <= room) return [`${lead}${names}   ${style.dim(facts)}`];
  return [`${lead}${clip(names, room)}`, ...hang(' '.repeat(lead.length), facts, width, style.dim)];
}

const CHANGE: Record<FindingChange['change'], string> = { came: 'CAME', stayed: 'STILL', went: 'WENT' };

function findings(page: Page, changes: readonly FindingChange[]): string[] {
  if (changes.length === 0) return [];
  const { style, width } = page;
  const counts = (['came', 'stayed', 'went'] as const).flatMap((change) => {
    const n = changes.filter((each) => each.change === change).length;
    return n === 0 ? [] : [`${count(n)} ${change === 'stayed' ? 'still there' : change}`];
  });
  const beside = `  ${counts.join(', ')}`;
  const title = style.bold('FINDINGS') + (beside.length + 8 <= width ? style.dim(beside) : '');
  return [title, ...changes.flatMap((each) => finding(page, each))];
}

/** "in 3,000 connections (93 %)". */
export function extentWords({ flowCount, share }: DiffFinding): string {
  if (flowCount === 0) return 'in no single connection';
  return `in ${plural(flowCount, 'connection')}${share === null ? '' : ` (${percent(share, 1)})`}`;
}

/** What there is to say of a finding below its title, for text and Markdown. */
export function findingFacts({ before, after }: FindingChange): string {
  if (before === null || after === null) return extentWords(before ?? after ?? NOTHING);
  const was = before.severity === after.severity ? '' : `, was ${before.severity}`;
  const from = before.endpoint === after.endpoint || before.endpoint === null ? '' : `, at ${before.endpoint} before`;
  return `before ${extentWords(before)}, after ${extentWords(after)}${was}${from}`;
}

const NOTHING = { flowCount: 0, share: null } as DiffFinding;

function finding({ style, prose }: Page, change: FindingChange): string[] {
  const shown = change.after ?? change.before;
  if (shown === null) return [];
  const lead = `  ${pad(CHANGE[change.change], 5)}  `;
  const indent = ' '.repeat(lead.length + 10);
  const [line, ...more] = hang(indent, shown.title, prose, style.bold);
  const severity = style.severity[shown.severity](pad(shown.severity, 8));
  const because = change.change === 'went' ? [] : hang(indent, shown.because, prose);
  const meta = [shown.rule, ...(shown.endpoint === null ? [] : [shown.endpoint]), findingFacts(change)];
  return [
    `${lead}${severity}  ${(line ?? '').slice(indent.length)}`,
    ...more,
    ...because,
    ...hang(indent, meta.join(' · '), prose, style.dim),
  ];
}

function numbers({ style, width }: Page, diff: Diff): string[] {
  const groups = diffRows(diff);
  const rows = groups.flatMap((group) => group.rows);
  const column = (title: string, of: (row: Row) => string) => ({
    title,
    cells: rows.map(of),
    align: 'right' as const,
    shrink: { first: 24, last: 9 },
  });
  const table = layOut(
    [
      {
        title: '',
        cells: rows.map(({ label }) => label),
        short: rows.map(({ short }) => short),
        shrink: { first: 24, last: 8 },
      },
      column('before', ({ before }) => before[0]),
      { ...column('', ({ before }) => before[1]), drop: 2 },
      column('after', ({ after }) => after[0]),
      { ...column('', ({ after }) => after[1]), drop: 1 },
    ],
    width - 2,
    style.dim,
  );
  const lines = table.header.map((line) => `  ${line}`);
  let next = 0;
  for (const { title, of, rows: own } of groups) {
    const beside = of === '' ? '' : `  ${of}`;
    lines.push(style.bold(title) + (title.length + beside.length <= width ? style.dim(beside) : ''));
    for (const line of table.rows.slice(next, next + own.length)) lines.push(`  ${line}`);
    next += own.length;
  }
  return lines;
}
