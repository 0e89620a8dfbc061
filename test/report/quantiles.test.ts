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
        for (const number of numbers) quantiles.add(number);
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
      quantiles.add(value);
      expect(quantiles.at([0.5])).toEqual([median]);
    }
  });

  test('samples evenly what is more than it keeps, the same each time, and the largest exactly', () => {
    const run = () => {
      const quantiles = new Quantiles();
      for (let i = 0; i < 3_000_000; i++) quantiles.add(i);
      return { at: quantiles.at([0.1, 0.5, 0.9]), count: quantiles.count, max: quantiles.max };
    };
    const { at, count, max } = run();
    for (const [i, share] of [0.1, 0.5, 0.9].entries()) {
      expect(Math.abs(at[i]! / 3_000_000 - share)).toBeLessThan(0.005);
    }
    expect([count, max]).toEqual([3_000_000, 2_999_999]);
    expect(run().at).toEqual(at);
  });
});
