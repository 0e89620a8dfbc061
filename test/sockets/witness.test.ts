/** Which sockets a flow had, who holds them, and what a screen asks for. */
import { describe, expect, test } from 'vitest';
import type { Flow } from '../../src/report/types.ts';

import {
  at,
  CLIENT,
  CLOSER,
  closer,
  endpoint,
  flowOf,
  listener,
  look,
  looked,
  mirrored,
  ms,
  SERVER,
  type Step,
  socket,
  waiting,
} from './script.ts';

const server = (flow: Flow) => flow.endpoints.server;

describe('addresses and ports that are used again', () => {
  const reused = (): Flow => {
    const flow = flowOf([...CLOSER, ['CLOSED', 20.4]], 14.2, 84);
    flow.endpoints.server.timeWait = { ...flow.endpoints.server.timeWait!, endedBy: 'reuse', basis: 'observed' };
    return flow;
  };
  const next = (steps: Step[], end: number) => flowOf(steps, 25, end, { id: 2, firstPacket: at(20.4) });
  const SECOND: Step[] = [
    ['SYN_RECEIVED', 20.4],
    ['ESTABLISHED', 20.5],
  ];

  test('each flow has its own socket', () => {
    const witness = looked(0, 30, (s) => (s <= 20 ? closer(s) : [socket('ESTABLISHED', { inode: 78 })]));
    const [one, two] = [witness.tell(reused()), witness.tell(next(SECOND, 30.5))];
    expect(server(one).kernel!.map(({ state }) => state)).toEqual(['ESTABLISHED', 'FIN_WAIT_2', 'TIME_WAIT']);
    expect(server(two).kernel).toEqual([{ state: 'ESTABLISHED', from: at(21), to: at(30), until: null }]);
    expect([one.notes, two.notes]).toEqual([[], []]);
  });

  test('two TIME_WAITs one after the other', () => {
    const witness = looked(0, 30, (s) => (s <= 20 ? closer(s) : [waiting(20.8, s)]));
    const steps: Step[] = [...SECOND, ['FIN_WAIT_1', 20.6], ['FIN_WAIT_2', 20.7], ['TIME_WAIT', 20.8]];
    const [one, two] = [witness.tell(reused()), witness.tell(next(steps, 30.5))];
    expect(server(one).kernel!.at(-1)).toMatchObject({ to: at(20), until: at(74.199) });
    expect(server(two).kernel).toEqual([{ state: 'TIME_WAIT', from: at(21), to: at(30), until: at(80.799) }]);
    expect(server(two).timeWait!.until).toBe(at(80.799));
    expect([one.notes, two.notes]).toEqual([[], []]);
  });

  test('an ESTABLISHED one after the other is told by its inode', () => {
    const witness = looked(0, 30, (s) => [socket('ESTABLISHED', { inode: s <= 20 ? 77 : 78 })]);
    const first = flowOf(
      [
        ['ESTABLISHED', 0.2],
        ['CLOSED', 20.3],
      ],
      20.3,
      30,
    );
    first.firstPacket = at(-0.5);
    expect(witness.tell(first).notes).toEqual([]);
    expect(server(witness.tell(first)).kernel![0]!.to).toBe(at(20));
    expect(server(witness.tell(next(SECOND, 30.5))).kernel![0]!.from).toBe(at(21));
  });

  test('a flow whose socket no look found has not that of the one before, nor of the next', () => {
    const old = looked(0, 30, closer);
    const challenged = next([], 30.5);
    expect(old.tell(challenged).endpoints.server.kernel).toBeNull();
    const young = looked(20, 30, () => [socket('ESTABLISHED')]);
    const short = flowOf(
      [
        ['ESTABLISHED', 0.2],
        ['LAST_ACK', 0.4],
        ['CLOSED', 0.5],
      ],
      0.5,
      30,
    );
    expect(young.tell(short)).toBe(short);
  });
});

describe('ends', () => {
  test('both on this machine have a socket each', () => {
    const witness = looked(0, 9, (s) => (s < 1 ? [] : [socket('ESTABLISHED'), mirrored(socket('CLOSE_WAIT'))]));
    const flow = flowOf([['ESTABLISHED', 0.2]], 4, 9.5);
    flow.endpoints.client = endpoint(
      [
        ['ESTABLISHED', 0.15],
        ['CLOSE_WAIT', 0.7],
      ],
      9.5,
    );
    const { client, server: far } = witness.tell(flow).endpoints;
    expect(client.kernel!.map(({ state }) => state)).toEqual(['CLOSE_WAIT']);
    expect(far.kernel!.map(({ state }) => state)).toEqual(['ESTABLISHED']);
  });

  test('a socket that is connected to itself is one', () => {
    const self = socket('ESTABLISHED', { remoteAddress: SERVER.address, remotePort: SERVER.port });
    const flow = flowOf([], 4, 9.5, { client: SERVER, notes: ['self-connect'] });
    flow.endpoints.client = endpoint([['ESTABLISHED', 0.2]], 9.5);
    const { client, server: far } = looked(1, 9, () => [self]).tell(flow).endpoints;
    expect(client.kernel).toHaveLength(1);
    expect(far.kernel).toBeNull();
  });

  test('of other machines leave a flow as it is', () => {
    const flow = flowOf(CLOSER, 14.2, 20.5);
    expect(looked(0, 20, () => [socket('ESTABLISHED', { localAddress: '10.0.0.6' })]).tell(flow)).toBe(flow);
  });
});

describe('holders', () => {
  const flow = () => flowOf([['ESTABLISHED', 0.2]], 4, 9.5);
  const names = (holders: Flow['holders']) => holders?.map(({ pid, socket: what, state }) => `${pid} ${what} ${state}`);

  test('are the processes with the socket, and those that listen on its port', () => {
    const told = looked(1, 9, () => [listener(), socket('CLOSE_WAIT')]).tell(flow());
    expect(names(told.holders)).toEqual(['812 connection CLOSE_WAIT', '811 listener LISTEN', '812 listener LISTEN']);
    expect(told.holders![0]).toEqual({
      side: 'server',
      pid: 812,
      name: 'nginx',
      socket: 'connection',
      state: 'CLOSE_WAIT',
      at: at(9),
    });
  });

  test('are none of an orphan, and none where rights do not allow', () => {
    expect(looked(1, 9, () => [socket('FIN_WAIT_2', { inode: 0 })]).tell(flow()).holders).toEqual([]);
    expect(looked(1, 9, () => [socket('ESTABLISHED', { inode: 4 })]).tell(flow()).holders).toEqual([]);
  });

  test('listen on the address of the connection, or on any', () => {
    const owners = new Map([5, 6, 7].map((inode) => [inode, [{ pid: inode, name: 'x' }]]));
    const listening = (...all: [string, number][]) => {
      const witness = looked(1, 0, () => []);
      const sockets = all.map(([localAddress, inode]) => listener({ localAddress, inode }));
      look(witness, 1, [...sockets, socket('ESTABLISHED')], owners);
      return names(witness.tell(flow()).holders);
    };
    expect(listening(['0.0.0.0', 5], ['10.0.0.5', 6])).toEqual(['6 listener LISTEN']);
    expect(listening(['10.0.0.9', 6], ['0.0.0.0', 5])).toEqual(['5 listener LISTEN']);
    expect(listening(['::', 7], ['0.0.0.0', 5])).toEqual(['5 listener LISTEN']);
    expect(listening(['::', 7])).toEqual(['7 listener LISTEN']);
    expect(listening(['0.0.0.0', 5], ['0.0.0.0', 6])).toEqual(['5 listener LISTEN', '6 listener LISTEN']);
  });

  test('stay what they were where a look at processes was not made', () => {
    const witness = looked(1, 5, () => [socket('ESTABLISHED')]);
    look(witness, 6, [socket('ESTABLISHED')], new Map());
    expect(names(witness.tell(flow()).holders)).toEqual(['812 connection ESTABLISHED']);
    // But not of another socket.
    look(witness, 7, [socket('ESTABLISHED', { inode: 78 })], new Map());
    expect(witness.socketOf(SERVER.address, SERVER.port, CLIENT.address, CLIENT.port)!.owners).toEqual([]);
  });
});

describe('for the screen', () => {
  test('sockets by state, and those of some states', () => {
    const orphan = socket('FIN_WAIT_2', { remotePort: 3, inode: 0, endsInMs: 5_000 });
    const witness = looked(1, 2, () => [listener(), socket('CLOSE_WAIT'), orphan, waiting(0, 1, { remotePort: 4 })]);
    expect(witness.counts()).toEqual({ states: { LISTEN: 1, CLOSE_WAIT: 1, FIN_WAIT_2: 1, TIME_WAIT: 1 } });
    const lingering = [...witness.sockets('CLOSE_WAIT', 'FIN_WAIT_2')];
    expect(lingering.map(({ state, since, until, owners }) => [state, since, until, owners.length])).toEqual([
      ['CLOSE_WAIT', ms(1), null, 1],
      ['FIN_WAIT_2', ms(1), ms(2) - 1 + 5_000, 0],
    ]);
    look(witness, 3, []);
    expect([...witness.sockets('CLOSE_WAIT')]).toEqual([]);
    expect(witness.counts()).toEqual({ states: {} });
  });
});
