/** A view of a live capture in an ordinary bad hour: a server that closes first, and a program that forgets to close. */

import type { Finding } from '../../../src/report/types.ts';
import type { LingeringSocket, LiveFlow, LiveView, TimeWaitPort } from '../../../src/watch/view.ts';
import { at } from '../example.ts';

export const NOW = Date.parse(at(751));
const SECOND = 1000;

const finding = (overrides: Partial<Finding>): Finding => ({
  rule: 'server-closes-first',
  severity: 'warning',
  title: 'the server 10.0.0.1:8080 closes first: its port is in TIME_WAIT',
  because: 'it closed first in 11,987 of 12,345 connections, so that `TIME_WAIT` is on its port',
  doThis: ['let clients close first, or set `SO_REUSEADDR` before `bind()`'],
  confidence: 'certain',
  endpoint: '10.0.0.1:8080',
  flows: [17, 18, 19],
  flowCount: 11_987,
  frames: [1, 2, 3],
  at: at(100),
  until: at(748),
  rfc: 'RFC 9293 section 3.6',
  wiresharkFilter: null,
  ...overrides,
});

const port = (overrides: Partial<TimeWaitPort>): TimeWaitPort => ({
  address: '10.0.0.1',
  port: 8080,
  side: 'server',
  sockets: 4_312,
  firstFree: NOW + 0.4 * SECOND,
  lastFree: NOW + 59.2 * SECOND,
  basis: 'kernel',
  ...overrides,
});

const socket = (id: number, seconds: number, overrides: Partial<LingeringSocket> = {}): LingeringSocket => ({
  id,
  state: 'CLOSE_WAIT',
  side: 'client',
  local: `10.0.0.5:${40_000 + id}`,
  peer: '10.0.0.1:8080',
  since: NOW - seconds * SECOND,
  holder: { side: 'client', pid: 4711, name: 'worker', socket: 'connection', state: 'CLOSE_WAIT', at: at(750) },
  ...overrides,
});

const connection = (id: number, overrides: Partial<LiveFlow> = {}): LiveFlow => ({
  id,
  client: `10.0.0.5:${40_000 + id}`,
  server: id % 7 === 0 ? '[2001:db8::1]:443' : '10.0.0.1:8080',
  states: { client: 'ESTABLISHED', server: 'ESTABLISHED' },
  openedAt: NOW - id * 7 * SECOND,
  lastPacketAt: NOW - (id % 40) * SECOND,
  packets: id * 13,
  kind: 'open',
  initiator: null,
  ...overrides,
});

export function exampleView(overrides: Partial<LiveView> = {}): LiveView {
  return {
    now: NOW,
    startedAt: NOW - 751 * SECOND,
    source: { interface: 'eth0', backend: 'tcpdump', timestamps: 'kernel', filter: 'tcp port 8080', snaplen: 128 },
    packets: 912_345,
    tcpPackets: 912_340,
    packetsPerSecond: 1_234.4,
    dropped: 0,
    flows: { total: 12_902, present: 4_436 },
    states: {
      client: { SYN_SENT: 2, ESTABLISHED: 85, CLOSE_WAIT: 4, LAST_ACK: 1, TIME_WAIT: 3 },
      server: { ESTABLISHED: 85, FIN_WAIT_1: 1, FIN_WAIT_2: 4, TIME_WAIT: 4_312 },
    },
    services: {
      services: [
        {
          address: '10.0.0.1',
          port: 8080,
          flows: 12_345,
          client: 12,
          server: 11_987,
          both: 3,
          unknown: 0,
          reset: 43,
          notClosed: 300,
        },
        {
          address: '2001:db8::1',
          port: 443,
          flows: 512,
          client: 500,
          server: 0,
          both: 0,
          unknown: 2,
          reset: 0,
          notClosed: 10,
        },
        {
          address: '10.0.0.1',
          port: 22,
          flows: 41,
          client: 40,
          server: 0,
          both: 0,
          unknown: 0,
          reset: 0,
          notClosed: 1,
        },
        {
          address: '10.0.0.9',
          port: 5432,
          flows: 4,
          client: 1,
          server: 0,
          both: 0,
          unknown: 0,
          reset: 3,
          notClosed: 0,
        },
      ],
      others: 0,
    },
    timeWait: [
      port({}),
      port({
        address: '2001:db8::5',
        port: 51_234,
        side: 'client',
        sockets: 2,
        firstFree: NOW + 12_000,
        basis: 'assumed',
      }),
      port({
        address: '10.0.0.5',
        port: 40_112,
        side: 'client',
        sockets: 1,
        firstFree: NOW - 5,
        lastFree: NOW + 90_500,
        basis: 'assumed',
      }),
    ],
    lingering: [
      socket(17, 431),
      socket(29, 118),
      socket(31, 64, {
        state: 'FIN_WAIT_2',
        side: 'server',
        local: '10.0.0.1:8080',
        peer: '10.0.0.5:40031',
        holder: null,
      }),
      socket(33, 5),
    ],
    findings: [
      finding({
        rule: 'close-wait-leak',
        severity: 'critical',
        title: 'worker (10.0.0.5) does not close: 4 sockets in CLOSE_WAIT, the oldest for 7 min 11 s',
        because: 'their peer closed first, and the program has not: the kernel waits for it without end',
        doThis: ['find where `worker` (pid 4711) forgets `close()`'],
        flows: [17, 29, 33, 35],
        flowCount: 4,
        endpoint: '10.0.0.5',
      }),
      finding({}),
      finding({
        rule: 'reset-pattern',
        severity: 'info',
        title: 'RSTs at the same place in 43 connections',
        at: at(20),
        until: null,
      }),
      finding({
        rule: 'refused',
        severity: 'info',
        title: 'refused: nobody listens on 10.0.0.9:5432',
        at: at(5),
        until: at(6),
      }),
    ],
    findingsAt: NOW - 2 * SECOND,
    rows: [
      connection(31, {
        states: { client: 'CLOSE_WAIT', server: 'FIN_WAIT_2' },
        kind: 'half-closed',
        initiator: 'server',
      }),
      connection(2, { states: { client: 'CLOSED', server: 'TIME_WAIT' }, kind: 'graceful', initiator: 'server' }),
      ...Array.from({ length: 40 }, (_, index) => connection(index + 40)),
      connection(99, { states: { client: null, server: 'ESTABLISHED' } }),
    ],
    kernel: null,
    ...overrides,
  };
}
