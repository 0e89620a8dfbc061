/** Ports of captures: of files, and of packets written as in fixtures/scenarios. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AnalyzeOptions, runAnalysis } from '../../src/analyze.ts';
import type { Context } from '../../src/findings/context.ts';
import { type Answer, answerOf, type KnownPort, type ReuseCase } from '../../src/ports/answer.ts';
import { captureBytes } from '../cli/run.ts';

export const SECOND = 1_000_000_000;

export async function contextOf(lines: readonly string[], options: AnalyzeOptions = {}): Promise<Context> {
  const folder = mkdtempSync(join(tmpdir(), 'ports-'));
  try {
    const file = join(folder, 'scripted.pcap');
    writeFileSync(file, captureBytes(lines.join('\n')));
    return (await runAnalysis([file], options)).context;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The port of the only service, or of the one at that address and port. */
export function portOf(context: Context, name = context.service(context.serviceNumbers[0]!)): KnownPort {
  const [, address, port] = /^(.*):(\d+)$/.exec(name)!;
  const [known] = context.portsOf(address!, Number(port));
  return known!;
}

/** @param seconds since the capture's first second */
export function ask(context: Context, known: KnownPort, seconds: number, which: ReuseCase = 'neither'): Answer {
  return answerOf(context.lifetimes, known, seconds * SECOND, which, context.end);
}

/** A connection that the server closes first, a second long. */
export function servedFirst(client: string, server: string, time: number): string[] {
  return [
    `client ${client}`,
    `server ${server}`,
    `${time} c > s S 0:0(0)`,
    '+0.001 s > c S. 0:0(0) ack 1',
    '+0.001 c > s . 1:1(0) ack 1',
    `${time + 1} s > c F. 1:1(0) ack 1`,
    '+0.001 c > s F. 1:1(0) ack 2',
    '+0.001 s > c . 2:2(0) ack 2',
  ];
}
