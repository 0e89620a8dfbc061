import { describe, expect, test } from 'vitest';
import type { Flow } from '../../src/report/types.ts';
import { parseWhere } from '../../src/where/where.ts';

/** Whether a flow matches an expression. */
export function matches(expression: string, flow: Flow): boolean {
  return parseWhere(expression).matches(flow);
}

/** Tests that a flow matches the expressions of the first list and none of the second. */
export function describeFlow(title: string, flow: Flow, truths: string[], falsehoods: string[]) {
  describe(title, () => {
    test.each(truths)('matches %s', (expression) => expect(matches(expression, flow)).toBe(true));
    test.each(falsehoods)('does not match %s', (expression) => expect(matches(expression, flow)).toBe(false));
  });
}
