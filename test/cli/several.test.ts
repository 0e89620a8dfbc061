/** Several files as one capture: rotated ones in any order, folders, patterns, very many. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, test } from 'vitest';
import { captureChunks } from '../../bench/capture.ts';
import type { Report } from '../../src/report/types.ts';
import { CLI, expectError, THREE_FLOWS, teardown, temporaryFolder, writeScript } from './run.ts';

const { analyze, compare } = (await import(join(CLI, '../index.js'))) as typeof import('../../src/index.ts');

const folder = temporaryFolder();
const FILE_HEADER = 24;
const RECORD_HEADER = 16;

/** A pcap file's records, so many in each piece, each piece a file of its own. */
function rotated(bytes: Buffer, packets: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = FILE_HEADER; at < bytes.length; ) {
    const from = at;
    for (let n = 0; n < packets && at < bytes.length; n++) at += RECORD_HEADER + bytes.readUInt32LE(at + 8);
    pieces.push(Buffer.concat([bytes.subarray(0, FILE_HEADER), bytes.subarray(from, at)]));
  }
  return pieces;
}

function writePieces(name: string, pieces: Buffer[]): string[] {
  mkdirSync(join(folder, name));
  return pieces.map((piece, n) => {
    const path = join(folder, name, `trace.pcap${String(n).padStart(5, '0')}${n % 3 === 1 ? '.gz' : ''}`);
    writeFileSync(path, n % 3 === 1 ? gzipSync(piece) : piece);
    return path;
  });
}

/** What of a report does not tell of the files. */
function withoutFiles({ capture: { files: _, ...capture }, ...report }: Report) {
  return { ...report, capture };
}

/** In an order that is neither theirs nor its reverse. */
function scrambled<T>(list: readonly T[]): T[] {
  return list.map((_, n) => list[(n * 7919 + 13) % list.length]!);
}

describe('rotated files', () => {
  test.each(['fixtures/demo/restart-outage.pcap', 'fixtures/stories/nat_port_reuse/server.pcap'])(
    'of %s, in any order, give the report of the whole',
    async (whole) => {
      const expected = withoutFiles(await analyze([whole]));
      const name = whole.replaceAll('/', '-');
      const paths = writePieces(name, rotated(readFileSync(whole), 7));
      expect(paths.length).toBeGreaterThan(60);
      for (const files of [paths, scrambled(paths), paths.toReversed(), [join(folder, name)]]) {
        const report = await analyze(files);
        expect(withoutFiles(report)).toEqual(expected);
        expect(report.capture.files).toHaveLength(paths.length);
      }
    },
  );

  it('thousands of them need few descriptors, with any number of threads', async () => {
    const bytes = Buffer.concat(Array.from(captureChunks('short-connections', 300, 7), (chunk) => Buffer.from(chunk)));
    const whole = join(folder, 'whole.pcap');
    writeFileSync(whole, bytes);
    const expected = withoutFiles(await analyze([whole]));
    const paths = writePieces('thousands', rotated(bytes, 1).slice(0, 3000));
    expect(paths).toHaveLength(3000);
    // What is left of the capture in one more file.
    const rest = rotated(bytes, 3000)[1]!;
    writeFileSync(join(folder, 'thousands', 'trace.rest'), rest);
    const script = 'ulimit -n 256; exec "$0" "$@"';
    const run = [process.execPath, CLI, join(folder, 'thousands'), '-f', 'json'];
    const { status, stdout, stderr } = spawnSync('sh', ['-c', script, ...run], { maxBuffer: 1 << 28 });
    expect(stderr.toString()).toBe('');
    expect(status).toBe(0);
    expect(withoutFiles(JSON.parse(stdout.toString()) as Report)).toEqual(expected);
    // Compressed files have one thread.
    const plain = writePiecesPlain('plain', rotated(bytes, 2));
    expect(withoutFiles(await analyze(plain, { threads: 3 }))).toEqual(expected);
    // Where times are equal the order of the files decides.
    const alone = await analyze(scrambled(plain), { threads: 1 });
    expect(alone.totals).toEqual(expected.totals);
    for (const threads of [2, 3, 4]) expect(await analyze(scrambled(plain), { threads })).toEqual(alone);
  }, 120_000);

  function writePiecesPlain(name: string, pieces: Buffer[]): string[] {
    mkdirSync(join(folder, name));
    return pieces.map((piece, n) => {
      const path = join(folder, name, `${n}`);
      writeFileSync(path, piece);
      return path;
    });
  }

  it('of both hosts can be compared', async () => {
    const files = ['client', 'server'].map((side) => `fixtures/cases/compare_20ms/${side}.pcap`);
    const expected = withoutFiles(await compare(files[0]!, files[1]!));
    const [client, server] = files.map((file, n) => {
      writePieces(`side${n}`, rotated(readFileSync(file), 50));
      return join(folder, `side${n}`);
    });
    expect(withoutFiles(await compare(client!, server!))).toEqual(expected);
    const result = await teardown(['compare', client!, join(server!, 'trace*'), '-f', 'json']);
    expect(withoutFiles(JSON.parse(result.stdout) as Report)).toEqual(expected);
  });
});

describe('a folder or a pattern on the command line', () => {
  const captures = join(folder, 'captures');
  mkdirSync(join(captures, 'inner'), { recursive: true });
  writeScript(captures, 'a.pcap', THREE_FLOWS);
  for (const name of ['b.txt', 'c.txt', 'd.txt', 'e.txt']) writeFileSync(join(captures, name), 'Notes on it.\n');

  it('is read, and standard error tells what is left out', async () => {
    const result = await teardown([captures, '-f', 'csv']);
    expect(result.code).toBe(0);
    expect(result.stdout.split('\n')).toHaveLength(5);
    const what = `left out of ${captures}: 4 files that hold no capture (b.txt, c.txt, d.txt, ...)`;
    expect(result.stderr).toBe(`teardown: ${what}\n`);
    expect((await teardown([captures, '-f', 'csv', '-q'])).stderr).toBe('');
    rmSync(join(captures, 'c.txt'));
    rmSync(join(captures, 'd.txt'));
    rmSync(join(captures, 'e.txt'));
    const one = `teardown: left out of ${captures}: 1 file that holds no capture (b.txt)\n`;
    expect((await teardown(['-r', captures, '-f', 'csv'])).stderr).toBe(one);
  });

  it('is one for flow too', async () => {
    const one = await teardown(['flow', join(captures, 'a.pcap'), '2']);
    for (const operand of [captures, join(captures, '[a].p*')]) {
      const { code, stdout } = await teardown(['flow', operand, '2']);
      expect({ code, stdout }).toEqual({ code: 0, stdout: one.stdout });
    }
  });

  test.each([
    ['a folder without captures', [join(captures, 'inner')], /inner: holds no captures/],
    ['a pattern that matches nothing', [join(captures, '*.pcapng')], /no file matches/],
    ['flow of one', ['flow', join(captures, 'x*'), '1'], /no file matches/],
    ['compare with one', ['compare', captures, join(captures, 'inner')], /holds no captures/],
  ])('%s is an error', async (_, args, why) => {
    const result = await teardown([...args, '-q']);
    expect(result.code).toBe(2);
    expect(result.stdout).toBe('');
    expectError(result, why);
  });
});
