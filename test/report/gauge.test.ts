import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Gauge } from '../../src/report/gauge.ts';

type Interval = [from: number, until: number];

/** The most intervals that hold one moment, and the first such moment: each is [from, until), so an empty one holds none. */
function naivePeak(intervals: readonly Interval[]): { peak: number; peakAt: number } {
  let [peak, peakAt] = [0, Number.NaN];
  for (const at of intervals.map(([from]) => from).sort((a, b) => a - b)) {
    const held = intervals.filter(([from, until]) => from <= at && at < until).length;
    if (held > peak) [peak, peakAt] = [held, at];
  }
  return { peak, peakAt };
}

describe('Gauge', () => {
  test('has no peak without intervals', () => {
    const gauge = new Gauge();
    gauge.settle(Number.POSITIVE_INFINITY);
    expect([gauge.count, gauge.peak, gauge.peakAt]).toEqual([0, 0, Number.NaN]);
  });

  test('does not count one that ends when another begins', () => {
    const gauge = new Gauge();
    gauge.add(0, 10, 0);
    gauge.add(10, 20, 0);
    gauge.settle(Number.POSITIVE_INFINITY);
    expect([gauge.peak, gauge.peakAt]).toEqual([1, 0]);
  });

  test('finds the peak and when it was first reached, settled at whatever watermarks', () => {
    const interval = fc.tuple(fc.nat(60), fc.nat(40));
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 40 }), fc.array(fc.nat(39)), (lengths, stops) => {
        const intervals = lengths.map(([from, length]): Interval => [from, from + length]);
        intervals.sort((a, b) => a[1] - b[1]);
        const gauge = new Gauge();
        for (const [i, [from, until]] of intervals.entries()) {
          // The watermark: nothing still to come begins before it.
          const watermark = Math.min(...intervals.slice(i).map(([start]) => start)) - 1;
          if (stops.includes(i)) gauge.settle(watermark);
          gauge.add(from, until, watermark);
        }
        gauge.settle(Number.POSITIVE_INFINITY);
        const { count, peak, peakAt } = gauge;
        expect({ count, peak, peakAt }).toEqual({ count: intervals.length, ...naivePeak(intervals) });
      }),
      { numRuns: 400 },
    );
  });

  test('counts more than it keeps at once', () => {
    const gauge = new Gauge();
    for (let i = 0; i < 100_000; i++) gauge.add(i, i + 60, i - 60);
    gauge.settle(Number.POSITIVE_INFINITY);
    expect([gauge.count, gauge.peak, gauge.peakAt]).toEqual([100_000, 60, 59]);
  });

  test('keeps all where the watermark stands still', () => {
    const gauge = new Gauge();
    for (let i = 0; i < 40_000; i++) gauge.add(i, 100_000 + i, -1);
    gauge.settle(Number.POSITIVE_INFINITY);
    expect([gauge.peak, gauge.peakAt]).toEqual([40_000, 39_999]);
  });
});
