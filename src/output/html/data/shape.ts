/**
 * What flows have in common. A flow's record is a shape and numbers: the shape says for each member that it is this word, that it is null, that
 * it is the same moment as another one, that it lasts from here to there; only what nothing else tells is a number of the flow's own.
 * Few shapes serve thousands of flows. A shape is written as tokens, one a member, in the order in which it is read here.
 */

import type { Basis, Role, Side, TcpState } from '../../../report/types.ts';

/** The parts of a flow that have shapes, in the order in which their numbers stand. Frames are told best by the end that the capture is near to. */
export const NEAR = 0;
export const FAR = 1;
export const WHOLE = 2;
/** In place of a part: the flow's first packet, the capture's end. */
export const FIRST = -2;
export const END = -1;

export const NOTHING = 0;
/** A number of the flow's own. */
export const OWN = 1;
/** Of an amount: the same as what it is likeliest to be the same as. */
export const SAME = 2;
export const ZERO = 3;
/** Half of the round trip to the client, or to the server: by so much times at the far end differ from those captured. */
export const HALF = 4;
/** Of a moment: one of the flow's own as captured, and half a round trip later at this end. */
export const OWN_LATER = 2;
/** Of a moment: where the span before ended. */
export const TOUCHES = 3;
/** From here on a token names a moment, from there down it adds a listed value to the one before. */
export const KNOWN = 10;

/** How a moment differs from one that was captured: not, or by half a round trip to the client or the server, later or earlier. */
export const SHIFTS = 5;

/** A moment: a number of the flow's, or one of the two that are no numbers; moved by a shift, and by nanoseconds. */
export interface Moment {
  part: number;
  slot: number;
  /** 0; 1, 2: half a round trip to the client later, earlier; 3, 4: to the server */
  shift: number;
  plus: number;
}

/** A duration, or a number. */
export type Amount =
  | { kind: 'null' }
  | { kind: 'own'; slot: number }
  | { kind: 'between'; from: Moment; to: Moment }
  | { kind: 'half'; of: Side }
  | { kind: 'zero' };

export interface SpanShape {
  state: TcpState;
  basis: Basis;
  open: boolean;
  from: Moment;
  to: Moment | null;
  seconds: Amount;
  plusMinus: Amount;
  frames: [FramePlace | null, FramePlace | null];
}

export interface FramePlace {
  part: number;
  index: number;
}

export interface TimeWaitShape {
  from: Moment;
  until: Moment;
  untilLatest: Moment;
  words: [Basis, 'timer' | 'reuse' | 'rst' | 'capture-end'];
  restarts: Amount;
  frames: (FramePlace | null)[];
}

/** The stays that an endpoint's record has beside its spans. */
export const STAYS = ['FIN_WAIT_1', 'FIN_WAIT_2', 'CLOSING', 'TIME_WAIT', 'CLOSE_WAIT', 'LAST_ACK'] as const;

/** A number that stands in a column, by its name; a moment relative to another one. */
export interface Column {
  name: string;
  since: Moment | null;
}

/** Takes a shape's tokens one after another. */
export class ShapeReader {
  readonly part: number;
  /** of each number of the flow's own, in their order */
  readonly columns: Column[] = [];
  /** of each frame of the flow's own: about when it was captured */
  readonly frames: Moment[] = [];
  /** the moment that was read last */
  last: Moment = { part: FIRST, slot: 0, shift: 0, plus: 0 };
  private readonly tokens: readonly number[];
  private readonly listed: readonly unknown[];
  private readonly label: string;
  private at = 0;

  /** @param listed values that tokens name @param label of its columns */
  constructor(tokens: readonly number[], listed: readonly unknown[], part: number, label: string) {
    this.tokens = tokens;
    this.listed = listed;
    this.part = part;
    this.label = label;
  }

  next(): number {
    return this.tokens[this.at++]!;
  }

  word<T>(): T {
    return this.listed[this.next()] as T;
  }

  /** A number of the flow's own. */
  own(name: string, since: Moment | null = null): number {
    this.columns.push({ name: `${this.label} ${name}`, since });
    return this.columns.length - 1;
  }

  moment(name: string, later = 0, before: Moment | null = null): Moment | null {
    const token = this.next();
    if (token === NOTHING) return null;
    const moment = this.momentOf(token, name, later, before);
    this.last = moment;
    return moment;
  }

  amount(name: string, same: Amount = { kind: 'null' }, from: Moment | null = null): Amount {
    const token = this.next();
    if (token === NOTHING) return { kind: 'null' };
    if (token === OWN) return { kind: 'own', slot: this.own(name) };
    if (token === SAME) return same;
    if (token === ZERO) return { kind: 'zero' };
    if (token < KNOWN) return { kind: 'half', of: token === HALF ? 'client' : 'server' };
    return from === null ? { kind: 'zero' } : { kind: 'between', from, to: momentNamed(token) };
  }

  frame(): FramePlace | null {
    const token = this.next();
    if (token === NOTHING) return null;
    if (token >= KNOWN) return { part: (token - KNOWN) % 3, index: Math.floor((token - KNOWN) / 3) };
    this.frames.push({ ...this.last, shift: 0 });
    return { part: this.part, index: this.frames.length - 1 };
  }

  private momentOf(token: number, name: string, later: number, before: Moment | null): Moment {
    if (token >= KNOWN) return momentNamed(token);
    if (token < 0) return { ...this.last, plus: this.last.plus + (this.listed[-token - 1] as number) };
    if (token === TOUCHES && before !== null) return before;
    const since = { ...this.last, shift: 0 };
    return { part: this.part, slot: this.own(name, since), shift: token === OWN_LATER ? later : 0, plus: 0 };
  }
}

/** The token of a moment that is known. */
export function momentToken(part: number, slot: number, shift: number): number {
  return KNOWN + shift + SHIFTS * (part < 0 ? part - FIRST : 2 + 3 * slot + part);
}

function momentNamed(token: number): Moment {
  const which = Math.floor((token - KNOWN) / SHIFTS);
  const shift = (token - KNOWN) % SHIFTS;
  if (which < 2) return { part: which + FIRST, slot: 0, shift, plus: 0 };
  return { part: (which - 2) % 3, slot: Math.floor((which - 2) / 3), shift, plus: 0 };
}

export function frameToken({ part, index }: FramePlace): number {
  return KNOWN + 3 * index + part;
}

/** One end of a flow. */
export class EndpointShape {
  readonly columns: readonly Column[];
  readonly frames: readonly Moment[];
  readonly role: Role;
  readonly spans: SpanShape[] = [];
  readonly stays: Amount[];
  readonly finAt: Moment | null;
  readonly finAckedAt: Moment | null;
  readonly finRetransmissions: Amount;
  readonly halfCloseBytes: Amount;
  readonly timeWait: TimeWaitShape | null;

  constructor(tokens: readonly number[], listed: readonly unknown[], part: number, side: Side) {
    const reader = new ShapeReader(tokens, listed, part, side);
    const later = side === 'client' ? 1 : 3;
    // Of a far end the FIN was captured, and from that its spans follow; of a near one it is the other way round.
    let fins = part === FAR ? finsOf(reader) : null;
    for (let left = reader.next(); left > 0; left--)
      this.spans.push(spanOf(reader, this.spans.at(-1)?.to ?? null, later));
    fins ??= finsOf(reader);
    this.finAt = fins[0];
    this.finAckedAt = fins[1];
    this.role = reader.word();
    this.finRetransmissions = reader.amount('finRetransmissions');
    this.halfCloseBytes = reader.amount('halfCloseBytes');
    this.stays = STAYS.map((state) => {
      const same = this.spans.find((span) => span.state === state)?.seconds;
      return reader.amount(state, same);
    });
    this.timeWait = reader.next() === NOTHING ? null : timeWaitOf(reader);
    this.columns = reader.columns;
    this.frames = reader.frames;
  }
}

function finsOf(reader: ShapeReader): [Moment | null, Moment | null] {
  return [reader.moment('finAt'), reader.moment('finAckedAt')];
}

function spanOf(reader: ShapeReader, before: Moment | null, later: number): SpanShape {
  const [state, basis, open] = reader.word<[TcpState, Basis, boolean]>();
  const from = reader.moment(`${state} from`, later, before)!;
  const first = reader.frame();
  const to = reader.moment(`${state} to`, later);
  const last = reader.frame();
  const lasts: Amount = to === null ? { kind: 'null' } : { kind: 'between', from, to };
  const seconds = reader.amount(`${state} seconds`, lasts, from);
  const plusMinus = reader.amount(`${state} plusMinus`, lasts);
  return { state, basis, open, from, to, seconds, plusMinus, frames: [first, last] };
}

function timeWaitOf(reader: ShapeReader): TimeWaitShape {
  const words = reader.word<TimeWaitShape['words']>();
  const from = reader.moment('timeWait from')!;
  const restarts = reader.amount('timeWait restarts');
  const frames = Array.from({ length: reader.next() }, () => reader.frame());
  const until = reader.moment('timeWait until')!;
  const untilLatest = reader.moment('timeWait untilLatest')!;
  return { from, until, untilLatest, words, restarts, frames };
}
