import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { TickClock } from '../../src/input/ticks.ts';

const SECOND = 10n ** 9n;

/** The same by arbitrary precision. */
function exact(tsresol: number, ticks: bigint, offset: bigint): bigint {
  const perSecond = (tsresol & 0x80 ? 2n : 10n) ** BigInt(tsresol & 0x7f);
  return (ticks / perSecond + offset) * SECOND + ((ticks % perSecond) * SECOND) / perSecond;
}

function measured(clock: TickClock, ticks: bigint): bigint {
  clock.set(Number(ticks >> 32n), Number(ticks & 0xffff_ffffn));
  return BigInt(clock.seconds) * SECOND + BigInt(clock.nanoseconds);
}

describe('if_tsresol', () => {
  it.each([
    ['10^-6', 6, 1_700_000_000_123_456n, 1_700_000_000_123_456_000n],
    ['10^-9', 9, 1_700_000_000_123_456_789n, 1_700_000_000_123_456_789n],
    ['10^-3', 3, 1_700_000_000_123n, 1_700_000_000_123_000_000n],
    ['10^0', 0, 1_700_000_000n, 1_700_000_000_000_000_000n],
    ['10^-12', 12, 17_000_000_123_456_789_999n, 17_000_000_123_456_789n],
    ['2^-20', 0x80 | 20, (1_700_000_000n << 20n) + 1n, 1_700_000_000_000_000_953n],
    ['2^-32', 0x80 | 32, (1_700_000_000n << 32n) + 0xffff_ffffn, 1_700_000_000_999_999_999n],
    ['2^-5', 0x80 | 5, (1_700_000_000n << 5n) + 31n, 1_700_000_000_968_750_000n],
  ])('%s is exact to the nanosecond', (_, tsresol, ticks, nanoseconds) => {
    expect(measured(new TickClock(tsresol, 0n), ticks)).toBe(nanoseconds);
  });

  it('takes an offset, also a negative one', () => {
    expect(measured(new TickClock(6, -100n), 1_500_000n)).toBe(-98_500_000_000n);
    expect(measured(new TickClock(6, 3600n), 1_500_000n)).toBe(3_601_500_000_000n);
  });

  it('keeps the seconds in a range that numbers hold, whatever the file says', () => {
    const clock = new TickClock(0, 2n ** 62n);
    clock.set(0xffff_ffff, 0xffff_ffff);
    expect(Number.isSafeInteger(clock.seconds)).toBe(true);
    new TickClock(255, -(2n ** 63n)).set(1, 1);
  });
});

test('every resolution gives what arbitrary precision gives, in any order of timestamps', () => {
  const tick = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  fc.assert(
    fc.property(
      fc.oneof(fc.integer({ min: 6, max: 0x7f }), fc.integer({ min: 0x80 | 14, max: 0xff })),
      fc.array(
        fc.oneof(
          tick,
          tick.map((t) => t & 0x3_ffff_ffffn),
        ),
        { minLength: 1 },
      ),
      fc.bigInt({ min: -(2n ** 33n), max: 2n ** 33n }),
      (tsresol, ticks, offset) => {
        const clock = new TickClock(tsresol, offset);
        for (const t of ticks) {
          expect(measured(clock, t)).toBe(exact(tsresol, t, offset));
          expect(clock.nanoseconds).toBeLessThan(1e9);
        }
      },
    ),
  );
});
