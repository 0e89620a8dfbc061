/** --follow: a capture that is still written. */

import { once } from 'node:events';
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { RETENTION } from '../../src/flow/patience.ts';
import type { Flow, Report } from '../../src/report/types.ts';
import { NS_PER_SECOND } from '../../src/units.ts';
import { captureBytes, expectError, PCAP, resultOf, start, THREE_FLOWS, teardown, temporaryFolder } from './run.ts';

const folder = temporaryFolder();
const bytes = Buffer.from(captureBytes(THREE_FLOWS));
const json = (text: string) => JSON.parse(text) as Report;

/** Writes the file and starts the program on it. */
function following(name: string, content: Uint8Array, args: string[]) {
  const path = join(folder, name);
  writeFileSync(path, content);
  const child = start([path, '--follow', ...args], { cwd: folder });
  return { path, child, result: resultOf(child) };
}

/** Outputs are opened, under another name, when signals are heard already. */
async function outputsAreOpen(count: number, before: number): Promise<void> {
  for (let i = 0; i < 400 && readdirSync(folder).length < before + count; i++) await wait(25);
  expect(readdirSync(folder)).toHaveLength(before + count);
}

describe('a file that is followed', () => {
  test.each([
    ['pcap', PCAP, 'SIGINT'],
    ['pcapng', { ...PCAP, format: 'pcapng' }, 'SIGTERM'],
  ] as const)('%s: all that came until the signal is reported, with exit code 0', async (name, form, signal) => {
    const whole = Buffer.from(captureBytes(THREE_FLOWS, form));
    const half = Math.floor(whole.length / 2) + 3;
    const args = ['-f', 'json', '-o', `${name}.csv`, '-o', `${name}.md`];
    const before = readdirSync(folder).length;
    const { path, child, result } = following(`grows.${name}`, whole.subarray(0, half), args);
    await outputsAreOpen(3, before);
    await wait(500);
    expect(child.exitCode).toBeNull();
    appendFileSync(path, whole.subarray(half));
    // A record of which the beginning alone is there.
    appendFileSync(path, beginning(whole));
    child.kill(signal);
    const { code, stdout, stderr } = await result;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { capture, flows } = json(stdout);
    const fixed = join(folder, `whole.${name}`);
    writeFileSync(fixed, whole);
    const expected = json((await teardown([fixed, '-f', 'json'])).stdout);
    expect(capture.damage).toEqual([]);
    expect(capture.packets).toBe(expected.capture.packets);
    expect(flows).toEqual(expected.flows);
    expect(
      readFileSync(join(folder, `${name}.csv`), 'utf8')
        .trim()
        .split('\n'),
    ).toHaveLength(4);
    expect(existsSync(join(folder, `${name}.md`))).toBe(true);
  });

  test('flows come as they end, while it waits for more', async () => {
    const { path, child } = following('streams.pcap', bytes, ['-f', 'ndjson']);
    const exit = once(child, 'exit');
    const lines: string[] = [];
    child.stdout.on('data', (chunk: Buffer) => lines.push(...chunk.toString().trim().split('\n')));
    // What makes the tracker sure that these flows have ended: time, and segments of another flow.
    const other = Buffer.from(captureBytes('client 10.9.9.9:40000\nserver 10.0.0.2:80\n0 c > s S 0:0(0)')).subarray(24);
    const begin = bytes.readUInt32LE(24) + 10 + RETENTION.lingerNs / NS_PER_SECOND;
    const later = Array.from({ length: RETENTION.segments + 2000 }, (_, i) => {
      const record = Buffer.from(other);
      record.writeUInt32LE(begin + i, 0);
      return record;
    });
    appendFileSync(path, Buffer.concat(later));
    for (let i = 0; i < 400 && lines.length < 3; i++) await wait(25);
    expect(child.exitCode).toBeNull();
    expect(lines.map((line) => (JSON.parse(line) as Flow).id).sort()).toEqual([1, 2, 3]);
    child.kill('SIGINT');
    expect(await exit).toEqual([0, null]);
  });

  test('SIGHUP ends it at once, as it does without --follow', async () => {
    const before = readdirSync(folder).length;
    const { child, result } = following('gone.pcap', bytes, ['-o', 'gone.json']);
    await outputsAreOpen(2, before);
    child.kill('SIGHUP');
    expect(await result).toEqual({ code: null, signal: 'SIGHUP', stdout: '', stderr: '' });
    expect(existsSync(join(folder, 'gone.json'))).toBe(false);
  });

  test('its reader goes away: it ends quietly', async () => {
    const { path, child } = following('head.pcap', bytes, ['-f', 'csv']);
    const exit = once(child, 'exit');
    await once(child.stdout, 'data');
    child.stdout.destroy();
    appendFileSync(path, bytes.subarray(24));
    child.kill('SIGINT');
    expect(await exit).toEqual([0, null]);
  });
});

/** The first 20 bytes of the last record, by which nothing shows that they are not all. */
function beginning(file: Buffer): Buffer {
  let from = 24;
  if (file.readUInt32LE(0) === 0x0a0d0d0a) from = file.length - file.readUInt32LE(file.length - 4);
  return file.subarray(from, from + 20);
}

describe('what can not be followed', () => {
  const path = join(folder, 'one.pcap');
  writeFileSync(path, bytes);

  test.each([
    [[path, path], /can't follow several captures/],
    [['-'], /can't follow -/],
    [[join(folder, 'missing.pcap')], /no such file/],
  ])('%#: is a usage error', async (files, why) => {
    const result = await teardown([...files, '--follow'], { stdin: bytes });
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expectError(result, why);
  });

  test('flow and compare read twice, and do not follow', async () => {
    expect(await teardown(['flow', path, '1', '--follow'])).toMatchObject({ code: 2, stdout: '' });
    expect(await teardown(['compare', path, path, '--follow'])).toMatchObject({ code: 2, stdout: '' });
  });
});
