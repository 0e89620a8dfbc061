import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { place } from '../../../src/output/screen/grid.ts';
import { age, amount, cell, cutPainted, left, spread, timeOfDay } from '../../../src/output/screen/text.ts';
import { widthOf } from '../../../src/output/style.ts';
import { hostile } from '../arbitrary.ts';

describe('amount()', () => {
  it.each([
    [12_345, 6, '12,345'],
    [12_345, 5, '12.3k'],
    [12_345, 4, '12k'],
    [999_960, 6, '999.9k'],
    [999_499, 4, '999k'],
    [1_234_567, 8, '1.2M'],
    [1_234_567, 2, '1M'],
    [1_234_567, 1, '>'],
    [5_000, 4, '5k'],
    [Number.MAX_SAFE_INTEGER, 6, '9P'],
    [1e30, 6, '1e+30'],
    [Number.NaN, 5, '?'],
    [7, 0, ''],
  ])('%d in %d columns is %j', (value, width, text) => expect(amount(value, width)).toBe(text));

  it('is never too wide, and never more than there is', () => {
    const factors: Record<string, number> = { k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), fc.nat(20), (value, width) => {
        const text = amount(value, width);
        expect(text.length).toBeLessThanOrEqual(width);
        if (!/\d/.test(text)) return;
        const said = Number.parseFloat(text.replaceAll(',', '')) * (factors[text.at(-1)!] ?? 1);
        expect(said).toBeLessThanOrEqual(value);
        expect(said).toBeGreaterThan(value / 2);
      }),
    );
  });
});

describe('times', () => {
  it.each([
    [-5, '0 s'],
    [999, '0 s'],
    [61_900, '1 min 1 s'],
    [Number.NaN, '?'],
  ])('age of %d ms is %j', (ms, text) => expect(age(ms)).toBe(text));

  it.each([
    [-5, 'now'],
    [0, 'now'],
    [1, '1 s'],
    [59_001, '60 s'],
    [90_500, '1 min 31 s'],
  ])('%d ms left are %j', (ms, text) => expect(left(ms)).toBe(text));

  it.each([
    [1_772_366_400_999, '12:00:00'],
    [Number.NaN, '?'],
    [1e18, '23:59:59'],
  ])('the time of day of %d is %s', (ms, text) => expect(timeOfDay(ms)).toBe(text));
});

describe('cutPainted()', () => {
  it.each([
    ['\x1b[31mabcdef\x1b[0m', 3, 0, '\x1b[31mabc\x1b[0m'],
    ['\x1b[31mab\x1b[0mcdef', 3, 0, '\x1b[31mab\x1b[0mc'],
    ['ab漢字', 3, 0, 'ab'],
    ['ab漢字', 3, 3, ' 字'],
    ['abcdef', 3, 2, 'cde'],
    ['a\x1b[2Jb\x07', 20, 0, 'a\\x1b[2Jb\\x07'],
    ['a\tb', 20, 0, 'a\\x09b'],
    ['abc', 0, 0, ''],
  ])('%j in %d columns from %d is %j', (line, width, from, cut) => expect(cutPainted(line, width, from)).toBe(cut));

  it('never is wider, and leaves no paint', () => {
    fc.assert(
      fc.property(hostile, fc.nat(40), fc.nat(10), (text, width, from) => {
        const cut = cutPainted(`\x1b[1m${text}`, width, from);
        expect(widthOf(cut)).toBeLessThanOrEqual(width);
        expect(cut.endsWith('\x1b[0m') || width >= widthOf(text)).toBe(true);
      }),
    );
  });
});

describe('spread()', () => {
  const parts = ['one', 'two', 'three'].map((text, keep) => ({ text, keep }));
  const right = { text: 'right', keep: 9 };

  it.each([
    [24, 'one  two  three    right'],
    [22, 'one  two  three  right'],
    [21, 'two  three      right'],
    [12, 'three  right'],
    [11, 'right'],
    [4, 'ri…t'],
  ])('in %d columns is %j', (width, line) => expect(spread(parts, right, width)).toBe(line));
});

describe('place()', () => {
  const column = fc.record({
    title: fc.constant(''),
    width: fc.integer({ min: 1, max: 40 }),
    grows: fc.nat(3),
    most: fc.integer({ min: 40, max: 60 }),
    keep: fc.nat(9),
    text: fc.constant(() => ''),
  });

  it('fits, and keeps the first column', () => {
    fc.assert(
      fc.property(fc.array(column, { minLength: 1, maxLength: 9 }), fc.nat(200), (columns, width) => {
        const placed = place(columns, width);
        expect(placed[0]?.column).toBe(columns[0]);
        expect(placed.reduce((sum, each) => sum + each.width + 2, -2)).toBeLessThanOrEqual(width);
        for (const each of placed) expect(each.width).toBeLessThanOrEqual(60);
      }),
    );
  });
});

it('a cell has exactly its width', () => {
  fc.assert(
    fc.property(hostile, fc.nat(40), (text, width) => {
      expect(widthOf(cell(text, width))).toBe(width);
    }),
  );
});
