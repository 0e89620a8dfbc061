import { describe, expect, test } from 'vitest';
import { ServiceCounter } from '../../src/report/services.ts';
import * as F from '../../src/teardown/facts.ts';
import { segment } from '../flow/segments.ts';
import { viewOf } from './views.ts';

/** A flow to a service that ended so; `initiator` is 'client' or 'server', or one of the numbers of facts.ts. */
function add(
  counter: ServiceCounter,
  to: { dst3?: number; dstPort?: number },
  kind: number,
  initiator: number | string,
) {
  const view = viewOf(segment(to));
  const facts = new F.Facts();
  facts.client = view.clientSide;
  facts.kind = kind;
  if (typeof initiator === 'number') facts.initiator = initiator;
  else facts.initiator = initiator === 'client' ? facts.client : 1 - facts.client;
  counter.add(view, facts);
}

describe('ServiceCounter', () => {
  test('counts how the flows of a service ended, whichever end has the lower address', () => {
    const counter = new ServiceCounter();
    for (const dst3 of [0x0a000002, 0x09000001]) {
      add(counter, { dst3 }, F.KIND_GRACEFUL, 'client');
      add(counter, { dst3 }, F.KIND_ABORTED_AFTER_FIN, 'server');
      add(counter, { dst3 }, F.KIND_GRACEFUL, 'server');
      add(counter, { dst3 }, F.KIND_SIMULTANEOUS, F.BOTH);
      add(counter, { dst3 }, F.KIND_GRACEFUL, F.UNKNOWN);
      add(counter, { dst3 }, F.KIND_ABORTED, 'client');
      add(counter, { dst3 }, F.KIND_REFUSED, 'server');
      add(counter, { dst3 }, F.KIND_OPEN, F.NOBODY);
    }
    const ends = { port: 80, flows: 8, client: 1, server: 2, both: 1, unknown: 1, reset: 2, notClosed: 1 };
    const { services, others } = counter.result();
    expect(services).toHaveLength(2);
    expect(services).toEqual(
      expect.arrayContaining([
        { address: '10.0.0.2', ...ends },
        { address: '9.0.0.1', ...ends },
      ]),
    );
    expect(others).toBe(0);
  });

  test('lists the busiest first, then by port', () => {
    const counter = new ServiceCounter();
    for (const dstPort of [443, 22, 80, 80]) add(counter, { dstPort }, F.KIND_OPEN, F.NOBODY);
    expect(counter.result().services.map(({ port, flows }) => [port, flows])).toEqual([
      [80, 2],
      [22, 1],
      [443, 1],
    ]);
  });

  test('counts the rest of a scan as others, and goes on counting what it knows', () => {
    const counter = new ServiceCounter();
    for (let i = 0; i < 300; i++) add(counter, { dst3: 0x0b000000 + i }, F.KIND_REFUSED, 'server');
    for (let port = 1; port <= 11_000; port++) add(counter, { dstPort: 1000 + port }, F.KIND_REFUSED, 'server');
    add(counter, { dst3: 0x0b000000 }, F.KIND_GRACEFUL, 'client');
    const { services, others } = counter.result();
    expect([services.length, others]).toEqual([10_000, 44 + 11_000 - (10_000 - 256)]);
    expect(services[0]).toMatchObject({ address: '11.0.0.0', flows: 2, reset: 1, client: 1 });
  });
});
