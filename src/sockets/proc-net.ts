/**
 * Reads the kernel's tables of TCP sockets, /proc/self/net/tcp and tcp6. The lines are those of net/ipv4/tcp_ipv4.c
 * (get_tcp4_sock, get_timewait4_sock, get_openreq4) and net/ipv6/tcp_ipv6.c. A socket that is bound and neither listens nor
 * has a peer is in no table.
 */

import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { formatAddress } from '../report/addresses.ts';
import { Places } from './places.ts';
import type { SocketEntry, SocketTable } from './types.ts';

/** include/net/tcp_states.h, by number. 7 is CLOSE, which no table has; 12, NEW_SYN_RECV, is written as 3. */
const STATES: readonly (SocketEntry['state'] | null)[] = [
  null,
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECEIVED',
  'FIN_WAIT_1',
  'FIN_WAIT_2',
  'TIME_WAIT',
  null,
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
  'SYN_RECEIVED',
];

/** What runs, in the column `tr`: keepalive, which is the first part of a long FIN_WAIT_2 of an orphan; a time-wait socket's. */
const KEEPALIVE = 2;
const TIME_WAIT_TIMER = 3;
/** USER_HZ is 100 on every architecture that Node runs on. */
const MS_PER_TICK = 10;
/** TCP_TIMEWAIT_LEN and the default of tcp_fin_timeout. */
const MINUTE_MS = 60_000;

const SPACE = 0x20;
const COLON = 0x3a;
const NEWLINE = 0x0a;

/** By byte: the value of the hexadecimal digit, 16 for anything else. */
const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? 16 : digit;
});

/**
 * The sockets of a table. Lines that are none, or damaged, are left out; one that stands there twice, as it may when sockets
 * come and go between two reads, is there once, as it was last.
 * @param table what /proc/net/tcp holds, or tcp6
 * @param v6 which of both
 */
export function parseTable(
  table: Uint8Array | string,
  v6: boolean,
  { order = endianness(), finTimeoutMs = MINUTE_MS }: TableOptions = {},
): SocketEntry[] {
  const reader = new TableReader(v6, order === 'LE', finTimeoutMs);
  reader.feed(typeof table === 'string' ? Buffer.from(table, 'latin1') : table);
  return reader.sockets;
}

export interface TableOptions {
  /** of the bytes of an address: this machine's, since the table has words of 32 bits */
  order?: 'LE' | 'BE';
  /** net.ipv4.tcp_fin_timeout */
  finTimeoutMs?: number;
}

class TableReader {
  readonly sockets: SocketEntry[] = [];
  private readonly places = new Places(this.sockets);
  private bytes: Uint8Array = new Uint8Array();
  private readonly v6: boolean;
  private readonly swapped: boolean;
  private readonly finTimeoutMs: number;
  private at = 0;
  private end = 0;
  /** of the addresses and ports of a line */
  private hash = 0;
  /** the four words of an address, as formatAddress takes them */
  private readonly words: Int32Array;
  private readonly ipv4 = new Map<number, string>();
  private readonly ipv6 = new Map<string, string>();

  constructor(v6: boolean, swapped: boolean, finTimeoutMs: number) {
    this.v6 = v6;
    this.swapped = swapped;
    this.finTimeoutMs = finTimeoutMs;
    this.words = v6 ? new Int32Array(4) : Int32Array.of(0, 0, 0xffff, 0);
  }

  /** Takes whole lines, as the kernel gives them. */
  feed(bytes: Uint8Array): void {
    this.bytes = bytes;
    for (let from = 0; from < bytes.length; from = this.end + 1) {
      const newline = bytes.indexOf(NEWLINE, from);
      this.at = from;
      this.end = newline < 0 ? bytes.length : newline;
      const socket = this.line();
      if (socket !== null) this.places.put(socket, this.hash);
    }
  }

  private line(): SocketEntry | null {
    if (this.decimal() < 0 || !this.take(COLON)) return null;
    this.hash = 0;
    const localAddress = this.address();
    const localPort = this.portAfter();
    const remoteAddress = this.address();
    const remotePort = this.portAfter();
    this.hash = mixed(this.hash, (localPort << 16) | remotePort);
    const state = STATES[this.hex()] ?? null;
    const txQueue = this.hex();
    const rxQueue = this.take(COLON) ? this.hex() : -1;
    const timer = this.hex();
    const ticks = this.take(COLON) ? this.hex() : -1;
    const retransmits = this.hex();
    const uid = this.decimal();
    const probes = this.decimal();
    const inode = this.decimal();
    if (localAddress === null || remoteAddress === null || state === null) return null;
    if (Math.min(localPort, remotePort, txQueue, rxQueue, timer, ticks, retransmits, uid, probes, inode) < 0)
      return null;
    return {
      localAddress,
      localPort,
      remoteAddress,
      remotePort,
      v6: this.v6,
      state,
      endsInMs: this.endsIn(state, timer, ticks * MS_PER_TICK, inode),
      txQueue,
      rxQueue,
      uid,
      inode,
    };
  }

  /** ms until a timer ends the socket; null: none does. */
  private endsIn(state: SocketEntry['state'], timer: number, ms: number, inode: number): number | null {
    if (timer === TIME_WAIT_TIMER) return ms;
    // A FIN_WAIT_2 that a process still has may have a keepalive timer, which does not end it.
    if (timer !== KEEPALIVE || state !== 'FIN_WAIT_2' || inode !== 0) return null;
    // An orphan that is to wait for longer than a minute waits for what is above that twice (tcp_keepalive_timer): now, and
    // then as a time-wait socket. How long that is tells tcp_fin_timeout, unless TCP_LINGER2 does, which no table shows.
    return ms + Math.max(ms, this.finTimeoutMs - MINUTE_MS);
  }

  private portAfter(): number {
    const port = this.take(COLON) ? this.hex() : -1;
    return port > 65_535 ? -1 : port;
  }

  private address(): string | null {
    const from = this.skipSpaces();
    for (let i = this.v6 ? 0 : 3; i < 4; i++) {
      const word = this.word();
      if (word === null) return null;
      this.words[i] = word;
      this.hash = mixed(this.hash, word);
    }
    if (!this.v6) return this.known(this.ipv4, this.words[3]!);
    return this.known(this.ipv6, String.fromCharCode(...this.bytes.subarray(from, this.at)));
  }

  /** Few addresses are on many lines. */
  private known<K>(texts: Map<K, string>, key: K): string {
    let text = texts.get(key);
    if (text === undefined) {
      text = formatAddress(this.words, 0);
      texts.set(key, text);
    }
    return text;
  }

  /** Eight digits, in the order of the network. */
  private word(): number | null {
    if (this.at + 8 > this.end) return null;
    let word = 0;
    for (let i = 0; i < 8; i++) {
      const digit = HEX[this.bytes[this.at++]!]!;
      if (digit > 15) return null;
      word = (word << 4) | digit;
    }
    if (!this.swapped) return word;
    return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
  }

  /** @returns -1 where no number stands, or one that is too large to be exact */
  private hex(): number {
    return this.number(16);
  }

  private decimal(): number {
    return this.number(10);
  }

  private number(base: 10 | 16): number {
    const { bytes, end } = this;
    const from = this.skipSpaces();
    let at = from;
    let value = 0;
    for (; at < end; at++) {
      const digit = HEX[bytes[at]!]!;
      if (digit >= base) break;
      value = value * base + digit;
    }
    this.at = at;
    return at === from || value > Number.MAX_SAFE_INTEGER ? -1 : value;
  }

  private skipSpaces(): number {
    const { bytes, end } = this;
    let at = this.at;
    while (at < end && bytes[at] === SPACE) at++;
    this.at = at;
    return at;
  }

  private take(byte: number): boolean {
    if (this.at >= this.end || this.bytes[this.at] !== byte) return false;
    this.at++;
    return true;
  }
}

function mixed(hash: number, value: number): number {
  const mix = Math.imul(hash ^ value, 0x9e37_79b1);
  return mix ^ (mix >>> 15);
}

/** The sockets of this network namespace; null where there is no such table: not Linux. 30,000 of them take some 0.1 s. */
export function readSocketTable(): SocketTable | null {
  const look = steps();
  for (;;) {
    const step = look.next();
    if (step.done === true) return step.value;
  }
}

/** ms of work without a pause. */
const SLICE_MS = 4;

/** As readSocketTable, with pauses in which others may work. */
export async function readSocketTableSlowly(): Promise<SocketTable | null> {
  const look = steps();
  for (let until = performance.now() + SLICE_MS; ; ) {
    const step = look.next();
    if (step.done === true) return step.value;
    if (performance.now() < until) continue;
    await setImmediate();
    until = performance.now() + SLICE_MS;
  }
}

/** A look, a few dozen sockets at a time. */
function* steps(): Generator<void, SocketTable | null> {
  const finTimeoutMs = readFinTimeout();
  const begun = Date.now();
  const tcp = yield* tableSteps('/proc/self/net/tcp', false, finTimeoutMs);
  if (tcp === null) return null;
  // Without IPv6 there is no tcp6.
  const tcp6 = (yield* tableSteps('/proc/self/net/tcp6', true, finTimeoutMs)) ?? [];
  return { begun, ended: Date.now(), sockets: tcp.concat(tcp6) };
}

/** The kernel gives whole lines, and a page of them at a time however much is asked for (seq_read_iter). */
const MOST_A_READ = 1 << 16;

function* tableSteps(path: string, v6: boolean, finTimeoutMs: number): Generator<void, SocketEntry[] | null> {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return null;
  }
  const buffer = Buffer.allocUnsafe(MOST_A_READ);
  const reader = new TableReader(v6, endianness() === 'LE', finTimeoutMs);
  try {
    for (;;) {
      const length = readSync(file, buffer, 0, MOST_A_READ, null);
      if (length === 0) return reader.sockets;
      reader.feed(buffer.subarray(0, length));
      yield;
    }
  } catch {
    return null;
  } finally {
    closeSync(file);
  }
}

function readFinTimeout(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/tcp_fin_timeout', 'latin1')) * 1000 || MINUTE_MS;
  } catch {
    return MINUTE_MS;
  }
}
