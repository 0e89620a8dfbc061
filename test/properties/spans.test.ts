/** What holds of every flow, whatever the conversation. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { faultsOf, nanoseconds } from '../../fuzz/invariants.ts';
import type { Flow, Span } from '../../src/report/types.ts';
import type { StateName } from '../../src/tcp/states.ts';
import { TRANSITIONS } from '../../src/tcp/transitions.ts';
import { explained, reportOf, runs } from './analysis.ts';
import { conversations } from './conversation.ts';

function follows(from: StateName, to: StateName): boolean {
  return TRANSITIONS.some(([before, , after]) => before === from && after === to);
}

function checkPath(spans: readonly Span[]): void {
  const states = spans.map((span) => span.state as StateName);
  const [first] = states;
  if (first === undefined) return;
  expect(follows('CLOSED', first) || follows('LISTEN', first), `begins with ${first}`).toBe(true);
  for (const [i, state] of states.entries()) {
    if (i > 0) expect(follows(states[i - 1]!, state), `${states[i - 1]} to ${state}`).toBe(true);
  }
}

/** What a conversation without tricks has beyond what holds of every flow. */
function checkWhole(flow: Flow): void {
  const { client, server } = flow.endpoints;
  if (flow.kind === 'simultaneous') {
    const names = [client, server].flatMap(({ states }) => states.map(({ state }) => state));
    expect(names).not.toContain('CLOSE_WAIT');
    expect(names).not.toContain('LAST_ACK');
  }
  for (const { finAt, finAckedAt } of [client, server]) {
    if (finAt !== null && finAckedAt !== null) {
      expect(nanoseconds(finAckedAt)).toBeGreaterThanOrEqual(nanoseconds(finAt));
    }
  }
}

test('spans touch, are in order, last as long as they say, and are a path through the transition table', async () => {
  const property = fc.asyncProperty(conversations, async ({ packets }) => {
    const report = await reportOf(packets);
    const flow = report.flows[0]!;
    explained(flow, packets, () => {
      expect(faultsOf(report)).toEqual([]);
      for (const { states } of [flow.endpoints.client, flow.endpoints.server]) checkPath(states);
      checkWhole(flow);
    });
  });
  await fc.assert(property, { numRuns: runs(1000) });
});
