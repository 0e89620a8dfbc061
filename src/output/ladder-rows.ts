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

export type Row =
  | { kind: 'segment'; segment: LadderSegment; entered: Entered }
  | { kind: 'run'; run: Run; entered: Entered }
  /** a state that no segment begins: a timer's end, or what was inferred */
  | { kind: 'state'; seconds: number; basis: Basis; entered: Entered }
  | { kind: 'pause'; seconds: number };

const FIN_SYN_RST = 0x07;
/** A run of more segments than this is drawn as one row. */
const LONGEST_RUN = 4;
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

function runOf(segments: readonly LadderSegment[], first: LadderSegment, last: LadderSegment): Run {
  const run: Run = {
    first,
    last,
    segments: { client: 0, server: 0 },
    bytes: { client: 0, server: 0 },
    duplicates: 0,
    notes: new Map(),
    pause: 0,
  };
  segments.forEach(({ sender, length, duplicate, note, seconds }, index) => {
    run.pause = Math.max(run.pause, seconds - (segments[index - 1]?.seconds ?? seconds));
    if (duplicate) run.duplicates++;
    else if (note !== null) run.notes.set(note, (run.notes.get(note) ?? 0) + 1);
    run.segments[sender]++;
    if (!duplicate) run.bytes[sender] += length;
  });
  return run;
}

/** Joins more than four segments in a row that open, close, reset and change nothing. */
function joinRuns(segments: readonly LadderSegment[], byFrame: ReadonlyMap<number, Entered>): Row[] {
  const rows: Row[] = [];
  let run: LadderSegment[] = [];
  const endRun = (): void => {
    const [first, last] = [run[0], run.at(-1)];
    if (first !== undefined && last !== undefined && run.length > LONGEST_RUN) {
      rows.push({ kind: 'run', run: runOf(run, first, last), entered: nothing() });
    } else rows.push(...run.map((segment) => ({ kind: 'segment', segment, entered: nothing() }) as const));
    run = [];
  };
  for (const segment of segments) {
    const entered = byFrame.get(segment.frame);
    if (entered === undefined && (segment.flags & FIN_SYN_RST) === 0) {
      run.push(segment);
      continue;
    }
    endRun();
    rows.push({ kind: 'segment', segment, entered: entered ?? nothing() });
  }
  endRun();
  return rows;
}

/** When a row begins and ends, seconds since the flow's first packet. */
function timesOf(row: Row): [number, number] {
  if (row.kind === 'segment') return [row.segment.seconds, row.segment.seconds];
  if (row.kind === 'run') return [row.run.first.seconds, row.run.last.seconds];
  return [row.seconds, row.seconds];
}

/** Puts states that begin with no segment where their time is. */
function insertTimed(rows: Row[], timed: readonly Change[]): void {
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

/** The rows from top to bottom, with the pauses of more than a second between them. */
export function ladderRows(flow: Flow, segments: readonly LadderSegment[]): Row[] {
  const frames = new Set(segments.map(({ frame }) => frame));
  const byFrame = new Map<number, Entered>();
  const timed: Change[] = [];
  const initial: Change[] = [];
  for (const change of changes(flow)) {
    if (change.frame !== null && frames.has(change.frame)) {
      const entered = byFrame.get(change.frame) ?? nothing();
      entered[change.side].push(change.state);
      byFrame.set(change.frame, entered);
    } else (change.seconds <= 0 ? initial : timed).push(change);
  }
  const rows = joinRuns(segments, byFrame);
  const [first] = rows;
  // What an endpoint was in before the capture stands beside the first row.
  if (first !== undefined && first.kind !== 'pause') {
    for (const { side, state } of initial.reverse()) first.entered[side].unshift(state);
  }
  insertTimed(rows, timed);
  return rows.flatMap((row, index) => {
    const previous = rows[index - 1];
    const gap = previous === undefined ? 0 : timesOf(row)[0] - timesOf(previous)[1];
    return gap > PAUSE ? [{ kind: 'pause', seconds: gap }, row] : [row];
  });
}
