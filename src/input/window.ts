/** The bytes between a source, which appends them, and a reader, which consumes them: one reused buffer. */

import { type Area, type Place, PlainPlace } from '../kernel/place.ts';

/** What a window begins with, bytes: a read call costs little by then, and the flow table keeps its place in the caches. */
export const WINDOW_BYTES = 1 << 17;

/** A window never grows beyond this, bytes: no record may need more. Of many files each has less. */
export const MAX_WINDOW_BYTES = 32 << 20;

const NOTHING = new Uint8Array(0);

/** Where windows stand; what is given back can be had again. */
export interface WindowPlace extends Pick<Place, 'allocate'> {
  giveBack?(area: Area): void;
}

/** The unread bytes are data[pos..end). */
export class ByteWindow {
  data: Uint8Array = NOTHING;
  /** address of data[0] for the kernel; 0: it can't reach it */
  address = 0;
  pos = 0;
  end = 0;
  /** byte offset of data[0] in the stream, after decompression */
  offset = 0;
  /** no byte will follow data[end - 1] */
  eof = false;

  /** bytes beyond which it never grows */
  readonly most: number;
  private readonly place: WindowPlace;
  private readonly size: number;
  private area: Area | null = null;

  /** @param size bytes to begin with, 1..`most` @param most bytes that it may have, up to MAX_WINDOW_BYTES */
  constructor(size: number = WINDOW_BYTES, place: WindowPlace = new PlainPlace(), most: number = MAX_WINDOW_BYTES) {
    this.most = most;
    this.place = place;
    this.size = size;
    this.data = this.allocate(size);
  }

  private allocate(size: number): Uint8Array {
    const before = this.area;
    const area = this.place.allocate(size);
    this.area = area;
    this.address = area.address;
    const data = new Uint8Array(area.buffer, area.offset, size);
    data.set(this.data.subarray(0, this.end));
    if (before !== null) this.place.giveBack?.(before);
    return data;
  }

  /** Gives its memory back until there is to be room again: the next byte is the one at this offset in the stream. */
  rest(offset: number): void {
    if (this.area !== null) this.place.giveBack?.(this.area);
    this.area = null;
    this.data = NOTHING;
    this.address = 0;
    this.pos = 0;
    this.end = 0;
    this.offset = offset;
    this.eof = false;
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
   * @throws RangeError if `most` unread bytes are waiting already: readers must not ask for more
   */
  ensureRoom(): void {
    this.compact();
    if (this.end < this.data.length) return;
    if (this.data.length >= this.most) throw new RangeError(`a window holds at most ${this.most} bytes`);
    this.data = this.allocate(Math.min(Math.max(this.data.length * 2, this.size), this.most));
  }
}

/** Windows' memory that goes from one file to the next. */
export class WindowPool implements WindowPlace {
  private readonly place: Pick<Place, 'allocate'>;
  private readonly sizes = new Map<Area, number>();
  private readonly free: Area[] = [];

  constructor(place: Pick<Place, 'allocate'>) {
    this.place = place;
  }

  allocate(bytes: number): Area {
    const at = this.free.findLastIndex((area) => this.sizes.get(area)! >= bytes);
    if (at >= 0) return this.free.splice(at, 1)[0]!;
    const area = this.place.allocate(bytes);
    this.sizes.set(area, bytes);
    return area;
  }

  giveBack(area: Area): void {
    this.free.push(area);
  }
}
