/** A file that still grows: read to its end, and on from there, as `tail -f` does. */
import { fstatSync, readSync, type Stats, statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { InputError } from './errors.ts';
import { type ByteSource, closeDescriptor, readFailure } from './source.ts';
import type { ByteWindow } from './window.ts';

/** How often the file is looked at, milliseconds: unlike fs.watch this works on every file system. */
const POLL_MS = 200;

/** Looks after which nothing more is expected in a file whose name another has taken. */
const LAST_LOOKS = 5;

/** @throws InputError for anything but a single file: of several none could be merged before all had grown on */
export function checkFollowed(paths: readonly string[]): void {
  if (paths.length !== 1) {
    throw new InputError("can't follow several captures", 'they are merged by time', 'name a single file');
  }
  if (paths[0] === '-') throw notFollowed('-');
}

/** For anything but a file: a pipe, a device. */
export function notFollowed(path: string): InputError {
  const hint = 'leave out --follow: a pipe is read until it is closed';
  return new InputError(`can't follow ${path}`, 'only a file grows on behind its end', hint);
}

export class FollowSource implements ByteSource {
  /** not known: it grows */
  readonly size = null;
  bytesRead = 0;
  damage: string | null = null;
  leftOff = false;
  readonly #path: string;
  readonly #until: AbortSignal;
  #descriptor: number;
  /** bytes that the file had when following it was to end, and no more are read than these; null until then */
  #last: number | null = null;
  /** looks since another file took the name */
  #looksSince = 0;

  /**
   * @param path of the file, to see whether another takes its place
   * @param descriptor of the open file, which the source closes
   * @param until its abort ends the file there, wherever that is
   */
  constructor(path: string, descriptor: number, until: AbortSignal) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.#until = until;
  }

  fill(window: ByteWindow): boolean | Promise<boolean> {
    return this.#read(window) || this.#wait(window);
  }

  suspend(): boolean {
    return false;
  }

  close(): void {
    closeDescriptor(this.#descriptor);
    this.#descriptor = -1;
  }

  #read(window: ByteWindow): boolean {
    if (this.#descriptor < 0 || this.damage !== null) return false;
    try {
      if (this.#until.aborted) this.#last ??= fstatSync(this.#descriptor).size;
      const room = window.data.length - window.end;
      const most = this.#last === null ? room : Math.min(room, Math.max(0, this.#last - this.bytesRead));
      const got = readSync(this.#descriptor, window.data, window.end, most, null);
      window.end += got;
      this.bytesRead += got;
      return got > 0;
    } catch (error) {
      this.damage = readFailure(error);
      return false;
    }
  }

  /** Waits for more. False: following was ended, or there is nothing to follow any more. */
  async #wait(window: ByteWindow): Promise<boolean> {
    for (;;) {
      if (this.#descriptor < 0 || this.damage !== null) return false;
      if (this.#until.aborted) {
        // What the file had at that moment is read still.
        const more = this.#read(window);
        this.leftOff = !more && this.damage === null;
        return more;
      }
      await setTimeout(POLL_MS, null, { signal: this.#until }).catch(() => undefined);
      if (this.#read(window)) return true;
      if (this.damage === null && !this.#until.aborted) this.#lookForChange();
    }
  }

  #lookForChange(): void {
    try {
      this.#look();
    } catch (error) {
      this.damage = readFailure(error);
    }
  }

  #look(): void {
    const now = fstatSync(this.#descriptor);
    if (now.size < this.bytesRead) {
      this.damage = `the file was cut to ${now.size} bytes while it was followed`;
    } else if (isAnother(this.#path, now) && ++this.#looksSince >= LAST_LOOKS) {
      this.damage = 'another file has taken its name while it was followed, and is not read';
    }
  }
}

/** Whether the path is another file's by now. One that is gone may be written still, without a name. */
function isAnother(path: string, file: Stats): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  return there !== undefined && (there.ino !== file.ino || there.dev !== file.dev);
}
