/** How connections begin, talk and end, in the mix that a busy service sees. */

import { ACK, CLIENT, FIN, PSH, RST, SERVER, type Side, SYN } from './frames.ts';
import type { Random } from './random.ts';
import { MS, type Script, SECOND } from './script.ts';

/** A full-sized segment's payload that fits 1,500 bytes over IPv6 too. */
const FULL_SEGMENT = 1428;

type Shape = (script: Script, random: Random) => void;

/** Each way to end and its share; the shares add up to 1. */
const MIX: readonly (readonly [share: number, shape: Shape])[] = [
  [0.33, (s, r) => talkThen(s, r, (s) => fourSegment(s, r, SERVER))],
  [0.24, (s, r) => talkThen(s, r, (s) => fourSegment(s, r, CLIENT))],
  [0.09, (s, r) => talkThen(s, r, (s) => threeSegment(s, r, SERVER))],
  [0.09, (s, r) => talkThen(s, r, (s) => threeSegment(s, r, CLIENT))],
  [0.02, (s, r) => talkThen(s, r, (s) => simultaneous(s, r))],
  [0.04, (s, r) => talkThen(s, r, (s) => abort(s, r, CLIENT))],
  [0.02, (s, r) => talkThen(s, r, (s) => abort(s, r, SERVER))],
  [0.05, (s, r) => talkThen(s, r, (s) => halfClose(s, r))],
  [0.02, (s, r) => talkThen(s, r, (s) => finLost(s, r))],
  [0.02, (s, r) => talkThen(s, r, (s) => finalAckLost(s, r))],
  [0.03, (s, r) => talkThen(s, r, (s) => dataAfterClose(s, r))],
  [0.03, refused],
  [0.02, unanswered],
];

/** Writes one whole connection that begins at `at` (microseconds since the capture began). */
export function writeConnection(script: Script, random: Random, at: number): void {
  script.begin(at, 1 * MS + random.skewed(25 * MS));
  let rest = random.next();
  for (const [share, shape] of MIX) {
    rest -= share;
    if (rest < 0) {
      shape(script, random);
      return;
    }
  }
  // The shares add up to 1 but for rounding.
  unanswered(script, random);
}

function talkThen(s: Script, r: Random, end: Shape): void {
  s.send(CLIENT, SYN);
  s.reply(r, SERVER, SYN | ACK);
  s.reply(r, CLIENT, ACK);
  const rounds = r.chance(0.1) ? 2 : 1;
  for (let i = 0; i < rounds; i++) {
    s.wait(r.skewed(i === 0 ? 2 * MS : 400 * MS));
    exchange(s, r);
  }
  s.wait(r.skewed(r.chance(0.3) ? 10 * SECOND : 200 * MS));
  end(s, r);
}

/** A request, its acknowledgement where the answer takes long, and one to three segments of response. */
function exchange(s: Script, r: Random): void {
  s.send(CLIENT, PSH | ACK, r.between(80, 900));
  if (r.chance(0.5)) s.reply(r, SERVER, ACK);
  s.wait(200 + r.skewed(30 * MS));
  const segments = r.chance(0.75) ? 1 : r.between(2, 3);
  for (let i = 1; i < segments; i++) {
    s.send(SERVER, ACK, FULL_SEGMENT);
    s.wait(r.between(2, 20));
  }
  s.send(SERVER, PSH | ACK, r.between(120, 1400));
  s.reply(r, CLIENT, ACK);
}

function other(side: Side): Side {
  return side === CLIENT ? SERVER : CLIENT;
}

function fourSegment(s: Script, r: Random, first: Side): void {
  s.send(first, FIN | ACK, first === SERVER && r.chance(0.1) ? r.between(10, 300) : 0);
  s.reply(r, other(first), ACK);
  s.wait(r.skewed(r.chance(0.1) ? 8 * SECOND : 50 * MS));
  s.send(other(first), FIN | ACK);
  s.reply(r, first, ACK);
}

function threeSegment(s: Script, r: Random, first: Side): void {
  s.send(first, FIN | ACK);
  s.reply(r, other(first), FIN | ACK);
  s.reply(r, first, ACK);
}

function simultaneous(s: Script, r: Random): void {
  s.cross(SERVER, FIN | ACK);
  s.wait(r.between(10, 900));
  s.cross(CLIENT, FIN | ACK);
  s.settle();
  s.reply(r, SERVER, ACK);
  s.reply(r, CLIENT, ACK);
}

/** SO_LINGER 0 or unread data: RST+ACK, with the socket's options. */
function abort(s: Script, r: Random, by: Side): void {
  s.wait(r.skewed(5 * MS));
  s.send(by, RST | ACK);
}

function halfClose(s: Script, r: Random): void {
  s.send(CLIENT, FIN | ACK);
  s.reply(r, SERVER, ACK);
  for (let left = r.between(1, 3); left > 0; left--) {
    s.wait(r.skewed(300 * MS));
    s.send(SERVER, PSH | ACK, r.between(200, 1400));
    s.reply(r, CLIENT, ACK);
  }
  s.send(SERVER, FIN | ACK);
  s.reply(r, CLIENT, ACK);
}

/** The first FIN is lost behind the capture point and sent again after its timeout. */
function finLost(s: Script, r: Random): void {
  s.cross(SERVER, FIN | ACK);
  s.wait(200 * MS + r.between(0, 40 * MS));
  s.repeat(SERVER, FIN | ACK);
  s.settle();
  s.reply(r, CLIENT, ACK);
  s.wait(r.skewed(50 * MS));
  s.send(CLIENT, FIN | ACK);
  s.reply(r, SERVER, ACK);
}

/** The last ACK is lost behind the capture point: the second FIN comes again and TIME_WAIT begins anew. */
function finalAckLost(s: Script, r: Random): void {
  fourSegment(s, r, SERVER);
  s.wait(200 * MS + r.between(0, 40 * MS));
  s.repeat(CLIENT, FIN | ACK);
  s.reply(r, SERVER, ACK);
}

/** The client has called close(), the server still sends: a bare RST by a kernel without that socket. */
function dataAfterClose(s: Script, r: Random): void {
  s.send(CLIENT, FIN | ACK);
  s.reply(r, SERVER, ACK);
  s.wait(r.skewed(200 * MS));
  s.send(SERVER, PSH | ACK, r.between(100, 1400));
  s.reject(r, CLIENT, RST);
}

function refused(s: Script, r: Random): void {
  s.send(CLIENT, SYN);
  s.reject(r, SERVER, RST | ACK);
}

function unanswered(s: Script, r: Random): void {
  s.cross(CLIENT, SYN);
  for (let seconds = 1, left = r.between(1, 3); left > 0; left--, seconds *= 2) {
    s.wait(seconds * SECOND + r.between(0, 20 * MS));
    s.repeat(CLIENT, SYN);
  }
}
