/** Standard output of the process that has cap: never waits for its reader while packets come in, as long as there is room. */

import { writeSync } from 'node:fs';

/**
 * Bytes that may wait for the reader. cap's buffer in the kernel has a slot of 64 KB for each packet, however small; cut off
 * and put here it needs a few hundred bytes.
 */
const MOST_WAITING = 64 << 20;
/** ms after which a full pipe is tried again */
const AGAIN = 5;

const nap = new Int32Array(new SharedArrayBuffer(4));

export class Output {
  readonly #waiting: Buffer[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor() {
    // Opening the stream makes the pipe non-blocking.
    process.stdout.on('error', () => process.exit(0));
  }

  /** Takes bytes, which the caller may change afterwards. */
  write(bytes: Buffer): void {
    if (this.#waiting.length > 0) this.#pump();
    const done = this.#waiting.length > 0 ? 0 : written(bytes);
    if (done < bytes.length) this.#keep(Buffer.from(bytes.subarray(done)));
    while (this.#bytes > MOST_WAITING) this.#waitABit(); // then the kernel's buffer takes what comes
  }

  /** Waits until all is written. */
  end(): void {
    for (this.#pump(); this.#waiting.length > 0; ) this.#waitABit();
  }

  #keep(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    this.#timer ??= setInterval(() => this.#pump(), AGAIN);
  }

  #pump(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const done = written(first);
      this.#bytes -= done;
      if (done < first.length) {
        this.#waiting[0] = first.subarray(done);
        return;
      }
      this.#waiting.shift();
    }
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #waitABit(): void {
    Atomics.wait(nap, 0, 0, AGAIN);
    this.#pump();
  }
}

/** How many of the bytes the pipe took. Where nobody reads any more the process ends. */
function written(bytes: Buffer): number {
  let done = 0;
  try {
    while (done < bytes.length) done += writeSync(1, bytes, done);
  } catch (error) {
    const isFull = error instanceof Error && 'code' in error && error.code === 'EAGAIN';
    if (!isFull) process.exit(0);
  }
  return done;
}
