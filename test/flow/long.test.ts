/** A flow so long that its sequence numbers lap. */
import { expect, test } from 'vitest';
import * as L from '../../src/flow/layout.ts';
import { FlowTracker } from '../../src/flow/tracker.ts';
import { CaptureClock } from '../../src/input/clock.ts';
import { segment } from './segments.ts';

test('payload is counted once beyond 2 GiB, however the segment is handled', () => {
  let bytes = -1;
  const tracker = new FlowTracker(
    {
      flowEnded: (flow) => {
        bytes = flow.floatOf(0, L.BYTES);
      },
      summarize: () => undefined,
      flowExpired: () => undefined,
    },
    new CaptureClock(),
  );
  const length = 65_000;
  const segments = 70_000; // 4.5 GB: more than once around
  for (let n = 0; n < segments; n++) {
    // Every hundredth has a zero window: nothing that the short path takes.
    const window = n % 100 === 0 ? 0 : 500;
    tracker.track(segment({ seq: Math.imul(n, length) | 0, length, window, seconds: n, ipId: n & 0xffff }));
  }
  tracker.finish();
  expect(bytes).toBe(length * segments);
});
