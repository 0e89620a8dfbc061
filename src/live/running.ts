/** A program that captures: started, listened to, and ended. */

import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { PassThrough, pipeline, type Readable } from 'node:stream';
import type { LiveSource } from '../report/types.ts';
import type { CaptureEnd, Command, LiveCapture, Program, Told, Wanted } from './capture.ts';
import { interfaceNames } from './names.ts';
import { environment } from './programs.ts';
import { failureOf } from './refusals.ts';

/** ms */
const ASK_EVERY = 2000;
/** ms without a byte after which a program that was told to end is killed; and how often at most it is given so long */
const PATIENCE = 3000;
const PATIENCE_TIMES = 10;
/** bytes that are taken from the program before anybody wants them */
const READ_AHEAD = 1 << 20;
/** ms after which a program that neither captures nor ends is given up */
const BEGIN_WITHIN = 10_000;
/** ms after its first bytes */
const GRACE = 500;
/** of what a program says; one that can't stop talking must not fill our memory */
const MOST_WORDS = 50;
const MOST_LINE = 1000;

const exists = (name: string): boolean => name === 'any' || interfaceNames().includes(name);

export class Running implements LiveCapture {
  readonly stream: Readable;
  readonly source: LiveSource;
  readonly ended: Promise<CaptureEnd>;
  /** whether it captures: true as soon as it does, false where it ended before */
  readonly begun: Promise<boolean>;
  readonly told: Told = { begun: false, captured: null, dropped: null, words: [] };
  readonly #program: Program;
  readonly #child: ChildProcess;
  #asked = false;
  #over = false;
  #timers: NodeJS.Timeout[] = [];

  constructor(program: Program, command: Command, wanted: Wanted) {
    this.#program = program;
    const { interface: from, filter, snaplen } = wanted;
    this.source = { interface: from, backend: program.name, timestamps: program.timestamps, filter, snaplen };
    // A session of its own: Ctrl-C reaches only us, and we decide when it ends.
    const child = spawn(command.path, command.args, {
      stdio: [program.endsWithInput ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      env: environment(),
      cwd: '/',
      detached: true,
      windowsHide: true,
    });
    this.#child = child;
    // Node.js throws away what a program has left in its pipe if it ends before somebody reads: so it is read at once.
    const stream = new PassThrough({ highWaterMark: READ_AHEAD });
    pipeline(child.stdout!, stream, () => undefined); // either end may be destroyed
    this.stream = stream;
    child.stdin?.on('error', () => undefined); // it has ended
    this.#listen(child.stderr!);
    const killIt = (): void => this.kill();
    process.once('exit', killIt);
    const closed = new Promise<CaptureEnd>((resolve) => {
      child.once('close', (code: number | null, signal: string | null) => {
        process.off('exit', killIt);
        this.#rest();
        const ending = { code, signal, exists: exists(from) };
        const failure = this.#asked ? null : failureOf(program.name, wanted, this.told, ending);
        resolve({ dropped: this.told.dropped, failure });
      });
    });
    const read = new Promise((resolve) => stream.once('close', resolve));
    this.ended = Promise.all([closed, read]).then(([end]) => end);
    this.begun = this.#begin();
  }

  get dropped(): number | null {
    return this.told.dropped;
  }

  stop(): void {
    if (this.#asked || this.#over) return;
    this.#asked = true;
    if (this.#program.endsWithInput) this.#child.stdin?.end();
    else if (!this.#signal('SIGINT')) this.stream.destroy(); // then it ends with the next packet that it writes
    this.#wait(PATIENCE_TIMES, this.#bytesRead());
  }

  kill(): void {
    this.#asked = true;
    if (!this.#over && !this.#signal('SIGKILL')) this.stream.destroy();
  }

  /**
   * It captures as soon as it says so. tcpdump writes the header of its file before that, and may still fail; a program that is
   * silent for a while after it captures.
   */
  #begin(): Promise<boolean> {
    const { told } = this;
    const child = this.#child;
    const output = child.stdout!;
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        told.words.push(`it did not begin within ${BEGIN_WITHIN / 1000} s`);
        this.kill();
      }, BEGIN_WITHIN);
      let grace: NodeJS.Timeout | undefined;
      const done = (begun: boolean): void => {
        clearTimeout(late);
        clearTimeout(grace);
        output.off('data', onData);
        child.stderr!.off('data', onWords);
        if (begun && this.#program.tellsWhenAsked) this.#askAgainAndAgain();
        resolve(begun);
      };
      const onData = (): void => {
        grace ??= setTimeout(() => done(true), GRACE);
      };
      const onWords = (): void => {
        if (told.begun) done(true);
      };
      output.on('data', onData);
      child.stderr!.on('data', onWords);
      child.on('error', (error) => told.words.push(error.message));
      child.once('exit', () => {
        this.#over = true;
      });
      child.once('close', () => {
        this.#over = true;
        done(false);
      });
    });
  }

  #listen(from: Readable): void {
    let rest = '';
    from.setEncoding('utf8');
    const hear = (line: string): void => {
      this.#program.hear(line.slice(0, MOST_LINE), this.told);
      if (this.told.words.length > MOST_WORDS) this.told.words.splice(1, 1); // the first says why
    };
    from.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = (lines.pop() ?? '').slice(0, MOST_LINE);
      for (const line of lines) hear(line);
    });
    from.on('end', () => {
      if (rest !== '') hear(rest);
    });
    from.on('error', () => undefined);
  }

  #askAgainAndAgain(): void {
    // Before it says that it listens the signal would end it.
    const timer = setInterval(() => this.told.begun && this.#signal('SIGUSR1'), ASK_EVERY);
    timer.unref();
    this.#timers.push(timer);
  }

  /** Killed where it neither ends nor hands anything over any more. */
  #wait(times: number, before: number): void {
    this.#timers.push(
      setTimeout(() => {
        const now = this.#bytesRead();
        if (now > before && times > 1) this.#wait(times - 1, now);
        else this.kill();
      }, PATIENCE),
    );
  }

  #bytesRead(): number {
    const { stdout } = this.#child;
    return stdout instanceof Socket ? stdout.bytesRead : 0;
  }

  #rest(): void {
    this.#over = true;
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** False where it is over, or is somebody's whom we may not signal. */
  #signal(signal: NodeJS.Signals): boolean {
    const { pid } = this.#child;
    if (pid === undefined || this.#over) return false;
    try {
      return process.kill(pid, signal);
    } catch {
      return false;
    }
  }
}
