import { writeSync } from 'node:fs';
import { OutputError } from '../output/files.ts';

export type ColorChoice = 'auto' | 'always' | 'never';

/** Columns of text that goes to standard output: the terminal's, $COLUMNS, else 120 (a file or a pipe). */
export function outputWidth(): number {
  const told = Number(process.env['COLUMNS']);
  if (process.stdout.isTTY) return process.stdout.columns;
  return Number.isInteger(told) && told > 0 ? told : 120;
}

/** NO_COLOR (no-color.org) and CLICOLOR_FORCE (bixense.com/clicolors) are honoured. */
export function wantsColor(choice: ColorChoice): boolean {
  if (choice !== 'auto') return choice === 'always';
  const { NO_COLOR, CLICOLOR_FORCE, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (CLICOLOR_FORCE !== undefined && CLICOLOR_FORCE !== '' && CLICOLOR_FORCE !== '0') return true;
  return process.stdout.isTTY === true && TERM !== 'dumb';
}

/** The reader of our standard output went away: `| head`. The run ends quietly. */
export class BrokenPipe extends Error {
  override readonly name = 'BrokenPipe';
}

/** Results on standard output. */
export class Results {
  private readonly goesOn: boolean;
  private closed = false;

  /** @param goesOn whether the run has other outputs too, and ends well without a reader of this one */
  constructor(goesOn: boolean) {
    this.goesOn = goesOn;
  }

  /** @throws BrokenPipe, OutputError */
  write(chunks: Iterable<string>): void {
    if (this.closed) return;
    try {
      writeOut(chunks);
    } catch (error) {
      if (!(error instanceof BrokenPipe && this.goesOn)) throw error;
      this.closed = true;
    }
  }
}

/** A failure of standard output, in three short parts. */
export function standardOutputError(code: string): OutputError {
  const why = code === 'ENOSPC' ? 'no space left on the disk' : code;
  return new OutputError("can't write to standard output", why, 'use -o PATH to write a file');
}

/** Writes to standard output in full, waiting where a pipe is full. @throws BrokenPipe, OutputError */
export function writeOut(chunks: Iterable<string>): void {
  let pending = '';
  for (const chunk of chunks) {
    pending += chunk;
    if (pending.length < 1 << 16) continue;
    writeAll(1, pending);
    pending = '';
  }
  writeAll(1, pending);
}

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(fd, bytes, done);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      // EIO: the terminal is gone.
      if (code === 'EPIPE' || code === 'EIO') throw new BrokenPipe();
      if (code !== 'EAGAIN') throw standardOutputError(code);
      // A pipe that is non-blocking and full: wait for its reader.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
