/** The newest packets, kept in memory: a live capture has no file that could be read a second time. */

import { Readable } from 'node:stream';
import { type CaptureOptions, type CaptureSet, openCaptures } from '../input/captures.ts';
import { NO_FRAME, PACKET } from './tap-framing.ts';
import type { RecordRun, RecordTaker } from './tap-records.ts';

/** What is kept where nothing else is said, bytes. */
export const RING_BYTES = 32 << 20;
/** The oldest packets go in pieces of this share. */
const SLABS = 32;

interface Slab {
  bytes: Uint8Array;
  used: number;
  firstFrame: number;
  packets: number;
  /** the head of its first record: so many of these blocks */
  blocks: readonly Uint8Array[];
  blockCount: number;
  /** a snapshot has it: its memory must not be used again */
  isShared: boolean;
}

/** Keeps the newest records, by default 32 MiB of them; snapshots that are in use come on top of that. */
export class PacketRing implements RecordTaker {
  /** what evidence calls the capture, such as an interface's name */
  readonly name: string;
  readonly #most: number;
  readonly #slabBytes: number;
  #slabs: Slab[] = [];
  /** of all slabs */
  #bytes = 0;
  #blocks: readonly Uint8Array[] = [];
  #blockCount = 0;
  /** frames that the stream has had so far */
  #frames = 0;

  /** @param most bytes, from 1 KiB */
  constructor(name: string, most: number = RING_BYTES) {
    this.name = name;
    this.#most = most;
    this.#slabBytes = Math.floor(most / SLABS);
  }

  head(blocks: readonly Uint8Array[], added: Uint8Array): void {
    // Nothing is held: what comes begins with it.
    if (this.#slabs.length > 0) this.#add(added, 0, 0);
    this.#blocks = blocks;
    this.#blockCount = blocks.length;
  }

  records(run: RecordRun): void {
    if (run.end - run.start <= this.#slabBytes) {
      this.#add(run.data.subarray(run.start, run.end), run.frames, run.packets);
      return;
    }
    let start = run.start;
    for (let i = 0; i < run.count; i++) {
      const kind = run.kinds[i]!;
      this.#add(run.data.subarray(start, run.ends[i]!), kind === NO_FRAME ? 0 : 1, kind === PACKET ? 1 : 0);
      start = run.ends[i]!;
    }
  }

  /** What was kept before stays, and is as it was. */
  stopped(): void {}

  /** What it holds now, to be read as often as need be. */
  snapshot(): RingSnapshot {
    for (const slab of this.#slabs) slab.isShared = true;
    const [oldest] = this.#slabs;
    const head = oldest === undefined ? this.#blocks : oldest.blocks.slice(0, oldest.blockCount);
    return new RingSnapshot({
      name: this.name,
      framesBefore: oldest === undefined ? this.#frames : oldest.firstFrame - 1,
      packets: this.#slabs.reduce((sum, slab) => sum + slab.packets, 0),
      chunks: [...head, ...this.#slabs.map(({ bytes, used }) => bytes.subarray(0, used))],
    });
  }

  #add(bytes: Uint8Array, frames: number, packets: number): void {
    let slab = this.#slabs.at(-1);
    if (slab === undefined || slab.used + bytes.length > slab.bytes.length) slab = this.#begin(bytes.length);
    // A record that is larger than all that may be kept.
    if (slab === undefined) this.#clear();
    else {
      put(slab, bytes);
      slab.packets += packets;
    }
    this.#frames += frames;
  }

  /** A new slab, for which the oldest ones make room; undefined: it would be too large. */
  #begin(least: number): Slab | undefined {
    const size = Math.max(least, this.#slabBytes);
    if (size > this.#most) return undefined;
    let memory: Uint8Array | null = null;
    while (this.#bytes + size > this.#most) {
      const old = this.#slabs.shift()!;
      this.#bytes -= old.bytes.length;
      if (!old.isShared && old.bytes.length === size) memory = old.bytes;
    }
    const slab: Slab = {
      bytes: memory ?? new Uint8Array(size),
      used: 0,
      firstFrame: this.#frames + 1,
      packets: 0,
      blocks: this.#blocks,
      blockCount: this.#blockCount,
      isShared: false,
    };
    this.#slabs.push(slab);
    this.#bytes += size;
    return slab;
  }

  #clear(): void {
    this.#slabs = [];
    this.#bytes = 0;
  }
}

function put(slab: Slab, bytes: Uint8Array): void {
  slab.bytes.set(bytes, slab.used);
  slab.used += bytes.length;
}

interface Held {
  name: string;
  framesBefore: number;
  packets: number;
  chunks: readonly Uint8Array[];
}

/** What a ring held at one moment: a capture of its own. */
export class RingSnapshot {
  readonly name: string;
  /** frames that were captured before the first one here, and are not kept: 0 where it holds all */
  readonly framesBefore: number;
  readonly packets: number;
  readonly #chunks: readonly Uint8Array[];

  constructor({ name, framesBefore, packets, chunks }: Held) {
    this.name = name;
    this.framesBefore = framesBefore;
    this.packets = packets;
    this.#chunks = chunks;
  }

  /** The bytes, as a file would have them. */
  get chunks(): readonly Uint8Array[] {
    return this.#chunks;
  }

  /** As openCaptures() does with files; frames have the numbers that they had in the stream. @throws InputError where there is nothing yet */
  open(options: Pick<CaptureOptions, 'onProgress'> = {}): Promise<CaptureSet> {
    const stdin = Readable.from(this.#chunks, { objectMode: false });
    return openCaptures(['-'], { ...options, stdin, framesBefore: this.framesBefore });
  }
}
