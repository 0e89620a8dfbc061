import { describe, expect, test } from 'vitest';
import { decodeBytes, ETHERNET, ethernet, FIN4, FIN6, facts, ipv4Packet, ipv6Packet, u16, u32 } from './bytes.ts';

const IPV4 = 0x0800;
const IPV6 = 0x86dd;

const tag = (type: number, id: number, payload: number[]) => ({ type, bytes: [...u16(id), ...payload] });

/** Frames of any stack of tags: [ethertype, id] outermost first. */
function tagged(tags: [type: number, id: number][], innermost: number, payload: number[]): number[] {
  let inner = { type: innermost, bytes: payload };
  for (const [type, id] of tags.toReversed()) inner = tag(type, id, [...u16(inner.type), ...inner.bytes]);
  return ethernet(inner.type, inner.bytes);
}

describe('Ethernet', () => {
  test('IPv4', () => {
    const { outcome, segment, layers } = decodeBytes(ETHERNET, ethernet(IPV4, ipv4Packet()));
    expect(outcome).toBe('decoded');
    expect(facts(segment)).toEqual(FIN4);
    expect(layers).toEqual([]);
  });

  test('IPv6', () => {
    const { outcome, segment } = decodeBytes(ETHERNET, ethernet(IPV6, ipv6Packet()));
    expect(outcome).toBe('decoded');
    expect(facts(segment)).toEqual(FIN6);
  });

  test('what the EtherType says and what the version nibble says may differ: the nibble is right', () => {
    expect(facts(decodeBytes(ETHERNET, ethernet(IPV4, ipv6Packet())).segment)).toEqual(FIN6);
  });

  test.each([
    ['ARP', 0x0806],
    ['LLDP', 0x88cc],
    ['MACsec', 0x88e5],
  ])('%s is not IP', (_, etherType) => {
    expect(decodeBytes(ETHERNET, ethernet(etherType, ipv4Packet())).outcome).toBe('not-ip');
  });

  test('an 802.3 length with LLC and SNAP (RFC 1042)', () => {
    const payload = [0xaa, 0xaa, 3, 0, 0, 0, ...u16(IPV4), ...ipv4Packet()];
    const { outcome, segment } = decodeBytes(ETHERNET, ethernet(payload.length, payload));
    expect(outcome).toBe('decoded');
    expect(facts(segment)).toEqual(FIN4);
  });

  test('an 802.3 length with other LLC: spanning tree, IPX, a vendor of SNAP', () => {
    expect(decodeBytes(ETHERNET, ethernet(38, [0x42, 0x42, 3, ...Array(35).fill(0)])).outcome).toBe('not-ip');
    expect(decodeBytes(ETHERNET, ethernet(38, [0xff, 0xff, 0, ...Array(35).fill(0)])).outcome).toBe('not-ip');
    expect(decodeBytes(ETHERNET, ethernet(30, [0xaa, 0xaa, 3, 0, 0, 12, 1, 0x0b])).outcome).toBe('not-ip');
  });

  test('padding to 60 bytes and a checksum behind the packet are no payload', () => {
    const short = ipv4Packet('0 c > s F. 1:1(0) ack 1');
    const frame = [...ethernet(IPV4, short), 0, 0, 0, 0, 0, 0, 0xde, 0xad, 0xbe, 0xef];
    expect(decodeBytes(ETHERNET, frame).segment.length).toBe(0);
  });
});

describe('VLAN tags', () => {
  test.each([
    ['802.1Q', 0x8100],
    ['802.1ad', 0x88a8],
    ['the old QinQ type', 0x9100],
  ])('%s', (_, type) => {
    const { segment, layers } = decodeBytes(ETHERNET, tagged([[type, 7]], IPV4, ipv4Packet()));
    expect(facts(segment)).toEqual(FIN4);
    expect(layers).toEqual(['vlan 7']);
  });

  test('the id is twelve bits: priority and drop eligibility do not belong to it', () => {
    expect(decodeBytes(ETHERNET, tagged([[0x8100, 0xf064]], IPV4, ipv4Packet())).layers).toEqual(['vlan 100']);
  });

  test('QinQ, outermost first', () => {
    const frame = tagged(
      [
        [0x88a8, 100],
        [0x8100, 200],
        [0x8100, 4095],
      ],
      IPV6,
      ipv6Packet(),
    );
    const { segment, layers } = decodeBytes(ETHERNET, frame);
    expect(facts(segment)).toEqual(FIN6);
    expect(layers).toEqual(['vlan 100', 'vlan 200', 'vlan 4095']);
  });

  test('sixteen tags are followed, seventeen are given up', () => {
    const tags = (count: number): [number, number][] => Array.from({ length: count }, (_, i) => [0x8100, i]);
    expect(decodeBytes(ETHERNET, tagged(tags(16), IPV4, ipv4Packet())).layers).toHaveLength(16);
    expect(decodeBytes(ETHERNET, tagged(tags(17), IPV4, ipv4Packet())).outcome).toBe('too-many-layers');
  });

  test('SNAP behind a tag', () => {
    const snap = [0xaa, 0xaa, 3, 0, 0, 0, ...u16(IPV4), ...ipv4Packet()];
    const { segment, layers } = decodeBytes(ETHERNET, tagged([[0x8100, 9]], snap.length, snap));
    expect(facts(segment)).toEqual(FIN4);
    expect(layers).toEqual(['vlan 9']);
  });
});

describe('MPLS', () => {
  const label = (value: number, bottom: boolean) => u32(value * 4096 + (bottom ? 0x100 : 0) + 64);

  test.each([
    ['unicast', 0x8847],
    ['multicast', 0x8848],
  ])('%s, one label', (_, type) => {
    const { segment, layers } = decodeBytes(ETHERNET, ethernet(type, [...label(1_048_575, true), ...ipv4Packet()]));
    expect(facts(segment)).toEqual(FIN4);
    expect(layers).toEqual(['mpls 1048575']);
  });

  test('a stack in a VLAN, and IPv6 in it', () => {
    const stack = [...label(16, false), ...label(17, false), ...label(18, true), ...ipv6Packet()];
    const { segment, layers } = decodeBytes(ETHERNET, tagged([[0x8100, 5]], 0x8847, stack));
    expect(facts(segment)).toEqual(FIN6);
    expect(layers).toEqual(['vlan 5', 'mpls 16', 'mpls 17', 'mpls 18']);
  });

  test('a stack without a bottom ends', () => {
    const endless = Array.from({ length: 40 }, () => label(3, false)).flat();
    expect(decodeBytes(ETHERNET, ethernet(0x8847, endless)).outcome).toBe('too-many-layers');
  });

  test('a pseudowire with a control word is not IP', () => {
    expect(decodeBytes(ETHERNET, ethernet(0x8847, [...label(16, true), 0, 0, 0, 0])).outcome).toBe('not-ip');
  });
});

describe('tags of bridges', () => {
  test('802.1ah: the service instance, and the tags of the frame inside', () => {
    const frame = ethernet(0x8100, [...u16(9), ...u16(IPV4), ...ipv4Packet()]);
    const { segment, layers } = decodeBytes(
      ETHERNET,
      tagged([[0x88a8, 4]], 0x88e7, [0xe0, 0xff, 0xff, 0xfe, ...frame]),
    );
    expect(facts(segment)).toEqual(FIN4);
    expect(layers).toEqual(['vlan 4', 'pbb 16777214', 'vlan 9']);
  });

  test.each([
    ['from the interface', 0x3fff_0033, 'vntag 51'],
    ['towards it', 0x8123_0fff, 'vntag 291'],
  ])('VN-tag %s', (_, tagBytes, expected) => {
    const { segment, layers } = decodeBytes(
      ETHERNET,
      ethernet(0x8926, [...u32(tagBytes), ...u16(IPV6), ...ipv6Packet()]),
    );
    expect(facts(segment)).toEqual(FIN6);
    expect(layers).toEqual([expected]);
  });

  test('802.1BR: group, base and extension are the id', () => {
    const frame = ethernet(0x893f, [0xf0, 0x01, 0xf0, 0xd8, 7, 3, ...u16(IPV4), ...ipv4Packet()]);
    const { segment, layers } = decodeBytes(ETHERNET, frame);
    expect(facts(segment)).toEqual(FIN4);
    expect(layers).toEqual([`etag ${(3 << 14) | 0x30d8}`]);
  });
});

describe('PPPoE', () => {
  const session = (protocol: number, packet: number[]) => [0x11, 0, 0, 1, ...u16(packet.length + 2), ...u16(protocol)];

  test('IPv4 and IPv6', () => {
    const four = ethernet(0x8864, [...session(0x21, ipv4Packet()), ...ipv4Packet()]);
    const six = ethernet(0x8864, [...session(0x57, ipv6Packet()), ...ipv6Packet()]);
    expect(facts(decodeBytes(ETHERNET, four).segment)).toEqual(FIN4);
    expect(facts(decodeBytes(ETHERNET, six).segment)).toEqual(FIN6);
    expect(decodeBytes(ETHERNET, four).layers).toEqual(['pppoe 1']);
  });

  test('link control and discovery are not IP', () => {
    expect(decodeBytes(ETHERNET, ethernet(0x8864, [...session(0xc021, []), 1, 1, 0, 4])).outcome).toBe('not-ip');
    expect(decodeBytes(ETHERNET, ethernet(0x8863, [...session(0x21, []), ...ipv4Packet()])).outcome).toBe('not-ip');
  });
});

describe('Linux cooked captures', () => {
  const sll = (type: number, packet: number[]) => [0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, ...u16(type), ...packet];
  const sll2 = (type: number, packet: number[]) => [
    ...u16(type),
    ...[0, 0, 0, 0, 0, 2, 0, 1, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0],
    ...packet,
  ];

  test.each([
    ['SLL', 113, sll],
    ['SLL2', 276, sll2],
  ])('%s', (_, linkType, header) => {
    expect(facts(decodeBytes(linkType, header(IPV4, ipv4Packet())).segment)).toEqual(FIN4);
    expect(facts(decodeBytes(linkType, header(IPV6, ipv6Packet())).segment)).toEqual(FIN6);
    const inVlan = decodeBytes(linkType, header(0x8100, [...u16(42), ...u16(IPV4), ...ipv4Packet()]));
    expect(facts(inVlan.segment)).toEqual(FIN4);
    expect(inVlan.layers).toEqual(['vlan 42']);
    expect(decodeBytes(linkType, header(0x0806, [0, 1])).outcome).toBe('not-ip');
    // Codes of the cooked header's own, below any EtherType: 802.3 frames, LLC, CAN.
    for (const code of [1, 4, 0xc]) {
      expect(decodeBytes(linkType, header(code, ipv4Packet())).outcome).toBe('not-ip');
    }
  });

  test('SLL2 of the scenarios: what tcpdump -i any writes', () => {
    expect(decodeBytes(276, sll2(IPV4, ipv4Packet())).outcome).toBe('decoded');
  });
});

describe('NULL and LOOP', () => {
  const AF_INET = 2;
  const AF_INET6 = { Linux: 10, Windows: 23, NetBSD: 24, Solaris: 26, FreeBSD: 28, macOS: 30 };
  const orders: [string, (family: number) => number[]][] = [
    ['little-endian', (family) => u32(family).toReversed()],
    ['big-endian', u32],
  ];

  describe.each([
    ['NULL', 0],
    ['LOOP', 108],
  ])('%s', (_, linkType) => {
    test.each(orders)('%s IPv4', (_order, word) => {
      expect(facts(decodeBytes(linkType, [...word(AF_INET), ...ipv4Packet()]).segment)).toEqual(FIN4);
    });

    test.each(orders)('%s IPv6 of each system', (_order, word) => {
      for (const [system, family] of Object.entries(AF_INET6)) {
        const { outcome, segment } = decodeBytes(linkType, [...word(family), ...ipv6Packet()]);
        expect(outcome, system).toBe('decoded');
        expect(facts(segment)).toEqual(FIN6);
      }
    });

    test.each(orders)('%s other families are not IP', (_order, word) => {
      for (const family of [0, 1, 7, 16, 23 << 8]) {
        expect(decodeBytes(linkType, [...word(family), ...ipv4Packet()]).outcome).toBe('not-ip');
      }
    });
  });
});

describe('raw IP', () => {
  test.each([12, 14, 101, 228, 229])('link type %i', (linkType) => {
    expect(facts(decodeBytes(linkType, ipv4Packet()).segment)).toEqual(FIN4);
    expect(facts(decodeBytes(linkType, ipv6Packet()).segment)).toEqual(FIN6);
    expect(decodeBytes(linkType, [0x55, ...ipv4Packet()]).outcome).toBe('not-ip');
  });

  test('other link types are named as such', () => {
    for (const linkType of [2, 147, 189, 192 << 16, 65535]) {
      expect(decodeBytes(linkType, ipv4Packet()).outcome).toBe('link-type-not-supported');
    }
  });
});
