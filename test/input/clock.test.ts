import { expect, test } from 'vitest';
import { CaptureClock } from '../../src/input/clock.ts';
import { CaptureRecord } from '../../src/input/types.ts';

/** A clock that has seen packets at these [seconds, nanoseconds]; null is one without a time. */
function clockOf(...times: ([number, number] | null)[]): CaptureClock {
  const clock = new CaptureClock();
  const record = new CaptureRecord();
  for (const time of times) {
    record.hasTime = time !== null;
    [record.seconds, record.nanoseconds] = time ?? [record.seconds, record.nanoseconds];
    clock.see(record);
  }
  return clock;
}

test('a first packet at second 0 begins it', () => {
  const { empty, first, last } = clockOf([0, 5]);
  expect({ empty, first, last }).toEqual({
    empty: false,
    first: { seconds: 0, nanoseconds: 5 },
    last: { seconds: 0, nanoseconds: 5 },
  });
});

test('earliest and latest, whatever the order', () => {
  const { first, last, outOfOrder, originSeconds, packets } = clockOf([7, 5], [7, 9], [7, 4], [8, 0], [6, 1], [8, 0]);
  expect([first, last]).toEqual([
    { seconds: 6, nanoseconds: 1 },
    { seconds: 8, nanoseconds: 0 },
  ]);
  expect({ outOfOrder, originSeconds, packets }).toEqual({ outOfOrder: 2, originSeconds: 7, packets: 6 });
});

test('packets without a time are counted, and tell none', () => {
  const { empty, first, last, packets } = clockOf(null, null);
  expect({ empty, first, last, packets }).toEqual({ empty: true, first: null, last: null, packets: 2 });
});
