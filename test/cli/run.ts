/** The program as a user runs it: another process, its exit code and what it wrote. */
import { type ChildProcessWithoutNullStreams, type SpawnOptions, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect } from 'vitest';
import { type CaptureForm, writeCapture } from '../scenarios/capture.ts';
import { parseScript } from '../scenarios/script.ts';

export const CLI = resolve(import.meta.dirname, '../../dist/cli.js');
if (!existsSync(CLI)) throw new Error('dist/cli.js is missing: run `npm run build` first (npm test does)');

export interface Result {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** what standard input holds; a closed one without it */
  stdin?: Uint8Array;
  env?: Record<string, string>;
  cwd?: string;
  spawn?: SpawnOptions;
}

/** Nothing of the environment of whoever runs the tests may change what is written. */
const ENV = { PATH: process.env['PATH'] ?? '' };

export function start(args: string[], { env = {}, cwd, spawn: more = {} }: RunOptions = {}) {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...ENV, ...env },
    ...(cwd === undefined ? {} : { cwd }),
    ...more,
    stdio: 'pipe',
  });
  return child as ChildProcessWithoutNullStreams;
}

export function resultOf(child: ChildProcessWithoutNullStreams): Promise<Result> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  // It may end before it has read all.
  child.stdin.on('error', () => undefined);
  return new Promise((resolveResult, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolveResult({ code, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    });
  });
}

export function teardown(args: string[], options: RunOptions = {}): Promise<Result> {
  const child = start(args, options);
  const result = resultOf(child);
  child.stdin.end(options.stdin);
  return result;
}

/** A folder of the test file's own, removed after it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'teardown-cli-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const PCAP: CaptureForm = { format: 'pcap', byteOrder: 'little', resolution: 'us' };

/** The capture of a script (fixtures/scenarios/README.md). */
export function captureBytes(script: string, form = PCAP): Uint8Array {
  const lines = script.split('\n').map((text, index) => ({ number: index + 1, text: text.trim() }));
  return writeCapture(parseScript(lines.filter(({ text }) => text !== '')), form);
}

export function writeScript(folder: string, name: string, script: string, form = PCAP): string {
  const path = join(folder, name);
  writeFileSync(path, captureBytes(script, form));
  return path;
}

/** A connection that its client closes first; 0.3 s from the FIN to the last ACK. */
function closedByClient(at: number): string {
  return `
    ${at} c > s S 0:0(0)
    +0.01 s > c S. 0:0(0) ack 1
    +0.01 c > s . 1:1(0) ack 1
    +0.1 c > s P. 1:101(100) ack 1
    +0.1 s > c P. 1:301(300) ack 101
    +0.1 c > s F. 101:101(0) ack 301
    +0.1 s > c . 301:301(0) ack 102
    +0.1 s > c F. 301:301(0) ack 102
    +0.1 c > s . 102:102(0) ack 302`;
}

const TWO_FLOWS = `
  client 10.0.0.1:40000
  server 10.0.0.2:9091${closedByClient(0)}
  client 10.0.0.1:40001
  1 c > s S 0:0(0)
  +0.01 s > c S. 0:0(0) ack 1
  +0.01 c > s . 1:1(0) ack 1
  +0.1 s > c F. 1:1(0) ack 1
  +0.1 c > s F. 1:1(0) ack 2
  +0.1 s > c . 2:2(0) ack 2`;

const SIX = `
  client [2001:db8::1]:50000
  server [2001:db8::2]:443
  3 c > s S 0:0(0)
  +0.01 s > c S. 0:0(0) ack 1
  +0.01 c > s . 1:1(0) ack 1
  +0.1 s > c R. 1:1(0) ack 1`;

/** Three connections: closed by the client, by the server, and one over IPv6 that the server resets. */
export const THREE_FLOWS = `${TWO_FLOWS}${SIX}`;

/** As many connections as wanted, one after the other, each closed by its client. */
export function manyFlows(count: number): string {
  return Array.from({ length: count }, (_, i) => {
    return `client 10.0.${i >> 8}.${i & 255}:${40000 + i}${closedByClient(i)}`;
  }).join('\n');
}

/** What an error has to be: what, why, what to try, and no trace of the program's inside. */
export function expectError({ stderr }: Result, ...parts: (string | RegExp)[]): void {
  const lines = stderr.trimEnd().split('\n');
  expect(lines.length, stderr).toBeLessThanOrEqual(3);
  expect(lines[0]).toMatch(/^teardown: /);
  for (const line of lines.slice(1)) expect(line).toMatch(/^ {2}/);
  expect(stderr).not.toMatch(/\bat .*:\d+:\d+|node:|Error:|undefined|\x1b/);
  for (const part of parts) expect(stderr).toMatch(part);
}
