import { describe, expect, test } from 'vitest';
import {
  decodeBytes,
  ethernet,
  FIN4,
  FIN6,
  facts,
  ipv4,
  ipv4Packet,
  ipv6,
  ipv6Packet,
  RAW,
  u16,
  u32,
} from './bytes.ts';
import { wireless } from './tunnels.ts';

const IPIP = 4;
const IPV6 = 41;
const GRE = 47;

interface GreFields {
  checksum?: boolean;
  key?: number;
  sequence?: boolean;
}

function gre(protocol: number, payload: number[], { checksum = false, key, sequence = false }: GreFields = {}) {
  const flags = (checksum ? 0x8000 : 0) | (key === undefined ? 0 : 0x2000) | (sequence ? 0x1000 : 0);
  const optional = [...(checksum ? u32(0) : []), ...(key === undefined ? [] : u32(key)), ...(sequence ? u32(9) : [])];
  return [...u16(flags), ...u16(protocol), ...optional, ...payload];
}

describe('IP in IP', () => {
  test.each([
    ['IPv4 in IPv4 (RFC 2003)', ipv4(ipv4Packet(), { protocol: IPIP, source: [192, 0, 2, 1] }), FIN4],
    ['6in4 (RFC 4213)', ipv4(ipv6Packet(), { protocol: IPV6 }), FIN6],
    ['4in6 (RFC 2473)', ipv6(ipv4Packet(), { next: IPIP }), FIN4],
    ['IPv6 in IPv6', ipv6(ipv6Packet(), { next: IPV6 }), FIN6],
  ])('%s', (_, packet, expected) => {
    const { outcome, segment, layers } = decodeBytes(RAW, packet);
    expect(outcome).toBe('decoded');
    expect(facts(segment)).toEqual(expected);
    expect(layers).toEqual(['ipip']);
  });

  test('the inner header is read: TTL, identification, length', () => {
    const inner = ipv4Packet('0 c > s FP. 1:11(10) ack 1 ttl 9 ipid 4242');
    const { segment } = decodeBytes(RAW, ipv4([...inner, 1, 2, 3], { protocol: IPIP }));
    expect([segment.ttl, segment.ipId, segment.length]).toEqual([9, 4242, 10]);
  });

  test('inner total length 0 (TSO in a tunnel) ends where the outer packet ends', () => {
    const inner = ipv4(ipv4Packet().slice(20), { totalLength: 0 });
    expect(decodeBytes(RAW, [...ipv4(inner, { protocol: IPIP }), 0, 0, 0, 0]).segment.length).toBe(10);
  });

  test('eight tunnels are followed, nine are given up', () => {
    const wrapped = (depth: number) => {
      let packet = ipv4Packet();
      for (let i = 0; i < depth; i++) packet = ipv4(packet, { protocol: IPIP });
      return packet;
    };
    expect(decodeBytes(RAW, wrapped(8)).layers).toHaveLength(8);
    expect(decodeBytes(RAW, wrapped(9)).outcome).toBe('too-many-layers');
  });
});

describe('GRE', () => {
  test('IPv4 and IPv6 in it', () => {
    const four = decodeBytes(RAW, ipv4(gre(0x0800, ipv4Packet()), { protocol: GRE }));
    expect(facts(four.segment)).toEqual(FIN4);
    expect(four.layers).toEqual(['gre']);
    expect(facts(decodeBytes(RAW, ipv6(gre(0x86dd, ipv6Packet()), { next: GRE })).segment)).toEqual(FIN6);
  });

  const all: [GreFields, string[]][] = [
    [{ checksum: true }, ['gre']],
    [{ key: 0xfffffffe }, ['gre 4294967294']],
    [{ sequence: true }, ['gre']],
    [{ checksum: true, key: 0 }, ['gre 0']],
    [{ checksum: true, key: 7, sequence: true }, ['gre 7']],
  ];
  test.each(all)('with %o', (fields, expected) => {
    const { segment, layers } = decodeBytes(RAW, ipv4(gre(0x0800, ipv4Packet(), fields), { protocol: GRE }));
    expect(facts(segment)).toEqual(FIN4);
    expect(layers).toEqual(expected);
  });

  test('Ethernet in it, with a VLAN tag of its own', () => {
    const frame = ethernet(0x8100, [...u16(33), ...u16(0x0800), ...ipv4Packet()]);
    const { segment, layers } = decodeBytes(RAW, ipv4(gre(0x6558, frame, { key: 5 }), { protocol: GRE }));
    expect(facts(segment)).toEqual(FIN4);
    expect(layers).toEqual(['gre 5', 'vlan 33']);
  });

  test('MPLS in it', () => {
    const packet = [...u32((77 << 12) | 0x100), ...ipv6Packet()];
    const { segment, layers } = decodeBytes(RAW, ipv4(gre(0x8847, packet), { protocol: GRE }));
    expect(facts(segment)).toEqual(FIN6);
    expect(layers).toEqual(['gre', 'mpls 77']);
  });

  test('PPTP (version 1): PPP, with and without an acknowledgement', () => {
    const ppp = [0xff, 3, 0, 0x21, ...ipv4Packet()];
    const call = [...u16(ppp.length), ...u16(515)];
    const plain = [...u16(0x3001), ...u16(0x880b), ...call, ...u32(1), ...ppp];
    const acknowledging = [...u16(0x3081), ...u16(0x880b), ...call, ...u32(1), ...u32(7), 0x21, ...ipv4Packet()];
    for (const packet of [plain, acknowledging]) {
      const { segment, layers } = decodeBytes(RAW, ipv4(packet, { protocol: GRE }));
      expect(facts(segment)).toEqual(FIN4);
      expect(layers).toEqual(['pptp 515']);
    }
    const noPayload = [...u16(0x2081), ...u16(0x880b), ...call, ...u32(7)];
    expect(decodeBytes(RAW, ipv4(noPayload, { protocol: GRE })).outcome).toBe('not-tcp');
  });

  test('ERSPAN of each type', () => {
    const frame = ethernet(0x0800, ipv4Packet());
    const layersOf = (...bytes: number[][]) => {
      const { segment, layers } = decodeBytes(RAW, ipv4(bytes.flat(), { protocol: GRE }));
      expect(facts(segment)).toEqual(FIN4);
      return layers;
    };
    const numbered = (type: number) => [0x10, 0, ...u16(type), ...u32(1)];
    const type3 = (flags: number) => [0x20, 7, 0xfc, 5, 0, 0, 0, 0, 0, 0, 0, flags];
    expect(layersOf([0, 0, 0x88, 0xbe], frame)).toEqual(['erspan']);
    expect(layersOf(numbered(0x88be), [0x10, 7, 0xff, 0xff, 0, 0, 0, 1], frame)).toEqual(['erspan 1023']);
    expect(layersOf(numbered(0x22eb), type3(0), frame)).toEqual(['erspan 5']);
    expect(layersOf(numbered(0x22eb), type3(1), Array(8).fill(3), frame)).toEqual(['erspan 5']);
    const unknown = [...numbered(0x88be), 0x30, 0, 0, 1, 0, 0, 0, 0, ...frame];
    expect(decodeBytes(RAW, ipv4(unknown, { protocol: GRE })).outcome).toBe('not-tcp');
  });

  test.each([0x8200, 0x820f, 0x9000])("802.11 of Aruba's access points: %i", (protocol) => {
    const packet = ipv4(gre(protocol, wireless(ipv4Packet())), { protocol: GRE });
    expect(facts(decodeBytes(RAW, packet).segment)).toEqual(FIN4);
  });

  test('other versions, source routes and unknown protocols are not TCP or not IP', () => {
    const outcome = (flags: number, protocol: number) =>
      decodeBytes(RAW, ipv4([...u16(flags), ...u16(protocol), ...ipv4Packet()], { protocol: GRE })).outcome;
    expect(outcome(0x3001, 0x0800)).toBe('not-tcp');
    expect(outcome(0x0002, 0x0800)).toBe('not-tcp');
    expect(outcome(0x4000, 0x0800)).toBe('not-tcp');
    expect(outcome(0, 0x883e)).toBe('not-ip');
  });

  test('GRE in GRE without end', () => {
    let packet = ipv4Packet();
    for (let i = 0; i < 20; i++) packet = ipv4(gre(0x0800, packet), { protocol: GRE });
    expect(decodeBytes(RAW, packet).outcome).toBe('too-many-layers');
  });
});
