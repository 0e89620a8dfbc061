/** Where the records of a capture lie in a stream of bytes that comes in chunks of any size. */

import { Framing, HEAD, type Kind, NO_FRAME, NOT_KNOWN, PACKET } from './tap-framing.ts';

/** Bytes of a run, unless a single record is longer. */
export const RUN_BYTES = 64 << 10;
const MOST_RECORDS = 4096;
/** Of all descriptions of interfaces together: they are kept. */
const MOST_HEAD_BYTES = 1 << 20;
/** What is held for a record in several chunks at first, and after a longer one again. */
const CARRY_BYTES = 64 << 10;

/** Whole records that lie one behind the other. Reused: nothing of it may be kept. */
export class RecordRun {
  /** the records are data[start..end) */
  data: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** records; of these, those that have a frame number, and those that are packets */
  count = 0;
  frames = 0;
  packets = 0;
  /** of each record: where it ends in `data`, and its kind */
  readonly ends: Int32Array = new Int32Array(MOST_RECORDS);
  readonly kinds: Uint8Array = new Uint8Array(MOST_RECORDS);

  begin(data: Uint8Array, at: number): void {
    this.data = data;
    this.start = at;
    this.end = at;
    this.count = 0;
    this.frames = 0;
    this.packets = 0;
  }

  /** Whether a record of so many bytes may be added. */
  hasRoom(bytes: number): boolean {
    return this.count === 0 || (this.count < MOST_RECORDS && this.end - this.start + bytes <= RUN_BYTES);
  }

  add(bytes: number, kind: Kind): void {
    this.end += bytes;
    this.ends[this.count] = this.end;
    this.kinds[this.count] = kind;
    this.count++;
    if (kind !== NO_FRAME) this.frames++;
    if (kind === PACKET) this.packets++;
  }
}

/** Who is told of the records. Must not throw. */
export interface RecordTaker {
  /**
   * What stands before records: the file header, or of pcapng the section header and its interfaces, which may come later too.
   * @param blocks all that a file needs before the records that follow: it grows, and is another array for another section
   * @param added what the stream has at this place: the last of `blocks`
   */
  head(blocks: readonly Uint8Array[], added: Uint8Array): void;
  records(run: RecordRun): void;
  /** The bytes from here on are no records; nothing more is told. @param why for humans */
  stopped(why: string): void;
}

/** Finds the records of pcap (micro- and nanoseconds) and pcapng, in either byte order. */
export class RecordSplitter {
  readonly #takers: readonly RecordTaker[];
  readonly #framing = new Framing();
  readonly #run = new RecordRun();
  #blocks: Uint8Array[] = [];
  #headBytes = 0;
  /** the beginning of a record of which the rest is to come */
  #carry: Uint8Array = new Uint8Array(CARRY_BYTES);
  #carried = 0;
  #stopped = false;

  constructor(takers: readonly RecordTaker[]) {
    this.#takers = takers;
  }

  /** @param chunk the stream's next bytes; they are not kept */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (this.#carried > 0 && at < chunk.length && !this.#stopped) at = this.#complete(chunk, at);
    if (at < chunk.length && !this.#stopped) at = this.#walk(chunk, at, chunk.length);
    if (at < chunk.length && !this.#stopped) this.#keep(chunk, at, chunk.length);
  }

  /** Adds to what is carried, at most to the record's end. @returns how far the chunk was used */
  #complete(chunk: Uint8Array, at: number): number {
    const need = this.#needed();
    const end = Math.min(chunk.length, at + need - this.#carried);
    this.#keep(chunk, at, end);
    if (this.#carried < need) return end;
    // What told no more than its length goes on to be carried.
    const taken = this.#walk(this.#carry, 0, this.#carried);
    this.#carried -= taken;
    if (this.#carried === 0 && this.#carry.length > CARRY_BYTES) this.#carry = new Uint8Array(CARRY_BYTES);
    return end;
  }

  /** Bytes of what is carried that are needed to go on: its header, or all of it. */
  #needed(): number {
    const length = this.#framing.lengthAt(this.#carry, 0, this.#carried);
    return length === NOT_KNOWN ? this.#framing.headerBytes : length;
  }

  /** The buffer grows with the bytes that are there: a length that lies costs nothing. */
  #keep(chunk: Uint8Array, from: number, to: number): void {
    const total = this.#carried + to - from;
    if (total > this.#carry.length) {
      const grown = new Uint8Array(Math.max(total, 2 * this.#carry.length));
      grown.set(this.#carry.subarray(0, this.#carried));
      this.#carry = grown;
    }
    this.#carry.set(chunk.subarray(from, to), this.#carried);
    this.#carried = total;
  }

  /** Takes all that lies whole in data[from..end). @returns where the rest begins */
  #walk(data: Uint8Array, from: number, end: number): number {
    const run = this.#run;
    const framing = this.#framing;
    let at = from;
    run.begin(data, at);
    for (;;) {
      const length = framing.lengthAt(data, at, end);
      if (length === NOT_KNOWN || at + length > end) break;
      const kind = framing.pass(data, at, length);
      if (kind === null) break;
      if (kind === HEAD || !run.hasRoom(length)) {
        this.#deliver();
        run.begin(data, kind === HEAD ? at + length : at);
      }
      if (kind === HEAD) this.#addHead(new Uint8Array(data.subarray(at, at + length)), framing.beginsAnew(data, at));
      else run.add(length, kind);
      at += length;
    }
    this.#deliver();
    run.begin(data, at);
    if (framing.damage !== null) this.#stop(framing.damage);
    return at;
  }

  #deliver(): void {
    if (this.#run.count > 0) for (const taker of this.#takers) taker.records(this.#run);
  }

  #addHead(block: Uint8Array, beginsAnew: boolean): void {
    if (beginsAnew) {
      this.#blocks = [];
      this.#headBytes = 0;
    }
    this.#headBytes += block.length;
    if (this.#headBytes > MOST_HEAD_BYTES) this.#framing.damage ??= 'its interfaces have descriptions without end';
    else {
      this.#blocks.push(block);
      for (const taker of this.#takers) taker.head(this.#blocks, block);
    }
  }

  #stop(why: string): void {
    this.#stopped = true;
    for (const taker of this.#takers) taker.stopped(why);
  }
}
