import { describe, expect, it } from 'vitest';
import { block, epb, idb, isb, opb, option, packet, shb, spb, u32 } from './bytes.ts';
import { md5, readBytes } from './read.ts';

const BIG = { bigEndian: true };
const T = 1_700_000_000_000_000n;

describe('pcapng', () => {
  it.each([{ bigEndian: false }, BIG])('reads enhanced, obsolete and simple packets (%o)', (order) => {
    const data = packet(61, 3);
    const file = [
      shb(order),
      idb({ ...order, linkType: 113 }),
      idb({ ...order, linkType: 1, tsresol: 9 }),
      epb({ ...order, interfaceId: 0, ticks: T + 1n, data, wireLength: 1500 }),
      spb({ ...order, data }),
      opb({ ...order, interfaceId: 1, ticks: T * 1000n + 7n, data }),
    ];
    const { records, reader, damage } = readBytes(Buffer.concat(file));
    expect(damage).toBeNull();
    expect([...reader.linkTypes]).toEqual([113, 1]);
    const common = { ...order, captured: 61, md5: md5(data), hasTime: true };
    expect(records).toEqual([
      { ...common, frame: 1, time: '1700000000.000001000', wireLength: 1500, linkType: 113, interfaceId: 0 },
      // no time of its own: that of the record before
      {
        ...common,
        frame: 2,
        time: '1700000000.000001000',
        wireLength: 61,
        linkType: 113,
        interfaceId: 0,
        hasTime: false,
      },
      { ...common, frame: 3, time: '1700000000.000000007', wireLength: 61, linkType: 1, interfaceId: 1 },
    ]);
  });

  it('begins anew with each section: byte order and interfaces', () => {
    const file = [shb(), idb(), idb(), epb({ interfaceId: 1 }), shb(BIG), idb({ ...BIG, linkType: 101 }), epb(BIG)];
    const { records, reader, damage } = readBytes(Buffer.concat(file));
    expect(damage).toBeNull();
    expect(records.map((r) => [r.interfaceId, r.linkType, r.bigEndian])).toEqual([
      [1, 1, false],
      [0, 101, true],
    ]);
    expect([...reader.linkTypes]).toEqual([1, 101]);
    const stale = readBytes(Buffer.concat([shb(), idb(), idb(), shb(), idb(), epb({ interfaceId: 1 })]));
    expect(stale.damage?.what).toBe('a packet of interface 1, but its section describes 1');
  });

  it('cuts a simple packet at the snaplen', () => {
    const file = [shb(), idb({ snaplen: 40 }), spb({ data: packet(40), wireLength: 900 })];
    expect(readBytes(Buffer.concat(file)).records[0]).toMatchObject({ captured: 40, wireLength: 900 });
  });

  it('applies if_tsresol and if_tsoffset of each interface', () => {
    const file = [
      shb(),
      idb({ tsresol: 0x80 | 20, tsoffset: 100n }),
      idb({ tsresol: 3, tsoffset: -1n }),
      epb({ interfaceId: 0, ticks: (5n << 20n) + (1n << 19n) }),
      epb({ interfaceId: 1, ticks: 5001n }),
      epb({ interfaceId: 0, ticks: 6n << 20n }),
    ];
    const times = readBytes(Buffer.concat(file)).records.map((r) => r.time);
    expect(times).toEqual(['105.500000000', '4.001000000', '106.000000000']);
  });

  it('passes over blocks it does not know, however long, without holding them', () => {
    const file = [
      shb(),
      idb(),
      block(4, packet(100_000)),
      epb({ data: packet(30) }),
      block(0x8000_0001, packet(9)),
      epb(),
    ];
    const { records, damage } = readBytes(Buffer.concat(file), [1000]);
    expect(damage).toBeNull();
    expect(records.map((r) => r.frame)).toEqual([1, 2]);
  });

  it('leaves out the frame numbers that Wireshark gives to blocks without a packet', () => {
    const custom = block(0xbad, Buffer.concat([u32(32_473), packet(8)]));
    const uncopied = block(0x4000_0bad, u32(32_473));
    const journal = block(9, Buffer.from('MESSAGE=hello\n'));
    const file = [shb(), custom, idb(), epb(), uncopied, journal, epb(), custom];
    const { records, reader } = readBytes(Buffer.concat(file));
    expect(records.map((r) => r.frame)).toEqual([2, 5]);
    expect(reader.otherFrames).toBe(4);
  });

  it('sums the drops of the interfaces: the last statistics of each, of each section', () => {
    const first = [shb(), idb(), idb(), isb({ ifdrop: 3n, osdrop: 4n }), isb({ ifdrop: 5n, osdrop: 4n })];
    const second = [isb({ interfaceId: 1, osdrop: 10n }), shb(BIG), idb(BIG), isb({ ...BIG, ifdrop: 100n })];
    expect(readBytes(Buffer.concat([...first, ...second])).reader.dropped).toBe(119);
    expect(readBytes(Buffer.concat([shb(), idb(), epb()])).reader.dropped).toBeNull();
    const unknown = [shb(), idb(), isb({}), isb({ ifdrop: 2n ** 64n - 1n }), isb({ interfaceId: 7, ifdrop: 1n })];
    expect(readBytes(Buffer.concat(unknown)).reader.dropped).toBeNull();
    expect(readBytes(Buffer.concat([shb(), idb(), isb({ ifdrop: 0n })])).reader.dropped).toBe(0);
  });

  it('counts what packets say was lost, where no statistics do', () => {
    for (const order of [{ bigEndian: false }, BIG]) {
      const one = (drops: bigint, interfaceId = 0) => epb({ ...order, drops, interfaceId });
      const begin = [shb(order), idb(order), idb(order)];
      const dropped = (...blocks: Buffer[]) => readBytes(Buffer.concat([...begin, ...blocks])).reader.dropped;
      expect(dropped(epb(order))).toBeNull();
      expect(dropped(one(0n))).toBe(0);
      expect(dropped(one(3n), epb(order), one(2n ** 33n), one(2n ** 64n - 1n))).toBe(2 ** 33 + 3);
      expect(dropped(opb(order))).toBeNull();
      expect(dropped(opb({ ...order, drops: 4n }), opb(order), opb({ ...order, drops: 5n }))).toBe(9);
      // the interface that has statistics goes by these, the other by its packets
      expect(dropped(one(3n), one(4n, 1), isb({ ...order, ifdrop: 100n }))).toBe(104);
      expect(dropped(one(3n), isb(order))).toBe(3);
      expect(dropped(one(3n), ...begin, one(4n))).toBe(7);
    }
  });

  it.each([
    ['names', 4],
    ['systemd journal', 9],
    ['secrets', 10],
    ['custom', 0xbad],
    ['custom, not to be copied', 0x4000_0bad],
    ['compressed', 7],
    ['sysdig events', 0x204],
    ['unknown', 0x1234_5678],
  ])('the packet behind a block of %s is the same as without it', (_, type) => {
    for (const order of [{ bigEndian: false }, BIG]) {
      // lengths inside that lie, and what looks like a packet
      const body = Buffer.concat([u32(0xffff_ffff), epb(order), packet(7)]);
      const file = [shb(order), idb(order), epb(order), block(type, body, order), epb({ ...order, ticks: T })];
      const { records, damage } = readBytes(Buffer.concat(file), [3]);
      expect(damage).toBeNull();
      expect(records).toHaveLength(2);
      expect(records[1]).toMatchObject({ time: '1700000000.000000000', md5: md5(packet(20)) });
    }
  });

  it('takes no notice of the length of a section', () => {
    for (const length of [0n, 12n, -1n, -2n, 2n ** 62n]) {
      const body = [u32(0x1a2b3c4d), Buffer.from([1, 0, 0, 0]), Buffer.alloc(8)];
      body[2]?.writeBigInt64LE(length);
      const file = [block(0x0a0d0d0a, Buffer.concat(body)), idb(), epb(), shb(BIG), idb(BIG), epb(BIG)];
      const { records, damage } = readBytes(Buffer.concat(file));
      expect([records.length, damage]).toEqual([2, null]);
    }
  });

  it('adds the padding to lengths without it', () => {
    // 21 bytes of packet, and 32 of the block's own
    const body = Buffer.concat([u32(0), u32(0), u32(7), u32(21), u32(21), packet(21)]);
    const names = (trailer: number) => block(4, packet(9), {}, 21, trailer);
    const file = [shb(), idb(), block(6, body, {}, 53), names(21), block(6, body, {}, 53, 56), names(24), epb()];
    const { records, damage } = readBytes(Buffer.concat(file), [5]);
    expect(damage).toBeNull();
    expect(records.map((r) => r.captured)).toEqual([21, 21, 20]);
    expect(records[1]?.md5).toBe(md5(packet(21)));
  });

  it('has times beyond 2^31 and 2^32 seconds, and before 1970', () => {
    const file = [
      shb(),
      idb({ tsresol: 6 }),
      idb({ tsresol: 0, tsoffset: -(2n ** 40n) }),
      epb({ ticks: (2n ** 31n + 5n) * 1_000_000n }),
      epb({ ticks: (2n ** 35n + 5n) * 1_000_000n + 1n }),
      epb({ interfaceId: 1, ticks: 2n ** 40n - 3n }),
    ];
    expect(readBytes(Buffer.concat(file)).records.map((r) => r.time)).toEqual([
      '2147483653.000000000',
      '34359738373.000001000',
      '-3.000000000',
    ]);
  });

  it('is not led astray by options that lie about their length', () => {
    const lying = Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]), Buffer.from([9, 0, 0xff, 0xff])]);
    const file = [shb(), block(1, lying), epb({ ticks: T }), block(5, option(5, packet(8)))];
    const { records, damage } = readBytes(Buffer.concat(file));
    expect(damage).toBeNull();
    expect(records[0]?.time).toBe('1700000000.000000000');
  });
});

describe('damaged pcapng', () => {
  const good = Buffer.concat([shb(), idb(), epb()]);
  const tooLong = 'a block claims a length of 33554436 bytes, too many to be true';

  it.each([
    ['length below the minimum', Buffer.alloc(40), 'a block claims a length of 0 bytes'],
    [
      'trailing length that differs',
      block(6, packet(60), {}, 72, 76),
      "a block's lengths differ: 72 before it, 76 behind it",
    ],
    [
      'the same, block passed over',
      block(4, packet(60), {}, 72, 76),
      "a block's lengths differ: 72 before it, 76 behind it",
    ],
    ['interface not described', epb({ interfaceId: 9 }), 'a packet of interface 9, but its section describes 1'],
    [
      'captured length beyond its block',
      epb({ captured: 80 }),
      'a record claims 80 captured bytes, its block has room for 32',
    ],
    [
      'captured length beyond reason',
      epb({ captured: 262_145 }),
      'a record claims 262145 captured bytes, more than the maximum of 262144',
    ],
    [
      'simple packet beyond its block',
      spb({ wireLength: 24 }),
      'a record claims 24 captured bytes, its block has room for 20',
    ],
    ['packet block too short', block(6, packet(16)), 'a packet block of 28 bytes is too short'],
    ['simple block too short', block(3, packet(0)), 'a packet block of 12 bytes is too short'],
    ['interface description too short', block(1, packet(4)), 'an interface description of 16 bytes is too short'],
    ['packet block of 32 MiB', block(6, packet(20), {}, (32 << 20) + 4), tooLong],
    ['later section of another version', shb({}, [2, 0]), 'pcapng version 2.0 is not known, only 1.0 is'],
    ['cut block header', Buffer.from([6, 0, 0]), 'cut in the middle of a block: 3 of 12 bytes'],
    ['cut packet', epb().subarray(0, 50), 'cut in the middle of a record: 50 of 64 bytes'],
    ['cut block passed over', block(4, packet(60)).subarray(0, 71), 'cut in the middle of a block: 71 of 72 bytes'],
    ['cut section header', shb().subarray(0, 20), 'cut in the middle of a section header: 20 of 28 bytes'],
  ])('%s: stops there, with what came before', (_, bad, what) => {
    const { records, damage } = readBytes(Buffer.concat([good, bad]), [50]);
    expect(records).toHaveLength(1);
    expect(damage).toEqual({ offset: good.length, what });
  });

  it('a simple packet before any interface', () => {
    const { damage } = readBytes(Buffer.concat([shb(), spb()]));
    expect(damage).toEqual({ offset: 28, what: 'a packet of interface 0, but its section describes 0' });
  });

  it('an absurd number of interfaces', () => {
    const file = Buffer.concat([shb(), ...Array.from({ length: 65_537 }, () => block(1, Buffer.alloc(8)))]);
    expect(readBytes(file, [1 << 20]).damage?.what).toBe('more than 65536 interfaces in a section');
  });

  it('a first section that can not be read makes the file unreadable', () => {
    expect(readBytes(shb({}, [1, 1])).reader.unsupported).toBe('pcapng version 1.1 is not known, only 1.0 is');
    expect(readBytes(shb({}, [1, 2])).reader.unsupported).toBeNull();
    expect(readBytes(Buffer.concat([shb().subarray(0, 8), Buffer.alloc(20)])).reader.unsupported).toMatch(
      'byte-order magic',
    );
  });
});
