import { execFileSync, spawn } from 'node:child_process';
import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { FileSource } from '../../src/input/source.ts';
import { ByteWindow } from '../../src/input/window.ts';
import { epb, idb, packet, pcap, shb } from './bytes.ts';
import { readBytes, readFiles } from './read.ts';

const folder = mkdtempSync(join(tmpdir(), 'teardown-source-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

// Incompressible enough that gzip's output is long: it must be read in several pieces.
const noise = (length: number, seed: number) =>
  Buffer.from(Array.from({ length }, (_, i) => (Math.imul(i + seed * 977, 0x9e37_79b1) >>> 13) & 0xff));
const packets = Array.from({ length: 400 }, (_, i) => ({ seconds: 100 + i, fraction: i, data: noise(1400, i) }));
const CAPTURE = pcap({ packets });
const RECORDS = readBytes(CAPTURE).records;

describe('sources', () => {
  it('a regular file: size and bytes read', async () => {
    const { records, set } = await readFiles([write('plain.pcap', CAPTURE)]);
    expect(records).toEqual(RECORDS);
    expect(set.files[0]).toMatchObject({ name: 'plain.pcap', format: 'pcap', packets: 400, bytes: CAPTURE.length });
  });

  it('a stream in chunks of any size, as from a pipe', async () => {
    for (const size of [1, 13, 4096, CAPTURE.length]) {
      const from = size === 1 ? CAPTURE.subarray(0, 5000) : CAPTURE;
      const stdin = Readable.from(chunked(from, size), { objectMode: false });
      const { records, set } = await readFiles(['-'], { stdin });
      expect(records).toEqual(RECORDS.slice(0, records.length));
      expect(records).toHaveLength(size === 1 ? 3 : 400);
      expect(set.files[0]?.name).toBe('-');
    }
  });

  it('a FIFO', async () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const writer = spawn('sh', ['-c', 'cat "$0" > "$1"', write('for-fifo.pcap', CAPTURE), fifo]);
    const { records } = await readFiles([fifo]);
    expect(records).toEqual(RECORDS);
    expect(writer.pid).toBeDefined();
  });

  it('a read error in the middle is damage, not a crash', async () => {
    const stdin = new Readable({ read() {} });
    stdin.push(CAPTURE.subarray(0, 24 + 1416 * 2));
    setTimeout(() => stdin.destroy(Object.assign(new Error('gone'), { code: 'EIO' })), 50);
    const { records, set } = await readFiles(['-'], { stdin });
    expect(records).toEqual(RECORDS.slice(0, 2));
    expect(set.damage).toEqual([{ file: '-', offset: 24 + 1416 * 2, what: 'reading failed: EIO' }]);
  });

  it('a file that can not be read any more', () => {
    const descriptor = openSync(write('closed.pcap', CAPTURE), 'r');
    const source = new FileSource(descriptor, CAPTURE.length);
    closeSync(descriptor);
    expect(source.fill(new ByteWindow())).toBe(false);
    expect(source.damage).toBe('reading failed: EBADF');
  });
});

function* chunked(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('gzip', () => {
  const zipped = gzipSync(CAPTURE);

  it('is decompressed, from a file and from a stream', async () => {
    const path = write('a.pcap.gz', zipped);
    const { records, set } = await readFiles([path]);
    expect(records).toEqual(RECORDS);
    expect(set.damage).toEqual([]);
    expect(set.files[0]).toMatchObject({ format: 'pcap+gzip', bytes: zipped.length });
    expect((await readFiles(['-'], { stdin: createReadStream(path, { highWaterMark: 7 }) })).records).toEqual(RECORDS);
  });

  it('may hold several members, and zeros behind the last', async () => {
    const members = [gzipSync(CAPTURE.subarray(0, 1000)), gzipSync(CAPTURE.subarray(1000)), Buffer.alloc(512)];
    const { records, set } = await readFiles([write('members.gz', Buffer.concat(members))]);
    expect(records).toEqual(RECORDS);
    expect(set.damage).toEqual([]);
  });

  it('expands a thousandfold without being held in memory', async () => {
    const ng = Buffer.concat([
      shb(),
      idb(),
      ...Array.from({ length: 200 }, () => epb({ data: Buffer.alloc(200_000) })),
    ]);
    const { records, set } = await readFiles([write('bomb.pcapng.gz', gzipSync(ng))]);
    expect(records).toHaveLength(200);
    expect(set.files[0]?.format).toBe('pcapng+gzip');
  });

  it('of endless zeros ends where they begin', async () => {
    const zeros = gzipSync(Buffer.concat([CAPTURE, Buffer.alloc(64 << 20)]));
    const { records, set } = await readFiles([write('zeros.gz', zeros)]);
    expect(records).toEqual(RECORDS);
    expect(set.damage).toMatchObject([{ offset: CAPTURE.length, what: expect.stringMatching(/^zeros/) }]);
  });

  it.each([0.25, 0.5, 0.999])('that is cut at %f gives everything before the cut', async (part) => {
    const cut = zipped.subarray(0, Math.floor(zipped.length * part));
    // gzip itself says how much can be had of it
    const whole = execFileSync('sh', ['-c', 'gzip -dc 2>/dev/null || true'], { input: cut, maxBuffer: 1 << 26 });
    const { records, set } = await readFiles([write('cut.gz', cut)]);
    expect(records.length).toBeGreaterThanOrEqual(Math.floor((whole.length - 24) / 1416));
    expect(records).toEqual(RECORDS.slice(0, records.length));
    expect(set.damage).toHaveLength(1);
    expect(set.damage[0]?.what).toMatch(
      /^the gzip data is cut \(unexpected end of file\); cut in the middle of a record: /,
    );
  });

  it.each([
    ['whose checksum is wrong', (zip: Buffer) => (zip[zip.length - 8]! ^= 1), 'incorrect data check'],
    ['with something else behind it', (zip: Buffer) => Buffer.concat([zip, packet(40, 9)]), 'incorrect header check'],
    [
      'of which a later member is damaged',
      (zip: Buffer) => Buffer.concat([zip, gzipSync(CAPTURE.subarray(24)).fill(0xff, 10, 12)]),
      'invalid block type',
    ],
  ])('%s is told, and gives all before that', async (_, spoil, why) => {
    for (const count of [1, 400]) {
      const small = pcap({ packets: packets.slice(0, count) });
      const zip = gzipSync(small);
      const spoiled = spoil(zip);
      const { records, set } = await readFiles([write('bad.gz', typeof spoiled === 'number' ? zip : spoiled)]);
      expect(records).toEqual(RECORDS.slice(0, count));
      expect(set.damage).toMatchObject([{ offset: small.length, what: `the gzip data is damaged (${why})` }]);
    }
  });

  it('of more than a MiB that is damaged gives all but the 16 KiB in the works', async () => {
    const long = pcap({ packets: Array.from({ length: 1000 }, (_, i) => packets[i % 400]!) });
    const zip = gzipSync(long, { level: 0 });
    zip[zip.length - 8]! ^= 1;
    expect(zip.length).toBeGreaterThan(1 << 20);
    const { records, set } = await readFiles([write('long.gz', zip)]);
    expect(records.length).toBeGreaterThan(1000 - 16_384 / 1416);
    expect(set.damage[0]?.what).toMatch(/^the gzip data is damaged \(incorrect data check\)/);
  });

  it('that is cut at any byte gives every record of which all is there', async () => {
    const small = pcap({ packets: packets.slice(0, 6).map((p, i) => ({ ...p, data: noise(40, i) })) });
    const zip = gzipSync(small);
    for (let length = 2; length < zip.length; length++) {
      const cut = zip.subarray(0, length);
      const bytes = length < 10 ? cut.subarray(0, 0) : gunzipSync(cut, { finishFlush: constants.Z_SYNC_FLUSH });
      const path = write('cut-anywhere.gz', cut);
      for (const pipe of [false, true]) {
        const stdin = Readable.from(chunked(cut, 7), { objectMode: false });
        const read = readFiles([pipe ? '-' : path], { stdin });
        if (bytes.length < 4) {
          await expect(read, `${length}`).rejects.toThrow('the gzip data is cut');
          continue;
        }
        const { records, set } = await read;
        expect(records, `${length}`).toEqual(readBytes(bytes).records);
        expect(set.damage).toMatchObject([{ what: expect.stringMatching('the gzip data is cut') }]);
      }
    }
  });

  it('that is cut between two records is damage as well', async () => {
    const small = pcap({ packets: [{ seconds: 1, fraction: 0, data: packet(60) }] });
    const { records, set } = await readFiles([write('trailer.gz', gzipSync(small).subarray(0, -4))]);
    expect(records).toHaveLength(1);
    expect(set.damage).toEqual([
      { file: 'trailer.gz', offset: small.length, what: 'the gzip data is cut (unexpected end of file)' },
    ]);
  });
});
