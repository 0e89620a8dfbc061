/** "Why can't I bind()?": before, in and after an outage, by who has SO_REUSEADDR. */

import { describe, expect, it } from 'vitest';
import { type ReuseCase, reuseCase } from '../../src/ports/answer.ts';
import { opened, refusal } from '../findings/scripted.ts';
import { ask, contextOf, portOf, SECOND, servedFirst } from './scripted.ts';

const SERVER = '10.0.0.2:80';
const client = (port: number): string => `10.0.0.1:${port}`;
const CASES: readonly ReuseCase[] = ['neither', 'newOnly', 'oldOnly', 'both'];

/** Served until 1.5 s, refused from 3 s, sockets in TIME_WAIT until 62.5 s, served again from 80 s. */
const RESTART = [
  ...servedFirst(client(40_000), SERVER, 0),
  ...servedFirst(client(40_001), SERVER, 1.5),
  ...[3, 10, 70].flatMap((t) => refusal(client(41_000 + t), SERVER, t)),
  ...servedFirst(client(42_000), SERVER, 80),
  ...refusal(client(43_000), '10.0.0.2:81', 90),
];

describe('who has SO_REUSEADDR', () => {
  it('is one of four cases', () => {
    expect([reuseCase(false, false), reuseCase(false, true), reuseCase(true, false), reuseCase(true, true)]).toEqual(
      CASES,
    );
  });
});

describe('the answer', () => {
  it('before the outage: somebody listens, whatever the options; from when on it works is in the table', async () => {
    const context = await contextOf(RESTART);
    const known = portOf(context, SERVER);
    for (const which of CASES) {
      const answer = ask(context, known, 2, which);
      expect(answer).toMatchObject({ fails: true, phase: { listening: true } });
    }
    // The listener is seen to go, the sockets stay: with both options it works as soon as nobody listens.
    expect(ask(context, known, 2, 'both').worksAt / SECOND).toBeCloseTo(3, 6);
    expect(ask(context, known, 2, 'neither').worksAt / SECOND).toBeCloseTo(62.5, 1);
    expect(ask(context, known, 2, 'neither').byListener).toBe(false);
  });

  it('in the outage: by both options on Linux', async () => {
    const context = await contextOf(RESTART);
    const known = portOf(context, SERVER);
    const outcomes = CASES.map((which) => ask(context, known, 30, which).fails);
    expect(outcomes).toEqual([true, true, true, false]);
    const { held, phase, worksAt, worksAtLatest, at } = ask(context, known, 30);
    expect([held.sockets, held.states, phase?.listening]).toEqual([2, { TIME_WAIT: 2 }, false]);
    expect(worksAt / SECOND).toBeCloseTo(62.5, 1);
    expect((worksAtLatest - worksAt) / SECOND).toBeCloseTo(2.1, 3);
    expect(ask(context, known, 30, 'both')).toMatchObject({ worksAt: at, worksAtLatest: at });
  });

  it.each([
    ['freebsd', [true, false, true, false]],
    ['macos', [true, false, true, false]],
    ['windows', [false, false, false, false]],
    ['rfc9293', [null, null, null, null]],
  ] as const)('in the outage: by the rules of %s', async (os, outcomes) => {
    const context = await contextOf(RESTART, { os });
    const known = portOf(context, SERVER);
    expect(CASES.map((which) => ask(context, known, 20, which).fails)).toEqual(outcomes);
  });

  it('after the outage and before somebody listens again: it works', async () => {
    const context = await contextOf(RESTART);
    const known = portOf(context, SERVER);
    for (const which of CASES) expect(ask(context, known, 75, which).fails).toBe(false);
    expect(ask(context, known, 75).held.sockets).toBe(0);
  });

  it('of a listener that was never seen to go: no end', async () => {
    const context = await contextOf(RESTART);
    const known = portOf(context, SERVER);
    expect(ask(context, known, 85)).toMatchObject({ fails: true, byListener: true, phase: { listening: true } });
  });

  it('of a listener that was seen to go: when it did', async () => {
    const context = await contextOf([...servedFirst(client(40_000), SERVER, 0), ...refusal(client(41_000), SERVER, 3)]);
    const answer = ask(context, portOf(context, SERVER), 1, 'both');
    expect(answer).toMatchObject({ fails: true, byListener: false });
    expect(answer.worksAt / SECOND).toBeCloseTo(3, 6);
  });

  it('in an outage that ended although the sockets were there: somebody listens before they are gone', async () => {
    const lines = [
      ...servedFirst(client(40_000), SERVER, 0),
      ...[3, 8].flatMap((t) => refusal(client(41_000 + t), SERVER, t)),
      ...servedFirst(client(42_000), SERVER, 20),
    ];
    const context = await contextOf(lines);
    expect(ask(context, portOf(context, SERVER), 5)).toMatchObject({ fails: true, byListener: true });
    expect(ask(context, portOf(context, SERVER), 5, 'both')).toMatchObject({ fails: false, byListener: false });
  });

  it('of sockets that are open at the end: no end', async () => {
    const context = await contextOf([
      ...opened(client(40_000), SERVER, 0),
      ...refusal(client(40_001), SERVER, 5),
      ...refusal(client(40_001), SERVER, 9),
    ]);
    const answer = ask(context, portOf(context, SERVER), 7);
    expect(answer).toMatchObject({
      fails: true,
      worksAt: Number.POSITIVE_INFINITY,
      held: { states: { ESTABLISHED: 1 } },
    });
    expect(ask(context, portOf(context, SERVER), 7, 'both').fails).toBe(false);
  });

  it('is not known before anything was seen of the port, nor after the capture whether somebody listens', async () => {
    const lines = [...servedFirst('10.0.0.1:9', '10.0.0.3:81', 0), ...servedFirst(client(40_000), SERVER, 20)];
    const context = await contextOf(lines);
    const known = portOf(context, SERVER);
    expect(ask(context, known, 10).fails).toBeNull();
    // Its socket in TIME_WAIT is known of then all the same.
    expect(ask(context, known, 40)).toMatchObject({ fails: true, phase: null, held: { sockets: 1 } });
    expect(ask(context, known, 200)).toMatchObject({ fails: null, doubt: 'after', held: { sockets: 0 } });
  });
});
