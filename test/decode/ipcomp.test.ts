import { randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBytes, FIN4, FIN6, facts, ipv4, ipv4Packet, ipv6, RAW, tcp, u16 } from './bytes.ts';

const IPCOMP = { protocol: 108 };
const TCP = 6;
const IPIP = 4;

/** A payload and the header before it (RFC 3173 section 3). */
function compressed(next: number, payload: ArrayLike<number>, cpi = 2): number[] {
  return [next, 0, ...u16(cpi), ...deflateRawSync(Uint8Array.from(payload))];
}

const outcomeOf = (payload: number[]) => decodeBytes(RAW, ipv4(payload, IPCOMP)).outcome;

describe('IPComp', () => {
  test('in IPv4 and IPv6, behind an authentication header, and of a whole packet', () => {
    const plain = decodeBytes(RAW, ipv4(compressed(TCP, tcp()), IPCOMP));
    expect([plain.outcome, plain.layers]).toEqual(['decoded', []]);
    expect(facts(plain.segment)).toEqual(FIN4);
    expect(facts(decodeBytes(RAW, ipv6(compressed(TCP, tcp()), { next: 108 })).segment)).toEqual(FIN6);
    const secured = [108, 1, 0, 0, ...Array(8).fill(7), ...compressed(TCP, tcp())];
    expect(facts(decodeBytes(RAW, ipv6(secured, { next: 51 })).segment)).toEqual(FIN6);
    const tunnel = decodeBytes(RAW, ipv4(compressed(IPIP, ipv4Packet()), { ...IPCOMP, source: [9, 9, 9, 9] }));
    expect(tunnel.layers).toEqual(['ipip']);
    expect(facts(tunnel.segment)).toEqual(FIN4);
  });

  test('payload is as long as it was before', () => {
    const packet = tcp('0 c > s P. 1:1401(1400) ack 1');
    const { segment } = decodeBytes(RAW, ipv4(compressed(TCP, packet), IPCOMP));
    expect(segment.length).toBe(1400);
  });

  test.each([
    [2, 'decoded'],
    [256, 'decoded'],
    [0xeed1, 'decoded'],
    [1, 'not-tcp'],
    [3, 'not-tcp'],
    [4, 'not-tcp'],
  ])('index %i: %s', (cpi, outcome) => {
    expect(outcomeOf(compressed(TCP, tcp(), cpi))).toBe(outcome);
  });

  test('bytes that are no DEFLATE, only begin with it, or are more than a packet', () => {
    expect(outcomeOf([TCP, 0, 0, 2, 0xff, 0xff, 0xff])).toBe('not-tcp');
    expect(outcomeOf([TCP, 0, 0, 2])).toBe('not-tcp');
    expect(outcomeOf([...compressed(TCP, tcp()), 0])).toBe('not-tcp');
    expect(outcomeOf(compressed(TCP, tcp()).slice(0, -1))).toBe('not-tcp');
    expect(outcomeOf(compressed(TCP, [...tcp(), ...Array(65_505).fill(0)]))).toBe('decoded');
    expect(outcomeOf(compressed(TCP, [...tcp(), ...Array(65_506).fill(0)]))).toBe('not-tcp');
    expect(outcomeOf(compressed(TCP, tcp().slice(0, 19)))).toBe('bad-tcp-header');
    expect(outcomeOf(compressed(17, tcp()))).toBe('not-tcp');
  });

  test('cut at every byte', () => {
    const packet = ipv4(compressed(TCP, tcp()), IPCOMP);
    for (let length = 0; length < packet.length; length++) {
      const { outcome } = decodeBytes(RAW, packet.slice(0, length), { wireLength: packet.length });
      expect(outcome, `${length} bytes`).toBe('cut-before-tcp-header');
    }
  });

  test('inside itself, not without end', () => {
    let nested: ArrayLike<number> = tcp();
    let next = TCP;
    const outcomes = Array.from({ length: 12 }, () => {
      nested = compressed(next, nested);
      next = 108;
      return outcomeOf(Array.from(nested));
    });
    expect(outcomes).toEqual([...Array(8).fill('decoded'), ...Array(4).fill('too-many-layers')]);
  });

  test('any bytes have an outcome', () => {
    const payload = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(fc.constantFrom(4, 6, 41, 44, 51, 108), payload, fc.boolean(), (next, bytes, whole) => {
        const content = whole ? compressed(next, bytes) : [next, 0, 0, 2, ...bytes];
        expect(outcomeOf(content)).toBeTypeOf('string');
      }),
    );
    for (let i = 0; i < 500; i++) expect(outcomeOf([TCP, 0, 0x63, 0xe1, ...randomBytes(100)])).not.toBe('decoded');
  });
});
