/** SHA-1 (FIPS 180-4) of one or two blocks, and Community ID by it, where node:crypto is not: the page computes what it would cost most to carry. */

import type { Address } from '../../../report/types.ts';
import { parseAddress } from '../../../where/address.ts';

const BLOCK = 64;
const words = new Int32Array(80);
const state = new Int32Array(5);

/** The digest's 20 bytes. */
export function sha1(message: Uint8Array): Uint8Array {
  const blocks = Math.ceil((message.length + 9) / BLOCK);
  const padded = new Uint8Array(blocks * BLOCK);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, message.length * 8);
  state.set([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
  for (let at = 0; at < padded.length; at += BLOCK) addBlock(view, at);
  const digest = new DataView(new ArrayBuffer(20));
  state.forEach((word, i) => void digest.setInt32(4 * i, word));
  return new Uint8Array(digest.buffer);
}

function addBlock(view: DataView, at: number): void {
  for (let i = 0; i < 16; i++) words[i] = view.getInt32(at + 4 * i);
  for (let i = 16; i < 80; i++) words[i] = rotated(words[i - 3]! ^ words[i - 8]! ^ words[i - 14]! ^ words[i - 16]!, 1);
  let [a, b, c, d, e] = [state[0]!, state[1]!, state[2]!, state[3]!, state[4]!];
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

  /** null where an end's address is none */
  of(client: Address, server: Address): string | null {
    const [a, b] = [this.bytesOf(client.address), this.bytesOf(server.address)];
    if (a === null || b === null || a.length !== b.length) return null;
    const inOrder = (compare(a, b) || client.port - server.port) <= 0;
    const ends = inOrder ? [...a, ...b] : [...b, ...a];
    const [low, high] = inOrder ? [client.port, server.port] : [server.port, client.port];
    // Seed 0; behind the addresses TCP and a byte of padding.
    const bytes = [0, 0, ...ends, 6, 0, low >>> 8, low & 0xff, high >>> 8, high & 0xff];
    return `1:${btoa(String.fromCharCode(...sha1(Uint8Array.from(bytes))))}`;
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

function compare(a: readonly number[], b: readonly number[]): number {
  const i = a.findIndex((byte, at) => byte !== b[at]);
  return i < 0 ? 0 : a[i]! - b[i]!;
}
