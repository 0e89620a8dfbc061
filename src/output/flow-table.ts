/** The table of flows on a terminal, with the legend of the marks that it uses. */

import type { SplitWord } from '../decode/split.ts';
import type { Flow } from '../report/types.ts';
import { addressPort } from '../words.ts';
import { explanation, oddWords } from './groups.ts';
import { type Certainty, closedFirst, MARK, type Stay, shapeWords, stay, timeWaitUntil } from './meaning.ts';
import { isPlaced, placeWords } from './place-words.ts';
import { clipMiddle, hang, pad, plain, type Style, widthOf } from './style.ts';
import { type Column, layOut } from './table.ts';

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

const LEGEND_ORDER = Object.keys(MARK) as Exclude<Certainty, 'exact'>[];

/** Flows under one heading. */
export interface Section {
  /** null: each flow has its own remark instead */
  heading: string | null;
  flows: readonly Flow[];
  /** what stands below them */
  rest: string;
}

/**
 * The table: header, each section's heading and rows, and the legend. Without a heading each flow's explanation stands
 * beside it, or on a second line where it has no room.
 * @param reference first packet of the capture: times on other days carry their date
 * @param splitBy what tells flows apart beside addresses and ports: it has a column
 * @returns lines of at most `width` columns
 */
export function flowTable(
  sections: readonly Section[],
  reference: string | null,
  width: number,
  style: Style,
  splitBy: readonly SplitWord[] = [],
): string[] {
  const flows = sections.flatMap((section) => section.flows);
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
  if (isPlaced(flows, splitBy)) {
    const cells = flows.map((flow) => placeWords(flow, splitBy));
    columns.push({ title: 'in', cells, shrink: { first: 18, last: 10 } });
  }
  columns.push(
    { title: 'closed first', shortTitle: 'closed\nfirst', cells: flows.map(closedFirst), drop: 17 },
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
  const beside = [table.header, table.rows].flat().reduce((most, row) => Math.max(most, widthOf(row)), 0) + 2;
  const lines = sameServer && server[0] !== undefined ? [`  all to ${clipMiddle(plain(server[0]), width - 9)}`] : [];
  lines.push(...table.header.map((line) => `  ${line}`));
  const id = idWidth(flows);
  let next = 0;
  for (const { heading, flows: own, rest } of sections) {
    const rows = table.rows.slice(next, next + own.length);
    next += own.length;
    if (heading === null) lines.push(...remarked(rows, own.map(remark), { beside, id, width, style }));
    else lines.push(...hang('── ', heading, width, style.bold), ...rows.map((row) => `  ${row}`));
    lines.push(...hang(`  ${' '.repeat(id)} `, rest, width, style.dim));
  }

  const shown = STATES.filter(({ state }) => !table.dropped.includes(state)).flatMap(
    ({ state }) => stays.get(state) ?? [],
  );
  const used = new Set<Certainty>(shown.map(({ certainty }) => certainty));
  const legend = LEGEND_ORDER.filter((mark) => used.has(mark)).map((mark) => MARK[mark].replaceAll(' ', '\u00a0'));
  if (table.dropped.length > 0) legend.push(`no room here for ${table.dropped.join(', ')}`);
  return [...lines, ...hang('  ', legend.join('; '), width, style.dim)];
}

interface Beside {
  /** column from which remarks stand */
  beside: number;
  id: number;
  width: number;
  style: Style;
}

/** Rows with a remark each: beside them if all have room there, else below. */
function remarked(rows: readonly string[], said: readonly string[], { beside, id, width, style }: Beside): string[] {
  const texts = said.map(plain);
  const inline = texts.every((text) => widthOf(text) <= width - 2 - beside);
  return rows.flatMap((row, index) => {
    const text = texts[index] ?? '';
    if (inline) return [`  ${text === '' ? row : pad(row, beside) + text}`];
    return [`  ${row}`, ...hang(`  ${' '.repeat(id)}└ `, text, width, style.dim)];
  });
}

/** What the columns don't tell of a flow. */
function remark(flow: Flow): string {
  const plainly = flow.reset === null || flow.reset.frame === null || flow.kind === 'refused';
  return plainly ? oddWords(flow).join('; ') : explanation(flow);
}

function idWidth(flows: readonly Flow[]): number {
  return flows.reduce((most, { id }) => Math.max(most, String(id).length), 2) + 1;
}
