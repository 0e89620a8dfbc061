/** Captures that come through pipes, as bash makes them. */

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import {
  CLI,
  captureBytes,
  expectError,
  manyFlows,
  resultOf,
  start,
  THREE_FLOWS,
  teardown,
  temporaryFolder,
} from './run.ts';

const folder = temporaryFolder();
const bytes = captureBytes(THREE_FLOWS);
writeFileSync(join(folder, 'a.pcap'), bytes);
writeFileSync(join(folder, 'a.gz'), gzipSync(bytes));
writeFileSync(join(folder, 'b.gz'), gzipSync(captureBytes(manyFlows(2).replaceAll('10.0.0.', '10.9.9.'))));

/** `$TEARDOWN` is the program. */
function bash(script: string) {
  const env = { PATH: process.env['PATH'] ?? '', TEARDOWN: `${process.execPath} ${CLI}` };
  const child = spawn('bash', ['--norc', '-c', `set -o pipefail; ${script}`], { cwd: folder, env, stdio: 'pipe' });
  child.stdin.end();
  return resultOf(child);
}

const flowsOf = (stdout: string) => (JSON.parse(stdout) as Report).flows;

test.each([
  ['a pipe', 'cat a.pcap | $TEARDOWN - -f json'],
  ['a redirect', '$TEARDOWN - -f json < a.pcap'],
  ['/dev/stdin of a pipe', 'cat a.gz | $TEARDOWN /dev/stdin -f json'],
  ['/dev/stdin of a redirect', '$TEARDOWN /dev/stdin -f json < a.gz'],
  ['process substitution', '$TEARDOWN <(zcat a.gz) -f json'],
  ['process substitution, compressed', '$TEARDOWN <(cat a.gz) -f json'],
  ['a file descriptor', '$TEARDOWN /dev/fd/7 -f json 7< <(cat a.pcap)'],
  ['a FIFO', 'mkfifo fifo; cat a.gz > fifo & $TEARDOWN fifo -f json; code=$?; wait; exit $code'],
])('%s gives the same flows as the file', async (_, script) => {
  const expected = flowsOf((await teardown([join(folder, 'a.pcap'), '-f', 'json'])).stdout);
  const { code, stdout, stderr } = await bash(script);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(flowsOf(stdout)).toEqual(expected);
});

test('two pipes are merged by time', async () => {
  const { code, stdout } = await bash('$TEARDOWN <(zcat a.gz) <(zcat b.gz) -f json');
  const merged = (await bash('$TEARDOWN a.gz b.gz -f json')).stdout;
  expect(code).toBe(0);
  expect(flowsOf(stdout)).toHaveLength(5);
  expect(flowsOf(stdout)).toEqual(flowsOf(merged));
});

test('-Y works on a pipe', async () => {
  const { code, stdout } = await bash("$TEARDOWN <(zcat a.gz) -f json -Y 'kind==aborted'");
  expect(code).toBe(0);
  expect(flowsOf(stdout).map(({ kind }) => kind)).toEqual(['aborted']);
});

test('a pipe whose writer fails is damaged', async () => {
  const { code, stdout, stderr } = await bash('$TEARDOWN <(head -c 500 a.pcap; exit 1) -f json');
  expect(code).toBe(3);
  expect(flowsOf(stdout)).toHaveLength(1);
  expect(stderr).toMatch(/cut in the middle of a record/);
});

test.each([
  ['flow', '$TEARDOWN flow <(zcat a.gz) 1', /flow reads a capture twice, and a pipe can be read once/],
  ['flow of standard input', '$TEARDOWN flow - 1 < a.pcap', /flow reads a capture twice/],
  ['compare', '$TEARDOWN compare <(zcat a.gz) <(zcat a.gz)', /can't compare a pipe/],
  ['--follow', '$TEARDOWN --follow <(zcat a.gz)', /can't follow \/dev\/fd\/\d+/],
])('%s needs a file, and says so at once', async (_, script, why) => {
  const result = await bash(script);
  expect(result).toMatchObject({ code: 2, stdout: '' });
  expectError(result, why);
});

test('tells of a flow while it stays open, once the flow is over in the time of the capture', async () => {
  const child = start(['-', '-f', 'ndjson']);
  const result = resultOf(child);
  const lines: string[] = [];
  const first = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      lines.push(chunk.toString());
      resolve();
    });
  });
  child.stdin.write(captureBytes(`${manyFlows(1)}\nclient 10.9.9.9:50000\n90 c > s S 0:0(0)`));
  await first;
  expect(JSON.parse(lines.join('').trim())).toMatchObject({ id: 1, kind: 'graceful' });
  child.stdin.end();
  const { code, stdout } = await result;
  expect([code, stdout.trim().split('\n').length]).toEqual([0, 2]);
});
