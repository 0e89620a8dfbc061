import { randomBytes } from 'node:crypto';
import type { Segment } from '../decode/segment.ts';
import * as C from '../kernel/control.ts';
import { type Place, PlainPlace } from '../kernel/place.ts';
import { ChunkedRecords } from './chunks.ts';
import * as L from './layout.ts';

/**
 * Flow records by 4-tuple: open addressing over [hash, record + 1] pairs, linear probing, at most half full.
 * The hash is seeded at random, so that nobody can craft a capture whose flows all collide. Where VLANs or tunnels are told
 * apart, a segment's group is part of the hash, by steps that can be undone: so two groups of one 4-tuple never have the
 * same hash, but for one group in 2^32 that is taken for none.
 */
export class FlowTable {
  readonly records: ChunkedRecords;
  private slots: Int32Array;
  private slotMask = (1 << FIRST_SLOTS) - 1;
  private readonly seed: number;
  private readonly place: Place;
  /** by record; none are kept where all are 0 */
  private groups = new Int32Array(0);

  constructor(place: Place = new PlainPlace(), seed: number = randomBytes(4).readInt32LE()) {
    this.place = place;
    this.seed = seed;
    this.records = new ChunkedRecords(L.RECORD_WORDS, C.RECORDS_SHIFT, {
      place,
      list: C.RECORDS,
      chunks: C.RECORD_CHUNKS,
    });
    place.words[C.SEED] = seed;
    this.slots = this.newSlots();
  }

  private hash = 0;
  /** which end sent the segment last given to `find`: 0 the end that sent the flow's first packet, 1 the other */
  side = 0;

  /** the hash of that segment's 4-tuple */
  get lastHash(): number {
    return this.hash;
  }

  /** The record of the segment's 4-tuple, or -1. @param hash of it */
  find(segment: Segment, hash: number = this.hashOf(segment)): number {
    this.hash = hash;
    this.side = 0;
    const { slots, slotMask } = this;
    const { shift, mask } = this.records;
    for (let i = hash & slotMask; ; i = (i + 1) & slotMask) {
      const record = slots[2 * i + 1]! - 1;
      if (record < 0) return -1;
      if (slots[2 * i] !== hash) continue;
      if (this.matches(this.records.ints[record >>> shift]!, (record & mask) * L.RECORD_WORDS, segment)) return record;
    }
  }

  private matches(ints: Int32Array, at: number, segment: Segment): boolean {
    const ports = ints[at + L.PORTS];
    if (ports === ((segment.srcPort << 16) | segment.dstPort) && holds(ints, at, at + 4, segment)) return true;
    if (ports !== ((segment.dstPort << 16) | segment.srcPort) || !holds(ints, at + 4, at, segment)) return false;
    this.side = 1;
    return true;
  }

  /** Makes a record for the segment last looked for, with its key set and all else zero. */
  insert(segment: Segment): number {
    const count = ++this.place.words[C.SLOT_COUNT]!;
    if (count * 2 > this.slotMask) this.grow();
    const record = this.newRecord(segment);
    let i = this.hash & this.slotMask;
    while (this.slots[2 * i + 1] !== 0) i = (i + 1) & this.slotMask;
    this.slots[2 * i] = this.hash;
    this.slots[2 * i + 1] = record + 1;
    return record;
  }

  /** A new record takes the place of `old`, which stays allocated but is no longer found. */
  replace(old: number, segment: Segment): number {
    const slot = this.slotOf(old, this.hash);
    const record = this.newRecord(segment);
    this.slots[2 * slot + 1] = record + 1;
    return record;
  }

  /** Takes a record out of the index; it stays allocated until `records.release`. @param hash of its 4-tuple */
  remove(record: number, hash: number = this.hashIn(record)): void {
    this.empty(this.slotOf(record, hash));
  }

  /** Every record in the index, in no particular order. */
  list(): number[] {
    const records: number[] = [];
    for (let i = 1; i < this.slots.length; i += 2) if (this.slots[i] !== 0) records.push(this.slots[i]! - 1);
    return records;
  }

  private slotOf(record: number, hash: number): number {
    const { slots, slotMask } = this;
    let i = hash & slotMask;
    while (slots[2 * i + 1] !== record + 1) i = (i + 1) & slotMask;
    return i;
  }

  /** The hash of a record's 4-tuple. */
  hashIn(record: number): number {
    const { records, seed } = this;
    const ints = records.ints[record >>> records.shift]!;
    const at = (record & records.mask) * L.RECORD_WORDS;
    const ports = ints[at + L.PORTS]!;
    const end0 = hashOfEnd(seed, ints[at]!, ints[at + 1]!, ints[at + 2]!, ints[at + 3]!, ports >>> 16);
    const end1 = hashOfEnd(seed, ints[at + 4]!, ints[at + 5]!, ints[at + 6]!, ints[at + 7]!, ports & 0xffff);
    return hashOfAll(end0, end1, seed, this.groups[record] ?? 0);
  }

  /** Backward-shift deletion: no tombstones, so lookups stay short however long it runs. */
  private empty(slot: number): void {
    const { slots, slotMask } = this;
    let hole = slot;
    for (let i = (hole + 1) & slotMask; slots[2 * i + 1] !== 0; i = (i + 1) & slotMask) {
      const home = slots[2 * i]! & slotMask;
      if (((i - home) & slotMask) < ((i - hole) & slotMask)) continue;
      slots[2 * hole] = slots[2 * i]!;
      slots[2 * hole + 1] = slots[2 * i + 1]!;
      hole = i;
    }
    slots[2 * hole + 1] = 0;
    this.place.words[C.SLOT_COUNT]!--;
  }

  private newRecord(segment: Segment): number {
    const record = this.records.allocate();
    if (segment.group !== 0 || record < this.groups.length) this.keepGroup(record, segment.group);
    const ints = this.records.ints[record >>> this.records.shift]!;
    const at = (record & this.records.mask) * L.RECORD_WORDS;
    ints[at] = segment.src0;
    ints[at + 1] = segment.src1;
    ints[at + 2] = segment.src2;
    ints[at + 3] = segment.src3;
    ints[at + 4] = segment.dst0;
    ints[at + 5] = segment.dst1;
    ints[at + 6] = segment.dst2;
    ints[at + 7] = segment.dst3;
    ints[at + L.PORTS] = (segment.srcPort << 16) | segment.dstPort;
    // A loop: fill() is a call into the runtime.
    const floats = this.records.floats[record >>> this.records.shift]!;
    ints[at + L.IP_IDS] = 0;
    for (let i = (at + L.ID) >> 1; i < (at + L.RECORD_WORDS) >> 1; i++) floats[i] = 0;
    this.side = 0;
    return record;
  }

  private keepGroup(record: number, group: number): void {
    if (record >= this.groups.length) {
      const larger = new Int32Array(Math.max(1024, record + 1, this.groups.length * 2));
      larger.set(this.groups);
      this.groups = larger;
    }
    this.groups[record] = group;
  }

  /** The same for both directions: each end is mixed by itself, with the seed, and the two are added. */
  hashOf(segment: Segment): number {
    const { seed } = this;
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = segment;
    const src = hashOfEnd(seed, src0, src1, src2, src3, segment.srcPort);
    return hashOfAll(src, hashOfEnd(seed, dst0, dst1, dst2, dst3, segment.dstPort), seed, segment.group);
  }

  private newSlots(): Int32Array {
    const { words } = this.place;
    const { buffer, offset, address } = this.place.allocateZeroed(8 * (this.slotMask + 1));
    words[C.SLOTS] = address;
    words[C.SLOT_MASK] = this.slotMask;
    return new Int32Array(buffer, offset, 2 * (this.slotMask + 1));
  }

  private grow(): void {
    const old = this.slots;
    this.slotMask = this.slotMask * 2 + 1;
    this.slots = this.newSlots();
    for (let j = 0; j < old.length; j += 2) {
      if (old[j + 1] === 0) continue;
      let i = old[j]! & this.slotMask;
      while (this.slots[2 * i + 1] !== 0) i = (i + 1) & this.slotMask;
      this.slots[2 * i] = old[j]!;
      this.slots[2 * i + 1] = old[j + 1]!;
    }
  }
}

/** log2 of the slots to begin with */
const FIRST_SLOTS = 12;

/** The steps are those of MurmurHash3. */
function hashOfEnd(seed: number, word0: number, word1: number, word2: number, word3: number, port: number): number {
  let h = word3 ^ seed;
  // IPv4 addresses are ::ffff:a.b.c.d.
  if ((word0 | word1) !== 0 || word2 !== 0xffff) h = (h + upper(seed, word0, word1, word2)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(((h ^ (h >>> 13)) + port) | 0, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Of both ends, and of a group that is not 0. */
function hashOfAll(one: number, other: number, seed: number, group: number): number {
  const both = group === 0 ? one + other : one + other + hashOfGroup(seed, group);
  const sum = Math.imul(both | 0, 0x27d4eb2f);
  return sum ^ (sum >>> 15);
}

/** 0 for one group in 2^32, as for none. */
function hashOfGroup(seed: number, group: number): number {
  let h = Math.imul(group ^ seed, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The words of an IPv6 address above the last one. */
function upper(seed: number, word0: number, word1: number, word2: number): number {
  let h = Math.imul(word0 ^ seed, 0x85ebca6b);
  h = Math.imul(((h ^ (h >>> 13)) + word1) | 0, 0xc2b2ae35);
  h = Math.imul(((h ^ (h >>> 15)) + word2) | 0, 0x27d4eb2f);
  return h ^ (h >>> 16);
}

/** Whether the segment's source address is the one at `source`, and its destination the one at `destination`. */
function holds(ints: Int32Array, source: number, destination: number, segment: Segment): boolean {
  return (
    ints[source + 3] === segment.src3 &&
    ints[destination + 3] === segment.dst3 &&
    ints[source + 2] === segment.src2 &&
    ints[destination + 2] === segment.dst2 &&
    ints[source + 1] === segment.src1 &&
    ints[destination + 1] === segment.dst1 &&
    ints[source] === segment.src0 &&
    ints[destination] === segment.dst0
  );
}
