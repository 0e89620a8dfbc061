/** More files than are held at a time: those whose turn is far away are given up, and read again when it comes. */
import { mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { openCaptures } from '../../src/input/captures.ts';
import { PlainPlace } from '../../src/kernel/place.ts';
import { block, epb, idb, packet, pcap, shb, u32 } from './bytes.ts';
import { readFiles } from './read.ts';

const FILES = 600;
/** In a file come packets at times that lie among those of all others. */
const PACKETS = 7;

const folder = mkdtempSync(join(tmpdir(), 'teardown-many-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const timeOf = (file: number, n: number) => n * 1000 + ((file * 7919) % 997);

function data(file: number, n: number): Buffer {
  // Here and there one that does not fit into a window.
  const text = Buffer.from(`${file} ${n}`);
  return file % 97 === 5 && n === 3 ? Buffer.concat([text, packet(150_000)]) : text;
}

function pcapOf(file: number): Buffer {
  const packets = Array.from({ length: PACKETS }, (_, n) => {
    return { seconds: timeOf(file, n), fraction: file % 5, data: data(file, n) };
  });
  return pcap({ packets });
}

/** Blocks without a packet, and a second section before the last packet. */
function pcapngOf(file: number): Buffer {
  const custom = block(0xbad, Buffer.concat([u32(1), packet(4)]));
  const epbs = Array.from({ length: PACKETS }, (_, n) => {
    const ticks = BigInt(timeOf(file, n)) * 1_000_000n + BigInt(file % 5);
    return epb({ ticks, data: data(file, n) });
  });
  return Buffer.concat([shb(), idb(), ...epbs.slice(0, -1), custom, shb(), idb(), epbs.at(-1)!]);
}

const FORMS: [string, (file: number) => Buffer][] = [
  ['pcap', pcapOf],
  ['pcapng', pcapngOf],
  ['pcap.gz', (file) => gzipSync(pcapOf(file))],
  ['pcapng.gz', (file) => gzipSync(pcapngOf(file))],
];

function writeAll(prefix: string, forms = FORMS): string[] {
  return Array.from({ length: FILES }, (_, file) => {
    const [ending, bytesOf] = forms[file % forms.length]!;
    return write(`${prefix}${file}.${ending}`, bytesOf(file));
  });
}

/** What all of them hold, in the order of the times and then of the files. */
const EXPECTED = Array.from({ length: FILES }, (_, file) =>
  Array.from({ length: PACKETS }, (_, n) => ({ file, n, at: timeOf(file, n), fraction: file % 5 })),
)
  .flat()
  .sort((a, b) => a.at - b.at || a.fraction - b.fraction || a.file - b.file)
  .map(({ file, n }) => `${file} ${n}`);

const textOf = (bytes: Uint8Array) => /^\d+ \d/.exec(Buffer.from(bytes.subarray(0, 12)).toString('latin1'))?.[0];

async function textsOf(paths: string[], change = () => {}) {
  let allocated = 0;
  const plain = new PlainPlace();
  const allocate = (bytes: number) => {
    allocated += bytes;
    return plain.allocate(bytes);
  };
  const set = await openCaptures(paths, { place: { ...plain, allocate, allocateZeroed: allocate } });
  change();
  const texts: (string | undefined)[] = [];
  await set.forEach((r) => {
    texts.push(textOf(r.data.subarray(r.start, r.end)));
  });
  return { texts, set, allocated };
}

describe('more files than are held at a time', () => {
  it('give every packet in its order', async () => {
    const { texts, set } = await textsOf(writeAll('order'));
    expect(texts).toEqual(EXPECTED);
    expect(set.damage).toEqual([]);
    expect(set.files).toHaveLength(FILES);
    expect(set.files.every(({ packets }) => packets === PACKETS)).toBe(true);
    expect(set.files.map(({ format }) => format).slice(0, 4)).toEqual(['pcap', 'pcapng', 'pcap+gzip', 'pcapng+gzip']);
  });

  it('need memory for as many as are held', async () => {
    const { texts, allocated } = await textsOf(writeAll('memory', FORMS.slice(0, 2)));
    expect(texts).toEqual(EXPECTED);
    // 256 of 64 KiB, and the large packets': not one for each of 600.
    expect(allocated).toBeLessThan(20 << 20);
  });

  it('are told of that have gone, or are not what they were, and the rest is read', async () => {
    const paths = writeAll('change');
    const changed = [400, 401, 402, 403];
    const { texts, set } = await textsOf(paths, () => {
      rmSync(paths[400]!);
      truncateSync(paths[401]!, 60);
      writeFileSync(paths[402]!, gzipSync(pcap()).subarray(0, 25));
      writeFileSync(paths[403]!, Buffer.concat([gzipSync(Buffer.alloc(10)), Buffer.alloc(3000)]));
    });
    const isOf = (text: string | undefined) => changed.includes(Number(text?.split(' ')[0]));
    expect(texts.filter((text) => !isOf(text))).toEqual(EXPECTED.filter((text) => !isOf(text)));
    expect(set.damage.map(({ file }) => file)).toEqual(changed.map((n) => paths[n]!.split('/').at(-1)));
    expect(set.damage[0]!.what).toBe('reading failed: ENOENT');
    expect(set.damage[1]!.what).toContain('was cut or replaced while it was read');
  });

  it('are not mixed up with others that have taken their names', async () => {
    const paths = writeAll('renamed', FORMS.slice(0, 1));
    const longer = pcap({
      packets: Array.from({ length: 50 }, (_, n) => ({ seconds: n, fraction: 0, data: packet(99) })),
    });
    const { texts, set } = await textsOf(paths, () => renameSync(write('another.pcap', longer), paths[590]!));
    expect(texts).toEqual(EXPECTED.filter((text) => !text.startsWith('590 ')));
    expect(set.damage).toMatchObject([{ file: 'renamed590.pcap', what: 'was cut or replaced while it was read' }]);
  });

  it('have frame numbers as the same files have where all are held', async () => {
    const few = writeAll('frames').slice(0, 200);
    const empty = write('empty.pcap', pcap());
    const { records } = await readFiles(few);
    const many = await readFiles([...few, ...Array.from({ length: 200 }, () => empty)]);
    expect(many.records).toEqual(records);
  });
});

describe('compressed files that become a thousand times as long', () => {
  const FEW = 60;
  /** Bytes that stand in buffers while all are read, beyond those before; read by `sink` of openCaptures. */
  async function mostBytes(bytes: Buffer) {
    const zipped = gzipSync(bytes);
    const paths = Array.from({ length: FEW }, (_, n) => write(`bomb${n}.pcap.gz`, zipped));
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const set = await openCaptures(paths);
    await set.forEach(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    });
    return { most, set };
  }

  it('do not all wait decompressed', async () => {
    const packets = Array.from({ length: 80 }, (_, n) => ({ seconds: n, fraction: 0, data: Buffer.alloc(200_000) }));
    const { most, set } = await mostBytes(pcap({ packets }));
    expect(set.files.every((file) => file.packets === 80)).toBe(true);
    // 16 MB of each else
    expect(most).toBeLessThan(300e6);
  });

  it('have a share of the memory for packets as large as they say', async () => {
    const large = { seconds: 1, fraction: 0, data: Buffer.alloc(20_000_000) };
    const small = { seconds: 0, fraction: 0, data: Buffer.alloc(1_000_000) };
    const { most, set } = await mostBytes(pcap({ snaplen: 1 << 25, packets: [small, large] }));
    expect(set.files.every((file) => file.packets === 1)).toBe(true);
    expect(set.damage).toHaveLength(FEW);
    expect(set.damage[0]?.what).toMatch('a record claims 20000000 captured bytes, more than the maximum of ');
    expect(most).toBeLessThan(400e6);
  });
});
