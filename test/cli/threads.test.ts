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

  it('a file that is damaged is told of once', async () => {
    const path = join(folder, 'cut.pcap');
    const bytes = Array.from(captureChunks('short-connections', 500, 7), (chunk) => Buffer.from(chunk));
    writeFileSync(path, Buffer.concat(bytes).subarray(0, -7));
    const report = await analyze([path], { threads: 2 });
    expect(report).toEqual(await analyze([path], { threads: 1 }));
    expect(report.capture.damage).toHaveLength(1);
  });
});
