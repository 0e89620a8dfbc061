/** The table of flows on a terminal, with the legend of the marks that it uses. */

import type { Flow } from '../report/types.ts';
import { type Certainty, MARK, RESET_CAUSE, type Stay, shapeWords, stay, timeWaitUntil } from './meaning.ts';
import { hang, pad, plain, type Style, widthOf } from './style.ts';
import { type Column, layOut } from './table.ts';
import { addressPort, count } from './words.ts';

type StayState = Parameters<typeof stay>[1];

// In the order in which the active closer, then the passive one, passes through them.
const STATES: readonly { state: StayState; short: string; drop: number }[] = [
  { state: 'FIN_WAIT_1', short: 'FIN_\nWAIT_1', drop: 2 },
  { state: 'FIN_WAIT_2', short: 'FIN_\nWAIT_2', drop: 13 },
  { state: 'CLOSING', short: 'CLOS\nING', drop: 3 },
  { state: 'TIME_WAIT', short: 'TIME_\nWAIT', drop: 16 },
  { state: 'CLOSE_WAIT', short: 'CLOSE_\nWAIT', drop: 12 },
  { state: 'LAST_ACK', short: 'LAST_\nACK', drop: 1 },
];

/** "2 min 30 s" as "2m30s". */
function tight(text: string): string {
  return text.replaceAll(' min', 'm').replaceAll(' ', '');
}

// The columns, or the reset's words, tell these.
const SAID_ELSEWHERE = new Set<Flow['kind']>(['graceful', 'simultaneous', 'aborted', 'aborted-after-fin']);

/** What is odd about a flow, in few words. @param how whether a column tells how it ended */
function remarks(flow: Flow, how: boolean): string {
  const { kind, reset, reuse } = flow;
  const parts = how || SAID_ELSEWHERE.has(kind) ? [] : [shapeWords(flow)[0]];
  if (reset !== null && reset.frame !== null && reset.cause !== 'refused') {
    const by = reset.by === null || reset.by === 'unknown' ? '' : ` by ${reset.by}`;
    parts.push(`RST${by}: ${RESET_CAUSE[reset.cause ?? 'unknown']}`);
  }
  if (reset !== null && reset.ignored > 0) parts.push(`${count(reset.ignored)} RST ignored`);
  if (reuse !== null) parts.push(`reuses flow ${reuse.previous}${reuse.inTimeWait ? ' in TIME_WAIT' : ''}`);
  return [...parts, ...flow.notes].map(plain).join(', ');
}

function initiatorWord({ initiator }: Flow): string {
  if (initiator === null) return '-';
  return initiator === 'unknown' ? '?' : initiator;
}

const LEGEND_ORDER = Object.keys(MARK) as Exclude<Certainty, 'exact'>[];

/**
 * The table: header, a row a flow, a second line where remarks have no room beside it, and the legend.
 * @param reference first packet of the capture: times on other days carry their date
 * @returns lines of at most `width` columns
 */
export function flowTable(flows: readonly Flow[], reference: string | null, width: number, style: Style): string[] {
  const server = flows.map((flow) => addressPort(flow.server));
  const sameServer = server.every((each) => each === server[0]);
  const shapes = flows.map(shapeWords);
  const untils = flows.map((flow) => timeWaitUntil(flow, reference));
  const stays = new Map<StayState, Stay[]>(STATES.map(({ state }) => [state, flows.map((flow) => stay(flow, state))]));
  const columns: Column[] = [
    { title: 'id', cells: flows.map(({ id }) => String(id)), align: 'right' },
    { title: 'client', cells: flows.map((flow) => addressPort(flow.client)), shrink: { first: 21, last: 13 } },
  ];
  if (!sameServer) columns.push({ title: 'server', cells: server, shrink: { first: 18, last: 13 }, drop: 15 });
  columns.push(
    { title: 'closed first', shortTitle: 'closed\nfirst', cells: flows.map(initiatorWord), drop: 17 },
    { title: 'how', cells: shapes.map(([long]) => long), short: shapes.map(([, short]) => short), drop: 4 },
  );
  for (const { state, short, drop } of STATES) {
    const cells = (stays.get(state) ?? []).map(({ text }) => text);
    // Only a simultaneous close has CLOSING; everybody looks for the other states.
    if (state === 'CLOSING' && cells.every((cell) => cell === '-' || cell === '?')) continue;
    const paint = (text: string): string => (/\d/.test(text) ? style.state[state](text) : text);
    columns.push({ title: state, shortTitle: short, cells, short: cells.map(tight), align: 'right', drop, paint });
    if (state === 'TIME_WAIT') columns.push({ title: 'until', cells: untils, drop: 14 });
  }

  const table = layOut(columns, width - 2, style.dim);
  const said = flows.map((flow) => remarks(flow, !table.dropped.includes('how')));
  const beside = [table.header, table.rows].flat().reduce((most, row) => Math.max(most, widthOf(row)), 0) + 2;
  const inline = said.every((text) => widthOf(text) <= width - 2 - beside);
  const lines = [...(sameServer && server[0] !== undefined ? [`  all to ${plain(server[0])}`] : [])];
  lines.push(...table.header.map((line) => `  ${line}`));
  table.rows.forEach((row, index) => {
    const text = said[index] ?? '';
    if (inline) lines.push(`  ${text === '' ? row : pad(row, beside) + text}`);
    else lines.push(`  ${row}`, ...hang(`  ${' '.repeat(idWidth(flows))}└ `, text, width, style.dim));
  });

  const shown = STATES.filter(({ state }) => !table.dropped.includes(state)).flatMap(
    ({ state }) => stays.get(state) ?? [],
  );
  const used = new Set<Certainty>(shown.map(({ certainty }) => certainty));
  const legend = LEGEND_ORDER.filter((mark) => used.has(mark)).map((mark) => MARK[mark].replaceAll(' ', '\u00a0'));
  if (table.dropped.length > 0) legend.push(`no room here for ${table.dropped.join(', ')}`);
  return [...lines, ...hang('  ', legend.join('; '), width, style.dim)];
}

function idWidth(flows: readonly Flow[]): number {
  return flows.reduce((most, { id }) => Math.max(most, String(id).length), 2) + 1;
}
