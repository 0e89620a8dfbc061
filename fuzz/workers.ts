/** The parent's side: a worker process at work on a task, and a watch over it. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Task, Told } from './child.ts';
import type { Fault } from './oracle.ts';

/** No run may take longer. */
const MOST_MS = 10_000;
/** How often is looked. Looks are counted, not time: on a busy machine the parent may have to wait as well. */
const LOOK_MS = 500;
const PROGRAM = fileURLToPath(new URL('./fuzz-child.js', import.meta.url));
/** In memory where there is such a folder. */
const HOME = isFolder('/dev/shm') ? '/dev/shm' : tmpdir();

/** How a task ended. */
export interface Outcome {
  runs: number;
  /** largest resident set of the process, MB */
  peak: number;
  seeds: string;
  /** the run that ended the process: it hung, crashed, or took too much memory. Null: all was done */
  fatal: number | null;
  /** it took too much memory, and which run did is to be found out with care */
  isHeavy: boolean;
}

export type OnFaults = (run: number, faults: readonly Fault[], input: readonly Buffer[]) => void;

/** One process, started anew when it has been killed. */
export class Worker {
  readonly #folder = mkdtempSync(join(HOME, 'teardown-fuzz-'));
  readonly #current = join(this.#folder, 'current');
  readonly #files = join(this.#folder, 'files');
  readonly #program: string;
  readonly #mostMs: number;
  #child: ChildProcess | null = null;

  constructor(program = PROGRAM, mostMs = MOST_MS) {
    this.#program = program;
    this.#mostMs = mostMs;
    process.once('exit', () => rmSync(this.#folder, { recursive: true, force: true }));
  }

  /** Does a task. */
  perform(task: Task, onFaults: OnFaults): Promise<Outcome> {
    mkdirSync(this.#files, { recursive: true });
    writeFileSync(this.#current, ''); // the last task's last run is over
    const child = this.#child ?? fork(this.#program, [this.#files, this.#current]);
    this.#child = child;
    return new Promise((resolve) => {
      let last = -1;
      let looks = 0;
      let fatal: { run: number; what: string } | null = null;
      let isHeavy = false;
      const look = setInterval(() => {
        const { run } = this.#running();
        if (run !== last || run < 0) {
          last = run;
          looks = 0;
        } else if (++looks * LOOK_MS > this.#mostMs && fatal === null) {
          fatal = { run, what: `hangs: more than ${this.#mostMs / 1000} s` };
          child.kill('SIGKILL');
        }
      }, LOOK_MS);
      const settle = (outcome: Outcome) => {
        clearInterval(look);
        child.removeAllListeners();
        resolve(outcome);
      };
      const give = (run: number, what: string, input: readonly Buffer[]) =>
        onFaults(run, [{ what: what.replace(/: \d+ MB/, ''), detail: what }], input);
      child.on('message', (told: Told) => {
        if (fatal !== null) return; // it has been killed already
        if (told.tell === 'done') {
          settle({ runs: told.runs, peak: told.peak, seeds: told.seeds, fatal: null, isHeavy: false });
          return;
        }
        const input = told.input.map((text) => Buffer.from(text, 'base64'));
        if (told.tell === 'faults') {
          onFaults(told.run, told.faults, input.length > 0 ? input : this.#running().input);
          if (input.length > 0) return;
        } else {
          const isGrowth = told.megabytes - told.before < 0.5 * told.megabytes;
          const what = isGrowth ? 'memory grows from run to run' : 'one run takes too much memory';
          isHeavy = task.do === 'batch' && !task.careful;
          if (!isHeavy) give(told.run, `${what}: ${told.megabytes.toFixed(0)} MB`, input);
        }
        fatal = { run: told.run, what: '' };
        child.kill('SIGKILL');
      });
      child.on('exit', (code, signal) => {
        this.#child = null;
        const running = this.#running();
        const { run, what } = fatal ?? { run: running.run, what: `the process ended with ${signal ?? code}` };
        if (what !== '') give(run, what, running.input);
        settle({ runs: 0, peak: 0, seeds: '', fatal: isHeavy ? null : run, isHeavy });
      });
      child.send(task);
    });
  }

  /** Ends the process: the next task has one of its own. */
  async end(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.disconnect();
    await gone;
  }

  /** The run that has begun last, and its bytes. */
  #running(): { run: number; input: Buffer[] } {
    try {
      const bytes = readFileSync(this.#current);
      const count = bytes.readUInt32LE(8);
      let at = 12 + 4 * count;
      const input = Array.from({ length: count }, (_, i) => {
        const start = at;
        at += bytes.readUInt32LE(12 + 4 * i);
        return bytes.subarray(start, at);
      });
      return { run: bytes.readDoubleLE(), input };
    } catch {
      return { run: -1, input: [] }; // nothing has begun, or just now
    }
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
