import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Hull } from '../../src/compare/hull.ts';

const points = fc.array(fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: -500, max: 500 })), {
  minLength: 1,
});
const slopes = fc.double({ min: -5, max: 5, noNaN: true });

it('has the extremes of all points, whatever the slope', () => {
  fc.assert(
    fc.property(points, slopes, (all, slope) => {
      const values = all.map(([at, value]) => value - slope * at);
      for (const [side, extreme] of [
        ['lower', Math.min(...values)],
        ['upper', Math.max(...values)],
      ] as const) {
        const hull = new Hull(side);
        for (const [at, value] of all) hull.add(at, value);
        expect(hull.extreme(slope)).toBeCloseTo(extreme, 6);
      }
    }),
  );
});

it('keeps the extremes of more points than it has room for, and of those that come later', () => {
  const hull = new Hull('lower');
  for (let i = 0; i < 300_000; i++) hull.add((i * 7919) % 300_000, 1000 + ((i * 104_729) % 5000));
  hull.add(150_000, 1);
  expect(hull.extreme(0)).toBe(1);
  hull.add(10, -1);
  expect(hull.extreme(0)).toBe(-1);
});

it('stays bounded where every point is on the hull', () => {
  const hull = new Hull('lower');
  for (let i = 0; i < 200_000; i++) hull.add(i, i * i);
  // Between two of the points left the parabola bends by less than this.
  expect(Math.abs(hull.extreme(2 * 100_000) + 100_000 ** 2)).toBeLessThan(100);
});

it('has none without points', () => {
  expect(new Hull('upper').extreme(0)).toBeNaN();
});
