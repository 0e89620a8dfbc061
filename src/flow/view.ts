import { NS_PER_MS } from '../units.ts';
import type { ChunkedRecords } from './chunks.ts';
import * as L from './layout.ts';
import { ENTRY_WORDS, type Trail, type Trails } from './trail.ts';

/** A flow to read from, in use or packed: one reused object that is pointed at it. */
export class FlowView {
  ints: Int32Array = new Int32Array(0);
  floats: Float64Array = new Float64Array(0);
  at = 0;
  /** the record's number; -1 for a packed flow */
  record = -1;

  /** null: the trail lies packed behind the record */
  private trails: Trails | null = null;

  /** At a record in use. */
  point(records: ChunkedRecords, trails: Trails, flow: number): this {
    this.ints = records.ints[flow >>> records.shift]!;
    this.floats = records.floats[flow >>> records.shift]!;
    this.at = (flow & records.mask) * L.RECORD_WORDS;
    this.record = flow;
    this.trails = trails;
    return this;
  }

  /** At a packed flow. @param at even */
  pointAt(ints: Int32Array, floats: Float64Array, at: number): this {
    this.ints = ints;
    this.floats = floats;
    this.at = at;
    this.record = -1;
    this.trails = null;
    return this;
  }

  /** Copies the flow's trail into columns. */
  loadTrail(trail: Trail): void {
    const count = this.trailCount;
    if (this.trails === null) trail.loadPacked(this.ints, this.floats, this.at + L.RECORD_WORDS, count);
    else trail.load(this.trails, this.word(L.TRAIL_HEAD), count);
    if (this.has(3 * L.FLOW_FAR_FIN_DROPPED)) trail.dropFarFins(this.word(L.FLAGS) >> L.FAR_FIN_DROPPED_SHIFT);
    const either = this.of(0, L.SIDE_FLAGS) | this.of(1, L.SIDE_FLAGS);
    const both = this.of(0, L.SIDE_FLAGS) & this.of(1, L.SIDE_FLAGS);
    trail.lacksAcks = (either & L.PURE_ACK_SENT) === 0 && (both & L.SYN_SENT_FLAG) !== 0;
  }

  /** The length of the flow when it is packed: int32 words. */
  get packedWords(): number {
    return L.RECORD_WORDS + this.trailCount * ENTRY_WORDS;
  }

  /** Copies record and trail, one behind the other. */
  packInto(ints: Int32Array, to: number): void {
    const from = this.ints;
    const { at } = this;
    if (this.trails === null) {
      const words = this.packedWords;
      for (let i = 0; i < words; i++) ints[to + i] = from[at + i]!;
      return;
    }
    for (let i = 0; i < L.RECORD_WORDS; i++) ints[to + i] = from[at + i]!;
    this.trails.copy(this.word(L.TRAIL_HEAD), this.trailCount, ints, to + L.RECORD_WORDS);
  }

  /** A word of the flow (layout.ts). */
  word(word: number): number {
    return this.ints[this.at + word]!;
  }

  float(word: number): number {
    return this.floats[(this.at + word) >> 1]!;
  }

  /** A word of a side. */
  of(side: number, word: number): number {
    return this.ints[this.at + L.SIDE + side * L.SIDE_WORDS + word]!;
  }

  floatOf(side: number, word: number): number {
    return this.floats[(this.at + word + 2 * side) >> 1]!;
  }

  /** Entries of its trail, those that say more of an RST among them. */
  get trailCount(): number {
    return this.word(L.FLAGS) >>> L.TRAIL_COUNT_SHIFT;
  }

  /** Payload that a side received after its own FIN. */
  halfCloseBytes(side: number): number {
    const high = (this.word(L.HALF_CLOSE_HIGH) >>> (16 * side)) & 0xffff;
    return high * 2 ** 32 + (this.word(L.HALF_CLOSE_BYTES + side) >>> 0);
  }

  /**
   * When the side that sent the newest payload began to, ns in the flow's base, to the millisecond; of a flow of more
   * than 49 days modulo that. NaN: there was no payload.
   */
  get turnedAt(): number {
    if (!this.sideHas(0, L.DATA_LAST) && !this.sideHas(1, L.DATA_LAST)) return Number.NaN;
    return (this.word(L.TURNED_AT) >>> 0) * NS_PER_MS;
  }

  /** FINs that a side sent again, 255 at most. */
  retransmittedFins(side: number): number {
    return (this.word(L.COUNTS) >>> (8 + 8 * side)) & 0xff;
  }

  /** TTL or hop limit of a side's newest segment that is no RST. */
  ttl(side: number): number {
    return (this.of(side, L.SIDE_FLAGS) & L.TTL_MASK) >>> L.TTL_SHIFT;
  }

  /** Index of its stack of tags and tunnels in the tracker's list, -1. */
  get encapsulation(): number {
    const index = this.word(L.ENCAPSULATION) & L.NO_ENCAPSULATION;
    return index === L.NO_ENCAPSULATION ? -1 : index;
  }

  /** What a side's first SYN tells of its system (decode/syn-options.ts); 0 where none was seen. */
  fingerprint(side: number): number {
    return (this.word(L.ENCAPSULATION) >>> (L.FINGERPRINT_SHIFT + L.FINGERPRINT_BITS * side)) & 0xff;
  }

  has(flag: number): boolean {
    return (this.ints[this.at + L.FLAGS]! & flag) !== 0;
  }

  sideHas(side: number, flag: number): boolean {
    return (this.of(side, L.SIDE_FLAGS) & flag) !== 0;
  }

  get clientSide(): number {
    return this.has(L.FLOW_1_IS_CLIENT) ? 1 : 0;
  }
}
