/** Flows that leave the table before their end, as there are too many. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ACK, FIN, SYN } from '../../src/decode/segment.ts';
import { shareOfSegment } from '../../src/decode/shares.ts';
import { CROWD } from '../../src/flow/crowd.ts';
import * as L from '../../src/flow/layout.ts';
import { FlowTracker } from '../../src/flow/tracker.ts';
import type { FlowView } from '../../src/flow/view.ts';
import { CaptureClock } from '../../src/input/clock.ts';
import { CaptureRecord } from '../../src/input/types.ts';
import { reversed, segment } from './segments.ts';

const usual = { ...CROWD };
beforeEach(() => Object.assign(CROWD, { every: 1024, mostUnits: 60 }));
afterEach(() => Object.assign(CROWD, usual));

/** A segment of the connection with this number. */
function of(number: number, flags: number, fromServer = false) {
  const made = segment({ src3: 0x0a000000 + number, srcPort: 1024 + number, flags, ipId: 1 + (number & 0xff) });
  return fromServer ? { ...reversed(made), flags, copyFrom: made.copyFrom, enterLayer: made.enterLayer } : made;
}

type Step = [number: number, flags: number, fromServer?: boolean];

/** Tracks the segments, 10 ms apart, of one share, and tells which flows left and after how many segments; -1: at the end. */
function play(steps: Step[], share = 0, shares = 1) {
  const clock = new CaptureClock();
  const left: [number: number, after: number][] = [];
  let after = 0;
  const leave = (flow: FlowView) => void left.push([(flow.word(L.PORTS) >>> 16) - 1024, after]);
  const tracker = new FlowTracker({ flowEnded: leave, flowExpired: leave, summarize: () => undefined }, clock, shares);
  const record = new CaptureRecord();
  steps.forEach(([number, flags, fromServer], i) => {
    const made = of(number, flags, fromServer);
    made.frame = i + 1;
    record.seconds = made.seconds = 1000 + Math.floor(i / 100);
    record.nanoseconds = made.nanoseconds = (i % 100) * 10_000_000;
    clock.see(record);
    after = i;
    if (shareOfSegment(made, shares) === share) tracker.track(made);
    else tracker.pass(made);
  });
  after = -1;
  tracker.finish();
  return { left, early: left.filter(([, when]) => when >= 0).map(([number]) => number), givenUp: tracker.givenUp };
}

const opened = (number: number): Step[] => [
  [number, SYN],
  [number, SYN | ACK, true],
  [number, ACK],
];

describe('a crowd of flows', () => {
  test('is left alone while it is small', () => {
    const { early, givenUp } = play(
      Array.from({ length: 40 }, (_, i): Step => [i, SYN]).concat(Array(2000).fill([0, ACK])),
    );
    expect([early, givenUp]).toEqual([[], 0]);
  });

  test('loses those first that nobody answered, the oldest of them, and no open one', () => {
    const open = Array.from({ length: 20 }, (_, i) => opened(i)).flat();
    const flood = Array.from({ length: 3000 }, (_, i): Step => [100 + i, SYN]);
    const { left, early, givenUp } = play([...open, ...flood]);
    expect(givenUp).toBe(early.length);
    expect(givenUp).toBeGreaterThan(1500);
    expect(early.every((number) => number >= 100)).toBe(true);
    // Within a class the older go first: what is left is the newest of each.
    const kept = left.filter(([number, when]) => when < 0 && number >= 100).map(([number]) => number);
    expect(Math.min(...kept.slice(-100))).toBeGreaterThan(1500);
    expect(left).toHaveLength(3020);
    expect(new Set(left.map(([number]) => number)).size).toBe(3020);
  });

  test('loses open ones too where there is nothing else, and a later packet of one is a flow of its own', () => {
    const { givenUp, left } = play([...Array.from({ length: 1000 }, (_, i) => opened(i)).flat(), [0, ACK, true]]);
    expect(givenUp).toBeGreaterThan(300);
    // Its first packet is the server's, from port 80.
    const numbers = left.map(([number]) => number);
    expect([numbers.includes(0), numbers.includes(80 - 1024)]).toEqual([true, true]);
    expect(left).toHaveLength(1001);
  });

  test('does not count those whose end was seen', () => {
    const closed = (number: number): Step[] => [
      ...opened(number),
      [number, FIN | ACK],
      [number, FIN | ACK, true],
      [number, ACK],
    ];
    const { early, givenUp } = play(Array.from({ length: 600 }, (_, i) => closed(i)).flat());
    expect(early.length).toBeGreaterThan(100);
    expect(givenUp).toBe(0);
  });

  test('loses the same flows at the same time however many shares there are', () => {
    const steps: Step[] = [];
    for (let i = 0; i < 2500; i++) steps.push(...(i % 5 === 0 ? opened(i) : [[i, SYN] as Step]));
    const alone = play(steps);
    expect(alone.givenUp).toBeGreaterThan(500);
    for (const shares of [2, 3, 4]) {
      const parts = Array.from({ length: shares }, (_, share) => play(steps, share, shares));
      const byNumber = (a: readonly [number, number], b: readonly [number, number]) => a[0] - b[0];
      expect(parts.flatMap(({ left }) => left).sort(byNumber)).toEqual(alone.left.sort(byNumber));
      expect(parts.reduce((sum, { givenUp }) => sum + givenUp, 0)).toBe(alone.givenUp);
    }
  });
});
