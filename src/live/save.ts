/** `-w FILE`: saves what is captured, in one file or in several that follow each other. */

import { statSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode, InputError, whyNotWritten } from '../input/errors.ts';
import { RecordFile } from './save-file.ts';
import { expandName, hasConversions, numberedName } from './save-names.ts';
import type { RecordRun, RecordTaker } from './tap-records.ts';

/** Packets can't be saved, or not any longer. */
export class SaveError extends InputError {}

export interface SaveOptions {
  /** bytes that a file has at most, unless its head and a single record are more: what does not fit begins the next file */
  rotateBytes?: number | undefined;
  /** seconds after which the next packet begins another file */
  rotateSeconds?: number | undefined;
  /** files that are kept of those written, at least 1: the oldest is removed */
  keep?: number | undefined;
  /** Called once, where no more can be saved: the file is closed, and has whole records. Not for what the constructor throws. */
  onError: (error: SaveError) => void;
  /** ms since 1970 */
  now?: (() => number) | undefined;
}

/** What was saved. */
export interface Saved {
  /** the newest file */
  path: string;
  /** files that were begun */
  files: number;
  /** in all files together, those that were removed among them */
  packets: number;
  bytes: number;
}

/** How long bytes wait at most to be given to the system, milliseconds. */
const FLUSH_MS = 1000;

/**
 * Writes to a file what the stream has: without rotation what `tcpdump -w` or `dumpcap -w` would have written; with it every
 * file begins with the head that its records need. The system is given whole records, in pieces of 64 KiB or what a second
 * brought: others can read the file meanwhile. Written synchronously: a disk that is too slow slows the reading, and then the
 * kernel drops packets.
 *
 * The name's conversions (save-names.ts) are replaced when a file is begun, in UTC. Where a rotation would give the same
 * name again, and where there are no conversions, files are numbered: web-00001.pcap. A file that is there is overwritten,
 * as by tcpdump.
 */
export class PacketFile implements RecordTaker {
  readonly #pattern: string;
  readonly #options: SaveOptions;
  readonly #now: () => number;
  #file: RecordFile | null = null;
  #blocks: readonly Uint8Array[] = [];
  #dueAt = Number.POSITIVE_INFINITY;
  /** the last name before it was numbered, and how many files had it, one after the other */
  #name = '';
  #times = 0;
  /** files that are there, the oldest first; only where some are to be removed */
  #kept: string[] = [];
  readonly #saved: Saved = { path: '', files: 0, packets: 0, bytes: 0 };
  #timer: NodeJS.Timeout | undefined;

  /**
   * Begins the first file, so that what can't be written is told before anything is captured.
   * @param path its folder must exist
   * @throws SaveError
   */
  constructor(path: string, options: SaveOptions) {
    this.#pattern = path;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    try {
      this.#begin();
    } catch (error) {
      throw saveError(this.#saved.path, error);
    }
  }

  /** As of now. */
  get saved(): Saved {
    const { path, files, packets, bytes } = this.#saved;
    return { path, files, packets: packets + (this.#file?.packets ?? 0), bytes: bytes + (this.#file?.bytes ?? 0) };
  }

  head(blocks: readonly Uint8Array[], added: Uint8Array): void {
    this.#blocks = blocks;
    const { rotateBytes = Number.POSITIVE_INFINITY } = this.#options;
    this.#guarded((file) => {
      if (file.records > 0 && file.bytes + added.length > rotateBytes) this.#rotate();
      else file.addHead(file.bytes === 0 ? blocks : [added]);
    });
  }

  records(run: RecordRun): void {
    this.#guarded((file) => {
      if (file.records > 0 && this.#now() >= this.#dueAt) this.#rotate();
      this.#addAll(run);
      if (this.#file?.isWaiting) this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref();
    });
  }

  stopped(why: string): void {
    if (this.#file === null) return;
    this.close();
    const hint = 'What was saved before is whole. Another --backend may do better.';
    this.#options.onError(new SaveError(`can't save more to ${this.#saved.path}`, why, hint));
  }

  /** Ends the file. */
  close(): void {
    this.#guarded((file) => this.#end(file));
    clearTimeout(this.#timer);
  }

  #addAll(run: RecordRun): void {
    const { rotateBytes } = this.#options;
    let from = 0;
    for (let i = 0; rotateBytes !== undefined && i < run.count; i++) {
      const before = from === 0 ? run.start : run.ends[from - 1]!;
      const isEmpty = this.#file!.records === 0 && i === from;
      if (isEmpty || this.#file!.bytes + run.ends[i]! - before <= rotateBytes) continue;
      this.#file!.addRecords(run, from, i);
      this.#rotate();
      from = i;
    }
    this.#file!.addRecords(run, from, run.count);
  }

  #flush(): void {
    this.#timer = undefined;
    this.#guarded((file) => file.flush());
  }

  #rotate(): void {
    this.#end(this.#file!);
    this.#begin();
    this.#file!.addHead(this.#blocks);
    const { keep } = this.#options;
    if (keep === undefined) return;
    while (this.#kept.length > Math.max(1, keep)) removeFile(this.#kept.shift()!);
  }

  #begin(): void {
    const now = this.#now();
    const { rotateBytes, rotateSeconds, keep } = this.#options;
    const name = expandName(this.#pattern, new Date(now));
    this.#times = name === this.#name ? this.#times + 1 : 1;
    this.#name = name;
    const isNumbered = !hasConversions(this.#pattern) && (rotateBytes ?? rotateSeconds) !== undefined;
    const path = isNumbered || this.#times > 1 ? numberedName(name, this.#times) : name;
    this.#saved.path = path;
    if (isPipe(path)) throw new SaveError(`can't write ${path}`, 'it is a pipe', 'Name a file.');
    this.#file = new RecordFile(path);
    this.#saved.files++;
    if (rotateSeconds !== undefined) this.#dueAt = now + rotateSeconds * 1000;
    // A name that comes again, as of %H the next day, is that of the newest file now.
    if (keep !== undefined) this.#kept = [...this.#kept.filter((other) => other !== path), path];
  }

  #end(file: RecordFile): void {
    file.flush();
    this.#leave(file);
    file.close();
  }

  #leave(file: RecordFile): void {
    this.#file = null;
    this.#saved.packets += file.packets;
    this.#saved.bytes += file.bytes;
  }

  /** Nothing is saved any more once something has failed. */
  #guarded(step: (file: RecordFile) => void): void {
    if (this.#file === null) return;
    try {
      step(this.#file);
    } catch (error) {
      this.#giveUp(error);
    }
  }

  #giveUp(error: unknown): void {
    const file = this.#file;
    clearTimeout(this.#timer);
    const told = saveError(this.#saved.path, error);
    try {
      file?.giveUp();
    } catch {
      // The first failure is the one to tell.
    }
    if (file !== null) this.#leave(file);
    const hint = `What was saved before is whole. ${told.hint}`;
    this.#options.onError(new SaveError(told.what, told.why, hint));
  }
}

function saveError(path: string, error: unknown): SaveError {
  if (error instanceof SaveError) return error;
  const what = `can't write ${path}`;
  const code = errorCode(error);
  if (code === 'EISDIR') return new SaveError(what, 'it is a folder', 'Name a file.');
  if (code === 'ENOENT') {
    const folder = dirname(path);
    return new SaveError(what, `the folder ${folder} does not exist`, `Create it first: mkdir -p ${folder}`);
  }
  return new SaveError(what, ...whyNotWritten(error));
}

/** To open one would wait for a reader. */
function isPipe(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFIFO() ?? false;
}

/** @throws SaveError, not where somebody else has removed it */
function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw new SaveError(`can't remove ${path}`, ...whyNotWritten(error));
  }
}
