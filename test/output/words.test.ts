import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clip, clipMiddle, pad, plain, widthOf, wrap } from '../../src/output/style.ts';
import { addressPort, clock, count, duration, list, moment, percent, plural, secondsBetween } from '../../src/words.ts';
import { hostile } from './arbitrary.ts';

describe('durations', () => {
  it.each([
    [0, '0 s'],
    [2e-7, '200 ns'],
    [0.000182, '182 µs'],
    [0.0009996, '1 ms'],
    [0.00413, '4.13 ms'],
    [0.041, '41 ms'],
    [0.9996, '1 s'],
    [5.02, '5.02 s'],
    [12.34, '12.3 s'],
    [59.97, '60 s'],
    [60, '60 s'],
    [63, '1 min 3 s'],
    [120, '2 min'],
    [192, '3 min 12 s'],
    [3599.9, '1 h'],
    [7500, '2 h 5 min'],
    [200_000, '2 d 8 h'],
    [-5, '-5 s'],
    [Number.NaN, '?'],
  ])('%d seconds are %s', (seconds, text) => expect(duration(seconds)).toBe(text));

  it('never have two units that carry over', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (seconds) => {
        expect(duration(seconds)).toMatch(/^[\d.,]+ (ns|µs|ms|s|min|h|d)( \d+ (s|min|h))?$/);
        expect(duration(seconds)).not.toMatch(/\b60 min|min 60 s|^1000|^24 h$/);
      }),
    );
  });
});

describe('numbers, times and lists', () => {
  it('group thousands and count in words', () => {
    expect([1, 999, 12_345, 1_234_567.891, 1.5].map(count)).toEqual(['1', '999', '12,345', '1,234,567.89', '1.5']);
    expect([plural(1, 'flow'), plural(0, 'flow'), plural(12_345, 'copy', 'copies')]).toEqual([
      '1 flow',
      '0 flows',
      '12,345 copies',
    ]);
  });

  it('never round a share to none or all', () => {
    expect([percent(1, 1000), percent(999, 1000), percent(0, 10), percent(10, 10), percent(1, 0)]).toEqual([
      '<1 %',
      '99 %',
      '0 %',
      '100 %',
      '?',
    ]);
  });

  it('read RFC 3339 to the nanosecond', () => {
    const time = '2026-03-01T12:03:10.123456789Z';
    expect([clock(time), clock(time, 0), clock(time, 9)]).toEqual(['12:03:10.123', '12:03:10', '12:03:10.123456789']);
    expect(moment(time, '2026-03-01T00:00:00.000000000Z')).toBe('12:03:10');
    expect(moment(time, null)).toBe('2026-03-01 12:03:10');
    expect(secondsBetween('2026-03-01T12:03:09.999999999Z', time)).toBe(0.12345679);
  });

  it('list and name', () => {
    expect([list([]), list(['a']), list(['a', 'b', 'c']), list(['a', 'b', 'c'], 1)]).toEqual([
      '',
      'a',
      'a, b and c',
      'a and 2 more',
    ]);
    expect(addressPort({ address: '2001:db8::1', port: 80 })).toBe('[2001:db8::1]:80');
  });
});

describe('text on a terminal', () => {
  it('counts columns, not characters', () => {
    expect([widthOf('漢字'), widthOf('e\u0301'), widthOf('\x1b[1mab\x1b[0m'), widthOf('→')]).toEqual([4, 1, 2, 1]);
    expect(pad('漢', 4)).toBe('漢  ');
  });

  it('writes control characters out', () => {
    expect(plain('a\x1b[2J\u202eb\u009b')).toBe('a\\x1b[2J\\u202eb\\x9b');
  });

  it('keeps a number beside its unit', () => {
    expect(wrap('half within 4.99 s and more', 16)).toEqual(['half within', '4.99 s and more']);
  });

  it('cuts the middle of an address and keeps its port', () => {
    expect(clipMiddle('[2001:db8:1:2:3:4:5:6]:51324', 16)).toBe('[2001:…:6]:51324');
  });

  it('never exceeds the width, whatever the text', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 2, max: 60 }), (text, width) => {
        const safe = plain(text);
        expect(widthOf(clip(safe, width))).toBeLessThanOrEqual(width);
        expect(widthOf(clipMiddle(safe, width))).toBeLessThanOrEqual(width);
        for (const line of wrap(text, width)) expect(widthOf(line)).toBeLessThanOrEqual(width);
        expect(wrap(text, width).join('').replace(/\s/g, '')).toBe(plain(text.replace(/\s/g, '')));
      }),
    );
  });
});
