/** Tests that need what isn't part of the repository: captures (too large, or under other licences), other programs. */
import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const { CI, PATH = '', TEARDOWN_SHARED } = process.env;

/** The shared folder: TEARDOWN_SHARED, else `../shared` from the repository's root. */
const SHARED = TEARDOWN_SHARED ?? resolve(import.meta.dirname, '../../../shared');

/** A path in the shared folder, or null where that isn't there. */
export function sharedPath(...parts: string[]): string | null {
  const path = join(SHARED, ...parts);
  return existsSync(path) ? path : null;
}

/**
 * A test that needs a folder of the shared one. Where that is missing the test is skipped by name, but with CI=1 it fails:
 * there its absence must not go unnoticed.
 */
export function itShared(name: string, parts: string[], test: (folder: string) => Promise<void> | void): void {
  const folder = sharedPath(...parts);
  if (folder !== null) it(name, () => test(folder));
  else missing(name, `the shared folder's ${join(...parts)}`);
}

/** A test that needs another program, such as mergecap; missing ones are treated as missing folders are. */
export function itTool(name: string, tool: string, test: () => Promise<void> | void): void {
  if (hasProgram(tool)) it(name, test);
  else missing(name, tool);
}

export function hasProgram(name: string): boolean {
  return PATH.split(delimiter).some((folder) => existsSync(join(folder, name)));
}

/** Skipped by name; with CI=1 it fails. */
export function missing(name: string, what: string): void {
  if (CI === '1') it(name, () => expect.fail(`${what} is missing`));
  else it.skip(`${name} (needs ${what})`, () => {});
}
