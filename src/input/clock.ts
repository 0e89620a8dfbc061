import type { CaptureRecord } from './types.ts';

/**
 * When a capture, or one file of it, began and ended, as far as it has been read: integers, since a float a packet would
 * be allocated.
 */
export class CaptureClock {
  /** no packet with a time was seen yet */
  empty = true;
  /** seconds of the first packet read: where relative times count from */
  originSeconds = 0;
  /** earliest and latest packet */
  firstSeconds = 0;
  firstNanoseconds = 0;
  lastSeconds = 0;
  lastNanoseconds = 0;
  packets = 0;
  /** packets earlier than one before them */
  outOfOrder = 0;

  /** Earliest time seen, or null. */
  get first(): { seconds: number; nanoseconds: number } | null {
    return this.empty ? null : { seconds: this.firstSeconds, nanoseconds: this.firstNanoseconds };
  }

  /** Latest time seen, or null. */
  get last(): { seconds: number; nanoseconds: number } | null {
    return this.empty ? null : { seconds: this.lastSeconds, nanoseconds: this.lastNanoseconds };
  }

  see(record: CaptureRecord): void {
    this.packets++;
    if (!record.hasTime) return;
    const { seconds, nanoseconds } = record;
    // Most are in the same second as the one before.
    if (seconds === this.lastSeconds && nanoseconds >= this.lastNanoseconds && !this.empty)
      this.lastNanoseconds = nanoseconds;
    else this.seeOther(seconds, nanoseconds);
  }

  /** Takes in packets in the order of their times, none before the latest so far; not the first of the capture. */
  seeMany(packets: number, lastSeconds: number, lastNanoseconds: number): void {
    this.packets += packets;
    this.lastSeconds = lastSeconds;
    this.lastNanoseconds = lastNanoseconds;
  }

  private seeOther(seconds: number, nanoseconds: number): void {
    if (this.empty) this.begin(seconds, nanoseconds);
    if (seconds > this.lastSeconds || (seconds === this.lastSeconds && nanoseconds >= this.lastNanoseconds)) {
      this.lastSeconds = seconds;
      this.lastNanoseconds = nanoseconds;
      return;
    }
    this.outOfOrder++;
    if (seconds < this.firstSeconds || (seconds === this.firstSeconds && nanoseconds < this.firstNanoseconds)) {
      this.firstSeconds = seconds;
      this.firstNanoseconds = nanoseconds;
    }
  }

  private begin(seconds: number, nanoseconds: number): void {
    this.empty = false;
    this.originSeconds = seconds;
    this.firstSeconds = seconds;
    this.firstNanoseconds = nanoseconds;
    this.lastSeconds = seconds;
    this.lastNanoseconds = nanoseconds;
  }
}
