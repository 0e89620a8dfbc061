import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EndedQueue } from '../../src/flow/ended.ts';

describe('EndedQueue', () => {
  test('gives back in order what was put in, through growth and wrap-around', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 900 })), { maxLength: 12 }), (steps) => {
        const queue = new EndedQueue();
        const model: number[] = [];
        let id = 0;
        for (const [push, many] of steps) {
          for (let i = 0; i < many; i++) {
            if (push) {
              model.push(++id);
              queue.push(id * 3, id, id * 1e9);
            } else if (model.length > 0) {
              model.shift();
              queue.shift();
            }
          }
          expect(queue.length).toBe(model.length);
          expect(queue.oldestTime()).toBe(model.length === 0 ? Number.POSITIVE_INFINITY : model[0]! * 1e9);
          if (model.length > 0) expect([queue.oldestFlow(), queue.oldestId()]).toEqual([model[0]! * 3, model[0]]);
        }
      }),
    );
  });
});
