/** What holds of every flow, whatever the conversation. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Endpoint, Flow, Span } from '../../src/report/types.ts';
import { STATE_NAMES, type StateName } from '../../src/tcp/states.ts';
import { TRANSITIONS } from '../../src/tcp/transitions.ts';
import { explained, nanoseconds, reportOf, runs } from './analysis.ts';
import { conversations } from './conversation.ts';

function follows(from: StateName, to: StateName): boolean {
  return TRANSITIONS.some(([before, , after]) => before === from && after === to);
}

function checkSpans(spans: readonly Span[], lastPacket: bigint): void {
  for (const [i, span] of spans.entries()) {
    const next = spans[i + 1];
    expect(STATE_NAMES).toContain(span.state);
    expect(span.open).toBe(span.to === null);
    if (next !== undefined) expect(span.to).toBe(next.from);
    else expect(span.open).toBe(span.state !== 'CLOSED');
    const end = span.to === null ? lastPacket : nanoseconds(span.to);
    const length = end - nanoseconds(span.from);
    expect(span.to === null ? 0n : length).toBeGreaterThanOrEqual(0n);
    if (span.seconds !== null) expect(BigInt(Math.round(span.seconds * 1e9))).toBe(length > 0n ? length : 0n);
    if (span.plusMinus !== null) expect(span.plusMinus).toBeGreaterThanOrEqual(0);
  }
}

function checkPath(spans: readonly Span[]): void {
  const states = spans.map((span) => span.state as StateName);
  const [first] = states;
  if (first === undefined) return;
  expect(follows('CLOSED', first) || follows('LISTEN', first), `begins with ${first}`).toBe(true);
  for (const [i, state] of states.entries()) {
    if (i > 0) expect(follows(states[i - 1]!, state), `${states[i - 1]} to ${state}`).toBe(true);
  }
  expect(new Set(states).size).toBe(states.length);
}

function checkDurations(endpoint: Endpoint): void {
  const seconds = (state: string) => endpoint.states.find((span) => span.state === state)?.seconds ?? null;
  expect(endpoint.finWait1Seconds).toBe(seconds('FIN_WAIT_1'));
  expect(endpoint.closingSeconds).toBe(seconds('CLOSING'));
  expect(endpoint.timeWaitSeconds).toBe(seconds('TIME_WAIT'));
  expect(endpoint.closeWaitSeconds).toBe(seconds('CLOSE_WAIT'));
  expect(endpoint.lastAckSeconds).toBe(seconds('LAST_ACK'));
  if (endpoint.finWait2Seconds !== null) expect(endpoint.finWait2Seconds).toBe(seconds('FIN_WAIT_2'));
}

function checkWhole(flow: Flow): void {
  const { client, server } = flow.endpoints;
  const fins = [client, server].filter((endpoint) => endpoint.finAt !== null).length;
  if (flow.kind === 'graceful' || flow.kind === 'simultaneous') expect(fins).toBe(2);
  expect(flow.kind === 'simultaneous').toBe(flow.closeShape === 'simultaneous');
  if (flow.kind === 'simultaneous') {
    const names = [client, server].flatMap(({ states }) => states.map(({ state }) => state));
    expect(names).not.toContain('CLOSE_WAIT');
    expect(names).not.toContain('LAST_ACK');
  }
  if (flow.kind === 'open' || flow.kind === 'unanswered') expect([flow.initiator, flow.closedAt]).toEqual([null, null]);
  for (const { finAt, finAckedAt, timeWait, states } of [client, server]) {
    if (finAt !== null && finAckedAt !== null) {
      expect(nanoseconds(finAckedAt)).toBeGreaterThanOrEqual(nanoseconds(finAt));
    }
    expect(timeWait !== null).toBe(states.some((span) => span.state === 'TIME_WAIT'));
  }
}

test('spans touch, are in order, last as long as they say, and are a path through the transition table', async () => {
  const property = fc.asyncProperty(conversations, async ({ packets }) => {
    const { capture, flows } = await reportOf(packets);
    const flow = flows[0]!;
    explained(flow, packets, () => {
      const last = nanoseconds(capture.lastPacket!);
      for (const endpoint of [flow.endpoints.client, flow.endpoints.server]) {
        checkSpans(endpoint.states, last);
        checkPath(endpoint.states);
        checkDurations(endpoint);
      }
      checkWhole(flow);
    });
  });
  await fc.assert(property, { numRuns: runs(1000) });
});
