import { ChunkedRecords } from './chunks.ts';

/**
 * The trail of a flow: those of its segments that its states depend on - every SYN, FIN and RST, the first
 * acknowledgement of each, and whatever comes after the close began to be settled. Data in between is only
 * counted. A flow has at most MAX_TRAIL entries.
 */

// Words of an entry, 32 bytes. Words 0 and 1 are the time, a float.
export const E_FRAME = 2;
export const E_META = 3; // TCP flags | side << 6 | the bits below | length << 16
export const E_SEQ = 4;
export const E_ACK = 5;
export const E_TSVAL = 6;
export const E_TSECR = 7;

/** Bits of E_META between the side and the length. */
export const E_SIDE_SHIFT = 6;
export const E_HAS_TS = 1 << 7;
export const E_DSACK = 1 << 8;
export const E_CONTIGUOUS = 1 << 9; // with this segment its sender has sent everything up to its highest byte
export const E_BEHIND_DATA = 1 << 10; // a FIN that had to wait for window or acknowledgements
export const E_CONTEXT = 1 << 11; // an RST: the next entry holds what it is judged by
export const E_OLD = 1 << 12; // a challenge ACK of the connection that had the 4-tuple before
export const E_LENGTH_SHIFT = 16;
const LENGTH_MAX = 0xffff;

// Words of the entry behind an RST.
export const C_PEER_ACK = 0; // what the peer had acknowledged by then
export const C_SND_MAX = 1; // what this side had sent before
export const C_OWN_ACK = 2; // what this side had acknowledged before
export const C_WINDOW = 3; // unscaled
export const C_TTL_ID = 4; // TTL << 16 | IP ID
export const C_PROBES = 5;
export const C_BITS = 6; // below | bytes of options << 8

/** Bits of C_BITS: which of the numbers are known, and what went before. */
export const C_PEER_ACKED = 1;
export const C_SENT = 2;
export const C_OWN_ACKED = 4;
export const C_MISSING = 16; // there was no room for it
export const C_PEER_DATA_LAST = 8; // the newest payload of the flow is the peer's

export const ENTRY_WORDS = 8;
/** Entries a block: an ordinary connection leaves seven. */
export const BLOCK_ENTRIES = 8;
export const BLOCK_WORDS = BLOCK_ENTRIES * ENTRY_WORDS;

/** Entries a flow; beyond it only first FINs are kept. */
export const MAX_TRAIL = 120;
const CAPACITY = MAX_TRAIL + 16;

/** A payload length as it fits into E_META: offloaded segments of 64 KiB and more count as 65,535. */
export function storedLength(length: number): number {
  return Math.min(length, LENGTH_MAX);
}

/** Where words stand. */
export interface Piece {
  ints: Int32Array;
  floats: Float64Array;
  at: number;
}

/** The trails of all flows: chained blocks of eight entries, 256 bytes. */
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
    if (tail >= 0) this.next[tail] = block;
    return block;
  }

  /** Points `piece` at a block's first entry. */
  locate(block: number, piece: Piece): void {
    const { blocks } = this;
    piece.ints = blocks.ints[block >>> blocks.shift]!;
    piece.floats = blocks.floats[block >>> blocks.shift]!;
    piece.at = (block & blocks.mask) * BLOCK_WORDS;
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

  /** Gives a trail's blocks back. */
  release(head: number, count: number): void {
    for (let n = 0, block = head; n < count; n += BLOCK_ENTRIES) {
      const next = n + BLOCK_ENTRIES < count ? this.next[block]! : -1;
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
  // Of RSTs only: what C_* above say.
  readonly peerAck = new Int32Array(CAPACITY);
  readonly sndMax = new Int32Array(CAPACITY);
  readonly ownAck = new Int32Array(CAPACITY);
  readonly window = new Int32Array(CAPACITY);
  readonly ttlId = new Int32Array(CAPACITY);
  readonly probes = new Int32Array(CAPACITY);
  readonly context = new Int32Array(CAPACITY);

  /** From the blocks of a flow in use. */
  load(trails: Trails, head: number, count: number): void {
    const { blocks } = trails;
    this.count = 0;
    for (let n = 0, block = head; n < count; n += BLOCK_ENTRIES, block = trails.after(block)) {
      const ints = blocks.ints[block >>> blocks.shift]!;
      const floats = blocks.floats[block >>> blocks.shift]!;
      this.read(ints, floats, (block & blocks.mask) * BLOCK_WORDS, Math.min(BLOCK_ENTRIES, count - n));
    }
  }

  /** From a packed flow. */
  loadPacked(ints: Int32Array, floats: Float64Array, at: number, count: number): void {
    this.count = 0;
    this.read(ints, floats, at, count);
  }

  private read(ints: Int32Array, floats: Float64Array, from: number, entries: number): void {
    let n = this.count;
    const end = from + entries * ENTRY_WORDS;
    for (let at = from; at < end && n < CAPACITY; at += ENTRY_WORDS) {
      if (n > 0 && (this.meta[n - 1]! & E_CONTEXT) !== 0) {
        this.readContext(ints, at, n - 1);
        continue;
      }
      const meta = ints[at + E_META]!;
      this.time[n] = floats[at >> 1]!;
      this.frame[n] = ints[at + E_FRAME]!;
      this.flags[n] = (meta & E_OLD) === 0 ? meta & 0x3f : 0; // nothing to this connection
      this.side[n] = (meta >> E_SIDE_SHIFT) & 1;
      this.meta[n] = meta;
      this.length[n] = meta >>> E_LENGTH_SHIFT;
      this.seq[n] = ints[at + E_SEQ]!;
      this.ack[n] = ints[at + E_ACK]!;
      this.tsVal[n] = ints[at + E_TSVAL]!;
      this.tsEcr[n] = ints[at + E_TSECR]!;
      this.context[n] = C_MISSING; // until the next entry says more
      n++;
    }
    this.count = n;
  }

  private readContext(ints: Int32Array, at: number, n: number): void {
    this.meta[n]! &= ~E_CONTEXT; // read
    this.peerAck[n] = ints[at + C_PEER_ACK]!;
    this.sndMax[n] = ints[at + C_SND_MAX]!;
    this.ownAck[n] = ints[at + C_OWN_ACK]!;
    this.window[n] = ints[at + C_WINDOW]!;
    this.ttlId[n] = ints[at + C_TTL_ID]!;
    this.probes[n] = ints[at + C_PROBES]!;
    this.context[n] = ints[at + C_BITS]!;
  }
}
