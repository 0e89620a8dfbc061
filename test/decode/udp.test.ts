import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decoder } from '../../src/decode/decode.ts';
import {
  decodeBytes,
  decodeWith,
  ethernet,
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
  u16,
  u32,
} from './bytes.ts';
import { capwap, geneve, gtp, TUNNELS, tzsp, udp, udp4, vxlan, wireless } from './tunnels.ts';

const LONG = '0 c > s FP. 1:1001(1000) ack 1';

describe.each(TUNNELS)('%s', (_, port, header, innerAt, layers) => {
  const inner = ipv4Packet();
  const packet = udp4(port, header(inner));

  test('the innermost TCP is read', () => {
    const decoded = decodeBytes(RAW, packet);
    expect(decoded.outcome).toBe('decoded');
    expect(facts(decoded.segment)).toEqual(FIN4);
    expect(decoded.layers).toEqual(layers);
  });

  test('cut at every byte: not TCP without the ports, cut before the TCP header, and then decoded', () => {
    const tcpAt = 28 + innerAt + 20;
    for (let captured = 28; captured <= packet.length; captured++) {
      const { outcome } = decodeBytes(RAW, packet.slice(0, captured), { wireLength: packet.length });
      expect(outcome, `${captured} bytes`).toBe(captured < tcpAt + 20 ? 'cut-before-tcp-header' : 'decoded');
    }
    for (let captured = 20; captured < 28; captured++) {
      expect(decodeBytes(RAW, packet.slice(0, captured), { wireLength: packet.length }).outcome).toBe('not-tcp');
    }
  });

  test('a datagram that is too short for it is not TCP', () => {
    for (let length = 0; length < innerAt + 40; length++) {
      const short = udp4(port, header(inner).slice(0, length));
      expect(decodeBytes(RAW, [...short, ...Array(80).fill(0)]).outcome, `${length} bytes`).toBe('not-tcp');
    }
  });

  test('in a datagram in fragments', () => {
    const datagram = udp(port, header(ipv4Packet(LONG)));
    const decoder = new Decoder();
    const pieces = [
      ipv4(datagram.slice(0, 400), { protocol: 17, more: true }),
      ipv4(datagram.slice(400, 800), { protocol: 17, offset: 400, more: true }),
      ipv4(datagram.slice(800), { protocol: 17, offset: 800 }),
    ];
    const results = pieces.map((piece) => decodeWith(decoder, RAW, piece));
    expect(results.map(({ outcome }) => outcome)).toEqual(['ip-fragment', 'ip-fragment', 'decoded']);
    expect(facts(results[2]!.segment)).toEqual({ ...FIN4, length: 1000 });
    expect(results[2]!.layers).toEqual(layers);
  });

  test('other datagrams to the port are not TCP', () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(bytes, (payload) => {
        expect(decodeBytes(RAW, udp4(port, Array.from(payload))).outcome).toBe('not-tcp');
      }),
      { numRuns: 500 },
    );
  });

  test('ICMP and UDP in it are not TCP', () => {
    for (const protocol of [1, 17]) {
      expect(decodeBytes(RAW, udp4(port, header(ipv4(tcp(), { protocol })))).outcome).toBe('not-tcp');
    }
  });

  test('on another port it is not looked for', () => {
    expect(decodeBytes(RAW, udp4(port + 10, header(inner))).outcome).toBe('not-tcp');
  });
});

describe('UDP', () => {
  test('over IPv6, and in fragments of it', () => {
    const datagram = udp(4789, vxlan(9, ethernet(0x86dd, ipv6Packet(LONG))));
    const long = { ...FIN6, length: 1000 };
    expect(facts(decodeBytes(RAW, ipv6(datagram, { next: 17 })).segment)).toEqual(long);
    const decoder = new Decoder();
    const piece = (from: number, to: number, more: boolean) =>
      ipv6([...fragmentHeader(17, 5, from, more), ...datagram.slice(from, to)], { next: 44 });
    expect(decodeWith(decoder, RAW, piece(0, 600, true)).outcome).toBe('ip-fragment');
    expect(facts(decodeWith(decoder, RAW, piece(600, datagram.length, false)).segment)).toEqual(long);
  });

  test('what claims to be longer than the datagram is no tunnel', () => {
    const longer = ipv4(tcp(), { totalLength: 100 });
    expect(decodeBytes(RAW, udp4(4789, vxlan(9, ethernet(0x0800, longer)))).outcome).toBe('not-tcp');
  });

  test('bytes behind the datagram are none of it', () => {
    const cut = udp4(4789, vxlan(9, ethernet(0x0800, ipv4Packet().slice(0, 30))));
    expect(decodeBytes(RAW, [...cut, ...ipv4Packet().slice(30)]).outcome).toBe('not-tcp');
  });

  test('tunnels in tunnels are followed to the eighth', () => {
    const nested = (depth: number) => {
      let packet = ipv4Packet();
      for (let i = 0; i < depth; i++) packet = udp4(4789, vxlan(i, ethernet(0x0800, packet)));
      return decodeBytes(RAW, packet);
    };
    expect(nested(8).layers).toHaveLength(8);
    expect(nested(9).outcome).toBe('too-many-layers');
  });
});

describe('VXLAN', () => {
  test('with VLAN tags of the inner frame', () => {
    const frame = ethernet(0x8100, [...u16(33), ...u16(0x0800), ...ipv4Packet()]);
    expect(decodeBytes(RAW, udp4(8472, vxlan(0xffffff, frame))).layers).toEqual(['vxlan 16777215', 'vlan 33']);
  });

  test('what is reserved is ignored, the flag that says that there is a VNI is not', () => {
    const [, ...rest] = vxlan(7, ethernet(0x0800, ipv4Packet()));
    expect(decodeBytes(RAW, udp4(4789, [0xff, ...rest])).layers).toEqual(['vxlan 7']);
    expect(decodeBytes(RAW, udp4(4789, [0xf7, ...rest])).outcome).toBe('not-tcp');
  });
});

describe('Geneve', () => {
  test('options, and IP without Ethernet', () => {
    for (const words of [0, 1, 63]) {
      const four = geneve(5, 0x0800, ipv4Packet(), Array(words * 4).fill(0xee));
      expect(facts(decodeBytes(RAW, udp4(6081, four)).segment)).toEqual(FIN4);
      const six = geneve(5, 0x86dd, ipv6Packet(), Array(words * 4).fill(0xee));
      expect(facts(decodeBytes(RAW, udp4(6081, six)).segment)).toEqual(FIN6);
    }
  });

  test('another version is not read', () => {
    const [first, ...rest] = geneve(5, 0x0800, ipv4Packet());
    expect(decodeBytes(RAW, udp4(6081, [first! | 0x40, ...rest])).outcome).toBe('not-tcp');
  });
});

describe('GTP-U', () => {
  test('sequence number and extension headers', () => {
    const plain = gtp(1, 0x32, [0, 9, 0, 0], ipv4Packet());
    const extended = gtp(1, 0x34, [0, 0, 0, 0x85, 1, 0x10, 0x11, 0xc0, 2, 1, 2, 3, 4, 5, 6, 0], ipv4Packet());
    expect(facts(decodeBytes(RAW, udp4(2152, plain)).segment)).toEqual(FIN4);
    expect(facts(decodeBytes(RAW, udp4(2152, extended)).segment)).toEqual(FIN4);
  });

  test('an extension header of no length ends it', () => {
    const endless = gtp(1, 0x34, [0, 0, 0, 0x85, 0, 0, 0, 0x85], ipv4Packet());
    expect(decodeBytes(RAW, udp4(2152, endless)).outcome).toBe('not-tcp');
  });

  test('echo requests, a wrong length and another version are not read', () => {
    const right = gtp(1, 0x30, [], ipv4Packet());
    expect(decodeBytes(RAW, udp4(2152, right.with(1, 1))).outcome).toBe('not-tcp');
    expect(decodeBytes(RAW, udp4(2152, right.with(3, right[3]! + 1))).outcome).toBe('not-tcp');
    expect(decodeBytes(RAW, udp4(2152, right.with(0, 0x50))).outcome).toBe('not-tcp');
  });

  test('an answer is known by the port it comes from', () => {
    const answer = udp4(31_000, gtp(0xffffffff, 0x30, [], ipv4Packet()), 2152);
    expect(decodeBytes(RAW, answer).layers).toEqual(['gtp 4294967295']);
  });
});

describe('CAPWAP', () => {
  const frame = wireless(ipv4Packet());

  test('802.11 in either order of the frame control, or Ethernet', () => {
    const swapped = [frame[1]!, frame[0]!, ...frame.slice(2)];
    for (const bytes of [frame, swapped]) {
      expect(facts(decodeBytes(RAW, udp4(5247, capwap(0x100, bytes))).segment)).toEqual(FIN4);
    }
    const bridged = capwap(0, ethernet(0x86dd, ipv6Packet()));
    expect(facts(decodeBytes(RAW, udp4(5247, bridged)).segment)).toEqual(FIN6);
    expect(decodeBytes(RAW, udp4(33_000, capwap(0x100, frame), 5247)).layers).toEqual(['capwap']);
  });

  test('of its own fragments the first is read, in the whole length', () => {
    const long = wireless(ipv4Packet(LONG)).slice(0, 300);
    const first = decodeBytes(RAW, udp4(5247, capwap(0x180, long)));
    expect(facts(first.segment)).toEqual({ ...FIN4, length: 1000 });
    expect(decodeBytes(RAW, udp4(5247, capwap(0x180, long, 37))).outcome).toBe('not-tcp');
  });

  test('encrypted, or with a header of no length, it is not read', () => {
    expect(decodeBytes(RAW, udp4(5247, capwap(0x100, frame).with(0, 1))).outcome).toBe('not-tcp');
    expect(decodeBytes(RAW, udp4(5247, capwap(0x100, frame).with(1, 8))).outcome).toBe('not-tcp');
  });
});

describe('TZSP', () => {
  test('802.11 in it, padding and tags before it; other frames are not read', () => {
    const tags = [0, 0, 10, 1, 0xc4, 41, 4, ...u32(7), 1];
    expect(facts(decodeBytes(RAW, udp4(37_008, tzsp(18, tags, wireless(ipv6Packet())))).segment)).toEqual(FIN6);
    expect(decodeBytes(RAW, udp4(37_008, tzsp(119, [1], wireless(ipv4Packet())))).outcome).toBe('not-tcp');
    expect(decodeBytes(RAW, udp4(37_008, tzsp(1, [0, 0, 10, 255], ipv4Packet()))).outcome).toBe('not-tcp');
  });
});
