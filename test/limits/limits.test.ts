/**
 * The bounds that docs/limits.md promises, with captures made to break them: memory by the largest resident set, time by
 * the processor time of the whole program. On a user's machine a tenth of each capture.
 */
import { describe, expect, it } from 'vitest';
import { captureChunks } from '../../bench/capture.ts';
import type { Report } from '../../src/report/types.ts';
import * as H from './hostile.ts';
import { analyzeStream } from './run.ts';

const SIZE = process.env['CI'] === '1' ? 1 : 0.1;
const size = (full: number) => Math.round(full * SIZE);

/** Nothing takes more, 10^6 bytes: docs/limits.md. */
const MOST_MEGABYTES = 1000;
/** Seconds of processor time before the first packet, and for a million packets of the worst kind. Machines differ. */
const START_SECONDS = 5;
const MOST_SECONDS = 100;

interface Case {
  chunks: Iterable<Uint8Array>;
  flows: number;
  /** below the common bound where it can be */
  megabytes?: number;
  holds?: (report: Report) => void;
}

const CASES: Record<string, () => Case> = {
  '5 million half-open connections': () => ({
    chunks: captureChunks('flood', size(5_000_000)),
    flows: size(5_000_000),
    holds: ({ totals, capture }) => {
      expect(totals.byKind).toEqual({ unanswered: totals.flows });
      if (SIZE === 1) expect(capture.flowsGivenUp).toBeGreaterThan(3_500_000);
    },
  }),
  'one connection of 50 million packets': () => ({
    chunks: H.oneFlow(size(50_000_000)),
    flows: 1,
    megabytes: 200,
    holds: ({ flows }) => expect(flows[0]?.bytes).toEqual({ client: size(25_000_000) * 1000, server: 0 }),
  }),
  'the same sequence numbers in all segments': () => ({
    chunks: H.sameNumbers(size(3_000_000)),
    flows: 1,
    megabytes: 200,
    holds: ({ capture }) => expect(capture.duplicates).toBe(0),
  }),
  'one 4-tuple opened a million times in an instant': () => ({
    chunks: H.reopened(size(1_000_000)),
    flows: size(1_000_000),
    megabytes: 250,
  }),
  'connections that are never over, as time stands still': () => ({
    chunks: H.standingStill(size(600_000)),
    flows: size(600_000),
  }),
  'connections ever earlier': () => ({ chunks: H.backwards(size(300_000)), flows: size(300_000) }),
  'packets to closed connections without end': () => ({
    chunks: H.restless(1_000, size(400_000)),
    flows: 1_000,
    megabytes: 300,
  }),
  'holes in all connections': () => ({ chunks: H.fullOfHoles(size(20_000)), flows: size(20_000), megabytes: 600 }),
  'a port scan': () => ({
    chunks: H.scan(size(1_000_000)),
    flows: size(1_000_000),
    // Their end was seen: nothing is lost by telling of them early.
    holds: ({ capture, totals }) =>
      expect([capture.flowsGivenUp, totals.byKind]).toEqual([0, { refused: totals.flows }]),
  }),
  'times that leap by eighty years': () => ({ chunks: H.leaping(size(2_000_000)), flows: 1_000, megabytes: 250 }),
};

describe('memory and time are bounded with', () => {
  it.each(Object.entries(CASES))(
    '%s',
    async (_, make) => {
      const { chunks, flows, megabytes = MOST_MEGABYTES, holds } = make();
      const { code, stderr, report, seconds, megabytes: taken } = await analyzeStream(chunks);
      expect([code, stderr]).toEqual([0, '']);
      expect(report.totals.flows).toBe(flows);
      expect(taken).toBeLessThan(megabytes);
      expect(seconds).toBeLessThan(START_SECONDS + (report.capture.packets * MOST_SECONDS) / 1e6);
      holds?.(report);
    },
    900_000,
  );
});
