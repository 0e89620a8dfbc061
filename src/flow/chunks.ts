/**
 * Fixed-size records in chunks of ArrayBuffers, with a free list. Grows by a chunk, never copies, and a freed
 * record is the next to be used: memory follows what is in use, not the length of the capture.
 */
export class ChunkedRecords {
  readonly ints: Int32Array[] = [];
  readonly floats: Float64Array[] = [];
  readonly shift: number;
  readonly mask: number;
  private readonly words: number;
  private free: number[] = [];
  private next = 0;
  /** records in use */
  used = 0;

  /**
   * @param words int32 words a record, even
   * @param shift log2 of the records a chunk
   */
  constructor(words: number, shift: number) {
    this.words = words;
    this.shift = shift;
    this.mask = (1 << shift) - 1;
  }

  /** A record's number; its content is what the last user left. */
  allocate(): number {
    this.used++;
    const recycled = this.free.pop();
    if (recycled !== undefined) return recycled;
    const record = this.next++;
    if (record >>> this.shift === this.ints.length) {
      const buffer = new ArrayBuffer((this.words << this.shift) * 4);
      this.ints.push(new Int32Array(buffer));
      this.floats.push(new Float64Array(buffer));
    }
    return record;
  }

  /** The record that the i-th next allocation will give, -1 where that is a new one. */
  upcoming(i: number): number {
    return this.free[this.free.length - 1 - i] ?? -1;
  }

  /** Reads a word of each cache line of a record, for the sake of the caches. */
  touch(record: number): number {
    const ints = this.ints[record >>> this.shift]!;
    const at = (record & this.mask) * this.words;
    let sum = 0;
    for (let word = 0; word < this.words; word += LINE_WORDS) sum ^= ints[at + word]!;
    return sum & 1;
  }

  release(record: number): void {
    this.used--;
    this.free.push(record);
  }
}

/** 64 bytes. */
const LINE_WORDS = 16;
