/** Odd views and keys for properties: hostile names, huge numbers, times out of range. */

import fc from 'fast-check';
import { KINDS } from '../../../src/output/meaning.ts';
import type { Key } from '../../../src/output/screen/state.ts';
import type { LiveView } from '../../../src/watch/view.ts';
import { hostile, oddFinding } from '../arbitrary.ts';
import { exampleView, NOW } from './example.ts';

const amount = fc.oneof(fc.nat(5), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), fc.constant(Number.NaN));
const moment = fc.oneof(
  fc.integer({ min: NOW - 1e9, max: NOW + 1e9 }),
  fc.constantFrom(0, -1, 8.64e15, 1e18, Number.NaN, Number.POSITIVE_INFINITY),
);
const name = fc.oneof(hostile, fc.constantFrom('10.0.0.1:8080', '[ffff:eeee:dddd:cccc:bbbb:aaaa:9999:8888]:65535'));
const side = fc.constantFrom('client' as const, 'server' as const);
const port = fc.integer({ min: 0, max: 65_535 });
const STATES = ['SYN_SENT', 'ESTABLISHED', 'FIN_WAIT_2', 'TIME_WAIT', 'CLOSE_WAIT', 'CLOSED'] as const;
const state = fc.constantFrom(...STATES);
const counts = fc.dictionary(state, amount);
const some = <T>(each: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(each, { maxLength: 12 });

const service = fc.record({
  address: name,
  port,
  flows: amount,
  client: amount,
  server: amount,
  both: amount,
  unknown: amount,
  reset: amount,
  notClosed: amount,
});

export const oddView: fc.Arbitrary<LiveView> = fc
  .record({
    now: moment,
    startedAt: moment,
    source: fc.record({
      interface: hostile,
      backend: fc.constantFrom('tcpdump' as const, 'dumpcap' as const, 'cap' as const),
      timestamps: fc.constantFrom('kernel' as const, 'user-space' as const),
      filter: fc.option(hostile),
      snaplen: fc.nat(65_535),
    }),
    packets: amount,
    packetsPerSecond: amount,
    dropped: fc.option(amount),
    flows: fc.record({ total: amount, present: amount }),
    states: fc.record({ client: counts, server: counts }),
    services: fc.record({ services: some(service), others: amount }),
    timeWait: some(
      fc.record({
        address: name,
        port,
        side,
        sockets: amount,
        firstFree: moment,
        lastFree: moment,
        basis: fc.constantFrom('kernel' as const, 'assumed' as const),
      }),
    ),
    lingering: some(
      fc.record({
        id: fc.nat(20),
        state: fc.constantFrom('FIN_WAIT_2' as const, 'CLOSE_WAIT' as const),
        side,
        local: name,
        peer: name,
        since: moment,
        holder: fc.option(
          fc.record({
            side,
            pid: fc.nat(),
            name: hostile,
            socket: fc.constant('connection' as const),
            state,
            at: hostile,
          }),
        ),
      }),
    ),
    findings: some(oddFinding),
    findingsAt: fc.option(moment),
    rows: some(
      fc.record({
        id: fc.nat(20),
        client: name,
        server: name,
        states: fc.record({ client: fc.option(state), server: fc.option(state) }),
        openedAt: moment,
        lastPacketAt: moment,
        packets: amount,
        kind: fc.constantFrom(...KINDS),
        initiator: fc.constantFrom('client' as const, 'server' as const, 'both' as const, 'unknown' as const, null),
      }),
    ),
    kernel: fc.option(fc.record({ states: counts })),
  })
  .map(exampleView);

const NAMES = [
  'up',
  'down',
  'left',
  'right',
  'page-up',
  'page-down',
  'home',
  'end',
  'enter',
  'escape',
  'tab',
  'back-tab',
  'backspace',
  'delete-line',
  'redraw',
] as const;

export const oddKey: fc.Arbitrary<Key> = fc.oneof(
  fc.constantFrom(...NAMES).map((each): Key => ({ name: each })),
  fc.constantFrom(...'qpjkgGzsr/?h bx0漢').map((text): Key => ({ name: 'text', text })),
);

export const oddSize = fc.record({
  columns: fc.oneof(fc.integer({ min: 40, max: 240 }), fc.nat(60)),
  rows: fc.oneof(fc.integer({ min: 10, max: 90 }), fc.nat(30)),
});
