/** The bytes of all flows: a head of words and texts, the shapes, and the columns. */

import type { Flow, Side } from '../../../report/types.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { costOf, readNumbers, writeNumbers } from './numbers.ts';
import { FramesByTime, MEMBERS, type Member, NO_RTT, PARTS, Rows, type Shapes } from './rows.ts';
import { EndpointShape, FAR, NEAR, WHOLE } from './shape.ts';
import { WholeShape } from './whole.ts';

/** What stands as JSON. */
export interface Head {
  /** seconds since 1970 to which times are relative */
  base: number;
  /** the capture's end, ns since that */
  end: number;
  /** the end of flows that the capture is nearer to */
  near: Side;
  /** words that shapes name */
  listed: unknown[];
  texts: string[];
  addresses: string[];
  /** [place among the addresses, port] */
  servers: [number, number][];
  /** flows that don't fit, and their places among all */
  odd: [number, Flow][];
}

/** Shapes as tokens, by part. */
type Lists = readonly (readonly number[])[];
export type Tokens = readonly [near: Lists, far: Lists, whole: Lists];

/** Members that ascend, more or less. */
const STEPS: ReadonlySet<Member> = new Set(['id', 'firstPacket']);

export function shapesOf(tokens: Tokens, triples: ArrayLike<number>, { listed, near }: Head): Shapes {
  const far = near === 'client' ? 'server' : 'client';
  return {
    near: tokens[NEAR].map((each) => new EndpointShape(each, listed, NEAR, near)),
    far: tokens[FAR].map((each) => new EndpointShape(each, listed, FAR, far)),
    whole: tokens[WHOLE].map((each) => new WholeShape(each, listed)),
    triples,
  };
}

/** @param frames the flows' own, one flow's after another's */
export function writeFile(head: Head, tokens: Tokens, rows: Rows, frames: Float64Array): Uint8Array {
  const writer = new ByteWriter();
  writer.json(head);
  for (const shapes of tokens) {
    writer.count(shapes.length);
    for (const shape of shapes) {
      writer.count(shape.length);
      for (const token of shape) writer.signed(token);
    }
  }
  const { triples } = rows.shapes;
  for (const part of PARTS)
    writeNumbers(
      writer,
      Float64Array.from({ length: triples.length / 3 }, (_, i) => triples[3 * i + part]!),
    );
  for (const member of MEMBERS)
    writeNumbers(writer, STEPS.has(member) ? stepsOf(rows.members[member]) : rows.members[member]);
  for (const column of columnsOf(rows).values()) writeColumn(writer, rows, column);
  const places = new FramesByTime(rows).order();
  const steps = new ByteWriter();
  writeNumbers(steps, stepsOf(Float64Array.from(places, (place) => frames[place]!)));
  writer.block(steps.done());
  return writer.done();
}

export function readFile(reader: ByteReader): { head: Head; rows: Rows; frames: () => Float64Array } {
  const head = reader.json() as Head;
  const tokens = PARTS.map(() =>
    Array.from({ length: reader.count() }, () => Array.from({ length: reader.count() }, () => reader.signed())),
  ) as unknown as Tokens;
  const parts = PARTS.map(() => readNumbers(reader));
  const triples = Float64Array.from({ length: 3 * parts[0]!.length }, (_, i) => parts[i % 3]![Math.floor(i / 3)]!);
  const members = Object.fromEntries(
    MEMBERS.map((member) => [member, STEPS.has(member) ? summed(readNumbers(reader)) : readNumbers(reader)]),
  ) as Record<Member, Float64Array>;
  const rows = new Rows(shapesOf(tokens, triples, head), members, head.end);
  fill(rows, new Map(namesOf(rows.shapes).map((name) => [name, readColumn(reader)])));
  const steps = reader.block();
  let frames: Float64Array | null = null;
  return { head, rows, frames: () => (frames ??= framesOf(rows, steps)) };
}

/** The names of all columns, in the order in which shapes name them first. */
function namesOf({ near, far, whole }: Shapes): string[] {
  return [...new Set([...near, ...far, ...whole].flatMap(({ columns }) => columns.map(({ name }) => name)))];
}

/** The numbers of a column, moments as what has passed since another one, and of each its row. */
interface Gathered {
  values: number[];
  rows: number[];
  isMoment: boolean;
}

function columnsOf(rows: Rows): Map<string, Gathered> {
  const gathered = new Map(
    namesOf(rows.shapes).map((name): [string, Gathered] => [name, { values: [], rows: [], isMoment: false }]),
  );
  let at = 0;
  for (let row = 0; row < rows.length; row++) {
    for (const part of PARTS) {
      for (const { name, since } of rows.shape(row, part).columns) {
        const column = gathered.get(name)!;
        const value = rows.values[at++]!;
        column.values.push(since === null ? value : value - rows.time(row, since));
        column.rows.push(row);
        if (since !== null) column.isMoment = true;
      }
    }
  }
  return gathered;
}

/** By what a column's numbers are smaller than they were: a round trip's answer takes a round trip and a little. */
const LESS = [null, 'rttClient', 'rttServer'] as const;

function writeColumn(writer: ByteWriter, { members }: Rows, { values, rows, isMoment }: Gathered): void {
  const variants = LESS.slice(0, isMoment ? LESS.length : 1).map((less) => {
    const numbers = less === null ? values : values.map((value, i) => value - lessOf(members[less][rows[i]!]!));
    return { less, numbers, cost: costOf(numbers) };
  });
  const best = variants.reduce((a, b) => (b.cost < a.cost ? b : a));
  writer.byte(LESS.indexOf(best.less));
  writeNumbers(writer, best.numbers);
}

function lessOf(rtt: number): number {
  return rtt === NO_RTT ? 0 : rtt;
}

/** A column that is read from its beginning on. */
interface Cursor {
  values: Float64Array;
  less: (typeof LESS)[number];
  at: number;
}

function readColumn(reader: ByteReader): Cursor {
  const less = LESS[reader.byte()]!;
  return { values: readNumbers(reader), less, at: 0 };
}

/** Gives each row its own numbers. */
function fill(rows: Rows, columns: ReadonlyMap<string, Cursor>): void {
  const { near, far, whole } = rows.shapes;
  const cursors = new Map(
    [...near, ...far, ...whole].map((shape) => [
      shape,
      shape.columns.map(({ name, since }) => ({ cursor: columns.get(name)!, since })),
    ]),
  );
  let at = 0;
  for (let row = 0; row < rows.length; row++) {
    for (const part of PARTS) {
      for (const { cursor, since } of cursors.get(rows.shape(row, part))!) {
        let value = cursor.values[cursor.at++]!;
        if (cursor.less !== null) value += lessOf(rows.members[cursor.less][row]!);
        rows.values[at++] = since === null ? value : value + rows.time(row, since);
      }
    }
  }
}

function framesOf(rows: Rows, steps: Uint8Array): Float64Array {
  const inOrder = summed(readNumbers(new ByteReader(steps)));
  const frames = new Float64Array(inOrder.length);
  const places = new FramesByTime(rows).order();
  for (let i = 0; i < places.length; i++) frames[places[i]!] = inOrder[i]!;
  return frames;
}

function stepsOf(values: Float64Array): Float64Array {
  const steps = values.slice();
  for (let i = 1; i < steps.length; i++) steps[i] = values[i]! - values[i - 1]!;
  return steps;
}

function summed(steps: Float64Array): Float64Array {
  const values = steps.slice();
  for (let i = 1; i < values.length; i++) values[i]! += values[i - 1]!;
  return values;
}
