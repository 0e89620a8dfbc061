import { randomBytes } from 'node:crypto';
import type { Segment } from '../decode/segment.ts';
import { ChunkedRecords } from './chunks.ts';
import * as L from './layout.ts';

/**
 * Flow records by 4-tuple: open addressing over [hash, record + 1] pairs, linear probing, at most half full.
 * The hash is seeded at random, so that nobody can craft a capture whose flows all collide.
 */
export class FlowTable {
  readonly records = new ChunkedRecords(L.RECORD_WORDS, 11);
  private slots = new Int32Array(2 << 12);
  private slotMask = (1 << 12) - 1;
  private count = 0;
  private readonly seed: number;

  constructor(seed: number = randomBytes(4).readInt32LE()) {
    this.seed = seed;
  }

  // The key of the segment at hand, low end first; set by `find`.
  private readonly key = new Int32Array(9);
  private hash = 0;
  /** which end sent the segment last given to `find`: 0 low, 1 high */
  side = 0;
  /** the hash of that segment's 4-tuple */
  get lastHash(): number {
    return this.hash;
  }

  /** The record of the segment's 4-tuple, or -1. */
  find(segment: Segment): number {
    this.setKey(segment);
    const { slots, slotMask, hash } = this;
    for (let i = hash & slotMask; ; i = (i + 1) & slotMask) {
      const record = slots[2 * i + 1]! - 1;
      if (record < 0) return -1;
      if (slots[2 * i] === hash && this.holdsKey(record)) return record;
    }
  }

  /** Makes a record for the 4-tuple last looked for, with key and hash set and all else zero. */
  insert(): number {
    if (++this.count * 2 > this.slotMask) this.grow();
    const record = this.newRecord();
    let i = this.hash & this.slotMask;
    while (this.slots[2 * i + 1] !== 0) i = (i + 1) & this.slotMask;
    this.slots[2 * i] = this.hash;
    this.slots[2 * i + 1] = record + 1;
    return record;
  }

  /** A new record takes the place of `old`, which stays allocated but is no longer found. */
  replace(old: number): number {
    const record = this.newRecord();
    this.slots[2 * this.slotOf(old) + 1] = record + 1;
    return record;
  }

  /** Takes a record out of the index; it stays allocated until `records.release`. */
  remove(record: number): void {
    const { slots, slotMask } = this;
    let hole = this.slotOf(record);
    // Backward-shift deletion: no tombstones, so lookups stay short however long it runs.
    for (let i = (hole + 1) & slotMask; slots[2 * i + 1] !== 0; i = (i + 1) & slotMask) {
      const home = slots[2 * i]! & slotMask;
      if (((i - home) & slotMask) < ((i - hole) & slotMask)) continue;
      slots[2 * hole] = slots[2 * i]!;
      slots[2 * hole + 1] = slots[2 * i + 1]!;
      hole = i;
    }
    slots[2 * hole + 1] = 0;
    this.count--;
  }

  /** Every record in the index, in no particular order. */
  list(): number[] {
    const records: number[] = [];
    for (let i = 1; i < this.slots.length; i += 2) if (this.slots[i] !== 0) records.push(this.slots[i]! - 1);
    return records;
  }

  private slotOf(record: number): number {
    const { slots, slotMask } = this;
    let i = this.records.ints[record >>> this.records.shift]![(record & this.records.mask) * L.RECORD_WORDS + L.HASH]!;
    i &= slotMask;
    while (slots[2 * i + 1] !== record + 1) i = (i + 1) & slotMask;
    return i;
  }

  private newRecord(): number {
    const record = this.records.allocate();
    const ints = this.records.ints[record >>> this.records.shift]!;
    const at = (record & this.records.mask) * L.RECORD_WORDS;
    ints.fill(0, at + 9, at + L.RECORD_WORDS);
    for (let i = 0; i < 9; i++) ints[at + i] = this.key[i]!;
    ints[at + L.HASH] = this.hash;
    return record;
  }

  private setKey(segment: Segment): void {
    const key = this.key;
    let order = segment.src0 - segment.dst0;
    if (order === 0) order = segment.src1 - segment.dst1;
    if (order === 0) order = segment.src2 - segment.dst2;
    if (order === 0) order = segment.src3 - segment.dst3;
    if (order === 0) order = segment.srcPort - segment.dstPort;
    if (order <= 0) {
      this.side = 0;
      key[0] = segment.src0;
      key[1] = segment.src1;
      key[2] = segment.src2;
      key[3] = segment.src3;
      key[4] = segment.dst0;
      key[5] = segment.dst1;
      key[6] = segment.dst2;
      key[7] = segment.dst3;
      key[8] = (segment.srcPort << 16) | segment.dstPort;
    } else {
      this.side = 1;
      key[0] = segment.dst0;
      key[1] = segment.dst1;
      key[2] = segment.dst2;
      key[3] = segment.dst3;
      key[4] = segment.src0;
      key[5] = segment.src1;
      key[6] = segment.src2;
      key[7] = segment.src3;
      key[8] = (segment.dstPort << 16) | segment.srcPort;
    }
    let h = this.seed ^ key[8]!;
    h = Math.imul(h ^ key[3]!, 0x85ebca6b);
    h = Math.imul((h ^ (h >>> 15)) + key[7]!, 0xc2b2ae35);
    h = Math.imul((h ^ (h >>> 13)) + (key[2]! ^ Math.imul(key[6]!, 0x9e3779b1)), 0x27d4eb2f);
    h = Math.imul((h ^ (h >>> 16)) + key[1]!, 0x165667b1);
    h = Math.imul((h ^ (h >>> 15)) + key[5]!, 0x2c1b3c6d);
    h = Math.imul((h ^ (h >>> 13)) + (key[0]! ^ Math.imul(key[4]!, 0x85ebca6b)), 0x297a2d39);
    this.hash = h ^ (h >>> 16);
  }

  private holdsKey(record: number): boolean {
    const key = this.key;
    const ints = this.records.ints[record >>> this.records.shift]!;
    const at = (record & this.records.mask) * L.RECORD_WORDS;
    return (
      ints[at + 3] === key[3] &&
      ints[at + 7] === key[7] &&
      ints[at + 8] === key[8] &&
      ints[at + 2] === key[2] &&
      ints[at + 6] === key[6] &&
      ints[at] === key[0] &&
      ints[at + 1] === key[1] &&
      ints[at + 4] === key[4] &&
      ints[at + 5] === key[5]
    );
  }

  private grow(): void {
    const old = this.slots;
    this.slotMask = this.slotMask * 2 + 1;
    this.slots = new Int32Array(2 * (this.slotMask + 1));
    for (let j = 0; j < old.length; j += 2) {
      if (old[j + 1] === 0) continue;
      let i = old[j]! & this.slotMask;
      while (this.slots[2 * i + 1] !== 0) i = (i + 1) & this.slotMask;
      this.slots[2 * i] = old[j]!;
      this.slots[2 * i + 1] = old[j + 1]!;
    }
  }
}
