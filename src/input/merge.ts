/** Merging by time: each file's next record, and a heap that knows which is the earliest. */
import { CaptureClock } from './clock.ts';
import type { OpenCapture } from './open.ts';
import { CaptureRecord, type RecordOrigin } from './types.ts';

/** Few files have more interfaces, so that those of the next one have other numbers. */
const ORIGIN_STEP = 37;

/** A file with its next record. */
export class Head {
  readonly capture: OpenCapture;
  /** place among the files: the earlier one comes first where times are equal */
  readonly order: number;
  readonly record: CaptureRecord = new CaptureRecord();
  /** of the records delivered so far */
  readonly clock = new CaptureClock();

  constructor(capture: OpenCapture, order: number) {
    this.capture = capture;
    this.order = order;
    this.record.origin = order * ORIGIN_STEP;
  }

  /** Where the record comes from that was delivered last. */
  origin(): RecordOrigin {
    const { reader } = this.capture;
    return {
      file: this.order,
      frame: this.clock.packets + reader.otherFrames,
      interfaceName: reader.interfaceName?.(this.record.interfaceId) ?? null,
    };
  }

  /** whether the capture's memory was given back, the record's bytes with it */
  isSuspended = false;

  /** @returns false: the capture can't be suspended, and nothing has changed */
  suspend(): boolean {
    const { capture, record } = this;
    const hasRecord = record.data === capture.window.data;
    this.isSuspended = capture.suspend(hasRecord ? record.start : capture.window.pos);
    return this.isSuspended;
  }

  /** @returns false: the record's bytes are not there any more */
  async resume(): Promise<boolean> {
    const { capture, record } = this;
    this.isSuspended = false;
    if (!(await capture.resume())) return false;
    record.data = capture.window.data;
    record.address = capture.window.address;
    record.end -= record.start;
    record.start = 0;
    return true;
  }

  /** Whether its record comes before the other's. */
  before(other: Head): boolean {
    const a = this.record;
    const b = other.record;
    if (a.seconds !== b.seconds) return a.seconds < b.seconds;
    if (a.nanoseconds !== b.nanoseconds) return a.nanoseconds < b.nanoseconds;
    return this.order < other.order;
  }
}

/** Binary heap: the earliest head on top. Records change in place, so the heap is told when the top's did. */
export class HeadHeap {
  readonly #heads: Head[] = [];

  /** The head with the earliest record, undefined where none is left. */
  top(): Head | undefined {
    return this.#heads[0];
  }

  push(head: Head): void {
    const heads = this.#heads;
    let at = heads.length;
    heads.push(head);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!head.before(heads[parent]!)) break;
      heads[at] = heads[parent]!;
      at = parent;
    }
    heads[at] = head;
  }

  /** The top's record was replaced by its file's next one. */
  topChanged(): void {
    const heads = this.#heads;
    const head = heads[0]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heads.length) break;
      if (child + 1 < heads.length && heads[child + 1]!.before(heads[child]!)) child++;
      if (!heads[child]!.before(head)) break;
      heads[at] = heads[child]!;
      at = child;
    }
    heads[at] = head;
  }

  removeTop(): void {
    const last = this.#heads.pop();
    if (last === undefined || this.#heads.length === 0) return;
    this.#heads[0] = last;
    this.topChanged();
  }
}
