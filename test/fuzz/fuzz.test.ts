/** The fuzzer finds nothing in the program as it is, and finds what is planted: it can fail. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, test } from 'vitest';
import { runBatch } from '../../fuzz/batch.ts';
import { type Fault, type Input, Oracle, type Subject } from '../../fuzz/oracle.ts';
import { allSeeds, ROOT } from '../../fuzz/seeds.ts';
import { markDone, readState, writeState } from '../../fuzz/state.ts';
import { Worker } from '../../fuzz/workers.ts';
import { runAnalysis } from '../../src/analyze.ts';

/** Five minutes where it is CI, a few seconds elsewhere. */
const MINUTES = process.env['CI'] === '1' ? 5 : 0.05;
const FUZZ = join(ROOT, 'build/fuzz.js');

const folder = mkdtempSync(join(tmpdir(), 'teardown-fuzz-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The day of the newest commit as a number: other runs with every day's work, and the same ones for the same commit. */
function seedOfCommit(): number {
  try {
    return Number(execFileSync('git', ['log', '-1', '--format=%cd', '--date=format:%Y%m%d'], { cwd: ROOT }));
  } catch {
    return 1; // no repository
  }
}

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
    const seed = seedOfCommit();
    const files = ['--state', join(folder, 'state.json'), '--findings', join(folder, 'findings')];
    const jobs = MINUTES < 1 ? ['--jobs', '1'] : [];
    const args = [FUZZ, '--seed', `${seed}`, '--minutes', `${MINUTES}`, ...jobs, ...files];
    // Not spawnSync: vitest gives up on a worker that does not answer for a minute.
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const stdout = text(child.stdout);
    const [status] = await once(child, 'close');
    expect(status, `again: npm run fuzz -- --seed ${seed} --only RUN\n${await stdout}`).toBe(0);
    expect(readState(join(folder, 'state.json'), seed).runs).toBeGreaterThan(1000);
  },
  MINUTES * 60_000 + 240_000,
);

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
