/** Where bytes come from: a regular file, or a stream (pipe, FIFO, standard input, another program). */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
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
  /**
   * Gives back what it holds until it is to go on, from this byte of what `fill` appends.
   * @returns false: it can't, and nothing has changed
   */
  suspend(offset: number): boolean;
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
  readonly #path: string | null;
  /** the file's number in its file system */
  readonly #inode: number;
  readonly #staysOpen: boolean;
  #closed = false;

  /**
   * @param descriptor an open file, which the source closes; standard input (0) stays open
   * @param size bytes that it holds
   * @param path by which it can be opened again, null where it can't
   * @param staysOpen false: it is opened anew for each piece, since there are too many files
   */
  constructor(descriptor: number, size: number, path: string | null = null, staysOpen = true) {
    this.#descriptor = descriptor;
    this.size = size;
    this.#path = path;
    this.#inode = path === null ? 0 : fstatSync(descriptor).ino;
    this.#staysOpen = staysOpen;
  }

  fill(window: ByteWindow): boolean {
    if (this.#closed) return false;
    try {
      if (this.#descriptor < 0 && !this.#openAgain()) return false;
      const position = this.#path === null ? null : this.bytesRead;
      const got = readSync(this.#descriptor, window.data, window.end, window.data.length - window.end, position);
      window.end += got;
      this.bytesRead += got;
      if (!this.#staysOpen) this.#release();
      return got > 0;
    } catch (error) {
      this.damage = readFailure(error);
      return false;
    }
  }

  suspend(offset: number): boolean {
    if (this.#path === null) return false;
    this.#release();
    this.bytesRead = offset;
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#release();
  }

  #release(): void {
    closeDescriptor(this.#descriptor);
    this.#descriptor = -1;
  }

  /** A file that has become shorter, or whose name another has taken: what was read of it says nothing about the rest. */
  #openAgain(): boolean {
    this.#descriptor = openSync(this.#path!, 'r');
    const { size, ino } = fstatSync(this.#descriptor);
    if (size >= this.size! && ino === this.#inode) return true;
    this.damage = 'was cut or replaced while it was read';
    this.#release();
    return false;
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

  suspend(): boolean {
    return false;
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
