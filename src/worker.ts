/** A thread of an analysis: follows one share of the flows, and hands over what it found. */

import { parentPort, workerData } from 'node:worker_threads';
import type { Message, Task } from './crew.ts';
import { openCaptures } from './input/captures.ts';
import { startKernel } from './kernel/kernel.ts';
import { IntervalBuffer, type IntervalSink } from './report/intervals.ts';
import { readShare } from './share.ts';

/** Intervals sent at once. */
const BATCH = 4096;

/** Sends TIME_WAITs to the thread that counts them all. */
class Courier implements IntervalSink {
  private readonly waiting = new IntervalBuffer();

  add(from: number, until: number, watermark: number): void {
    this.waiting.add(from, until, watermark);
    if (this.waiting.count === BATCH) this.send(watermark);
  }

  send(watermark: number): void {
    const intervals = this.waiting.take();
    post({ intervals, watermark }, [intervals.buffer]);
  }
}

function post(message: Message, transfer: ArrayBuffer[]): void {
  parentPort?.postMessage(message, transfer);
}

const { files, share, shares, systems, maxFlows, splitBy, kernel: wanted } = workerData as Task;
const courier = new Courier();
const kernel = wanted ? startKernel() : null;
const captures = await openCaptures(files, { place: kernel ?? undefined });
const { clock, tracker, collector } = await readShare(
  captures,
  { share, shares },
  { systems, maxFlows, splitBy, intervals: courier },
  kernel,
);
courier.send(Number.POSITIVE_INFINITY);
const part = collector.part();
const { segments, duplicates, givenUp } = tracker;
post({ done: { segments, duplicates, givenUp, packets: clock.packets, part } }, [
  part.kept.ints.buffer,
  part.evidence.lifetimes.floats.buffer,
  part.evidence.lifetimes.words.buffer,
]);
