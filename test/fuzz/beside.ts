/**
 * In CI the fuzzer runs beside the other tests, at the lowest priority: five minutes of all processors by itself would be a
 * fifth of all the time. Ten minutes of one are as much work; fuzz.test.ts waits for them.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** folder of the run beside; null: there is none */
    fuzz: string | null;
  }
}

const ROOT = join(import.meta.dirname, '../..');
const MINUTES = 10;

/** The day of the newest commit as a number: other runs with every day's work, and the same ones for the same commit. */
export function seedOfCommit(): number {
  try {
    return Number(execFileSync('git', ['log', '-1', '--format=%cd', '--date=format:%Y%m%d'], { cwd: ROOT }));
  } catch {
    return 1; // no repository
  }
}

/** What the fuzzer is called with, and where it leaves what it found. */
export function fuzzArguments(folder: string, minutes: number): string[] {
  const files = ['--state', join(folder, 'state.json'), '--findings', join(folder, 'findings')];
  const run = ['--seed', `${seedOfCommit()}`, '--minutes', `${minutes}`, '--jobs', '1'];
  return [join(ROOT, 'build/fuzz.js'), ...run, ...files];
}

/** Its exit code, and what it said, once it has ended. */
export const STATUS = 'status.json';

export default function setup(project: TestProject): (() => void) | undefined {
  const isWhole = process.argv.slice(2).every((argument) => argument === 'run' || argument.startsWith('-'));
  if (process.env['CI'] !== '1' || !isWhole) {
    project.provide('fuzz', null);
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'teardown-fuzz-'));
  const child = spawn(process.execPath, fuzzArguments(folder, MINUTES), { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text;
  });
  child.on('close', (code) => writeFileSync(join(folder, STATUS), JSON.stringify({ code, said })));
  project.provide('fuzz', folder);
  return () => {
    child.removeAllListeners('close');
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  };
}
