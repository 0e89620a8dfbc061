/** When bind() fails: by system, by listener, by what is on the port. */

import { describe, expect, it } from 'vitest';
import type { AnalyzeOptions } from '../../src/analyze.ts';
import type { Interval } from '../../src/ports/ledger.ts';
import { heldAt } from '../../src/ports/sockets.ts';
import { opened, refusal } from '../findings/scripted.ts';
import { contextOf, portOf, SECOND, servedFirst } from './scripted.ts';

const SERVER = '10.0.0.2:80';
const client = (port: number): string => `10.0.0.1:${port}`;

/** Two connections that the server closed first, an outage from 3 to 70 s, a connection that is still open. */
const RESTART = [
  ...servedFirst(client(40_000), SERVER, 0),
  ...servedFirst(client(40_001), SERVER, 1.5),
  ...[3, 10, 40, 60].flatMap((t) => refusal(client(41_000 + t), SERVER, t)),
  ...opened(client(42_000), SERVER, 70),
];

async function intervalsOf(lines: readonly string[], options: AnalyzeOptions = {}): Promise<Interval[]> {
  return portOf(await contextOf(lines, options)).ledger.intervals;
}

const words = ({ from, until, listening, states }: Interval): string =>
  `${listening ? 'L' : '#'} ${(from / SECOND).toFixed(1)}..${(until / SECOND).toFixed(1)} ${JSON.stringify(states)}`;

describe('the ledger', () => {
  it('of a restart: a listener, TIME_WAIT, a listener, an open connection', async () => {
    const context = await contextOf(RESTART);
    const { ledger } = portOf(context);
    expect(ledger.intervals.map(words)).toEqual([
      'L 0.0..3.0 {"LISTEN":1,"TIME_WAIT":2}',
      '# 3.0..62.5 {"TIME_WAIT":2}',
      'L 70.0..70.0 {"LISTEN":1,"ESTABLISHED":1}',
      '# 70.0..Infinity {"ESTABLISHED":1}',
    ]);
    const [, blocked] = ledger.intervals;
    expect(blocked).toMatchObject({ sockets: 2, basis: 'assumed', ids: [2, 1] });
    expect((blocked!.untilLatest - blocked!.until) / SECOND).toBeCloseTo(2.1, 6);
    expect([ledger.freeAt, ledger.freeAtLatest]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });

  it('has intervals that touch or stand apart, and never overlap', async () => {
    const lines = Array.from({ length: 30 }, (_, i) => [
      ...servedFirst(client(40_000 + i), SERVER, 100 * i),
      ...refusal(client(41_000 + i), SERVER, 100 * i + 2),
      ...refusal(client(42_000 + i), SERVER, 100 * i + 30),
    ]).flat();
    const intervals = await intervalsOf(lines);
    expect(intervals.length).toBeGreaterThan(10);
    intervals.slice(1).forEach(({ from }, i) => {
      expect(from).toBeGreaterThanOrEqual(intervals[i]!.until);
    });
  });

  it('is bounded where there are very many stretches', async () => {
    const lines = Array.from({ length: 400 }, (_, i) => {
      const midstream = [`client ${client(1000 + i)}`, `server ${SERVER}`, `${200 * i} s > c F. 1:1(0) ack 1`];
      return [...midstream, '+1 c > s F. 1:1(0) ack 2', '+0.01 s > c . 2:2(0) ack 2'];
    }).flat();
    const intervals = await intervalsOf(lines);
    // Equally far from each other: no more of them are joined than must be.
    expect(intervals.length).toBe(256);
    intervals.slice(1).forEach(({ from }, i) => {
      expect(from).toBeGreaterThanOrEqual(intervals[i]!.until);
    });
  });

  it.each([
    ['linux', 62.5, { neither: true, newOnly: true, oldOnly: true, both: false }],
    ['freebsd', 62.5, { neither: true, newOnly: false, oldOnly: true, both: false }],
    ['macos', 32.5, { neither: true, newOnly: false, oldOnly: true, both: false }],
    ['windows', 70, { neither: false, newOnly: false, oldOnly: false, both: false }],
    ['rfc9293', 70, { neither: null, newOnly: null, oldOnly: null, both: null }],
  ] as const)('by the rules of %s', async (os, until, fails) => {
    const [listener, blocked] = await intervalsOf(RESTART, { os });
    expect(blocked!.bindFails).toMatchObject(fails);
    // Where TIME_WAIT lasts longer than the outage, the next listener's interval follows.
    expect(blocked!.until / SECOND).toBeCloseTo(until, 1);
    if (os === 'rfc9293') expect(listener!.bindFails.both).toBeNull();
    else expect(listener!.bindFails).toMatchObject({ neither: true, both: os !== 'windows' });
  });

  it('counts no socket of a SYN that was refused', async () => {
    const { ledger } = portOf(await contextOf(refusal(client(41_000), SERVER, 1)));
    expect([ledger.intervals, ledger.freeAt]).toEqual([[], Number.NaN]);
  });

  it("of a client's own port is of its sockets alone", async () => {
    const lines = [
      ...servedFirst(client(40_000), SERVER, 0),
      'client 10.0.0.1:40001',
      '2 c > s S 0:0(0)',
      '+0.001 s > c S. 0:0(0) ack 1',
      '+0.001 c > s . 1:1(0) ack 1',
      '3 c > s F. 1:1(0) ack 1',
      '+0.001 s > c F. 1:1(0) ack 2',
      '+0.001 c > s . 2:2(0) ack 2',
    ];
    const context = await contextOf(lines);
    const [known] = context.portsOf('10.0.0.1', 40_001);
    expect(known!.ledger.side).toBe(0);
    expect(known!.ledger.phases).toEqual([]);
    expect(known!.ledger.intervals.map(words)).toEqual(['# 2.0..63.0 {"TIME_WAIT":1}']);
    expect(context.portsOf('10.0.0.1', 40_000)[0]!.ledger.intervals.map(words)).toEqual([
      '# 0.0..1.0 {"ESTABLISHED":1}',
    ]);
    // By its number alone a client's port is not asked for.
    expect(context.portsOf(null, 40_001)).toEqual([]);
  });
});

describe('what is on a port', () => {
  it('was opened before, and is not gone yet', async () => {
    const context = await contextOf(RESTART);
    const { rows } = portOf(context);
    const at = (seconds: number) => heldAt(context.lifetimes, rows, 1, seconds * SECOND, seconds * SECOND);
    expect(at(0).sockets).toBe(0);
    expect(at(1)).toMatchObject({ sockets: 1, states: { TIME_WAIT: 1 }, ids: [1] });
    expect(at(5)).toMatchObject({ sockets: 2, states: { TIME_WAIT: 2 }, ids: [2, 1], basis: 'assumed' });
    expect(at(61.5)).toMatchObject({ sockets: 1, ids: [2] });
    expect(at(65)).toMatchObject({ sockets: 0, states: {}, ids: [], profile: null });
    expect(at(71)).toMatchObject({ sockets: 1, until: Number.POSITIVE_INFINITY });
  });

  it('names twenty of them, the one that is gone last first', async () => {
    const lines = Array.from({ length: 30 }, (_, i) => servedFirst(client(40_000 + i), SERVER, 2 * i)).flat();
    const context = await contextOf(lines);
    const { sockets, ids } = heldAt(context.lifetimes, portOf(context).rows, 1, 59.5 * SECOND, 59.5 * SECOND);
    expect([sockets, ids.length, ids[0]]).toEqual([30, 20, 30]);
  });
});
