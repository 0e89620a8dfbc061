/** What is on a port, and whether it is in the way; test/kernel/port-now.test.ts holds the rules to the kernel. */

import { describe, expect, it } from 'vitest';
import { type Overlap, overlapOf, portNow } from '../../src/sockets/port-now.ts';
import type { Owner, SocketEntry, SocketTable } from '../../src/sockets/types.ts';

const NOBODY: SocketEntry = {
  localAddress: '10.0.0.1',
  localPort: 80,
  remoteAddress: '10.0.0.9',
  remotePort: 40_000,
  v6: false,
  state: 'TIME_WAIT',
  endsInMs: 10_000,
  txQueue: 0,
  rxQueue: 0,
  uid: 0,
  inode: 0,
};
const some = (more: Partial<SocketEntry>): SocketEntry => ({ ...NOBODY, ...more });
const listener = (more: Partial<SocketEntry> = {}): SocketEntry =>
  some({ state: 'LISTEN', localAddress: '0.0.0.0', remoteAddress: '0.0.0.0', remotePort: 0, endsInMs: null, ...more });
const at = Date.UTC(2026, 0, 1, 3);
const tableOf = (...sockets: SocketEntry[]): SocketTable => ({ begun: at - 5, ended: at, sockets });
const now = (sockets: SocketEntry[], owners: [number, Owner[]][] = [], address: string | null = null) =>
  portNow(tableOf(...sockets), { address, port: 80 }, new Map(owners));

describe('addresses', () => {
  it.each<[string | null, string, SocketEntry['state'], Overlap]>([
    [null, '10.0.0.1', 'TIME_WAIT', 'yes'],
    ['::', '10.0.0.1', 'TIME_WAIT', 'yes'],
    ['::', '::1', 'LISTEN', 'yes'],
    ['0.0.0.0', '10.0.0.1', 'TIME_WAIT', 'yes'],
    ['0.0.0.0', '::', 'LISTEN', 'unless-v6only'],
    ['0.0.0.0', '::1', 'LISTEN', 'no'],
    ['0.0.0.0', '::1', 'TIME_WAIT', 'unless-v6only'],
    ['10.0.0.1', '10.0.0.1', 'TIME_WAIT', 'yes'],
    ['10.0.0.1', '0.0.0.0', 'LISTEN', 'yes'],
    ['10.0.0.1', '10.0.0.2', 'LISTEN', 'no'],
    ['10.0.0.1', '::', 'LISTEN', 'unless-v6only'],
    ['10.0.0.1', '::1', 'TIME_WAIT', 'no'],
    ['::1', '::1', 'TIME_WAIT', 'yes'],
    ['::1', '::', 'LISTEN', 'yes'],
    ['::1', '::2', 'LISTEN', 'no'],
    ['::1', '0.0.0.0', 'LISTEN', 'no'],
    ['::1', '10.0.0.1', 'TIME_WAIT', 'no'],
  ])('bind() to %s meets a socket of %s in %s: %s', (asked, localAddress, state, expected) => {
    expect(overlapOf(asked, some({ localAddress, state, v6: localAddress.includes(':') }))).toBe(expected);
  });
});

describe('a port', () => {
  it('that nothing is on', () => {
    expect(now([some({ localPort: 81 })])).toMatchObject({
      groups: [],
      fails: { neither: false, newOnly: false, oldOnly: false, both: false },
      lastEnd: null,
    });
  });

  it('with a listener and its connections: by process, listeners first', () => {
    const nginx = [
      { pid: 3, name: 'nginx' },
      { pid: 4, name: 'nginx' },
    ];
    const found = now(
      [
        some({}),
        some({ remotePort: 40_001, remoteAddress: '10.0.0.8', endsInMs: 30_000 }),
        some({ state: 'ESTABLISHED', inode: 8, endsInMs: null }),
        some({ state: 'ESTABLISHED', inode: 9, endsInMs: null, uid: 33 }),
        listener({ inode: 7, rxQueue: 2 }),
        some({ state: 'SYN_RECEIVED', endsInMs: null }),
      ],
      [
        [7, nginx],
        [8, nginx.slice(1)],
      ],
    );
    expect(found.groups.map(({ state, sockets, peers, owners }) => [state, sockets, peers, owners.length])).toEqual([
      ['LISTEN', 1, 0, 2],
      ['TIME_WAIT', 2, 2, 0],
      ['ESTABLISHED', 1, 1, 1],
      ['ESTABLISHED', 1, 1, 0],
      ['SYN_RECEIVED', 1, 1, 0],
    ]);
    expect(found.groups[0]!.waiting).toBe(2);
    expect(found.groups[1]!.endsInMs).toBe(30_000);
    expect(found.groups[3]).toMatchObject({ isOwned: true, uid: 33 });
    expect([found.unseen, found.lastEnd]).toEqual([1, null]);
    expect(found.fails).toEqual({ neither: true, newOnly: true, oldOnly: true, both: true });
    expect(found.holders.map(({ state }) => state)).not.toContain('SYN_RECEIVED');
  });

  it('that timers alone hold is free when the last of them ends', () => {
    const found = now([some({}), some({ remotePort: 2, state: 'FIN_WAIT_2', endsInMs: 42_000 })]);
    expect([found.lastEnd, found.fails.newOnly, found.fails.both]).toEqual([at + 42_000, true, false]);
    expect(now([some({}), some({ state: 'CLOSE_WAIT', inode: 5, endsInMs: null })]).lastEnd).toBeNull();
  });

  it('of another address is told of, and counts for nothing', () => {
    const found = now([listener({ localAddress: '10.0.0.2' })], [], '10.0.0.1');
    expect([found.groups.length, found.listeners.length, found.fails.both]).toEqual([1, 0, false]);
  });

  it('of which IPV6_V6ONLY decides', () => {
    const found = now([listener({ localAddress: '::', v6: true }), some({})], [], '10.0.0.1');
    expect(found.fails).toEqual({ neither: true, newOnly: true, oldOnly: true, both: null });
    expect(now([listener({ localAddress: '::', v6: true })], [], '10.0.0.1').fails.neither).toBeNull();
  });
});
