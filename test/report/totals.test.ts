import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FIN_WAIT_2, INITIATOR, INITIATORS, KIND, POSITION, TIME_WAIT } from '../../src/evidence/summary.ts';
import { SUMMARY_FLOATS } from '../../src/flow/sink.ts';
import { Gauge } from '../../src/report/gauge.ts';
import { IntervalBuffer } from '../../src/report/intervals.ts';
import { TotalsCounter } from '../../src/report/totals.ts';
import * as F from '../../src/teardown/facts.ts';

const time = fc.option(
  fc.nat(100).map((n) => n * 1e8),
  { nil: Number.NaN },
);
const flow = fc
  .record({
    kind: fc.nat(F.KINDS.length - 1),
    initiator: fc.nat(INITIATORS.length - 1),
    position: fc.nat(F.POSITIONS.length - 1),
    stays: fc.tuple(time, time),
    timeWaits: fc.tuple(time, time),
  })
  .map(({ kind, initiator, position, stays, timeWaits }) => {
    const summary = new Float64Array(SUMMARY_FLOATS);
    summary[KIND] = kind;
    summary[INITIATOR] = initiator;
    summary[POSITION] = position;
    for (let side = 0; side < 2; side++) {
      summary[FIN_WAIT_2 + side] = stays[side]!;
      summary[TIME_WAIT + 2 * side] = timeWaits[side]!;
      summary[TIME_WAIT + 2 * side + 1] = timeWaits[side]! + 6e9;
    }
    return summary;
  });

describe('TotalsCounter', () => {
  test('counts both sockets of a flow, however long ago they were in TIME_WAIT', () => {
    const gauge = new Gauge();
    const totals = new TotalsCounter(gauge);
    const summary = new Float64Array(SUMMARY_FLOATS).fill(Number.NaN);
    summary.set([0, 60e9, 0, 60e9], TIME_WAIT);
    totals.add(summary, 0, 1e15, 1);
    expect(totals.result(0, gauge).timeWait).toMatchObject({ count: 2, peak: 2 });
  });

  test('counts the same however the flows are shared out, with one gauge for the TIME_WAITs of all', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(flow, fc.boolean()), { maxLength: 60 }), (flows) => {
        const own = new Gauge();
        const one = new TotalsCounter(own);
        const buffers = [new IntervalBuffer(), new IntervalBuffer()];
        const shares = buffers.map((buffer) => new TotalsCounter(buffer));
        flows.forEach(([summary, second], i) => {
          one.add(summary, 0, 0, i);
          shares[second ? 1 : 0]!.add(summary, 0, 0, i);
        });
        const gauge = new Gauge();
        for (const buffer of buffers) gauge.addAll(buffer.take(), 0);
        shares[0]!.merge(structuredClone(shares[1]!));
        expect(shares[0]!.result(1000, gauge)).toEqual(one.result(1000, own));
        expect(shares[0]!.position()).toBe(one.position());
      }),
      { numRuns: 300 },
    );
  });

  test('counts each flow in its place', () => {
    const gauge = new Gauge();
    const totals = new TotalsCounter(gauge);
    const summary = new Float64Array(SUMMARY_FLOATS).fill(Number.NaN);
    summary.set([F.KIND_GRACEFUL, INITIATORS.indexOf('server'), F.POSITIONS.indexOf('middle'), 0]);
    summary[FIN_WAIT_2 + 1] = 2_500_000_000;
    summary.set([1e9, 61e9], TIME_WAIT + 2);
    for (let i = 0; i < 3; i++) totals.add(summary, 0, 0, i);
    expect(totals.result(0, gauge)).toEqual({
      flows: 3,
      byKind: { graceful: 3 },
      byInitiator: { server: 3 },
      finWait2: { count: 3, p50: 2.5, p90: 2.5, p99: 2.5, max: 2.5 },
      timeWait: {
        count: 3,
        peak: 3,
        peakAt: '1970-01-01T00:00:01.000000000Z',
        until: '1970-01-01T00:01:01.000000000Z',
      },
    });
    expect(totals.position()).toBe('middle');
  });

  test('samples each side of a flow by a key of its own', () => {
    const totals = new TotalsCounter(new Gauge());
    const summary = new Float64Array(SUMMARY_FLOATS).fill(Number.NaN);
    summary.set([0, 0, 0, 0, 1, 2]);
    totals.add(summary, 0, 0, 7);
    const [a, b] = totals.finWait2.hashes;
    expect(a).not.toBe(b);
  });
});
