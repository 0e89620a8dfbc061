import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Segment } from '../../src/decode/segment.ts';
import { DuplicateFilter } from '../../src/flow/duplicates.ts';
import { PlainPlace } from '../../src/kernel/place.ts';
import { segment } from './segments.ts';

const MS = 1_000_000;

/** Whether `second` is taken for a copy of `first`, `gap` ns after it. */
function isCopy(first: Segment, second: Segment, gap: number): boolean {
  const filter = new DuplicateFilter(new PlainPlace());
  expect(filter.isDuplicate(at(first, 5e9))).toBe(false);
  return filter.isDuplicate(at(second, 5e9 + gap));
}

function at(what: Segment, time: number): Segment {
  return Object.assign(what, { seconds: Math.floor(time / 1e9), nanoseconds: time % 1e9 });
}

describe('DuplicateFilter', () => {
  test.each([
    ['the same packet at once', segment(), 0, true],
    ['the same packet, 20 ms later', segment(), 20 * MS, true],
    ['the same packet, a retransmission timeout later', segment(), 200 * MS, false],
    ['a copy behind a router, with another TTL', segment({ ttl: 63 }), 0.1 * MS, true],
    ['a copy that carries an earlier time', segment(), -1 * MS, true],
    ['a retransmission: another IP ID', segment({ ipId: 8 }), 0.1 * MS, false],
  ])('%s', (_, copy, gap, expected) => {
    expect(isCopy(segment(), copy, gap)).toBe(expected);
  });

  test('without an IP ID only what comes at once is a copy', () => {
    const bare = segment({ ipId: 0 });
    expect([0, 1 * MS, 1.1 * MS, 20 * MS].map((gap) => isCopy(bare, bare, gap))).toEqual([true, true, false, false]);
  });

  const SECOND = 1000 * MS;
  const bare = { ipId: 0 };
  const stamped = { ipId: 0, tsVal: 77 };
  test.each([
    ['as late as a path is long', {}, 100 * MS, true],
    ['by a clock that is behind', {}, -SECOND, true],
    ['of IPv6, marked by its timestamp', stamped, SECOND, true],
    ['later than any path', {}, 1.1 * SECOND, false],
    ['without any mark, within a retransmission timeout', bare, 180 * MS, true],
    ['without any mark, a retransmission timeout later', bare, 200 * MS, false],
  ])('the same packet from another file %s', (_, fields, gap, expected) => {
    expect(isCopy(segment(fields), segment({ ...fields, origin: 37 }), gap)).toBe(expected);
  });

  test('a repetition that both hosts captured counts once: the first copy is what it is judged by', () => {
    const filter = new DuplicateFilter(new PlainPlace());
    const seen: [origin: number, ms: number][] = [
      [0, 0],
      [1, 100],
      [0, 150],
      [1, 250],
      [2, 260],
    ];
    const copies = seen.map(([origin, ms]) => filter.isDuplicate(at(segment({ ...bare, origin }), 5e9 + ms * MS)));
    expect(copies).toEqual([false, true, false, true, true]);
  });

  test('a packet in between does not hide a copy', () => {
    for (let seq = 0; seq < 2000; seq++) {
      const filter = new DuplicateFilter(new PlainPlace());
      const results = [1_000_000, seq, 1_000_000].map((n, i) => {
        return filter.isDuplicate(at(segment({ seq: n, origin: i === 2 ? 1 : 0 }), 5e9));
      });
      expect(results, `${seq}`).toEqual([false, false, true]);
    }
  });

  test('the same segment of another flow is no copy', () => {
    for (const other of [{ src3: 0x0a000003 }, { dst3: 0x0a000003 }, { srcPort: 40001 }, { dstPort: 81 }])
      expect(isCopy(segment(), segment(other), 0)).toBe(false);
  });

  test('segments that differ are no copies, in whichever fields', () => {
    const fields = fc.record({
      seq: fc.integer(),
      ack: fc.integer(),
      flags: fc.constantFrom(0x02, 0x10, 0x11, 0x12, 0x18, 0x04, 0x14),
      window: fc.nat(65535),
      length: fc.nat(65535),
      tsVal: fc.integer(),
      tsEcr: fc.integer(),
      ipId: fc.nat(65535),
      optionsLength: fc.constantFrom(0, 12, 20, 24),
    });
    const changed = fc.subarray(
      Object.keys(segment()).filter((name) => name in { ...FIELDS }),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(fields, fields, changed, (first, second, names) => {
        const other: Record<string, unknown> = { ...first };
        for (const name of names) other[name] = second[name as keyof typeof second];
        fc.pre(names.some((name) => other[name] !== first[name as keyof typeof first]));
        return !isCopy(segment(first), segment(other), 0);
      }),
      { numRuns: 1500 },
    );
  });

  test.each([
    ['an empty window that opens by a byte, and 256 bytes', { window: 0, length: 256 }, { window: 1, length: 0 }],
    ['a window update and 512 bytes', { window: 501, length: 512 }, { window: 503, length: 0 }],
  ])('%s are two segments', (_, first, second) => {
    expect(isCopy(segment({ ipId: 0, ...first }), segment({ ipId: 0, ...second }), 0)).toBe(false);
  });
});

const FIELDS = { seq: 0, ack: 0, flags: 0, window: 0, length: 0, tsVal: 0, tsEcr: 0, ipId: 0, optionsLength: 0 };
