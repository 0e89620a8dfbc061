import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FlowQueue } from '../../src/flow/queue.ts';

test('FlowQueue leaves out what no longer holds, and keeps the order of the rest', () => {
  const queue = new FlowQueue(1);
  // Around the end of the ring.
  for (let id = 1; id <= 1000; id++) queue.push(id, id, id);
  for (let i = 0; i < 900; i++) queue.shift();
  for (let id = 1001; id <= 1500; id++) queue.floats[queue.push(id, id, id)] = -id;
  for (let id = 901; id <= 1000; id++) queue.shift();
  queue.compact((flow, id) => flow === id && id % 7 === 0);
  const left: number[] = [];
  for (; queue.length > 0; queue.shift()) {
    expect([queue.oldestTime(), queue.floats[queue.oldestNumbers()]]).toEqual([queue.oldestId(), -queue.oldestId()]);
    left.push(queue.oldestFlow());
  }
  expect(left).toEqual(Array.from({ length: 500 }, (_, i) => 1001 + i).filter((id) => id % 7 === 0));
});

test('FlowQueue gives back in order what was put in, with its numbers, through growth and wrap-around', () => {
  const step = fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 900 }));
  fc.assert(
    fc.property(fc.nat(3), fc.array(step, { maxLength: 12 }), (numbers, steps) => {
      const queue = new FlowQueue(numbers);
      const model: number[] = [];
      let id = 0;
      for (const [push, many] of steps) {
        for (let i = 0; i < many; i++) {
          if (push) {
            model.push(++id);
            const at = queue.push(id * 3, id, id * 1e9);
            for (let n = 0; n < numbers; n++) queue.floats[at + n] = id + n / 4;
          } else if (model.length > 0) {
            model.shift();
            queue.shift();
          }
        }
        const [oldest] = model;
        expect(queue.length).toBe(model.length);
        expect(queue.oldestTime()).toBe(oldest === undefined ? Number.POSITIVE_INFINITY : oldest * 1e9);
        if (oldest === undefined) continue;
        expect([queue.oldestFlow(), queue.oldestId()]).toEqual([oldest * 3, oldest]);
        const at = queue.oldestNumbers();
        const kept = Array.from(queue.floats.subarray(at, at + numbers));
        expect(kept).toEqual(Array.from({ length: numbers }, (_, n) => oldest + n / 4));
      }
    }),
  );
});
