/** What must not change the result: who has which address, where sequence numbers begin, copies, and how it is stored. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import type { Flow } from '../../src/report/types.ts';
import { type CaptureForm, writeCapture } from '../scenarios/capture.ts';
import type { Packet } from '../scenarios/script.ts';
import { explained, flowOf, PCAP, reportOf, runs } from './analysis.ts';
import { conversations, plans, play, scriptOf } from './conversation.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'teardown-properties-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('exchanging the addresses of client and server exchanges them in the result, and nothing else', async () => {
  const property = fc.asyncProperty(conversations, async ({ packets }) => {
    const other = packets.map((packet) => ({ ...packet, source: packet.destination, destination: packet.source }));
    const [flow, mirrored] = [await flowOf(packets), await flowOf(other)];
    const { client, server } = flow;
    explained(flow, packets, () => {
      expect({ ...mirrored, wiresharkFilter: null }).toEqual({
        ...flow,
        client: server,
        server: client,
        wiresharkFilter: null,
      });
    });
  });
  await fc.assert(property, { numRuns: runs(200) });
});

test('sequence numbers that begin elsewhere, and wrap, change nothing', async () => {
  const number = fc.oneof(
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    fc.integer({ min: 2 ** 32 - 2000, max: 2 ** 32 - 1 }),
  );
  const property = fc.asyncProperty(plans, number, number, async (plan, client, server) => {
    const [{ packets }, shifted] = [
      play({ ...plan, isn: [1_000_000, 5_000_000] }),
      play({ ...plan, isn: [client, server] }),
    ];
    fc.pre(packets.length > 0);
    const [flow, other] = [await flowOf(packets), await flowOf(shifted.packets)];
    explained(flow, packets, () => expect(other).toEqual(flow));
  });
  await fc.assert(property, { numRuns: runs(300) });
});

test('a second copy of a packet changes nothing but the counts', async () => {
  const copies = fc.array(fc.record({ of: fc.nat(40), ttl: fc.constantFrom(63, 64), gap: fc.nat(100) }), {
    minLength: 1,
    maxLength: 10,
  });
  const property = fc.asyncProperty(conversations, copies, async ({ packets }, wanted) => {
    const doubled: Packet[] = [];
    // The number that each frame has without copies; a copy has none.
    const numbers: number[] = [];
    const counts = { client: 0, server: 0 };
    for (const [i, packet] of packets.entries()) {
      doubled.push(packet);
      numbers.push(i + 1);
      const copy = wanted.find(({ of }) => of % packets.length === i);
      if (copy === undefined) continue;
      // Right after the packet and before the next one; the last must not make the capture longer.
      const room = i + 1 < packets.length ? packets[i + 1]!.time - packet.time : 0;
      doubled.push({ ...packet, ttl: copy.ttl, time: packet.time + Math.min(copy.gap * 1000, room) });
      numbers.push(-1);
      counts[packet.sender]++;
    }
    const [report, alone] = [await reportOf(doubled), await reportOf(packets)];
    const [flow, expected] = [report.flows[0]!, alone.flows[0]!];
    explained(expected, doubled, () => {
      // Two RSTs without an IP ID that answer two segments at once are equal: they count as copies anyhow.
      expect(report.capture.duplicates).toBe(alone.capture.duplicates + counts.client + counts.server);
      expect(withoutCopies(flow, numbers)).toEqual({
        ...withoutCopies(
          expected,
          packets.map((_, i) => i + 1),
        ),
        packets: { client: expected.packets.client + counts.client, server: expected.packets.server + counts.server },
      });
    });
  });
  await fc.assert(property, { numRuns: runs(300) });
});

test('a second copy of the last packet does not make the flow longer', async () => {
  const property = fc.asyncProperty(conversations, fc.integer({ min: 1, max: 900 }), async ({ packets }, gap) => {
    const last = packets.at(-1)!;
    const [flow, copied] = [
      await flowOf(packets),
      await flowOf([...packets, { ...last, time: last.time + gap * 1000 }]),
    ];
    explained(flow, packets, () => expect(copied.lastPacket).toBe(flow.lastPacket));
  });
  await fc.assert(property, { numRuns: runs(100) });
});

/** The flow with the frame numbers that it had without copies, and without the note about them. */
function withoutCopies(flow: Flow, numbers: readonly number[]): Flow {
  const original = (frame: number) => numbers[frame - 1];
  return JSON.parse(JSON.stringify(flow), (key, value: unknown) => {
    if (key === 'frames') return (value as (number | null)[]).map((frame) => (frame === null ? null : original(frame)));
    if (key === 'frame') return value === null ? null : original(value as number);
    if (key === 'notes') return (value as string[]).filter((note) => note !== 'duplicates');
    return value;
  }) as Flow;
}

test('pcap and pcapng in both byte orders and resolutions are read alike', async () => {
  const forms: CaptureForm[] = [
    { format: 'pcap', byteOrder: 'big', resolution: 'ns' },
    { format: 'pcapng', byteOrder: 'little', resolution: 'ns' },
    { format: 'pcapng', byteOrder: 'big', resolution: 'us' },
  ];
  const property = fc.asyncProperty(conversations, fc.constantFrom(...forms), async ({ packets }, form) => {
    const [one, other] = [await reportOf(packets), await reportOf(packets, form)];
    expect({ ...other, capture: { ...other.capture, files: [] } }).toEqual({
      ...one,
      capture: { ...one.capture, files: [] },
    });
  });
  await fc.assert(property, { numRuns: runs(100) });
});

test('a capture split over two files, one after the other or both at once, is read as the whole', async () => {
  const property = fc.asyncProperty(
    conversations,
    fc.oneof(fc.nat(40), fc.constant(null)),
    fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
    async ({ packets }, cut, choices) => {
      const isFirst = (i: number) => (cut === null ? (choices[i % 40] ?? true) : i <= cut % packets.length);
      const parts = [packets.filter((_, i) => isFirst(i)), packets.filter((_, i) => !isFirst(i))];
      const files = parts
        .filter((part) => part.length > 0)
        .map((part, i) => {
          const path = join(folder, `part-${i}.pcap`);
          writeFileSync(path, writeCapture(scriptOf(part), PCAP));
          return path;
        });
      const [whole, split] = [await reportOf(packets), await analyze(files)];
      expect({ ...split, capture: { ...split.capture, files: [] } }).toEqual({
        ...whole,
        capture: { ...whole.capture, files: [] },
      });
    },
  );
  await fc.assert(property, { numRuns: runs(100) });
});
