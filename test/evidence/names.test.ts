import { describe, expect, it } from 'vitest';
import { Random } from '../../bench/random.ts';
import { NAME_WORDS, NameTable } from '../../src/evidence/names.ts';

/** @returns an IPv4-mapped address as four words */
const v4 = (last: number): Int32Array => Int32Array.of(0, 0, 0xffff, 0x0a000000 | last);

describe('names', () => {
  it('are numbered as they come, and have one number each', () => {
    const names = new NameTable();
    expect(names.find(v4(1), 0, 80)).toBe(0);
    expect(names.find(v4(1), 0, 81)).toBe(1);
    expect(names.find(v4(2), 0, 80)).toBe(2);
    expect(names.find(v4(1), 0, 80)).toBe(0);
    expect([names.length, names.port(1), names.port(2)]).toEqual([3, 81, 80]);
  });

  it('are told apart by each word of the address', () => {
    const names = new NameTable();
    const all = [0, 1, 2, 3].map((word) => {
      const address = new Int32Array(4);
      address[word] = 1;
      return names.find(address, 0, 80);
    });
    expect(all).toEqual([0, 1, 2, 3]);
  });

  it('are read where they stand', () => {
    const names = new NameTable();
    const words = Int32Array.of(9, 9, ...v4(7), 9);
    expect(names.find(words, 2, 80)).toBe(names.find(v4(7), 0, 80));
  });

  it('keep their numbers as the table grows', () => {
    const names = new NameTable();
    const random = new Random(1);
    const addresses = Array.from({ length: 5000 }, () =>
      Int32Array.from({ length: 4 }, () => random.between(0, 2 ** 32 - 1) | 0),
    );
    const numbers = addresses.map((address, i) => names.find(address, 0, i & 0xffff));
    expect(numbers).toEqual(addresses.map((_, i) => i));
    expect(addresses.map((address, i) => names.find(address, 0, i & 0xffff))).toEqual(numbers);
    expect(Array.from(names.words.subarray(4999 * NAME_WORDS, 4999 * NAME_WORDS + 4))).toEqual([...addresses[4999]!]);
  });

  it('of two tables become those of one', () => {
    const [ours, theirs] = [new NameTable(), new NameTable()];
    ours.find(v4(1), 0, 80);
    for (const last of [2, 1, 3]) theirs.find(v4(last), 0, 80);
    expect([...ours.merge(structuredClone({ words: theirs.words, length: theirs.length }))]).toEqual([1, 0, 2]);
    expect(ours.length).toBe(3);
    expect([...ours.merge(new NameTable())]).toEqual([]);
  });

  it('have no number where there are too many, and those that had one keep it', () => {
    const names = new NameTable();
    const most = 1 << 17;
    for (let i = 0; i < most; i++) names.find(v4(i), 0, 80);
    expect(names.length).toBe(most);
    expect(names.find(v4(most), 0, 80)).toBe(-1);
    expect(names.find(v4(0), 0, 443)).toBe(-1);
    expect(names.find(v4(most - 1), 0, 80)).toBe(most - 1);
    const more = new NameTable();
    more.find(v4(most), 0, 80);
    more.find(v4(5), 0, 80);
    expect([...names.merge(more)]).toEqual([-1, 5]);
  });

  it('compare as addresses do, as numbers without a sign', () => {
    const names = new NameTable();
    const [high, low, six] = [Int32Array.of(0, 0, 0xffff, -1), v4(1), Int32Array.of(0x20010db8, 0, 0, 1)].map(
      (address) => names.find(address, 0, 80),
    );
    expect(names.compareAddresses(high!, low!)).toBeGreaterThan(0);
    expect(names.compareAddresses(low!, six!)).toBeLessThan(0);
    expect(names.compareAddresses(low!, names.find(v4(1), 0, 443))).toBe(0);
  });
});
