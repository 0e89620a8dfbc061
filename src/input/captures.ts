/** The input layer's entry: one or more captures, read as one sequence of numbered records. */

import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { type Place, PlainPlace } from '../kernel/place.ts';
import { InputError } from './errors.ts';
import { checkFollowed } from './follow.ts';
import { linkTypeName } from './linktypes.ts';
import { Head, HeadHeap } from './merge.ts';
import { namesOf } from './names.ts';
import { openCapture } from './open.ts';
import { type BulkSink, NEED_DATA, RECORD, type ReadResult } from './reader.ts';
import { Rota } from './rota.ts';
import type { CaptureRecord, FileDamage, FileSummary, RecordOrigin } from './types.ts';
import { MAX_WINDOW_BYTES, WINDOW_BYTES, WindowPool } from './window.ts';

/** How long the event loop may wait for us, milliseconds: signals and timers work between. */
const SLICE_MS = 50;
/** All windows together, bytes, as long as there are fewer files than this holds smallest windows. */
const ALL_WINDOWS_BYTES = 16 << 20;
const SMALLEST_WINDOW_BYTES = 64 << 10;
/** What all may grow to, bytes, and one at least: records that claim to be so long are rare, and most of these lie. */
const GROWN_WINDOWS_BYTES = 256 << 20;
const LEAST_GROWTH_BYTES = 1 << 20;
/** Files whose windows are held at a time. */
const MOST_HELD = ALL_WINDOWS_BYTES / SMALLEST_WINDOW_BYTES;
/** Files that stay open all the time: four threads may do so, of 256 descriptors where there are no more. */
const MOST_OPEN = 48;

export type { FileDamage, FileSummary, Moment } from './types.ts';

export interface CaptureOptions {
  /**
   * Called about every 50 ms, once where more is waited for, and at the end.
   * @param bytesRead of all files, before decompression
   * @param total size of all files in bytes, null where one is a pipe
   * @param packets delivered so far
   */
  onProgress?: ((bytesRead: number, total: number | null, packets: number) => void) | undefined;
  /** what '-' reads, in place of the process's standard input: another program's output, say */
  stdin?: Readable | undefined;
  /** frames of the one input that are missing before its first: what `forEach` gives without `bulk` is numbered from there on */
  framesBefore?: number | undefined;
  /** where the bytes are to stand while they are read */
  place?: Place | undefined;
  /** the one file is followed as it grows, until this is aborted */
  follow?: AbortSignal | undefined;
}

/**
 * Opens all captures and looks what they are; nothing is delivered yet.
 * @param paths at least one; '-' is standard input
 * @throws InputError where one can't be opened, is empty or is no capture; none stays open then
 */
export async function openCaptures(paths: readonly string[], options: CaptureOptions = {}): Promise<CaptureSet> {
  if (paths.filter((path) => path === '-').length > 1) {
    throw new InputError("can't read - twice", 'there is one standard input only', 'name - once');
  }
  const { stdin, follow } = options;
  if (follow !== undefined) checkFollowed(paths);
  const share = Math.floor(ALL_WINDOWS_BYTES / Math.max(1, paths.length));
  const windowBytes = Math.max(SMALLEST_WINDOW_BYTES, Math.min(WINDOW_BYTES, share));
  const grown = Math.floor(GROWN_WINDOWS_BYTES / Math.max(1, paths.length));
  const mostBytes = Math.max(LEAST_GROWTH_BYTES, Math.min(MAX_WINDOW_BYTES, grown));
  const place = new WindowPool(options.place ?? new PlainPlace());
  const filesStayOpen = paths.length <= MOST_OPEN;
  const heads: Head[] = [];
  const rota = new Rota(MOST_HELD);
  try {
    const names = namesOf(paths);
    for (const [i, path] of paths.entries()) {
      const capture = await openCapture(path, {
        name: names[i],
        windowBytes,
        mostBytes,
        stdin,
        place,
        filesStayOpen,
        follow,
      });
      const head = new Head(capture, heads.length);
      heads.push(head);
      rota.add(head);
    }
  } catch (error) {
    for (const { capture } of heads) capture.close();
    throw error;
  }
  return new CaptureSet(heads, rota, options);
}

/** Opened captures. `files`, `damage` and `dropped` are complete when `forEach` is done. */
export class CaptureSet {
  readonly #heads: readonly Head[];
  readonly #rota: Rota;
  readonly #onProgress: CaptureOptions['onProgress'];
  readonly #framesBefore: number;
  /** called where more is waited for */
  onWait: (() => void) | null = null;
  /** since when more is waited for, performance.now(), known after 50 ms; null: there is more */
  waitingSince: number | null = null;
  /** frame numbers given so far: packets, and blocks that Wireshark numbers as well */
  #frames = 0;
  #sliceEnd = 0;

  constructor(heads: readonly Head[], rota: Rota, { onProgress, framesBefore = 0 }: CaptureOptions) {
    this.#heads = heads;
    this.#rota = rota;
    this.#onProgress = onProgress;
    this.#framesBefore = framesBefore;
  }

  /** In the order in which they were named. */
  get files(): FileSummary[] {
    return this.#heads.map(({ capture, clock }) => ({
      name: capture.name,
      format: capture.format,
      linkTypes: Array.from(capture.reader.linkTypes, linkTypeName),
      packets: clock.packets,
      bytes: capture.source.bytesRead,
      first: clock.first,
      last: clock.last,
    }));
  }

  /** One entry at most for each file. */
  get damage(): FileDamage[] {
    return this.#heads.flatMap(({ capture }) => {
      const damage = capture.damage;
      return damage === null ? [] : [{ file: capture.name, ...damage }];
    });
  }

  /** Bytes of all files, where they can be opened and read once more and are not compressed; null else. */
  get rereadableBytes(): number | null {
    let bytes = 0;
    for (const { capture } of this.#heads) {
      const { size } = capture.source;
      if (size === null || capture.format !== capture.reader.format) return null;
      bytes += size;
    }
    return bytes;
  }

  /** Whether all are files, which can be read again; pipes can't. */
  get rereadable(): boolean {
    return this.#heads.every(({ capture }) => capture.source.size !== null);
  }

  /** Packets that the capturing kernels dropped; null where no file says. */
  get dropped(): number | null {
    const known = this.#heads.map(({ capture }) => capture.reader.dropped).filter((dropped) => dropped !== null);
    return known.length === 0 ? null : known.reduce((sum, dropped) => sum + dropped, 0);
  }

  /** Where the record comes from that `forEach` is delivering; null for any other. */
  originOf(record: CaptureRecord): RecordOrigin | null {
    return this.#heads.find((head) => head.record === record)?.origin() ?? null;
  }

  /**
   * Delivers every record, numbered from 1; several files are merged by time as mergecap does it: the earliest of
   * the files' next records comes next, and there is no sorting inside a file. Where times are equal the file named
   * first comes first (mergecap 4.0 takes the one named last). Closes the files.
   * @param sink gets a reused record: nothing of it may be kept. What it throws ends the reading.
   * @param bulk takes records of a single file before they are read one by one; those that it leaves go to `sink`
   */
  async forEach(sink: (record: CaptureRecord) => void, bulk: BulkSink | null = null): Promise<void> {
    this.#sliceEnd = performance.now() + SLICE_MS;
    try {
      const only = this.#heads.length === 1 ? this.#heads[0] : undefined;
      if (only === undefined) await this.#readMerged(sink);
      else while (this.#drain(only, sink, bulk) === NEED_DATA) await this.#refill(only);
    } finally {
      this.close();
    }
    this.#progress();
  }

  /** Closes the files without reading them. */
  close(): void {
    for (const { capture } of this.#heads) capture.close();
  }

  /** Delivers what the window of a single file holds. */
  #drain(head: Head, sink: (record: CaptureRecord) => void, bulk: BulkSink | null): ReadResult {
    const { record, clock } = head;
    const { reader, window } = head.capture;
    for (;;) {
      const { layout } = reader;
      if (layout) bulk?.takeRecords(window, layout, clock);
      const result = reader.next(record);
      if (result !== RECORD) return result;
      clock.see(record);
      record.frame = this.#framesBefore + clock.packets + reader.otherFrames;
      sink(record);
    }
  }

  async #readMerged(sink: (record: CaptureRecord) => void): Promise<void> {
    const heap = new HeadHeap();
    for (const head of this.#heads) {
      if ((await this.#isHeld(head)) && (await this.#load(head, sink))) heap.push(head);
      else this.#rota.leave(head);
    }
    for (let head = heap.top(); head !== undefined; head = heap.top()) {
      // No await where the record is there already: it would cost more than the record.
      let present = !head.isSuspended || (await this.#isHeld(head));
      if (present) {
        this.#deliver(head, sink);
        const result = this.#loadNow(head, sink);
        present = result === NEED_DATA ? await this.#load(head, sink) : result === RECORD;
      }
      if (present) heap.topChanged();
      else {
        heap.removeTop();
        this.#rota.leave(head);
      }
    }
  }

  /** Sees to it that the file's bytes are there. False: they are gone. */
  async #isHeld(head: Head): Promise<boolean> {
    if (!head.isSuspended) return true;
    await this.#giveWay();
    return await this.#rota.resume(head);
  }

  /** Makes the file's next record its head, reading on as far as necessary. False: there is none. */
  async #load(head: Head, sink: (record: CaptureRecord) => void): Promise<boolean> {
    for (;;) {
      const result = this.#loadNow(head, sink);
      if (result !== NEED_DATA) return result === RECORD;
      await this.#refill(head);
    }
  }

  /** As mergecap: a record without a time can't be ordered, so it is delivered when it is met. */
  #loadNow(head: Head, sink: (record: CaptureRecord) => void): ReadResult {
    const { reader } = head.capture;
    for (;;) {
      const before = reader.otherFrames;
      const result = reader.next(head.record);
      this.#frames += reader.otherFrames - before;
      if (result !== RECORD || head.record.hasTime) return result;
      this.#deliver(head, sink);
    }
  }

  #deliver(head: Head, sink: (record: CaptureRecord) => void): void {
    head.clock.see(head.record);
    head.record.frame = ++this.#frames;
    sink(head.record);
  }

  async #refill(head: Head): Promise<void> {
    const waiting = head.capture.refill();
    if (waiting !== undefined) await this.#waitFor(waiting);
    await this.#giveWay();
  }

  /** Lets the event loop have its turn, if it is time. */
  async #giveWay(): Promise<void> {
    if (performance.now() < this.#sliceEnd) return;
    this.#progress();
    await setImmediate();
    this.#sliceEnd = performance.now() + SLICE_MS;
  }

  /** Whoever wants to hear of progress shall, also where nothing more comes for long. */
  async #waitFor(data: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const slice = new Promise<true>((resolve) => {
      timer = setTimeout(resolve, SLICE_MS, true);
    });
    const isLate = await Promise.race([data, slice]);
    clearTimeout(timer);
    if (isLate !== true) return;
    this.waitingSince = performance.now() - SLICE_MS;
    this.onWait?.();
    this.#progress();
    await data;
    this.waitingSince = null;
  }

  #progress(): void {
    if (this.#onProgress === undefined) return;
    let bytes = 0;
    let total: number | null = 0;
    let packets = 0;
    for (const head of this.#heads) {
      const { source } = head.capture;
      bytes += source.bytesRead;
      total = total === null || source.size === null ? null : total + source.size;
      packets += head.clock.packets;
    }
    this.#onProgress(bytes, total, packets);
  }
}
