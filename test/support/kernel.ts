/** Tests that need this machine's kernel: root, network namespaces, and programs that are on every Linux or easily had. */

import { execFileSync } from 'node:child_process';
import { it } from 'vitest';
import { hasProgram, missing } from './shared.ts';

const PROGRAMS = ['ip', 'nsenter', 'python3', 'tcpdump', 'unshare'];

/** What is missing, or null. */
export function missingForKernel(): string | null {
  if (process.platform !== 'linux') return 'Linux';
  if (process.getuid?.() !== 0) return 'root';
  const missing = PROGRAMS.filter((program) => !hasProgram(program));
  if (missing.length > 0) return missing.join(', ');
  try {
    execFileSync('unshare', ['--net', 'true'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'the right to make network namespaces';
  }
}

/** A test that plays on this machine's kernel; treated as itShared's are where it can't. */
export function itKernel(name: string, test: () => Promise<void> | void, timeout?: number): void {
  const needed = missingForKernel();
  if (needed === null) it(name, test, timeout);
  else missing(name, needed);
}
