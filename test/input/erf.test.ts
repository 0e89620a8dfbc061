import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { looksLikeErf } from '../../src/input/erf.ts';
import { type ErfRecord, erf, packet, pcap, shb, snoop } from './bytes.ts';
import { md5, readBytes, readFiles } from './read.ts';

const T = 992_368_802;
const FRAME = { seconds: T, data: packet(60, 1) };

describe('ERF', () => {
  it('gives times, lengths and packets without what stands around them', () => {
    const { records, reader, damage } = readBytes(
      erf([
        { ...FRAME, fraction: 0x8000_0000, flags: 6, lost: 3 },
        { ...FRAME, fraction: 0xffff_ff00, extensions: 3, wireLength: 1514, lost: 4 },
      ]),
    );
    expect(damage).toBeNull();
    expect([reader.format, reader.dropped]).toEqual(['erf', 7]);
    const [first, second] = records;
    expect(first).toMatchObject({ time: `${T}.500000056`, captured: 60, wireLength: 60, linkType: 1, interfaceId: 2 });
    expect(first?.md5).toBe(md5(packet(60, 1)));
    // With more on the wire than was captured, padding of a snapped record can't be told from the packet.
    expect(second).toMatchObject({ time: `${T}.999999996`, captured: 62, wireLength: 1514 });
  });

  it.each([
    [0xffff_ffff, `${T + 1}.000000000`],
    [0xffff_fffc, `${T}.999999999`],
    [3, `${T}.000000001`],
    [2, `${T}.000000000`],
  ])('rounds a fraction of %i to nanoseconds', (fraction, time) => {
    const file = erf([FRAME, FRAME]);
    file.writeUInt32LE(fraction, 80);
    expect(readBytes(file).records[1]?.time).toBe(time);
  });

  it.each([
    [1, [0x0f, 0, 8, 0], 104],
    [1, [0xff, 3, 0, 0x21], 50],
    [10, [0x8f, 0, 8, 0], 104],
    [1, [], 104],
    [22, [0x45, 0, 0, 40], 101],
    [3, [1, 2, 3, 4], 197],
    [26, [], 197],
  ])('type %i with %j is LINKTYPE %i', (type, bytes, linkType) => {
    expect(readBytes(erf([{ seconds: T, type, data: Uint8Array.from(bytes) }])).records[0]?.linkType).toBe(linkType);
  });

  it('passes padding over, and numbers metadata, as Wireshark does', () => {
    const other = (type: number): ErfRecord => ({ seconds: 0, type, data: packet(8) });
    const { records, damage } = readBytes(erf([other(48), FRAME, other(27), other(48), FRAME]));
    expect(damage).toBeNull();
    expect(records.map(({ frame }) => frame)).toEqual([1, 3]);
  });

  it('a record shorter than its header ends the reading; a lie in an extension ends the packet', () => {
    const { records, damage } = readBytes(erf([FRAME, { ...FRAME, length: 15 }]));
    expect(records).toHaveLength(1);
    expect(damage).toEqual({ offset: 80, what: 'a record claims to be 15 bytes long, less than its header' });
    const endless = erf([{ ...FRAME, extensions: 1, before: Buffer.alloc(0), data: Buffer.alloc(40, 0xff) }]);
    endless[16] = 0xff;
    expect(readBytes(endless).records[0]?.captured).toBe(0);
  });

  it('a cut at any byte gives the whole records before it', () => {
    const file = erf([FRAME, { ...FRAME, type: 1 }, FRAME]);
    const ends = [80, 160, 240];
    for (let length = 1; length < file.length; length++) {
      const { records, damage } = readBytes(file.subarray(0, length), [7]);
      expect(records).toHaveLength(ends.filter((end) => end <= length).length);
      expect(damage === null).toBe(ends.includes(length));
    }
  });
});

describe('ERF is recognised', () => {
  const file = erf([FRAME, FRAME, FRAME]);
  const judge = (bytes: Uint8Array, eof = true) => looksLikeErf(bytes, bytes.length, eof);

  it('by three records, or by two that are all', () => {
    expect(judge(file)).toBe(true);
    expect(judge(erf([FRAME, FRAME, FRAME, { ...FRAME, length: 3 }]), false)).toBe(true);
    expect(judge(file.subarray(0, 160))).toBe(true);
    expect(judge(file.subarray(0, 160), false)).toBeNull();
    expect(judge(file.subarray(0, 159))).toBe(false);
    expect(judge(file.subarray(0, 80))).toBe(false);
    expect(judge(file.subarray(0, 11), false)).toBeNull();
  });

  it.each<[string, Partial<ErfRecord>]>([
    ['type 0', { type: 0 }],
    ['an unknown type', { type: 28 }],
    ['a time before there were cards', { seconds: 631_151_999 }],
    ['a time in the next century', { seconds: 4_102_444_801 }],
    ['a time that goes back', { seconds: T - 2 }],
    ['reserved flags', { flags: 0x40 }],
    ['a record shorter than its header', { length: 15 }],
    ['an Ethernet record without its two bytes', { length: 17 }],
  ])('not with %s', (_, wrong) => {
    expect(judge(erf([FRAME, { ...FRAME, ...wrong }, FRAME]))).toBe(false);
  });

  it('not behind a megabyte of padding', () => {
    const pad: ErfRecord = { seconds: 0, type: 48, data: Buffer.alloc(60_000) };
    expect(judge(erf([...Array.from({ length: 20 }, () => pad), FRAME, FRAME, FRAME]), false)).toBe(false);
  });

  test('nor in random bytes, text or other formats', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => judge(bytes) === false));
    fc.assert(fc.property(fc.string({ minLength: 60 }), (text) => judge(Buffer.from(text)) === false));
    for (const bytes of [pcap({ packets: [] }), shb(), snoop(), Buffer.alloc(500)]) expect(judge(bytes)).toBe(false);
  });

  it('from a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'teardown-erf-'));
    const path = join(folder, 'a.erf');
    writeFileSync(path, file);
    const { records, set } = await readFiles([path]);
    rmSync(folder, { recursive: true });
    expect(records).toHaveLength(3);
    expect(set.files[0]).toMatchObject({ format: 'erf', linkTypes: ['ETHERNET'], packets: 3 });
  });
});
