/** The bytes between a source, which appends them, and a reader, which consumes them: one reused buffer. */

import { type Place, PlainPlace } from '../kernel/place.ts';

/** What a window begins with, bytes: a read call costs little by then, and the flow table keeps its place in the caches. */
export const WINDOW_BYTES = 1 << 17;

/** A window never grows beyond this, bytes: no record may need more. */
export const MAX_WINDOW_BYTES = 32 << 20;

/** The unread bytes are data[pos..end). */
export class ByteWindow {
  data: Uint8Array;
  /** address of data[0] for the kernel; 0: it can't reach it */
  address = 0;
  pos = 0;
  end = 0;
  /** byte offset of data[0] in the stream, after decompression */
  offset = 0;
  /** no byte will follow data[end - 1] */
  eof = false;

  private readonly place: Place;

  /** @param size bytes to begin with, 1..MAX_WINDOW_BYTES */
  constructor(size: number = WINDOW_BYTES, place: Place = new PlainPlace()) {
    this.place = place;
    this.data = this.allocate(size);
  }

  private allocate(size: number): Uint8Array {
    const { buffer, offset, address } = this.place.allocate(size);
    this.address = address;
    return new Uint8Array(buffer, offset, size);
  }

  /** Moves the unread bytes to the front. What was handed out of `data` before is invalid afterwards. */
  compact(): void {
    if (this.pos === 0) return;
    this.data.copyWithin(0, this.pos, this.end);
    this.offset += this.pos;
    this.end -= this.pos;
    this.pos = 0;
  }

  /**
   * Makes room for at least one more byte. The buffer doubles only when it is full of unread bytes, so a length field
   * that lies costs no more memory than bytes that are really there.
   * @throws RangeError if MAX_WINDOW_BYTES unread bytes are waiting already: readers must not ask for more
   */
  ensureRoom(): void {
    this.compact();
    if (this.end < this.data.length) return;
    if (this.data.length >= MAX_WINDOW_BYTES) throw new RangeError(`a window holds at most ${MAX_WINDOW_BYTES} bytes`);
    const grown = this.allocate(Math.min(this.data.length * 2, MAX_WINDOW_BYTES));
    grown.set(this.data);
    this.data = grown;
  }
}
