/** The kernel's decoder against the layers' decoders: what it takes, it decodes as they do. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Random } from '../../bench/random.ts';
import { SYN_LAYOUTS, SYN_WINDOWS } from '../../src/decode/syn-options.ts';
import { openCaptures } from '../../src/input/captures.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { ETHERNET, ethernet, FIN_LINE, ipv4, ipv4Packet, ipv6, ipv6Packet, RAW, tcp, u16 } from '../decode/bytes.ts';
import { compare, type Packet, pcapOf } from './compare.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const LINUX_SLL = 113;
const LINUX_SLL2 = 276;

const STAMPS = '<nop, nop, ts 10 5>';
const SYN = '0 c > s S 0:0(0) <mss 1460, sackOK, ts 9 0, nop, wscale 7>';
const SYN_ACK = '0 s > c S. 0:0(0) ack 1 <mss 1460, sackOK, ts 5 9, nop, wscale 7>';
/** The options of every known order, and each with a window that tells something; padding is an end of options. */
const WORDS: Record<string, string> = { mss: 'mss 1460', ws: 'wscale 7', TS: 'ts 9 0' };
const SYNS = SYN_LAYOUTS.filter((layout) => !layout.endsWith('other')).map((layout, n) => {
  const options = layout.split(',').filter((kind) => kind !== 'eol');
  const window = SYN_WINDOWS[n % SYN_WINDOWS.length];
  return `0 c > s S 0:0(0) win ${window} <${options.map((kind) => WORDS[kind] ?? kind).join(', ')}>`;
});
const BARE_ACK = `0 c > s . 1:1(0) ack 1 ${STAMPS}`;
const FIN = `${FIN_LINE} ${STAMPS}`;

/** A way to wrap IP packets. */
interface Wrapping {
  name: string;
  linkType: number;
  ipv6: boolean;
  /** bytes before the EtherType, and before the IP header */
  type: number;
  header: number;
  wrap: (packet: number[]) => number[];
}

const vlan = (id: number, type: number, payload: number[], tag = 0x8100) =>
  ethernet(tag, [...u16(id), ...u16(type), ...payload]);

function wrappings(): Wrapping[] {
  return [false, true].flatMap((ipv6) => {
    const type = ipv6 ? 0x86dd : 0x0800;
    const version = ipv6 ? 'IPv6' : 'IPv4';
    const bare = { name: version, linkType: ETHERNET, ipv6, type: 12, header: 14 };
    return [
      { ...bare, wrap: (packet: number[]) => ethernet(type, packet) },
      {
        ...{ ...bare, name: `${version} with a VLAN tag`, header: 18 },
        wrap: (packet: number[]) => vlan(0xf007, type, packet),
      },
      {
        ...{ ...bare, name: `${version} in SLL`, linkType: LINUX_SLL, type: 14, header: 16 },
        wrap: (packet: number[]) => [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, ...u16(type), ...packet],
      },
      {
        ...{ ...bare, name: `${version} in SLL2`, linkType: LINUX_SLL2, type: 0, header: 20 },
        wrap: (packet: number[]) => [
          ...[...u16(type), 0, 0, 0, 0, 0, 1, 0, 1, 0, 6],
          ...[2, 0, 0, 0, 0, 1, 0, 0],
          ...packet,
        ],
      },
    ];
  });
}

const WRAPPINGS = wrappings();
const PLAIN = WRAPPINGS[0]!;

function frameOf({ ipv6, wrap }: Wrapping, line: string): Uint8Array {
  return Uint8Array.from(wrap(ipv6 ? ipv6Packet(line) : ipv4Packet(line)));
}

/** The frame with another client: its number in the lower half of the client's address. */
function ofClient(frame: Uint8Array, { ipv6, header }: Wrapping, isClients: boolean, client: number): Uint8Array {
  const bytes = Uint8Array.from(frame);
  const address = header + (ipv6 ? (isClients ? 22 : 38) : isClients ? 14 : 18);
  bytes[address] = client >> 8;
  bytes[address + 1] = client;
  return bytes;
}

/** Half a millisecond apart, so that a frame which is the one before is a duplicate, with an IP ID or without. */
function timed(frames: readonly Uint8Array[]): Packet[] {
  return frames.map((data, n) => ({ seconds: 1_000_000 + Math.floor(n / 2000), fraction: (n % 2000) * 500, data }));
}

/** Whether the kernel takes a frame, after a connection of other ends, and after its own opening if it has one. */
async function takes(wrapping: Wrapping, frame: ArrayLike<number>, opens = false): Promise<boolean> {
  const opening = [SYN, SYN_ACK, BARE_ACK].map((line) => frameOf(wrapping, line));
  // It leaves the first packet of all, and a tag that is new.
  const first = ofClient(opening[0]!, wrapping, true, 999);
  const frames = [first, ...(opens ? [] : opening), Uint8Array.from(frame)];
  const { packets, left } = await compare(pcapOf(timed(frames), wrapping));
  expect(packets).toBe(frames.length);
  expect(left.filter((number) => number !== frames.length)).toEqual([1]);
  return left.length === 1;
}

describe('the kernel takes', () => {
  describe.each(WRAPPINGS)('of $name', (wrapping) => {
    test.each([
      FIN_LINE,
      FIN,
      BARE_ACK,
      `0 c > s P. 1:101(100) ack 1 <ts 5 6, nop, nop>`,
      '0 s > c P. 1:101(100) ack 1',
    ])('%s', async (line) => {
      expect(await takes(wrapping, frameOf(wrapping, line))).toBe(true);
    });

    test.each([SYN, '0 c > s S 0:0(0)', '0 c > s S 0:0(0) <mss 1460, wscale 14>', ...SYNS])('%s', async (line) => {
      expect(await takes(wrapping, frameOf(wrapping, line), true)).toBe(true);
    });

    test('neither SACK blocks nor what is cut in the TCP header', async () => {
      const sack = frameOf(wrapping, `${FIN_LINE} <nop, nop, ts 5 6, nop, nop, sack 30:40>`);
      expect(await takes(wrapping, sack)).toBe(false);
      const fin = frameOf(wrapping, FIN);
      const header = wrapping.header + (wrapping.ipv6 ? 40 : 20);
      expect(await takes(wrapping, fin.subarray(0, header + 20))).toBe(true);
      expect(await takes(wrapping, fin.subarray(0, header + 19))).toBe(false);
      for (let length = 0; length < fin.length; length++) await takes(wrapping, fin.subarray(0, length));
    });
  });

  test.each<[string, number[]]>([
    ['two tags', vlan(7, 0x8100, [...u16(8), ...u16(0x0800), ...ipv4Packet()])],
    ['a provider tag', vlan(7, 0x0800, ipv4Packet(), 0x88a8)],
    ['IP options', ethernet(0x0800, ipv4(tcp(), { options: [1, 1, 1, 0] }))],
    ['a first fragment', ethernet(0x0800, ipv4(tcp(), { more: true }))],
    ['a last fragment', ethernet(0x0800, ipv4(tcp(), { offset: 64 }))],
    ['IPv4 total length 0', ethernet(0x0800, ipv4(tcp(), { totalLength: 0 }))],
    ['IPv4 total length 39', ethernet(0x0800, ipv4(tcp(), { totalLength: 39 }))],
    ['IPv6 payload length 0', ethernet(0x86dd, ipv6(tcp(), { payloadLength: 0 }))],
    ['UDP', ethernet(0x0800, ipv4(tcp(), { protocol: 17 }))],
    ['an extension header', ethernet(0x86dd, ipv6([6, 0, 1, 4, 0, 0, 0, 0, ...tcp()], { next: 60 }))],
    ['an EtherType that is not the version', ethernet(0x0800, ipv6Packet())],
    ['a cut TCP header', ethernet(0x0800, ipv4Packet().slice(0, 39))],
  ])('no %s', async (_, frame) => {
    const isIpv6 = frame[12] === 0x86;
    expect(await takes(isIpv6 ? WRAPPINGS[4]! : PLAIN, frame)).toBe(false);
  });

  test('no SYN with a tag before the general way has seen that tag', async () => {
    const frames = [7, 7, 8, 8].map((id, client) =>
      ofClient(Uint8Array.from(vlan(id, 0x0800, ipv4Packet(SYN))), WRAPPINGS[1]!, true, 10 + client),
    );
    const { left } = await compare(pcapOf(timed([frameOf(PLAIN, SYN), ...frames])));
    expect(left).toEqual([1, 2, 4]);
  });

  test('nothing of other link types', async () => {
    const frames = [SYN, SYN_ACK, BARE_ACK, FIN].map((line) => Uint8Array.from(ipv4Packet(line)));
    expect((await compare(pcapOf(timed(frames), { linkType: RAW }))).left).toEqual([1, 2, 3, 4]);
  });
});

describe('with any byte of the headers changed to any value the same is decoded', () => {
  /** Frames before the changed one, and the one behind it: a copy of it as it was, which shows what is in its print. */
  const PLACES = [
    { where: 'a SYN', lines: [], line: SYN },
    { where: 'an ACK', lines: [SYN, SYN_ACK], line: BARE_ACK },
    { where: 'a FIN with payload', lines: [SYN, SYN_ACK, BARE_ACK], line: FIN },
  ];
  const cases = [
    ...[WRAPPINGS[0]!, WRAPPINGS[5]!].flatMap((wrapping) => PLACES.map((place) => ({ ...place, wrapping }))),
    ...[WRAPPINGS[2]!, WRAPPINGS[7]!].map((wrapping) => ({ ...PLACES[1]!, wrapping })),
  ].map((each) => ({ ...each, name: each.wrapping.name }));

  test.each(cases)('in $where, $name', async ({ lines, line, wrapping }) => {
    const before = lines.map((each) => ({ frame: frameOf(wrapping, each), isClients: each !== SYN_ACK }));
    const right = frameOf(wrapping, line);
    const frames: Uint8Array[] = [ofClient(frameOf(wrapping, SYN), wrapping, true, 0)];
    let client = 0;
    let changes = 0;
    for (let at = wrapping.type; at < right.length; at++) {
      for (let value = 0; value < 256; value++) {
        client++;
        for (const { frame, isClients } of before) frames.push(ofClient(frame, wrapping, isClients, client));
        const own = ofClient(right, wrapping, true, client);
        const changed = Uint8Array.from(own);
        changed[at] = value;
        frames.push(changed, own);
        changes++;
      }
    }
    const { packets, left, duplicates } = await compare(pcapOf(timed(frames), wrapping));
    expect(packets).toBe(frames.length);
    expect(1 - left.length / packets).toBeGreaterThan(0.5);
    // What only the copy's print can show, as the IP ID, makes no duplicate.
    expect(duplicates).toBeGreaterThan(changes / 10);
    expect(duplicates).toBeLessThan(changes);
  });
});

describe('frames of the fixtures are decoded alike', () => {
  test('with bytes changed, cut, with other lengths and tags', async () => {
    const names = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' });
    const packets: Packet[] = [];
    for (const name of names.filter((path) => /\.pcap(ng)?$/.test(path))) {
      const set = await openCaptures([join(FIXTURES, name)]);
      await set.forEach(({ linkType, data, start, end, wireLength }) => {
        if (linkType !== ETHERNET) return;
        packets.push({ seconds: 0, fraction: 0, data: data.slice(start, end), wireLength });
      });
    }
    let left = 0;
    let all = 0;
    for (const seed of [1, 2, 3, 4, 5]) {
      const random = new Random(seed);
      const changed = packets.map((packet, n) => disturbed(packet, n, random));
      const taken = await compare(pcapOf(changed));
      left += taken.left.length;
      all += taken.packets;
    }
    expect(all).toBeGreaterThan(20_000);
    expect(1 - left / all).toBeGreaterThan(0.35);
    expect(1 - left / all).toBeLessThan(0.8);
  });
});

/** One in five is changed: a byte or two, the captured length, the length on the wire, a tag. */
function disturbed(packet: Packet, n: number, random: Random): Packet {
  const times = { seconds: 1_000_000 + Math.floor(n / 1000), fraction: (n % 1000) * 1000 };
  const whole = { ...packet, ...times };
  switch (random.between(0, 19)) {
    case 0: {
      const data = Uint8Array.from(packet.data);
      for (const _ of [1, 2]) data[random.between(12, Math.min(data.length, 100) - 1)] = random.between(0, 255);
      return { ...whole, data };
    }
    case 1:
      return { ...whole, data: packet.data.subarray(0, random.between(0, 120)) };
    case 2:
      return { ...whole, wireLength: random.between(0, 3000) };
    case 3: {
      const tag = [0x8100, 0x88a8, 0x9100][random.between(0, 2)]!;
      const data = Uint8Array.from([...packet.data.subarray(0, 12), ...u16(tag), 0, 9, ...packet.data.subarray(12)]);
      return { ...whole, data };
    }
    default:
      return whole;
  }
}

describe('the memory that the kernel and the program share', () => {
  test('is given out zeroed, at cache lines, and nothing of it twice', () => {
    const kernel = new Kernel();
    let end = 0;
    for (const bytes of [1, 64, 65, 100_000, 1 << 20, 5 << 20, 24]) {
      const { buffer, offset, address } = kernel.allocate(bytes);
      expect([offset, address % 64, address >= end]).toEqual([address, 0, true]);
      const area = new Uint8Array(buffer, offset, bytes);
      expect(area.every((byte) => byte === 0)).toBe(true);
      area.fill(0xff);
      end = address + bytes;
    }
  });

  test('keeps what stands in it where it is while it grows', () => {
    const kernel = new Kernel();
    const { buffer, offset } = kernel.allocate(64);
    const before = new Int32Array(buffer, offset, 16);
    before[3] = 7;
    kernel.words[300] = 8;
    const later = kernel.allocate(100 << 20);
    expect(later.address).toBeGreaterThan(0);
    expect(new Int32Array(later.buffer, offset, 16)[3]).toBe(7);
    before[3] = 9;
    expect([new Int32Array(later.buffer, offset, 16)[3], new Int32Array(later.buffer)[300]]).toEqual([9, 8]);
  });

  test('is found elsewhere when all of it is given out', () => {
    const kernel = new Kernel();
    // Never touched, so that the system has nothing to provide.
    for (let gib = 0; gib < 3; gib++) expect(kernel.allocate(2 ** 30).address).toBeGreaterThan(0);
    expect(kernel.allocate(2 ** 30)).toMatchObject({ offset: 0, address: 0 });
    expect(kernel.allocate(64).address).toBeGreaterThan(0);
  });
});
