/** One flow on a terminal: its segments between both endpoints' states, and what they mean in words below. */

import type { SplitWord } from '../decode/split.ts';
import type { Flow } from '../report/types.ts';
import { addressPort, count, duration, plural } from '../words.ts';
import { type Entered, type LadderSegment, ladderRows, type Row, type Run } from './ladder-rows.ts';
import { endpointLines, filterLines, headline, noteLines, type Page, resetLines } from './ladder-words.ts';
import { clip, clipMiddle, type Paint, pad, plain, styleOf, widthOf } from './style.ts';

export type { LadderSegment } from './ladder-rows.ts';

export interface LadderOptions {
  color: boolean;
  /** columns of the terminal; less than 72 is taken as 72 */
  width: number;
  /** by what flows are told apart beside addresses and ports */
  splitBy?: readonly SplitWord[] | undefined;
  /** segments of the flow that are missing before the first */
  before?: number | undefined;
}

/** Longer arrows than this are hard to follow. */
const LONGEST_ARROW = 76;
/** Lines of prose longer than this are hard to read. */
const PROSE = 110;

const FLAG_LETTERS = ['F', 'S', 'R', 'P', '.', 'U', 'E', 'W'] as const;

/** The flag byte as tcpdump writes it: "[S.]", "[F.]", "[none]". */
export function flagText(flags: number): string {
  const letters = FLAG_LETTERS.filter((_, bit) => ((flags >> bit) & 1) === 1).join('');
  return `[${letters === '' ? 'none' : letters}]`;
}

interface Lanes extends Page {
  time: number;
  frame: number;
  /** columns of the client's and the server's states */
  client: number;
  server: number;
  /** columns between the two lines */
  middle: number;
}

/** The flow as lines of at most `width` columns; ends with a line break. */
export function ladder(flow: Flow, segments: LadderSegment[], options: LadderOptions): string {
  const width = Math.max(72, options.width);
  const { splitBy = [], before = 0 } = options;
  const page: Page = { flow, style: styleOf(options.color), width, prose: Math.min(PROSE, width), splitBy };
  const rows = ladderRows(flow, segments, before);
  const parts = [
    headline(page),
    segments.length === 0 ? ['  The capture holds no segment of it.'] : drawn(lanesOf(page, rows), rows),
    endpointLines(page, 'client'),
    endpointLines(page, 'server'),
    resetLines(page),
    noteLines(page),
    filterLines(page),
  ];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function timeText(seconds: number): string {
  return `+${seconds.toFixed(6)}`;
}

function lanesOf(page: Page, rows: readonly Row[]): Lanes {
  let [time, frame, client, server] = [9, 5, 6, 6];
  for (const row of rows) {
    if (row.kind === 'pause' || row.kind === 'not-kept') continue;
    const seconds =
      row.kind === 'segment' ? row.segment.seconds : row.kind === 'run' ? row.run.last.seconds : row.seconds;
    const last = row.kind === 'segment' ? row.segment.frame : row.kind === 'run' ? row.run.last.frame : 0;
    time = Math.max(time, timeText(seconds).length);
    frame = Math.max(frame, String(last).length);
    for (const state of row.entered.client) client = Math.max(client, state.length);
    for (const state of row.entered.server) server = Math.max(server, state.length);
  }
  const middle = page.width - time - frame - client - server - 7;
  return { ...page, time, frame, client, server, middle: Math.min(LONGEST_ARROW, middle) };
}

/** A line: time, frame, the client's state, what is between, the server's state. */
function line(lanes: Lanes, left: string, frame: string, entered: Entered, between: string, bar = '│'): string[] {
  const { style } = lanes;
  const depth = Math.max(1, entered.client.length, entered.server.length);
  return Array.from({ length: depth }, (_, index) => {
    const [client, server] = [entered.client[index], entered.server[index]];
    const side = client === undefined ? pad('', lanes.client) : style.state[client](pad(client, lanes.client, 'right'));
    const other = server === undefined ? '' : style.state[server](server);
    const start =
      index === 0
        ? `${style.dim(pad(left, lanes.time, 'right'))} ${pad(frame, lanes.frame, 'right')}`
        : pad('', lanes.time + lanes.frame + 1);
    const inside = index === 0 ? between : pad('', lanes.middle);
    return `${start}  ${side} ${bar}${inside}${bar} ${other}`.trimEnd();
  });
}

const NONE: Entered = { client: [], server: [] };

function drawn(lanes: Lanes, rows: readonly Row[]): string[] {
  const { flow, style } = lanes;
  const lead = lanes.time + lanes.frame + 3;
  const room = lanes.client + lanes.middle + lanes.server + 4;
  const names = [addressPort(flow.client), addressPort(flow.server)].map((name) =>
    clipMiddle(plain(name), Math.floor(room / 2) - 8),
  );
  const heads = ['client', 'server'].map((side, index) => `${side} ${names[index]}`);
  const gap = Math.max(1, room - widthOf(heads[0] ?? '') - widthOf(heads[1] ?? ''));
  const columns = `${pad('seconds', lanes.time, 'right')} ${pad('frame', lanes.frame, 'right')}  `;
  const lines = [style.dim(pad(columns, lead)) + style.bold(`${heads[0]}${' '.repeat(gap)}${heads[1]}`)];
  for (const row of rows) {
    if (row.kind === 'pause')
      lines.push(...line(lanes, '', '', NONE, centred(`· ${duration(row.seconds)} ·`, lanes.middle, style.dim), '·'));
    else if (row.kind === 'not-kept')
      lines.push(...line(lanes, '', '', NONE, centred(notKeptWords(row.segments), lanes.middle, style.dim), '·'));
    else if (row.kind === 'state')
      lines.push(...line(lanes, timeText(row.seconds), '', row.entered, centred(row.basis, lanes.middle, style.dim)));
    else if (row.kind === 'run') lines.push(...runLines(lanes, row.run));
    else lines.push(...segmentLines(lanes, row.segment, row.entered));
  }
  return lines;
}

function notKeptWords(segments: number): string {
  return `${plural(segments, 'earlier segment')} not kept`;
}

function centred(text: string, width: number, paint: Paint = (each) => each): string {
  const clipped = clip(text, width);
  const left = Math.floor((width - widthOf(clipped)) / 2);
  return `${' '.repeat(left)}${paint(clipped)}${' '.repeat(width - left - widthOf(clipped))}`;
}

/** What a segment says, as long as there is room: tcpdump's order, the window where it is wide. */
function label({ flags, seq, ack, length, window }: LadderSegment, room: number): string {
  const takesSeq = length > 0 || (flags & 0x07) !== 0;
  const range = takesSeq ? ` ${seq}:${seq + length}` : '';
  const acked = (flags & 0x10) === 0 ? '' : ` ack ${ack}`;
  const candidates = [
    `${flagText(flags)}${range}${acked} win ${window} len ${length}`,
    `${flagText(flags)}${range}${acked} len ${length}`,
    `${flagText(flags)}${range}${acked}`,
    `${flagText(flags)}${range}`,
  ];
  return candidates.find((text, index) => text.length <= room - (index === 0 ? 12 : 0)) ?? clip(flagText(flags), room);
}

function segmentLines(lanes: Lanes, segment: LadderSegment, entered: Entered): string[] {
  const { style, middle } = lanes;
  const text = label(segment, middle - 7);
  const shaft = '─'.repeat(Math.max(1, middle - widthOf(text) - 5));
  const ends = segment.sender === 'client' ? ['─ ', ` ${shaft}─▶`] : [`◀─${shaft} `, ' ─'];
  const paint: Paint = segment.duplicate
    ? style.dim
    : (segment.flags & 0x04) !== 0
      ? style.alarm
      : (segment.flags & 0x03) !== 0
        ? style.bold
        : (each) => each;
  const arrow = paint(`${ends[0]}${text}${ends[1]}`);
  const lines = line(lanes, timeText(segment.seconds), String(segment.frame), entered, arrow);
  const remark = [segment.duplicate ? 'captured twice' : '', segment.note ?? '']
    .filter((each) => each !== '')
    .join(', ');
  if (remark !== '') lines.push(...line(lanes, '', '', NONE, centred(plain(remark), middle, style.dim)));
  return lines;
}

function runLines(lanes: Lanes, run: Run): string[] {
  const { middle, style } = lanes;
  const { segments, bytes } = run;
  const more: string[] = [];
  if (run.pause > 1) more.push(`longest pause ${duration(run.pause)}`);
  more.push(...[...run.notes].slice(0, 3).map(([note, n]) => `${count(n)} ${plain(note)}`));
  if (run.duplicates > 0) more.push(plural(run.duplicates, 'duplicate'));
  const total = plural(segments.client + segments.server, 'segment');
  const inside = [
    `${total} to +${run.last.seconds.toFixed(6)}, frame ${run.last.frame}`,
    `${plural(bytes.client, 'byte')} in ${count(segments.client)} ▶`,
    `◀ ${plural(bytes.server, 'byte')} in ${count(segments.server)}`,
    ...(more.length === 0 ? [] : [more.join(', ')]),
  ];
  const wide = `${inside[1]}   ${inside[2]}`;
  const texts = widthOf(wide) <= middle - 2 ? [inside[0], wide, ...inside.slice(3)] : inside;
  return texts.flatMap((text, index) => {
    const [left, frame] = index === 0 ? [timeText(run.first.seconds), String(run.first.frame)] : ['', ''];
    return line(lanes, left, frame, NONE, centred(text ?? '', middle, style.dim), '┊');
  });
}
