/** Other programs: where they are, and what they are told of our environment. */

import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** Where system programs are that an ordinary user's PATH leaves out. */
const ELSEWHERE = ['/usr/sbin', '/sbin', '/usr/local/sbin'];

export interface Found {
  path: string;
  /** false: the file is there, but we may not run it */
  runs: boolean;
}

/** @returns null where there is no such program */
export function findProgram(name: string): Found | null {
  let refused: Found | null = null;
  for (const folder of folders()) {
    const path = join(folder, name);
    if (!isFile(path)) continue;
    if (mayRun(path)) return { path, runs: true };
    refused ??= { path, runs: false };
  }
  return refused;
}

/** All that another program gets to know of our environment: no secret of ours is in it. */
export function environment(): Record<string, string> {
  return { PATH: folders().join(delimiter), LANG: 'C', LC_ALL: 'C' };
}

/** Runs a program to its end. @returns what it wrote to standard output; null where it failed, or took too long */
export function outputOf(path: string, args: readonly string[], milliseconds = 5000): Promise<string | null> {
  const options = {
    env: environment(),
    cwd: '/',
    timeout: milliseconds,
    killSignal: 'SIGKILL',
    encoding: 'utf8',
  } as const;
  return new Promise((resolve) => {
    const child = execFile(path, args, options, (error, output) => resolve(error === null ? output : null));
    child.stdin?.end();
  });
}

/** A relative folder in PATH would be whatever lies where we stand: as root that must not be run. */
function folders(): string[] {
  const named = (process.env['PATH'] ?? '').split(delimiter).filter(isAbsolute);
  return [...new Set([...named, ...ELSEWHERE])];
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function mayRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
