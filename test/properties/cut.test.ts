/**
 * A capture that ends earlier tells less, but what it settles stays.
 *
 * Settled, once it is told:
 * - who is client and which flow it is; when a FIN was first seen, and when it was first acknowledged: these are single
 *   segments, and later ones can't be earlier;
 * - who began the close, once a FIN is acknowledged: the FIN that began it came before its acknowledgement;
 * - kind, which goes forward only: unanswered or open, half-closed, graceful or simultaneous;
 * - once both FINs are acknowledged: kind, initiator, the shape of the close and closedAt; and of each end's states
 *   those that were over by then.
 *
 * Not settled, and so not checked: that the handshake is complete, since the third segment may not have arrived (then
 * the SYN-ACK comes again); the last state of each end, since the acknowledgement that ended the one before may
 * not have arrived (then the FIN comes again); whether an RST was effective, since an end that goes on did not take it;
 * times at a far end, which the smallest round trip corrects, and a smaller one may come; and what the end of the
 * capture ends: `seconds` of open spans, `timeWait.endedBy`, notes.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Endpoint, Flow } from '../../src/report/types.ts';
import { explained, flowOf, runs, statesOf } from './analysis.ts';
import { conversations } from './conversation.ts';

function isClosedByBoth({ endpoints: { client, server } }: Flow): boolean {
  return [client, server].every(({ finAt, finAckedAt }) => finAt !== null && finAckedAt !== null);
}

/** Names and first frames of the states that were over. */
function past({ states }: Endpoint): string[] {
  const over = states.filter(({ state }) => state !== 'CLOSED' && state !== 'TIME_WAIT');
  return over.slice(0, -1).map(({ state }) => state);
}

const PROGRESS: Partial<Record<Flow['kind'], number>> = {
  unanswered: 0,
  open: 0,
  'half-closed': 1,
  graceful: 2,
  simultaneous: 2,
};

function checkSettled(before: Flow, after: Flow): void {
  const identity = ({ id, communityId, client, server, orientation, firstPacket }: Flow) => ({
    ...{ id, communityId, client, server, orientation, firstPacket },
  });
  expect(identity(after)).toEqual(identity(before));
  for (const side of ['client', 'server'] as const) {
    const [then, now] = [before.endpoints[side], after.endpoints[side]];
    if (then.finAt !== null) expect(now.finAt).toBe(then.finAt);
    if (then.finAckedAt !== null) expect(now.finAckedAt).toBe(then.finAckedAt);
    expect(now.finRetransmissions).toBeGreaterThanOrEqual(then.finRetransmissions);
    expect(now.halfCloseBytes).toBeGreaterThanOrEqual(then.halfCloseBytes);
    expect(after.packets[side]).toBeGreaterThanOrEqual(before.packets[side]);
    expect(after.bytes[side]).toBeGreaterThanOrEqual(before.bytes[side]);
  }
  const isReset = before.reset !== null && before.reset.at !== null;
  if (!isReset && after.reset === null) {
    expect(PROGRESS[after.kind]).toBeGreaterThanOrEqual(PROGRESS[before.kind]!);
    const { initiator } = before;
    const isSettled =
      (initiator === 'client' || initiator === 'server') && before.endpoints[initiator].finAckedAt !== null;
    if (isSettled) expect(after.initiator).toBe(initiator);
  }
  if (!isClosedByBoth(before) || isReset) return;
  const close = ({ kind, initiator, closeShape, closedAt }: Flow) => ({ kind, initiator, closeShape, closedAt });
  expect(close(after)).toEqual(close(before));
  for (const side of ['client', 'server'] as const) {
    const then = past(before.endpoints[side]);
    expect(past(after.endpoints[side]).slice(0, then.length)).toEqual(then);
  }
}

test('cutting the capture after any packet leaves what was settled', async () => {
  const property = fc.asyncProperty(conversations, async ({ packets }) => {
    let before: Flow | null = null;
    for (let count = 1; count <= Math.min(packets.length, 40); count++) {
      const after = await flowOf(packets.slice(0, count));
      const cut = before;
      if (cut !== null) {
        explained(after, packets.slice(0, count), () => {
          try {
            checkSettled(cut, after);
          } catch (error) {
            throw new Error(`${String(error)}\none packet earlier:\n${statesOf(cut)}\nnow:`);
          }
        });
      }
      before = after;
    }
  });
  await fc.assert(property, { numRuns: runs(150) });
});
