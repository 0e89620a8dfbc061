/** SHA-1 (FIPS 180-4) of one or two blocks, and Community ID by it, where node:crypto is not: the page computes what it would cost most to carry. */

import type { Address } from '../../../report/types.ts';
import { parseAddress } from '../../../where/address.ts';

const BLOCK = 64;
const words = new Int32Array(80);
const state = new Int32Array(5);

/** The digest's 20 bytes. */
export function sha1(message: Uint8Array): Uint8Array {
  digest(message);
  return Uint8Array.from({ length: 20 }, (_, i) => digestByte(i));
}

/** Leaves the digest in `state`: nothing is allocated, since each of very many flows has its own. */
function digest(message: Uint8Array): void {
  const end = Math.ceil((message.length + 9) / BLOCK) * BLOCK;
  state[0] = 0x67452301;
  state[1] = 0xefcdab89;
  state[2] = 0x98badcfe;
  state[3] = 0x10325476;
  state[4] = 0xc3d2e1f0;
  for (let at = 0; at < end; at += BLOCK) {
    for (let i = 0; i < 16; i++) words[i] = wordOf(message, at + 4 * i);
    if (at + BLOCK === end) words[15] = message.length * 8;
    addBlock();
  }
}

/** Four bytes of a message and what is behind it: a bit, then zeros. */
function wordOf(message: Uint8Array, at: number): number {
  const { length } = message;
  let word = 0;
  for (let i = at; i < at + 4; i++) word = (word << 8) | (i < length ? message[i]! : i === length ? 0x80 : 0);
  return word;
}

function digestByte(i: number): number {
  return (state[i >> 2]! >>> (24 - 8 * (i & 3))) & 0xff;
}

function addBlock(): void {
  for (let i = 16; i < 80; i++) words[i] = rotated(words[i - 3]! ^ words[i - 8]! ^ words[i - 14]! ^ words[i - 16]!, 1);
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  for (let i = 0; i < 80; i++) {
    const next = (rotated(a, 5) + mixed(i, b, c, d) + e + words[i]!) | 0;
    e = d;
    d = c;
    c = rotated(b, 30);
    b = a;
    a = next;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function mixed(i: number, b: number, c: number, d: number): number {
  if (i < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (i < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (i < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

/** Community ID 1.0 with seed 0, as the report has it (report/community-id.ts). */
export class CommunityIds {
  private readonly bytes = new Map<string, readonly number[] | null>();
  // What is hashed for IPv4 and for IPv6.
  private readonly short = new Uint8Array(2 + 2 * 4 + 6);
  private readonly long = new Uint8Array(2 + 2 * 16 + 6);

  /** null where an end's address is none */
  of(client: Address, server: Address): string | null {
    const [a, b] = [this.bytesOf(client.address), this.bytesOf(server.address)];
    if (a === null || b === null || a.length !== b.length) return null;
    const inOrder = (compare(a, b) || client.port - server.port) <= 0;
    // Seed 0; behind the addresses TCP and a byte of padding.
    const message = a.length === 4 ? this.short : this.long;
    message.set(inOrder ? a : b, 2);
    message.set(inOrder ? b : a, 2 + a.length);
    const [low, high] = inOrder ? [client.port, server.port] : [server.port, client.port];
    const rest = 2 + 2 * a.length;
    message[rest] = 6;
    message[rest + 2] = low >>> 8;
    message[rest + 3] = low & 0xff;
    message[rest + 4] = high >>> 8;
    message[rest + 5] = high & 0xff;
    digest(message);
    return `1:${digestText()}`;
  }

  private bytesOf(address: string): readonly number[] | null {
    let bytes = this.bytes.get(address);
    if (bytes === undefined) {
      bytes = parseAddress(address);
      this.bytes.set(address, bytes);
    }
    return bytes;
  }
}

const BASE64 = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', (sign) =>
  sign.charCodeAt(0),
);
const signs = new Array<number>(28).fill('='.charCodeAt(0));

/** The digest in Base64. */
function digestText(): string {
  for (let i = 0; i < 27; i++) {
    // Six bits, which begin in one byte and may end in the next.
    const bit = 6 * i;
    const at = bit >> 3;
    const two = (digestByte(at) << 8) | (at < 19 ? digestByte(at + 1) : 0);
    signs[i] = BASE64[(two >>> (10 - (bit & 7))) & 63]!;
  }
  return String.fromCharCode(...signs);
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}
