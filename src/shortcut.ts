/** The short way through the pipeline: what the kernel takes need not be decoded and followed here. */

import type { Share } from './decode/shares.ts';
import { SYN_ORDERS, SYN_WINDOWS } from './decode/syn-options.ts';
import type { CaptureClock } from './input/clock.ts';
import type { BulkSink, PcapLayout } from './input/reader.ts';
import type { CaptureRecord } from './input/types.ts';
import type { ByteWindow } from './input/window.ts';
import * as C from './kernel/control.ts';
import type { Kernel } from './kernel/kernel.ts';

export class Shortcut implements BulkSink {
  private readonly kernel: Kernel;
  private readonly clock: CaptureClock;
  /** it is given whole windows: what comes as a record is what it left */
  private inBulk = false;
  /** times in a row that it took none, and records to leave it out before it is asked again: a call costs something too */
  private refusals = 0;
  private left = 0;

  /** @param clock of the whole capture */
  constructor(kernel: Kernel, clock: CaptureClock, { share, shares }: Share) {
    this.kernel = kernel;
    this.clock = clock;
    kernel.words[C.SHARE] = share;
    kernel.words[C.SHARES] = shares;
    kernel.words.set(SYN_ORDERS, C.SYN_ORDERS);
    kernel.words.set(SYN_WINDOWS, C.SYN_WINDOWS);
  }

  takeRecords(window: ByteWindow, layout: PcapLayout, clock: CaptureClock): void {
    this.inBulk = true;
    if (window.address === 0 || clock.empty || this.clock.awaitsFirst || !isWord(clock.lastSeconds)) return;
    if (this.left > 0) {
      this.left--;
      return;
    }
    const { words, numbers, exports } = this.kernel;
    words[C.LAST_SECONDS] = clock.lastSeconds;
    words[C.LAST_NANOSECONDS] = clock.lastNanoseconds;
    numbers[C.ORIGIN] = clock.originSeconds;
    const { address } = window;
    const { linkType, fractionNs, fractions, captureLimit } = layout;
    const { packets } = clock;
    const from = address + window.pos;
    const next = exports.run(from, address + window.end, linkType, fractionNs, fractions, captureLimit, packets);
    window.pos = (next >>> 0) - address;
    const taken = words[C.TAKEN]!;
    if (taken === 0) {
      this.left = this.refusals++ < PATIENCE ? 0 : MOST_LEFT;
      return;
    }
    this.refusals = 0;
    const seconds = words[C.LAST_SECONDS]! >>> 0;
    const nanoseconds = words[C.LAST_NANOSECONDS]!;
    clock.seeMany(taken, seconds, nanoseconds);
    this.clock.seeMany(taken, seconds, nanoseconds);
  }

  /** Takes a record. @returns false: nothing was done */
  take(record: CaptureRecord): boolean {
    if (this.inBulk || record.address === 0 || !isWord(record.seconds)) return false;
    const { words, numbers, exports } = this.kernel;
    numbers[C.ORIGIN] = this.clock.originSeconds;
    words[C.CAPTURED_AT] = record.origin + record.interfaceId;
    const { address, start, end, linkType, seconds, nanoseconds, frame } = record;
    return exports.take(address + start, address + end, linkType, seconds, nanoseconds, frame) !== 0;
  }
}

/** Refusals in a row after which a capture seems to be of another kind, and records that go by then without a try. */
const PATIENCE = 64;
const MOST_LEFT = 32;

/** Whether seconds are as in pcap, 0..2^32 - 1: with its offsets pcapng has others. */
function isWord(seconds: number): boolean {
  return seconds >>> 0 === seconds;
}
