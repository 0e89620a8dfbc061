/** The fuzzer finds nothing in the program as it is, and finds what is planted: it can fail. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { runBatch } from '../../fuzz/batch.ts';
import { type Fault, type Input, Oracle, type Subject } from '../../fuzz/oracle.ts';
import { allSeeds, ROOT } from '../../fuzz/seeds.ts';
import { markDone, readState, writeState } from '../../fuzz/state.ts';
import { Worker } from '../../fuzz/workers.ts';
import { runAnalysis } from '../../src/analyze.ts';
import { fuzzArguments, STATUS, seedOfCommit } from './beside.ts';

/** A few seconds, where it does not run beside all other tests (beside.ts). */
const MINUTES = 0.05;
const FUZZ = join(ROOT, 'build/fuzz.js');
const BESIDE_MS = 15 * 60_000;

const folder = mkdtempSync(join(tmpdir(), 'teardown-fuzz-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const seeds = allSeeds(null);

/** Some runs of a batch. */
async function judged(
  subject: Subject,
  seed: number,
  runs: number,
): Promise<{ found: Map<number, string>; hash: string }> {
  const found = new Map<number, string>();
  const hash = createHash('sha256');
  const hooks = {
    begin: (_: number, input: Input) => {
      for (const bytes of input) hash.update(bytes);
    },
    end: (run: number, _: Input, faults: readonly Fault[]) => {
      if (faults[0] !== undefined) found.set(run, faults[0].what);
    },
  };
  await runBatch(new Oracle(folder, subject), seeds, seed, 0, hooks, new Set(), runs);
  return { found, hash: hash.digest('hex') };
}

test(
  'finds nothing',
  async () => {
    const beside = inject('fuzz');
    const { code, said } = beside === null ? await fuzz() : await ended(beside);
    const seed = seedOfCommit();
    expect(code, `again: npm run fuzz -- --seed ${seed} --only RUN\n${said}`).toBe(0);
    expect(readState(join(beside ?? folder, 'state.json'), seed).runs).toBeGreaterThan(1000);
  },
  BESIDE_MS + 60_000,
);

async function fuzz(): Promise<{ code: number | null; said: string }> {
  // Not spawnSync: vitest gives up on a worker that does not answer for a minute.
  const child = spawn(process.execPath, fuzzArguments(folder, MINUTES), { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = text(child.stdout);
  const [code] = await once(child, 'close');
  return { code, said: await said };
}

/** The run beside the other tests, once it has. */
async function ended(beside: string): Promise<{ code: number | null; said: string }> {
  const status = join(beside, STATUS);
  for (const until = Date.now() + BESIDE_MS; !existsSync(status) && Date.now() < until; ) await wait(1000);
  return JSON.parse(readFileSync(status, 'utf8'));
}

describe('finds', () => {
  test('an exception, with the same bytes each time', async () => {
    const subject: Subject = async (files, options) => {
      const analysis = await runAnalysis(files, options);
      if ('bad-tcp-header' in analysis.report.capture.skipped) throw new TypeError('planted');
      return analysis;
    };
    const first = await judged(subject, 3, 150);
    expect(first.found.size).toBeGreaterThan(0);
    expect(Array.from(first.found.values())[0]).toContain('analyze throws: planted');
    expect(await judged(subject, 3, 150)).toEqual(first);
    expect((await judged(subject, 4, 150)).hash).not.toBe(first.hash);
  });

  test('spans that overlap, and a kernel that differs', async () => {
    const subject: Subject = async (files, options) => {
      const analysis = await runAnalysis(files, options);
      const [flow] = analysis.report.flows;
      const [span, next] = flow?.endpoints.client.states ?? [];
      if (span !== undefined && next !== undefined) span.to = '2000-01-01T00:00:00.000000000Z';
      if (options.kernel === false) analysis.report.capture.duplicates++;
      return analysis;
    };
    const { found } = await judged(subject, 5, 150);
    const told = Array.from(found.values());
    expect(told.some((what) => what.includes('spans do not touch'))).toBe(true);
    expect(told.some((what) => what.includes('kernel: another report'))).toBe(true);
  });

  test('a process that hangs, and one that ends, with their bytes', async () => {
    const program = join(folder, 'stuck.mjs');
    const record = `const { writeFileSync } = await import('node:fs');
      const head = Buffer.alloc(16); head.writeDoubleLE(7); head.writeUInt32LE(1, 8); head.writeUInt32LE(5, 12);
      writeFileSync(process.argv[3], Buffer.concat([head, Buffer.from('bytes')]));`;
    for (const [end, what] of [
      ['for (;;);', 'hangs'],
      ['process.exit(9);', 'the process ended with 9'],
    ] as const) {
      writeFileSync(program, `process.on('message', async () => { ${record} ${end} });`);
      const worker = new Worker(program, 300);
      const found: [number, string, string][] = [];
      const { fatal } = await worker.perform({ do: 'check', paths: [] }, (run, faults, input) => {
        found.push([run, faults[0]!.what, input.join()]);
      });
      await worker.end();
      expect(fatal).toBe(7);
      expect(found).toEqual([[7, expect.stringContaining(what), 'bytes']]);
    }
  });
});

test('goes on where it stopped', () => {
  const path = join(folder, 'kept.json');
  const state = readState(path, 9);
  for (const batch of [1, 3, 0]) markDone(state, batch);
  writeState(path, state);
  expect(readState(path, 9)).toMatchObject({ nextBatch: 2, done: [3] });
  expect(() => readState(path, 8)).toThrow('seed 9');
});

test('keeps what it finds, and ends with 1', () => {
  const findings = join(folder, 'found');
  const wrong = join(folder, 'wrong.pcap');
  writeFileSync(wrong, 'no capture');
  const { status, stdout } = spawnSync(process.execPath, [FUZZ, '--check', wrong, '--findings', findings], {
    encoding: 'utf8',
  });
  expect([status, stdout]).toEqual([0, '']);
  expect(spawnSync(process.execPath, [FUZZ, '--check', join(folder, 'missing'), '--findings', findings]).status).toBe(
    1,
  );
  expect(readdirSync(findings).length).toBeGreaterThan(0);
});
