/** Where bytes come from: a regular file, or a stream (pipe, FIFO, standard input, another program). */
import { closeSync, readSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { errorCode } from './errors.ts';
import type { ByteWindow } from './window.ts';

export interface ByteSource {
  /** bytes in all, before decompression; null where that can't be known */
  readonly size: number | null;
  /** bytes read so far, before decompression */
  readonly bytesRead: number;
  /** why the bytes ended before their time (a read error, compressed data that is cut), or null */
  readonly damage: string | null;
  /** whoever follows the file wanted no more of it: what is incomplete at its end is no damage */
  readonly leftOff?: boolean;
  /**
   * Appends at least one byte to the window, which has room for it; a promise only where one has to wait.
   * @returns false at the end of the input
   */
  fill(window: ByteWindow): boolean | Promise<boolean>;
  /** Frees what the source holds. May be called more than once. */
  close(): void;
}

/** What a failed read is called. */
export function readFailure(error: unknown): string {
  return `reading failed: ${errorCode(error) || String(error)}`;
}

/** A regular file, read synchronously into the window: the fastest way that Node has. */
export class FileSource implements ByteSource {
  readonly size: number | null;
  bytesRead = 0;
  damage: string | null = null;
  #descriptor: number;

  /**
   * @param descriptor an open file, which the source closes; standard input (0) stays open
   * @param size bytes that it holds
   */
  constructor(descriptor: number, size: number) {
    this.#descriptor = descriptor;
    this.size = size;
  }

  fill(window: ByteWindow): boolean {
    if (this.#descriptor < 0) return false;
    try {
      const got = readSync(this.#descriptor, window.data, window.end, window.data.length - window.end, null);
      window.end += got;
      this.bytesRead += got;
      return got > 0;
    } catch (error) {
      this.damage = readFailure(error);
      return false;
    }
  }

  close(): void {
    closeDescriptor(this.#descriptor);
    this.#descriptor = -1;
  }
}

/** Whether a path, which may be wrong, is of what can be read once only: a FIFO, a process substitution, a device. */
export function isReadOnce(path: string): boolean {
  if (path === '-') return true;
  try {
    const stat = statSync(path);
    return !stat.isFile() && !stat.isDirectory();
  } catch {
    return false;
  }
}

/** Closes a file; not standard input (0), nor what is closed (-1). */
export function closeDescriptor(descriptor: number): void {
  if (descriptor > 0) closeSync(descriptor);
}

/** Any readable stream of bytes. It is read only as fast as the window empties. */
export class StreamSource implements ByteSource {
  readonly size = null;
  bytesRead = 0;
  damage: string | null = null;
  /** what the stream failed with, for an error message */
  error: unknown = null;
  readonly #stream: Readable;
  #rest: Uint8Array | null = null;
  #over = false;
  #wake: () => void = () => {};

  /** @param stream not in object mode, without an encoding; destroyed by `close` */
  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on('readable', () => this.#wake());
    for (const event of ['end', 'close']) stream.on(event, () => this.#finish());
    stream.on('error', (error) => {
      this.error = error;
      this.damage = readFailure(error);
      this.#finish();
    });
    this.#over = stream.readableEnded || stream.destroyed;
  }

  fill(window: ByteWindow): boolean | Promise<boolean> {
    return this.#take(window) || this.#wait(window);
  }

  close(): void {
    this.#stream.destroy();
  }

  #take(window: ByteWindow): boolean {
    const chunk: Uint8Array | null = this.#rest ?? this.#stream.read();
    if (chunk === null || chunk.length === 0) return false;
    const room = window.data.length - window.end;
    const part = chunk.length > room ? chunk.subarray(0, room) : chunk;
    this.#rest = chunk.length > room ? chunk.subarray(room) : null;
    window.data.set(part, window.end);
    window.end += part.length;
    this.bytesRead += part.length;
    return true;
  }

  async #wait(window: ByteWindow): Promise<boolean> {
    while (!this.#over) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (this.#take(window)) return true;
    }
    return false;
  }

  #finish(): void {
    this.#over = true;
    this.#wake();
  }
}
