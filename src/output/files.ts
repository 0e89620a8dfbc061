/** Output files that are whole or not there: written under another name in the same folder, then renamed. */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errorCode, whyNotWritten } from '../input/errors.ts';
import { plain } from './style.ts';

/** An output that can't be written, in three short parts for the user. */
export class OutputError extends Error {
  readonly what: string;
  readonly why: string;
  readonly hint: string;

  constructor(what: string, why: string, hint: string) {
    super(`${what}: ${why}`);
    this.name = 'OutputError';
    this.what = what;
    this.why = why;
    this.hint = hint;
  }
}

function outputError(path: string, error: unknown): OutputError {
  const [why, hint] = whyNotWritten(error);
  return new OutputError(`can't write ${plain(path)}`, why, hint);
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw outputError(path, error);
  }
}

/** Checks the target and gives the file that is to be replaced: behind a symbolic link, the file that it names. */
function targetOf(path: string): { target: string; mode: number | null } {
  const existing = statOf(path);
  if (existing !== null) {
    if (existing.isFile()) return { target: realpathSync(path), mode: existing.mode & 0o777 };
    const why = existing.isDirectory() ? 'it is a folder' : 'it is a device or a pipe, and no file';
    throw new OutputError(`can't write ${plain(path)}`, why, 'Name a file, or use -f to write to standard output.');
  }
  const folder = dirname(path);
  const parent = statOf(folder);
  if (parent?.isDirectory()) return { target: path, mode: null };
  const why = parent === null ? `the folder ${plain(folder)} does not exist` : `${plain(folder)} is not a folder`;
  throw new OutputError(`can't write ${plain(path)}`, why, `Create it first: mkdir -p ${plain(folder)}`);
}

/** Texts that follow each other are joined first: a character may be in two of them. */
function bytesOf(chunks: readonly (string | Uint8Array)[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let text = '';
  for (const chunk of chunks) {
    if (typeof chunk === 'string') text += chunk;
    else {
      parts.push(Buffer.from(text), chunk);
      text = '';
    }
  }
  return Buffer.concat([...parts, Buffer.from(text)]);
}

/** Whether a path is that of one of these files, under whatever name. @throws OutputError where that can't be told */
export function isOneOf(path: string, files: readonly string[]): boolean {
  const file = statOf(path);
  return file !== null && files.some((other) => isFile(other, file));
}

/** A path that leads nowhere is no file's: whoever opens it will hear why. */
function isFile(path: string, { ino, dev }: Stats): boolean {
  try {
    const stat = statSync(path);
    return stat.ino === ino && stat.dev === dev;
  } catch {
    return false;
  }
}

const FLUSH_AT = 64 * 1024;

/**
 * A file that appears under its name only with commit(). Whatever fails, the temporary file is removed, and a file that
 * was there before stays as it was.
 */
export class AtomicFile {
  readonly path: string;
  readonly #target: string;
  readonly #temporary: string;
  #fd: number | null;
  #pending: (string | Uint8Array)[] = [];
  #length = 0;

  /** @throws OutputError where the folder doesn't exist or nothing can be written there */
  constructor(path: string) {
    const { target, mode } = targetOf(path);
    this.path = path;
    this.#target = target;
    const suffix = randomBytes(6).toString('hex');
    // The name's beginning alone, so that a name of the longest permitted length has room for the suffix.
    this.#temporary = join(dirname(target), `.${basename(target).slice(0, 32)}.${suffix}.tmp`);
    try {
      this.#fd = openSync(this.#temporary, 'wx', 0o666);
    } catch (error) {
      throw outputError(path, error);
    }
    this.#guarded((fd) => {
      if (mode !== null) fchmodSync(fd, mode);
    });
  }

  /** Adds text, or bytes, which must stay as they are. @throws OutputError; the temporary file is gone then */
  write(chunk: string | Uint8Array): void {
    this.#pending.push(chunk);
    this.#length += chunk.length;
    if (this.#length >= FLUSH_AT) this.#guarded((fd) => this.#flush(fd));
  }

  /** Puts the file in its place once it is on the disk. @throws OutputError; what was there before stays then */
  commit(): void {
    this.#guarded((fd) => {
      this.#flush(fd);
      fsyncSync(fd);
      this.#fd = null;
      closeSync(fd);
      renameSync(this.#temporary, this.#target);
    });
  }

  /** Gives the file up and removes what was written; does nothing after commit() or a failure. */
  abort(): void {
    if (this.#fd === null) return;
    const fd = this.#fd;
    this.#fd = null;
    closeSync(fd);
    this.#remove();
  }

  #flush(fd: number): void {
    const bytes = bytesOf(this.#pending);
    this.#pending = [];
    this.#length = 0;
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
  }

  #guarded(step: (fd: number) => void): void {
    if (this.#fd === null)
      throw new OutputError(`can't write ${plain(this.path)}`, 'it was closed before', 'Open it anew.');
    try {
      step(this.#fd);
    } catch (error) {
      if (this.#fd === null) this.#remove();
      else this.abort();
      throw outputError(this.path, error);
    }
  }

  #remove(): void {
    try {
      unlinkSync(this.#temporary);
    } catch (error) {
      // Somebody else may have removed it; anything else is worth telling.
      if (errorCode(error) !== 'ENOENT') throw outputError(this.#temporary, error);
    }
  }
}

/**
 * Writes a whole file or nothing.
 * @throws OutputError where it can't be written; what `chunks` throws is passed on. The target is untouched in both cases.
 */
export function writeFileAtomic(path: string, chunks: Iterable<string>): void {
  const file = new AtomicFile(path);
  try {
    for (const chunk of chunks) file.write(chunk);
  } catch (error) {
    file.abort();
    throw error;
  }
  file.commit();
}
