/** npm pcap-parser reads microsecond pcap rightly: what it can read must be read alike. */
import { openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type Packet, parse } from 'pcap-parser';
import { describe, expect, it } from 'vitest';
import { openCaptures } from '../../src/input/captures.ts';
import { itShared } from '../support/shared.ts';
import { packet, pcap } from './bytes.ts';
import { md5 } from './read.ts';

const MICROSECOND_MAGICS = new Set(['d4c3b2a1', 'a1b2c3d4']);

type Row = [seconds: number, micros: number, captured: number, wire: number, md5: string];

function theirs(input: string | Readable): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    const rows: Row[] = [];
    const parser = parse(input);
    parser.on('packet', ({ header, data }: Packet) => {
      const { timestampSeconds, timestampMicroseconds, capturedLength, originalLength } = header;
      rows.push([timestampSeconds, timestampMicroseconds, capturedLength, originalLength, md5(data)]);
    });
    parser.on('error', reject);
    parser.on('end', () => resolve(rows));
  });
}

async function ours(path: string, stdin?: Readable): Promise<Row[]> {
  const set = await openCaptures([path], { stdin });
  const rows: Row[] = [];
  await set.forEach((r) => {
    const bytes = r.data.subarray(r.start, r.end);
    rows.push([r.seconds, r.nanoseconds / 1000, bytes.length, r.wireLength, md5(bytes)]);
  });
  return rows;
}

/** Every microsecond pcap under a folder. */
function microsecondPcaps(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.pcap'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => {
      const magic = Buffer.alloc(4);
      readSync(openSync(path, 'r'), magic);
      return MICROSECOND_MAGICS.has(magic.toString('hex'));
    });
}

async function compareAll(folder: string): Promise<number> {
  const paths = microsecondPcaps(folder);
  for (const path of paths) expect(await ours(path), path).toEqual(await theirs(path));
  return paths.length;
}

describe('pcap-parser reads the same', () => {
  it.each([false, true])('from captures built here (big-endian: %s)', async (bigEndian) => {
    const packets = [0, 1, 60, 1514, 70_000].map((n, i) => {
      return { seconds: i * 1e9, fraction: 999_999 - i, data: packet(n, i), wireLength: n + i };
    });
    const bytes = pcap({ packets, bigEndian });
    const stream = () => Readable.from([bytes.subarray(0, 100), bytes.subarray(100)], { objectMode: false });
    expect(await ours('-', stream())).toEqual(await theirs(stream()));
  });

  it('from every microsecond pcap of the fixtures', async () => {
    await compareAll(join(import.meta.dirname, '../../fixtures'));
  });

  itShared('from the real teardowns', ['cases'], async (folder) => {
    expect(await compareAll(folder)).toBeGreaterThan(100);
  });
});
