/** What the page's program reckons, without a browser. */
import { describe, expect, test } from 'vitest';
import { secondsSince, ticks, timeAfter } from '../../src/output/html/page/clock.ts';
import { orderBy } from '../../src/output/html/page/order.ts';
import { placeHash, readPlace } from '../../src/output/html/page/permalink.ts';
import { crowdOf, STATES, type Timeline } from '../../src/output/html/page/timeline.ts';

describe('the address', () => {
  test('says a flow, an expression, or both, and is read back', () => {
    for (const place of [
      { flow: 120, where: null },
      { flow: null, where: 'closer==server && port in {80, 8080}' },
      { flow: 3, where: 'notes contains "100%" || history=="Sh&flow=9"' },
    ]) {
      expect(readPlace(placeHash(place))).toEqual(place);
    }
    expect(placeHash({ flow: null, where: '' })).toBe('');
  });

  test('is read as links without a script and hands write it', () => {
    expect(readPlace('#flow-12')).toEqual({ flow: 12, where: null });
    expect(readPlace('#flow=7&where=port%3D%3D80')).toEqual({ flow: 7, where: 'port==80' });
    expect(readPlace('#where=port==80 && id<9&flow=2')).toEqual({ flow: 2, where: 'port==80 && id<9' });
    expect(readPlace('#where=100%')).toEqual({ flow: null, where: '100%' });
    for (const hash of ['', '#', '#flows', '#flow-x', '#flow=-1', '#evidence']) {
      expect(readPlace(hash)).toEqual({ flow: null, where: null });
    }
  });
});

describe('times', () => {
  const origin = '2026-12-31T23:59:58.900000001Z';

  test('are seconds since the beginning and back, over midnight and the year', () => {
    const seconds = secondsSince(origin);
    for (const time of [origin, '2026-12-31T23:59:59.000000000Z', '2027-01-01T00:00:00.500000001Z']) {
      expect(timeAfter(origin, seconds(time))).toBe(time);
    }
    expect(seconds('2027-01-02T00:00:00.900000001Z')).toBeCloseTo(86_402, 6);
    expect(seconds('2026-12-31T23:59:58.900000001Z')).toBe(0);
    expect(seconds('2026-12-30T23:59:58.900000001Z')).toBeCloseTo(-86_400, 6);
  });

  test('on an axis are round times of day, with the decimals that they need', () => {
    expect(ticks('2026-03-01T12:00:00.250000000Z', 60, 6)).toEqual(
      [10, 20, 30, 40, 50, 60].map((second) => ({
        at: second - 0.25,
        text: `12:0${second === 60 ? '1:00' : `0:${second}`}`,
      })),
    );
    expect(ticks('2026-03-01T12:00:00.000000000Z', 0.5, 5).map(({ text }) => text)).toEqual([
      '12:00:00.0',
      '12:00:00.1',
      '12:00:00.2',
      '12:00:00.3',
      '12:00:00.4',
      '12:00:00.5',
    ]);
    expect(ticks('2026-03-01T23:59:30.000000000Z', 60, 2).map(({ text }) => text)).toEqual([
      '23:59:30',
      '00:00:00',
      '00:00:30',
    ]);
    for (const seconds of [1e-6, 0.003, 1, 7, 90, 5000, 1e6]) {
      const all = ticks('2026-03-01T12:34:56.789000000Z', seconds, 8);
      expect(all.length).toBeGreaterThan(0);
      expect(all.length).toBeLessThanOrEqual(9);
      for (const { at } of all) expect(at).toBeGreaterThanOrEqual(-1e-6 * seconds);
    }
  });
});

test('rows without a value come last both ways, equal ones in their own order', () => {
  const keys = Float64Array.of(3, Number.NaN, 1, 3, Number.NaN, 2);
  expect([...orderBy(keys, false)]).toEqual([2, 5, 0, 3, 1, 4]);
  expect([...orderBy(keys, true)]).toEqual([0, 3, 5, 2, 1, 4]);
});

test('counts over time hold every second of every span, whatever the buckets', () => {
  const spans = [
    [0, 2, 0.2, 0.9],
    [0, 6, 0.9, 6],
    [1, 2, 5, 5.0001],
    [1, 6, 5.0001, 9],
  ] as const;
  const line: Timeline = {
    first: Uint32Array.of(0, 2, 4),
    state: Uint8Array.from(spans, (span) => span[1]),
    from: Float64Array.from(spans, (span) => span[2]),
    to: Float64Array.from(spans, (span) => span[3]),
    unsure: new Uint8Array(4),
    start: Float64Array.of(0.2, 5),
    end: Float64Array.of(6, 9),
    reset: Float64Array.of(Number.NaN, Number.NaN),
    captured: 8,
    last: 9,
  };
  for (const buckets of [1, 7, 90, 1000]) {
    const { counts } = crowdOf(line, Uint8Array.of(1, 1), 1, buckets);
    const seconds = (state: (typeof STATES)[number]) => {
      const row = STATES.indexOf(state) * (buckets + 1);
      return counts.subarray(row, row + buckets).reduce((sum, each) => sum + each, 0) * (9 / buckets);
    };
    expect(seconds('ESTABLISHED')).toBeCloseTo(0.7001, 6);
    expect(seconds('TIME_WAIT')).toBeCloseTo(5.1 + 3.9999, 6);
    expect(Math.max(...counts)).toBeLessThanOrEqual(2 + 1e-9);
  }
  const { counts } = crowdOf(line, Uint8Array.of(1, 0), 1, 9);
  expect(counts[6 * 10 + 7]).toBeCloseTo(0, 9);
  expect(counts[6 * 10 + 3]).toBeCloseTo(1, 9);
});
