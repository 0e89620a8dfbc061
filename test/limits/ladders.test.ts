/** The bounds of docs/limits.md on segments that an HTML report has. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLIENT, RST, SERVER } from '../../bench/frames.ts';
import { analyze } from '../../src/analyze.ts';
import type { Piece } from '../../src/output/ladder-rows.ts';
import { laddersOf, MOST_LADDERS } from '../../src/segments.ts';
import { temporaryFolder } from '../cli/run.ts';
import { oneFlow, Writer } from './hostile.ts';

const folder = temporaryFolder();

async function flowsOf(name: string, chunks: Iterable<Uint8Array>) {
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat(Array.from(chunks, (chunk) => Uint8Array.from(chunk))));
  return { path, flows: (await analyze([path])).flows };
}

const segmentsIn = (piece: Piece) =>
  piece.kind === 'segment' ? 1 : piece.run.segments.client + piece.run.segments.server;

/** A connection of which no two segments can be joined. */
function* resets(times: number) {
  const writer = new Writer();
  for (let n = 0; n < times; n++) {
    writer.micros += 1_000;
    writer.send(n % 2 === 0 ? CLIENT : SERVER, RST, 100 + n);
    yield* writer.full();
  }
  yield* writer.rest();
}

/** Connections of one segment each. */
function* singles(flows: number) {
  const writer = new Writer();
  for (let n = 0; n < flows; n++) {
    writer.client(n);
    writer.send(CLIENT, RST, 100);
    yield* writer.full();
  }
  yield* writer.rest();
}

describe('the ladders of one reading', () => {
  it('have a long flow in few pieces', async () => {
    const { path, flows } = await flowsOf('one', oneFlow(20_050));
    const { pieces, more } = (await laddersOf([path], flows)).get(1)!;
    expect(pieces.length).toBeLessThan(20);
    expect([pieces.map(segmentsIn).reduce((a, b) => a + b), more]).toEqual([20_050, 0]);
  });

  it('have 300 pieces of a flow, the first 20 and the last 280', async () => {
    const { path, flows } = await flowsOf('resets', resets(1_000));
    const { pieces, more } = (await laddersOf([path], flows)).get(1)!;
    expect([pieces.length, more]).toEqual([300, 700]);
    const frames = pieces.map((piece) => (piece.kind === 'segment' ? piece.segment.frame : 0));
    expect([frames[0], frames[19], frames[20], frames[299]]).toEqual([1, 20, 721, 1_000]);
  });

  it('are of 5,000 flows at most, those named first', async () => {
    const { path, flows } = await flowsOf('singles', singles(MOST_LADDERS + 5));
    expect(flows).toHaveLength(MOST_LADDERS + 5);
    const ladders = await laddersOf([path], flows.toReversed());
    expect(ladders.size).toBe(MOST_LADDERS);
    expect([...ladders.keys()].slice(0, 2)).toEqual([MOST_LADDERS + 5, MOST_LADDERS + 4]);
  });
});

describe('a capture that was changed before it is read again', () => {
  it('gives no segments of flows that are not as they were', async () => {
    const { path, flows } = await flowsOf('changed', singles(10));
    expect((await laddersOf([path], flows)).size).toBe(10);
    // One segment less, and others at the beginning.
    const bytes = readFileSync(path);
    const record = (bytes.length - 24) / 10;
    writeFileSync(path, bytes.subarray(0, bytes.length - record));
    expect([...(await laddersOf([path], flows)).keys()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    writeFileSync(path, Buffer.concat([bytes.subarray(0, 24), bytes.subarray(24 + record)]));
    expect((await laddersOf([path], flows)).size).toBe(0);
  });
});
