import { describe, expect, test } from 'vitest';
import {
  decodeBytes,
  FIN4,
  FIN6,
  facts,
  fragmentHeader,
  ipv4,
  ipv4Packet,
  ipv6,
  ipv6Packet,
  RAW,
  tcp,
  u32,
} from './bytes.ts';

const TCP = 6;
const SHORT_FIN = '0 c > s F. 1:1(0) ack 1';

/** An extension header of `units` times eight bytes. */
const extension = (next: number, units = 1) => [next, units - 1, ...Array(units * 8 - 2).fill(1)];
/** RFC 4302: length in words of four bytes, minus 2. */
const authentication = (next: number) => [next, 4, 0, 0, ...u32(0x1234), ...u32(1), ...Array(12).fill(0xee)];

describe('IPv4', () => {
  test('TTL and identification', () => {
    const { segment } = decodeBytes(RAW, ipv4(tcp(), { id: 0xbeef }));
    expect(segment.ttl).toBe(64);
    expect(segment.ipId).toBe(0xbeef);
  });

  test.each([4, 20, 40])('%i bytes of options', (length) => {
    const { outcome, segment } = decodeBytes(RAW, ipv4(tcp(), { options: Array(length).fill(1) }));
    expect(outcome).toBe('decoded');
    expect(facts(segment)).toEqual(FIN4);
  });

  test('do not fragment is no fragmentation, nor is the reserved bit', () => {
    const packet = ipv4(tcp());
    for (const flags of [0x40, 0x80, 0xc0]) {
      packet[6] = flags;
      expect(decodeBytes(RAW, packet).outcome).toBe('decoded');
    }
  });

  test('the payload is as long as the header says, cut by the snaplen or not', () => {
    const packet = ipv4Packet('0 c > s FP. 1:1001(1000) ack 1');
    const { outcome, segment } = decodeBytes(RAW, packet.slice(0, 64), { wireLength: packet.length });
    expect(outcome).toBe('decoded');
    expect(segment.length).toBe(1000);
  });

  test('bytes behind the packet are no payload', () => {
    expect(decodeBytes(RAW, [...ipv4Packet(SHORT_FIN), ...Array(12).fill(0)]).segment.length).toBe(0);
  });

  test('total length 0 (TSO): the record knows the length', () => {
    const packet = ipv4(tcp(), { totalLength: 0 });
    expect(facts(decodeBytes(RAW, packet).segment)).toEqual(FIN4);
    expect(decodeBytes(RAW, packet, { wireLength: packet.length + 70_000 }).segment.length).toBe(70_010);
  });

  test('total length 0 and a record of gigabytes is damage', () => {
    expect(decodeBytes(RAW, ipv4(tcp(), { totalLength: 0 }), { wireLength: 0x7fff_ffff }).outcome).toBe(
      'bad-ip-header',
    );
  });

  test('a header shorter than 20 bytes, or longer than the packet', () => {
    const packet = ipv4Packet();
    expect(decodeBytes(RAW, [0x44, ...packet.slice(1)]).outcome).toBe('bad-ip-header');
    expect(decodeBytes(RAW, ipv4(tcp(), { totalLength: 19 })).outcome).toBe('bad-ip-header');
    expect(decodeBytes(RAW, ipv4(tcp(), { options: Array(8).fill(1), totalLength: 27 })).outcome).toBe('bad-ip-header');
  });

  test('a total length that leaves no room for the TCP header', () => {
    expect(decodeBytes(RAW, ipv4(tcp(), { totalLength: 20 })).outcome).toBe('bad-tcp-header');
    expect(decodeBytes(RAW, ipv4(tcp(), { totalLength: 39 })).outcome).toBe('bad-tcp-header');
    expect(decodeBytes(RAW, ipv4(tcp(SHORT_FIN), { totalLength: 40 })).outcome).toBe('decoded');
  });

  test('an authentication header', () => {
    const { outcome, segment } = decodeBytes(RAW, ipv4([...authentication(TCP), ...tcp()], { protocol: 51 }));
    expect(outcome).toBe('decoded');
    expect(facts(segment)).toEqual(FIN4);
  });

  test.each([
    ['UDP', 17],
    ['SCTP', 132],
    ['ESP', 50],
    ['IGMP', 2],
    ['no next header', 59],
  ])('%s is not TCP', (_, protocol) => {
    expect(decodeBytes(RAW, ipv4(tcp(), { protocol })).outcome).toBe('not-tcp');
  });

  test('an ICMP error quotes TCP and is none', () => {
    for (const type of [3, 4, 5, 11, 12]) {
      const quoting = ipv4([type, 1, 0, 0, 0, 0, 0, 0, ...ipv4Packet()], { protocol: 1 });
      expect(decodeBytes(RAW, quoting).outcome).toBe('inside-icmp-error');
    }
    expect(decodeBytes(RAW, ipv4([8, 0, 0, 0, 0, 0, 0, 0], { protocol: 1 })).outcome).toBe('not-tcp');
  });
});

describe('IPv6', () => {
  test('hop limit, and no identification', () => {
    const { segment } = decodeBytes(RAW, ipv6(tcp()));
    expect(segment.ttl).toBe(63);
    expect(segment.ipId).toBe(0);
  });

  test.each([
    ['hop-by-hop options', 0],
    ['routing', 43],
    ['destination options', 60],
    ['mobility', 135],
    ['host identity', 139],
    ['shim6', 140],
  ])('%s', (_, next) => {
    for (const units of [1, 3, 32]) {
      const { outcome, segment } = decodeBytes(RAW, ipv6([...extension(TCP, units), ...tcp()], { next }));
      expect(outcome).toBe('decoded');
      expect(facts(segment)).toEqual(FIN6);
    }
  });

  test('an authentication header, alone and between others', () => {
    const alone = ipv6([...authentication(TCP), ...tcp()], { next: 51 });
    expect(facts(decodeBytes(RAW, alone).segment)).toEqual(FIN6);
    const between = ipv6([...extension(51), ...authentication(60), ...extension(TCP), ...tcp()], { next: 0 });
    expect(facts(decodeBytes(RAW, between).segment)).toEqual(FIN6);
  });

  test('an atomic fragment is the whole packet (RFC 6946)', () => {
    const packet = ipv6([...fragmentHeader(TCP, 1, 0, false), ...tcp()], { next: 44 });
    expect(facts(decodeBytes(RAW, packet).segment)).toEqual(FIN6);
  });

  test('payload length 0 (jumbogram, BIG TCP): the record knows the length', () => {
    const packet = ipv6(tcp(), { payloadLength: 0 });
    expect(facts(decodeBytes(RAW, packet).segment)).toEqual(FIN6);
    expect(decodeBytes(RAW, packet, { wireLength: packet.length + 200_000 }).segment.length).toBe(200_010);
    const withJumboOption = ipv6([TCP, 0, 0xc2, 4, ...u32(38), ...tcp()], { next: 0, payloadLength: 0 });
    expect(facts(decodeBytes(RAW, withJumboOption).segment)).toEqual(FIN6);
    expect(decodeBytes(RAW, packet, { wireLength: 0x7fff_ffff }).outcome).toBe('bad-tcp-header');
  });

  test('an extension header that passes the end of the packet', () => {
    const packet = ipv6([TCP, 200, ...Array(2000).fill(0)], { next: 60, payloadLength: 30 });
    expect(decodeBytes(RAW, packet).outcome).toBe('bad-ip-header');
  });

  test('extension headers without end', () => {
    const chain = Array.from({ length: 8000 }, () => extension(60)).flat();
    expect(decodeBytes(RAW, ipv6(chain, { next: 60 })).outcome).toBe('cut-before-tcp-header');
  });

  test('payload length that leaves no room for the TCP header', () => {
    expect(decodeBytes(RAW, ipv6(tcp(), { payloadLength: 19 })).outcome).toBe('bad-tcp-header');
    expect(decodeBytes(RAW, ipv6(tcp(SHORT_FIN), { payloadLength: 20 })).outcome).toBe('decoded');
  });

  test('UDP is not TCP, and an ICMPv6 error is told apart from a neighbour solicitation', () => {
    expect(decodeBytes(RAW, ipv6(tcp(), { next: 17 })).outcome).toBe('not-tcp');
    for (const type of [1, 2, 3, 4, 127]) {
      const error = ipv6([type, 0, 0, 0, 0, 0, 0, 0, ...ipv6Packet()], { next: 58 });
      expect(decodeBytes(RAW, error).outcome).toBe('inside-icmp-error');
    }
    expect(decodeBytes(RAW, ipv6([135, 0, 0, 0], { next: 58 })).outcome).toBe('not-tcp');
  });
});
