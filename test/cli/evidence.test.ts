/** --evidence on the command line. What is in the file: test/extract. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCaptures } from '../../src/input/captures.ts';
import type { Report } from '../../src/report/types.ts';
import {
  captureBytes,
  expectError,
  manyFlows,
  resultOf,
  start,
  THREE_FLOWS,
  teardown,
  temporaryFolder,
  writeScript,
} from './run.ts';

const folder = temporaryFolder();
const capture = writeScript(folder, 'three.pcap', THREE_FLOWS);

/** How many packets the file has: it must be whole. */
async function packetsIn(path: string): Promise<number> {
  const captures = await openCaptures([path]);
  let packets = 0;
  await captures.forEach(() => {
    packets++;
  });
  expect(captures.damage).toEqual([]);
  return packets;
}

describe('--evidence', () => {
  test('writes what the findings of the JSON cite', async () => {
    const path = join(folder, 'e.pcapng');
    const result = await teardown([capture, '--evidence', path, '-f', 'json']);
    expect(result.code).toBe(0);
    const { findings } = JSON.parse(result.stdout) as Report;
    const cited = new Set(findings.flatMap(({ frames }) => frames));
    expect(await packetsIn(path)).toBe(cited.size);
    expect(result.stderr).toBe(cited.size > 0 ? '' : `teardown: ${path} holds no packet, since no finding cites one\n`);
    expect(readFileSync(path, 'latin1')).toContain(cited.size > 0 ? 'cited by' : 'No finding cites a packet.');
  });

  test('is no report: standard output has the text beside it, and a line for each file where -o is given', async () => {
    const text = (await teardown([capture])).stdout;
    expect((await teardown([capture, '--evidence', 'a.pcapng'], { cwd: folder })).stdout).toBe(text);
    const both = await teardown([capture, '--evidence', 'b.PCAPNG', '-o', 'r.json'], { cwd: folder });
    expect([both.code, both.stdout]).toEqual([0, 'wrote r.json\nwrote b.PCAPNG\n']);
    const quiet = await teardown([capture, '--evidence', 'c.pcapng', '-o', 'r.json', '-q'], { cwd: folder });
    expect([quiet.code, quiet.stdout, quiet.stderr]).toEqual([0, '', '']);
    for (const name of ['a.pcapng', 'b.PCAPNG', 'c.pcapng']) expect(existsSync(join(folder, name))).toBe(true);
  });

  test('goes with a folder, and with a damaged capture', async () => {
    const cwd = join(folder, 'rotated');
    mkdirSync(cwd);
    writeScript(cwd, 'one.pcap', THREE_FLOWS);
    expect((await teardown(['.', '--evidence', '../d.pcapng'], { cwd })).code).toBe(0);
    const damaged = join(folder, 'damaged.pcap');
    execFileSync('dd', [`if=${capture}`, `of=${damaged}`, 'bs=1000', 'count=1'], { stdio: 'ignore' });
    expect((await teardown([damaged, '--evidence', join(folder, 'f.pcapng')])).code).toBe(3);
    await packetsIn(join(folder, 'f.pcapng'));
  });

  test.each([
    [['e.pcap'], /pcapng/, /ending \.pcapng/],
    [['e'], /pcapng/, /ending \.pcapng/],
    [['missing/e.pcapng'], /the folder missing does not exist/, /mkdir -p missing/],
    [['e.pcapng', '--follow'], /second reading/, /leave out --follow/],
  ])('%j is an error before anything is analysed', async (args, ...parts) => {
    const cwd = join(folder, `error-${args.join('-').replaceAll('/', '-')}`);
    mkdirSync(cwd);
    const result = await teardown([capture, '--evidence', ...args, '-o', 'r.json'], { cwd });
    expect([result.code, result.stdout]).toEqual([2, '']);
    expectError(result, ...parts);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('a pipe is an error: it can be read once', async () => {
    const path = join(folder, 'pipe.pcapng');
    const stdin = captureBytes(THREE_FLOWS);
    const result = await teardown(['-', '--evidence', path], { stdin });
    expect([result.code, result.stdout]).toEqual([2, '']);
    expectError(result, /a pipe can be read once/, /tcpdump -w FILE/);
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    expectError(await teardown([fifo, '--evidence', path]), /a pipe can be read once/);
    expect(existsSync(path)).toBe(false);
  });

  test('a capture is not overwritten', async () => {
    const own = writeScript(folder, 'own.pcapng', THREE_FLOWS, {
      format: 'pcapng',
      byteOrder: 'little',
      resolution: 'us',
    });
    const before = readFileSync(own);
    const result = await teardown(['own.pcapng', capture, '--evidence', own], { cwd: folder });
    expect(result.code).toBe(2);
    expectError(result, /it is one of the captures that are read/);
    expect(readFileSync(own).equals(before)).toBe(true);
  });

  test("is analyze's alone", async () => {
    const result = await teardown(['compare', capture, capture, '--evidence', 'x.pcapng']);
    expect(result.code).toBe(2);
    expectError(result, /unknown option/);
  });

  test('leaves nothing behind when it is ended', async () => {
    const cwd = join(folder, 'ended');
    mkdirSync(cwd);
    const large = writeScript(folder, 'large.pcap', manyFlows(20_000));
    const child = start([large, '--evidence', 'e.pcapng', '--no-progress'], { cwd });
    const result = resultOf(child);
    while (readdirSync(cwd).length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    child.kill('SIGTERM');
    expect((await result).signal).toBe('SIGTERM');
    expect(readdirSync(cwd)).toEqual([]);
  });
});
