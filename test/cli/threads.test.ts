/** However many threads share the work, the report is the same. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { captureChunks } from '../../bench/capture.ts';
import { CLI } from './run.ts';

// The program as it is shipped: the other threads run a file of it.
const { analyze } = (await import(join(CLI, '../index.js'))) as typeof import('../../src/index.ts');

const captures = readdirSync('fixtures', { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.pcap(ng)?$/.test(name))
  .map((name) => join('fixtures', name));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'teardown-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('with several threads', () => {
  it('every capture of the fixtures gives the report of one thread', async () => {
    for (const file of captures) {
      const alone = await analyze([file], { threads: 1 });
      for (const threads of [2, 3]) expect(await analyze([file], { threads }), file).toEqual(alone);
    }
  });

  it('several files read as one do too', async () => {
    const files = captures.filter((name) => name.includes('stories')).slice(0, 3);
    expect(await analyze(files, { threads: 2 })).toEqual(await analyze(files, { threads: 1 }));
  });

  it('so does a load of every kind of connection, and the same flows are the most interesting', async () => {
    const path = join(folder, 'load.pcap');
    const bytes = Array.from(captureChunks('short-connections', 20_000, 7), (chunk) => Buffer.from(chunk));
    writeFileSync(path, Buffer.concat(bytes));
    for (const maxFlows of [0, 700, 100_000]) {
      const alone = await analyze([path], { threads: 1, maxFlows });
      expect(alone.totals.flows).toBe(20_000);
      expect(await analyze([path], { threads: 4, maxFlows })).toEqual(alone);
    }
  });

  it('so do closes whose last ACK is missing, over more than a quarter of an hour', async () => {
    const path = join(folder, 'no-last-ack.pcap');
    writeFileSync(path, closes(4000, 300));
    const alone = await analyze([path], { threads: 1 });
    // Sixty seconds of TIME_WAIT, one flow each 300 ms.
    expect(alone.totals.timeWait).toMatchObject({ count: 4000, peak: 200 });
    for (const threads of [2, 3, 4]) expect(await analyze([path], { threads })).toEqual(alone);
  });

  it('a file that is damaged is told of once', async () => {
    const path = join(folder, 'cut.pcap');
    const bytes = Array.from(captureChunks('short-connections', 500, 7), (chunk) => Buffer.from(chunk));
    writeFileSync(path, Buffer.concat(bytes).subarray(0, -7));
    const report = await analyze([path], { threads: 2 });
    expect(report).toEqual(await analyze([path], { threads: 1 }));
    expect(report.capture.damage).toHaveLength(1);
  });
});

/** Flows that close in six segments, without the last ACK, one beginning every so many milliseconds; Ethernet, IPv4. */
function closes(flows: number, every: number): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt32LE(0x00040002, 4);
  head.writeUInt32LE(65535, 16);
  head.writeUInt32LE(1, 20);
  const steps = [
    [0, 100, 0, 0x02],
    [1, 300, 101, 0x12],
    [0, 101, 301, 0x10],
    [0, 101, 301, 0x11],
    [1, 301, 102, 0x10],
    [1, 301, 102, 0x11],
  ] as const;
  const records: [number, Buffer][] = [];
  for (let n = 0; n < flows; n++) {
    steps.forEach(([from, seq, ack, flags], step) => {
      const at = n * every * 1000 + step * 10;
      const record = Buffer.alloc(16 + 54);
      record.writeUInt32LE(1_700_000_000 + Math.floor(at / 1e6), 0);
      record.writeUInt32LE(at % 1e6, 4);
      record.writeUInt32LE(54, 8);
      record.writeUInt32LE(54, 12);
      record.writeUInt16BE(0x0800, 28);
      record.writeUInt8(0x45, 30);
      record.writeUInt16BE(40, 32);
      record.writeUInt16BE(n & 0xffff, 34);
      record.writeUInt8(64, 38);
      record.writeUInt8(6, 39);
      record.writeUInt32BE(0x0a000001 + from, 42);
      record.writeUInt32BE(0x0a000002 - from, 46);
      const port = 20_000 + n;
      record.writeUInt16BE(from === 0 ? port : 80, 50);
      record.writeUInt16BE(from === 0 ? 80 : port, 52);
      record.writeUInt32BE(seq, 54);
      record.writeUInt32BE(ack, 58);
      record.writeUInt8(0x50, 62);
      record.writeUInt8(flags, 63);
      record.writeUInt16BE(500, 64);
      records.push([at, record]);
    });
  }
  return Buffer.concat([head, ...records.sort(([a], [b]) => a - b).map(([, record]) => record)]);
}
