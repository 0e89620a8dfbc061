/**
 * The segments of many flows. Who sent a segment, its flags, and which of its numbers follow from those before make one of few kinds; the
 * rest are differences. Each flow has its stretch of each stream, so that one is decoded without the others.
 */

import { NS_PER_SECOND } from '../../../units.ts';
import type { LadderSegment, Run } from '../../ladder-rows.ts';
import type { Ladder } from '../model.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { Listing } from './listing.ts';
import { MOST, readNumbers, scaleOf, writeNumbers } from './numbers.ts';
import { GUESSED, GUESSES_AT, type Kind, SegmentTrack } from './segment-track.ts';
import type { LadderStore } from './store.ts';

const SIDES = ['client', 'server'] as const;

/** By flow: its id, pieces, segments left out between and before them, the frame that it begins with, and the end of its stretches. */
const COLUMNS = ['id', 'pieces', 'more', 'before', 'frame', 'kinds', 'frames', 'times', 'numbers'] as const;
type Column = (typeof COLUMNS)[number];
/** The others are told as steps from one flow to the next. */
const ABSOLUTE: ReadonlySet<Column> = new Set(['pieces', 'more', 'before']);
const STREAMS = ['kinds', 'frames', 'times', 'numbers'] as const;
type Streams<T> = Record<(typeof STREAMS)[number], T>;

/** A ladder as JSON has it. */
type Odd = [id: number, json: string];

interface Head {
  /** null: a run begins */
  kinds: (Kind | null)[];
  notes: string[];
  odd: Odd[];
}

/** The segments as bytes, to be compressed. Pauses of runs, which are differences of seconds, are rounded to the nanosecond. */
export function encodeLadders(ladders: ReadonlyMap<number, Ladder>): Uint8Array {
  const bytes = encode(ladders, new Set());
  const store = decodeLadders(bytes);
  // What does not come back as it was is kept as it is.
  const odd = [...ladders].filter(([id, ladder]) => jsonOf(ladder) !== jsonOf(store.ladder(id)));
  return odd.length === 0 ? bytes : encode(ladders, new Set(odd.map(([id]) => id)));
}

function encode(ladders: ReadonlyMap<number, Ladder>, notToFit: ReadonlySet<number>): Uint8Array {
  const odd: Odd[] = [];
  const fitting: [number, Ladder][] = [];
  for (const [id, ladder] of ladders) {
    if (!notToFit.has(id) && isWhole(id, ladder)) fitting.push([id, ladder]);
    else odd.push([id, jsonOf(ladder)]);
  }
  const scale = scaleOf(fitting.flatMap(([, { pieces }]) => pieces.flatMap(timesOf)));
  const encoder = new LadderEncoder(scale);
  for (const [id, ladder] of fitting) encoder.add(id, ladder);
  return encoder.done(odd);
}

/** Whole nanoseconds of all times that a piece tells. */
function timesOf(piece: Ladder['pieces'][number]): number[] {
  if (piece.kind === 'segment') return [nsOf(piece.segment.seconds)];
  return [piece.run.first.seconds, piece.run.last.seconds, piece.run.pause].map(nsOf);
}

/** Whether its numbers can be told as differences of whole ones. */
function isWhole(id: number, { pieces, more, before }: Ladder): boolean {
  const numbers = pieces.flatMap((piece) => {
    const segments = piece.kind === 'segment' ? [piece.segment] : [piece.run.first, piece.run.last];
    const run = piece.kind === 'segment' ? [] : runNumbers(piece.run);
    return [
      ...segments.flatMap(({ frame, seq, ack, length, window }) => [frame, seq, ack, length, window]),
      ...run,
      ...timesOf(piece),
    ];
  });
  return [id, more, before, ...numbers].every((number) => Number.isInteger(number) && Math.abs(number) < MOST / 4);
}

function runNumbers({ segments, bytes, duplicates, notes }: Run): number[] {
  return [...SIDES.flatMap((side) => [segments[side], bytes[side]]), duplicates, ...notes.values()];
}

function nsOf(seconds: number): number {
  return Math.round(seconds * NS_PER_SECOND);
}

class LadderEncoder {
  private readonly scale: number;
  private readonly kinds = new Listing<Kind | null>();
  private readonly notes = new Listing<string>();
  private readonly columns: Record<Column, number[]> = {
    id: [],
    pieces: [],
    more: [],
    before: [],
    frame: [],
    kinds: [],
    frames: [],
    times: [],
    numbers: [],
  };
  private readonly streams: Streams<ByteWriter> = {
    kinds: new ByteWriter(),
    frames: new ByteWriter(),
    times: new ByteWriter(),
    numbers: new ByteWriter(),
  };
  private track = new SegmentTrack(0);

  /** @param scale what divides all times, ns */
  constructor(scale: number) {
    this.scale = scale;
  }

  add(id: number, { pieces, more, before }: Ladder): void {
    const [piece] = pieces;
    const first = piece === undefined ? 0 : (piece.kind === 'segment' ? piece.segment : piece.run.first).frame;
    this.track = new SegmentTrack(first);
    for (const each of pieces) {
      if (each.kind === 'segment') this.segment(each.segment);
      else this.run(each.run);
    }
    const row = { id, pieces: pieces.length, more, before, frame: first };
    for (const [name, value] of Object.entries(row)) this.columns[name as keyof typeof row].push(value);
    for (const name of STREAMS) this.columns[name].push(this.streams[name].size);
  }

  done(odd: Odd[]): Uint8Array {
    const writer = new ByteWriter();
    const head: Head = { kinds: this.kinds.values, notes: this.notes.values, odd };
    writer.json(head);
    writer.count(this.scale);
    for (const name of COLUMNS) {
      const values = this.columns[name];
      const steps = ABSOLUTE.has(name) ? values : values.map((value, i) => value - (values[i - 1] ?? 0));
      writeNumbers(writer, steps);
    }
    for (const name of STREAMS) writer.block(this.streams[name].done());
    return writer.done();
  }

  private segment(segment: LadderSegment): void {
    const { track, streams } = this;
    const { sender, flags, duplicate, note } = segment;
    const others: number[] = [];
    const guesses = GUESSED.map((name) => {
      const likely = track.guesses(name, sender);
      const right = likely.indexOf(segment[name]);
      if (right < 0) others.push(segment[name] - likely[0]!);
      return right < 0 ? likely.length : right;
    }) as [number, number, number, number];
    const kind: Kind = [sender, flags, duplicate, note, ...guesses];
    streams.kinds.count(this.kinds.place(kind));
    streams.frames.signed(segment.frame - track.frame);
    streams.times.signed((nsOf(segment.seconds) - track.ns) / this.scale);
    for (const other of others) streams.numbers.signed(other);
    track.follow(segment);
  }

  private run(run: Run): void {
    const { numbers, times, kinds } = this.streams;
    kinds.count(this.kinds.place(null));
    this.segment(run.first);
    this.segment(run.last);
    for (const side of SIDES) {
      numbers.signed(run.segments[side]);
      numbers.signed(run.bytes[side]);
    }
    numbers.signed(run.duplicates);
    times.signed(nsOf(run.pause) / this.scale);
    numbers.count(run.notes.size);
    for (const [note, count] of run.notes) {
      numbers.count(this.notes.place(note));
      numbers.signed(count);
    }
  }
}

export function decodeLadders(bytes: Uint8Array): LadderStore {
  const reader = new ByteReader(bytes);
  const head = reader.json() as Head;
  const scale = reader.count();
  const columns = Object.fromEntries(COLUMNS.map((name) => [name, readNumbers(reader)])) as Record<
    Column,
    Float64Array
  >;
  for (const name of ['id', 'frame', ...STREAMS] as const) {
    const values = columns[name];
    for (let i = 1; i < values.length; i++) values[i]! += values[i - 1]!;
  }
  const streams = Object.fromEntries(STREAMS.map((name) => [name, reader.block()])) as Streams<Uint8Array>;
  const rows = new Map(Array.from(columns.id, (id, row) => [id, row]));
  const odd = new Map(head.odd);
  const readerOf = (row: number) => {
    const at = (name: (typeof STREAMS)[number]) =>
      new ByteReader(streams[name], row === 0 ? 0 : columns[name][row - 1]!);
    return { kinds: at('kinds'), frames: at('frames'), times: at('times'), numbers: at('numbers') };
  };
  return {
    has: (id) => rows.has(id) || odd.has(id),
    ladder(id) {
      const json = odd.get(id);
      if (json !== undefined) return ofJson(json);
      const row = rows.get(id);
      if (row === undefined) return null;
      const decoder = new LadderDecoder(head, scale, readerOf(row), columns.frame[row]!);
      const pieces = Array.from({ length: columns.pieces[row]! }, () => decoder.piece());
      return { pieces, more: columns.more[row]!, before: columns.before[row]! };
    },
  };
}

class LadderDecoder {
  private readonly head: Head;
  private readonly scale: number;
  private readonly streams: Streams<ByteReader>;
  private readonly track: SegmentTrack;

  constructor(head: Head, scale: number, streams: Streams<ByteReader>, frame: number) {
    this.head = head;
    this.scale = scale;
    this.streams = streams;
    this.track = new SegmentTrack(frame);
  }

  piece(): Ladder['pieces'][number] {
    const kind = this.kind();
    return kind === null ? { kind: 'run', run: this.run() } : { kind: 'segment', segment: this.segment(kind) };
  }

  private kind(): Kind | null {
    return this.head.kinds[this.streams.kinds.count()]!;
  }

  private segment(kind: Kind): LadderSegment {
    const { track, streams } = this;
    const [sender, flags, duplicate, note] = kind;
    const frame = track.frame + streams.frames.signed();
    const seconds = (track.ns + streams.times.signed() * this.scale) / NS_PER_SECOND;
    const [seq, ack, length, window] = GUESSED.map((name, i) => {
      const likely = track.guesses(name, sender);
      return likely[kind[GUESSES_AT + i] as number] ?? likely[0]! + streams.numbers.signed();
    }) as [number, number, number, number];
    const segment = { frame, seconds, sender, flags, seq, ack, length, window, duplicate, note };
    track.follow(segment);
    return segment;
  }

  private run(): Run {
    const { numbers, times } = this.streams;
    const first = this.segment(this.kind()!);
    const last = this.segment(this.kind()!);
    const segments = { client: 0, server: 0 };
    const bytes = { client: 0, server: 0 };
    for (const side of SIDES) {
      segments[side] = numbers.signed();
      bytes[side] = numbers.signed();
    }
    const duplicates = numbers.signed();
    const pause = (times.signed() * this.scale) / NS_PER_SECOND;
    const notes = new Map<string, number>();
    for (let left = numbers.count(); left > 0; left--) notes.set(this.head.notes[numbers.count()]!, numbers.signed());
    return { first, last, segments, bytes, duplicates, notes, pause };
  }
}

/** A ladder as text, the same for equal ones. */
function jsonOf(ladder: Ladder | null): string {
  return JSON.stringify(ladder, (key, value: unknown) => {
    if (key === 'pause') return nsOf(value as number) / NS_PER_SECOND;
    return value instanceof Map ? [...value] : value;
  });
}

function ofJson(json: string): Ladder {
  return JSON.parse(json, (key, value) => (key === 'notes' ? new Map(value as [string, number][]) : value)) as Ladder;
}
