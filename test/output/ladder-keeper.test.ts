/** A ladder of which the middle is left out. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LadderKeeper } from '../../src/output/ladder-keeper.ts';
import {
  FIRST_PIECES,
  type LadderSegment,
  ladderRows,
  type Piece,
  rowsOfPieces,
} from '../../src/output/ladder-rows.ts';
import type { Flow } from '../../src/report/types.ts';
import { oddFlow } from './arbitrary.ts';
import { at, endpoint, exampleFlow, openSpan } from './example.ts';

const ACK = 0x10;
const RST = 0x14;

function segment(index: number, flags: number, length = 0): LadderSegment {
  const sender = index % 3 === 0 ? 'client' : 'server';
  const [seq, ack, window, duplicate, note] = [index, 0, 100, index % 7 === 0, index % 5 === 0 ? 'odd' : null];
  return { frame: index + 1, seconds: index * 2, sender, flags, seq, ack, length, window, duplicate, note };
}

const segments = fc
  .array(fc.tuple(fc.constantFrom(ACK, ACK, ACK, ACK, RST), fc.nat(1460)), { maxLength: 400 })
  .map((all) => all.map(([flags, length], index) => segment(index, flags, length)));

function keep(flow: Flow, all: readonly LadderSegment[], most: number) {
  const keeper = new LadderKeeper(flow, most);
  for (const each of all) keeper.add(each);
  return keeper.ladder();
}

const numbers = (pieces: readonly Piece[]) =>
  pieces.map((piece) => (piece.kind === 'segment' ? 1 : piece.run.segments.client + piece.run.segments.server));
const sum = (all: readonly number[]) => all.reduce((a, b) => a + b, 0);
const framesOf = (piece: Piece) =>
  piece.kind === 'segment' ? [piece.segment.frame, piece.segment.frame] : [piece.run.first.frame, piece.run.last.frame];

describe('a ladder that is kept while it is read', () => {
  test('has each segment once, or counts it', () => {
    fc.assert(
      fc.property(oddFlow, segments, fc.integer({ min: 1, max: 30 }), (flow, all, most) => {
        const { pieces, more } = keep(flow, all, most);
        expect(sum(numbers(pieces)) + more).toBe(all.length);
        expect(pieces.length).toBeLessThanOrEqual(FIRST_PIECES + most);
        if (more > 0) expect(pieces).toHaveLength(FIRST_PIECES + most);
        const frames = pieces.flatMap(framesOf);
        expect(frames).toEqual(frames.toSorted((a, b) => a - b));
        expect(frames.slice(0, 1)).toEqual(all.slice(0, 1).map(({ frame }) => frame));
        expect(frames.slice(-1)).toEqual(all.slice(-1).map(({ frame }) => frame));
        expect(numbers(pieces).filter((n) => n > 1 && n < 5)).toEqual([]);
      }),
    );
  });

  test('is drawn as one whose segments are all there', () => {
    fc.assert(
      fc.property(oddFlow, segments, (flow, all) => {
        const { pieces, more } = keep(flow, all, 1_000);
        expect(more).toBe(0);
        expect(rowsOfPieces(flow, pieces, more)).toEqual(ladderRows(flow, all));
      }),
    );
  });

  test('tells of a run what its segments say', () => {
    const all = [segment(0, ACK, 10), segment(1, ACK, 20), segment(3, ACK, 5), segment(4, ACK, 1), segment(9, ACK, 2)];
    const [piece] = keep(stateless(), all, 10).pieces;
    expect(piece).toEqual({
      kind: 'run',
      run: {
        first: all[0],
        last: all[4],
        segments: { client: 3, server: 2 },
        bytes: { client: 7, server: 21 },
        duplicates: 1,
        notes: new Map(),
        pause: 10,
      },
    });
  });
});

describe('the rows of one whose middle is missing', () => {
  const all = Array.from({ length: 100 }, (_, index) => segment(index, RST));

  test('say where and how many, and know of no pause there', () => {
    const { pieces, more } = keep(stateless(), all, 30);
    expect(more).toBe(50);
    const rows = rowsOfPieces(stateless(), pieces, more);
    const place = rows.findIndex(({ kind }) => kind === 'left-out');
    expect(rows[place]).toEqual({ kind: 'left-out', segments: 50 });
    expect(
      rows.slice(place - 1, place + 3).map((row) => (row.kind === 'segment' ? row.segment.frame : row.kind)),
    ).toEqual([20, 'left-out', 71, 'pause']);
    expect(rows.filter(({ kind }) => kind === 'left-out')).toHaveLength(1);
  });

  test('have the states that began there at their time', () => {
    const flow = stateless();
    flow.endpoints.client.states = [openSpan('TIME_WAIT', 80, 200, 41)];
    const { pieces, more } = keep(flow, all, 30);
    const rows = rowsOfPieces(flow, pieces, more);
    const place = rows.findIndex(({ kind }) => kind === 'left-out');
    expect(rows[place + 1]).toMatchObject({ kind: 'state', seconds: 80, entered: { client: ['TIME_WAIT'] } });
    expect(rows[place + 2]).toMatchObject({ kind: 'segment', segment: { frame: 71 } });
  });
});

describe('the rows of one whose beginning is missing', () => {
  const all = Array.from({ length: 8 }, (_, index) => segment(index, RST));

  test('say how many, and know of no pause there', () => {
    const rows = ladderRows(stateless(), all.slice(5), 5);
    expect(rows.map(({ kind }) => kind)).toEqual(['not-kept', 'segment', 'pause', 'segment', 'pause', 'segment']);
    expect(rows[0]).toEqual({ kind: 'not-kept', segments: 5 });
    const { pieces, more } = keep(stateless(), all.slice(5), 10);
    expect(rowsOfPieces(stateless(), pieces, more, 5)).toEqual(rows);
  });

  test('have the states that began before at their time, also those of the first packet', () => {
    const flow = stateless();
    flow.endpoints.client.states = [openSpan('SYN_SENT', 0, 2, 1), openSpan('ESTABLISHED', 2, 200, 2)];
    const rows = ladderRows(flow, all.slice(5), 5);
    expect(rows.slice(0, 4)).toMatchObject([
      { kind: 'not-kept', segments: 5 },
      { kind: 'state', seconds: 0, entered: { client: ['SYN_SENT'] } },
      { kind: 'state', seconds: 2, entered: { client: ['ESTABLISHED'] } },
      { kind: 'segment', segment: { frame: 6 }, entered: { client: [] } },
    ]);
  });

  test('and its middle say both', () => {
    const { pieces, more } = keep(
      stateless(),
      Array.from({ length: 100 }, (_, index) => segment(index, RST)),
      30,
    );
    const rows = rowsOfPieces(stateless(), pieces, more, 7);
    expect(rows.filter(({ kind }) => kind === 'not-kept' || kind === 'left-out')).toEqual([
      { kind: 'not-kept', segments: 7 },
      { kind: 'left-out', segments: 50 },
    ]);
    expect(rows.slice(1)).toEqual(rowsOfPieces(stateless(), pieces, more));
  });
});

/** A flow of which no state is known. */
function stateless(): Flow {
  const none = () => endpoint('unknown', []);
  return exampleFlow({ firstPacket: at(0), endpoints: { client: none(), server: none() } });
}
