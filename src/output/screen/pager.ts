/** A text in front of the blocks: one flow's ladder, one finding, or what the keys do. */

import type { Finding } from '../../report/types.ts';
import { clock, count, plural } from '../../words.ts';
import { hang, hangCode, plain } from '../style.ts';
import type { Pager, Size } from './state.ts';
import { cutPainted, type ScreenStyle, screenStyle, words } from './text.ts';

const HELP: readonly [string, string][] = [
  ['Tab, Shift-Tab', 'the next block, the one before'],
  ['↑ ↓, PgUp PgDn, Home End', 'another row; j k and g G too'],
  [
    'Enter',
    'a connection or a lingering socket: its segments, as `teardown flow` draws them; a finding: why, and what to do; a service or a port: its connections',
  ],
  ['z', 'the block alone, and back'],
  ['/', 'only rows with a text in their address:port, state or process; an empty text ends it'],
  ['s, r', 'the next order of the connections; the order reversed'],
  ['p, Space', 'pause: the screen stands still, the capture goes on'],
  ['Esc', 'back: out of a text, a block alone, the filter'],
  ['Ctrl-L', 'draws the screen anew'],
  ['Ctrl-Z', 'to the shell; `fg` comes back'],
  ['q, Ctrl-C', 'ends the capture; the summary follows'],
];

const MEANINGS: readonly [string, string][] = [
  [
    'sockets now',
    "sockets that are there now, at each end, as the packets tell; `kernel`: all of this machine's own, those without traffic too",
  ],
  ['who closes first', 'the end that does so keeps its port in TIME_WAIT; RST: aborted or refused, without a FIN'],
  [
    'TIME_WAIT',
    'sockets that hold a local port, and how long yet; ~: by the timers that its system is assumed to have',
  ],
  ['FIN_WAIT_2', 'has closed and waits for its peer to do so'],
  ['CLOSE_WAIT', 'its peer has closed, its own program has not: nothing but the program ends it'],
  ['dropped', 'packets that the kernel could not hand over: connections may lack segments'],
  ['?', 'not known'],
];

/** Its title and its lines, of `width` columns but for a ladder's. */
export function pagerText({ text }: Pager, width: number, style: ScreenStyle): { title: string; lines: string[] } {
  if (text.of === 'help') return { title: 'what the keys do, and what the words mean', lines: helpLines(width, style) };
  if (text.of === 'finding')
    return { title: `${text.finding.severity} finding`, lines: findingLines(text.finding, width, style) };
  const title = `flow #${text.id}`;
  if (text.error !== null) return { title, lines: hang('  ', `can't be shown: ${text.error}`, width) };
  return { title, lines: text.lines === null ? ['  reading its segments...'] : [...text.lines] };
}

function helpLines(width: number, { bold }: ScreenStyle): string[] {
  const table = (rows: readonly [string, string][]): string[] =>
    rows.flatMap(([term, meaning]) =>
      width < 60
        ? [`  ${bold(term)}`, ...hangCode('    ', meaning, width, bold)]
        : hangCode(bold(`  ${term.padEnd(26)}`), meaning, width, bold),
    );
  return [...table(HELP), '', ...table(MEANINGS)];
}

function findingLines(finding: Finding, width: number, style: ScreenStyle): string[] {
  const { title, because, doThis, confidence, rule, flows, flowCount, at, until } = finding;
  const when = [at, until].flatMap((time) => (time === null ? [] : [clock(time, 0)]));
  const ids = flows.slice(0, 12).map((id) => `#${id}`);
  const more = flowCount > ids.length ? `, ${count(flowCount - ids.length)} more` : '';
  const facts = [
    `${confidence}; rule ${rule} (teardown explain ${rule})`,
    ...(when.length === 0 ? [] : [`seen ${[...new Set(when)].join(' to ')} UTC`]),
    ...(ids.length === 0 ? [] : [`in ${plural(flowCount, 'flow')}: ${ids.join(' ')}${more}`]),
  ];
  return [
    ...hangCode('  ', title, width, style.severity[finding.severity]).map((line) => style.bold(line)),
    '',
    ...hangCode('  because  ', because, width, style.bold),
    ...(doThis.length === 0 ? [] : ['']),
    ...doThis.flatMap((each) => hangCode('  do this  ', each, width, style.bold)),
    '',
    ...facts.flatMap((fact) => hang('  ', plain(fact), width, style.dim)),
  ];
}

/** Lines of the text that are seen at once. */
export function pagerHeight({ rows }: Size): number {
  return Math.max(1, rows - 2);
}

/** The pager with an offset that its text has. */
export function within(pager: Pager, size: Size): Pager {
  const { lines } = pagerText(pager, size.columns, PLAIN);
  const last = Math.max(0, lines.length - pagerHeight(size));
  return {
    ...pager,
    offset: Math.max(0, Math.min(pager.offset, last)),
    shift: Math.max(0, Math.min(pager.shift, 400)),
  };
}

const PLAIN = screenStyle(false);

/** All lines but the footer. */
export function pagerLines(pager: Pager, size: Size, style: ScreenStyle): string[] {
  const { offset, shift } = within(pager, size);
  const { title, lines } = pagerText(pager, size.columns, style);
  const height = pagerHeight(size);
  const shown = lines.slice(offset, offset + height);
  const extent = lines.length > height ? `  lines ${offset + 1} to ${offset + shown.length} of ${lines.length}` : '';
  const text = shown.map((line) =>
    cutPainted(style.color ? line : line.replace(/\x1b\[[0-9;]*m/g, ''), size.columns, shift),
  );
  while (text.length < height) text.push('');
  return [style.bold(words(`▶ ${title}${extent}`, size.columns).trimEnd()), ...text];
}
