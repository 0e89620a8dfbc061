import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Best } from '../../src/report/best.ts';

test('Best keeps what a sort would put first, gives back what has to go, and lists in order', () => {
  fc.assert(
    fc.property(fc.nat(20), fc.array(fc.nat(9), { maxLength: 120 }), (most, scores) => {
      const best = new Best<string>(most);
      const dropped = new Set<string>();
      for (const [order, score] of scores.entries()) {
        const gone = best.offer(`item ${order}`, score, order);
        expect(gone === null).toBe(order < most);
        if (gone !== null) dropped.add(gone);
      }
      const ranked = scores
        .map((score, order) => ({ score, order }))
        .sort((a, b) => b.score - a.score || a.order - b.order);
      const kept = ranked.slice(0, most).sort((a, b) => a.order - b.order);
      expect(best.inOrder()).toEqual(kept.map(({ order }) => `item ${order}`));
      expect(dropped.size).toBe(Math.max(0, scores.length - most));
    }),
    { numRuns: 300 },
  );
});

test('Best keeps the lower order among equal scores, also where it is offered late', () => {
  const best = new Best<string>(1);
  expect([best.offer('b', 1, 2), best.offer('a', 1, 1), best.offer('c', 1, 3)]).toEqual([null, 'b', 'c']);
  expect(best.inOrder()).toEqual(['a']);
});
