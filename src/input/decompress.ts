/** Compressed captures: a source around another source. */
import type { Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errorCode } from './errors.ts';
import type { ByteSource } from './source.ts';
import type { ByteWindow } from './window.ts';
import { ZstdDecoder } from './zstd.ts';

export type Compression = 'gzip' | 'zstd';

/**
 * Bytes that the decoder gets at once: small, since what becomes of them must be held. A byte may become a thousand in
 * gzip, four bytes 128 KiB in zstd: 16 MiB and 64 MiB at most.
 */
const PIECE_BYTES = { gzip: 16_384, zstd: 2048 } as const;

/** Where so much waits already, of all sources, a decoder gets less at once: 64 KiB and 512 KiB may become of it. */
const MOST_WAITING = 32 << 20;
const SMALL_PIECE_BYTES = { gzip: 64, zstd: 16 } as const;

/** Compressed bytes up to which an error is come closer to. */
const MOST_KEPT = 1 << 20;
/** Into so many the piece with the error is divided each time. */
const PARTS = 128;
/** A decoder can't go on in the middle: it begins anew where no more than this is to be passed over, bytes, and not for ever. */
const MOST_REPEATED = 1 << 20;
const MOST_BEGINNINGS = 4;

/**
 * Decompresses while reading. The decoder gets one piece at a time and its output is taken as soon as it comes: a stream
 * that fails throws away what it has buffered, and everything before a cut shall be delivered. Of data that is not cut
 * but wrong, zlib keeps back what it had before the error, 16 KiB at most. Of a small file this may be all: the first
 * MiB is kept, and decompressed once more, byte by byte at last.
 */
export class DecompressSource implements ByteSource {
  damage: string | null = null;
  readonly #compression: Compression;
  readonly #source: ByteSource;
  readonly #input: ByteWindow;
  /** null: to be started, at the first byte */
  #decoder: Transform | null;
  /** what was fed so far, the last piece at the end; null where it has become too much */
  #fed: Uint8Array[] | null;
  #fedBytes = 0;
  /** bytes that came out so far */
  #produced = 0;
  /** bytes that will come out a second time */
  #repeated = 0;
  #beginnings = 0;
  #output: Uint8Array[] = [];
  /** bytes in `#output`, and in those of all sources */
  #waiting = 0;
  static #allWaiting = 0;
  #over = false;
  /** the decoder has failed, and a second try is to be made */
  #replays = false;
  #inputOver = false;
  #wake: () => void = () => {};

  /** @param input a window that `source` fills; what it holds already comes first */
  constructor(compression: Compression, source: ByteSource, input: ByteWindow) {
    this.#compression = compression;
    this.#source = source;
    this.#input = input;
    this.#fed = this.#keptAtFirst();
    this.#decoder = this.#start();
  }

  #keptAtFirst(): Uint8Array[] | null {
    return this.#compression === 'gzip' ? [] : null;
  }

  #start(): Transform {
    const decoder = this.#compression === 'gzip' ? createGunzip() : new ZstdDecoder();
    // one that is done with may tell more
    decoder.on('data', (chunk: Uint8Array) => (decoder === this.#decoder ? this.#add(chunk) : undefined));
    for (const event of ['end', 'close']) decoder.on(event, () => this.#finish(decoder, null));
    decoder.on('error', (error) => this.#finish(decoder, error));
    return decoder;
  }

  #add(chunk: Uint8Array): void {
    const repeated = Math.min(this.#repeated, chunk.length);
    this.#repeated -= repeated;
    this.#produced += chunk.length - repeated;
    if (repeated === chunk.length) return;
    this.#output.push(chunk.subarray(repeated));
    this.#count(chunk.length - repeated);
  }

  #count(bytes: number): void {
    this.#waiting += bytes;
    DecompressSource.#allWaiting += bytes;
  }

  get size(): number | null {
    return this.#source.size;
  }

  get bytesRead(): number {
    return this.#source.bytesRead;
  }

  get leftOff(): boolean {
    return this.#source.leftOff === true;
  }

  fill(window: ByteWindow): boolean | Promise<boolean> {
    return this.#take(window) || this.#decode(window);
  }

  suspend(offset: number): boolean {
    if (offset > MOST_REPEATED || this.#beginnings === MOST_BEGINNINGS || !this.#source.suspend(0)) return false;
    this.#beginnings++;
    this.#stop();
    this.#fed = this.#keptAtFirst();
    this.#fedBytes = 0;
    this.#produced = offset;
    this.#repeated = offset;
    this.#over = false;
    this.#inputOver = false;
    return true;
  }

  close(): void {
    this.#source.close();
    this.#over = true;
    this.#stop();
  }

  #stop(): void {
    const decoder = this.#decoder;
    this.#decoder = null;
    decoder?.destroy();
    this.#output = [];
    this.#count(-this.#waiting);
    this.#input.rest(0);
  }

  #take(window: ByteWindow): boolean {
    const before = window.end;
    while (this.#output.length > 0 && window.end < window.data.length) {
      const chunk = this.#output[0]!;
      const part = chunk.subarray(0, window.data.length - window.end);
      window.data.set(part, window.end);
      window.end += part.length;
      if (part.length === chunk.length) this.#output.shift();
      else this.#output[0] = chunk.subarray(part.length);
    }
    this.#count(before - window.end);
    return window.end > before;
  }

  async #decode(window: ByteWindow): Promise<boolean> {
    while (!this.#over) {
      const input = this.#input;
      if (input.pos === input.end && !this.#inputOver) {
        input.ensureRoom();
        this.#inputOver = !(await this.#source.fill(input));
        if (this.#over) break; // it failed meanwhile: nothing would answer any more
      }
      const most = (DecompressSource.#allWaiting > MOST_WAITING ? SMALL_PIECE_BYTES : PIECE_BYTES)[this.#compression];
      const piece = input.data.subarray(input.pos, Math.min(input.end, input.pos + most));
      input.pos += piece.length;
      this.#keep(piece);
      await this.#feed(piece);
      while (this.#replays) await this.#feedAgain();
      if (this.#take(window)) return true;
    }
    return this.#take(window);
  }

  /** Gives the decoder a piece, or tells it that there are no more; done when it has worked it off. */
  #feed(piece: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#decoder ??= this.#start();
      // An error comes as an event, by which all that follows is arranged.
      if (piece.length > 0) this.#decoder.write(piece, (error) => (error ? undefined : resolve()));
      else this.#decoder.end();
    });
  }

  #keep(piece: Uint8Array): void {
    this.#fedBytes += piece.length;
    if (this.#fedBytes > MOST_KEPT) this.#fed = null;
    if (piece.length > 0) this.#fed?.push(Uint8Array.from(piece));
  }

  /** Decompresses all anew, the last piece in small parts, so that nothing before the error is lost: twice, with a byte at last. */
  async #feedAgain(): Promise<void> {
    const pieces = this.#fed ?? [];
    const last = pieces.pop() ?? new Uint8Array(0);
    const step = Math.ceil(last.length / PARTS);
    this.#replays = false;
    this.#fed = null;
    this.#repeated = this.#produced;
    this.#decoder = this.#start();
    for (const piece of pieces) if (!this.#over) await this.#feed(piece);
    if (step > 1) this.#fed = pieces;
    for (let i = 0; i < last.length && !this.#over && !this.#replays; i += step) {
      const part = last.subarray(i, i + step);
      this.#fed?.push(part);
      await this.#feed(part);
    }
  }

  #finish(decoder: Transform, error: Error | null): void {
    // one that is done with may close late
    if (decoder !== this.#decoder || this.#over) return;
    const isCut = errorCode(error) === 'Z_BUF_ERROR';
    if (error !== null && !isCut && this.#fed !== null) {
      this.#replays = true;
      this.#wake();
      return;
    }
    this.#over = !this.#replays;
    this.damage ??= this.#source.damage;
    if (error !== null) {
      this.damage ??= `the ${this.#compression} data is ${isCut ? 'cut' : 'damaged'} (${error.message})`;
    }
    this.#wake();
  }
}
