/** XXH64 with seed 0 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md): what zstd checks its content by. */
import { u32le } from './bytes.ts';

const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;
const P1_LOW = 0x85ebca87;
const P1_HIGH = 0x9e3779b1;
const P2_LOW = 0x27d4eb4f;
const P2_HIGH = 0xc2b2ae3d;

/** Bytes that are taken at once: eight for each of four lanes. */
const STRIPE = 32;

const low64 = (value: bigint) => BigInt.asUintN(64, value);
const rotate = (value: bigint, by: bigint) => low64((value << by) | (value >> (64n - by)));

/** The hash of bytes that come in pieces. Lanes are pairs of int32: with a BigInt each it would be ten times as slow. */
export class Xxh64 {
  readonly #low = new Int32Array(4);
  readonly #high = new Int32Array(4);
  readonly #rest = new Uint8Array(STRIPE);
  #held = 0;
  #length = 0;
  // The last product.
  #productLow = 0;
  #productHigh = 0;

  constructor() {
    [P1 + P2, P2, 0n, -P1].forEach((start, lane) => {
      this.#low[lane] = Number(BigInt.asIntN(32, start));
      this.#high[lane] = Number(BigInt.asIntN(32, start >> 32n));
    });
  }

  add(bytes: Uint8Array): void {
    this.#length += bytes.length;
    let at = 0;
    if (this.#held > 0) {
      at = Math.min(STRIPE - this.#held, bytes.length);
      this.#rest.set(bytes.subarray(0, at), this.#held);
      this.#held += at;
      if (this.#held < STRIPE) return;
      this.#stripe(this.#rest, 0);
    }
    for (; at + STRIPE <= bytes.length; at += STRIPE) this.#stripe(bytes, at);
    this.#held = bytes.length - at;
    this.#rest.set(bytes.subarray(at));
  }

  /** The lower half of the hash, 0..2^32 - 1. */
  digest(): number {
    const lane = (i: number) => (BigInt(this.#high[i]! >>> 0) << 32n) | BigInt(this.#low[i]! >>> 0);
    const round = (value: bigint) => low64(rotate(low64(value * P2), 31n) * P1);
    let hash = P5;
    if (this.#length >= STRIPE) {
      hash = rotate(lane(0), 1n) + rotate(lane(1), 7n) + rotate(lane(2), 12n) + rotate(lane(3), 18n);
      for (let i = 0; i < 4; i++) hash = low64((low64(hash) ^ round(lane(i))) * P1 + P4);
    }
    hash = low64(hash + BigInt(this.#length));
    let at = 0;
    for (; at + 8 <= this.#held; at += 8) {
      const word = (BigInt(u32le(this.#rest, at + 4)) << 32n) | BigInt(u32le(this.#rest, at));
      hash = low64(rotate(hash ^ round(word), 27n) * P1 + P4);
    }
    if (at + 4 <= this.#held) {
      hash = low64(rotate(hash ^ low64(BigInt(u32le(this.#rest, at)) * P1), 23n) * P2 + P3);
      at += 4;
    }
    for (; at < this.#held; at++) hash = low64(rotate(hash ^ low64(BigInt(this.#rest[at]!) * P5), 11n) * P1);
    hash = low64((hash ^ (hash >> 33n)) * P2);
    hash = low64((hash ^ (hash >> 29n)) * P3);
    return Number((hash ^ (hash >> 32n)) & 0xffff_ffffn);
  }

  /** In each lane: add the word times P2, rotate by 31, multiply by P1. */
  #stripe(data: Uint8Array, from: number): void {
    for (let lane = 0; lane < 4; lane++) {
      const at = from + 8 * lane;
      this.#multiply(u32le(data, at), u32le(data, at + 4), P2_LOW, P2_HIGH);
      const sum = (this.#low[lane]! >>> 0) + (this.#productLow >>> 0);
      const low = sum | 0;
      const high = (this.#high[lane]! + this.#productHigh + (sum > 0xffff_ffff ? 1 : 0)) | 0;
      this.#multiply((low << 31) | (high >>> 1), (high << 31) | (low >>> 1), P1_LOW, P1_HIGH);
      this.#low[lane] = this.#productLow;
      this.#high[lane] = this.#productHigh;
    }
  }

  /** The lower 64 bits of a product, out of products of 16 bits. */
  #multiply(aLow: number, aHigh: number, bLow: number, bHigh: number): void {
    const a0 = aLow & 0xffff;
    const a1 = aLow >>> 16;
    const b0 = bLow & 0xffff;
    const b1 = bLow >>> 16;
    const low = a0 * b0;
    const middle = a1 * b0 + (low >>> 16);
    const other = a0 * b1 + (middle & 0xffff);
    this.#productLow = (other << 16) | (low & 0xffff);
    const carried = a1 * b1 + (middle >>> 16) + (other >>> 16);
    this.#productHigh = (carried + Math.imul(aLow, bHigh) + Math.imul(aHigh, bLow)) | 0;
  }
}
