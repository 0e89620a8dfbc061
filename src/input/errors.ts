/** Inputs that can't be opened: told before anything is analysed, in three short lines. */

/** An input that can't be opened or is no capture (exit code 2). */
export class InputError extends Error {
  override readonly name = 'InputError';
  /** what failed, with the file's name: `can't open web.pcap` */
  readonly what: string;
  /** why: `no such file` */
  readonly why: string;
  /** what to try */
  readonly hint: string;

  constructor(what: string, why: string, hint: string) {
    super(`${what}: ${why}`);
    this.what = what;
    this.why = why;
    this.hint = hint;
  }
}

/** An input that can be read and is no capture. */
export class NoCaptureError extends InputError {}

/** Why, and what to try, where a folder was named. */
export const IS_DIRECTORY: [why: string, hint: string] = [
  'is a directory',
  'name the files in it, as in DIRECTORY/*.pcap',
];

const REASONS: Record<string, [why: string, hint: string]> = {
  ENOENT: ['no such file', 'check the path; - reads standard input'],
  ENOTDIR: ['no such file', 'check the path; - reads standard input'],
  EACCES: ['permission denied', 'captures often belong to root: sudo cat FILE | teardown -'],
  EPERM: ['permission denied', 'captures often belong to root: sudo cat FILE | teardown -'],
  EISDIR: IS_DIRECTORY,
  ENXIO: ['is a socket or a device without a driver', 'name a file, or - for standard input'],
  EMFILE: [
    'too many open files',
    'raise the limit (ulimit -n 65536), or join the files first: mergecap -w all.pcapng FILE...',
  ],
};

/** The `code` of a system call's error, such as ENOENT, or '' for anything else. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** An error of a system call as InputError; an InputError as it is. */
export function systemError(path: string, error: unknown): InputError {
  if (error instanceof InputError) return error;
  const code = errorCode(error);
  const [why, hint] = REASONS[code] ?? [code === '' ? String(error) : code, 'check the path; - reads standard input'];
  return new InputError(`can't open ${path}`, why, hint);
}

const NOT_WRITTEN: Record<string, [why: string, hint: string]> = {
  ENOSPC: ['no space left on the disk', 'Free some space, or write to another disk.'],
  EDQUOT: ['the disk quota is used up', 'Free some space, or write to another disk.'],
  EACCES: ['permission denied', 'Choose a folder that you may write to.'],
  EPERM: ['the system does not permit it', 'Choose a folder that you may write to.'],
  EROFS: ['the file system is read-only', 'Choose a folder that you may write to.'],
  ENAMETOOLONG: ['the name is too long', 'Choose a shorter name.'],
  ENOTDIR: ['part of the path is a file and not a folder', 'Check the path.'],
  EFBIG: [
    'the file would be larger than the file system or its limit allows',
    'Write to another disk, or see ulimit -f.',
  ],
};

/** Why a file could not be written, and what to try. */
export function whyNotWritten(error: unknown): [why: string, hint: string] {
  const code = errorCode(error);
  return NOT_WRITTEN[code] ?? [code === '' ? String(error) : code, 'Try another place.'];
}
