/** The page's segments are those of the ladders: each flow's by itself. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../../../src/analyze.ts';
import { decodeLadders, encodeLadders } from '../../../../src/output/html/data/ladders.ts';
import type { Ladder } from '../../../../src/output/html/model.ts';
import type { LadderSegment, Piece, Run } from '../../../../src/output/ladder-rows.ts';
import { segmentsOf } from '../../../../src/segments.ts';
import { hostile } from '../../arbitrary.ts';
import { capturesUnder } from './captures.ts';

/** As a page would have them: the last flow first. */
function restored(ladders: ReadonlyMap<number, Ladder>): Map<number, Ladder | null> {
  const store = decodeLadders(encodeLadders(ladders));
  expect([...ladders.keys()].filter((id) => !store.has(id))).toEqual([]);
  return new Map([...ladders.keys()].reverse().map((id) => [id, store.ladder(id)]));
}

const whole = fc.oneof(fc.nat(1500), fc.integer(), fc.maxSafeInteger());
const seconds = fc.oneof(
  fc.nat().map((ns) => ns / 1e9),
  fc.nat(1000),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
);
const side = fc.constantFrom('client' as const, 'server' as const);
const sides = fc.record({ client: whole, server: whole });

const segment: fc.Arbitrary<LadderSegment> = fc.record({
  frame: whole,
  seconds,
  sender: side,
  flags: fc.nat(255),
  seq: whole,
  ack: whole,
  length: whole,
  window: whole,
  duplicate: fc.boolean(),
  note: fc.option(hostile),
});

const run: fc.Arbitrary<Run> = fc.record({
  first: segment,
  last: segment,
  segments: sides,
  bytes: sides,
  duplicates: whole,
  notes: fc.array(fc.tuple(hostile, whole), { maxLength: 3 }).map((notes) => new Map(notes)),
  pause: fc.nat().map((ns) => ns / 1e9),
});

const piece: fc.Arbitrary<Piece> = fc.oneof(
  segment.map((each) => ({ kind: 'segment' as const, segment: each })),
  run.map((each) => ({ kind: 'run' as const, run: each })),
);
const ladder: fc.Arbitrary<Ladder> = fc.record({
  pieces: fc.array(piece, { maxLength: 6 }),
  more: whole,
  before: whole,
});

describe('segments come back as they were', () => {
  it('of real flows', async () => {
    const ladders = new Map<number, Ladder>();
    for (const path of capturesUnder('fixtures/cases').filter((_, i) => i % 3 === 0)) {
      const { flows } = await analyze([path], { threads: 1 });
      for (const flow of flows.slice(0, 4)) {
        const { segments, more } = await segmentsOf([path], flow);
        const pieces = segments.map((each) => ({ kind: 'segment' as const, segment: each }));
        ladders.set(1000 - ladders.size, { pieces, more, before: 0 });
      }
    }
    expect(ladders.size).toBeGreaterThan(20);
    expect(restored(ladders)).toEqual(ladders);
  });

  it('of any sort', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(whole, ladder), { maxLength: 5 }), (list) => {
        const ladders = new Map(list);
        expect(restored(ladders)).toEqual(ladders);
      }),
    );
  });

  it('but for what is less than a nanosecond of a pause', () => {
    const [first] = fc.sample(
      run.filter(({ first }) => Number.isInteger(first.seconds)),
      { numRuns: 1, seed: 1 },
    );
    const ladders = new Map([
      [1, { pieces: [{ kind: 'run' as const, run: { ...first!, pause: 0.3 - 0.1 } }], more: 0, before: 0 }],
    ]);
    const [got] = restored(ladders).get(1)!.pieces;
    expect(got?.kind === 'run' && got.run.pause).toBe(0.2);
  });
});

it('of a flow that is not there nothing is known', () => {
  const store = decodeLadders(encodeLadders(new Map()));
  expect([store.has(1), store.ladder(1)]).toEqual([false, null]);
});
