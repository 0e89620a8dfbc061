import { NS_PER_SECOND } from '../units.ts';
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
  /** live: until when it is known that no other packet has come; -Infinity: files tell that by their packets alone */
  private quietSeconds = Number.NEGATIVE_INFINITY;
  private quietNanoseconds = 0;
  /** it was restarted, and no packet has come since */
  awaitsFirst = false;
  packets = 0;
  /** packets earlier than one before them */
  outOfOrder = 0;

  /** Earliest time seen, or null. */
  get first(): { seconds: number; nanoseconds: number } | null {
    return this.knowsNone ? null : { seconds: this.firstSeconds, nanoseconds: this.firstNanoseconds };
  }

  /** Latest time seen, or null. */
  get last(): { seconds: number; nanoseconds: number } | null {
    return this.knowsNone ? null : { seconds: this.lastSeconds, nanoseconds: this.lastNanoseconds };
  }

  private get knowsNone(): boolean {
    return this.empty || this.awaitsFirst;
  }

  /** Its next packet counts as its first; times are relative to the same second as before. */
  restart(): void {
    if (this.empty) return;
    this.awaitsFirst = true;
    this.lastSeconds = Number.NEGATIVE_INFINITY;
    this.packets = 0;
    this.outOfOrder = 0;
  }

  /** Time went by, and no packet came up to then. The next may still be earlier: then this was a little too late. */
  pass(seconds: number, nanoseconds: number): void {
    this.quietSeconds = seconds;
    this.quietNanoseconds = nanoseconds;
  }

  /** The earliest packet, ns since a second. */
  firstSince(seconds: number): number {
    return (this.firstSeconds - seconds) * NS_PER_SECOND + this.firstNanoseconds;
  }

  /** Until when the capture knows what happened, ns since a second: its latest packet, or live a later moment. */
  endSince(seconds: number): number {
    const last = (this.lastSeconds - seconds) * NS_PER_SECOND + this.lastNanoseconds;
    return Math.max(last, (this.quietSeconds - seconds) * NS_PER_SECOND + this.quietNanoseconds);
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
    if (this.empty) {
      this.originSeconds = seconds;
      this.begin(seconds, nanoseconds);
    } else if (this.awaitsFirst) this.begin(seconds, nanoseconds);
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
    this.awaitsFirst = false;
    this.firstSeconds = seconds;
    this.firstNanoseconds = nanoseconds;
    this.lastSeconds = seconds;
    this.lastNanoseconds = nanoseconds;
  }
}
