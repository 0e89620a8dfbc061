import { describe, expect, test } from 'vitest';
import { decodeBytes, FIN4, facts, ipv4, ipv4Packet, RAW, tcp, u16, u32 } from './bytes.ts';

/** A TCP header with these option bytes, padded as they are, and no payload. */
function withOptions(options: number[], flags = 0x10, ack = 5000): number[] {
  const length = 20 + options.length;
  return [
    ...u16(40000),
    ...u16(9091),
    ...u32(1),
    ...u32(ack),
    (length / 4) << 4,
    flags,
    ...u16(502),
    0,
    0,
    0,
    0,
    ...options,
  ];
}

const segmentWith = (options: number[], flags?: number, ack?: number) =>
  decodeBytes(RAW, ipv4(withOptions(options, flags, ack))).segment;

const NOP = 1;
const sack = (...edges: number[]) => [NOP, NOP, 5, 2 + edges.length * 4, ...edges.flatMap(u32)];
const timestamps = [NOP, NOP, 8, 10, ...u32(0x80000001), ...u32(77)];

describe('the TCP header', () => {
  test('every field', () => {
    expect(facts(decodeBytes(RAW, ipv4Packet()).segment)).toEqual(FIN4);
  });

  test('sequence numbers are int32, whatever their sign', () => {
    const header = withOptions([], 0x10, 0xffffffff);
    header.splice(4, 4, 0x80, 0, 0, 0);
    const { seq, ack } = decodeBytes(RAW, ipv4(header)).segment;
    expect([seq, ack]).toEqual([-2147483648, -1]);
  });

  test('without the ACK flag the acknowledgement number is 0', () => {
    expect(segmentWith([], 0x04, 1234).ack).toBe(0);
  });

  test('ECE, CWR and the reserved bits are not among the flags', () => {
    expect(segmentWith([], 0xd1).flags).toBe(0x11);
  });

  test('a data offset below 5, and one behind the end of the packet', () => {
    const bad = (offset: number) => {
      const header = tcp();
      header[12] = offset << 4;
      return decodeBytes(RAW, ipv4(header)).outcome;
    };
    expect([0, 1, 4].map(bad)).toEqual(Array(3).fill('bad-tcp-header'));
    expect(bad(15)).toBe('bad-tcp-header');
    expect(bad(7)).toBe('decoded');
  });

  test('less than 20 bytes captured', () => {
    const packet = ipv4Packet();
    const outcome = (captured: number) => decodeBytes(RAW, packet.slice(0, captured), { wireLength: 50 }).outcome;
    expect(outcome(39)).toBe('cut-before-tcp-header');
    expect(outcome(40)).toBe('decoded');
  });
});

describe('options', () => {
  test('none', () => {
    const segment = segmentWith([]);
    expect(segment.optionsLength).toBe(0);
    expect([segment.hasTimestamps, segment.windowScale, segment.isDsack]).toEqual([false, -1, false]);
  });

  test('timestamps, as int32', () => {
    const segment = segmentWith(timestamps);
    expect([segment.hasTimestamps, segment.tsVal, segment.tsEcr]).toEqual([true, -2147483647, 77]);
    expect(segment.optionsLength).toBe(12);
  });

  test('what Linux puts into a SYN', () => {
    const { segment } = decodeBytes(RAW, ipv4Packet('0 c > s S 0:0(0) <mss 1460, sackOK, ts 9 0, nop, wscale 7>'));
    expect([segment.hasTimestamps, segment.tsVal, segment.windowScale, segment.optionsLength]).toEqual([
      true,
      9,
      7,
      20,
    ]);
  });

  test('a window scale above 14 counts as 14 (RFC 7323)', () => {
    const scale = (shift: number) => segmentWith([3, 3, shift, NOP], 0x02).windowScale;
    expect([0, 1, 14, 15, 255].map(scale)).toEqual([0, 1, 14, 14, 14]);
  });

  test('nothing of the segment before stays', () => {
    const { segment } = decodeBytes(RAW, ipv4(withOptions([...timestamps, 3, 3, 9, NOP])));
    expect(segment.windowScale).toBe(9);
    expect(segmentWith(sack(6000, 7000)).hasTimestamps).toBe(false);
  });

  test('the end of options ends them', () => {
    expect(segmentWith([0, 3, 3, 7]).windowScale).toBe(-1);
  });

  test('unknown ones are passed by', () => {
    expect(segmentWith([254, 4, 1, 2, 3, 3, 7, NOP]).windowScale).toBe(7);
  });

  test.each([
    ['length 0', [3, 0, 7, NOP, 3, 3, 7, NOP]],
    ['length 1', [3, 1, 7, NOP, 3, 3, 7, NOP]],
    ['longer than the header', [8, 40, 0, 0]],
    ['of the wrong length', [3, 4, 7, NOP]],
    ['a kind as the last byte', [NOP, NOP, NOP, 3]],
  ])('one of %s tells nothing', (_, options) => {
    const { outcome, segment } = decodeBytes(RAW, ipv4(withOptions(options)));
    expect(outcome).toBe('decoded');
    expect([segment.windowScale, segment.hasTimestamps]).toEqual([-1, false]);
  });

  test('cut by the snaplen they are read as far as they go', () => {
    const packet = ipv4(withOptions([3, 3, 7, NOP, ...timestamps]));
    for (let captured = 40; captured <= packet.length; captured++) {
      const { outcome, segment } = decodeBytes(RAW, packet.slice(0, captured), { wireLength: packet.length });
      expect(outcome).toBe('decoded');
      expect(segment.windowScale).toBe(captured >= 43 ? 7 : -1);
      expect(segment.hasTimestamps).toBe(captured >= 56);
      expect(segment.optionsLength).toBe(16);
      expect(segment.length).toBe(0);
    }
  });
});

describe('D-SACK (RFC 2883)', () => {
  const isDsack = (options: number[], ack = 5000) => segmentWith(options, 0x10, ack).isDsack;

  test('a first block above the ACK is a SACK', () => {
    expect(isDsack(sack(6000, 7000))).toBe(false);
    expect(isDsack(sack(6000, 7000, 8000, 9000))).toBe(false);
    expect(isDsack(sack(5000, 5010))).toBe(false);
  });

  test('a first block below it reports a duplicate', () => {
    expect(isDsack(sack(4000, 4500))).toBe(true);
    expect(isDsack(sack(4000, 4500, 6000, 7000))).toBe(true);
  });

  test('and so does one inside the second block', () => {
    expect(isDsack(sack(6000, 6500, 6000, 7000))).toBe(true);
    expect(isDsack(sack(6500, 7000, 6000, 7000))).toBe(true);
    expect(isDsack(sack(6000, 7001, 6000, 7000))).toBe(false);
    expect(isDsack(sack(5900, 6500, 6000, 7000))).toBe(false);
  });

  test('across the wrap-around of sequence numbers', () => {
    expect(isDsack(sack(0xfffffff0, 0xfffffff8), 4)).toBe(true);
    expect(isDsack(sack(4, 8), 0xfffffff0)).toBe(false);
    expect(isDsack(sack(0xfffffffe, 2, 0xfffffff0, 4), 0xffffff00)).toBe(true);
  });

  test('a block that is cut tells nothing', () => {
    const packet = ipv4(withOptions(sack(4000, 4500)));
    expect(decodeBytes(RAW, packet.slice(0, -1), { wireLength: packet.length }).segment.isDsack).toBe(false);
    expect(isDsack([5, 2, NOP, NOP])).toBe(false);
    expect(isDsack([5, 6, ...u32(4000), NOP, NOP])).toBe(false);
  });
});
