/** The sections of the summary on a terminal that are numbers: each returns its lines, none where it has nothing to say. */

import type { SplitWord } from '../decode/split.ts';
import type { Service, ServiceTotals } from '../report/services.ts';
import type { ComparisonTotals, Report } from '../report/types.ts';
import { addressPort, count, moment, percent, plural, secondsBetween } from '../words.ts';
import { comparisonWords } from './comparison.ts';
import { isComplete } from './complete.ts';
import { finWait2Words, lingering, lingeringWords, timeWaitSides, whichSide } from './lingering.ts';
import { type ClosingState, KIND, KINDS } from './meaning.ts';
import { resetPhrase } from './reset-words.ts';
import { clip, hang, pad, type Style, widthOf } from './style.ts';
import { assumptionWords, captureFaults, positionWords, resets, services, sourceWords } from './survey.ts';
import { type Column, layOut } from './table.ts';

const SERVICES = 5;

/** What every section is given. */
export interface Page {
  report: Report;
  style: Style;
  width: number;
  prose: number;
  verbose: boolean;
  /** what by-service numbers are counted from, where flows were left out: " of the 15 listed" */
  listed: string;
  /** counted over all flows; else they are counted from the listed ones */
  services: ServiceTotals | undefined;
  /** of two captures */
  comparison: ComparisonTotals | undefined;
  /** by what flows are told apart beside addresses and ports */
  splitBy: readonly SplitWord[];
}

/** A section's title, and beside it in grey what it is about. */
export function title({ style, width }: Page, name: string, rest = ''): string {
  return clip(name, width) === name && widthOf(name + rest) <= width
    ? style.bold(name) + style.dim(rest)
    : style.bold(clip(name, width));
}

export function whoCloses(page: Page): string[] {
  const all = page.services?.services ?? services(page.report.flows);
  const ended = all.filter(({ flows, notClosed }) => flows > notClosed);
  if (ended.length === 0 || page.report.flows.length < 2) return [];
  const shown = page.verbose ? ended : ended.slice(0, SERVICES);
  const number = (name: string, of: (service: Service) => number, drop: number): Column => ({
    title: name,
    cells: shown.map((each) => (of(each) === 0 ? '-' : count(of(each)))),
    align: 'right',
    drop,
  });
  const some = (column: Column): Column[] => (column.cells.some((cell) => cell !== '-') ? [column] : []);
  const columns: Column[] = [
    { title: 'service', cells: shown.map(addressPort), shrink: { first: 21, last: 12 } },
    { ...number('connections', ({ flows }) => flows, 13), shortTitle: 'conns' },
    number('client', ({ client }) => client, 14),
    number('server', ({ server }) => server, 15),
    ...some(number('both', ({ both }) => both, 12)),
    ...some(number('unknown', ({ unknown }) => unknown, 11)),
    ...some(number('RST only', ({ reset }) => reset, 16)),
    ...some(number('not closed', ({ notClosed }) => notClosed, 10)),
  ];
  const table = layOut(columns, page.width - 2, page.style.dim);
  const left = ended.length - shown.length;
  const more = left > 0 ? `and ${plural(left, 'service')} more: -v shows them` : '';
  return [
    title(page, 'WHO CLOSES FIRST', `  by service${page.services === undefined ? page.listed : ''}`),
    ...[table.header, table.rows].flat().map((row) => `  ${row}`),
    ...hang('  ', more, page.width, page.style.dim),
  ];
}

/** Where a socket stays this long, seconds, the state has its line. */
const LONG = 1;

export function timeInStates(page: Page): string[] {
  const { report, style, prose } = page;
  const finWait2 = finWait2Words(report);
  const words: [ClosingState, string][] = [];
  if (finWait2 !== null) words.push(['FIN_WAIT_2', finWait2]);
  for (const state of ['CLOSE_WAIT', 'LAST_ACK', 'FIN_WAIT_1', 'CLOSING'] as const) {
    const long = lingering(report.flows, state, LONG);
    if (long !== null) words.push([state, lingeringWords(long, LONG) + page.listed]);
  }
  if (report.totals.timeWait.count > 0) words.push(['TIME_WAIT', timeWaitWords(page)]);
  const lines = words.flatMap(([state, text]) => hang(`  ${style.state[state](pad(state, 10))}  `, text, prose));
  return lines.length === 0 ? [] : [title(page, 'TIME IN STATES'), ...lines];
}

function timeWaitWords({ report, listed }: Page): string {
  const { count: n, peak, peakAt, until: latest } = report.totals.timeWait;
  const { firstPacket } = report.capture;
  const on = timeWaitSides(report.flows);
  const words = [plural(n, 'socket') + (on.client + on.server === 0 ? '' : ` ${whichSide(on)}`)];
  if (peak > 1)
    words.push(`at most ${count(peak)} at once${peakAt === null ? '' : ` at ${moment(peakAt, firstPacket)}`}`);
  const held = report.flows
    .flatMap(({ endpoints }) => [endpoints.client.timeWait, endpoints.server.timeWait])
    .filter((each) => each !== null);
  const ended = (how: string): number => held.filter(({ endedBy }) => endedBy === how).length;
  const last = held
    .filter(({ endedBy }) => endedBy === 'timer' || endedBy === 'capture-end')
    .sort((a, b) => (a.until < b.until ? -1 : 1))
    .at(-1);
  if (!isComplete(report)) {
    // What is listed need not hold the last one.
    if (latest !== null) words.push(`the last until ~${moment(latest, firstPacket)}`);
  } else if (last !== undefined) {
    const until = `${last.basis === 'assumed' ? '~' : ''}${moment(last.until, firstPacket)}`;
    words.push(`${n === 1 ? 'until' : 'the last until'} ${until}`);
  }
  if (ended('reuse') > 0) words.push(`${count(ended('reuse'))} ended early by a new connection`);
  if (ended('rst') > 0) words.push(`${count(ended('rst'))} ended early by RST`);
  if (ended('kernel') > 0) words.push(`${count(ended('kernel'))} gone early from the kernel's table`);
  return words.join(', ') + listed;
}

export function endings(page: Page): string[] {
  const { byKind, flows: all } = page.report.totals;
  if (all < 2) return [];
  const rows = KINDS.flatMap((kind) => {
    const n = byKind[kind] ?? 0;
    return n === 0 ? [] : [[n, `${pad(percent(n, all), 5, 'right')}  `, KIND[kind]] as const];
  });
  return rows.length === 0 ? [] : [title(page, 'HOW THEY ENDED'), ...counted(page, rows)];
}

/** Reasons that are told of resets of one cause. */
const REASONS = 2;

export function resetCauses(page: Page): string[] {
  const groups = resets(page.report.flows).filter(({ cause }) => cause !== 'refused');
  if (groups.length === 0) return [];
  const shown = groups.slice(0, page.verbose ? undefined : 4);
  const lines = shown.flatMap((group) => {
    const digits = count(shown[0]?.flows ?? 0).length;
    const lead = `  ${pad(count(group.flows), digits, 'right')}  `;
    const indent = ' '.repeat(lead.length);
    const why = group.reasons.slice(0, REASONS).flatMap(([words, flows]) => {
      const some = flows < group.flows ? `in ${count(flows)}: ` : '';
      return hang(indent, some + words, page.prose, page.style.dim);
    });
    return [...hang(lead, resetPhrase(group), page.prose), ...why];
  });
  return [title(page, 'RESETS', `  by sender and cause${page.listed}`), ...lines];
}

/** Rows of a number, right-aligned, and words. */
function counted({ width }: Page, rows: readonly (readonly [n: number, between: string, words: string])[]): string[] {
  const digits = rows.reduce((most, [n]) => Math.max(most, count(n).length), 0);
  return rows.flatMap(([n, between, words]) => hang(`  ${pad(count(n), digits, 'right')}  ${between}`, words, width));
}

export function portsFree(page: Page): string[] {
  const {
    ports,
    capture: { firstPacket, lastPacket },
  } = page.report;
  // What was over when the capture ended need not be waited for.
  const isAhead = (time: string) => lastPacket === null || secondsBetween(lastPacket, time) >= 1;
  const held = ports.filter(
    ({ role, freeAt, intervals }) => role === 'server' && freeAt !== null && intervals.length > 0 && isAhead(freeAt),
  );
  const latest = held
    .sort((a, b) => ((a.freeAt ?? '') < (b.freeAt ?? '') ? 1 : -1))
    .slice(0, page.verbose ? undefined : 3);
  if (latest.length === 0) return [];
  const lines = latest.flatMap((port) => {
    const early = moment(port.freeAt ?? '', firstPacket);
    const late = port.freeAtLatest === null ? early : moment(port.freeAtLatest, firstPacket);
    const at = `${port.freeAtBasis === 'assumed' ? '~' : ''}${early}${late === early ? '' : ` to ${late}`}`;
    const fails = port.intervals.at(-1)?.bindFails;
    const works = fails?.both === false && fails.newOnly ? ', unless old and new socket both have SO_REUSEADDR' : '';
    const name = port.address.includes(':') ? `[${port.address}]` : port.address;
    return hang('  ', `bind() on ${name}:${port.port} would fail until ${at}${works} (${port.os})`, page.prose);
  });
  return [title(page, 'PORTS', '  if the server were restarted when the capture ended'), ...lines];
}

export function comparison(page: Page): string[] {
  if (page.comparison === undefined) return [];
  const lines = comparisonWords(page.comparison).flatMap((words) => hang('  ', words, page.prose));
  return [title(page, 'BETWEEN THE CAPTURES'), ...lines];
}

/** Of two captures each end's times come from its own. */
function placeWords({ report, comparison: both }: Page): string {
  return both === undefined ? (positionWords(report) ?? '') : '';
}

export function captureFacts(page: Page): string[] {
  const { report, prose, style } = page;
  const faults = captureFaults(report).flatMap((fault) => hang('  ! ', fault, prose));
  const timers = assumptionWords(report, page.verbose ? 10 : 2).slice(0, page.verbose ? undefined : 3);
  const place = report.totals.flows === 0 ? [] : [placeWords(page), ...timers.map((words) => `Timers of ${words}.`)];
  const source = sourceWords(report);
  const basis = source === null ? place : [source, ...place];
  const lines = [...faults, ...basis.flatMap((words) => hang('  ', words, prose, style.dim))];
  return lines.length === 0 ? [] : [title(page, 'CAPTURE'), ...lines];
}
