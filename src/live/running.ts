/** A program that captures: started, listened to, and ended. */

import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
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
/** ms after which a program that neither captures nor ends is given up */
const BEGIN_WITHIN = 10_000;
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
    this.stream = child.stdout!;
    child.stdin?.on('error', () => undefined); // it has ended
    this.#listen(child.stderr!);
    const killIt = (): void => this.kill();
    process.once('exit', killIt);
    this.ended = new Promise((resolve) => {
      child.once('close', (code: number | null, signal: string | null) => {
        process.off('exit', killIt);
        this.#rest();
        const failure = this.#asked
          ? null
          : failureOf(program.name, wanted, this.told, { code, signal, exists: exists(from) });
        resolve({ dropped: this.told.dropped, failure });
      });
    });
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

  /** It captures as soon as it says so, or writes the header of its file. */
  #begin(): Promise<boolean> {
    const { stream, told } = this;
    const child = this.#child;
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        told.words.push(`it did not begin within ${BEGIN_WITHIN / 1000} s`);
        this.kill();
      }, BEGIN_WITHIN);
      const done = (begun: boolean): void => {
        clearTimeout(late);
        stream.off('readable', onReadable);
        child.stderr!.off('data', onWords);
        if (begun && this.#program.tellsWhenAsked) this.#askAgainAndAgain();
        resolve(begun);
      };
      const onReadable = (): void => {
        if (stream.readableLength > 0) done(true);
      };
      const onWords = (): void => {
        if (told.begun) done(true);
      };
      stream.on('readable', onReadable);
      child.stderr!.on('data', onWords);
      child.on('error', (error) => told.words.push(error.message));
      // Nobody reads the stream of a program that never began: its end has to be seen without that.
      const failed = (): void => {
        stream.off('readable', onReadable);
        stream.resume();
      };
      child.once('exit', () => {
        this.#over = true;
        if (!told.begun && stream.readableLength === 0) failed();
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
    return this.stream instanceof Socket ? this.stream.bytesRead : 0;
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
