import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Best } from '../../src/report/best.ts';

/** @returns whether it was wanted, and so kept */
function offer(best: Best<string>, item: string, score: number, order: number): boolean {
  if (!best.wants(score, order)) return false;
  best.add(item, score, order);
  return true;
}

test('Best keeps what a sort would put first, and lists it in order', () => {
  fc.assert(
    fc.property(fc.nat(20), fc.array(fc.nat(9), { maxLength: 120 }), (most, scores) => {
      const best = new Best<string>(most);
      for (const [order, score] of scores.entries()) {
        const better = scores.slice(0, order).filter((earlier) => earlier >= score).length;
        expect(offer(best, `item ${order}`, score, order)).toBe(better < most);
      }
      const ranked = scores.map((score, order) => ({ score, order }));
      ranked.sort((a, b) => b.score - a.score || a.order - b.order);
      const kept = ranked.slice(0, most).sort((a, b) => a.order - b.order);
      expect(best.inOrder()).toEqual(kept.map(({ order }) => `item ${order}`));
    }),
    { numRuns: 300 },
  );
});

test('Best keeps the lower order among equal scores, also where it is offered late', () => {
  const best = new Best<string>(1);
  expect([offer(best, 'b', 1, 2), offer(best, 'a', 1, 1), offer(best, 'c', 1, 3)]).toEqual([true, true, false]);
  expect(best.inOrder()).toEqual(['a']);
});
