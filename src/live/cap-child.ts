/**
 * A process that captures with the npm package cap and writes pcap to standard output. A process of its own, since cap aborts the
 * whole of it when the interface goes down, and holds its event loop as long as there are packets.
 */

import { readSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Output } from './cap-output.ts';
import { CAP_LIST, CAP_WORDS, type CapDevice, type CapTask } from './cap-task.ts';
import { becomeUser } from './rights.ts';

interface CapObject {
  on(event: 'packet', listener: (bytes: number, truncated: boolean) => void): unknown;
  /** @returns the link type's name */
  open(device: string, filter: string, bufferBytes: number, packet: Buffer): string;
  close(): boolean;
}

interface CapModule {
  Cap: new () => CapObject;
  deviceList(): CapDevice[];
}

/** libpcap's names, as cap writes them -> numbers of tcpdump.org/linktypes.html */
const LINK_TYPES: Record<string, number> = {
  NULL: 0,
  ETHERNET: 1,
  RAW: 101,
  LINKTYPE_LINUX_SLL: 113,
  IEEE802_11_RADIO: 127,
};
const NANOSECOND_MAGIC = 0xa1b23c4d;
const HEADER = 24;
const RECORD_HEADER = 16;
const MOST_PACKET = 65_535;
/** what is written at once */
const BATCH = 1 << 18;
/** how far our clock may be from the system's before it is set anew, ms */
const MOST_OFF = 2;

/** cap writes each packet here. It does not keep the buffer alive itself: so this lives as long as the process. */
const packet = Buffer.alloc(MOST_PACKET);
const batch = Buffer.alloc(BATCH);
const probe = Buffer.alloc(1);

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function say(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // Nobody listens.
  }
}

function words(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}

/** Milliseconds since 1970, much finer than Date.now(), and following the system's clock. */
class Clock {
  #base = Date.now() - performance.now();

  now(): number {
    return this.#base + performance.now();
  }

  follow(): void {
    if (Math.abs(Date.now() - this.now()) > MOST_OFF) this.#base = Date.now() - performance.now();
  }
}

class Capture {
  readonly #cap: CapObject;
  readonly #task: CapTask;
  readonly #clock = new Clock();
  readonly #output = new Output();
  #linkType = '';
  #used = 0;
  #flushing = false;
  #captured = 0;
  #ended = false;

  constructor(cap: CapObject, task: CapTask) {
    this.#cap = cap;
    this.#task = task;
    cap.on('packet', (bytes) => this.#take(bytes));
  }

  /** @throws Error in libpcap's words */
  open(): void {
    const { interface: from, filter, bufferKiB } = this.#task;
    this.#linkType = this.#cap.open(from, filter ?? '', bufferKiB * 1024, packet);
  }

  /** Gives up root, and hands over packets. @throws InputError */
  begin(): void {
    const { snaplen, user } = this.#task;
    if (user !== null) becomeUser(user);
    const name = this.#linkType;
    const header = Buffer.alloc(HEADER);
    header.writeUInt32LE(NANOSECOND_MAGIC, 0);
    header.writeUInt16LE(2, 4);
    header.writeUInt16LE(4, 6);
    header.writeUInt32LE(Math.min(snaplen, MOST_PACKET), 16);
    header.writeUInt32LE(LINK_TYPES[name] ?? Number(/\d+$/.exec(name)?.[0] ?? 0), 20);
    this.#output.write(header);
    say(CAP_WORDS.begun);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cap.close();
    this.#flush();
    this.#output.end();
    say(`${CAP_WORDS.captured}${this.#captured}`);
    // Not within cap's own loop, which still uses what it closes.
    setImmediate(() => process.exit(0));
  }

  #take(bytes: number): void {
    if (this.#ended) return;
    const { count, snaplen } = this.#task;
    const kept = Math.min(bytes, snaplen);
    if (this.#used + RECORD_HEADER + kept > BATCH) {
      this.#flush();
      if (this.#toldToEnd()) {
        this.end();
        return;
      }
    }
    const now = this.#clock.now();
    const seconds = Math.floor(now / 1000);
    const at = this.#used;
    batch.writeUInt32LE(seconds, at);
    batch.writeUInt32LE(Math.min(999_999_999, Math.round((now - seconds * 1000) * 1e6)), at + 4);
    batch.writeUInt32LE(kept, at + 8);
    batch.writeUInt32LE(bytes, at + 12);
    packet.copy(batch, at + RECORD_HEADER, 0, kept);
    this.#used = at + RECORD_HEADER + kept;
    this.#captured++;
    if (this.#captured === count) this.end();
    else if (!this.#flushing) {
      this.#flushing = true;
      setImmediate(() => {
        this.#flushing = false;
        this.#flush();
      });
    }
  }

  #flush(): void {
    if (this.#used > 0) this.#output.write(batch.subarray(0, this.#used));
    this.#used = 0;
    this.#clock.follow();
  }

  /** While packets keep coming no event of standard input gets through, so it is asked. */
  #toldToEnd(): boolean {
    try {
      return readSync(0, probe, 0, 1, null) === 0;
    } catch (error) {
      return !hasCode(error, 'EAGAIN');
    }
  }
}

/** Whether it opens without the filter: then that was wrong. */
function opensWithoutFilter({ Cap }: CapModule, { interface: from }: CapTask): boolean {
  try {
    const cap = new Cap();
    cap.open(from, '', 1 << 20, packet);
    cap.close();
    return true;
  } catch {
    return false;
  }
}

function load(): CapModule | null {
  try {
    const loaded: CapModule = createRequire(import.meta.url)('cap');
    return loaded;
  } catch (error) {
    say(`${CAP_WORDS.absent}${words(error)}`);
    process.exitCode = 1;
    return null;
  }
}

function capture(module: CapModule, task: CapTask): void {
  const capture = new Capture(new module.Cap(), task);
  try {
    capture.open();
  } catch (error) {
    const isFilter = task.filter !== null && opensWithoutFilter(module, task);
    say(`${isFilter ? CAP_WORDS.filter : ''}${words(error)}`);
    process.exit(1);
  }
  try {
    capture.begin();
  } catch (error) {
    say(words(error));
    process.exit(1);
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => capture.end());
  process.stdin.on('end', () => capture.end());
  process.stdin.on('error', () => capture.end());
  process.stdin.resume();
}

const [, , asked = CAP_LIST] = process.argv;
const loaded = load();
if (loaded !== null && asked === CAP_LIST) process.stdout.write(JSON.stringify(loaded.deviceList()));
else if (loaded !== null) capture(loaded, JSON.parse(asked) as CapTask);
