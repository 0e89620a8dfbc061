import { RST } from '../decode/segment.ts';
import { ChunkedRecords } from './chunks.ts';

/**
 * The trail of a flow: those of its segments that its states depend on - every SYN, FIN and RST, the first
 * acknowledgement of each, and whatever comes after the close began to be settled. Data in between is only
 * counted. A flow has at most MAX_TRAIL entries.
 */

// Words of an entry: 64 bytes, a cache line. Words 0 and 1 are the time, a float.
export const E_FRAME = 2;
export const E_META = 3; // TCP flags | side << 8 | the E_* bits below
export const E_SEQ = 4;
export const E_ACK = 5;
export const E_LENGTH = 6;
export const E_WINDOW = 7; // unscaled
export const E_TSVAL = 8;
export const E_TSECR = 9;
export const E_TTL_ID = 10; // TTL << 16 | IP ID
export const E_PEER_ACK = 11; // what the peer had acknowledged by then
export const E_SND_MAX = 12; // what this side had sent before
export const E_OWN_ACK = 13; // what this side had acknowledged before
export const E_INFO = 14; // probes since the peer last answered | options length << 16; word 15 is free

/** Bits of E_META beyond the flags and the side. */
export const E_SIDE = 1 << 8;
export const E_HAS_TS = 1 << 9;
export const E_DSACK = 1 << 10;
export const E_CONTIGUOUS = 1 << 11; // with this segment its sender has sent everything up to its highest byte
export const E_PEER_ACKED = 1 << 12; // E_PEER_ACK holds something
export const E_SENT = 1 << 14; // E_SND_MAX holds something
export const E_ZERO_WINDOW = 1 << 15; // the peer's window was closed
export const E_OWN_ACKED = 1 << 16; // E_OWN_ACK holds something
export const E_PEER_DATA_LAST = 1 << 17; // the newest payload of the flow is the peer's

export const ENTRY_WORDS = 16;
/** Entries a block: an ordinary connection leaves seven. */
export const BLOCK_ENTRIES = 4;
const BLOCK_WORDS = BLOCK_ENTRIES * ENTRY_WORDS;

/** Entries a flow; beyond it only what carries SYN or FIN for the first time is kept. */
export const MAX_TRAIL = 120;

/**
 * The trails of all flows: chained blocks of four entries. A flow that ended is read a minute later, when it is in no
 * cache any more: entries that lie together are fetched together, where a list of single ones costs a miss each.
 */
export class Trails {
  readonly blocks = new ChunkedRecords(BLOCK_WORDS, 12);
  private next = new Int32Array(1 << 12);

  /** Makes room behind `count` entries. @param tail the last block, -1 for none @returns the block of the new entry */
  extend(tail: number, count: number): number {
    if (count % BLOCK_ENTRIES !== 0) return tail;
    const block = this.blocks.allocate();
    if (block >= this.next.length) {
      const larger = new Int32Array(this.next.length * 2);
      larger.set(this.next);
      this.next = larger;
    }
    this.next[block] = -1;
    if (tail >= 0) this.next[tail] = block;
    return block;
  }

  after(block: number): number {
    return this.next[block]!;
  }

  /** Copies a trail's entries to `to` and on. */
  copy(head: number, count: number, ints: Int32Array, to: number): void {
    const { blocks } = this;
    for (let n = 0, block = head; n < count; n += BLOCK_ENTRIES, block = this.next[block]!) {
      const from = blocks.ints[block >>> blocks.shift]!;
      const at = (block & blocks.mask) * BLOCK_WORDS;
      const words = Math.min(BLOCK_ENTRIES, count - n) * ENTRY_WORDS;
      for (let i = 0; i < words; i++) ints[to + n * ENTRY_WORDS + i] = from[at + i]!;
    }
  }

  /** Makes a trail of packed entries. @returns its first and last block */
  restore(ints: Int32Array, from: number, count: number): { head: number; tail: number } {
    let head = -1;
    let tail = -1;
    for (let n = 0; n < count; n++) {
      tail = this.extend(tail, n);
      if (n === 0) head = tail;
      const to = this.blocks.ints[tail >>> this.blocks.shift]!;
      const at = (tail & this.blocks.mask) * BLOCK_WORDS + (n % BLOCK_ENTRIES) * ENTRY_WORDS;
      for (let i = 0; i < ENTRY_WORDS; i++) to[at + i] = ints[from + n * ENTRY_WORDS + i]!;
    }
    return { head, tail };
  }

  /** Gives a trail's blocks back. */
  release(head: number): void {
    for (let block = head; block >= 0; ) {
      const next = this.next[block]!;
      this.blocks.release(block);
      block = next;
    }
  }
}

/** A flow's trail copied into columns, in the order of the capture: what teardown/ works on. One reused object. */
export class Trail {
  count = 0;
  readonly time = new Float64Array(CAPACITY);
  /** as int32; `>>> 0` gives the number */
  readonly frame = new Int32Array(CAPACITY);
  /** TCP flags */
  readonly flags = new Int32Array(CAPACITY);
  /** 0 or 1 */
  readonly side = new Int32Array(CAPACITY);
  readonly meta = new Int32Array(CAPACITY);
  readonly seq = new Int32Array(CAPACITY);
  readonly ack = new Int32Array(CAPACITY);
  readonly length = new Int32Array(CAPACITY);
  readonly tsVal = new Int32Array(CAPACITY);
  readonly tsEcr = new Int32Array(CAPACITY);
  readonly peerAck = new Int32Array(CAPACITY);
  readonly sndMax = new Int32Array(CAPACITY);
  // Of RSTs only:
  readonly window = new Int32Array(CAPACITY);
  readonly ttlId = new Int32Array(CAPACITY);
  readonly ownAck = new Int32Array(CAPACITY);
  readonly info = new Int32Array(CAPACITY);

  load(trails: Trails, head: number, count: number): void {
    const { blocks } = trails;
    this.count = Math.min(count, CAPACITY);
    for (let n = 0, block = head; n < this.count; n += BLOCK_ENTRIES, block = trails.after(block)) {
      const ints = blocks.ints[block >>> blocks.shift]!;
      const floats = blocks.floats[block >>> blocks.shift]!;
      const most = Math.min(BLOCK_ENTRIES, this.count - n);
      this.read(ints, floats, (block & blocks.mask) * BLOCK_WORDS, n, most);
    }
  }

  loadPacked(ints: Int32Array, floats: Float64Array, at: number, count: number): void {
    this.count = Math.min(count, CAPACITY);
    this.read(ints, floats, at, 0, this.count);
  }

  private read(ints: Int32Array, floats: Float64Array, from: number, first: number, count: number): void {
    for (let n = first, at = from; n < first + count; n++, at += ENTRY_WORDS) {
      const meta = ints[at + E_META]!;
      this.time[n] = floats[at >> 1]!;
      this.frame[n] = ints[at + E_FRAME]!;
      this.flags[n] = meta & 0x3f;
      this.side[n] = (meta >> 8) & 1;
      this.meta[n] = meta;
      this.seq[n] = ints[at + E_SEQ]!;
      this.ack[n] = ints[at + E_ACK]!;
      this.length[n] = ints[at + E_LENGTH]!;
      this.tsVal[n] = ints[at + E_TSVAL]!;
      this.tsEcr[n] = ints[at + E_TSECR]!;
      this.peerAck[n] = ints[at + E_PEER_ACK]!;
      this.sndMax[n] = ints[at + E_SND_MAX]!;
      // What only resets are judged by.
      if ((meta & RST) === 0) continue;
      this.window[n] = ints[at + E_WINDOW]!;
      this.ttlId[n] = ints[at + E_TTL_ID]!;
      this.ownAck[n] = ints[at + E_OWN_ACK]!;
      this.info[n] = ints[at + E_INFO]!;
    }
  }
}

const CAPACITY = MAX_TRAIL + 16;
