import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closedLine } from '../../../src/output/screen/line.ts';
import { plain } from '../../../src/output/style.ts';
import type { Flow } from '../../../src/report/types.ts';
import { oddFlow } from '../arbitrary.ts';
import { at, endpoint, exampleFlow, reset, span, timeWait } from '../example.ts';

const flow = (overrides: Partial<Flow>): Flow => ({ ...exampleFlow(), closedAt: at(10.3), ...overrides });
const nobody = { client: endpoint('none', []), server: endpoint('none', []) };

describe('the line of a closed connection', () => {
  it('tells who closed first, and what that holds', () => {
    expect(closedLine(exampleFlow())).toMatchInlineSnapshot(
      `"12:00:10.080  #7 10.0.0.23:51324 > 10.0.0.1:9091  server closed first; FIN_WAIT_2 4.99 s; TIME_WAIT at 10.0.0.1:9091 until ~12:01:10"`,
    );
  });

  it.each([
    [
      { kind: 'refused', initiator: 'server', reset: reset('server', 1, 2, { cause: 'refused' }) },
      'refused; RST by the server: nobody listens on the port',
    ],
    [{ kind: 'unanswered', initiator: null, reset: null }, 'no answer to the SYN'],
    [
      { kind: 'aborted', initiator: 'server', reset: reset('server', 1, 9, { cause: 'unread-data' }) },
      'aborted; RST by the server: closed with received data still unread',
    ],
    [
      { kind: 'aborted', initiator: 'server', reset: reset('server', 1, 9, { cause: 'middlebox-suspected' }) },
      "aborted; RST in the server's name, probably made by a device on the way",
    ],
    [
      { kind: 'aborted-after-fin', initiator: 'client', reset: reset('server', 1, 9, { cause: 'data-after-close' }) },
      'client closed first; RST by the server: data came for a socket that had been closed',
    ],
    [{ kind: 'simultaneous', initiator: 'both', reset: null }, 'both closed at once'],
    [
      { kind: 'graceful', initiator: 'unknown', closeShape: 'four-segment', reset: null },
      "who closed first can't be told; FIN_WAIT_2 ?",
    ],
    [{ kind: 'half-closed', initiator: 'client', reset: null }, 'client closed first, the other did not close'],
    [{ kind: 'open', initiator: null, reset: null }, 'not closed'],
    [
      {
        kind: 'graceful',
        initiator: 'client',
        closeShape: 'three-segment',
        reset: { ...reset('client', 0, 1, { ignored: 2 }), frame: null },
      },
      'client closed first',
    ],
    [
      {
        kind: 'open',
        initiator: null,
        reset: null,
        reuse: { previous: 3, gapSeconds: 1, inTimeWait: true, outcome: 'accepted' },
      },
      'not closed; reuses the ports of #3 in TIME_WAIT',
    ],
  ] as [Partial<Flow>, string][])('%j', (overrides, words) => {
    const line = closedLine(flow({ endpoints: nobody, reuse: null, ...overrides }));
    expect(line.split('  ').slice(2).join('  ')).toBe(words);
  });

  it('has stays in the order of the states, long ones alone', () => {
    const client = endpoint('active-closer', [span('FIN_WAIT_1', 1, 3, [1, 2]), span('FIN_WAIT_2', 3, 8.5, [2, 3])]);
    const server = endpoint('passive-closer', [
      span('CLOSE_WAIT', 1.5, 8.25, [1, 3]),
      span('LAST_ACK', 8.25, 8.5, [3, 4]),
    ]);
    expect(closedLine(flow({ endpoints: { client, server }, initiator: 'client', reset: null }))).toContain(
      'client closed first; FIN_WAIT_1 2 s; FIN_WAIT_2 5.5 s; CLOSE_WAIT 6.75 s',
    );
  });

  it.each([
    [{}, 'TIME_WAIT at 10.0.0.1:9091 until ~12:01:10'],
    [{ basis: 'kernel' }, 'TIME_WAIT at 10.0.0.1:9091 until 12:01:10'],
    [{ endedBy: 'rst' }, 'TIME_WAIT at 10.0.0.1:9091 ended by an RST'],
    [{ endedBy: 'reuse' }, 'TIME_WAIT at 10.0.0.1:9091 ended by a new connection'],
  ] as [Parameters<typeof timeWait>[1], string][])('of TIME_WAIT %j', (overrides, words) => {
    const server = endpoint('active-closer', [], { timeWait: timeWait(10, overrides) });
    const line = closedLine(flow({ server: { address: '10.0.0.1', port: 9091 }, endpoints: { ...nobody, server } }));
    expect(line.split('; ').at(-1)).toBe(words);
  });

  it('is one line that harms no terminal, the same fields in the same places', () => {
    fc.assert(
      fc.property(oddFlow, (each) => {
        const line = closedLine(each);
        expect(plain(line)).toBe(line);
        expect(line).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}#\d+ \S+ > \S+ {2}\S/);
      }),
    );
  });
});
