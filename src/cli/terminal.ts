import { writeSync } from 'node:fs';

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

/** Writes to standard output in full, waiting where a pipe is full. @throws BrokenPipe */
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
      const code = error instanceof Error && 'code' in error ? error.code : '';
      if (code === 'EPIPE') throw new BrokenPipe();
      if (code !== 'EAGAIN') throw error;
      // A pipe that is non-blocking and full: wait for its reader.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
