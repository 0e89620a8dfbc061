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

function createDecoder(compression: Compression): Transform {
  return compression === 'gzip' ? createGunzip() : new ZstdDecoder();
}

/**
 * Decompresses while reading. The decoder gets one piece at a time and its output is taken as soon as it comes: a stream
 * that fails throws away what it has buffered, and everything before a cut shall be
 * delivered. Of data that is not cut but wrong, zlib keeps back what the piece gave before the error: 16 KiB at most.
 */
export class DecompressSource implements ByteSource {
  damage: string | null = null;
  readonly #compression: Compression;
  readonly #source: ByteSource;
  readonly #input: ByteWindow;
  readonly #decoder: Transform;
  #output: Uint8Array[] = [];
  #over = false;
  #inputOver = false;
  #wake: () => void = () => {};

  /** @param input a window that `source` fills; what it holds already comes first */
  constructor(compression: Compression, source: ByteSource, input: ByteWindow) {
    const decoder = createDecoder(compression);
    this.#compression = compression;
    this.#source = source;
    this.#input = input;
    this.#decoder = decoder;
    decoder.on('data', (chunk: Uint8Array) => this.#output.push(chunk));
    for (const event of ['end', 'close']) decoder.on(event, () => this.#finish(null));
    decoder.on('error', (error) => this.#finish(error));
  }

  get size(): number | null {
    return this.#source.size;
  }

  get bytesRead(): number {
    return this.#source.bytesRead;
  }

  fill(window: ByteWindow): boolean | Promise<boolean> {
    return this.#take(window) || this.#decode(window);
  }

  close(): void {
    this.#source.close();
    this.#decoder.destroy();
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
    return window.end > before;
  }

  async #decode(window: ByteWindow): Promise<boolean> {
    while (!this.#over) {
      const input = this.#input;
      if (input.pos === input.end && !this.#inputOver) {
        input.compact();
        this.#inputOver = !(await this.#source.fill(input));
        if (this.#over) break; // it failed meanwhile: nothing would answer any more
      }
      const piece = input.data.subarray(input.pos, Math.min(input.end, input.pos + PIECE_BYTES[this.#compression]));
      input.pos += piece.length;
      await this.#feed(piece);
      if (this.#take(window)) return true;
    }
    return this.#take(window);
  }

  /** Gives the decoder a piece, or tells it that there are no more; done when it has worked it off. */
  #feed(piece: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (piece.length > 0) this.#decoder.write(piece, () => resolve());
      else this.#decoder.end();
    });
  }

  #finish(error: Error | null): void {
    this.#over = true;
    this.damage ??= this.#source.damage;
    if (error !== null) {
      const state = errorCode(error) === 'Z_BUF_ERROR' ? 'cut' : 'damaged';
      this.damage ??= `the ${this.#compression} data is ${state} (${error.message})`;
    }
    this.#wake();
  }
}
