/** When somebody listened, from how SYNs were answered. */

import { describe, expect, it } from 'vitest';
import { exchange, refusal, unanswered } from '../findings/scripted.ts';
import { contextOf, portOf, SECOND } from './scripted.ts';

const SERVER = '10.0.0.2:80';
const from = (client: string, port: number): string => `${client}:${port}`;
const A = '10.0.0.1';
const B = '10.0.0.9';

/** Phases as "L0-5" (from the first second to the last SYN), "-" where nobody listened. */
async function phasesOf(lines: readonly string[]): Promise<string[]> {
  const { phases } = portOf(await contextOf(lines)).ledger;
  return phases.map(({ listening, from: first, last, count }) => {
    const [a, b] = [first, last].map((ns) => Number((ns / SECOND).toFixed(3)));
    return `${listening ? 'L' : '-'}${a}..${b} ${count}`;
  });
}

describe('phases', () => {
  it('of a restart', async () => {
    const lines = [
      ...exchange(from(A, 40_000), SERVER, 0),
      ...[2, 3, 4, 5].flatMap((t) => refusal(from(A, 41_000 + t), SERVER, t)),
      ...exchange(from(A, 42_000), SERVER, 6),
      ...exchange(from(A, 42_001), SERVER, 7),
    ];
    expect(await phasesOf(lines)).toEqual(['L0..0 1', '-2..5 4', 'L6..7 2']);
    const { phases } = portOf(await contextOf(lines)).ledger;
    expect(phases.map(({ first, final }) => [first, final])).toEqual([
      [1, 1],
      [2, 5],
      [6, 7],
    ]);
    expect(phases.map(({ until }) => Math.round(until / SECOND))).toEqual([2, 6, 7]);
  });

  it('of a capture that begins in the outage, and of one that ends in it', async () => {
    const down = [1, 2].flatMap((t) => refusal(from(A, 41_000 + t), SERVER, t));
    const back = exchange(from(A, 42_000), SERVER, 3);
    // Times are since the first packet here.
    expect(await phasesOf([...down, ...back])).toEqual(['-0..1 2', 'L2..2 1']);
    expect(await phasesOf([...exchange(from(A, 42_001), SERVER, 0), ...down])).toEqual(['L0..0 1', '-1..2 2']);
  });

  it('are not broken by a refused SYN here and there', async () => {
    const lines = [0, 1, 2, 3].flatMap((t) => [
      ...exchange(from(A, 40_000 + t), SERVER, t),
      ...refusal(from(A, 41_000 + t), SERVER, t + 0.2),
      ...exchange(from(A, 42_000 + t), SERVER, t + 0.4),
    ]);
    expect(await phasesOf(lines)).toEqual(['L0..3.4 8']);
  });

  it('know a silence of less than a second by three refused SYNs', async () => {
    const lines = (refused: number) => [
      ...exchange(from(A, 40_000), SERVER, 0),
      ...Array.from({ length: refused }, (_, i) => refusal(from(A, 41_000 + i), SERVER, 1 + i / 10)).flat(),
      ...exchange(from(A, 42_000), SERVER, 1.5),
    ];
    expect(await phasesOf(lines(2))).toEqual(['L0..1.5 2']);
    expect(await phasesOf(lines(3))).toEqual(['L0..0 1', '-1..1.2 3', 'L1.5..1.5 1']);
  });

  it('count no client that is always refused where others are served', async () => {
    const kept = [0, 10, 20].flatMap((t) => refusal(from(B, 41_000 + t), SERVER, t));
    const served = [1, 11, 21].flatMap((t) => exchange(from(A, 40_000 + t), SERVER, t));
    const lines = [...kept, ...served].join('\n').split(/\n(?=client)/);
    lines.sort((a, b) => Number(/\n(\d+) c/.exec(a)![1]) - Number(/\n(\d+) c/.exec(b)![1]));
    expect(await phasesOf(lines.join('\n').split('\n'))).toEqual(['L1..21 3']);
  });

  it('of a port on which everybody is refused say that nobody listened', async () => {
    expect(await phasesOf([0, 5].flatMap((t) => refusal(from(B, 41_000 + t), SERVER, t)))).toEqual(['-0..5 2']);
  });

  it('are not told by a SYN without an answer', async () => {
    const lines = [...exchange(from(A, 40_000), SERVER, 0), ...unanswered(from(A, 40_001), SERVER, 5)];
    expect(await phasesOf(lines)).toEqual(['L0..0 1']);
    expect(await phasesOf(unanswered(from(A, 40_001), SERVER, 5))).toEqual([]);
  });

  it('among very many silences are those alone that last', async () => {
    const lines: string[] = [];
    for (let i = 0; i < 40; i++) {
      lines.push(...exchange(from(A, 40_000 + i), SERVER, 10 * i));
      // Every other silence lasts 2 s, one 8 s.
      if (i % 2 === 0) lines.push(...refusal(from(A, 41_000 + i), SERVER, 10 * i + (i === 20 ? 2 : 8)));
    }
    expect(await phasesOf(lines)).toEqual(['L0..200 21', '-202..202 1', 'L210..390 19']);
  });
});
