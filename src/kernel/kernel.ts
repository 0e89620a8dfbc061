/** The WebAssembly kernel (assembly/): an instance, and the memory that it shares with the program. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as C from './control.ts';
import type { Area, Place } from './place.ts';

/** What assembly/index.ts exports. */
interface Exports {
  run(
    pos: number,
    end: number,
    linkType: number,
    fractionNs: number,
    fractions: number,
    captureLimit: number,
    frame: number,
  ): number;
  take(start: number, end: number, linkType: number, seconds: number, nanoseconds: number, frame: number): number;
  summarize(
    flow: number,
    offset: number,
    timeWait0: number,
    timeWait1: number,
    finWait0: number,
    finWait1: number,
  ): number;
}

const PAGE = 1 << 16;
/** Pages to begin with and at most, as the kernel is compiled for: 0.5 MiB, 4 GiB. */
const FIRST_PAGES = 8;
const MOST_PAGES = 1 << 16;
/** The memory grows by so many pages at least, 4 MiB: growing costs a system call. */
const GROWTH = 64;
/** What is asked for begins at a cache line. */
const LINE = 64;

let program: WebAssembly.Module | null = null;
/** One that has been released: memories are given back late, as V8 does not see what address space they take. */
let spare: Kernel | null = null;
/** Bytes of a memory that is worth keeping. */
const MOST_KEPT = 32 << 20;
const ZEROS = new Uint8Array(PAGE);

/** Shared, since then what stands in it stays where it is while the memory grows. No other thread sees it. */
export class Kernel implements Place {
  readonly words: Int32Array;
  readonly numbers: Float64Array;
  readonly exports: Exports;
  readonly #memory: WebAssembly.Memory;
  #pages = FIRST_PAGES;
  #next = C.HEAP;
  /** what stands before it may be left from an earlier analysis */
  #dirty = 0;

  /** @throws where there is no WebAssembly, or no address space for it */
  constructor() {
    program ??= new WebAssembly.Module(readFileSync(createRequire(import.meta.url).resolve('#kernel.wasm')));
    this.#memory = new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: MOST_PAGES, shared: true });
    const instance = new WebAssembly.Instance(program, { env: { memory: this.#memory } });
    this.exports = instance.exports as unknown as Exports;
    this.words = new Int32Array(this.#memory.buffer, 0, C.HEAP / 4);
    this.numbers = new Float64Array(this.#memory.buffer, 0, C.HEAP / 8);
  }

  /** Elsewhere if the memory is full: then the kernel leaves what has to do with it alone. */
  allocate(bytes: number): Area {
    const address = this.#next;
    const end = address + Math.ceil(bytes / LINE) * LINE;
    const needed = Math.ceil(end / PAGE);
    if (needed > this.#pages && !this.#grow(needed)) return { buffer: new ArrayBuffer(bytes), offset: 0, address: 0 };
    this.#next = end;
    return { buffer: this.#memory.buffer, offset: address, address };
  }

  allocateZeroed(bytes: number): Area {
    const area = this.allocate(bytes);
    if (area.address !== 0 && area.address < this.#dirty) this.#clear(area.address, area.address + bytes);
    return area;
  }

  /** To be called when nothing of it is used any more: the next analysis may have it. A large one is given up. */
  release(): void {
    if (this.#next > MOST_KEPT || spare !== null) return;
    this.#clear(0, C.HEAP);
    this.#dirty = Math.max(this.#dirty, this.#next);
    this.#next = C.HEAP;
    spare = this;
  }

  /** Copied, since V8 fills shared memory one element at a time. */
  #clear(from: number, end: number): void {
    for (let at = from; at < end; at += ZEROS.length) {
      const part = new Uint8Array(this.#memory.buffer, at, Math.min(ZEROS.length, end - at));
      part.set(part.length === ZEROS.length ? ZEROS : ZEROS.subarray(0, part.length));
    }
  }

  #grow(needed: number): boolean {
    const pages = Math.min(MOST_PAGES, Math.max(needed, this.#pages + GROWTH));
    if (pages < needed) return false;
    try {
      this.#memory.grow(pages - this.#pages);
    } catch {
      return false; // the system has no more
    }
    this.#pages = pages;
    return true;
  }
}

/** A kernel, or null where there can be none: WebAssembly switched off, address space limited. */
export function startKernel(): Kernel | null {
  const kept = spare;
  spare = null;
  if (kept !== null) return kept;
  try {
    return new Kernel();
  } catch {
    return null;
  }
}
