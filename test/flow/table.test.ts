import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Segment } from '../../src/decode/segment.ts';
import * as L from '../../src/flow/layout.ts';
import { FlowTable } from '../../src/flow/table.ts';
import { PlainPlace } from '../../src/kernel/place.ts';
import { reversed, segment } from './segments.ts';

/** The 4-tuple number `n`: clients of one service, so that keys differ in few bits. */
function tuple(n: number): Segment {
  return segment({ src3: 0x0a000000 + (n >>> 10), srcPort: 32768 + (n & 1023) });
}

describe('FlowTable', () => {
  test('finds nothing in the beginning', () => {
    const table = new FlowTable(new PlainPlace(), 1);
    expect(table.find(tuple(1))).toBe(-1);
    expect(table.list()).toEqual([]);
  });

  test('finds both directions of a connection, and tells whether the end sent that was first', () => {
    const table = new FlowTable(new PlainPlace(), 1);
    table.find(tuple(1));
    const record = table.insert(tuple(1));
    expect(table.side).toBe(0);
    expect([table.find(reversed(tuple(1))), table.side]).toEqual([record, 1]);
    expect([table.find(tuple(1)), table.side]).toEqual([record, 0]);
    expect(table.find(tuple(2))).toBe(-1);
  });

  test('tells apart whatever differs in one word of the key', () => {
    const words = ['src0', 'src1', 'src2', 'src3', 'dst0', 'dst1', 'dst2', 'dst3', 'srcPort', 'dstPort'] as const;
    const table = new FlowTable(new PlainPlace(), 1);
    const base = segment({ src0: 5, src1: 6, src2: 7, src3: 8, dst0: 1, dst1: 2, dst2: 3, dst3: 4 });
    const records = [base, ...words.map((word) => segment({ ...base, [word]: base[word] ^ 64 }))].map((made) => {
      expect(table.find(made)).toBe(-1);
      return table.insert(made);
    });
    expect(new Set(records).size).toBe(words.length + 1);
    expect(table.find(base)).toBe(records[0]);
  });

  test('makes records with the key, and all else zero, also where another flow was before', () => {
    const table = new FlowTable(new PlainPlace(), 1);
    table.find(tuple(1));
    const first = table.insert(tuple(1));
    const at = (first & table.records.mask) * L.RECORD_WORDS;
    const ints = table.records.ints[first >>> table.records.shift]!;
    ints.fill(-1, at + L.IP_IDS, at + L.RECORD_WORDS);
    table.remove(first);
    table.records.release(first);
    table.find(tuple(2));
    expect(table.insert(tuple(2))).toBe(first);
    expect(table.hashIn(first)).toBe(table.lastHash);
    expect(ints.slice(at + L.IP_IDS, at + L.RECORD_WORDS).every((word) => word === 0)).toBe(true);
  });

  test('replaces a record on its 4-tuple', () => {
    const table = new FlowTable(new PlainPlace(), 1);
    table.find(tuple(1));
    const old = table.insert(tuple(1));
    table.find(tuple(1));
    const fresh = table.replace(old, tuple(1));
    expect(fresh).not.toBe(old);
    expect(table.find(tuple(1))).toBe(fresh);
    expect(table.list()).toEqual([fresh]);
  });

  test('keeps flows apart whose hashes are equal in all 32 bits', () => {
    const table = new FlowTable(new PlainPlace(), 1);
    const byHash = new Map<number, number>();
    const pairs: [number, number][] = [];
    const scattered = (n: number) => {
      const [a, b] = [Math.imul(n, 0x9e3779b1), Math.imul(n ^ 0x5bd1e995, 0x85ebca6b)];
      return segment({ src3: a ^ (b >>> 13), dst3: b ^ (a >>> 11), srcPort: (a ^ b) & 0xffff });
    };
    for (let n = 0; n < 300_000; n++) {
      table.find(scattered(n));
      const other = byHash.get(table.lastHash);
      if (other !== undefined) pairs.push([other, n]);
      byHash.set(table.lastHash, n);
    }
    expect(pairs.length).toBeGreaterThan(0);
    for (const [a, b] of pairs) {
      table.find(scattered(a));
      const first = table.insert(scattered(a));
      expect(table.find(scattered(b))).toBe(-1);
      const second = table.insert(scattered(b));
      expect([table.find(scattered(a)), table.find(scattered(b))]).toEqual([first, second]);
      table.remove(first);
      expect([table.find(scattered(a)), table.find(scattered(b))]).toEqual([-1, second]);
    }
  });

  test('does as a Map does, whatever the order of insert, remove and replace', () => {
    // 4,096 slots and up to 6,000 keys: chains, growth, and holes closed by backward shift, across the end too.
    const step = fc.record({ from: fc.nat(5999), many: fc.integer({ min: 1, max: 1500 }), what: fc.nat(3) });
    const property = fc.property(fc.integer(), fc.array(step, { maxLength: 14 }), (seed, steps) => {
      const table = new FlowTable(new PlainPlace(), seed);
      const model = new Map<number, number>();
      for (const { from, many, what } of steps) {
        for (let n = from; n < Math.min(6000, from + many); n++) {
          const record = model.get(n);
          if (table.find(tuple(n)) !== (record ?? -1)) throw new Error(`${n} is not found as it should be`);
          if (record === undefined) {
            if (what < 2) model.set(n, table.insert(tuple(n)));
          } else if (what === 2) {
            table.remove(record);
            table.records.release(record);
            model.delete(n);
          } else if (what === 3) {
            model.set(n, table.replace(record, tuple(n)));
            table.records.release(record);
          }
        }
        for (let n = 0; n < 6000; n++) {
          if (table.find(tuple(n)) !== (model.get(n) ?? -1)) throw new Error(`${n} is lost, or there too long`);
        }
      }
      expect(table.list().sort((a, b) => a - b)).toEqual([...model.values()].sort((a, b) => a - b));
      expect(table.records.used).toBe(model.size);
    });
    fc.assert(property, { numRuns: 25 });
  });

  test('seeds its hash anew each time, so that nobody can make flows collide', () => {
    const hashes = Array.from({ length: 4 }, () => {
      const table = new FlowTable();
      table.find(tuple(1));
      return table.lastHash;
    });
    expect(new Set(hashes).size).toBeGreaterThan(1);
  });

  test('spreads even 4-tuples that were chosen to be alike: address and port that cancel each other', () => {
    // What an attacker can do who has read the source, but cannot know the seed.
    for (const factor of [1, 0x10000, 0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f]) {
      for (const seed of [1, 0x1234567]) {
        const table = new FlowTable(new PlainPlace(), seed);
        const hashes = new Set<number>();
        for (let port = 1; port <= 5000; port++) {
          const base = 0x0a000000 ^ Math.imul(port, factor);
          table.find(segment({ src3: base, srcPort: port }));
          hashes.add(table.lastHash);
        }
        expect(hashes.size, `factor ${factor.toString(16)}, seed ${seed}`).toBeGreaterThan(4900);
      }
    }
  });
});
