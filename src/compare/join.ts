/**
 * Which flow of the client's capture is which of the server's. A 4-tuple alone does not tell: it is used again, and
 * address translation changes it. Two initial sequence numbers are 64 random bits, and come through a translation unchanged.
 * What is not certain is not joined: such a flow stands in the report twice, once from each capture.
 */

import { seqDiff } from '../units.ts';
import type { Card } from './card.ts';

/** A connection: its flow in each capture, -1 where one lacks it. */
export interface Pair {
  client: number;
  server: number;
  /** which side of the record is the client, in the client's capture and in the server's */
  clientSide: readonly [number, number];
  /** what a device between added to the numbers of the client and of the server */
  shift: readonly [number, number];
}

/** Whether both captures have it. */
export function isJoined({ client, server }: Pair): boolean {
  return client >= 0 && server >= 0;
}

/** Sides: the side of the server's record that is side 0 of the client's; the other way round for side 1. */
type Sides = 0 | 1;
type Test = (a: Card, b: Card) => Sides | null;

/** How a connection is recognised, the surest way first: the key narrows down, the test decides. */
const WAYS: readonly (readonly [key: (card: Card) => string | null, test: Test])[] = [
  [(card) => both(card.isn, tuple(card)), (a, b) => sameTuple(a, b)],
  [(card) => both(card.isn), (a, b) => accept(b.isn[0] === a.isn[0] ? 0 : 1, (sides) => stampsAgree(a, b, sides))],
  // One SYN in common: the other is in one capture only, was sent anew, or its number was changed on the way.
  [tuple, (a, b) => accept(sameTuple(a, b), (sides) => sameIsn(a, b, 0, sides) || sameIsn(a, b, 1, sides))],
  [clientIsn, (a, b) => accept(clientSides(a, b), (sides) => isSameOpening(a, b, sides))],
  // A device that changes sequence numbers leaves timestamps alone.
  [tuple, (a, b) => accept(sameTuple(a, b), (sides) => haveSameStamps(a, b, sides))],
  [tuple, (a, b) => accept(sameTuple(a, b), (sides) => rangesMeet(a, b, sides))],
  [(card) => both(card.final ?? [null, null]), (a, b) => accept(finalSides(a, b), (sides) => isnsAgree(a, b, sides))],
];

/** @returns the connections, those in the client's capture first, each list in its order */
export function join(client: readonly Card[], server: readonly Card[]): Pair[] {
  const found = new Int32Array(client.length).fill(-1);
  const sides = new Uint8Array(client.length);
  const taken = new Uint8Array(server.length);
  for (const [key, test] of WAYS) {
    const waiting = byKey(server, taken, key);
    for (let i = 0; i < client.length; i++) {
      if (found[i]! >= 0 || client[i]!.selfConnect) continue;
      const candidates = waiting.get(key(client[i]!) ?? '');
      if (candidates === undefined) continue;
      const place = candidates.slice(0, MOST_TRIES).findIndex((j) => test(client[i]!, server[j]!) !== null);
      if (place < 0) continue;
      const [j] = candidates.splice(place, 1);
      found[i] = j!;
      sides[i] = test(client[i]!, server[j!]!)!;
      taken[j!] = 1;
    }
  }
  const pairs = client.map((card, i) =>
    found[i]! < 0 ? alone(card, i, -1) : pairOf(card, i, server[found[i]!]!, found[i]!, sides[i]!),
  );
  for (let j = 0; j < server.length; j++) if (taken[j] === 0) pairs.push(alone(server[j]!, -1, j));
  return pairs;
}

/** Candidates of one key that are looked at: only a made-up capture has as many. */
const MOST_TRIES = 64;

function byKey(cards: readonly Card[], taken: Uint8Array, key: (card: Card) => string | null): Map<string, number[]> {
  const index = new Map<string, number[]>();
  cards.forEach((card, i) => {
    const own = taken[i] === 1 || card.selfConnect ? null : key(card);
    if (own === null) return;
    const list = index.get(own);
    if (list === undefined) index.set(own, [i]);
    else list.push(i);
  });
  return index;
}

function alone({ client }: Card, clientFlow: number, serverFlow: number): Pair {
  return { client: clientFlow, server: serverFlow, clientSide: [client, client], shift: [0, 0] };
}

/** Who the client is the capture says that saw the handshake, else the client's. */
function pairOf(a: Card, i: number, b: Card, j: number, sides: number): Pair {
  const clientA = !a.byHandshake && b.byHandshake ? b.client ^ sides : a.client;
  const shiftOf = (side: number) => {
    const [isnA, isnB] = [a.isn[side]!, b.isn[side ^ sides]!];
    return isnA === null || isnB === null ? 0 : (isnB - isnA) | 0;
  };
  return {
    client: i,
    server: j,
    clientSide: [clientA, clientA ^ sides],
    shift: [shiftOf(clientA), shiftOf(1 - clientA)],
  };
}

/** Two numbers as one key, in either order. */
function both([one, other]: readonly [number | null, number | null], more = ''): string | null {
  if (one === null || other === null) return null;
  return one < other ? `${one} ${other} ${more}` : `${other} ${one} ${more}`;
}

function tuple({ ends: [one, other] }: Card): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}

function clientIsn(card: Card): string | null {
  const isn = card.isn[card.client]!;
  return isn === null ? null : String(isn);
}

function accept(sides: Sides | null, test: (sides: Sides) => boolean): Sides | null {
  return sides !== null && test(sides) ? sides : null;
}

function sameTuple(a: Card, b: Card): Sides | null {
  if (a.ends[0] === b.ends[0] && a.ends[1] === b.ends[1]) return 0;
  return a.ends[0] === b.ends[1] && a.ends[1] === b.ends[0] ? 1 : null;
}

function clientSides(a: Card, b: Card): Sides {
  return a.client === b.client ? 0 : 1;
}

function finalSides(a: Card, b: Card): Sides | null {
  if (a.final === null || b.final === null) return null;
  return a.final[0] === b.final[0] ? 0 : 1;
}

function sameIsn(a: Card, b: Card, side: number, sides: Sides): boolean {
  return a.isn[side] !== null && a.isn[side] === b.isn[side ^ sides];
}

/** Equal where both know it. */
function agree(a: number | null, b: number | null): boolean {
  return a === null || b === null || a === b;
}

function isnsAgree(a: Card, b: Card, sides: Sides): boolean {
  return agree(a.isn[0]!, b.isn[sides]!) && agree(a.isn[1]!, b.isn[1 ^ sides]!);
}

function stampsAgree(a: Card, b: Card, sides: Sides): boolean {
  return agree(a.synTsVal[a.client]!, b.synTsVal[a.client ^ sides]!);
}

/** A SYN through an address translation: 32 bits are its number, and as many more must agree as there are. */
function isSameOpening(a: Card, b: Card, sides: Sides): boolean {
  if (!isnsAgree(a, b, sides)) return false;
  const [one, other] = [a.synTsVal[a.client]!, b.synTsVal[b.client]!];
  if (one !== null && other !== null) return one === other;
  return one === other && (a.ports[0] === b.ports[sides] || a.ports[1] === b.ports[1 ^ sides]);
}

function haveSameStamps(a: Card, b: Card, sides: Sides): boolean {
  const stamp = a.synTsVal[a.client]!;
  if (stamp === null || stamp !== b.synTsVal[a.client ^ sides]) return false;
  return agree(a.synTsVal[1 - a.client]!, b.synTsVal[(1 - a.client) ^ sides]!);
}

/** Midstream: what is known of either direction in both captures must overlap, and of one direction there must be something. */
function rangesMeet(a: Card, b: Card, sides: Sides): boolean {
  if (a.isn[0] !== null && a.isn[1] !== null && b.isn[0] !== null && b.isn[1] !== null) return false;
  let known = 0;
  for (let side = 0; side < 2; side++) {
    const [one, other] = [a.range[side]!, b.range[side ^ sides]!];
    if (one === null || other === null) continue;
    if (seqDiff(one.to, other.from) < 0 || seqDiff(other.to, one.from) < 0) return false;
    known++;
  }
  return known > 0 && isnsAgree(a, b, sides);
}
