import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decoder } from '../../src/decode/decode.ts';
import {
  decodeWith,
  ETHERNET,
  ethernet,
  FIN4,
  FIN6,
  facts,
  fragmentHeader,
  type Ipv4Fields,
  ipv4,
  ipv4Packet,
  ipv6,
  RAW,
  tcp,
  u16,
} from './bytes.ts';

const LONG_FIN = '0 c > s FP. 1:1001(1000) ack 1';
const LONG4 = { ...FIN4, length: 1000 };

interface Piece {
  offset: number;
  more: boolean;
  bytes: number[];
}

/** A datagram's payload cut at these offsets. */
function cut(payload: number[], ...at: number[]): Piece[] {
  const edges = [0, ...at, payload.length];
  return edges.slice(1).map((end, i) => {
    const offset = edges[i]!;
    return { offset, more: end < payload.length, bytes: payload.slice(offset, end) };
  });
}

const pieces4 = (pieces: Piece[], fields: Ipv4Fields = {}) =>
  pieces.map(({ offset, more, bytes }) => ipv4(bytes, { ...fields, offset, more }));

const pieces6 = (pieces: Piece[], id = 99, next = 6) =>
  pieces.map(({ offset, more, bytes }) => ipv6([...fragmentHeader(next, id, offset, more), ...bytes], { next: 44 }));

/** The outcomes of packets in turn, and the last one's segment. */
function decodeAll(packets: number[][], seconds: number[] = [], decoder = new Decoder()) {
  const results = packets.map((packet, i) => decodeWith(decoder, RAW, packet, { seconds: seconds[i] ?? 0 }));
  return { outcomes: results.map(({ outcome }) => outcome), last: results.at(-1)!, decoder };
}

const THREE = cut(tcp(LONG_FIN), 480, 960);

describe('a segment in fragments', () => {
  test('is given with the last of them, in its whole length', () => {
    const { outcomes, last, decoder } = decodeAll(pieces4(THREE));
    expect(outcomes).toEqual(['ip-fragment', 'ip-fragment', 'decoded']);
    expect(facts(last.segment)).toEqual(LONG4);
    expect(decoder.joinedFragments).toBe(2);
  });

  test('IPv6', () => {
    const { outcomes, last } = decodeAll(pieces6(THREE));
    expect(outcomes).toEqual(['ip-fragment', 'ip-fragment', 'decoded']);
    expect(facts(last.segment)).toEqual({ ...FIN6, length: 1000 });
  });

  test('IPv6 with an extension header inside and one outside the fragmented part', () => {
    const payload = [6, 0, 1, 4, 0, 0, 0, 0, ...tcp(LONG_FIN)];
    const packets = cut(payload, 64).map(({ offset, more, bytes }) => {
      const headers = [44, 0, 1, 4, 0, 0, 0, 0, ...fragmentHeader(60, 7, offset, more)];
      return ipv6([...headers, ...bytes], { next: 0 });
    });
    const { outcomes, last } = decodeAll(packets);
    expect(outcomes).toEqual(['ip-fragment', 'decoded']);
    expect(last.segment.length).toBe(1000);
  });

  test('in any order, overlapping and repeated', () => {
    const payload = tcp(LONG_FIN);
    const steps = fc.array(fc.integer({ min: 3, max: 127 }), { maxLength: 6 });
    fc.assert(
      fc.property(steps, fc.array(fc.nat({ max: 127 }), { maxLength: 4 }), fc.nat(), (edges, extra, seed) => {
        const at = [...new Set(edges)].sort((a, b) => a - b).map((edge) => edge * 8);
        const pieces = cut(payload, ...at.filter((edge) => edge < payload.length));
        const repeated = extra.map((from): Piece => {
          const offset = from * 8;
          const end = Math.min(payload.length, offset + 160);
          return { offset, more: end < payload.length, bytes: payload.slice(offset, end) };
        });
        const all = [...pieces, ...repeated.filter(({ offset }) => offset > 0 && offset < payload.length)];
        const shuffled = all.toSorted(
          (a, b) => (((a.offset + 1) * (seed | 1)) % 1009) - (((b.offset + 1) * (seed | 1)) % 1009),
        );
        const decoder = new Decoder();
        const results = pieces4(shuffled).map((packet) => decodeWith(decoder, RAW, packet));
        const complete = results.filter(({ outcome }) => outcome === 'decoded');
        expect(complete).toHaveLength(1);
        expect(facts(complete[0]!.segment)).toEqual(LONG4);
      }),
      { numRuns: 300 },
    );
  });

  test('a hole stays a hole', () => {
    const [first, second, third] = pieces4(THREE) as [number[], number[], number[]];
    expect(decodeAll([first, third]).outcomes).toEqual(['ip-fragment', 'ip-fragment']);
    expect(decodeAll([second, third, second, third]).outcomes).toEqual(Array(4).fill('ip-fragment'));
    expect(decodeAll([first, second, first]).outcomes).toEqual(Array(3).fill('ip-fragment'));
    expect(decodeAll([first, second]).decoder.joinedFragments).toBe(0);
  });

  test('captured only up to the snaplen', () => {
    const packets = pieces4(THREE).map((packet) => packet.slice(0, 40));
    const decoder = new Decoder();
    const results = packets.map((packet) => decodeWith(decoder, RAW, packet, { wireLength: 500 }));
    expect(facts(results.at(-1)!.segment)).toEqual(LONG4);
  });

  test('keeps what the first fragment told: TTL, identification, options, VLAN', () => {
    const line = '0 c > s FP. 1:1001(1000) ack 1 <nop, nop, ts 5 6>';
    const decoder = new Decoder();
    const results = pieces4(cut(tcp(line), 64), { id: 4711 }).map((packet) =>
      decodeWith(decoder, ETHERNET, ethernet(0x8100, [...u16(12), ...u16(0x0800), ...packet])),
    );
    const { segment, layers } = results.at(-1)!;
    expect([segment.ipId, segment.ttl, segment.hasTimestamps, segment.tsVal]).toEqual([4711, 64, true, 5]);
    expect(segment.length).toBe(1000);
    expect(layers).toEqual(['vlan 12']);
  });

  test('other segments between the fragments change nothing', () => {
    const [first, second, third] = pieces4(THREE) as [number[], number[], number[]];
    const other = ipv4Packet('0 s > c . 1:1(0) ack 1');
    const { outcomes, last } = decodeAll([first, other, second, other, third]);
    expect(outcomes).toEqual(['ip-fragment', 'decoded', 'ip-fragment', 'decoded', 'decoded']);
    expect(facts(last.segment)).toEqual(LONG4);
  });
});

describe('datagrams are told apart', () => {
  const [first, , third] = THREE as [Piece, Piece, Piece];
  const rest = { offset: first.bytes.length, more: false, bytes: tcp(LONG_FIN).slice(first.bytes.length) };

  test.each<[string, Ipv4Fields]>([
    ['identification', { id: 78 }],
    ['source', { source: [10, 0, 0, 99] }],
    ['protocol', { protocol: 47 }],
  ])('by %s', (_, fields) => {
    const packets = [...pieces4([first]), ...pieces4([rest], fields)];
    expect(decodeAll(packets).outcomes).toEqual(['ip-fragment', 'ip-fragment']);
  });

  test('by IP version', () => {
    const mapped = [...Array(10).fill(0), 0xff, 0xff];
    const six = ipv6([...fragmentHeader(6, 77, rest.offset, false), ...rest.bytes], { next: 44 });
    six.splice(8, 32, ...mapped, 10, 0, 0, 1, ...mapped, 10, 0, 0, 2);
    expect(decodeAll([...pieces4([first]), six]).outcomes).toEqual(['ip-fragment', 'ip-fragment']);
  });

  test('by VLAN, so that each of two copies is completed', () => {
    const decoder = new Decoder();
    const inVlan = (id: number, packet: number[]) => ethernet(0x8100, [...u16(id), ...u16(0x0800), ...packet]);
    const [a, b] = pieces4([first, rest]) as [number[], number[]];
    const frames = [inVlan(1, a), inVlan(2, a), inVlan(1, b), inVlan(2, b)];
    const results = frames.map((frame) => decodeWith(decoder, ETHERNET, frame));
    expect(results.map(({ outcome }) => outcome)).toEqual(['ip-fragment', 'ip-fragment', 'decoded', 'decoded']);
    expect(results.slice(2).map(({ layers }) => layers)).toEqual([['vlan 1'], ['vlan 2']]);
  });

  test('by time: an identification comes again', () => {
    const [a, b] = pieces4([first, rest]) as [number[], number[]];
    expect(decodeAll([a, b], [1000, 1030]).outcomes).toEqual(['ip-fragment', 'decoded']);
    expect(decodeAll([a, b], [1000, 1031]).outcomes).toEqual(['ip-fragment', 'ip-fragment']);
    expect(decodeAll([b, a, b], [1000, 1031, 1031]).outcomes).toEqual(['ip-fragment', 'ip-fragment', 'decoded']);
  });

  test('64 wait at a time, and the oldest gives way', () => {
    const firsts = (count: number) => Array.from({ length: count }, (_, id) => pieces4([first], { id })[0]!);
    const restOf = (id: number) => pieces4([rest], { id })[0]!;
    expect(decodeAll([...firsts(64), restOf(0)]).outcomes.at(-1)).toBe('decoded');
    expect(decodeAll([...firsts(65), restOf(0)]).outcomes.at(-1)).toBe('ip-fragment');
    expect(decodeAll([...firsts(65), restOf(1)]).outcomes.at(-1)).toBe('decoded');
  });

  test('a later piece of a longer datagram is none of this one', () => {
    expect(third.more).toBe(false);
    expect(decodeAll(pieces4([first, { ...third, more: true }])).outcomes).toEqual(['ip-fragment', 'ip-fragment']);
  });
});

describe('what no first fragment can tell', () => {
  test('a TCP header that is itself fragmented is never decoded', () => {
    for (const edge of [8, 16]) {
      expect(decodeAll(pieces4(cut(tcp(LONG_FIN), edge))).outcomes).toEqual(['ip-fragment', 'ip-fragment']);
    }
    const withOptions = tcp('0 c > s FP. 1:1001(1000) ack 1 <nop, nop, ts 5 6>');
    expect(decodeAll(pieces4(cut(withOptions, 24))).outcomes).toEqual(['ip-fragment', 'ip-fragment']);
  });

  test('a first fragment cut before the TCP header is counted as cut', () => {
    const [packet] = pieces4(THREE) as [number[]];
    expect(decodeWith(new Decoder(), RAW, packet.slice(0, 30)).outcome).toBe('cut-before-tcp-header');
  });

  test('fragments of UDP are not TCP, the later ones neither', () => {
    const pieces = cut(Array(2000).fill(9), 1480);
    expect(decodeAll(pieces4(pieces, { protocol: 17 })).outcomes).toEqual(['not-tcp', 'not-tcp']);
    expect(decodeAll(pieces6(pieces, 5, 17)).outcomes).toEqual(['not-tcp', 'not-tcp']);
  });

  test('fragments without end cost no memory and no time', () => {
    const decoder = new Decoder();
    const started = performance.now();
    for (let i = 0; i < 50_000; i++) {
      const packet = ipv4([1, 2, 3, 4], { id: i & 0xffff, offset: 8 + (i % 8000) * 8, more: true });
      expect(decodeWith(decoder, RAW, packet).outcome).toBe('ip-fragment');
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test('fragment headers in fragment headers without end', () => {
    const chain = Array.from({ length: 8000 }, (_, id) => fragmentHeader(44, id, 0, true)).flat();
    expect(decodeWith(new Decoder(), RAW, ipv6(chain, { next: 44 })).outcome).toBe('too-many-layers');
  });

  test('the most ranges that a datagram can have', () => {
    const decoder = new Decoder();
    for (let offset = 8; offset < 65_528; offset += 16) {
      decodeWith(decoder, RAW, ipv4([0, 0, 0, 0, 0, 0, 0, 0], { offset, more: true }));
    }
    expect(decodeWith(decoder, RAW, pieces4([THREE[0]!])[0]!).outcome).toBe('ip-fragment');
  });
});

describe('fragments and tunnels', () => {
  test('a tunnel packet in fragments: the inner header tells the length', () => {
    const inner = ipv4Packet(LONG_FIN);
    const outer = { protocol: 4, source: [192, 0, 2, 1] };
    const { outcomes, last } = decodeAll(pieces4(cut(inner, 520), outer));
    expect(outcomes).toEqual(['ip-fragment', 'decoded']);
    expect(facts(last.segment)).toEqual(LONG4);
    expect(last.layers).toEqual(['ipip']);
  });

  test('GRE in fragments', () => {
    const { last } = decodeAll(pieces4(cut([0, 0, 0x08, 0, ...ipv4Packet(LONG_FIN)], 800), { protocol: 47 }));
    expect(last.outcome).toBe('decoded');
    expect(facts(last.segment)).toEqual(LONG4);
  });

  test('fragments in a tunnel', () => {
    const packets = pieces4(THREE).map((piece) => ipv6(piece, { next: 4 }));
    const { outcomes, last } = decodeAll(packets);
    expect(outcomes).toEqual(['ip-fragment', 'ip-fragment', 'decoded']);
    expect(facts(last.segment)).toEqual(LONG4);
  });

  test('a tunnel over IPv6 in fragments', () => {
    const inner = ipv4Packet(LONG_FIN);
    const { last } = decodeAll(pieces6(cut(inner, 400), 3, 4));
    expect(facts(last.segment)).toEqual(LONG4);
  });
});
