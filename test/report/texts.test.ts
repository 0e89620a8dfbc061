import fc from 'fast-check';
import { expect, test } from 'vitest';
import { secondsOf, TimeTexts, WordTexts } from '../../src/report/texts.ts';
import { formatTime, nsToSeconds } from '../../src/units.ts';

const ns = fc.oneof(
  fc.integer({ min: -5_000_000_000, max: 5_000_000_000 }),
  fc.maxSafeInteger(),
  fc.double({ min: -1e13, max: 1e13, noNaN: true }),
  fc.integer().map((half) => half / 2),
);

test('TimeTexts writes what formatTime() writes, again and again', () => {
  const times = new TimeTexts();
  const base = fc.oneof(
    fc.integer({ min: 1_700_000_000, max: 1_700_003_000 }),
    fc.constantFrom(0, -5, 2 ** 32 - 1, 2 ** 32, 253_402_300_799, 253_402_300_800, 2 ** 62, -1e15),
  );
  fc.assert(
    fc.property(base, fc.array(ns, { maxLength: 40 }), (seconds, list) => {
      times.begin(seconds);
      for (const time of [...list, ...list]) {
        const text = formatTime(seconds, Math.round(time));
        expect([times.text(time), times.known(time)]).toEqual([text, text]);
      }
    }),
    { numRuns: 1000 },
  );
  expect(times.text(Number.NaN)).toBeNull();
});

test('secondsOf is nsToSeconds', () => {
  const whole = fc.oneof(
    ns,
    fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
    fc.constantFrom(2 ** 52, 2 ** 53, -0, 1e25),
  );
  fc.assert(
    fc.property(whole, (time) => {
      expect(JSON.stringify(secondsOf(time))).toBe(JSON.stringify(nsToSeconds(time)));
    }),
    { numRuns: 20_000 },
  );
});

test('WordTexts knows a text by all of its words, or not at all', () => {
  const texts = new WordTexts();
  let known = 0;
  const word = fc.oneof(fc.nat(3), fc.integer());
  fc.assert(
    fc.property(word, word, fc.nat(3), fc.nat(3), (a, b, c, d) => {
      const text = [a, b, c, d].join();
      const found = texts.find(a, b, c, d);
      if (found !== null) known++;
      expect(found ?? texts.keep(text)).toBe(text);
      expect(texts.find(a, b, c, d)).toBe(text);
    }),
    { numRuns: 5000 },
  );
  expect(known).toBeGreaterThan(100);
  expect(new WordTexts().find(0, 0, 0, 0)).toBeNull();
});
