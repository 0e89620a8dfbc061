/** A file of whole records, also where the disk is full. */

import { closeSync, fstatSync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { NO_FRAME, PACKET } from './tap-framing.ts';
import { type RecordRun, RUN_BYTES } from './tap-records.ts';

/** Methods throw what the system's calls throw; then the file is to be given up. */
export class RecordFile {
  readonly path: string;
  /** records, without head */
  records = 0;
  readonly #descriptor: number;
  /** no device or pipe: it can be cut */
  readonly #isFile: boolean;
  /** given to the system */
  #written = 0;
  #packets = 0;
  readonly #waiting = new Uint8Array(RUN_BYTES);
  #filled = 0;
  /** of what waits: where records end, and whether they are packets */
  #ends: number[] = [];
  #arePackets: boolean[] = [];
  /** bytes of what waits that the last call wrote */
  #done = 0;

  /** Creates the file, or empties the one that is there. */
  constructor(path: string) {
    this.path = path;
    this.#descriptor = openSync(path, 'w', 0o666);
    this.#isFile = fstatSync(this.#descriptor).isFile();
  }

  get bytes(): number {
    return this.#written + this.#filled;
  }

  get packets(): number {
    return this.#arePackets.reduce((sum, isPacket) => sum + (isPacket ? 1 : 0), this.#packets);
  }

  /** whether bytes wait to be given to the system */
  get isWaiting(): boolean {
    return this.#filled > 0;
  }

  addHead(blocks: readonly Uint8Array[]): void {
    for (const block of blocks) this.#add(block, 0, block.length, NO_FRAME);
  }

  /** Adds some of the run's records: from this one on, up to but not that one. */
  addRecords(run: RecordRun, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      this.#add(run.data, i === 0 ? run.start : run.ends[i - 1]!, run.ends[i]!, run.kinds[i]!);
      this.records++;
    }
  }

  /** Gives the system what waits. */
  flush(): void {
    this.#write(this.#waiting, 0, this.#filled);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  /** After a failure: cuts the file behind its last whole record, and closes it. What holds none is removed. */
  giveUp(): void {
    const whole = this.#ends.filter((end) => end <= this.#done).length;
    for (let i = 0; i < whole; i++) if (this.#arePackets[i]) this.#packets++;
    this.#written += this.#ends[whole - 1] ?? 0;
    this.#forget();
    if (this.#isFile) ftruncateSync(this.#descriptor, this.#written);
    this.close();
    if (this.#isFile && this.#written === 0) unlinkSync(this.path);
  }

  #add(data: Uint8Array, start: number, end: number, kind: number): void {
    const length = end - start;
    if (this.#filled + length > this.#waiting.length) this.flush();
    this.#ends.push(this.#filled + length);
    this.#arePackets.push(kind === PACKET);
    if (length > this.#waiting.length) this.#write(data, start, end);
    else {
      this.#waiting.set(data.subarray(start, end), this.#filled);
      this.#filled += length;
    }
  }

  #write(data: Uint8Array, start: number, end: number): void {
    this.#done = 0;
    while (this.#done < end - start) {
      this.#done += writeSync(this.#descriptor, data, start + this.#done, end - start - this.#done);
    }
    this.#packets = this.packets;
    this.#written += end - start;
    this.#forget();
  }

  #forget(): void {
    this.#filled = 0;
    this.#ends = [];
    this.#arePackets = [];
    this.#done = 0;
  }
}
