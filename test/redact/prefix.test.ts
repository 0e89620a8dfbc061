import { createCipheriv, createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PrefixMap } from '../../src/redact/prefix.ts';
import { Redactor } from '../../src/redact/redactor.ts';
import { parseAddress } from '../../src/where/address.ts';

const KEY = Uint8Array.from({ length: 32 }, (_, i) => i);

const bytesOf = (text: string) => Uint8Array.from(parseAddress(text)!);

function shared(a: Uint8Array, b: Uint8Array): number {
  const bits = (each: Uint8Array) => Array.from(each, (byte) => byte.toString(2).padStart(8, '0')).join('');
  const [x, y] = [bits(a), bits(b)];
  let n = 0;
  while (n < x.length && x[n] === y[n]) n++;
  return n;
}

/** The map bit by bit, as the paper has it. */
function slowly(address: Uint8Array): Uint8Array {
  const bits = Array.from(address, (byte) => byte.toString(2).padStart(8, '0')).join('');
  const key = address.length === 4 ? KEY.subarray(0, 16) : KEY.subarray(16);
  const flipped = Array.from(bits, (bit, i) => {
    const block = `${bits.slice(0, i)}1`.padEnd(128, '0');
    const bytes = Uint8Array.from(block.match(/.{8}/g)!, (byte) => Number.parseInt(byte, 2));
    const [first] = createCipheriv('aes-128-ecb', key, null).update(bytes);
    return Number(bit) ^ (first! >> 7);
  });
  return Uint8Array.from(flipped.join('').match(/.{8}/g)!, (byte) => Number.parseInt(byte, 2));
}

describe('with no networks kept', () => {
  const map = new PrefixMap(KEY, []);

  test('each bit is flipped by AES over the bits before it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        expect(map.map(bytesOf(text))).toEqual(slowly(bytesOf(text)));
      }),
      { numRuns: 30 },
    );
  });

  test('no address stays what it is, whatever the key', () => {
    // With Crypto-PAn's own padding 1 in 20,000 did.
    const address = Uint8Array.of(142, 109, 190, 213);
    const keys = Array.from({ length: 60_000 }, (_, i) => createHash('sha256').update(String(i)).digest());
    expect(keys.filter((key) => Buffer.compare(new PrefixMap(key, []).map(address), address) === 0)).toEqual([]);
  });

  test('a key gives the same addresses in every version', () => {
    expect([...map.map(Uint8Array.of(198, 51, 100, 7))].join('.')).toBe('150.125.38.66');
    expect(Buffer.from(map.map(bytesOf('2001:db8::1'))).toString('hex')).toBe('0a01de2cacdd86bfa2e33067872d57f8');
  });
});

describe('with networks kept', () => {
  const map = new PrefixMap(KEY);

  test.each([
    ['127.0.0.1', '127.', 'loopback'],
    ['10.1.2.3', '10.', 'private'],
    ['192.168.7.9', '192.168.', 'private'],
    ['169.254.1.2', '169.254.', 'link-local'],
    ['fe80::1', 'fe[89ab]', 'link-local'],
    ['fd00::1', 'f[cd]', 'unique local'],
    ['2001:db8::1', '[23]', 'global unicast'],
    ['::1', '::1$', 'loopback'],
  ])('%s stays in its own (%s: %s)', (address, beginning) => {
    const redacted = new Redactor({ mode: 'prefix', key: KEY }).address(address);
    expect(redacted).toMatch(new RegExp(`^${beginning}`));
    if (address !== '::1') expect(redacted).not.toBe(address);
  });

  test('172.16.0.0/12 stays there', () => {
    const [first, second] = map.map(bytesOf('172.20.1.1'));
    expect([first, second! & 0xf0]).toEqual([172, 16]);
  });

  const ipv4 = fc.ipV4().map(bytesOf);
  const ipv6 = fc.ipV6().map(bytesOf);
  /** Two addresses of which the second shares any number of bits with the first. */
  const pair = fc
    .tuple(
      fc.oneof(ipv4, ipv6, fc.constantFrom('10.0.0.1', '192.168.0.1', '127.0.0.1', '::1', 'fe80::1').map(bytesOf)),
      fc.nat(127),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    )
    .map(([a, bits, random]) => {
      const b = a.map((byte, i) => {
        const kept = Math.min(8, Math.max(0, bits - i * 8));
        const mask = (0xff00 >> kept) & 0xff;
        return (byte & mask) | (random[i]! & ~mask & 0xff);
      });
      return [a, b] as const;
    });

  test('two addresses share as many first bits as before, no more and no fewer', () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        expect(shared(map.map(a), map.map(b))).toBe(shared(a, b));
      }),
    );
  });

  test('bytes and texts are mapped alike', () => {
    const redactor = new Redactor({ mode: 'prefix' });
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const mapped = redactor.addressBytes(bytesOf(text));
        const other = redactor.address(text);
        // An IPv4-mapped address is written as IPv4.
        expect(isIPv4(other) ? mapped.subarray(-4) : mapped).toEqual(bytesOf(other));
      }),
    );
  });

  test('another key, other addresses; the same key, the same', () => {
    const of = (key?: Uint8Array) => new Redactor({ mode: 'prefix', key }).address('203.0.113.77');
    expect(of(KEY)).toBe(of(KEY));
    expect(new Set([of(), of(), of(), of(KEY)]).size).toBe(4);
  });
});
