/** The kernel's tables of sockets: recorded ones, damaged ones. */

import { once } from 'node:events';
import { createServer } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTable, readSocketTable, readSocketTableSlowly } from '../../src/sockets/proc-net.ts';
import type { SocketEntry } from '../../src/sockets/types.ts';
import { HEADER, LONG_FIN_WAIT, TCP, TCP6 } from './recorded.ts';

const words = ({ localAddress, localPort, state, endsInMs }: SocketEntry) =>
  `${localAddress} ${localPort} ${state} ${endsInMs}`;
const recorded = (table: string, v6 = false, more = {}): SocketEntry[] =>
  parseTable(table, v6, { order: 'LE', ...more });

describe('a recorded table', () => {
  it('of IPv4', () => {
    const sockets = recorded(HEADER + TCP);
    expect(sockets.map(words)).toEqual([
      '127.0.0.1 7001 LISTEN null',
      '0.0.0.0 7003 LISTEN null',
      '127.0.0.1 7001 ESTABLISHED null',
      '127.0.0.1 7001 FIN_WAIT_2 59800',
      '127.0.0.1 7001 FIN_WAIT_2 null',
      '127.0.0.1 40690 CLOSE_WAIT null',
      '127.0.0.1 7001 TIME_WAIT 59790',
      '127.0.0.1 7001 SYN_RECEIVED null',
    ]);
    expect(sockets[0]).toEqual({
      localAddress: '127.0.0.1',
      localPort: 7001,
      remoteAddress: '0.0.0.0',
      remotePort: 0,
      v6: false,
      state: 'LISTEN',
      endsInMs: null,
      txQueue: 0,
      rxQueue: 2,
      uid: 33,
      inode: 2_992_180,
    });
    expect(sockets[3]).toMatchObject({ remoteAddress: '127.0.0.1', remotePort: 40_690, inode: 0 });
  });

  it('of IPv6, and of IPv4 on its sockets', () => {
    const sockets = recorded(TCP6, true);
    expect(sockets.map(words)).toEqual([
      '::1 7004 LISTEN null',
      ':: 7002 LISTEN null',
      '127.0.0.1 7002 ESTABLISHED null',
      '::1 37340 TIME_WAIT 59780',
      '2001:db8::dead:beef 443 FIN_WAIT_2 59780',
    ]);
    expect(sockets.every(({ v6 }) => v6)).toBe(true);
    expect(sockets[4]!.remoteAddress).toBe('2001:db8::2');
  });

  it('of a big-endian machine', () => {
    const turned = TCP.replaceAll('0100007F', '7F000001');
    expect(parseTable(turned, false, { order: 'BE' })).toEqual(recorded(TCP));
  });

  it("of an orphan's FIN_WAIT_2 that lasts longer than a minute: the second half of its time is to come", () => {
    const [first, second] = LONG_FIN_WAIT;
    expect(recorded(first!, false, { finTimeoutMs: 90_000 })[0]!.endsInMs).toBe(29_790 + 30_000);
    expect(recorded(second!, false, { finTimeoutMs: 90_000 })[0]!.endsInMs).toBe(29_560);
    // TCP_LINGER2 of 90 s, and the default for the others: at least as long as what is left of the first half.
    expect(recorded(first!)[0]!.endsInMs).toBe(2 * 29_790);
  });

  it('as bytes, with and without an end of line, is the same', () => {
    expect(parseTable(Buffer.from(`${TCP}\n`), false, { order: 'LE' })).toEqual(recorded(TCP));
  });
});

describe('a socket that stands there twice', () => {
  const [listener, , connection, finWait, , , timeWait] = TCP.split('\n').slice(1);

  it('is there once, as it was last', () => {
    const later = finWait!.replace('05 00000000', '06 00000000');
    expect(recorded([finWait, timeWait, later].join('\n')).map(({ state }) => state)).toEqual([
      'TIME_WAIT',
      'TIME_WAIT',
    ]);
    expect(recorded([connection, connection, connection].join('\n'))).toHaveLength(1);
  });

  it('is two if it listens and another inode says so (SO_REUSEPORT)', () => {
    const other = listener!.replace('2992180', '2992181');
    expect(recorded([listener, other, listener].join('\n')).map(({ inode }) => inode)).toEqual([2_992_180, 2_992_181]);
  });

  it('is found among very many', () => {
    const line = (port: number) => timeWait!.replace('9EEA', port.toString(16).toUpperCase().padStart(4, '0'));
    const ports = Array.from({ length: 30_000 }, (_, i) => 1024 + 2 * i);
    const twice = [...ports, ...ports].map(line).join('\n');
    const sockets = recorded(twice);
    expect(sockets.map(({ remotePort }) => remotePort)).toEqual(ports);
  });

  it("is found as fast among a client's sockets, which differ in the local port alone", () => {
    const seconds = (end: 'local' | 'remote') => {
      const port = end === 'local' ? '1B59' : '9EEA';
      const lines = Array.from({ length: 30_000 }, (_, i) => timeWait!.replace(port, (4096 + i).toString(16)));
      const before = performance.now();
      expect(recorded(lines.join('\n').toUpperCase())).toHaveLength(30_000);
      return performance.now() - before;
    };
    seconds('remote');
    expect(seconds('local')).toBeLessThan(5 * seconds('remote') + 100);
  });
});

describe('damaged text', () => {
  const lines = `${HEADER}${TCP}`.split('\n');

  it('costs the damaged lines alone', () => {
    const cut = lines.map((line, i) => (i === 3 ? line.slice(0, 40) : line)).join('\n');
    expect(recorded(cut)).toHaveLength(7);
  });

  it.each([
    ['a state that there is not', ' 0A ', ' 0E '],
    ['a closed socket, which no table has', ' 0A ', ' 07 '],
    ['an address that is too short', '0100007F:1B59 0', '100007F:1B59 0'],
    ['a port that is none', ':1B59 ', ':11B59 '],
    ['a number that is too large', '2992180', '99999999999999999999'],
    ['no inode', /2992180.*/, ''],
  ])('%s', (_, from, to) => {
    const [, listener = ''] = TCP.split('\n');
    expect(recorded(listener)).toHaveLength(1);
    expect(recorded(listener.replace(from, to))).toEqual([]);
  });

  it('never throws, and never gives what no socket has', () => {
    const pieces = fc.constantFrom(
      ...lines,
      ...TCP6.split('\n'),
      '\n',
      '0:',
      ' ',
      '00000000:0000',
      ':',
      '\u0000',
      'FF',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(fc.oneof(pieces, fc.string({ maxLength: 5 })), { maxLength: 12 }).map((all) => all.join('')),
      // One byte of a whole table is another one.
      fc.tuple(fc.nat(), fc.nat(255)).map(([at, byte]) => {
        const bytes = Buffer.from(lines.join('\n'), 'latin1');
        bytes[at % bytes.length] = byte;
        return bytes.toString('latin1');
      }),
    );
    fc.assert(
      fc.property(text, fc.boolean(), (table, v6) => {
        for (const socket of parseTable(table, v6)) {
          const { localPort, remotePort, endsInMs, txQueue, rxQueue, uid, inode } = socket;
          for (const port of [localPort, remotePort]) expect(port >= 0 && port <= 65_535).toBe(true);
          for (const value of [endsInMs ?? 0, txQueue, rxQueue, uid, inode]) {
            expect(Number.isFinite(value) && value >= 0).toBe(true);
          }
          expect(socket.v6).toBe(v6);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('this machine', () => {
  it('has a table where it has /proc', () => {
    const before = Date.now();
    const table = readSocketTable();
    if (process.platform !== 'linux') {
      expect(table).toBeNull();
      return;
    }
    expect(table!.begun).toBeGreaterThanOrEqual(before);
    expect(table!.ended).toBeGreaterThanOrEqual(table!.begun);
    expect(table!.ended).toBeLessThanOrEqual(Date.now());
  });

  it('has the same socket in a table that is read with pauses', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const own = ({ localPort, state }: SocketEntry) =>
      typeof address === 'object' && localPort === address?.port && state === 'LISTEN';
    const table = readSocketTable();
    const slowly = await readSocketTableSlowly();
    server.close();
    expect(slowly?.sockets.filter(own)).toEqual(table?.sockets.filter(own));
    expect(slowly?.sockets.filter(own).length).toBe(process.platform === 'linux' ? 1 : undefined);
  });
});
