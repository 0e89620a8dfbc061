import { describe, expect, test } from 'vitest';
import { linkTypeName } from '../../src/input/linktypes.ts';
import { decodeBytes, ethernet, FIN4, FIN6, facts, ipv4Packet, ipv6Packet, u16, u32 } from './bytes.ts';
import { attribute, juniper, OTHER_LINKS, ppi, radiotap } from './links.ts';
import { snap, wireless } from './tunnels.ts';

const PPP = 9;
const FDDI = 10;
const IEEE802_11 = 105;
const RADIOTAP = 127;
const ARCNET = 129;
const PPI = 192;
const NFLOG = 239;

test.each(OTHER_LINKS)('%s', (_, linkType, frame) => {
  const { outcome, segment } = decodeBytes(linkType, frame);
  expect(outcome).toBe('decoded');
  expect(facts(segment)).toEqual(FIN4);
});

test('all of them have names', () => {
  for (const [, linkType] of OTHER_LINKS) expect(linkTypeName(linkType)).not.toMatch(/^LINKTYPE_/);
});

describe('PPP', () => {
  test('IPv6, long and short', () => {
    expect(facts(decodeBytes(PPP, [0, 0x57, ...ipv6Packet()]).segment)).toEqual(FIN6);
    expect(facts(decodeBytes(PPP, [0xff, 3, 0x57, ...ipv6Packet()]).segment)).toEqual(FIN6);
  });

  test('labels are kept', () => {
    const labels = [...u32(16 << 12), ...u32((17 << 12) | 0x100)];
    expect(decodeBytes(PPP, [0xff, 3, 2, 0x83, ...labels, ...ipv4Packet()]).layers).toEqual(['mpls 16', 'mpls 17']);
  });

  test('control protocols, compressed and encrypted packets are not IP', () => {
    for (const protocol of [0xc021, 0x8021, 0x002d, 0x00fd]) {
      expect(decodeBytes(PPP, [0xff, 3, ...u16(protocol), ...ipv4Packet()]).outcome).toBe('not-ip');
    }
  });
});

describe('802.11', () => {
  const read = (control: number, rest: number[] = []) =>
    decodeBytes(IEEE802_11, wireless(ipv4Packet(), { control, rest }));

  test.each<[string, number, number[]]>([
    ['to the access point', 0x0801, []],
    ['from it', 0x0802, []],
    ['between two', 0x0803, Array(6).fill(9)],
    ['QoS', 0x8801, [0x06, 0]],
    ['QoS between two', 0x8803, [...Array(6).fill(9), 0, 0]],
    ['QoS with HT control', 0x8881, [0, 0, 1, 2, 3, 4]],
    ['QoS with several packets: the first', 0x8802, [0x80, 0, ...Array(12).fill(7), ...u16(58)]],
  ])('%s', (_, control, rest) => {
    const { outcome, segment } = read(control, rest);
    expect(outcome).toBe('decoded');
    expect(facts(segment)).toEqual(FIN4);
  });

  test.each([
    ['management', 0x8000],
    ['control', 0xd400],
    ['data without data', 0x4801],
    ['QoS without data', 0xc801],
    ['another version', 0x0901],
  ])('%s is not IP', (_, control) => {
    expect(read(control).outcome).toBe('not-ip');
  });

  test('what is encrypted is not IP', () => {
    expect(read(0x0841, [1, 0, 0, 0x20, 0, 0, 0, 0]).outcome).toBe('not-ip');
  });

  test('a checksum behind it is no payload', () => {
    const frame = wireless(ipv4Packet('0 c > s F. 1:1(0) ack 1'));
    expect(decodeBytes(IEEE802_11, [...frame, 1, 2, 3, 4]).segment.length).toBe(0);
  });
});

describe('radiotap', () => {
  const plain = wireless(ipv4Packet());
  const padded = wireless(ipv4Packet(), { control: 0x8801, rest: [0, 0, 0, 0] }); // two bytes of QoS, two of padding
  const PADDED = 0x20;

  test('fields before the flags: none, or the time; and more words of presence', () => {
    const time = Array(8).fill(1);
    expect(facts(decodeBytes(RADIOTAP, radiotap([2], [PADDED], padded)).segment)).toEqual(FIN4);
    expect(facts(decodeBytes(RADIOTAP, radiotap([3], [...time, PADDED], padded)).segment)).toEqual(FIN4);
    const more = [0x8000_0003, 0x8000_0000, 0];
    expect(facts(decodeBytes(RADIOTAP, radiotap(more, [...time, PADDED], padded)).segment)).toEqual(FIN4);
    const odd = [0x8000_0003, 0]; // the time begins at 16, not at 12
    expect(facts(decodeBytes(RADIOTAP, radiotap(odd, [0, 0, 0, 0, ...time, PADDED], padded)).segment)).toEqual(FIN4);
    expect(facts(decodeBytes(RADIOTAP, radiotap([3], [...time, 0x10], plain)).segment)).toEqual(FIN4);
  });

  test('presence without end, and flags beyond the header, are not read', () => {
    const endless = Array(20).fill(0x8000_0002);
    expect(facts(decodeBytes(RADIOTAP, radiotap(endless, [], plain)).segment)).toEqual(FIN4);
    expect(facts(decodeBytes(RADIOTAP, radiotap([2], [], plain)).segment)).toEqual(FIN4);
  });

  test('too short a length, and another version', () => {
    const frame = radiotap([0], [], plain);
    expect(decodeBytes(RADIOTAP, frame.with(2, 7)).outcome).toBe('not-ip');
    expect(decodeBytes(RADIOTAP, frame.with(0, 1)).outcome).toBe('not-ip');
    expect(decodeBytes(RADIOTAP, frame.with(3, 0xff)).outcome).toBe('cut-before-tcp-header');
  });
});

describe('the others', () => {
  test('PPI in PPI, and of a link type that is not read', () => {
    expect(decodeBytes(PPI, ppi(192, [], ppi(1, [], ethernet(0x0800, ipv4Packet())))).outcome).toBe(
      'link-type-not-supported',
    );
    expect(decodeBytes(PPI, ppi(147, [], ipv4Packet())).outcome).toBe('link-type-not-supported');
    expect(decodeBytes(PPI, ppi(101, [], ipv4Packet()).with(2, 4)).outcome).toBe('not-ip');
  });

  test('FDDI: a token or management is not IP', () => {
    const rest = [...Array(12).fill(2), ...snap(ipv6Packet())];
    expect(facts(decodeBytes(FDDI, [0x57, ...rest]).segment)).toEqual(FIN6);
    expect(facts(decodeBytes(FDDI, [0xd0, ...rest]).segment)).toEqual(FIN6);
    for (const control of [0x80, 0x41, 0xc0]) expect(decodeBytes(FDDI, [control, ...rest]).outcome).toBe('not-ip');
  });

  test('NFLOG: an attribute shorter than its header, or no packet', () => {
    expect(decodeBytes(NFLOG, [2, 0, 0, 0, 3, 0, 1, 0, ...ipv4Packet()]).outcome).toBe('not-ip');
    expect(decodeBytes(NFLOG, [2, 0, 0, 0, ...attribute(1, [1, 2, 3])]).outcome).toBe('cut-before-tcp-header');
    expect(facts(decodeBytes(NFLOG, [10, 0, 0, 0, ...attribute(9, ipv6Packet())]).segment)).toEqual(FIN6);
  });

  test('ARCNET: of a split packet the first, ARP none', () => {
    const split = (flag: number) => [1, 2, 0, 0, 0xd4, flag, 0, 9, ...ipv4Packet()];
    expect(facts(decodeBytes(ARCNET, split(3)).segment)).toEqual(FIN4);
    expect(decodeBytes(ARCNET, split(2)).outcome).toBe('not-ip');
    expect(decodeBytes(ARCNET, [1, 2, 0, 0, 0xd5, 0, 0, 9, ...ipv4Packet()]).outcome).toBe('not-ip');
    expect(facts(decodeBytes(ARCNET, [1, 2, 0, 0, 0xc4, 0, 0, 9, ...ipv6Packet()]).segment)).toEqual(FIN6);
  });

  test("Juniper's without its mark", () => {
    expect(decodeBytes(178, juniper(0, [], ethernet(0x0800, ipv4Packet())).with(1, 0)).outcome).toBe('not-ip');
  });

  test('PPP_ETHER keeps the session', () => {
    const [, linkType, frame] = OTHER_LINKS.find(([name]) => name === 'PPP_ETHER')!;
    expect(decodeBytes(linkType, frame).layers).toEqual(['pppoe 9']);
  });
});
