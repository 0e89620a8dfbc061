import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChunkedRecords } from '../../src/flow/chunks.ts';

describe('ChunkedRecords', () => {
  test('numbers records from 0, and grows by a chunk without moving any', () => {
    const records = new ChunkedRecords(4, 2);
    expect(Array.from({ length: 4 }, () => records.allocate())).toEqual([0, 1, 2, 3]);
    const first = records.ints[0]!;
    expect([records.allocate(), records.ints.length, records.ints[0] === first]).toEqual([4, 2, true]);
    expect([records.shift, records.mask, first.length]).toEqual([2, 3, 16]);
  });

  test('shows the same bytes as words and as floats', () => {
    const records = new ChunkedRecords(4, 2);
    records.allocate();
    records.floats[0]![1] = 1;
    expect(Array.from(records.ints[0]!.slice(0, 4))).toEqual([0, 0, 0, 0x3ff00000]);
  });

  test('never gives out a record that is in use, and no more memory than was in use at once', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat()), { maxLength: 400 }), (steps) => {
        const records = new ChunkedRecords(2, 3);
        const used: number[] = [];
        let most = 0;
        for (const step of steps) {
          if (step === null || used.length === 0) {
            const record = records.allocate();
            expect(used).not.toContain(record);
            used.push(record);
          } else records.release(used.splice(step % used.length, 1)[0]!);
          most = Math.max(most, used.length);
          expect(records.used).toBe(used.length);
        }
        expect(records.ints.length).toBe(Math.ceil(most / 8));
      }),
    );
  });
});
