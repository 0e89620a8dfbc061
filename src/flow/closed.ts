import * as L from './layout.ts';
import { FlowQueue } from './queue.ts';
import { SUMMARY_FLOATS } from './sink.ts';
import type { FlowView } from './view.ts';

// What an entry holds behind its summary.
const SEEN = SUMMARY_FLOATS;
const HASH = SUMMARY_FLOATS + 1;
const TRAIL_HEAD = SUMMARY_FLOATS + 2;
const FLAGS = SUMMARY_FLOATS + 3;
const NUMBERS = SUMMARY_FLOATS + 4;

/**
 * Flows that were summed up and wait until their time is over. An entry holds all that is needed then, and whether it
 * still holds stands in a list of four bytes a record: by that time the caches have lost record and trail.
 */
export class ClosedFlows {
  private readonly queue = new FlowQueue(NUMBERS);
  /** by record the serial number of its entry; 0: not summed up, or not any more */
  private serials = new Int32Array(64);
  private serial = 0;

  get length(): number {
    return this.queue.length;
  }

  /** The summaries; reached by `add` and `oldestSummary`. */
  get floats(): Float64Array {
    return this.queue.floats;
  }

  /**
   * Adds a flow.
   * @param time of its last packet, ns
   * @param hash of its 4-tuple
   * @param seen segments seen by now, of all shares
   * @returns index in `floats` of its summary, which is to be filled
   */
  add(view: FlowView, time: number, hash: number, seen: number): number {
    const { queue } = this;
    const { record } = view;
    this.serial = (this.serial + 1) | 0 || 1;
    if (record >= this.serials.length) this.grow(record);
    this.serials[record] = this.serial;
    view.ints[view.at + L.SUMMARY] = this.serial;
    const at = queue.push(record, this.serial, time);
    queue.floats[at + SEEN] = seen;
    queue.floats[at + HASH] = hash;
    queue.floats[at + TRAIL_HEAD] = view.word(L.TRAIL_HEAD);
    queue.floats[at + FLAGS] = view.word(L.FLAGS);
    return at;
  }

  /** A flow that goes on, or is handed over by another way: its entry no longer holds. */
  forget(record: number): void {
    if (record < this.serials.length) this.serials[record] = 0;
  }

  /** Whether the oldest entry still holds. */
  holds(): boolean {
    return this.serials[this.queue.oldestFlow()] === this.queue.oldestId();
  }

  oldestTime(): number {
    return this.queue.oldestTime();
  }

  /** Segments that had been seen when the oldest flow was summed up: the same however many shares there are. */
  oldestSeen(): number {
    return this.oldest(SEEN);
  }

  oldestRecord(): number {
    return this.queue.oldestFlow();
  }

  oldestHash(): number {
    return this.oldest(HASH);
  }

  oldestTrail(): number {
    return this.oldest(TRAIL_HEAD);
  }

  /** FLAGS of its record, as they were when it was summed up. */
  oldestFlags(): number {
    return this.oldest(FLAGS);
  }

  oldestSummary(): number {
    return this.queue.oldestNumbers();
  }

  /** Calls for each flow that still waits, with the index in `floats` of its summary. */
  each(visit: (record: number, at: number) => void): void {
    this.queue.each((record, serial, at) => {
      if (this.serials[record] === serial) visit(record, at);
    });
  }

  shift(): void {
    this.queue.shift();
  }

  /** Leaves out the entries that hold no more. */
  compact(): void {
    this.queue.compact((record, serial) => this.serials[record] === serial);
  }

  private oldest(number: number): number {
    const { queue } = this;
    return queue.floats[queue.oldestNumbers() + number]!;
  }

  private grow(record: number): void {
    const larger = new Int32Array(Math.max(this.serials.length * 2, record + 1));
    larger.set(this.serials);
    this.serials = larger;
  }
}
