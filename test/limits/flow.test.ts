/** The bounds of docs/limits.md on a single connection. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACK, CLIENT, FIN, SERVER, SYN } from '../../bench/frames.ts';
import { analyze } from '../../src/analyze.ts';
import { segmentsOf } from '../../src/segments.ts';
import { oneFlow, Writer } from './hostile.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'teardown-limits-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function flowOf(name: string, chunks: Iterable<Uint8Array>) {
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat(Array.from(chunks, (chunk) => Uint8Array.from(chunk))));
  const { flows } = await analyze([path]);
  expect(flows).toHaveLength(1);
  return { path, flow: flows[0]! };
}

describe('of a connection', () => {
  it('first FINs are kept, however many segments came before that matter', async () => {
    const writer = new Writer();
    for (let n = 0; n < 300; n++) {
      writer.micros += 10_000;
      writer.send(CLIENT, SYN, 100);
    }
    writer.send(SERVER, SYN | ACK, 300, 101);
    writer.send(CLIENT, ACK, 101, 301);
    writer.micros += 10_000;
    writer.send(CLIENT, FIN | ACK, 101, 301);
    writer.send(SERVER, FIN | ACK, 301, 102);
    const { flow } = await flowOf('trail', writer.rest());
    expect(flow).toMatchObject({ kind: 'graceful', initiator: 'client', packets: { client: 302, server: 2 } });
    expect(flow.notes).toContain('trail-cut');
  });

  it('255 retransmitted FINs are counted', async () => {
    const writer = new Writer();
    for (let n = 0; n < 400; n++) {
      writer.micros += 200_000;
      writer.send(CLIENT, FIN | ACK, 101, 301);
    }
    const { flow } = await flowOf('fins', writer.rest());
    expect(flow.endpoints.client.finRetransmissions).toBe(255);
    expect(flow.packets.client).toBe(400);
  });

  it('the ladder has 20,000 segments, and says how many more there are', async () => {
    const { path, flow } = await flowOf('ladder', oneFlow(20_050));
    const { segments, more } = await segmentsOf([path], flow);
    expect([segments.length, more]).toEqual([20_000, 50]);
  });
});
