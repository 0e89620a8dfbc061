import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runAnalysis } from '../../src/analyze.ts';
import * as L from '../../src/flow/layout.ts';
import { FlowView } from '../../src/flow/view.ts';
import { ServiceCounter, type ServiceTotals } from '../../src/report/services.ts';
import * as F from '../../src/teardown/facts.ts';
import { PCAP } from '../properties/analysis.ts';
import { type Plan, play, scriptOf } from '../properties/conversation.ts';
import { writeCapture } from '../scenarios/capture.ts';
import type { Packet, SocketAddress } from '../scenarios/script.ts';

type Steps = Plan['steps'];

const PLAN: Plan = {
  ...{ toClient: 30, toServer: 30, listens: true, timestamps: true, isn: [1, 1] },
  ...{ steps: [], fates: [] },
};
const closes = (by: 0 | 1, after = 1000): Steps[number] => ({ after, by, what: 'close', length: 0 });
const aborts = (by: 0 | 1): Steps[number] => ({ after: 1000, by, what: 'abort', length: 0 });

function service(address: number, port: number): SocketAddress {
  return { address: Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address), port };
}

/** Counts flows to services, each with a client port of its own; `steps` null: nobody listens. */
async function count(flows: { to: SocketAddress; steps: Steps | null }[]): Promise<ServiceTotals> {
  const packets = flows.flatMap(({ to, steps }, i): Packet[] => {
    const client = { address: Uint8Array.of(10, 1, i >> 14, 1), port: 40_000 + (i & 0x3fff) };
    const made = play({ ...PLAN, listens: steps !== null, steps: steps ?? [] });
    return made.packets.map((packet) => ({
      ...packet,
      time: packet.time + i * 1e9,
      source: packet.sender === 'client' ? client : to,
      destination: packet.sender === 'client' ? to : client,
    }));
  });
  const stdin = Readable.from([Buffer.from(writeCapture(scriptOf(packets), PCAP))]);
  return (await runAnalysis(['-'], { stdin })).services;
}

describe('who closes first, by service', () => {
  test('counts how the flows of each ended, whichever end has the lower address', async () => {
    const ways: Steps[] = [
      [closes(0), closes(1)],
      [closes(1), closes(0)],
      [closes(1), aborts(1)],
      [closes(0), closes(1, 0)],
      [aborts(0)],
      [],
    ];
    const [high, low] = [service(0x0b000001, 80), service(0x09000001, 80)];
    const flows = [high, low].flatMap((to) => [...ways.map((steps) => ({ to, steps })), { to, steps: null }]);
    const ends = { port: 80, flows: 7, client: 1, server: 2, both: 1, unknown: 0, reset: 2, notClosed: 1 };
    const { services, others } = await count(flows);
    expect(services).toHaveLength(2);
    expect(services).toContainEqual({ address: '11.0.0.1', ...ends });
    expect(services).toContainEqual({ address: '9.0.0.1', ...ends });
    expect(others).toBe(0);
  });

  test('lists the busiest first, then by port', async () => {
    const { services } = await count([443, 22, 80, 80].map((port) => ({ to: service(1 << 24, port), steps: [] })));
    expect(services.map(({ port, flows }) => [port, flows])).toEqual([
      [80, 2],
      [22, 1],
      [443, 1],
    ]);
  });

  test('tells all servers of a scan apart', async () => {
    const hosts = Array.from({ length: 300 }, (_, i) => ({ to: service(0x0b000000 + i, 80), steps: null }));
    const ports = Array.from({ length: 10_500 }, (_, i) => ({ to: service(0x0a000002, 1000 + i), steps: null }));
    const known = { to: service(0x0b000000, 80), steps: [closes(0), closes(1)] };
    const { services, others } = await count([...hosts, ...ports, known]);
    expect([services.length, others]).toEqual([10_800, 0]);
    expect(services[0]).toMatchObject({ address: '11.0.0.0', flows: 2, reset: 1, client: 1 });
  });
});

describe('ServiceCounter', () => {
  const view = new FlowView();
  const ints = new Int32Array(L.RECORD_WORDS);
  view.pointAt(ints, new Float64Array(ints.buffer), 0);
  /** Counts a flow to a server of IPv6, or IPv4 where `host` says so. */
  function add(
    counter: ServiceCounter,
    host: readonly [number, number],
    port: number,
    serverSide: 0 | 1,
    n: number,
  ): void {
    ints.fill(0);
    ints.set([0, host[0], 0xffff, host[1]], serverSide === 0 ? L.ADDRESS_0 : L.ADDRESS_1);
    ints[L.PORTS] = serverSide === 0 ? (port << 16) | 40_000 : (40_000 << 16) | port;
    ints[L.FLAGS] = serverSide === 0 ? L.FLOW_1_IS_CLIENT : 0;
    counter.add(view, n % F.KINDS.length, n % 5);
  }

  test('counts the same whatever the order, and however the flows are shared out', () => {
    const host = fc.tuple(fc.nat(1), fc.oneof(fc.nat(3), fc.integer()));
    const flow = fc.record({
      host,
      port: fc.oneof(fc.nat(3), fc.nat(65_535)),
      side: fc.constantFrom(0, 1),
      n: fc.nat(39),
    });
    fc.assert(
      fc.property(fc.array(flow, { maxLength: 200 }), (flows) => {
        const one = new ServiceCounter();
        for (const { host, port, side, n } of flows) add(one, host, port, side as 0 | 1, n);
        const shares = [new ServiceCounter(), new ServiceCounter()];
        for (const { host, port, side, n } of flows.toReversed()) add(shares[n % 2]!, host, port, side as 0 | 1, n);
        shares[0]!.merge(structuredClone(shares[1]!));
        expect(shares[0]!.result()).toEqual(one.result());

        const naive = new Map<string, number>();
        for (const { host, port } of flows) {
          const key = `${host.join()} ${port}`;
          naive.set(key, (naive.get(key) ?? 0) + 1);
        }
        const counted = one.result().services.map((service) => service.flows);
        expect(counted).toEqual([...naive.values()].sort((a, b) => b - a));
      }),
      { numRuns: 300 },
    );
  });

  test('does not tell of services that were located and never counted', () => {
    const [own, other] = [new ServiceCounter(), new ServiceCounter()];
    for (const counter of [own, other]) {
      add(counter, [0, 1], 80, 0, 0);
      ints[L.PORTS] = (81 << 16) | 40_000;
      expect(counter.locate(view)).toBe(1);
    }
    own.merge(structuredClone(other));
    expect(own.result().services.map(({ port, flows }) => [port, flows])).toEqual([[80, 2]]);
  });

  test('keeps to its limits when merged, and loses no flow', () => {
    const shares = [0, 1].map((share) => {
      const counter = new ServiceCounter();
      for (let i = 0; i < 70_000; i++) add(counter, [share, i >> 8], 1000 + (i & 0xff), 0, 0);
      return counter;
    });
    shares[0]!.merge(shares[1]!);
    const { services, others } = shares[0]!.result();
    expect(services).toHaveLength(131_072);
    expect(services.reduce((sum, { flows }) => sum + flows, others)).toBe(140_000);
  });

  test('counts each server in full, however many there are on a port and however its flows were shared out', () => {
    const shares = [new ServiceCounter(), new ServiceCounter()];
    for (let i = 0; i < 6000; i++) add(shares[i % 2]!, [1, (i >> 1) % 600], 443, 0, 0);
    shares[0]!.merge(shares[1]!);
    const { services, others } = shares[0]!.result();
    expect([services.length, others]).toEqual([600, 0]);
    expect(new Set(services.map(({ flows }) => flows))).toEqual(new Set([10]));
  });
});
