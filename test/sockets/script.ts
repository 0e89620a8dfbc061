/** Looks at made socket tables, and flows that go with them. Times are seconds after 2026-03-01 10:00:00 UTC. */

import type { Endpoint, Flow, Span, TcpState } from '../../src/report/types.ts';
import type { Owner, SocketEntry } from '../../src/sockets/types.ts';
import { Witness } from '../../src/sockets/witness.ts';
import type { LivesOptions } from '../../src/sockets/witness-lives.ts';
import { secondsBetween } from '../../src/words.ts';
import { exampleFlow } from '../schema/example.ts';

const BASE = Date.UTC(2026, 2, 1, 10);
export const SERVER = { address: '10.0.0.5', port: 9091 };
export const CLIENT = { address: '10.0.0.7', port: 52814 };

export function at(seconds: number): string {
  const ns = Math.round(seconds * 1e9);
  const whole = Math.floor(ns / 1e9);
  const text = new Date(BASE + whole * 1000).toISOString().slice(0, 19);
  return `${text}.${String(ns - whole * 1e9).padStart(9, '0')}Z`;
}

export const ms = (seconds: number) => BASE + seconds * 1000;

/** The server's socket. */
export function socket(state: SocketEntry['state'], more: Partial<SocketEntry> = {}): SocketEntry {
  const hasFile = state !== 'TIME_WAIT' && state !== 'LAST_ACK';
  return {
    localAddress: SERVER.address,
    localPort: SERVER.port,
    remoteAddress: CLIENT.address,
    remotePort: CLIENT.port,
    v6: false,
    state,
    endsInMs: null,
    txQueue: 0,
    rxQueue: 0,
    uid: 0,
    inode: hasFile ? 77 : 0,
    ...more,
  };
}

export const listener = (more: Partial<SocketEntry> = {}) =>
  socket('LISTEN', { localAddress: '0.0.0.0', remoteAddress: '0.0.0.0', remotePort: 0, inode: 5, ...more });

/** The same socket as the other end has it. */
export function mirrored(entry: SocketEntry): SocketEntry {
  const { localAddress, localPort, remoteAddress, remotePort } = entry;
  return {
    ...entry,
    localAddress: remoteAddress,
    localPort: remotePort,
    remoteAddress: localAddress,
    remotePort: localPort,
  };
}

export const OWNERS: ReadonlyMap<number, readonly Owner[]> = new Map([
  [77, [{ pid: 812, name: 'nginx' }]],
  [
    5,
    [
      { pid: 812, name: 'nginx' },
      { pid: 811, name: 'nginx' },
    ],
  ],
]);

/** A witness that has looked every second of a time at what is there then. A look takes 2 ms. */
export function looked(from: number, to: number, tableAt: (s: number) => SocketEntry[], options?: LivesOptions) {
  const witness = new Witness(options);
  for (let s = from; s <= to; s++) look(witness, s, tableAt(s));
  return witness;
}

export function look(witness: Witness, seconds: number, sockets: SocketEntry[], owners = OWNERS): void {
  witness.look({ begun: ms(seconds) - 1, ended: ms(seconds) + 1, sockets }, owners);
}

/** In TIME_WAIT from `from` on, by a timer of a minute. */
export function waiting(from: number, s: number, more: Partial<SocketEntry> = {}): SocketEntry {
  return socket('TIME_WAIT', { endsInMs: Math.max(0, Math.floor((from + 60 - s) * 100) * 10), ...more });
}

export type Step = [state: TcpState, from: number, basis?: Span['basis']];

/** Spans that touch; the last is open unless it is CLOSED. @param end of the capture */
export function spans(steps: readonly Step[], end: number): Span[] {
  return steps.map(([state, from, basis = 'observed'], i): Span => {
    const next = steps[i + 1];
    const isClosed = state === 'CLOSED';
    const to = isClosed ? from : (next?.[1] ?? null);
    const frame = basis === 'observed' ? i + 1 : null;
    return {
      state,
      from: at(from),
      to: to === null ? null : at(to),
      seconds: secondsBetween(at(from), at(to ?? end)),
      basis: next?.[2] === 'assumed' && !isClosed ? 'assumed' : basis,
      open: to === null,
      plusMinus: to === null ? null : 0,
      frames: [frame, next === undefined || (next[2] ?? 'observed') !== 'observed' ? null : i + 2],
    };
  });
}

export function endpoint(steps: readonly Step[], end: number, more: Partial<Endpoint> = {}): Endpoint {
  const states = spans(steps, end);
  const of = (state: TcpState) => states.find((span) => span.state === state)?.seconds ?? null;
  const wait = states.find(({ state }) => state === 'TIME_WAIT');
  const from = steps.find(([state]) => state === 'TIME_WAIT')?.[1] ?? 0;
  return {
    role: 'unknown',
    states,
    finWait1Seconds: of('FIN_WAIT_1'),
    finWait2Seconds: of('FIN_WAIT_2'),
    closingSeconds: of('CLOSING'),
    timeWaitSeconds: of('TIME_WAIT'),
    closeWaitSeconds: of('CLOSE_WAIT'),
    lastAckSeconds: of('LAST_ACK'),
    finAt: null,
    finAckedAt: null,
    finRetransmissions: 0,
    halfCloseBytes: 0,
    timeWait:
      wait === undefined
        ? null
        : {
            from: wait.from,
            until: at(from + 60),
            untilLatest: at(from + 62.1),
            basis: 'assumed',
            restarts: 0,
            endedBy: wait.open ? 'capture-end' : 'timer',
            frames: [],
          },
    kernel: null,
    ...more,
  };
}

/** A flow of which the server's end is this machine's. Its packets are from second 0.1 to `last`. */
export function flowOf(steps: readonly Step[], last: number, end: number, more: Partial<Flow> = {}): Flow {
  return exampleFlow({
    client: CLIENT,
    server: SERVER,
    firstPacket: at(0.1),
    lastPacket: at(last),
    endpoints: { client: endpoint([], end), server: endpoint(steps, end) },
    holders: null,
    notes: [],
    ...more,
  });
}

/** "ESTABLISHED 0.1-1 observed" of each span. */
export function told({ states }: Endpoint): string[] {
  const seconds = (time: string) => Number(secondsBetween(at(0), time).toFixed(3));
  return states.map(({ state, from, to, basis }) => {
    const end = state === 'CLOSED' ? '' : `-${to === null ? '' : seconds(to)}`;
    return `${state} ${seconds(from)}${end} ${basis}`;
  });
}

/** The server closes first at second 10, the client at 14: TIME_WAIT. */
export const CLOSER: Step[] = [
  ['SYN_RECEIVED', 0.1],
  ['ESTABLISHED', 0.2],
  ['FIN_WAIT_1', 10.1],
  ['FIN_WAIT_2', 10.3],
  ['TIME_WAIT', 14.2],
];
export const closer = (s: number): SocketEntry[] => {
  if (s < 1 || s > 75) return [];
  if (s <= 10) return [socket('ESTABLISHED')];
  if (s <= 14) return [socket('FIN_WAIT_2')];
  return s < 76 ? [waiting(14.2, s)] : [];
};
