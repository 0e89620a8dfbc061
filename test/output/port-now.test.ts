/** The answer about a port of this machine, as text and as data. */

import { describe, expect, test } from 'vitest';
import { portNowText } from '../../src/output/port-now.ts';
import { bindError, type PortNowPage, portNowRecord } from '../../src/output/port-now-record.ts';
import { portNow } from '../../src/sockets/port-now.ts';
import { parseTable } from '../../src/sockets/proc-net.ts';
import type { Owner } from '../../src/sockets/types.ts';
import { TCP, TCP6 } from '../sockets/recorded.ts';
import { expectGolden, widest } from './golden.ts';

const form = { order: 'LE' as const };
const at = Date.UTC(2026, 0, 1, 3, 0, 10);
const sockets = [...parseTable(TCP, false, form), ...parseTable(TCP6, true, form)];
const NODE: Owner = { pid: 812, name: 'node' };

function page(address: string | null, port: number, more: Partial<PortNowPage> = {}, gone = false): PortNowPage {
  const there = gone ? sockets.filter(({ state }) => state === 'TIME_WAIT') : sockets;
  const owners = new Map(
    there.flatMap(({ inode }) => (inode === 0 ? [] : [[inode, [{ ...NODE }]] as [number, Owner[]]])),
  );
  return {
    now: portNow({ begun: at, ended: at, sockets: there }, { address, port }, owners),
    which: null,
    error: null,
    addresses: ['127.0.0.1', '10.0.0.1'],
    limits: { unprivilegedFrom: 1024, mayBindLow: true, ephemeral: [32_768, 60_999], isReserved: false },
    uid: 1000,
    supervisors: new Map([[NODE.pid, { unit: 'web.service' }]]),
    tried: null,
    ...more,
  };
}

const text = (asked: PortNowPage): string => portNowText(asked, { color: false, width: 120 }).replace(/\s+/g, ' ');

describe('as somebody last read it and found it good', () => {
  test.each([
    ['listening', page(null, 7001)],
    ['time-wait', page(null, 7001, { tried: { address: '::', error: 'EADDRINUSE' } }, true)],
  ])('%s', async (name, asked) => {
    for (const width of [80, 120]) {
      const written = portNowText(asked, { color: false, width });
      expect(widest(written)).toBeLessThanOrEqual(width);
      await expectGolden(written, `port-now-${name}-${width}.txt`);
    }
  });
});

describe('what the text says', () => {
  test.each<[string, PortNowPage, string]>([
    ['nothing is there', page(null, 9), 'bind() to *:9 works now: no socket is on it.'],
    [
      'a container',
      page(null, 7001, { supervisors: new Map([[812, { container: '0123456789ab' }]]) }),
      'container 0123456789ab',
    ],
    [
      'only one case is asked for',
      page(null, 7001, { which: 'newOnly' }, true),
      ', where only the new socket has SO_REUSEADDR: nobody',
    ],
    [
      'both have SO_REUSEADDR',
      page(null, 7001, { which: 'both' }, true),
      'works now, where the old and the new socket have SO_REUSEADDR: 1 socket in TIME_WAIT is on it.',
    ],
    ['only V6ONLY decides', page('10.0.0.1', 7002), 'unless what listens on [::] has IPV6_V6ONLY'],
    [
      'only V6ONLY decides, and nobody listens',
      page('0.0.0.0', 37_340),
      'unless what is on it has IPV6_V6ONLY, and unless both',
    ],
    ['it may be given to a connection', page(null, 40_000), 'ip_local_reserved_ports=40000'],
    [
      'it was bound alone',
      page(null, 9, { tried: { address: '::', error: 'EADDRINUSE' } }),
      'a socket that is bound and neither listens nor has a peer',
    ],
    ['there is no right', page(null, 80, { error: 'EACCES' }), 'For this user (uid 1000) bind() fails with EACCES'],
    ['the address is not here', page('192.0.2.1', 80, { error: 'EADDRNOTAVAIL' }), 'It has 127.0.0.1 and 10.0.0.1.'],
  ])('where %s', (_, asked, expected) => {
    expect(text(asked)).toContain(expected);
    expect(text(asked)).not.toMatch(/undefined|null|NaN/);
  });

  test('a reserved port is not given away', () => {
    const { limits } = page(null, 40_000);
    expect(text(page(null, 40_000, { limits: { ...limits, isReserved: true } }))).not.toContain('ip_local');
  });

  test("no process's name writes on the terminal", () => {
    const asked = page(null, 7001);
    for (const { owners } of asked.now.groups) for (const owner of owners) owner.name = '\x1b[2Jevil';
    expect(portNowText(asked, { color: false, width: 120 })).not.toContain('\x1b');
  });
});

describe('as data', () => {
  test('has all that the text tells', () => {
    const record = portNowRecord(page(null, 7001, {}, true));
    expect(record).toMatchObject({
      at: '2026-01-01T03:00:10.000Z',
      address: '*',
      port: 7001,
      bindFails: { neither: true, newOnly: true, oldOnly: true, both: false },
      listening: false,
      states: { TIME_WAIT: 1 },
      worksAt: '2026-01-01T03:01:09.790Z',
      worksAtLatest: '2026-01-01T03:01:11.890Z',
      tried: null,
    });
    const listening = portNowRecord(page(null, 7001));
    expect(listening).toMatchObject({ listening: true, worksAt: null, sockets: 4 });
    expect(JSON.stringify(listening)).toContain('"owners":[{"pid":812,"name":"node"}]');
  });

  test('why bind() fails before the port is looked at', () => {
    const { limits } = page(null, 80);
    const asked = { address: null, port: 80 };
    expect(bindError(asked, false, limits)).toBe('EADDRNOTAVAIL');
    expect(bindError(asked, true, limits)).toBeNull();
    expect(bindError(asked, true, { ...limits, mayBindLow: false })).toBe('EACCES');
    expect(bindError({ ...asked, port: 1024 }, true, { ...limits, mayBindLow: false })).toBeNull();
    expect(bindError(asked, true, { ...limits, unprivilegedFrom: 80, mayBindLow: false })).toBeNull();
    expect(bindError(asked, true, { ...limits, mayBindLow: null })).toBeNull();
  });
});
