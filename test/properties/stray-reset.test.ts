/** An RST that nobody can take changes nothing but the count of those that were ignored. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ACK, RST } from '../../src/decode/segment.ts';
import type { Flow } from '../../src/report/types.ts';
import type { Packet } from '../scenarios/script.ts';
import { explained, flowOf } from './analysis.ts';
import { conversations } from './conversation.ts';

/** Further from all that was sent than any window here: conversations are some kilobytes long. */
const away = fc.oneof(
  fc.integer({ min: 1 << 20, max: 2 ** 31 - (1 << 21) }),
  fc.integer({ min: -(2 ** 31) + (1 << 21), max: -(1 << 20) }),
);
const stray = fc.record({
  at: fc.nat(1000),
  fromClient: fc.boolean(),
  acks: fc.boolean(),
  seq: away,
  ack: away,
  window: fc.constantFrom(0, 502),
  ttl: fc.constantFrom(64, 57, 250),
  ipId: fc.constantFrom(0, 7, 50_000),
});

/** How the flow ended. Times of states are left out: after an RST each segment is kept, which can tell them better. */
function end({
  kind,
  closeShape,
  initiator,
  closedAt,
  bytes,
  handshake,
  orientation,
  reset,
  endpoints,
}: Flow): unknown {
  const ends = [endpoints.client, endpoints.server].map(({ role, states, finAt, finAckedAt, timeWait }) => ({
    ...{ role, finAt, finAckedAt, endedBy: timeWait?.endedBy ?? null },
    states: states.map(({ state }) => state),
  }));
  const { by = null, at = null, cause = null } = reset ?? {};
  return { kind, closeShape, initiator, closedAt, bytes, handshake, orientation, by, at, cause, ends };
}

test('an RST with numbers from outside the window changes nothing but the count of ignored ones', async () => {
  const property = fc.asyncProperty(conversations, stray, async ({ packets }, reset) => {
    fc.pre(packets.length > 1);
    // Between two packets: not the first, which opens the flow, and not the last, which ends the capture.
    const before = 1 + (reset.at % (packets.length - 1));
    const like = packets.find(({ sender }) => (sender === 'client') === reset.fromClient) ?? packets[0]!;
    const peer = packets.find(({ sender }) => sender !== like.sender);
    const inserted: Packet = {
      ...like,
      time: packets[before - 1]!.time,
      flags: reset.acks ? RST | ACK : RST,
      seq: (like.seq + reset.seq) >>> 0,
      ack: reset.acks ? ((peer?.seq ?? 0) + reset.ack) >>> 0 : 0,
      payloadLength: 0,
      window: reset.window,
      options: [],
      ttl: reset.ttl,
      ipId: reset.ipId,
    };
    const disturbed = [...packets.slice(0, before), inserted, ...packets.slice(before)];
    const [flow, other] = [await flowOf(packets), await flowOf(disturbed)];
    explained(other, disturbed, () => {
      expect(end(other)).toEqual(end(flow));
      expect(other.reset?.ignored).toBe((flow.reset?.ignored ?? 0) + 1);
    });
  });
  await fc.assert(property, { numRuns: 400 });
});
