import { execFileSync } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openCaptures } from '../../src/input/captures.ts';
import { Xxh64 } from '../../src/input/xxh64.ts';
import { itTool } from '../support/shared.ts';
import { packet, pcap, u32, u64 } from './bytes.ts';
import { readBytes, readFiles } from './read.ts';

const folder = mkdtempSync(join(tmpdir(), 'teardown-zstd-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const RAW = 0;
const RLE = 1;
const MAGIC = Buffer.from('28b52ffd', 'hex');

function block(type: number, size: number, content: Uint8Array, isLast = false): Buffer {
  return Buffer.concat([u32((size << 3) | (type << 1) | (isLast ? 1 : 0)).subarray(0, 3), content]);
}

/** A frame with a window of so many KiB (a power of two) and the content in one raw block; see RFC 8878. */
function frame(content: Uint8Array, { window = 128, checksum = false, blocks = [] as Buffer[] } = {}): Buffer {
  const hash = new Xxh64();
  hash.add(content);
  const header = Buffer.from([checksum ? 4 : 0, Math.log2(window) << 3]);
  const trailer = checksum ? u32(hash.digest()) : Buffer.alloc(0);
  return Buffer.concat([MAGIC, header, ...blocks, block(RAW, content.length, content, true), trailer]);
}

const PACKETS = [1, 2, 3].map((seconds) => ({ seconds, fraction: 0, data: packet(60, seconds) }));
const CAPTURE = pcap({ packets: PACKETS });
const RECORDS = readBytes(CAPTURE).records;

async function read(name: string, bytes: Uint8Array) {
  const { records, set } = await readFiles([write(name, bytes)]);
  return { records, what: set.damage[0]?.what ?? null, file: set.files[0], set };
}

describe('XXH64', () => {
  // What zstd writes behind these texts.
  it.each([
    ['', 0x51d8e999],
    ['a', 0xa98c6e5b],
    ['abc', 0xad770999],
    ['0123456789'.repeat(10), 0x315afffa],
  ])('of %j', (text, low) => {
    const hash = new Xxh64();
    hash.add(Buffer.from(text));
    expect(hash.digest()).toBe(low);
  });

  it('is the same however the bytes are split', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat({ max: 70 })), (bytes, sizes) => {
        const whole = new Xxh64();
        whole.add(bytes);
        const parts = new Xxh64();
        let at = 0;
        for (const size of sizes) {
          parts.add(bytes.subarray(at, at + size));
          at += size;
        }
        parts.add(bytes.subarray(at));
        expect(parts.digest()).toBe(whole.digest());
      }),
    );
  });
});

describe('zstd', () => {
  it('is decompressed, with and without a checksum, from several frames', async () => {
    for (const checksum of [false, true]) {
      const { records, what, file, set } = await read('a.zst', frame(CAPTURE, { checksum }));
      expect([what, file?.format]).toEqual([null, 'pcap+zstd']);
      expect(records).toEqual(RECORDS);
      expect([set.rereadable, set.rereadableBytes]).toEqual([true, null]);
    }
    const skippable = Buffer.concat([u32(0x184d2a53), u32(5), packet(5)]);
    const frames = [frame(CAPTURE.subarray(0, 30), { checksum: true }), skippable, frame(CAPTURE.subarray(30))];
    const { records, what } = await read('frames.zst', Buffer.concat([...frames, frame(Buffer.alloc(0))]));
    expect([records, what]).toEqual([RECORDS, null]);
  });

  it('from a stream in pieces of any size', async () => {
    const path = write('stream.zst', frame(CAPTURE, { checksum: true }));
    for (const highWaterMark of [1, 7, 100]) {
      expect((await readFiles(['-'], { stdin: createReadStream(path, { highWaterMark }) })).records).toEqual(RECORDS);
    }
  });

  it('that is cut at any byte says so, and gives what was whole before', async () => {
    const blocks = [block(RAW, 100, CAPTURE.subarray(0, 100)), block(RAW, 76, CAPTURE.subarray(100, 176))];
    const rest = frame(CAPTURE.subarray(176), { blocks });
    for (let length = 6 + 103; length < rest.length; length++) {
      const { records, what } = await read('cut.zst', rest.subarray(0, length));
      expect(records).toEqual(RECORDS.slice(0, length < 6 + 103 + 79 ? 1 : 2));
      expect(what).toMatch(/^the zstd data is cut \(unexpected end of file\)/);
    }
  });

  it.each<[string, Buffer, string]>([
    [
      'a window of a gigabyte',
      frame(CAPTURE, { window: 1 << 20 }),
      'a window of 1073741824 bytes, more than 134217728',
    ],
    [
      'a window of 3.75 TB',
      Buffer.concat([MAGIC, Buffer.from([0, 255]), packet(40)]),
      'a window of 4123168604160 bytes',
    ],
    [
      'a single segment of petabytes',
      Buffer.concat([MAGIC, Buffer.from([0xe0]), u64(1n << 50n), packet(40)]),
      'a window of 1125899906842624 bytes, more than 134217728',
    ],
    ['a dictionary', Buffer.concat([MAGIC, Buffer.from([1, 56, 9]), packet(40)]), 'it needs a dictionary'],
    ['a reserved bit', Buffer.concat([MAGIC, Buffer.from([8, 56]), packet(40)]), 'a reserved bit is set'],
  ])('%s is no capture that can be read', async (name, bytes, why) => {
    await expect(readFiles([write(name, bytes)])).rejects.toMatchObject({ why: expect.stringContaining(why) });
  });

  const first = frame(CAPTURE);
  const wrong = frame(CAPTURE, { checksum: true });
  wrong[wrong.length - 1]! ^= 1;
  const behind = (bytes: Buffer, window = 128) =>
    Buffer.concat([first, MAGIC, Buffer.from([0, Math.log2(window) << 3]), bytes]);

  it.each<[string, Buffer, string]>([
    ['a wrong checksum', wrong, 'incorrect checksum'],
    ['bytes behind the last frame', Buffer.concat([first, packet(20)]), 'unknown frame'],
    ['a reserved type of block', behind(block(3, 1, packet(9))), 'invalid block type'],
    [
      'a block beyond the maximum',
      behind(block(RLE, 0x1fffff, packet(9))),
      'a block of 2097151 bytes, more than 131072',
    ],
    ['a block beyond the window', behind(block(RLE, 1025, packet(9)), 1), 'a block of 1025 bytes, more than 1024'],
    ['a compressed block of nonsense', behind(block(2, 40, packet(40), true)), ''],
    [
      'content of another length',
      Buffer.concat([first, MAGIC, Buffer.from([0x20, 9]), block(RAW, 8, packet(8), true)]),
      'a frame of another length',
    ],
  ])('%s is told, and what came before stays', async (name, bytes, why) => {
    const { records, what } = await read(name, bytes);
    expect(records).toEqual(RECORDS);
    expect(what).toMatch(/^the zstd data is damaged \(/);
    expect(what).toContain(why);
  });

  it('expands thirty thousandfold without being held in memory', async () => {
    // Packets of 128 KiB zeros, each in 23 bytes: a block for its header, one for its content.
    const header = [1, 0, 1 << 17, 1 << 17].map((field) => u32(field));
    const one = [block(RAW, 16, Buffer.concat(header)), block(RLE, 1 << 17, Buffer.alloc(1))];
    const blocks = Array.from({ length: 1000 }, () => one).flat();
    const bomb = frame(Buffer.alloc(1), { blocks: [block(RAW, 24, CAPTURE.subarray(0, 24)), ...blocks] });
    const before = process.memoryUsage().rss;
    const set = await openCaptures([write('bomb.zst', bomb)]);
    let records = 0;
    await set.forEach(() => {
      records++;
    });
    expect(records).toBe(1000);
    expect(set.damage[0]?.what).toBe('cut in the middle of a record: 1 of 16 bytes');
    expect(process.memoryUsage().rss - before).toBeLessThan(500 << 20);
  });

  it('any damage ends the reading without a crash', async () => {
    const whole = frame(CAPTURE, { checksum: true });
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: whole.length - 60 }),
        fc.uint8Array({ minLength: 1, maxLength: 8 }),
        async (at, noise) => {
          const bytes = Buffer.from(whole);
          bytes.set(noise, 50 + at > bytes.length - 8 ? bytes.length - 8 : 50 + at);
          const { records, what } = await read('noise.zst', bytes);
          if (!bytes.equals(whole)) expect(what).not.toBeNull();
          expect(records.length).toBeLessThanOrEqual(3);
        },
      ),
      { numRuns: 60 },
    );
  });

  itTool('of every level and form is what zstd had', 'zstd', async () => {
    const packets = Array.from({ length: 3000 }, (_, i) => {
      const data = Buffer.from(`${'GET /index.html HTTP/1.1\r\nHost: example.org\r\n'.repeat(1 + (i % 9))}${i * i}`);
      return { seconds: i, fraction: i, data };
    });
    const capture = pcap({ packets });
    const expected = readBytes(capture).records;
    const path = write('plain.pcap', capture);
    const forms = [['-1'], ['-12'], ['--fast=5'], ['--no-check'], ['--long=27'], ['--no-content-size']];
    for (const form of forms) {
      const zipped = [
        execFileSync('zstd', ['-q', '-c', ...form, path], { maxBuffer: 1 << 26 }),
        execFileSync('zstd', ['-q', '-c', ...form], { input: capture, maxBuffer: 1 << 26 }),
      ];
      for (const bytes of zipped) {
        const { records, what } = await read('tool.zst', bytes);
        expect(what, form.join(' ')).toBeNull();
        expect(records).toEqual(expected);
      }
    }
  });
});
