/** What the kernel's socket tables add to a flow, and what they contradict. */
import { describe, expect, test } from 'vitest';
import type { Flow } from '../../src/report/types.ts';
import type { SocketEntry } from '../../src/sockets/types.ts';
import { KERNEL_DIFFERS } from '../../src/sockets/witness.ts';
import {
  at,
  CLIENT,
  CLOSER,
  closer,
  flowOf,
  listener,
  looked,
  ms,
  SERVER,
  type Step,
  socket,
  told,
  waiting,
} from './script.ts';

const server = (flow: Flow) => flow.endpoints.server;

describe('TIME_WAIT', () => {
  test('that lasts has the end that the kernel tells, and observed edges stay', () => {
    const flow = looked(0, 20, closer).tell(flowOf(CLOSER, 14.2, 20.5));
    expect(told(server(flow))).toEqual([
      'SYN_RECEIVED 0.1-0.2 observed',
      'ESTABLISHED 0.2-10.1 observed',
      'FIN_WAIT_1 10.1-10.3 observed',
      'FIN_WAIT_2 10.3-14.2 observed',
      'TIME_WAIT 14.2- kernel',
    ]);
    // Read between 0 and 2 ms after a look's begin, in ticks of 10 ms.
    expect(server(flow).timeWait).toMatchObject({
      until: at(74.199),
      untilLatest: at(76.299),
      basis: 'kernel',
      endedBy: 'capture-end',
    });
    expect(server(flow).kernel).toEqual([
      { state: 'ESTABLISHED', from: at(1), to: at(10), until: null },
      { state: 'FIN_WAIT_2', from: at(11), to: at(14), until: null },
      { state: 'TIME_WAIT', from: at(15), to: at(20), until: at(74.199) },
    ]);
    expect(flow.notes).toEqual([]);
  });

  test('that is over ended with the first look without its socket, or a little before', () => {
    const witness = looked(0, 80, closer);
    const assumed = flowOf([...CLOSER, ['CLOSED', 74.2, 'assumed']], 14.2, 84);
    for (const flow of [assumed, flowOf(CLOSER, 14.2, 75.5)]) {
      const end = server(witness.tell(flow));
      expect(told(end).slice(-2)).toEqual(['TIME_WAIT 14.2-75 kernel', 'CLOSED 75 kernel']);
      expect(end.states.at(-2)!.plusMinus).toBe(1);
      expect(end.timeWaitSeconds).toBe(60.8);
      expect(end.timeWait).toMatchObject({ until: at(74.199), untilLatest: at(76), basis: 'kernel', endedBy: 'timer' });
    }
  });

  test('goes on where the kernel still has it after its assumed end', () => {
    // A segment that the capture lacks began it anew at second 40.
    const witness = looked(0, 78, (s) => (s < 40 ? closer(s) : [waiting(40, s)]));
    const flow = witness.tell(flowOf([...CLOSER, ['CLOSED', 74.2, 'assumed']], 14.2, 77));
    expect(told(server(flow)).slice(-1)).toEqual(['TIME_WAIT 14.2- kernel']);
    expect(server(flow).timeWait).toMatchObject({ until: at(99.999), endedBy: 'capture-end', basis: 'kernel' });
    expect(flow.notes).toEqual([]);
  });

  test('that is gone before its timer was ended by something that no packet shows', () => {
    const witness = looked(0, 50, (s) => (s <= 30 ? closer(s) : []));
    const flow = witness.tell(flowOf(CLOSER, 14.2, 50.5));
    expect(server(flow).timeWait).toMatchObject({ until: at(30), untilLatest: at(31), endedBy: 'kernel' });
    expect(told(server(flow)).slice(-2)).toEqual(['TIME_WAIT 14.2-31 kernel', 'CLOSED 31 kernel']);
    expect(flow.notes).toEqual([]);
  });

  test('keeps the end that a packet shows', () => {
    const witness = looked(0, 50, (s) => (s <= 30 ? closer(s) : []));
    const killed = flowOf([...CLOSER, ['CLOSED', 30.5]], 14.2, 84);
    killed.endpoints.server.timeWait = { ...killed.endpoints.server.timeWait!, endedBy: 'rst', basis: 'observed' };
    const flow = witness.tell(killed);
    expect(server(flow).states).toEqual(server(killed).states);
    expect(server(flow).timeWait).toEqual(server(killed).timeWait);
    expect(flow.notes).toEqual([]);
  });

  test('of which the kernel has no socket is told, and that it has none', () => {
    // As with tcp_max_tw_buckets used up.
    const witness = looked(0, 30, (s) => (s <= 14 ? closer(s) : []));
    const flow = witness.tell(flowOf(CLOSER, 14.2, 30.5));
    expect(flow.notes).toEqual([KERNEL_DIFFERS]);
    expect(told(server(flow)).at(-1)).toBe('TIME_WAIT 14.2- observed');
    expect(server(flow).timeWait!.basis).toBe('assumed');
    expect(server(flow).kernel!.map(({ state }) => state)).toEqual(['ESTABLISHED', 'FIN_WAIT_2']);
  });

  test('of a connection that no look found is missed only on ports with sockets here', () => {
    const short = flowOf(
      [
        ['ESTABLISHED', 0.2],
        ['FIN_WAIT_1', 0.3],
        ['TIME_WAIT', 0.4],
      ],
      0.4,
      20,
    );
    const other = socket('ESTABLISHED', { remotePort: 999 });
    const here = looked(0, 20, () => [listener(), other]).tell(short);
    expect(here.notes).toEqual([KERNEL_DIFFERS]);
    expect(server(here).kernel).toEqual([]);
    // Behind an address translation somebody may listen, but no connection is here.
    expect(looked(0, 20, () => [listener()]).tell(short)).toBe(short);
    // Where sockets were left out nobody knows.
    const full = looked(0, 20, () => [listener(), other, socket('ESTABLISHED', { remotePort: 998 })], { most: 1 });
    expect(full.tell(short).notes).toEqual([]);
  });

  test('learns how late this kernel ends it', () => {
    const witness = looked(0, 78, (s) => (s < 15 ? closer(s) : [waiting(14.2, s)]));
    const socketAt = [SERVER.address, SERVER.port, CLIENT.address, CLIENT.port] as const;
    const { until, latest } = witness.timeWaitUntil(...socketAt)!;
    expect(until).toBeCloseTo(ms(74.199), 3);
    expect(latest - until).toBeCloseTo(3_800, 3);
  });
});

describe('what no packet shows', () => {
  const OPEN: Step[] = [
    ['SYN_RECEIVED', 0.1],
    ['ESTABLISHED', 0.2],
  ];

  test('a socket that vanishes is closed at the first look without it', () => {
    const witness = looked(0, 20, (s) => (s >= 1 && s <= 12 ? [socket('ESTABLISHED')] : []));
    const flow = witness.tell(flowOf(OPEN, 5, 20.5));
    expect(told(server(flow)).slice(1)).toEqual(['ESTABLISHED 0.2-13 kernel', 'CLOSED 13 kernel']);
    expect(server(flow).states[1]).toMatchObject({ seconds: 12.8, plusMinus: 1, open: false, frames: [2, null] });
  });

  test('one look without it is not enough', () => {
    const table = (s: number) => (s >= 1 && s !== 12 ? [socket('ESTABLISHED')] : []);
    for (const end of [12, 20]) {
      const flow = looked(0, end, table).tell(flowOf(OPEN, 5, 20.5));
      expect(told(server(flow)).at(-1)).toBe('ESTABLISHED 0.2- kernel');
      expect(server(flow).kernel).toHaveLength(1);
    }
  });

  test("an orphan's FIN_WAIT_2 ends by its timer", () => {
    const table = (s: number): SocketEntry[] => {
      if (s < 11) return closer(s);
      return s <= 70 ? [socket('FIN_WAIT_2', { inode: 0, endsInMs: Math.max(0, Math.round((70.3 - s) * 1000)) })] : [];
    };
    const flow = looked(0, 80, table).tell(flowOf(CLOSER.slice(0, 4), 10.3, 80.5));
    expect(told(server(flow)).slice(-2)).toEqual(['FIN_WAIT_2 10.3-70.299 kernel', 'CLOSED 70.299 kernel']);
    expect(server(flow).finWait2Seconds).toBe(59.999);
    expect(server(flow).kernel!.at(-1)).toMatchObject({ state: 'FIN_WAIT_2', until: at(70.299) });
  });

  test('an end that a later RST only implies is moved to where the kernel had it', () => {
    const table = (s: number) => (s <= 14 ? closer(s) : []);
    const given = flowOf([...CLOSER.slice(0, 4), ['CLOSED', 40, 'inferred']], 40, 50);
    given.endpoints.server.states[3] = { ...given.endpoints.server.states[3]!, seconds: null, plusMinus: null };
    const flow = looked(0, 50, table).tell(given);
    expect(told(server(flow)).slice(-2)).toEqual(['FIN_WAIT_2 10.3-15 kernel', 'CLOSED 15 kernel']);
    expect(flow.notes).toEqual([]);
  });

  test('close() while data waits: FIN_WAIT_1 before the FIN', () => {
    const table = (s: number) => [
      socket(s < 5 ? 'ESTABLISHED' : s < 11 ? 'FIN_WAIT_1' : 'FIN_WAIT_2', { inode: s < 5 ? 77 : 0 }),
    ];
    const late = looked(1, 12, table).tell(flowOf(CLOSER.slice(0, 4), 10.3, 12.5));
    expect(told(server(late))).toEqual([
      'SYN_RECEIVED 0.1-0.2 observed',
      'ESTABLISHED 0.2-5 kernel',
      'FIN_WAIT_1 5-10.3 kernel',
      'FIN_WAIT_2 10.3- kernel',
    ]);
    expect(server(late).states[2]).toMatchObject({ seconds: 5.3, plusMinus: 1, frames: [null, 4] });
    expect(server(late).finWait1Seconds).toBe(5.3);
    // And where the FIN was never sent.
    const never = looked(1, 9, table).tell(flowOf(OPEN, 4, 9.5));
    expect(told(server(never)).slice(1)).toEqual(['ESTABLISHED 0.2-5 kernel', 'FIN_WAIT_1 5- kernel']);
    expect(server(never).states[2]).toMatchObject({ seconds: 4.5, open: true, plusMinus: null });
    expect(never.notes).toEqual([]);
  });

  test('FIN_WAIT_2 where the capture has no pure ACKs', () => {
    const steps: Step[] = [
      ['ESTABLISHED', 0.2],
      ['FIN_WAIT_1', 10.1],
      ['TIME_WAIT', 14.2],
    ];
    const witness = looked(0, 20, closer);
    const flow = witness.tell(flowOf(steps, 14.2, 20.5, { notes: ['no-pure-acks'] }));
    expect(told(server(flow)).slice(1)).toEqual([
      'FIN_WAIT_1 10.1-11 kernel',
      'FIN_WAIT_2 11-14.2 kernel',
      'TIME_WAIT 14.2- kernel',
    ]);
    expect(server(flow).finWait2Seconds).toBe(3.2);
    expect(flow.notes).toEqual(['no-pure-acks']);
    // With pure ACKs it would be a contradiction.
    expect(witness.tell(flowOf(steps, 14.2, 20.5)).notes).toEqual([KERNEL_DIFFERS]);
  });

  test('a connection that is older than the capture', () => {
    const witness = looked(-20, 5, () => [socket('ESTABLISHED')]);
    const steps: Step[] = [['ESTABLISHED', 0.1, 'inferred']];
    const flow = witness.tell(flowOf(steps, 3, 5.5, { handshake: 'not-captured', notes: ['midstream'] }));
    expect(told(server(flow))).toEqual(['ESTABLISHED -20- kernel']);
    expect(server(flow).states[0]!.seconds).toBe(25.5);
  });

  test('all states of an end of which packets prove none', () => {
    const flow = looked(0, 80, closer).tell(flowOf([], 14.2, 84));
    expect(told(server(flow))).toEqual([
      'ESTABLISHED 1-11 kernel',
      'FIN_WAIT_2 11-15 kernel',
      'TIME_WAIT 15-75 kernel',
      'CLOSED 75 kernel',
    ]);
    expect(server(flow).states.map(({ plusMinus }) => plusMinus)).toEqual([null, 1, 1, 0]);
    expect(server(flow).timeWait).toMatchObject({ from: at(15), endedBy: 'timer', basis: 'kernel' });
    expect(server(flow).finWait2Seconds).toBe(4);
  });
});

describe('where both tell different things', () => {
  const OPEN: Step[] = [['ESTABLISHED', 0.2]];

  test('the spans of the packets stay, and the kernel has its own', () => {
    const table = (s: number) => (s < 1 ? [] : [socket(s < 5 ? 'ESTABLISHED' : 'CLOSE_WAIT')]);
    const given = flowOf(OPEN, 4, 9.5);
    const flow = looked(0, 9, table).tell(given);
    expect(flow.notes).toEqual([KERNEL_DIFFERS]);
    expect(server(flow).states).toEqual(server(given).states);
    expect(server(flow).kernel!.at(-1)).toEqual({ state: 'CLOSE_WAIT', from: at(5), to: at(9), until: null });
  });

  test('one look is not a difference, two are', () => {
    const table = (s: number) => (s < 1 ? [] : [socket(s < 5 ? 'ESTABLISHED' : 'CLOSE_WAIT')]);
    expect(looked(0, 5, table).tell(flowOf(OPEN, 4, 5.5)).notes).toEqual([]);
    expect(looked(0, 6, table).tell(flowOf(OPEN, 4, 6.5)).notes).toEqual([KERNEL_DIFFERS]);
  });

  test('an RST that the kernel did not take', () => {
    const reset = flowOf([...OPEN, ['CLOSED', 4.5]], 4.5, 9.5);
    const goesOn = looked(0, 9, (s) => (s < 1 ? [] : [socket('ESTABLISHED')]));
    expect(goesOn.tell(reset).notes).toEqual([KERNEL_DIFFERS]);
    const gone = looked(0, 9, (s) => (s < 1 || s > 4 ? [] : [socket('ESTABLISHED')]));
    expect(gone.tell(reset).notes).toEqual([]);
  });

  test('a handshake whose last ACK the kernel dropped, as with a full accept queue', () => {
    const table = (s: number) => (s < 1 ? [] : [socket('SYN_RECEIVED', { inode: 0 })]);
    const flow = looked(0, 5, table).tell(
      flowOf(
        [
          ['SYN_RECEIVED', 0.1],
          ['ESTABLISHED', 0.2],
        ],
        4,
        5.5,
      ),
    );
    expect(flow.notes).toEqual([KERNEL_DIFFERS]);
  });

  test('packets of a socket that is gone', () => {
    const table = (s: number) => (s < 1 || s > 4 ? [] : [socket('ESTABLISHED')]);
    const flow = looked(0, 20, table).tell(flowOf([...OPEN, ['FIN_WAIT_1', 15]], 15, 20.5));
    expect(flow.notes).toEqual([KERNEL_DIFFERS]);
    expect(told(server(flow)).at(-1)).toBe('FIN_WAIT_1 15- observed');
  });
});
