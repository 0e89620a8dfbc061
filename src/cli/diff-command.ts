import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { extname } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { diffOf } from '../diff/diff.ts';
import type { Digest } from '../diff/digest.ts';
import { weightOf } from '../diff/findings.ts';
import { readDigest, STANDARD_INPUT } from '../diff/read.ts';
import type { Diff } from '../diff/types.ts';
import { errorCode, InputError, systemError } from '../input/errors.ts';
import { markdownDiff } from '../output/diff-markdown.ts';
import { diffText } from '../output/diff-text.ts';
import { AtomicFile } from '../output/files.ts';
import { jsonDiff } from '../output/json.ts';
import { plain } from '../output/style.ts';
import type { Finding } from '../report/types.ts';
import { EXIT_DONE, EXIT_NOTHING, UsageError } from './errors.ts';
import { onSignal } from './signals.ts';
import { type ColorChoice, outputWidth, Results, wantsColor } from './terminal.ts';

export const DIFF_FORMATS = ['text', 'json', 'md'] as const;
type DiffFormat = (typeof DIFF_FORMATS)[number];

export interface DiffFlags {
  output?: string[];
  format?: DiffFormat;
  failOn?: Finding['severity'];
  quiet?: true;
  color: ColorChoice;
}

const BY_ENDING: Record<string, DiffFormat> = { '.txt': 'text', '.json': 'json', '.md': 'md' };

/** A report of 100,000 flows has 350 MB; what is unpacked is in memory twice for a moment. */
const MOST_BYTES = 1 << 29;

/** `teardown diff BEFORE AFTER` @returns the exit code */
export async function diffCommand(operands: string[], flags: DiffFlags): Promise<number> {
  const [before, after, ...others] = operands;
  if (before === undefined || after === undefined || others.length > 0) {
    throw new UsageError('diff needs two reports', 'as in: teardown diff before.json after.json');
  }
  if (before === '-' && after === '-') {
    throw new UsageError('both reports are standard input, which can be read once', 'save one to a file first');
  }
  const outputs: { file: AtomicFile; format: DiffFormat }[] = [];
  const giveUp = () => {
    for (const { file } of outputs) file.abort();
  };
  const takeBack = onSignal(giveUp);
  try {
    for (const path of flags.output ?? []) outputs.push({ format: formatOf(path), file: new AtomicFile(path) });
    const compared = diffOf(readReport(before), readReport(after));
    write(compared, outputs, flags);
    return reached(compared, flags.failOn) ? EXIT_NOTHING : EXIT_DONE;
  } catch (error) {
    giveUp();
    throw error;
  } finally {
    takeBack();
  }
}

function formatOf(path: string): DiffFormat {
  const format = BY_ENDING[extname(path).toLowerCase()];
  if (format !== undefined) return format;
  throw new UsageError(
    `diff does not write ${extname(path) || 'a file without an ending'}: ${path}`,
    'use .txt, .json or .md',
  );
}

function write(compared: Diff, outputs: { file: AtomicFile; format: DiffFormat }[], flags: DiffFlags): void {
  const render = (format: DiffFormat, color: boolean, width: number): string => {
    if (format === 'json') return jsonDiff(compared);
    return format === 'md' ? markdownDiff(compared) : diffText(compared, { color, width });
  };
  const results = new Results(outputs.length > 0);
  const format = flags.format ?? (outputs.length === 0 ? 'text' : null);
  if (format !== null) results.write([render(format, wantsColor(flags.color), outputWidth())]);
  for (const { file, format: own } of outputs) {
    file.write(render(own, false, 120));
    file.commit();
    if (format === null && flags.quiet !== true) results.write([`wrote ${plain(file.path)}\n`]);
  }
}

/** Whether a finding came, or one that stayed became worse, that is at least so severe. */
function reached({ findings }: Diff, severity: Finding['severity'] | undefined): boolean {
  if (severity === undefined) return false;
  return findings.some(
    ({ change, trend, after }) =>
      after !== null && (change === 'came' || trend === 'worse') && weightOf(after.severity) >= weightOf(severity),
  );
}

/** @throws InputError */
function readReport(path: string): Digest {
  const name = path === '-' ? STANDARD_INPUT : path;
  return readDigest(unpacked(bytesOf(path, name), name), name);
}

function tooLarge(name: string): InputError {
  const hint = 'write it anew with fewer flows: teardown CAPTURE --max-flows 10000 -o report.json';
  return new InputError(`can't compare ${name}`, 'it is larger than 512 MiB', hint);
}

function bytesOf(path: string, name: string): Uint8Array {
  let fd: number | null = null;
  try {
    fd = path === '-' ? 0 : openSync(path, constants.O_RDONLY);
    const stat = fstatSync(fd);
    if (stat.isDirectory()) {
      throw new InputError(
        `can't open ${name}`,
        'is a directory',
        'name a report in it: teardown diff before.json after.json',
      );
    }
    if (stat.size > MOST_BYTES) throw tooLarge(name);
    return readAll(fd, stat.size, name);
  } catch (error) {
    throw systemError(name, error);
  } finally {
    if (fd !== null && fd !== 0) closeSync(fd);
  }
}

/** To the end of a file or a pipe. */
function readAll(fd: number, size: number, name: string): Uint8Array {
  let buffer = Buffer.allocUnsafe(Math.max(size + 1, 1 << 16));
  let used = 0;
  for (;;) {
    if (used === buffer.length) {
      if (used > MOST_BYTES) throw tooLarge(name);
      buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)]);
    }
    const read = readSome(fd, buffer, used);
    if (read === 0) return buffer.subarray(0, used);
    used += read;
  }
}

function readSome(fd: number, buffer: Buffer, from: number): number {
  for (;;) {
    try {
      return readSync(fd, buffer, from, buffer.length - from, null);
    } catch (error) {
      if (errorCode(error) === 'EOF') return 0;
      if (errorCode(error) !== 'EAGAIN') throw error;
      // A pipe that is non-blocking and empty: wait for its writer.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

function unpacked(bytes: Uint8Array, name: string): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MOST_BYTES });
  } catch (error) {
    if (errorCode(error) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(name);
    throw new InputError(
      `can't compare ${name}`,
      'its gzip data is damaged or cut',
      'copy it again, or write it anew from the capture',
    );
  }
}
