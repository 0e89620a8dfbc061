import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Gauge } from '../../src/report/gauge.ts';
import { IntervalBuffer } from '../../src/report/intervals.ts';

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

function total(intervals: readonly Interval[]) {
  const { peak, peakAt } = naivePeak(intervals);
  return { count: intervals.length, peak, peakAt: peakAt + 0 };
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

  test('holds no more than 65,536 seconds, and counts the earliest before its time', () => {
    const gauge = new Gauge();
    const second = 1e9;
    // From the last to the first: nothing is settled on the way.
    for (let i = 200_000; i > 0; i--) gauge.add(i * 100 * second, (i * 100 + 60) * second, Number.NEGATIVE_INFINITY);
    expect((gauge as unknown as { heap: unknown[] }).heap.length).toBeLessThanOrEqual(65_536);
    gauge.settle(Number.POSITIVE_INFINITY);
    expect(gauge.count).toBe(200_000);
  });

  // Several a second, each with a second of its own, or absurdly far apart; some before the capture's first second.
  const scale = fc.constantFrom(1, 250_000_000, 700_000_000, 5e9, 1e24);
  const random = fc.record({
    lengths: fc.array(fc.tuple(fc.integer({ min: -20, max: 40 }), fc.nat(40)), { maxLength: 40 }),
    scale,
    stops: fc.array(fc.nat(39)),
  });
  const scaled = (lengths: readonly Interval[], unit: number) =>
    lengths
      .map(([from, length]): Interval => [from * unit, (from + length) * unit])
      .sort((a, b) => a[1] - b[1] || a[0] - b[0]);
  /** Nothing from interval i on begins before it. */
  const watermarkAt = (intervals: readonly Interval[], i: number) =>
    Math.min(Number.MAX_VALUE, ...intervals.slice(i).map(([start]) => start));

  test('finds the peak and when it was first reached, settled at whatever watermarks', () => {
    fc.assert(
      fc.property(random, ({ lengths, scale, stops }) => {
        const intervals = scaled(lengths, scale);
        const gauge = new Gauge();
        for (const [i, [from, until]] of intervals.entries()) {
          if (stops.includes(i)) gauge.settle(watermarkAt(intervals, i));
          gauge.add(from, until, watermarkAt(intervals, i + 1));
        }
        gauge.settle(Number.POSITIVE_INFINITY);
        const { count, peak, peakAt } = gauge;
        expect({ count, peak, peakAt: peakAt + 0 }).toEqual(total(intervals));
      }),
      { numRuns: 1000 },
    );
  });

  test('finds the same where the intervals come in batches from two buffers', () => {
    fc.assert(
      fc.property(random, ({ lengths, scale, stops }) => {
        const intervals = scaled(lengths, scale);
        const gauge = new Gauge();
        const buffers = [new IntervalBuffer(), new IntervalBuffer()];
        const watermarks = buffers.map(({ watermark }) => watermark);
        for (const [i, [from, until]] of intervals.entries()) {
          const of = i % 3 === 0 ? 1 : 0;
          const buffer = buffers[of]!;
          buffer.add(from, until, watermarkAt(intervals, i + 1));
          if (!stops.includes(i)) continue;
          expect(buffer.count).toBeGreaterThan(0);
          watermarks[of] = buffer.watermark;
          gauge.addAll(buffer.take(), Math.min(...watermarks));
          expect(buffer.count).toBe(0);
        }
        for (const buffer of buffers) gauge.addAll(buffer.take(), Number.NEGATIVE_INFINITY);
        gauge.settle(Number.POSITIVE_INFINITY);
        const { count, peak, peakAt } = gauge;
        expect({ count, peak, peakAt: peakAt + 0 }).toEqual(total(intervals));
      }),
      { numRuns: 300 },
    );
  });

  test('takes an interval without an end', () => {
    const gauge = new Gauge();
    gauge.add(5e9, Number.POSITIVE_INFINITY, 0);
    gauge.add(7e9, 8e9, 0);
    gauge.settle(Number.POSITIVE_INFINITY);
    expect([gauge.count, gauge.peak, gauge.peakAt]).toEqual([2, 2, 7e9]);
  });

  test('keeps what waits, however long a time it covers', () => {
    const gauge = new Gauge();
    for (let year = 0; year < 1000; year++) gauge.add(year * 3e16, year * 3e16 + 60e9, year * 3e16 - 300e9);
    for (let i = 0; i < 100; i++) gauge.add(2 ** 31 * 3e16 + i, 2 ** 31 * 3e16 + 60e9, 3e19);
    gauge.settle(Number.POSITIVE_INFINITY);
    expect([gauge.count, gauge.peak]).toEqual([1100, 100]);
  });

  test('forgets what the watermark has passed', () => {
    const gauge = new Gauge();
    const memory = () => JSON.stringify(gauge).length;
    const second = (i: number) => gauge.add(i * 1e9, (i + 60) * 1e9, (i - 60) * 1e9);
    for (let i = 0; i < 1000; i++) second(i);
    const before = memory();
    for (let i = 1000; i < 5000; i++) second(i);
    expect(memory()).toBeLessThan(before * 1.2);
  });

  test('counts more than it keeps at once', () => {
    const gauge = new Gauge();
    for (let i = 0; i < 100_000; i++) gauge.add(i, i + 60, i - 60);
    gauge.settle(Number.POSITIVE_INFINITY);
    expect([gauge.count, gauge.peak, gauge.peakAt]).toEqual([100_000, 60, 59]);
  });

  test('sorts a second whose intervals come in the reverse order, and one with a late interval', () => {
    const reversed = new Gauge();
    for (let i = 9999; i >= 0; i--) reversed.add(i, 20_000 - i, 0);
    reversed.settle(Number.POSITIVE_INFINITY);
    expect([reversed.peak, reversed.peakAt]).toEqual([10_000, 9999]);
    const late = new Gauge();
    for (let i = 1; i <= 100; i++) late.add(i, i + 10, 0);
    late.add(0, 200, 0);
    late.settle(Number.POSITIVE_INFINITY);
    expect([late.peak, late.peakAt]).toEqual([11, 10]);
  });

  test('keeps all where the watermark stands still', () => {
    const gauge = new Gauge();
    for (let i = 0; i < 40_000; i++) gauge.add(i, 100_000 + i, -1);
    gauge.settle(Number.POSITIVE_INFINITY);
    expect([gauge.peak, gauge.peakAt]).toEqual([40_000, 39_999]);
  });
});
