/**
 * What is known of a flow's teardown, as numbers in one reused object: replay.ts fills it when a flow ends, totals
 * read it, and report/ makes the flow's record of it where one is wanted. Times are ns in the flow's own base,
 * frames are numbers (0: none), sides are 0 (sent the first packet) and 1. NaN: not known.
 */

import { KIND_OPEN, NOBODY } from './kinds.ts';

export * from './kinds.ts';

export const KINDS = [
  'open',
  'unanswered',
  'refused',
  'half-closed',
  'graceful',
  'simultaneous',
  'aborted',
  'aborted-after-fin',
] as const;

export const SHAPES = [
  'none',
  'four-segment',
  'three-segment',
  'simultaneous',
  'half-close',
  'rst',
  'fin-rst',
  'unknown',
] as const;
export const SHAPE_NONE = 0;
export const SHAPE_FOUR = 1;
export const SHAPE_THREE = 2;
export const SHAPE_SIMULTANEOUS = 3;
export const SHAPE_HALF_CLOSE = 4;
export const SHAPE_RST = 5;
export const SHAPE_FIN_RST = 6;
export const SHAPE_UNKNOWN = 7;

export const POSITIONS = ['unknown', 'near-client', 'near-server', 'middle'] as const;

/** How an edge of a span is known; index in BASES. */
export const BASES = ['observed', 'inferred', 'assumed'] as const;
export const OBSERVED = 0;
export const INFERRED = 1;
export const ASSUMED = 2;

/** Which way the segment of an edge went, seen from the endpoint: the correction for a far end differs. */
export const EDGE_NONE = 0;
export const EDGE_SENT = 1;
export const EDGE_RECEIVED = 2;
/** perhaps not the first of its kind: the capture lacks what came before, and the edge may be earlier */
export const EDGE_LATE = 3;

export const ENDED_BY = ['capture-end', 'timer', 'reuse', 'rst'] as const;
export const BY_CAPTURE_END = 0;
export const BY_TIMER = 1;
export const BY_REUSE = 2;
export const BY_RST = 3;

/** Oddities; index = bit of `notes`. */
export const NOTES = [
  'midstream',
  'gap',
  'one-direction',
  'duplicates',
  'syn-retransmitted',
  'syn-ack-retransmitted',
  'simultaneous-open',
  'fin-retransmitted',
  'out-of-order-fin',
  'fin-not-captured',
  'fin-behind-data',
  'fin-sent-before',
  'lost-final-ack',
  'half-close-data',
  'challenge-ack',
  'rst-ignored',
  'time-wait-restarted',
  'fin-wait-2-expired',
  'reused-before-closed',
  'self-connect',
  'no-pure-acks',
  'trail-cut',
] as const;
export type Note = (typeof NOTES)[number];

export function noteBit(note: Note): number {
  return 1 << NOTES.indexOf(note);
}

/** Spans an endpoint can have: states are never entered twice, so there are no more than states. */
export const MAX_SPANS = 12;
const MAX_FRAMES = 34;
/** Frames listed of a TIME_WAIT that is restarted over and over: its first, and what ended it, find room too. */
export const MAX_RESTART_FRAMES = 32;
const ZEROS = 12;
const UNKNOWNS = 10;

export class Facts {
  // Columns that clear() resets, in two buffers: filling fifteen small arrays took a tenth of a flow's time.
  private readonly zeros = new Int32Array(ZEROS);
  private readonly unknowns = new Float64Array(UNKNOWNS);

  client = 0;
  kind = KIND_OPEN;
  shape = SHAPE_NONE;
  initiator = NOBODY;
  notes = 0;
  /** index in POSITIONS */
  position = 0;
  /** ns by which each side sends earlier and receives later than the capture sees */
  readonly shift = new Float64Array(2);
  /** ns by which a duration at each side between a segment sent and one received can be wrong nevertheless; Infinity: not known */
  readonly bound = new Float64Array(2);

  // Spans of each side at side * MAX_SPANS + i.
  readonly spans = this.zeros.subarray(0, 2);
  readonly spanState = new Int32Array(2 * MAX_SPANS);
  readonly spanFrom = new Float64Array(2 * MAX_SPANS);
  readonly spanFrame = new Int32Array(2 * MAX_SPANS);
  readonly spanEdge = new Int32Array(2 * MAX_SPANS);
  readonly spanBasis = new Int32Array(2 * MAX_SPANS);
  /** the side's last span ended at a moment that nobody saw (its FIN_WAIT_2 timed out, the 4-tuple was taken over) */
  readonly unseenEnd = this.zeros.subarray(2, 4);

  readonly finAt = this.unknowns.subarray(0, 2);
  readonly finAckedAt = this.unknowns.subarray(2, 4);
  /** its FIN had to wait behind data: close() came earlier */
  readonly finBehindData = this.zeros.subarray(8, 10);
  closedAt = Number.NaN;

  // TIME_WAIT of each side; `timeWaitFrom` NaN if it had none.
  readonly timeWaitFrom = this.unknowns.subarray(4, 6);
  readonly timeWaitRestartedAt = this.unknowns.subarray(6, 8);
  readonly timeWaitRestarts = this.zeros.subarray(4, 6);
  readonly timeWaitEndedBy = this.zeros.subarray(6, 8);
  /** when the timer, a SYN or an RST ended it; NaN while open */
  readonly timeWaitEnd = this.unknowns.subarray(8, 10);
  // Frames that began it, restarted it or ended it.
  private readonly frames = new Int32Array(2 * MAX_FRAMES);
  private readonly frameCounts = this.zeros.subarray(10, 12);

  /** the trail's entry of the RST that ended the flow, -1 */
  resetEntry = -1;
  resetBy = NOBODY;
  resetsIgnored = 0;

  clear(): void {
    this.kind = KIND_OPEN;
    this.shape = SHAPE_NONE;
    this.initiator = NOBODY;
    this.notes = 0;
    // fill() is a call into the runtime: dear for so few.
    for (let i = 0; i < ZEROS; i++) this.zeros[i] = 0;
    for (let i = 0; i < UNKNOWNS; i++) this.unknowns[i] = Number.NaN;
    this.closedAt = Number.NaN;
    this.resetEntry = -1;
    this.resetBy = NOBODY;
    this.resetsIgnored = 0;
  }

  /** Takes back what was found of a side's states. */
  forget(side: number): void {
    this.spans[side] = 0;
    this.unseenEnd[side] = 0;
    this.timeWaitFrom[side] = Number.NaN;
    this.timeWaitRestartedAt[side] = Number.NaN;
    this.timeWaitRestarts[side] = 0;
    this.timeWaitEndedBy[side] = BY_CAPTURE_END;
    this.timeWaitEnd[side] = Number.NaN;
    this.frameCounts[side] = 0;
  }

  /** Notes a frame that began, restarted or ended a side's TIME_WAIT, 0 where it is not known; MAX_FRAMES at most. */
  addTimeWaitFrame(side: number, frame: number): void {
    const count = this.frameCounts[side]!;
    if (count === MAX_FRAMES) return;
    this.frames[side * MAX_FRAMES + count] = frame;
    this.frameCounts[side] = count + 1;
  }

  /** The known ones of the frames so noted. */
  timeWaitFrames(side: number): number[] {
    const from = side * MAX_FRAMES;
    const frames = Array.from(this.frames.subarray(from, from + this.frameCounts[side]!), (frame) => frame >>> 0);
    return frames.filter((frame) => frame > 0);
  }

  note(bit: number): void {
    this.notes |= bit;
  }

  /** The state that a side ended in: a number of tcp/states.ts; -1 if nothing is known of it. */
  lastState(side: number): number {
    const count = this.spans[side]!;
    return count === 0 ? -1 : this.spanState[side * MAX_SPANS + count - 1]!;
  }

  /** Index of a side's span of `state`, -1 if it has none. */
  spanOf(side: number, state: number): number {
    for (let i = 0; i < this.spans[side]!; i++) {
      if (this.spanState[side * MAX_SPANS + i] === state) return side * MAX_SPANS + i;
    }
    return -1;
  }

  /** Whether nobody saw when a side's span `i`, not its last, began or ended. */
  hasUnseenEdge(side: number, i: number): boolean {
    if (this.unseenEnd[side] === 1 && i === side * MAX_SPANS + this.spans[side]! - 2) return true;
    return this.spanEdge[i] === EDGE_LATE || this.spanEdge[i + 1] === EDGE_LATE;
  }

  /** How long a side was in `state`, ns; NaN if never, still is, or its end was not seen or is assumed. */
  stay(side: number, state: number): number {
    const i = this.spanOf(side, state);
    if (i < 0) return Number.NaN;
    const last = i === side * MAX_SPANS + this.spans[side]! - 1;
    if (last) return Number.NaN;
    if (this.hasUnseenEdge(side, i) || this.spanBasis[i + 1] === ASSUMED) return Number.NaN;
    return this.spanFrom[i + 1]! - this.spanFrom[i]!;
  }
}
