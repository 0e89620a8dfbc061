/** What a witness holds, and for how long. */
import { expect, test } from 'vitest';
import type { SocketEntry } from '../../src/sockets/types.ts';
import { Lives } from '../../src/sockets/witness-lives.ts';
import { ms, socket } from './script.ts';

const NOBODY = new Map();

function take(lives: Lives, seconds: number, sockets: SocketEntry[]): void {
  const look = { begun: ms(seconds) - 1, ended: ms(seconds) + 1 };
  for (const entry of sockets) lives.found(entry as Parameters<Lives['found']>[0], look, NOBODY);
  lives.endLook(look);
}

const many = (first: number, count: number) =>
  Array.from({ length: count }, (_, i) => socket('ESTABLISHED', { remotePort: first + i, inode: first + i + 1 }));

test('sockets beyond the bound are not followed, and absence says nothing from then on', () => {
  const lives = new Lives({ most: 100 });
  take(lives, 1, many(0, 100));
  expect(lives.size).toBe(100);
  expect(lives.knownSince).toBe(Number.NEGATIVE_INFINITY);
  take(lives, 2, many(0, 130));
  expect(lives.size).toBe(100);
  expect(lives.knownSince).toBe(ms(2) + 1);
});

test('of those that are gone the first are forgotten, and for ever no more than the bound is held', () => {
  const lives = new Lives({ mostEnded: 500 });
  for (let s = 0; s < 300; s++) {
    take(lives, s, many((s % 200) * 100, 100));
    expect(lives.size).toBeLessThanOrEqual(500 + 200);
  }
  expect(lives.knownSince).toBeGreaterThan(ms(280));
  expect(lives.knownSince).toBeLessThan(ms(300));
  // Those of 250 seconds before were on the same addresses and ports as later ones: these are known, and nothing before them.
  const life = lives.get('10.0.0.5 9091 10.0.0.7 9905')!;
  expect(life.stays[0]!.first.begun).toBe(ms(299) - 1);
  expect(life.before).toBeNull();
});

test('sockets on the same addresses and ports are remembered one by one, and forgotten so', () => {
  const lives = new Lives({ mostEnded: 3 });
  const key = '10.0.0.5 9091 10.0.0.7 52814';
  for (let s = 0; s < 6; s++) take(lives, s, [socket('ESTABLISHED', { inode: s + 1 })]);
  const begins: number[] = [];
  for (let life = lives.get(key); life !== null; life = life.before) begins.push(life.stays[0]!.first.begun);
  expect(begins).toEqual([5, 4, 3, 2].map((s) => ms(s) - 1));
  for (let s = 6; s < 8; s++) take(lives, s, []);
  expect(lives.get(key)!.gone).not.toBeNull();
  take(lives, 1_200, []);
  expect(lives.size).toBe(0);
  expect(lives.get(key)).toBeNull();
});

test('a socket that stands in one table twice is one', () => {
  const lives = new Lives();
  take(lives, 1, [socket('FIN_WAIT_2'), socket('TIME_WAIT', { endsInMs: 60_000 })]);
  expect(lives.size).toBe(1);
  expect(lives.get('10.0.0.5 9091 10.0.0.7 52814')!.stays).toHaveLength(2);
});
