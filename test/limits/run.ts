/** The program with an endless input, and what it took. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Report } from '../../src/report/types.ts';
import { CLI } from '../cli/run.ts';

/** Tells on descriptor 3 what the process took, when it ends. */
const TELL = `data:text/javascript,import { writeSync } from 'node:fs';
process.on('exit', () => writeSync(3, JSON.stringify(process.resourceUsage())));`;

export interface Outcome {
  code: number | null;
  stderr: string;
  report: Report;
  /** processor time, user and system */
  seconds: number;
  /** largest resident set, 10^6 bytes */
  megabytes: number;
}

/** Pipes a capture into `teardown - -f json`. */
export async function analyzeStream(chunks: Iterable<Uint8Array>, ...args: string[]): Promise<Outcome> {
  const child = spawn(process.execPath, ['--import', TELL, CLI, '-', '-f', 'json', '--max-flows', '100', ...args], {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  const texts = [1, 2, 3].map(async (descriptor) => {
    const parts: Buffer[] = [];
    for await (const part of child.stdio[descriptor] as NodeJS.ReadableStream) parts.push(part as Buffer);
    return Buffer.concat(parts).toString();
  });
  const { stdin } = child;
  // It may end before it has read all.
  stdin.on('error', () => undefined);
  for (const chunk of chunks) {
    if (stdin.destroyed) break;
    // The next chunk is made in the same place.
    await new Promise((done) => stdin.write(chunk, done));
  }
  stdin.end();
  const [stdout = '', stderr = '', usage = ''] = await Promise.all(texts);
  if (child.exitCode === null) await once(child, 'exit');
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(usage) as NodeJS.ResourceUsage;
  return {
    code: child.exitCode,
    stderr,
    report: JSON.parse(stdout) as Report,
    seconds: (userCPUTime + systemCPUTime) / 1e6,
    megabytes: (maxRSS * 1024) / 1e6,
  };
}
