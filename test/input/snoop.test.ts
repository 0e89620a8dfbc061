import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packet, snoop } from './bytes.ts';
import { md5, readBytes, readFiles } from './read.ts';

const PACKETS = [
  { seconds: 992_368_802, micros: 5, data: packet(61, 1), wireLength: 1514, drops: 2 },
  { seconds: 992_368_803, micros: 1_999_999, data: packet(0), drops: 7 },
  { seconds: 0xffff_ffff, micros: 0, data: packet(4, 3), drops: 3 },
];

it('gives times, lengths and packets without their padding', () => {
  const { records, reader, damage } = readBytes(snoop(PACKETS));
  expect(damage).toBeNull();
  expect([reader.format, reader.dropped, [...reader.linkTypes]]).toEqual(['snoop', 7, [1]]);
  expect(records.map(({ time, captured, wireLength }) => [time, captured, wireLength])).toEqual([
    ['992368802.000005000', 61, 1514],
    ['992368804.999999000', 0, 0],
    ['4294967295.000000000', 4, 4],
  ]);
  expect(records[0]).toMatchObject({ frame: 1, linkType: 1, md5: md5(packet(61, 1)), hasTime: true });
});

it.each([
  [0, 1],
  [2, 6],
  [4, 1],
  [8, 10],
])('datalink type %i is LINKTYPE %i', (datalink, linkType) => {
  expect(readBytes(snoop(PACKETS, datalink)).records[0]?.linkType).toBe(linkType);
});

it.each([
  ['more captured bytes than a packet may have', { captured: 262_145 }, /^a record claims 262145 captured bytes/],
  ['a record shorter than its packet', { length: 83 }, 'a record claims to be 83 bytes long, with 60 captured bytes'],
  ['a record shorter than its header', { length: 0 }, 'a record claims to be 0 bytes long, with 60 captured bytes'],
  ['a record of gigabytes', { length: 0xffff_ffff }, /^a record claims to be 4294967295 bytes long/],
  ['a record that goes on behind the file', { length: 88 }, 'cut in the middle of a record: 84 of 88 bytes'],
])('%s ends the reading, and what came before it stays', (_, lie, what) => {
  const { records, damage } = readBytes(snoop([PACKETS[0]!, { seconds: 1, micros: 0, data: packet(60), ...lie }]));
  expect(records).toHaveLength(1);
  expect(damage).toMatchObject({ offset: 16 + 24 + 64 });
  expect(damage?.what).toEqual(typeof what === 'string' ? what : expect.stringMatching(what));
});

it('a cut at any byte gives the whole records before it', () => {
  const file = snoop(PACKETS);
  const ends = [16, 104, 128, 156];
  for (let length = 1; length < file.length; length++) {
    const { records, damage } = readBytes(file.subarray(0, length), [7]);
    expect(records).toHaveLength(Math.max(0, ends.filter((end) => end <= length).length - 1));
    expect(damage === null).toBe(ends.includes(length));
  }
});

it('is known by its first bytes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'teardown-snoop-'));
  const path = join(folder, 'a.cap');
  writeFileSync(path, snoop(PACKETS));
  const { records, set } = await readFiles([path]);
  rmSync(folder, { recursive: true });
  expect(records).toHaveLength(3);
  expect(set.files[0]).toMatchObject({ format: 'snoop', linkTypes: ['ETHERNET'], packets: 3 });
  expect(set.rereadableBytes).toBe(156);
});
