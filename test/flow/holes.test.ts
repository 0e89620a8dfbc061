import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Holes } from '../../src/flow/holes.ts';

describe('Holes', () => {
  test('fills a hole from both ends and from its middle', () => {
    const holes = new Holes();
    holes.open(1, 100, 200);
    expect(holes.fill(1, 50, 110)).toBe(10);
    expect(holes.fill(1, 140, 160)).toBe(20);
    expect(holes.fill(1, 190, 300)).toBe(10);
    expect(holes.fill(1, 100, 200)).toBe(60);
    expect(holes.has(1)).toBe(false);
  });

  test('keeps sides apart', () => {
    const holes = new Holes();
    holes.open(1, 0, 10);
    expect([holes.fill(2, 0, 10), holes.has(2), holes.has(1)]).toEqual([0, false, true]);
    holes.drop(1);
    expect([holes.has(1), holes.fill(1, 0, 10)]).toEqual([false, 0]);
  });

  test('bounds what it keeps of one side', () => {
    const holes = new Holes();
    for (let i = 0; i < 1000; i++) holes.open(1, i * 10, i * 10 + 5);
    expect(holes.fill(1, 0, 10_000)).toBe(256 * 5);
  });

  test('counts as a set of bytes does, also where sequence numbers wrap', () => {
    const gap = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }));
    const fill = fc.tuple(fc.nat(700), fc.nat(60));
    fc.assert(
      fc.property(
        fc.constantFrom(0, 1_000_000, 2 ** 31 - 200, 2 ** 32 - 300, 2 ** 32 - 1),
        fc.array(gap, { maxLength: 12 }),
        fc.array(fill, { maxLength: 30 }),
        (start, gaps, fills) => {
          const holes = new Holes();
          const missing = new Set<number>();
          let at = 0;
          for (const [sent, skipped] of gaps) {
            at += sent;
            holes.open(9, (start + at) | 0, (start + at + skipped) | 0);
            for (let i = 0; i < skipped; i++) missing.add(at++);
          }
          for (const [from, length] of fills) {
            let filled = 0;
            for (let i = from; i < from + length; i++) if (missing.delete(i)) filled++;
            expect(holes.fill(9, (start + from) | 0, (start + from + length) | 0)).toBe(filled);
            expect(holes.has(9)).toBe(missing.size > 0);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('stays small where a sender fills its holes in the middle, over and over', () => {
    const holes = new Holes();
    holes.open(9, 0, 4_000_000);
    const started = performance.now();
    for (let i = 200_000; i > 0; i--) holes.fill(9, i * 20, i * 20 + 10);
    // 200,000 pieces to search in each call would take minutes.
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(holes.has(9)).toBe(true);
  });
});
