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

  /** records that have ever been in use: all numbers are below this */
  get created(): number {
    return this.next;
  }

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

  release(record: number): void {
    this.used--;
    this.free.push(record);
  }
}
