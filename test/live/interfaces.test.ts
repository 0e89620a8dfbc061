/** The list of interfaces, and how it is told. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { interfacesText } from '../../src/cli/interfaces-command.ts';
import { type InterfaceInfo, listInterfaces } from '../../src/live/interfaces.ts';
import { interfaceNames } from '../../src/live/names.ts';
import { itKernel, missingForKernel } from '../support/kernel.ts';
import { AS_NOBODY, hidden, Net, Shipped } from './lab.ts';

let shipped: Shipped;
let net: Net;

beforeAll(async () => {
  if (missingForKernel() !== null) return;
  shipped = await Shipped.build();
  net = new Net();
});

afterAll(() => {
  net?.remove();
  shipped?.remove();
});

/** `teardown interfaces` in the namespace. */
function command(format: 'text' | 'json', as: string[] = []) {
  const args = ['netns', 'exec', net.name, ...as, process.execPath, shipped.player, JSON.stringify({ list: format })];
  const { stdout, stderr, status } = spawnSync('ip', args, { encoding: 'utf8', timeout: 30_000 });
  expect(stderr).toBe('');
  return { stdout, status };
}

function list(as: string[] = [], exitCode = 0): Map<string, InterfaceInfo> {
  const { stdout, status } = command('json', as);
  expect(status).toBe(exitCode);
  return new Map((JSON.parse(stdout) as InterfaceInfo[]).map((each) => [each.name, each]));
}

const LIVE0 = { name: 'live0', description: null, up: true, loopback: false, backend: 'tcpdump', reason: null };

describe('the list', () => {
  itKernel('has every interface of the namespace, its addresses, and that we may capture', () => {
    const all = list();
    const { addresses, ...rest } = all.get('live0')!;
    expect(rest).toEqual(LIVE0);
    expect(addresses).toContain('10.77.0.1');
    expect(all.get('lo')).toMatchObject({ loopback: true, up: true, backend: 'tcpdump' });
    expect(all.get('any')).toMatchObject({ description: 'Pseudo-device that captures on all interfaces' });
    // What carries no TCP.
    expect([...all.keys()].filter((name) => /bluetooth|dbus|usb|nfqueue/.test(name))).toEqual([]);
  });

  itKernel('knows what is down', async () => {
    net.ip('link', 'set', 'live0', 'down');
    try {
      expect(list().get('live0')).toMatchObject({ up: false, backend: null, reason: 'it is down' });
    } finally {
      net.ip('link', 'set', 'live0', 'up');
    }
  });

  itKernel('says why we may not', async () => {
    const reason = 'tcpdump lacks the right to capture';
    expect(list(AS_NOBODY, 1).get('live0')).toMatchObject({ up: true, backend: null, reason });
  });

  itKernel('is a table, too', () => {
    const { stdout, status } = command('text');
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^live0 +up +with tcpdump +10\.77\.0\.1/m)]);
  });

  itKernel('needs no program: cap lists them, or else the kernel', async () => {
    const withCap = list(hidden('tcpdump', 'dumpcap'));
    expect(withCap.get('live0')).toMatchObject({ ...LIVE0, backend: 'cap' });
    shipped.withoutModules();
    try {
      const { addresses, ...rest } = list(hidden('tcpdump', 'dumpcap'), 1).get('live0')!;
      const reason = 'none of tcpdump, dumpcap (of Wireshark) and the npm package cap is installed';
      expect(rest).toEqual({ ...LIVE0, backend: null, reason });
      expect(addresses).toContain('10.77.0.1');
    } finally {
      shipped.withModules();
    }
  });
});

test('on this machine: as many as the kernel has', async () => {
  const names = (await listInterfaces()).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(interfaceNames().filter((name) => !/^can/.test(name))));
});

describe('the table', () => {
  const row = (name: string, more: Partial<InterfaceInfo> = {}): InterfaceInfo => ({
    name,
    description: null,
    addresses: [],
    up: true,
    loopback: false,
    backend: 'tcpdump',
    reason: null,
    ...more,
  });

  test('names what is there, and how to go on', () => {
    const all = [
      row('eth0', { addresses: ['10.0.0.1', '2001:db8::1'] }),
      row('any', { description: 'Pseudo-device that captures on all interfaces', up: null }),
      row('lo', { loopback: true, addresses: ['127.0.0.1'] }),
      row('eth\x1b[31m', { up: false, backend: null, reason: 'it is down' }),
    ];
    expect(interfacesText(all, false).split('\n')).toEqual([
      'INTERFACE    STATE         CAPTURE         ADDRESSES             DESCRIPTION',
      'eth0         up            with tcpdump    10.0.0.1 2001:db8::1',
      'any          unknown       with tcpdump                          Pseudo-device that captures on all interfaces',
      'lo           up, loopback  with tcpdump    127.0.0.1',
      'eth\\x1b[31m  down          no: it is down',
      '',
      'As in: teardown live -i eth0 tcp port 443',
      '',
    ]);
  });

  test('says what to do where none can be captured on', () => {
    const reason = 'tcpdump lacks the right to capture';
    const lines = interfacesText([row('eth0', { backend: null, reason })], false).split('\n');
    expect(lines.slice(1)).toEqual([
      'eth0       up     no: tcpdump lacks the right to capture',
      '',
      'To capture nonetheless: sudo tcpdump -i INTERFACE -w - | teardown -',
      '',
    ]);
  });

  test('has colours where they are wanted', () => {
    expect(interfacesText([row('eth0')], true)).toMatch(/^\x1b\[1mINTERFACE/);
    expect(interfacesText([row('eth0', { backend: null, reason: 'it is down' })], true)).toContain('\x1b[2meth0');
  });
});
