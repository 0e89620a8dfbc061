import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decoder } from '../../src/decode/decode.ts';
import { DECODED, SKIP_REASONS } from '../../src/decode/outcome.ts';
import { Segment } from '../../src/decode/segment.ts';
import {
  decodeBytes,
  ETHERNET,
  ethernet,
  fragmentHeader,
  ipv4,
  ipv4Packet,
  ipv6,
  ipv6Packet,
  RAW,
  recordOf,
  tcp,
  u16,
  u32,
} from './bytes.ts';
import { OTHER_LINKS } from './links.ts';
import { TUNNELS, udp4, wireless } from './tunnels.ts';

const LINK_TYPES = [0, 1, 12, 14, 101, 108, 113, 228, 229, 276, ...OTHER_LINKS.map(([, linkType]) => linkType)];
const DATAGRAMS = TUNNELS.map(([name, port, header]): [string, number, number[]] => {
  return [name, RAW, udp4(port, header(ipv4Packet()))];
});
const OPTIONS_LINE = '0 c > s FP. 1:11(10) ack 1 <nop, nop, ts 5 6, nop, nop, sack 30:40>';

const GRE = { protocol: 47 };
const ETHERNET4 = ethernet(0x0800, ipv4Packet());

/** One frame of each stack of layers, and where its TCP header begins. */
const FRAMES: [name: string, linkType: number, frame: number[], tcpAt: number][] = [
  ['Ethernet, IPv4', ETHERNET, ethernet(0x0800, ipv4Packet(OPTIONS_LINE)), 34],
  ['Ethernet, IPv6', ETHERNET, ethernet(0x86dd, ipv6Packet(OPTIONS_LINE)), 54],
  ['VLAN', ETHERNET, ethernet(0x8100, [...u16(7), ...u16(0x0800), ...ipv4Packet()]), 38],
  ['MPLS', ETHERNET, ethernet(0x8847, [...u32(0x10100), ...ipv4Packet()]), 38],
  ['PPPoE', ETHERNET, ethernet(0x8864, [0x11, 0, 0, 1, 0, 52, 0, 0x21, ...ipv4Packet()]), 42],
  ['SNAP', ETHERNET, ethernet(58, [0xaa, 0xaa, 3, 0, 0, 0, ...u16(0x0800), ...ipv4Packet()]), 42],
  ['SLL', 113, [...Array(14).fill(0), ...u16(0x0800), ...ipv4Packet()], 36],
  ['SLL2', 276, [...u16(0x86dd), ...Array(18).fill(0), ...ipv6Packet()], 60],
  ['NULL', 0, [2, 0, 0, 0, ...ipv4Packet()], 24],
  ['IPv4 options', RAW, ipv4(tcp(), { options: Array(12).fill(1) }), 32],
  ['IPv6 extensions', RAW, ipv6([60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0, ...tcp()], { next: 0 }), 56],
  ['IPv6 AH', RAW, ipv6([6, 1, 0, 0, ...u32(1), ...u32(2), ...tcp()], { next: 51 }), 52],
  ['atomic fragment', RAW, ipv6([...fragmentHeader(6, 1, 0, false), ...tcp()], { next: 44 }), 48],
  ['6in4', RAW, ipv4(ipv6Packet(), { protocol: 41 }), 60],
  ['802.1ah', ETHERNET, ethernet(0x88e7, [0, 0, 0, 1, ...ethernet(0x0800, ipv4Packet())]), 52],
  ['VN-tag', ETHERNET, ethernet(0x8926, [...u32(51), ...u16(0x0800), ...ipv4Packet()]), 40],
  ['802.1BR', ETHERNET, ethernet(0x893f, [0, 0, 0, 1, 0, 0, ...u16(0x0800), ...ipv4Packet()]), 42],
  ['ERSPAN', RAW, ipv4([0x10, 0, 0x88, 0xbe, ...u32(1), ...u32(0x10000000), ...u32(0), ...ETHERNET4], GRE), 70],
  ['Aruba', RAW, ipv4([0, 0, 0x82, 0, ...wireless(ipv4Packet())], GRE), 76],
  ...OTHER_LINKS.map(([name, linkType, frame]): [string, number, number[], number] => {
    return [name, linkType, frame, frame.length - 30];
  }),
  ['GRE with key', RAW, ipv4([0x20, 0, 8, 0, ...u32(5), ...ipv4Packet()], { protocol: 47 }), 48],
];

describe.each(FRAMES)('%s cut at every byte', (_, linkType, frame, tcpAt) => {
  test('is cut before the TCP header, and decoded from its twentieth byte on', () => {
    const whole = decodeBytes(linkType, frame).segment;
    for (let captured = 0; captured <= frame.length; captured++) {
      const { outcome, segment } = decodeBytes(linkType, frame.slice(0, captured), { wireLength: frame.length });
      expect(outcome, `${captured} bytes`).toBe(captured < tcpAt + 20 ? 'cut-before-tcp-header' : 'decoded');
      if (outcome !== 'decoded') continue;
      expect([segment.seq, segment.flags, segment.length]).toEqual([whole.seq, whole.flags, whole.length]);
    }
  });

  test('with any one byte changed it never throws', () => {
    for (let at = 0; at < frame.length; at++) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff, frame[at]! ^ 0x10]) {
        const changed = frame.with(at, value);
        expect(SKIP_REASONS).toContain(decodeBytes(linkType, changed).outcome);
      }
    }
  });
});

/** Everything that a decoding tells. */
function outcomeOf(linkType: number, bytes: Uint8Array, wireLength: number, fill: number): unknown {
  const segment = new Segment();
  const decoder = new Decoder();
  const outcome = decoder.decode(recordOf(linkType, bytes, { wireLength }, fill), segment);
  if (outcome !== DECODED) return outcome;
  for (const value of Object.values(segment)) if (typeof value === 'number') expect(value).not.toBeNaN();
  expect(segment.length).toBeGreaterThanOrEqual(0);
  const { layers, layerIds, layerKinds, fragment: _, ...numbers } = segment;
  return { ...numbers, ids: layerIds.slice(0, layers), kinds: layerKinds.slice(0, layers) };
}

function dependsOnItsBytesAlone(linkType: number, bytes: Uint8Array, wireLength: number): void {
  const before = bytes.slice();
  const results = [0x00, 0x45, 0x06, 0xff].map((fill) => outcomeOf(linkType, bytes, wireLength, fill));
  for (const result of results) expect(result).toEqual(results[0]);
  expect(bytes).toEqual(before);
}

describe('random bytes', () => {
  const linkType = fc.constantFrom(...LINK_TYPES);

  test('never throw, and what lies around the packet is never read', () => {
    fc.assert(
      fc.property(linkType, fc.uint8Array({ maxLength: 160 }), fc.nat({ max: 0xffff_ffff }), dependsOnItsBytesAlone),
      { numRuns: 1500 },
    );
  });

  test('nor in frames that are right up to some byte, cut anywhere', () => {
    const frame = fc.constantFrom(...FRAMES, ...DATAGRAMS);
    const change = fc.array(fc.tuple(fc.nat({ max: 120 }), fc.nat({ max: 255 })), { maxLength: 6 });
    fc.assert(
      fc.property(frame, change, fc.nat({ max: 160 }), fc.nat({ max: 3000 }), ([, link, right], changes, cut, wire) => {
        const bytes = Uint8Array.from(right);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        dependsOnItsBytesAlone(link, bytes.slice(0, cut), wire);
      }),
      { numRuns: 3000 },
    );
  });

  test('one decoder takes them in any order', () => {
    const decoder = new Decoder();
    const segment = new Segment();
    const ipLike = fc.uint8Array({ minLength: 24, maxLength: 80 }).map((bytes) => {
      bytes[0] = bytes[1]! & 1 ? 0x45 : 0x60;
      bytes[9] = 6;
      bytes[6] = bytes[0] === 0x60 ? 44 : bytes[6]!;
      return bytes;
    });
    fc.assert(
      fc.property(ipLike, fc.nat({ max: 100 }), (bytes, seconds) => {
        const outcome = decoder.decode(recordOf(RAW, bytes, { seconds }), segment);
        expect(SKIP_REASONS[outcome]).toBeDefined();
      }),
      { numRuns: 3000 },
    );
  });
});
