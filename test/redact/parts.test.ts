/** Labels, names, ports, and the addresses that are found in texts. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findAddresses } from '../../src/redact/find.ts';
import { Labels, labelBytes } from '../../src/redact/labels.ts';
import { Names } from '../../src/redact/names.ts';
import { PortMap } from '../../src/redact/ports.ts';

const KEY = new Uint8Array(32).fill(7);

describe('labels', () => {
  test('are numbered by role, and stay what they are', () => {
    const labels = new Labels(KEY);
    expect(['a', 'b', 'c', 'a'].map((each) => labels.of(each, 'client'))).toEqual([
      'client-1',
      'client-2',
      'client-3',
      'client-1',
    ]);
    expect(labels.of('a', 'server')).toBe('client-1');
    expect(labels.of('d', 'server')).toBe('server-1');
    expect(labels.of('e', 'host')).toBe('host-1');
  });

  test('beyond the most that are remembered they follow from address and key', () => {
    const labels = new Labels(KEY, 1);
    expect(labels.of('a', 'client')).toBe('client-1');
    const other = labels.of('b', 'client');
    expect(other).toMatch(/^host-\d{19,20}$/);
    expect(labels.of('b', 'server')).toBe(other);
    expect(labels.of('c', 'client')).not.toBe(other);
    expect(new Labels(new Uint8Array(32), 0).of('b', 'client')).not.toBe(other);
    expect(labels.of('a', 'server')).toBe('client-1');
  });

  test.each([
    ['server-1', '198.18.0.1', '2001:db8:1::1'],
    ['client-258', '198.19.1.2', '2001:db8:2::102'],
    ['host-1', '198.18.128.1', '2001:db8:3::1'],
    ['client-65536', '244.1.0.0', '2001:db8:2::1:0'],
  ])('%s is %s or %s in packets', (label, ipv4, ipv6) => {
    expect([...labelBytes(label, 4)].join('.')).toBe(ipv4);
    const host = new URL(`http://[${ipv6}]/`).hostname.slice(1, -1);
    const bytes = Buffer.from(labelBytes(label, 16));
    const text = bytes.toString('hex').replace(/(.{4})(?!$)/g, '$1:');
    expect(new URL(`http://[${text}]/`).hostname.slice(1, -1)).toBe(host);
  });

  test('no two have the same bytes', () => {
    const label = fc
      .tuple(fc.constantFrom('server', 'client', 'host'), fc.integer({ min: 1, max: 1 << 18 }))
      .map(([role, n]) => `${role}-${n}`);
    fc.assert(
      fc.property(fc.uniqueArray(label, { minLength: 2 }), fc.constantFrom(4, 16), (labels, size) => {
        const bytes = labels.map((each) => labelBytes(each, size).join());
        expect(new Set(bytes).size).toBe(labels.length);
      }),
    );
  });
});

describe('names of files', () => {
  test.each([
    ['acme-prod.pcap', 'capture-1.pcap'],
    ['acme.PCAPNG.gz', 'capture-1.pcapng.gz'],
    ['eth1-acme.pcap12', 'capture-1.pcap'],
    ['dump.acme', 'capture-1'],
    ['/data/acme/x.pcap.zst', 'capture-1.pcap.zst'],
    ['-', '-'],
  ])('%s is %s', (name, label) => {
    expect(new Names().of(name)).toBe(label);
  });

  test('are found in texts, the longest first and as a whole', () => {
    const names = new Names();
    for (const name of ['a.pcap', 'a.pcap.gz', 'b (1).pcap', '10.0.0.1', '-']) names.of(name);
    expect(names.replaceIn('a.pcap.gz: cut; a.pcap, a.pcapng and ba.pcap')).toBe(
      'capture-2.pcap.gz: cut; capture-1.pcap, a.pcapng and ba.pcap',
    );
    expect(names.replaceIn('in b (1).pcap. - 10.0.0.1')).toBe('in capture-3.pcap. - 10.0.0.1');
  });
});

describe('ports', () => {
  test('are exchanged among their like, all of them', () => {
    const ports = new PortMap(KEY);
    const all = Array.from({ length: 65536 }, (_, port) => ports.of(port));
    expect(new Set(all).size).toBe(65536);
    expect(all[0]).toBe(0);
    const range = (port: number) => (port < 1024 ? 0 : port < 32768 ? 1 : 2);
    expect(all.every((other, port) => range(other) === range(port))).toBe(true);
    expect(all.filter((other, port) => other === port).length).toBeLessThan(30);
  });
});

describe('addresses in a text', () => {
  const found = (text: string) => findAddresses(text).map(({ start, end }) => text.slice(start, end));

  test.each<[text: string, expected: string[]]>([
    ['10.0.0.1:8080 refused', ['10.0.0.1']],
    ['on [2001:db8::1]:80, not fe80::2.', ['2001:db8::1', 'fe80::2']],
    ['from 10.0.0.11 to 110.0.0.1', ['10.0.0.11', '110.0.0.1']],
    ['(10.0.0.1), "10.0.0.2"; addr=10.0.0.3/24', ['10.0.0.1', '10.0.0.2', '10.0.0.3']],
    ['2001:DB8:0:0::1: no answer', ['2001:DB8:0:0::1']],
    ['addr:2001:db8::1', ['2001:db8::1']],
    ['side:10.0.0.1', ['10.0.0.1']],
    ['tcpdump writes 10.0.0.1.8080', ['10.0.0.1']],
    ['::ffff:10.0.0.1 and ::1', ['::ffff:10.0.0.1', '::1']],
    ['999.10.0.0.1', ['10.0.0.1']],
    ['at 12:03:10 for 3.5 s, aa:bb:cc:dd:ee:ff, 1.2.3, std::move', []],
    ['300.1.1.1', []],
  ])('%s', (text, expected) => {
    expect(found(text)).toEqual(expected);
  });
});
