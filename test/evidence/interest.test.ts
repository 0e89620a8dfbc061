import fc from 'fast-check';
import { expect, test } from 'vitest';
import { interestOf, mostInterest } from '../../src/evidence/interest.ts';
import * as F from '../../src/teardown/facts.ts';

const SECOND = 1e9;

test('the bound on the interest is never below it, and whole', () => {
  const lasted = fc.oneof(
    fc.integer({ min: -10, max: 200_000 }).map((seconds) => seconds * SECOND),
    fc.double({ min: 0, max: 70 * SECOND, noNaN: true }),
    fc.nat(20).map((bits) => (2 ** bits - 1) * SECOND - 1),
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 0.01 * SECOND, 32_768 * SECOND, 99_999 * SECOND),
  );
  const side = fc.array(fc.tuple(fc.integer({ min: 0, max: 10 }), lasted), { maxLength: F.MAX_SPANS });
  const odd = fc.record({
    kind: fc.nat(7),
    notes: fc.nat(0x1fffff),
    ignored: fc.nat(9),
    restarts: fc.nat(2),
    by: fc.nat(3),
  });
  fc.assert(
    fc.property(fc.tuple(side, side), odd, lasted, (sides, { kind, notes, ignored, restarts, by }, end) => {
      const facts = new F.Facts();
      facts.kind = kind as typeof facts.kind;
      facts.notes = notes;
      facts.resetsIgnored = ignored;
      facts.timeWaitRestarts[0] = restarts;
      facts.timeWaitEndedBy[1] = by;
      sides.forEach((spans, x) => {
        let time = 0;
        spans.forEach(([state, length], i) => {
          facts.spanState[x * F.MAX_SPANS + i] = state;
          facts.spanFrom[x * F.MAX_SPANS + i] = time;
          time += length;
        });
        facts.spans[x] = spans.length;
      });
      const most = mostInterest(facts, end);
      expect(most).toBeGreaterThanOrEqual(interestOf(facts, end));
      expect(Number.isInteger(most)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
