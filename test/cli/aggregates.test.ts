/** A-MSDU from the file to the report: flows whose segments come in one frame. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aggregate, msdu, snap } from '../decode/tunnels.ts';
import { frameBytes } from '../scenarios/frames.ts';
import { parseScript } from '../scenarios/script.ts';
import { CLI, temporaryFolder } from './run.ts';
import { closedBy } from './wrapped.ts';

// The program as it is shipped: the other threads run a file of it.
const { analyze } = (await import(join(CLI, '../index.js'))) as typeof import('../../src/index.ts');

const IEEE802_11 = 105;
const FLOWS = 6;

/** Six connections side by side: each frame has a segment of every one. */
function capture(): string {
  const flows = Array.from({ length: FLOWS }, (_, i) => {
    const script = `client 10.0.0.1:${50_000 + 7 * i}\n${closedBy(i % 2 === 0 ? 'client' : 'server', 0)}`;
    const lines = script.split('\n').map((text, index) => ({ number: index + 1, text: text.trim() }));
    return parseScript(lines.filter(({ text }) => text !== '')).packets;
  });
  const words = (...values: number[]) => Buffer.from(new Uint32Array(values).buffer);
  const parts = [words(0xa1b2c3d4, 0x0004_0002, 0, 0, 262_144, IEEE802_11)];
  flows[0]!.forEach((_, i) => {
    const frame = aggregate(flows.map((packets) => msdu(snap(Array.from(frameBytes(packets[i]!, 'raw', []))))));
    parts.push(words(1_700_000_000 + i, 0, frame.length, frame.length), Buffer.from(frame));
  });
  const path = join(temporaryFolder(), 'aggregates.pcap');
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

test('flows of one frame are told apart, numbered by their order in it, whatever the number of threads', async () => {
  const path = capture();
  const report = await analyze([path], { threads: 1 });
  expect(report.capture).toMatchObject({ packets: 9, tcpPackets: 54, skipped: {} });
  expect(report.flows.map(({ client, initiator }) => [client.port, initiator])).toEqual(
    Array.from({ length: FLOWS }, (_, i) => [50_000 + 7 * i, i % 2 === 0 ? 'client' : 'server']),
  );
  for (const { endpoints, packets } of report.flows) {
    expect(packets.client + packets.server).toBe(9);
    const closer = [endpoints.client, endpoints.server].find(({ role }) => role === 'active-closer')!;
    expect(closer.states.find(({ state }) => state === 'FIN_WAIT_1')!.frames).toEqual([6, 7]);
  }
  for (const threads of [2, 3, 4]) expect(await analyze([path], { threads })).toEqual(report);
});
