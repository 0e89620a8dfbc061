import { BLOCK_CHUNKS, BLOCKS, BLOCKS_SHIFT } from '../kernel/control.ts';
import { type Place, PlainPlace } from '../kernel/place.ts';
import { ChunkedRecords } from './chunks.ts';
import {
  BLOCK_ENTRIES,
  BLOCK_WORDS,
  C_BITS,
  C_LAST_ID,
  C_MISSING,
  C_OWN_ACK,
  C_PEER_ACK,
  C_PROBES,
  C_PROBES_MASK,
  C_SILENCE_SHIFT,
  C_SND_MAX,
  C_TTL_ID,
  C_WINDOW,
  E_ACK,
  E_CONTEXT,
  E_FAR,
  E_FRAME,
  E_LENGTH_SHIFT,
  E_META,
  E_OLD,
  E_SEQ,
  E_SIDE_SHIFT,
  E_TSECR,
  E_TSVAL,
  ENTRY_WORDS,
  LENGTH_MAX,
  MAX_TRAIL,
} from './trail-layout.ts';

export * from './trail-layout.ts';

/**
 * The trail of a flow: those of its segments that its states depend on - every SYN, FIN and RST, the first
 * acknowledgement of each, and whatever comes after the close began to be settled. Data in between is only
 * counted. A flow has at most MAX_TRAIL entries.
 */

const CAPACITY = MAX_TRAIL + 16;

/** A payload length as it fits into E_META: offloaded segments of 64 KiB and more count as 65,535. */
export function storedLength(length: number): number {
  return Math.min(length, LENGTH_MAX);
}

/** The trails of all flows: chained blocks of eight entries, 256 bytes. */
export class Trails {
  readonly blocks: ChunkedRecords;
  /** by block the one behind it */
  private next = new Int32Array(1 << 12);

  constructor(place: Place = new PlainPlace()) {
    this.blocks = new ChunkedRecords(BLOCK_WORDS, BLOCKS_SHIFT, { place, list: BLOCKS, chunks: BLOCK_CHUNKS });
  }

  /** Makes room behind `count` entries. @param tail the last block, -1 for none @returns the block of the new entry */
  extend(tail: number, count: number): number {
    if (count % BLOCK_ENTRIES !== 0) return tail;
    const block = this.blocks.allocate();
    if (tail >= 0) this.chain(tail, block);
    return block;
  }

  private chain(block: number, next: number): void {
    if (block >= this.next.length) {
      const larger = new Int32Array(Math.max(this.next.length * 2, block + 1));
      larger.set(this.next);
      this.next = larger;
    }
    this.next[block] = next;
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
  /** both SYNs were captured, and not one pure ACK: the capture was filtered to SYN, FIN and RST */
  lacksAcks = false;
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
  /** since the sender's segment before, tenths of a second; 0 if it had sent none */
  readonly silence = new Int32Array(CAPACITY);
  readonly lastId = new Int32Array(CAPACITY);
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

  /** Makes nothing of the FINs that were beyond their receiver's window. @param sides whose: bit 0 and 1 */
  dropFarFins(sides: number): void {
    for (let i = 0; i < this.count; i++) {
      if ((this.meta[i]! & E_FAR) !== 0 && ((sides >> this.side[i]!) & 1) !== 0) this.flags[i] = 0;
    }
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
    this.probes[n] = ints[at + C_PROBES]! & C_PROBES_MASK;
    this.silence[n] = ints[at + C_PROBES]! >>> C_SILENCE_SHIFT;
    this.lastId[n] = ints[at + C_LAST_ID]!;
    this.context[n] = ints[at + C_BITS]!;
  }
}
