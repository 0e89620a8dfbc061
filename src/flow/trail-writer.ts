import { FIN, type Segment } from '../decode/segment.ts';
import type { Place } from '../kernel/place.ts';
import * as L from './layout.ts';
import * as T from './trail.ts';

/** Bits of E_META: what the segment's options say. */
export function optionBits(segment: Segment): number {
  return (segment.hasTimestamps ? T.E_HAS_TS : 0) | (segment.isDsack ? T.E_DSACK : 0);
}

/** Writes the trails of all flows. */
export class TrailWriter {
  readonly trails: T.Trails;
  /** What the next RST is judged by: the words C_* of its second entry; those that the RST itself tells are filled in. */
  readonly context = new Int32Array(T.ENTRY_WORDS);

  constructor(place: Place) {
    this.trails = new T.Trails(place);
  }

  /**
   * Adds a segment to the trail of the record at `at`; MAX_TRAIL entries are kept, and first FINs.
   * @param times its time first, ns: a float passed by itself is allocated
   * @returns whether it was
   */
  leave(ints: Int32Array, at: number, segment: Segment, meta: number, times: Float64Array): boolean {
    const flags = ints[at + L.FLAGS]!;
    const count = flags >>> L.TRAIL_COUNT_SHIFT;
    if (count >= T.MAX_TRAIL && !this.isStillTaken(ints, at, segment, meta)) return false;
    const { blocks } = this.trails;
    const block = count % T.BLOCK_ENTRIES === 0 ? this.newBlock(ints, at) : ints[at + L.TRAIL_TAIL]!;
    const words = blocks.ints[block >>> blocks.shift]!;
    const floats = blocks.floats[block >>> blocks.shift]!;
    const entry = (block & blocks.mask) * T.BLOCK_WORDS + (count % T.BLOCK_ENTRIES) * T.ENTRY_WORDS;
    ints[at + L.FLAGS] = (ints[at + L.FLAGS]! + (1 << L.TRAIL_COUNT_SHIFT)) | 0;
    floats[entry >> 1] = times[0]!;
    words[entry + T.E_FRAME] = segment.frame;
    words[entry + T.E_META] = meta;
    words[entry + T.E_SEQ] = segment.seq;
    words[entry + T.E_ACK] = segment.ack;
    words[entry + T.E_TSVAL] = segment.tsVal;
    words[entry + T.E_TSECR] = segment.tsEcr;
    return true;
  }

  /** Adds an RST and, in an entry of its own, what it is judged by: `context`, which is the caller's to fill. */
  leaveReset(ints: Int32Array, at: number, segment: Segment, meta: number, times: Float64Array): void {
    if (ints[at + L.FLAGS]! >>> L.TRAIL_COUNT_SHIFT >= T.MAX_TRAIL - 1) {
      this.leave(ints, at, segment, meta, times);
      return;
    }
    this.leave(ints, at, segment, meta | T.E_CONTEXT, times);
    const { context } = this;
    const { blocks } = this.trails;
    const count = ints[at + L.FLAGS]! >>> L.TRAIL_COUNT_SHIFT;
    const block = count % T.BLOCK_ENTRIES === 0 ? this.newBlock(ints, at) : ints[at + L.TRAIL_TAIL]!;
    const words = blocks.ints[block >>> blocks.shift]!;
    const entry = (block & blocks.mask) * T.BLOCK_WORDS + (count % T.BLOCK_ENTRIES) * T.ENTRY_WORDS;
    ints[at + L.FLAGS] = (ints[at + L.FLAGS]! + (1 << L.TRAIL_COUNT_SHIFT)) | 0;
    words[entry + T.C_PEER_ACK] = context[T.C_PEER_ACK]!;
    words[entry + T.C_SND_MAX] = context[T.C_SND_MAX]!;
    words[entry + T.C_OWN_ACK] = context[T.C_OWN_ACK]!;
    words[entry + T.C_WINDOW] = segment.window;
    words[entry + T.C_TTL_ID] = (segment.ttl << 16) | segment.ipId;
    words[entry + T.C_PROBES] = context[T.C_PROBES]!;
    words[entry + T.C_LAST_ID] = context[T.C_LAST_ID]!;
    words[entry + T.C_BITS] = context[T.C_BITS]! | (segment.optionsLength << 8);
  }

  /** First FINs must not be missed, however many segments came before: a few places are theirs. */
  private isStillTaken(ints: Int32Array, at: number, segment: Segment, meta: number): boolean {
    ints[at + L.FLAGS]! |= L.FLOW_TRAIL_FULL;
    const again = (ints[at + L.COUNTS]! >>> (8 + 8 * ((meta >> T.E_SIDE_SHIFT) & 1))) & 0xff;
    const count = ints[at + L.FLAGS]! >>> L.TRAIL_COUNT_SHIFT;
    return (segment.flags & FIN) !== 0 && again === 0 && count < T.MAX_TRAIL + 8;
  }

  /** The block of the next entry, the first in it. */
  private newBlock(ints: Int32Array, at: number): number {
    const count = ints[at + L.FLAGS]! >>> L.TRAIL_COUNT_SHIFT;
    const block = this.trails.extend(ints[at + L.TRAIL_TAIL]!, count);
    if (count === 0) ints[at + L.TRAIL_HEAD] = block;
    ints[at + L.TRAIL_TAIL] = block;
    return block;
  }
}
