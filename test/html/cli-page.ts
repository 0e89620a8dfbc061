/** Pages as users get them: from the program, with segments. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import { CLI } from '../cli/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'teardown-page-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** @param flags more of them */
export function cliPage(
  captures: readonly string[],
  name: string,
  flags: readonly string[] = [],
): { path: string; html: string; report: Report } {
  const path = join(folder, `${name}.html`);
  const json = join(folder, `${name}.json`);
  execFileSync(process.execPath, [CLI, ...captures, '-q', '-o', path, '-o', json, ...flags], { stdio: 'pipe' });
  return { path, html: readFileSync(path, 'utf8'), report: JSON.parse(readFileSync(json, 'utf8')) as Report };
}
