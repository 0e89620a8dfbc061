import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAddress, isIpv4 } from '../../src/report/addresses.ts';

/** The words of eight groups in hexadecimal. */
function words(groups: string): Int32Array {
  const values = groups.split(':').map((group) => Number.parseInt(group, 16));
  return Int32Array.from({ length: 4 }, (_, i) => (values[2 * i]! << 16) | values[2 * i + 1]!);
}

describe('addresses', () => {
  test.each([
    // RFC 5952 section 4.1: leading zeros
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    // 4.2.1: shorten as much as possible
    ['2001:0db8:0000:0000:0000:0000:0002:0001', '2001:db8::2:1'],
    // 4.2.2: one group of zeros is not shortened
    ['2001:0db8:0000:0001:0001:0001:0001:0001', '2001:db8:0:1:1:1:1:1'],
    // 4.2.3: the longest run
    ['2001:0000:0000:0001:0000:0000:0000:0001', '2001:0:0:1::1'],
    // 4.2.3: the first of equal ones
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    // 4.3: lower case
    ['2001:0DB8:AAAA:BBBB:CCCC:DDDD:EEEE:0AAA', '2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaa'],
    ['0000:0000:0000:0000:0000:0000:0000:0000', '::'],
    ['0000:0000:0000:0000:0000:0000:0000:0001', '::1'],
    ['fe80:0000:0000:0000:0000:0000:0000:0000', 'fe80::'],
    ['0000:0001:0000:0000:0000:0000:0000:0000', '0:1::'],
    ['0001:0002:0003:0004:0005:0006:0000:0000', '1:2:3:4:5:6::'],
    ['0000:0000:0003:0004:0005:0006:0007:0008', '::3:4:5:6:7:8'],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    // IPv4 is kept as a mapped address
    ['0000:0000:0000:0000:0000:ffff:c0a8:0001', '192.168.0.1'],
    ['0000:0000:0000:0000:0000:ffff:ffff:ffff', '255.255.255.255'],
    ['0000:0000:0000:0000:0000:ffff:0000:0000', '0.0.0.0'],
  ])('%s is %s', (groups, text) => {
    expect(formatAddress(words(groups), 0)).toBe(text);
    expect(isIpv4(words(groups), 0)).toBe(!text.includes(':'));
  });

  test('are read where they stand', () => {
    const both = new Int32Array([...words('0:0:0:0:0:ffff:a00:1'), ...words('2001:db8:0:0:0:0:0:2')]);
    expect([formatAddress(both, 0), formatAddress(both, 4)]).toEqual(['10.0.0.1', '2001:db8::2']);
  });

  test('of IPv6 are valid, and mean what the words say', () => {
    const group = fc.oneof(fc.constant(0), fc.nat(0xffff));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const hex = groups.map((value) => value.toString(16)).join(':');
        fc.pre(!isIpv4(words(hex), 0));
        const text = formatAddress(words(hex), 0);
        expect(isIPv6(text)).toBe(true);
        const [head = '', tail] = text.split('::');
        const list = (half: string) => (half === '' ? [] : half.split(':'));
        const missing = tail === undefined ? 0 : 8 - list(head).length - list(tail).length;
        const all = [...list(head), ...Array.from({ length: missing }, () => '0'), ...list(tail ?? '')];
        expect(all.join(':')).toBe(hex);
        expect(missing).not.toBe(1);
      }),
    );
  });
});
