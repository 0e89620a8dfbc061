/** The shape of what a flow has beside its two ends. */

import type {
  CloseShape,
  Comparison,
  Flow,
  Handshake,
  Initiator,
  Kind,
  Orientation,
  Reset,
  Reuse,
} from '../../../report/types.ts';
import { type Amount, type Column, type FramePlace, type Moment, NOTHING, OWN, ShapeReader, WHOLE } from './shape.ts';

/** What tells a flow in words, one list for all that have the same. */
export type Words = [Orientation, Handshake, Kind, CloseShape, Initiator, string];

export const COMPUTED = 2;
/** Of Wireshark's filter: the server's address stands first. */
export const COMPUTED_TURNED = 3;

/** A text: null, one of the flow's own, or computed of others. */
export interface TextShape {
  token: number;
  slot: number;
}

export interface ResetShape {
  words: [Reset['by'], Reset['cause']];
  at: Moment | null;
  frame: FramePlace | null;
  why: TextShape;
  ignored: Amount;
}

export interface ReuseShape {
  words: [boolean, Reuse['outcome']];
  previous: Amount;
  gap: Amount;
}

export interface ComparisonShape {
  words: [Comparison['resetOrigin'], number | null];
  offset: Amount;
  plusMinus: Amount;
  lost: [Amount, Amount];
}

export class WholeShape {
  readonly columns: readonly Column[];
  readonly frames: readonly Moment[];
  readonly words: Words;
  readonly lastPacket: Moment;
  readonly closedAt: Moment | null;
  readonly reset: ResetShape | null;
  readonly reuse: ReuseShape | null;
  readonly comparison: ComparisonShape | null;
  readonly encapsulation: Flow['encapsulation'];
  readonly notes: string[];
  readonly history: TextShape;
  readonly communityId: TextShape;
  readonly filter: TextShape;

  constructor(tokens: readonly number[], listed: readonly unknown[]) {
    const reader = new ShapeReader(tokens, listed, WHOLE, 'flow');
    this.words = reader.word();
    this.lastPacket = reader.moment('lastPacket')!;
    this.closedAt = reader.moment('closedAt');
    this.reset = reader.next() === NOTHING ? null : resetOf(reader);
    this.reuse = reader.next() === NOTHING ? null : reuseOf(reader);
    this.comparison = reader.next() === NOTHING ? null : comparisonOf(reader);
    this.encapsulation = reader.word();
    this.notes = reader.word();
    this.history = textOf(reader, 'history');
    this.communityId = textOf(reader, 'communityId');
    this.filter = textOf(reader, 'wiresharkFilter');
    this.columns = reader.columns;
    this.frames = reader.frames;
  }
}

/** What is computed of Wireshark's filter is its beginning: how it goes on is a text of the flow's own. */
function textOf(reader: ShapeReader, name: string): TextShape {
  const token = reader.next();
  const own = token === OWN || (name === 'wiresharkFilter' && token !== NOTHING);
  return { token, slot: own ? reader.own(name) : -1 };
}

function resetOf(reader: ShapeReader): ResetShape {
  return {
    words: reader.word(),
    at: reader.moment('reset at'),
    frame: reader.frame(),
    why: textOf(reader, 'why'),
    ignored: reader.amount('ignored'),
  };
}

function reuseOf(reader: ShapeReader): ReuseShape {
  return { words: reader.word(), previous: reader.amount('previous'), gap: reader.amount('gap') };
}

function comparisonOf(reader: ShapeReader): ComparisonShape {
  return {
    words: reader.word(),
    offset: reader.amount('offset'),
    plusMinus: reader.amount('offset plusMinus'),
    lost: [reader.amount('lost toServer'), reader.amount('lost toClient')],
  };
}
