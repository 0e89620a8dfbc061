/** Flows as columns: what their shapes and numbers say of each. */

import { NS_PER_SECOND } from '../../../units.ts';
import {
  type Amount,
  type Column,
  END,
  type EndpointShape,
  FAR,
  FIRST,
  type FramePlace,
  type Moment,
  NEAR,
  WHOLE,
} from './shape.ts';
import type { WholeShape } from './whole.ts';

export const PARTS = [NEAR, FAR, WHOLE] as const;

/** Members that every flow has, as numbers: `columns` of Rows. */
export const MEMBERS = [
  'id',
  'firstPacket',
  'rttClient',
  'rttServer',
  'packetsClient',
  'packetsServer',
  'bytesClient',
  'bytesServer',
  'clientAddress',
  'clientPort',
  'server',
  'shapes',
] as const;
export type Member = (typeof MEMBERS)[number];

/** What stands for null in a column of round trips: it has no part of a second, so that all keep their unit. */
export const NO_RTT = 1e15;

export interface Shapes {
  near: readonly EndpointShape[];
  far: readonly EndpointShape[];
  whole: readonly WholeShape[];
  /** which three a flow has: places in the lists above, three numbers after three */
  triples: ArrayLike<number>;
}

export class Rows {
  readonly length: number;
  readonly shapes: Shapes;
  /** `firstPacket` ns since the base, `server` a place among the sockets, `shapes` one among the triples */
  readonly members: Readonly<Record<Member, Float64Array>>;
  /** the flows' own numbers, one flow's after another's; of moments ns since the base */
  readonly values: Float64Array;
  private readonly starts: Uint32Array;
  /** when the capture ended, ns since the base */
  private readonly end: number;

  constructor(shapes: Shapes, members: Readonly<Record<Member, Float64Array>>, end: number) {
    this.shapes = shapes;
    this.members = members;
    this.end = end;
    this.length = members.id.length;
    this.starts = this.startsBy(({ columns }) => columns.length);
    this.values = new Float64Array(this.starts[this.length]!);
  }

  shape(row: number, part: number): EndpointShape | WholeShape {
    return part === WHOLE ? this.whole(row) : this.endpoint(row, part);
  }

  endpoint(row: number, part: number): EndpointShape {
    const { triples, near, far } = this.shapes;
    const place = triples[3 * this.members.shapes[row]! + part]!;
    return (part === NEAR ? near : far)[place]!;
  }

  whole(row: number): WholeShape {
    const { triples, whole } = this.shapes;
    return whole[triples[3 * this.members.shapes[row]! + WHOLE]!]!;
  }

  /** Where a part's own numbers begin in `values`. */
  startOf(row: number, part: number): number {
    let start = this.starts[row]!;
    if (part > NEAR) start += this.endpoint(row, NEAR).columns.length;
    if (part > FAR) start += this.endpoint(row, FAR).columns.length;
    return start;
  }

  /** ns since the base. */
  time(row: number, { part, slot, shift, plus }: Moment): number {
    let time = plus;
    if (part === FIRST) time += this.members.firstPacket[row]!;
    else if (part === END) time += this.end;
    else time += this.values[this.startOf(row, part) + slot]!;
    return shift === 0 ? time : shifted(time, shift, this.members.rttClient[row]!, this.members.rttServer[row]!);
  }

  /** A number, or ns. */
  amount(row: number, part: number, amount: Amount): number | null {
    switch (amount.kind) {
      case 'null':
        return null;
      case 'zero':
        return 0;
      case 'own':
        return this.values[this.startOf(row, part) + amount.slot]!;
      case 'between':
        return this.time(row, amount.to) - this.time(row, amount.from);
      case 'half':
        return halfOf(this.members[amount.of === 'client' ? 'rttClient' : 'rttServer'][row]!);
    }
  }

  seconds(row: number, part: number, amount: Amount): number | null {
    const ns = this.amount(row, part, amount);
    return ns === null ? null : ns / NS_PER_SECOND;
  }

  /** For each row where its own share begins in what holds those of all, and at the end where that ends. */
  startsBy(size: (shape: { columns: readonly Column[]; frames: readonly Moment[] }) => number): Uint32Array {
    const { triples, near, far, whole } = this.shapes;
    const sizes = Array.from({ length: triples.length / 3 }, (_, i) => {
      const [a, b, c] = [near[triples[3 * i]!]!, far[triples[3 * i + 1]!]!, whole[triples[3 * i + 2]!]!];
      return size(a) + size(b) + size(c);
    });
    const starts = new Uint32Array(this.length + 1);
    for (let row = 0; row < this.length; row++) starts[row + 1] = starts[row]! + sizes[this.members.shapes[row]!]!;
    return starts;
  }
}

export function halfOf(rtt: number): number {
  return Math.round(rtt / 2);
}

/** A time moved by a half or a whole round trip, to the nanosecond. */
export function shifted(time: number, shift: number, rttClient: number, rttServer: number): number {
  switch (shift) {
    case 1:
      return Math.round(time + rttClient / 2);
    case 2:
      return Math.round(time - rttClient / 2);
    case 3:
      return Math.round(time + rttServer / 2);
    case 4:
      return Math.round(time - rttServer / 2);
    default:
      return time - (shift === 5 ? rttClient : rttServer);
  }
}

/** Frames of flows, by when they were captured: frames are numbered in that order, so nearly all follow the one before. */
export class FramesByTime {
  /** the flows' own frames, one flow's after another's */
  readonly starts: Uint32Array;
  private readonly rows: Rows;

  constructor(rows: Rows) {
    this.rows = rows;
    this.starts = rows.startsBy(({ frames }) => frames.length);
  }

  /** Where a frame stands among those of all flows. */
  placeOf(row: number, { part, index }: FramePlace): number {
    let place = this.starts[row]! + index;
    if (part > NEAR) place += this.rows.endpoint(row, NEAR).frames.length;
    if (part > FAR) place += this.rows.endpoint(row, FAR).frames.length;
    return place;
  }

  /** The places of all frames in the order of time; equal ones in their own. */
  order(): Uint32Array {
    const { rows, starts } = this;
    const times = new Float64Array(starts[rows.length]!);
    let at = 0;
    for (let row = 0; row < rows.length; row++) {
      for (const part of PARTS) for (const moment of rows.shape(row, part).frames) times[at++] = rows.time(row, moment);
    }
    return sorted(times);
  }
}

const DIGIT = 2 ** 16;

/** The places of numbers in ascending order, digit by digit: a million sorted by comparing would be waited for. */
function sorted(times: Float64Array): Uint32Array {
  const { length } = times;
  let [places, other] = [new Uint32Array(length), new Uint32Array(length)];
  let [least, most] = [0, 0];
  for (let i = 0; i < length; i++) {
    places[i] = i;
    least = Math.min(least, times[i]!);
    most = Math.max(most, times[i]!);
  }
  const digits = new Uint16Array(length);
  for (let unit = 1; unit <= most - least; unit *= DIGIT) {
    const starts = new Uint32Array(DIGIT + 1);
    for (let i = 0; i < length; i++) {
      const digit = Math.floor((times[i]! - least) / unit) % DIGIT;
      digits[i] = digit;
      starts[digit + 1]!++;
    }
    for (let i = 0; i < DIGIT; i++) starts[i + 1]! += starts[i]!;
    for (let i = 0; i < length; i++) {
      const place = places[i]!;
      other[starts[digits[place]!]!++] = place;
    }
    [places, other] = [other, places];
  }
  return places;
}
