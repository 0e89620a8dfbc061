/** Standard input, pipes, several files, damage, signals. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Flow, Report } from '../../src/report/types.ts';
import {
  CLI,
  captureBytes,
  manyFlows,
  PCAP,
  resultOf,
  start,
  THREE_FLOWS,
  teardown,
  temporaryFolder,
  writeScript,
} from './run.ts';

const folder = temporaryFolder();
const capture = writeScript(folder, 'three.pcap', THREE_FLOWS);
const bytes = readFileSync(capture);

const json = (text: string) => JSON.parse(text) as Report;
const ids = (ndjson: string) =>
  ndjson
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as Flow).id);

describe('inputs', () => {
  test('-r, an operand and standard input are the same capture', async () => {
    const { stdout: expected } = await teardown([capture, '-f', 'ndjson']);
    expect((await teardown(['-r', capture, '-f', 'ndjson'])).stdout).toBe(expected);
    expect((await teardown(['-', '-f', 'ndjson'], { stdin: bytes })).stdout).toBe(expected);
    expect((await teardown(['-r', '-', '-f', 'ndjson'], { stdin: bytes })).stdout).toBe(expected);
  });

  test('standard input from a redirect', async () => {
    const stdin = openSync(capture, 'r');
    const child = spawn(process.execPath, [CLI, '-', '-f', 'json'], { stdio: [stdin, 'pipe', 'inherit'] });
    const out: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    const { files } = json(Buffer.concat(out).toString()).capture;
    expect(files.map(({ name, packets, bytes: size }) => [name, packets, size])).toEqual([['-', 19, bytes.length]]);
  });

  test('gzip, by file and by pipe, whatever the name says', async () => {
    const { stdout: expected } = await teardown([capture, '-f', 'ndjson']);
    const zipped = join(folder, 'zipped.pcap');
    writeFileSync(zipped, gzipSync(bytes));
    expect((await teardown([zipped, '-f', 'ndjson'])).stdout).toBe(expected);
    expect((await teardown(['-', '-f', 'ndjson'], { stdin: gzipSync(bytes) })).stdout).toBe(expected);
    expect(json((await teardown([zipped, '-f', 'json'])).stdout).capture.files[0]?.format).toBe('pcap+gzip');
  });

  test('several files are merged by time', async () => {
    const late = writeScript(folder, 'late.pcapng', manyFlows(2).replaceAll('10.0.0.', '10.9.9.'), {
      ...PCAP,
      format: 'pcapng',
    });
    const report = json((await teardown([late, '-r', capture, '-f', 'json'])).stdout);
    expect(report.capture.files.map(({ name }) => name)).toEqual(['late.pcapng', 'three.pcap']);
    expect(report.capture.packets).toBe(18 + 19);
    expect(report.capture.outOfOrder).toBe(0);
    expect(report.flows).toHaveLength(5);
  });

  test('rotated files are one capture', async () => {
    const header = bytes.subarray(0, 24);
    const middle = recordEnd(bytes, 7);
    writeFileSync(join(folder, 'part0'), bytes.subarray(0, middle));
    writeFileSync(join(folder, 'part1'), Buffer.concat([header, bytes.subarray(middle)]));
    const parts = await teardown([join(folder, 'part0'), join(folder, 'part1'), '-f', 'ndjson']);
    expect(parts.stdout).toBe((await teardown([capture, '-f', 'ndjson'])).stdout);
  });
});

/** Where the record with this 1-based number ends in a little-endian pcap file. */
function recordEnd(file: Buffer, number: number): number {
  let at = 24;
  for (let i = 0; i < number; i++) at += 16 + file.readUInt32LE(at + 8);
  return at;
}

describe('a damaged capture', () => {
  const cut = join(folder, 'cut.pcap');
  const end = recordEnd(bytes, 12);
  writeFileSync(cut, bytes.subarray(0, end + 30));

  test('everything before the damage is analysed, and the damage is told: exit 3', async () => {
    const result = await teardown([cut, '-f', 'json', '-o', join(folder, 'cut.md')]);
    expect(result.code).toBe(3);
    const { capture: told, flows } = json(result.stdout);
    expect(told.packets).toBe(12);
    expect(told.damage).toHaveLength(1);
    expect(told.damage[0]).toMatchObject({ file: 'cut.pcap', offset: end });
    expect(flows[0]?.kind).toBe('graceful');
    expect(result.stderr).toMatch(/^teardown: cut\.pcap: .*\n$/);
    expect(readFileSync(join(folder, 'cut.md'), 'utf8')).toContain('cut.pcap');
  });

  test.each(['text', 'ndjson', 'csv', 'md'])('-f %s is written too', async (format) => {
    const result = await teardown([cut, '-f', format]);
    expect(result.code).toBe(3);
    expect(result.stdout).toContain('10.0.0.1:40000'.slice(0, 8));
    expect(result.stderr).toContain('cut.pcap');
  });

  test('flow draws what is there: exit 3', async () => {
    const result = await teardown(['flow', cut, '1']);
    expect(result.code).toBe(3);
    expect(result.stdout).toContain('FIN_WAIT_2');
    expect(result.stderr).toContain('cut.pcap');
  });

  test('in gzip, and in one of several', async () => {
    const zipped = gzipSync(captureBytes(manyFlows(50)));
    const result = await teardown(['-', '-f', 'json'], { stdin: zipped.subarray(0, zipped.length - 200) });
    expect(result.code).toBe(3);
    expect(json(result.stdout).capture.damage).toHaveLength(1);
    const both = await teardown([capture, cut, '-f', 'json']);
    expect(both.code).toBe(3);
    expect(json(both.stdout).capture.packets).toBe(19 + 12);
  });
});

describe('streaming', () => {
  /** Flow 1 ends after flow 2; a third begins long after both. */
  const SCRIPT = `
    client 10.0.0.1:40001
    0 c > s S 0:0(0)
    +0 s > c S. 0:0(0) ack 1
    +0 c > s . 1:1(0) ack 1
    client 10.0.0.1:40002
    1 c > s S 0:0(0)
    +0 s > c R. 0:0(0) ack 1
    client 10.0.0.1:40001
    20 c > s R. 1:1(0) ack 1
    client 10.0.0.1:40003
    200 c > s S 0:0(0)
    201 c > s S 0:0(0)
    202 c > s S 0:0(0)`;

  test.each(['ndjson', 'csv'])('%s has the flows in the order in which they end', async (format) => {
    const path = writeScript(folder, 'order.pcap', SCRIPT);
    const { stdout } = await teardown([path, '-f', format]);
    const order =
      format === 'ndjson'
        ? ids(stdout)
        : stdout
            .trim()
            .split('\n')
            .slice(1)
            .map((row) => Number.parseInt(row, 10));
    expect(order).toEqual([2, 1, 3]);
  });
});

describe('a reader that goes away', () => {
  const many = writeScript(folder, 'many.pcap', manyFlows(600));

  /** As `| head -1` does: reads a little, and closes. */
  async function closedEarly(args: string[]) {
    const child = start(args, { cwd: folder });
    const stderr: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin.end();
    const exit = once(child, 'exit');
    await Promise.race([once(child.stdout, 'data'), exit]);
    child.stdout.destroy();
    const [code, signal] = await exit;
    return { code, signal, stderr: Buffer.concat(stderr).toString() };
  }

  test.each(['json', 'ndjson', 'csv'])('ends a run of -f %s quietly with 0', async (format) => {
    expect(await closedEarly([many, '-f', format])).toEqual({ code: 0, signal: null, stderr: '' });
  });

  test('ends -v and flow quietly, too', async () => {
    expect(await closedEarly([many, '-v'])).toEqual({ code: 0, signal: null, stderr: '' });
    expect((await closedEarly(['flow', many, '1'])).code).toBe(0);
  });

  test('does not cost the files', async () => {
    expect((await closedEarly([many, '-f', 'ndjson', '-o', 'survives.json'])).code).toBe(0);
    expect(json(readFileSync(join(folder, 'survives.json'), 'utf8')).flows).toHaveLength(600);
  });
});

describe('a signal', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s ends the run and leaves no half file', async (signal) => {
    const before = readdirSync(folder);
    const child = start(['-', '-o', 'never.json', '-o', 'never.csv'], { cwd: folder });
    const result = resultOf(child);
    child.stdin.write(bytes.subarray(0, 200));
    for (let i = 0; i < 200 && readdirSync(folder).length < before.length + 2; i++) await wait(25);
    expect(readdirSync(folder)).toHaveLength(before.length + 2);
    child.kill(signal);
    expect(await result).toEqual({ code: null, signal, stdout: '', stderr: '' });
    expect(readdirSync(folder)).toEqual(before);
  });
});

test('nothing is written to standard error where nothing is to say', async () => {
  expect((await teardown([capture, '-f', 'json'])).stderr).toBe('');
});
