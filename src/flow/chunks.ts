import { FREE, LIMIT, MAX_CHUNKS, NEXT, USED } from '../kernel/control.ts';
import { type Place, PlainPlace } from '../kernel/place.ts';

/** Where a list of records is kept: its words, and where the addresses of its chunks stand (kernel/control.ts). */
export interface ListPlace {
  place: Place;
  list: number;
  chunks: number;
}

/**
 * Fixed-size records in chunks of bytes, with a free list. Grows by a chunk, never copies, and a freed record is the
 * next to be used: memory follows what is in use, not the length of the capture. Behind the records of a chunk stands
 * for each of them which free one comes after it, so that freeing does not touch the record, which the caches have lost.
 */
export class ChunkedRecords {
  readonly ints: Int32Array[] = [];
  readonly floats: Float64Array[] = [];
  private readonly links: Int32Array[] = [];
  readonly shift: number;
  readonly mask: number;
  private readonly words: number;
  private readonly place: Place;
  private readonly list: number;
  private readonly chunks: number;

  /**
   * @param words int32 words a record, even
   * @param shift log2 of the records a chunk
   */
  constructor(words: number, shift: number, { place, list, chunks }: ListPlace = nowhere()) {
    this.words = words;
    this.shift = shift;
    this.mask = (1 << shift) - 1;
    this.place = place;
    this.list = list;
    this.chunks = chunks;
    place.words[list + FREE] = -1;
  }

  /** records in use */
  get used(): number {
    return this.place.words[this.list + USED]!;
  }

  /** records that have ever been in use: all numbers are below this */
  get created(): number {
    return this.place.words[this.list + NEXT]!;
  }

  /** A record's number; its content is what the last user left. */
  allocate(): number {
    const { list, shift, mask } = this;
    const { words } = this.place;
    words[list + USED]!++;
    const free = words[list + FREE]!;
    if (free >= 0) {
      words[list + FREE] = this.links[free >>> shift]![free & mask]!;
      return free;
    }
    const record = words[list + NEXT]!++;
    if (record >>> shift === this.ints.length) this.grow();
    return record;
  }

  release(record: number): void {
    const { list } = this;
    const { words } = this.place;
    words[list + USED]!--;
    this.links[record >>> this.shift]![record & this.mask] = words[list + FREE]!;
    words[list + FREE] = record;
  }

  private grow(): void {
    const { list } = this;
    const { words } = this.place;
    const length = this.words << this.shift;
    const chunk = this.ints.length;
    const { buffer, offset, address } = this.place.allocate((length + (1 << this.shift)) * 4);
    this.ints.push(new Int32Array(buffer, offset, length));
    this.floats.push(new Float64Array(buffer, offset, length / 2));
    this.links.push(new Int32Array(buffer, offset + length * 4, 1 << this.shift));
    // The kernel finds the chunks up to the first one that it can't reach.
    if (address === 0 || chunk >= MAX_CHUNKS || words[list + LIMIT] !== chunk << this.shift) return;
    words[this.chunks / 4 + chunk] = address;
    words[list + LIMIT] = (chunk + 1) << this.shift;
  }
}

function nowhere(): ListPlace {
  return { place: new PlainPlace(), list: 0, chunks: 0 };
}
