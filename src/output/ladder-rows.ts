/** The rows of a ladder: segments, runs of data drawn as one, pauses, and each endpoint's states where they begin. */

import type { Basis, Flow, Side, TcpState } from '../report/types.ts';
import { secondsBetween } from '../words.ts';

/** A segment of the flow as the ladder draws it. Nothing of its payload but the length. */
export interface LadderSegment {
  /** 1-based, as Wireshark counts */
  frame: number;
  /** since the flow's first packet */
  seconds: number;
  sender: Side;
  /** the TCP header's flag byte: FIN 0x01, SYN 0x02, RST 0x04, PSH 0x08, ACK 0x10, URG 0x20, ECE 0x40, CWR 0x80 */
  flags: number;
  /** relative to the sender's first sequence number */
  seq: number;
  /** relative to the receiver's first sequence number; without meaning where ACK is not set */
  ack: number;
  /** payload bytes */
  length: number;
  window: number;
  /** a copy of a segment that was captured before */
  duplicate: boolean;
  /** what is odd about it, such as "retransmitted", or null */
  note: string | null;
}

/** States that the endpoints enter with a row, in order: two where FIN_WAIT_2 lasts no time. */
export interface Entered {
  client: TcpState[];
  server: TcpState[];
}

/** Data in both directions with nothing that opens, closes or resets. */
export interface Run {
  first: LadderSegment;
  last: LadderSegment;
  segments: { client: number; server: number };
  bytes: { client: number; server: number };
  duplicates: number;
  /** how often each note occurs, duplicates left out */
  notes: Map<string, number>;
  /** longest time between two of its segments */
  pause: number;
}

/** What a ladder is drawn from: segments in the order of the capture, long runs of data already joined. */
export type Piece = { kind: 'segment'; segment: LadderSegment } | { kind: 'run'; run: Run };

type TimedRow =
  | { kind: 'segment'; segment: LadderSegment; entered: Entered }
  | { kind: 'run'; run: Run; entered: Entered }
  /** a state that no segment begins: a timer's end, or what was inferred */
  | { kind: 'state'; seconds: number; basis: Basis; entered: Entered };

export type Row =
  | TimedRow
  | { kind: 'pause'; seconds: number }
  /** segments before the first that is drawn: a live capture keeps the newest only */
  | { kind: 'not-kept'; segments: number };

/** Where a ladder's middle is missing. */
export type LeftOut = { kind: 'left-out'; segments: number };

const FIN_SYN_RST = 0x07;
/** A run of more segments than this is drawn as one row. */
const LONGEST_RUN = 4;
/** Pieces of a ladder's beginning that are kept where not all are; the others are its last ones. */
export const FIRST_PIECES = 20;
/** Seconds between two rows from which the pause is drawn. */
const PAUSE = 1;

interface Change {
  side: Side;
  state: TcpState;
  basis: Basis;
  frame: number | null;
  seconds: number;
}

function changes(flow: Flow): Change[] {
  const all = (['client', 'server'] as const).flatMap((side) =>
    flow.endpoints[side].states.map(({ state, basis, from, frames }) => ({
      side,
      state,
      basis,
      frame: frames[0],
      seconds: secondsBetween(flow.firstPacket, from),
    })),
  );
  // Spans of a side are in order already, and sort() keeps equals so.
  return all.sort((a, b) => a.seconds - b.seconds);
}

function nothing(): Entered {
  return { client: [], server: [] };
}

/** The frames with which a state of either end begins: such a segment stands alone. */
export function changingFrames(flow: Flow): Set<number> {
  const frames = changes(flow).map(({ frame }) => frame);
  return new Set(frames.filter((frame) => frame !== null));
}

/**
 * Joins more than four segments in a row that open, close, reset and change nothing. Segment by segment: of a run no more
 * is held than what is told of it.
 */
export class Joiner {
  private readonly alone: ReadonlySet<number>;
  private readonly take: (piece: Piece) => void;
  private waiting: LadderSegment[] = [];
  private run: Run | null = null;

  /** @param alone frames whose segments join no run @param take is given the pieces in order */
  constructor(alone: ReadonlySet<number>, take: (piece: Piece) => void) {
    this.alone = alone;
    this.take = take;
  }

  add(segment: LadderSegment): void {
    if ((segment.flags & FIN_SYN_RST) !== 0 || this.alone.has(segment.frame)) {
      this.end();
      this.take({ kind: 'segment', segment });
    } else if (this.run !== null) extend(this.run, segment);
    else if (this.waiting.push(segment) > LONGEST_RUN) {
      this.run = emptyRun(this.waiting[0]!);
      for (const each of this.waiting) extend(this.run, each);
      this.waiting = [];
    }
  }

  /** No more segments come, or none that would join. */
  end(): void {
    if (this.run !== null) this.take({ kind: 'run', run: this.run });
    for (const segment of this.waiting) this.take({ kind: 'segment', segment });
    this.run = null;
    this.waiting = [];
  }
}

function emptyRun(first: LadderSegment): Run {
  return {
    first,
    last: first,
    segments: { client: 0, server: 0 },
    bytes: { client: 0, server: 0 },
    duplicates: 0,
    notes: new Map(),
    pause: 0,
  };
}

function extend(run: Run, segment: LadderSegment): void {
  const { sender, length, duplicate, note, seconds } = segment;
  run.pause = Math.max(run.pause, seconds - run.last.seconds);
  run.last = segment;
  if (duplicate) run.duplicates++;
  else if (note !== null) run.notes.set(note, (run.notes.get(note) ?? 0) + 1);
  run.segments[sender]++;
  if (!duplicate) run.bytes[sender] += length;
}

function joined(flow: Flow, segments: readonly LadderSegment[]): Piece[] {
  const pieces: Piece[] = [];
  const joiner = new Joiner(changingFrames(flow), (piece) => pieces.push(piece));
  for (const segment of segments) joiner.add(segment);
  joiner.end();
  return pieces;
}

/** When a row begins and ends, seconds since the flow's first packet. */
function timesOf(row: TimedRow): [number, number] {
  if (row.kind === 'segment') return [row.segment.seconds, row.segment.seconds];
  if (row.kind === 'run') return [row.run.first.seconds, row.run.last.seconds];
  return [row.seconds, row.seconds];
}

/** Puts states that begin with no segment where their time is. */
function insertTimed(rows: TimedRow[], timed: readonly Change[]): void {
  for (const { side, state, basis, seconds } of timed) {
    let index = rows.findIndex((row) => timesOf(row)[0] > seconds);
    if (index < 0) index = rows.length;
    const before = rows[index - 1];
    if (before?.kind === 'state' && before.seconds === seconds && before.basis === basis) {
      before.entered[side].push(state);
      continue;
    }
    const entered = nothing();
    entered[side].push(state);
    rows.splice(index, 0, { kind: 'state', seconds, basis, entered });
  }
}

/** The pieces with the states that begin with them, and those that begin at other times between them. */
function timedRows(flow: Flow, pieces: readonly Piece[], before: number): TimedRow[] {
  const frames = new Set(pieces.map((piece) => (piece.kind === 'segment' ? piece.segment.frame : null)));
  const byFrame = new Map<number, Entered>();
  const timed: Change[] = [];
  const initial: Change[] = [];
  for (const change of changes(flow)) {
    if (change.frame !== null && frames.has(change.frame)) {
      const entered = byFrame.get(change.frame) ?? nothing();
      entered[change.side].push(change.state);
      byFrame.set(change.frame, entered);
    } else (change.seconds <= 0 && before === 0 ? initial : timed).push(change);
  }
  const rows = pieces.map((piece): TimedRow => {
    const entered = (piece.kind === 'segment' ? byFrame.get(piece.segment.frame) : undefined) ?? nothing();
    return { ...piece, entered };
  });
  const [first] = rows;
  // What an endpoint was in before the capture stands beside the first row.
  if (first !== undefined) for (const { side, state } of initial.reverse()) first.entered[side].unshift(state);
  insertTimed(rows, timed);
  return rows;
}

/**
 * The rows from top to bottom, with the pauses of more than a second between them.
 * @param before segments of the flow that are missing before the first
 */
export function ladderRows(flow: Flow, segments: readonly LadderSegment[], before = 0): Row[] {
  const rows = timedRows(flow, joined(flow, segments), before);
  return [
    ...notKept(before),
    ...rows.flatMap((row, index) => (isKnown(rows, index, before) ? withPause(rows[index - 1], row) : [row])),
  ];
}

function notKept(segments: number): Row[] {
  return segments === 0 ? [] : [{ kind: 'not-kept', segments }];
}

/** Whether nothing is missing before a row: where segments are missing nobody knows of pauses. */
function isKnown(rows: readonly TimedRow[], index: number, before: number): boolean {
  return before === 0 || rows.slice(0, index).some(({ kind }) => kind !== 'state');
}

function withPause(previous: TimedRow | undefined, row: TimedRow): Row[] {
  const gap = previous === undefined ? 0 : timesOf(row)[0] - timesOf(previous)[1];
  return gap > PAUSE ? [{ kind: 'pause', seconds: gap }, row] : [row];
}

/**
 * The same of pieces, as a page has them.
 * @param more segments that were left out between the first FIRST_PIECES pieces and those after them
 * @param before segments that are missing before the first
 */
export function rowsOfPieces(flow: Flow, pieces: readonly Piece[], more: number, before = 0): (Row | LeftOut)[] {
  const rows = timedRows(flow, pieces, before);
  const placeOf = (piece: Piece | undefined) => rows.findIndex((row) => piece !== undefined && isOf(row, piece));
  const from = more === 0 ? -1 : placeOf(pieces[FIRST_PIECES - 1]);
  const to = more === 0 ? -1 : placeOf(pieces[FIRST_PIECES]);
  const drawn = rows.flatMap((row, index): (Row | LeftOut)[] => {
    if (index <= from || index > to) return isKnown(rows, index, before) ? withPause(rows[index - 1], row) : [row];
    return index === from + 1 ? [{ kind: 'left-out', segments: more }, row] : [row];
  });
  return [...notKept(before), ...drawn];
}

function isOf(row: TimedRow, piece: Piece): boolean {
  if (row.kind === 'segment') return piece.kind === 'segment' && row.segment === piece.segment;
  return row.kind === 'run' && piece.kind === 'run' && row.run === piece.run;
}
