import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Quantiles } from '../../src/report/quantiles.ts';

const SHARES = [0, 0.01, 0.5, 0.9, 0.99, 1];

describe('Quantiles', () => {
  test('knows nothing of no values', () => {
    const quantiles = new Quantiles();
    expect([quantiles.at(SHARES), quantiles.count, quantiles.max]).toEqual([
      SHARES.map(() => null),
      0,
      Number.NEGATIVE_INFINITY,
    ]);
  });

  test('takes the nearest rank: at least that share of the values is no larger', () => {
    const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }), {
      minLength: 1,
      maxLength: 3000,
    });
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (numbers, share) => {
        const quantiles = new Quantiles();
        for (const [i, number] of numbers.entries()) quantiles.add(number, i);
        const sorted = [...numbers].sort((a, b) => a - b);
        const rank = Math.max(1, Math.ceil(share * numbers.length));
        expect(quantiles.at([share, 1])).toEqual([sorted[rank - 1], sorted.at(-1)]);
        expect([quantiles.count, quantiles.max]).toEqual([numbers.length, sorted.at(-1)]);
      }),
    );
  });

  test('can be asked in between', () => {
    const quantiles = new Quantiles();
    for (const [value, median] of [
      [5, 5],
      [1, 1],
      [3, 3],
      [4, 3],
    ] as const) {
      quantiles.add(value, 1);
      expect(quantiles.at([0.5])).toEqual([median]);
    }
  });

  test('samples evenly what is more than it keeps, the same each time, and the largest exactly', () => {
    const run = () => {
      const quantiles = new Quantiles();
      for (let i = 0; i < 3_000_000; i++) quantiles.add(i, i);
      return { at: quantiles.at([0.1, 0.5, 0.9]), count: quantiles.count, max: quantiles.max };
    };
    const { at, count, max } = run();
    for (const [i, share] of [0.1, 0.5, 0.9].entries()) {
      expect(Math.abs(at[i]! / 3_000_000 - share)).toBeLessThan(0.005);
    }
    expect([count, max]).toEqual([3_000_000, 2_999_999]);
    expect(run().at).toEqual(at);
  });

  test('samples the same whatever the order and however the values are shared out', () => {
    const key = fc.oneof(fc.nat(300), fc.integer());
    const value = fc.record({ value: fc.nat(1000), key, share: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 400 }), fc.constantFrom(1, 16, 100, 1000), (values, most) => {
        const one = new Quantiles(most);
        for (const { value, key } of values) one.add(value, key);
        const shares = [0, 1, 2].map((share) => {
          const quantiles = new Quantiles(most);
          for (const v of values.toReversed()) if (v.share === share) quantiles.add(v.value, v.key);
          return quantiles;
        });
        shares[0]!.merge(shares[1]!);
        // As it comes from another thread.
        shares[2]!.merge(structuredClone(shares[0]!));
        const told = (all: Quantiles) => [all.at(SHARES), all.count, all.max, all.limit];
        expect(told(shares[2]!)).toEqual(told(one));
        expect(one.kept).toBeLessThanOrEqual(most);
        if (values.length <= most) expect(one.kept).toBe(values.length);
      }),
      { numRuns: 500 },
    );
  });

  test('keeps at least half of what it may where keys differ', () => {
    const quantiles = new Quantiles(1000);
    for (let i = 0; i < 100_000; i++) quantiles.add(i, i);
    expect(quantiles.kept).toBeGreaterThan(400);
    expect(quantiles.kept).toBeLessThanOrEqual(1000);
  });
});
