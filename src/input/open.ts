/** Opens one capture: finds the source of its bytes, looks at the magic number, and gives the reader. */
import { createReadStream, fstatSync, openSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { isatty } from 'node:tty';
import { DecompressSource } from './decompress.ts';
import { ErfReader, looksLikeErf } from './erf.ts';
import { InputError, IS_DIRECTORY, NoCaptureError, systemError } from './errors.ts';
import { FollowSource, notFollowed } from './follow.ts';
import { explainForeign, explainUnknown, MAGIC_BYTES, sniffCompression, sniffFormat } from './magic.ts';
import { PcapReader } from './pcap.ts';
import { PcapngReader } from './pcapng.ts';
import { type CaptureReader, END, NEED_DATA, type ReadDamage } from './reader.ts';
import { SnoopReader } from './snoop.ts';
import { type ByteSource, FileSource, StreamSource } from './source.ts';
import { ByteWindow, type WindowPlace } from './window.ts';

/** How many of the first bytes an unknown file is judged by. */
const HEAD_BYTES = 64;

/** A capture of which the file header has been read. */
export class OpenCapture {
  /** base name; '-' for standard input */
  readonly name: string;
  readonly reader: CaptureReader;
  readonly source: ByteSource;
  /** the reader's format, with '+gzip' or '+zstd' */
  readonly format: string;
  readonly window: ByteWindow;
  /** bytes that `suspend` gave back, to be read again */
  #again = 0;
  #change: string | null = null;

  constructor(name: string, source: ByteSource, window: ByteWindow, reader: CaptureReader, compression: string | null) {
    this.name = name;
    this.source = source;
    this.reader = reader;
    this.format = compression === null ? reader.format : `${reader.format}+${compression}`;
    this.window = window;
  }

  /** Where reading stopped before the end: by the reader, by the source, or both. */
  get damage(): ReadDamage | null {
    if (this.source.leftOff) return null;
    const found = this.reader.damage;
    const cause = this.source.damage ?? this.#change;
    if (cause === null) return found;
    if (found === null) return { offset: this.window.offset + this.window.pos, what: cause };
    return { offset: found.offset, what: `${cause}; ${found.what}` };
  }

  /**
   * Gives back memory and descriptor until `resume`.
   * @param from which byte of the window's data is needed again
   * @returns false: it can't, and nothing has changed
   */
  suspend(from: number): boolean {
    const { window } = this;
    const offset = window.offset + from;
    if (!this.source.suspend(offset)) return false;
    this.#again = window.pos - from;
    window.rest(offset);
    return true;
  }

  /** Reads again what `suspend` gave back; it stands at data[0..pos) then. False: it is not there any more. */
  async resume(): Promise<boolean> {
    const { window } = this;
    await fillTo(this.source, window, this.#again);
    if (window.end < this.#again) {
      this.#change = 'has changed while it was read';
      return false;
    }
    window.pos = this.#again;
    return true;
  }

  /** Frees what it holds: what is known of it stays. */
  close(): void {
    this.source.close();
    this.window.rest(this.window.offset + this.window.pos);
  }

  /** What to do after NEED_DATA: reads more bytes, or notes that there are none. A promise only if one has to wait. */
  refill(): undefined | Promise<void> {
    const more = fillOnce(this.source, this.window);
    return typeof more === 'boolean' ? undefined : more.then(() => undefined);
  }
}

export interface OpenOptions {
  /** what the report calls it; the base name where nothing is said */
  name?: string | undefined;
  /** size of the reader's buffer, bytes */
  windowBytes: number;
  /** what it may grow to */
  mostBytes?: number | undefined;
  /** what '-' reads, in place of the process's standard input */
  stdin?: Readable | undefined;
  /** where the buffer is to stand */
  place: WindowPlace;
  /** false: a file is opened anew for each piece that is read */
  filesStayOpen: boolean;
  /** the file is followed as it grows, until this is aborted */
  follow?: AbortSignal | undefined;
}

/**
 * Opens a capture file, a FIFO, or with '-' standard input, compressed or not.
 * @throws InputError where it can't be opened, is empty, or is no capture
 */
export async function openCapture(path: string, options: OpenOptions): Promise<OpenCapture> {
  let source = path === '-' ? openStdin(options.stdin) : openPath(path, options);
  try {
    const { windowBytes, place, mostBytes } = options;
    let window = new ByteWindow(windowBytes, place, mostBytes);
    await fillTo(source, window, MAGIC_BYTES);
    const compression = sniffCompression(window.data, window.end);
    if (compression !== null) {
      source = new DecompressSource(compression, source, window);
      window = new ByteWindow(windowBytes, place, mostBytes);
      await fillTo(source, window, MAGIC_BYTES);
    }
    const reader = await openReader(path, source, window);
    return new OpenCapture(options.name ?? basename(path), source, window, reader, compression);
  } catch (error) {
    source.close();
    throw error;
  }
}

async function openReader(path: string, source: ByteSource, window: ByteWindow): Promise<CaptureReader> {
  if (window.end === 0) throw emptyInput(path, source);
  const reader = await findReader(path, source, window);
  while (reader.begin() === NEED_DATA) await fillOnce(source, window);
  if (reader.begin() === END && reader.unsupported !== null) {
    throw new InputError(`can't read ${path}`, reader.unsupported, 'write it anew: editcap -F pcap FILE out.pcap');
  }
  return reader;
}

async function findReader(path: string, source: ByteSource, window: ByteWindow): Promise<CaptureReader> {
  if (sniffFormat(window.data, window.end) === null) await fillTo(source, window, HEAD_BYTES);
  switch (sniffFormat(window.data, window.end)) {
    case 'pcap':
      return new PcapReader(window);
    case 'pcapng':
      return new PcapngReader(window);
    case 'snoop':
      return new SnoopReader(window);
  }
  // ERF has no magic number: it comes last.
  const head = window.data.slice(0, Math.min(window.end, HEAD_BYTES));
  const foreign = explainForeign(head);
  if (foreign === null && (await isErf(source, window))) return new ErfReader(window);
  if (foreign === null && source.damage !== null) throw damagedInput(path, source.damage);
  throw new NoCaptureError(`can't read ${path}`, ...(foreign ?? explainUnknown(head)));
}

async function isErf(source: ByteSource, window: ByteWindow): Promise<boolean> {
  for (;;) {
    const is = looksLikeErf(window.data, window.end, window.eof);
    if (is !== null) return is;
    await fillOnce(source, window);
  }
}

/** Fills the window once, and sets its `eof` where there was nothing more. */
function fillOnce(source: ByteSource, window: ByteWindow): boolean | Promise<boolean> {
  window.ensureRoom();
  const more = source.fill(window);
  if (typeof more === 'boolean') return noteEnd(window, more);
  return more.then((m) => noteEnd(window, m));
}

function noteEnd(window: ByteWindow, more: boolean): boolean {
  if (!more) window.eof = true;
  return more;
}

/** Fills the window until it holds so many bytes, or the input has ended. */
async function fillTo(source: ByteSource, window: ByteWindow, bytes: number): Promise<void> {
  while (window.end < bytes && !window.eof) await fillOnce(source, window);
}

function openPath(path: string, { follow, filesStayOpen }: OpenOptions): ByteSource {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) throw new InputError(`can't open ${path}`, ...IS_DIRECTORY);
    if (!stat.isFile() && follow !== undefined) throw notFollowed(path);
    if (!stat.isFile()) return new StreamSource(createReadStream(path));
    const descriptor = openSync(path, 'r');
    if (follow !== undefined) return new FollowSource(path, descriptor, follow);
    return new FileSource(descriptor, stat.size, path, filesStayOpen);
  } catch (error) {
    throw systemError(path, error);
  }
}

function openStdin(given: Readable | undefined): ByteSource {
  if (given !== undefined) return new StreamSource(given);
  if (isatty(0)) throw new InputError("can't read -", 'standard input is a terminal', 'tcpdump -w - ... | teardown -');
  try {
    const stat = fstatSync(0);
    return stat.isFile() ? new FileSource(0, stat.size) : new StreamSource(process.stdin);
  } catch (error) {
    throw systemError('-', error);
  }
}

function emptyInput(path: string, source: ByteSource): InputError {
  if (source instanceof StreamSource && source.error !== null) return systemError(path, source.error);
  if (source.damage !== null) return damagedInput(path, source.damage);
  const hint = 'tcpdump writes its buffer late: end it with Ctrl-C, or use its option -U';
  return new NoCaptureError(`can't read ${path}`, 'is empty', hint);
}

/** Too little of it came to tell what it is. */
function damagedInput(path: string, damage: string): InputError {
  return new NoCaptureError(`can't read ${path}`, damage, 'check the file, or copy it again');
}
