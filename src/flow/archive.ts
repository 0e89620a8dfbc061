import * as L from './layout.ts';
import { ENTRY_WORDS } from './trail.ts';
import type { FlowView } from './view.ts';

/**
 * Closed flows on their way out: each is packed - record, then trail - behind the one that ended before it. What is
 * still talking thus stays together in memory, and the closed are written once, and read once, in one direction.
 *
 * An entry: its length in words, its state, when it ended (a float), SUMMARY_FLOATS floats, the record, the trail.
 */
export class Archive {
  private readonly chunks: (Chunk | undefined)[] = [];
  private readonly spare: Chunk[] = [];
  // Chunk numbers only grow; a handle holds their low bits.
  private headChunk = 0;
  private headOffset = 0;
  private tailChunk = -1;
  private tailOffset = CHUNK_WORDS;
  /** entries that were not taken out */
  count = 0;

  /** Packs a flow. @param time when it ended, ns @returns its handle, 0..2^30 */
  append(flow: FlowView, time: number): number {
    const entries = flow.word(L.TRAIL_COUNT);
    const words = HEADER + L.RECORD_WORDS + entries * ENTRY_WORDS;
    // A chunk's last word stays free for the mark that the rest is empty.
    if (this.tailOffset + words >= CHUNK_WORDS) this.addChunk();
    const { ints, floats } = this.chunks[this.tailChunk & CHUNK_MASK]!;
    const at = this.tailOffset;
    ints[at] = words;
    ints[at + 1] = PRESENT;
    floats[(at >> 1) + 1] = time;
    flow.packInto(ints, at + HEADER);
    this.tailOffset = at + words;
    this.count++;
    return ((this.tailChunk & CHUNK_MASK) << SHIFT) | at;
  }

  /** Points a view at an entry. */
  point(view: FlowView, handle: number): FlowView {
    const { ints, floats } = this.chunkOf(handle);
    return view.pointAt(ints, floats, (handle & OFFSET_MASK) + HEADER);
  }

  /** The memory in which an entry lies. */
  chunkOf(handle: number): Chunk {
    return this.chunks[handle >>> SHIFT]!;
  }

  /** Index of the entry's record in `chunkOf(handle).ints`. */
  recordAt(handle: number): number {
    return (handle & OFFSET_MASK) + HEADER;
  }

  /** Index of the entry's summary in `chunkOf(handle).floats`. */
  summaryAt(handle: number): number {
    return ((handle & OFFSET_MASK) >> 1) + 2;
  }

  /** Takes an entry out: it is passed over when its turn comes. */
  take(handle: number): void {
    this.chunkOf(handle).ints[(handle & OFFSET_MASK) + 1] = GONE;
    this.count--;
  }

  /** The oldest entry, -1 if there is none. */
  oldest(): number {
    if (this.count === 0) return -1;
    for (;;) {
      const { ints } = this.chunks[this.headChunk & CHUNK_MASK]!;
      const words = ints[this.headOffset]!;
      if (words === 0) this.dropChunk();
      else if (ints[this.headOffset + 1] === PRESENT) {
        return ((this.headChunk & CHUNK_MASK) << SHIFT) | this.headOffset;
      } else this.headOffset += words;
    }
  }

  /** When an entry ended, ns. */
  timeOf(handle: number): number {
    return this.chunkOf(handle).floats[((handle & OFFSET_MASK) >> 1) + 1]!;
  }

  private addChunk(): void {
    if (this.tailChunk >= 0) this.chunks[this.tailChunk & CHUNK_MASK]!.ints[this.tailOffset] = 0;
    this.tailChunk++;
    if (this.tailChunk - this.headChunk > CHUNK_MASK) throw new RangeError('more than 4 GB of closed flows at once');
    this.tailOffset = 0;
    this.chunks[this.tailChunk & CHUNK_MASK] = this.spare.pop() ?? newChunk();
  }

  private dropChunk(): void {
    const place = this.headChunk & CHUNK_MASK;
    if (this.spare.length < SPARE) this.spare.push(this.chunks[place]!);
    this.chunks[place] = undefined;
    this.headChunk++;
    this.headOffset = 0;
  }
}

interface Chunk {
  ints: Int32Array;
  floats: Float64Array;
}

function newChunk(): Chunk {
  const buffer = new ArrayBuffer(CHUNK_WORDS * 4);
  return { ints: new Int32Array(buffer), floats: new Float64Array(buffer) };
}

/** Numbers that the flow's end is summed up in, so that it need not be reconstructed again. */
export const SUMMARY_FLOATS = 12;

const HEADER = 4 + 2 * SUMMARY_FLOATS;
/** A chunk is 1 MB; there are 4,096 of them at most. */
const SHIFT = 18;
const CHUNK_WORDS = 1 << SHIFT;
const OFFSET_MASK = CHUNK_WORDS - 1;
const CHUNK_MASK = 4095;
const SPARE = 4;
const PRESENT = 1;
const GONE = 2;
