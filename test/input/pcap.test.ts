import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PcapReader } from '../../src/input/pcap.ts';
import { END, NEED_DATA, RECORD } from '../../src/input/reader.ts';
import { ByteWindow } from '../../src/input/window.ts';
import { IXIA_HARDWARE, IXIA_SOFTWARE, MICRO, MODIFIED, NANO, packet, pcap } from './bytes.ts';
import { md5, readBytes } from './read.ts';

const PACKETS = [
  { seconds: 1_700_000_000, fraction: 5, data: packet(60, 1), wireLength: 1514 },
  { seconds: 1_700_000_001, fraction: 999_999, data: packet(0) },
];

describe('pcap', () => {
  it('goes on where another file stands behind the first, whatever its byte order, unit and link type', () => {
    const second = pcap({ magic: NANO, bigEndian: true, packets: PACKETS, linkType: 113 });
    const file = Buffer.concat([pcap({ packets: PACKETS }), second, pcap({ packets: PACKETS })]);
    for (const pieces of [[file.length], Array<number>(file.length).fill(1)]) {
      const { records, reader, damage } = readBytes(file, pieces);
      expect(damage).toBeNull();
      expect([...reader.linkTypes]).toEqual([1, 113]);
      expect(records.map(({ time, linkType, bigEndian }) => [time, linkType, bigEndian])).toEqual([
        ['1700000000.000005000', 1, false],
        ['1700000001.999999000', 1, false],
        ['1700000000.000000005', 113, true],
        ['1700000001.000999999', 113, true],
        ['1700000000.000005000', 1, false],
        ['1700000001.999999000', 1, false],
      ]);
    }
    expect(readBytes(file.subarray(0, -100)).damage?.what).toMatch(/^cut in the middle of/);
  });

  it('is judged by the same records, however few come at once', () => {
    // Two usual records, of which the first ones make sense as another variant's too, and one of no sense.
    const file = readFileSync(
      new URL('../../fixtures/hostile/pcap-with-a-third-record-of-no-sense.bin', import.meta.url),
    );
    const whole = readBytes(file);
    expect([whole.reader.format, whole.records.length]).toEqual(['pcap', 3]);
    for (const size of [1, 7, 100, 200, 300]) {
      const { records, reader } = readBytes(file, Array(Math.ceil(file.length / size)).fill(size));
      expect([reader.format, records], `pieces of ${size}`).toEqual(['pcap', whole.records]);
    }
  });

  it.each([
    ['microseconds', MICRO, false, 'pcap', ['1700000000.000005000', '1700000001.999999000']],
    ['microseconds, big-endian', MICRO, true, 'pcap', ['1700000000.000005000', '1700000001.999999000']],
    ['nanoseconds', NANO, false, 'pcap-ns', ['1700000000.000000005', '1700000001.000999999']],
    ['nanoseconds, big-endian', NANO, true, 'pcap-ns', ['1700000000.000000005', '1700000001.000999999']],
    ['Kuznetzov', MODIFIED, false, 'pcap-modified', ['1700000000.000005000', '1700000001.999999000']],
    ['Kuznetzov, big-endian', MODIFIED, true, 'pcap-modified', ['1700000000.000005000', '1700000001.999999000']],
  ])('reads %s', (_, magic, bigEndian, format, times) => {
    const { records, reader, damage } = readBytes(pcap({ magic, bigEndian, packets: PACKETS, linkType: 113 }));
    expect(damage).toBeNull();
    expect(reader.format).toBe(format);
    expect([...reader.linkTypes]).toEqual([113]);
    expect(records.map((r) => r.time)).toEqual(times);
    expect(records[0]).toMatchObject({ frame: 1, wireLength: 1514, captured: 60, linkType: 113, bigEndian });
    expect(records[0]?.md5).toBe(md5(packet(60, 1)));
    expect(records[1]).toMatchObject({ frame: 2, wireLength: 0, captured: 0, hasTime: true });
  });

  it('takes no record above the limit, though all its bytes are there', () => {
    const of = (length: number) =>
      readBytes(pcap({ packets: [{ seconds: 1, fraction: 0, data: packet(length) }] }), undefined, 1 << 20);
    expect(of(262_144).records[0]?.captured).toBe(262_144);
    const { records, damage } = of(262_145);
    expect(records).toEqual([]);
    expect(damage?.what).toBe('a record claims 262145 captured bytes, more than the maximum of 262144');
  });

  it('masks the upper half of the link type: FCS length and class', () => {
    expect(readBytes(pcap({ linkType: 0xf400_0001, packets: PACKETS })).records[0]?.linkType).toBe(1);
  });

  it('reads seconds as unsigned: 2038 and later', () => {
    const packets = [{ seconds: 0xffff_fffe, fraction: 0, data: packet(4) }];
    expect(readBytes(pcap({ packets })).records[0]?.time).toBe('4294967294.000000000');
  });

  it('carries a fraction of a second or more into the seconds', () => {
    const packets = [1_000_000, 0xffff_ffff].map((fraction) => ({ seconds: 7, fraction, data: packet(4) }));
    expect(readBytes(pcap({ packets })).records.map((r) => r.time)).toEqual(['8.000000000', '4301.967295000']);
    expect(readBytes(pcap({ packets, magic: NANO })).records[1]?.time).toBe('11.294967295');
  });

  it('swaps the two lengths in files older than version 2.3, and where they must be swapped in 2.3 and 543.0', () => {
    const old = [{ seconds: 1, fraction: 0, data: packet(40), captured: 100, wireLength: 40 }];
    for (const version of [
      [2, 2],
      [2, 3],
      [543, 0],
    ] satisfies [number, number][]) {
      expect(readBytes(pcap({ version, packets: old })).records[0]).toMatchObject({ captured: 40, wireLength: 100 });
    }
    const usual = [{ seconds: 1, fraction: 0, data: packet(40), wireLength: 100 }];
    expect(readBytes(pcap({ version: [2, 3], packets: usual })).records[0]).toMatchObject({
      captured: 40,
      wireLength: 100,
    });
  });

  it('knows version 2 only', () => {
    const window = new ByteWindow();
    const bytes = pcap({ version: [3, 0] });
    window.data.set(bytes);
    window.end = bytes.length;
    const reader = new PcapReader(window);
    expect(reader.begin()).toBe(END);
    expect(reader.unsupported).toBe('pcap version 3.0 is not known, only 2.x is');
  });
});

describe('variants of pcap', () => {
  const T = [100, 101, 102].map((seconds) => ({ seconds, fraction: 999_999, data: packet(60, seconds) }));

  it.each([
    ["Red Hat 6.1's", MICRO, 8, 'pcap-modified'],
    ["Nokia's", MICRO, 4, 'pcap-nokia'],
    ["SuSE 6.3's", MODIFIED, 12, 'pcap-modified'],
  ])('%s longer record headers are told by what follows, in both byte orders', (_, magic, extra, format) => {
    for (const bigEndian of [false, true]) {
      for (const count of [1, 2, 3]) {
        const packets = T.slice(0, count);
        const { records, reader, damage } = readBytes(pcap({ magic, extra, bigEndian, packets }), [1]);
        expect(damage).toBeNull();
        expect(reader.format).toBe(format);
        expect(records.map((r) => [r.time, r.md5])).toEqual(
          packets.map(({ seconds, data }) => [`${seconds}.999999000`, md5(data)]),
        );
      }
    }
  });

  it('is the usual one where the records fit it, and where they fit none', () => {
    // packets of zeros look like records of any length
    const zeros = T.map((p) => ({ ...p, data: Buffer.alloc(400) }));
    const { records, reader } = readBytes(pcap({ packets: zeros }));
    expect([reader.format, records.length]).toEqual(['pcap', 3]);
    const broken = readBytes(pcap({ packets: [T[0]!, { ...T[1]!, captured: 1 << 30 }, T[2]!] }));
    expect([broken.reader.format, broken.records.length]).toEqual(['pcap', 1]);
    expect(broken.damage?.what).toMatch('claims 1073741824');
  });

  it('is the usual one where a file is cut in the header of its second record', () => {
    for (const bigEndian of [false, true]) {
      const bytes = pcap({ bigEndian, packets: T });
      for (const left of [4, 8, 12]) {
        const { records, reader, damage } = readBytes(bytes.subarray(0, 24 + 76 + left));
        expect([reader.format, records.length, records[0]?.md5]).toEqual(['pcap', 1, md5(T[0]!.data)]);
        expect(damage?.what).toBe(`cut in the middle of a record: ${left} of 16 bytes`);
      }
    }
  });

  it('is known of a pipe as soon as two records are there', () => {
    const window = new ByteWindow();
    const bytes = pcap({ packets: T });
    const reader = new PcapReader(window);
    window.data.set(bytes);
    window.end = 24 + 76;
    expect(reader.begin()).toBe(NEED_DATA);
    window.end = 24 + 2 * 76;
    expect(reader.begin()).toBe(RECORD);
  });

  it.each([IXIA_HARDWARE, IXIA_SOFTWARE])(
    "IXIA's header is longer; its unit is told by the fractions (%i)",
    (magic) => {
      for (const bigEndian of [false, true]) {
        const micros = readBytes(pcap({ magic, bigEndian, packets: T }));
        expect(micros.records.map((r) => r.time)).toEqual(['100.999999000', '101.999999000', '102.999999000']);
        expect(micros.records[2]?.md5).toBe(md5(packet(60, 102)));
        expect([micros.reader.format, micros.damage]).toEqual(['pcap-ixia', null]);
        const packets = T.map((p, i) => ({ ...p, fraction: i === 1 ? 123_456_789 : 5 }));
        const nanos = readBytes(pcap({ magic, bigEndian, packets }));
        expect(nanos.records.map((r) => r.time)).toEqual(['100.000000005', '101.123456789', '102.000000005']);
      }
      expect(readBytes(pcap({ magic }).subarray(0, 27)).damage?.what).toBe(
        'cut in the middle of the file header: 27 of 28 bytes',
      );
    },
  );

  it.each([
    [6, 1],
    [24, 0],
    [9, 9],
    [1, 1],
  ])('AIX: version 2.2 with the interface type %i is link type %i, with nanoseconds', (told, linkType) => {
    const packets = [{ seconds: 5, fraction: 123, data: packet(40), captured: 90, wireLength: 40 }];
    const { records, reader } = readBytes(pcap({ version: [2, 2], linkType: told, bigEndian: true, packets }));
    expect([...reader.linkTypes]).toEqual([linkType]);
    const ofAix = told !== linkType;
    expect(reader.format).toBe(ofAix ? 'pcap-aix' : 'pcap');
    const time = ofAix ? '5.000000123' : '5.000123000';
    expect(records[0]).toMatchObject({ time, linkType, captured: 40, wireLength: 90, md5: md5(packet(40)) });
  });

  it('AIX puts three bytes before an FDDI frame', () => {
    const packets = [{ seconds: 5, fraction: 0, data: packet(43), captured: 93, wireLength: 43 }];
    const { records } = readBytes(pcap({ version: [2, 2], linkType: 15, packets }));
    expect(records[0]).toMatchObject({ linkType: 10, captured: 40, wireLength: 90, md5: md5(packet(43).subarray(3)) });
    const tiny = [{ seconds: 5, fraction: 0, data: packet(2), captured: 2, wireLength: 2 }];
    expect(readBytes(pcap({ version: [2, 2], linkType: 15, packets: tiny })).records[0]).toMatchObject({
      captured: 0,
      wireLength: 0,
    });
  });
});

describe('damaged pcap', () => {
  it.each([
    ['the file header', 20, 0, 0, 'cut in the middle of the file header: 20 of 24 bytes'],
    ['a record header', 24 + 16 + 60 + 7, 1, 100, 'cut in the middle of a record: 7 of 16 bytes'],
    ['a record', 24 + 16 + 59, 0, 24, 'cut in the middle of a record: 75 of 76 bytes'],
  ])('tells where it was cut in %s', (_, length, count, offset, what) => {
    const { records, damage } = readBytes(pcap({ packets: PACKETS }).subarray(0, length));
    expect(records).toHaveLength(count);
    expect(damage).toEqual({ offset, what });
  });

  it('stops at a captured length that can not be true', () => {
    const packets = [...PACKETS, { seconds: 1, fraction: 0, data: packet(4), captured: 262_145 }];
    const { records, damage } = readBytes(pcap({ packets }));
    expect(records).toHaveLength(2);
    const what = 'a record claims 262145 captured bytes, more than the maximum of 262144';
    expect(damage).toEqual({ offset: 24 + 76 + 16, what });
  });

  it.each([MICRO, MODIFIED])('ends where nothing but zeros follows, as after a crash (%i)', (magic) => {
    const whole = pcap({ magic, packets: PACKETS });
    const what = 'zeros where records should be: the file was not written to its end';
    for (const zeros of [24, 48, 5000, 100_000]) {
      for (const chunks of [[1 << 20], [1000], [7]]) {
        const { records, damage } = readBytes(Buffer.concat([whole, Buffer.alloc(zeros)]), chunks);
        expect([records.length, damage]).toEqual([2, { offset: whole.length, what }]);
      }
    }
  });

  it('takes a record of zeros between others for one', () => {
    const empty = { seconds: 0, fraction: 0, data: packet(0) };
    const packets = [PACKETS[0]!, empty, empty, PACKETS[1]!];
    const { records, damage } = readBytes(pcap({ packets }), [5]);
    expect([records.length, damage]).toEqual([4, null]);
    expect(records[2]).toMatchObject({ time: '0.000000000', captured: 0 });
  });

  it('believes a length beyond the usual bound where the snaplen allows it', () => {
    const packets = [{ seconds: 1, fraction: 0, data: packet(300_000) }];
    expect(readBytes(pcap({ packets, snaplen: 300_000 })).records[0]?.md5).toBe(md5(packet(300_000)));
  });

  it('needs no memory for a length that lies, even if the snaplen does too', () => {
    const lie = [{ seconds: 1, fraction: 0, data: packet(4), captured: 0x01ff_0000 }];
    const { damage } = readBytes(pcap({ packets: lie, snaplen: 0xffff_ffff }));
    expect(damage?.what).toBe('cut in the middle of a record: 20 of 33488912 bytes');
    const worse = [{ seconds: 1, fraction: 0, data: packet(4), captured: 0xffff_ffff }];
    expect(readBytes(pcap({ packets: worse, snaplen: 0xffff_ffff })).damage?.what).toMatch(
      'claims 4294967295 captured',
    );
  });
});
