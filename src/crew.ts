/** The threads that share an analysis with this one. */

import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { SplitWord } from './decode/split.ts';
import type { CaptureSet } from './input/captures.ts';
import { Gauge } from './report/gauge.ts';
import type { IntervalSink } from './report/intervals.ts';
import type { CollectorPart } from './report/parts.ts';
import type { SystemSettings } from './teardown/systems.ts';

/** What a thread is to do. */
export interface Task {
  files: readonly string[];
  share: number;
  shares: number;
  systems: SystemSettings;
  maxFlows: number;
  splitBy: readonly SplitWord[];
  /** false: without the WebAssembly kernel */
  kernel: boolean;
}

/** What a thread has done. */
export interface Done {
  segments: number;
  duplicates: number;
  givenUp: number;
  /** packets that it read: as many as this thread did, unless a file has grown meanwhile */
  packets: number;
  part: CollectorPart;
}

/** From time to time, and at last what is done. */
export type Message = { intervals: Float64Array<ArrayBuffer>; watermark: number } | { done: Done };

/** A thread compiles the whole program for itself: with less for each, two took as long as one or longer (measured). */
const BYTES_A_THREAD = 256 << 20;
/** Each thread decodes everything for itself, so more of them bring ever less. */
const MOST = 4;

const PROGRAM = new URL('./worker.js', import.meta.url);

/**
 * How many threads to use, this one among them.
 * @param files of which the captures are
 * @param wanted at most so many; as many as help where it isn't said
 */
export function threadsFor(files: readonly string[], captures: CaptureSet, wanted: number | undefined): number {
  const bytes = captures.rereadableBytes;
  if (bytes === null || files.includes('-') || !existsSync(fileURLToPath(PROGRAM))) return 1;
  if (wanted !== undefined) return Math.max(1, Math.min(MOST, Math.floor(wanted)));
  return Math.max(1, Math.min(MOST, availableParallelism(), Math.floor(bytes / BYTES_A_THREAD)));
}

/** Gathers the TIME_WAITs of all threads: they count once every one of them has come so far. */
export class CommonGauge implements IntervalSink {
  readonly gauge = new Gauge();
  private readonly watermarks: number[];

  /** @param shares threads in all; this one is the first */
  constructor(shares: number) {
    this.watermarks = Array.from({ length: shares }, () => Number.NEGATIVE_INFINITY);
  }

  add(from: number, until: number, watermark: number): void {
    this.watermarks[0] = watermark;
    this.gauge.add(from, until, this.watermarks.length === 1 ? watermark : Math.min(...this.watermarks));
  }

  addAll(share: number, intervals: Float64Array, watermark: number): void {
    this.watermarks[share] = watermark;
    this.gauge.addAll(intervals, Math.min(...this.watermarks));
  }
}

/** Starts the threads for all shares but the first. @returns what each has done; rejects with the first error */
export function startCrew(task: Omit<Task, 'share'>, gauge: CommonGauge): { done: Promise<Done[]>; stop: () => void } {
  const workers: Worker[] = [];
  const results: Promise<Done>[] = [];
  for (let share = 1; share < task.shares; share++) {
    const worker = new Worker(PROGRAM, { workerData: { ...task, share } satisfies Task });
    workers.push(worker);
    results.push(
      new Promise((resolve, reject) => {
        worker.on('message', (message: Message) => {
          if ('done' in message) resolve(message.done);
          else gauge.addAll(share, message.intervals, message.watermark);
        });
        worker.on('error', reject);
        worker.on('exit', () => reject(new Error('a thread of the analysis ended early')));
      }),
    );
  }
  const done = Promise.all(results);
  done.catch(() => undefined); // it may fail before anybody waits for it
  return { done, stop: () => workers.forEach((worker) => void worker.terminate()) };
}
