/** Findings on captures: of files, and of packets written as in fixtures/scenarios. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AnalyzeOptions, runAnalysis } from '../../src/analyze.ts';
import type { Finding } from '../../src/report/types.ts';
import { capturesIn, readTruth, secondsOf } from '../cases/truth.ts';
import { writeCapture } from '../scenarios/capture.ts';
import { parseScript } from '../scenarios/script.ts';

export async function findingsOf(file: string, rule: string, options: AnalyzeOptions = {}): Promise<Finding[]> {
  const { findings } = (await runAnalysis([file], options)).report;
  return findings.filter((finding) => finding.rule === rule);
}

/** Of each capture of a case or story. */
export async function each(
  folder: string,
  rule: string,
  check: (findings: Finding[], file: string) => void,
  options: AnalyzeOptions = {},
): Promise<void> {
  for (const file of capturesIn(folder)) check(await findingsOf(join(folder, file), rule, options), file);
}

export function factsOf<Facts>(folder: string): Facts {
  return readTruth<Facts>(folder).facts;
}

/** Seconds since 1970 of a finding's `at` or `until`. */
export function at(time: string | null): number {
  return time === null ? Number.NaN : secondsOf(time);
}

/** Of packets in the notation of fixtures/scenarios/README.md. */
export async function scripted(
  lines: readonly string[],
  rule: string,
  options: AnalyzeOptions = {},
): Promise<Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'findings-'));
  try {
    const script = parseScript(lines.map((text, i) => ({ number: i + 1, text })));
    const file = join(folder, 'scripted.pcap');
    writeFileSync(file, writeCapture(script, { format: 'pcap', byteOrder: 'little', resolution: 'us' }));
    return await findingsOf(file, rule, options);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A connection that the client opens, with a request and an answer, and closes first. @param time seconds */
export function exchange(client: string, server: string, time: number): string[] {
  return [
    ...opened(client, server, time),
    '+0.01 c > s F. 10:10(0) ack 10',
    '+0.01 s > c F. 10:10(0) ack 11',
    '+0.001 c > s . 11:11(0) ack 11',
  ];
}

/** A connection with a request of 10 bytes and its answer of 10. */
export function opened(client: string, server: string, time: number): string[] {
  return [
    `client ${client}`,
    `server ${server}`,
    `${time} c > s S 0:0(0)`,
    '+0.001 s > c S. 0:0(0) ack 1',
    '+0.001 c > s . 1:1(0) ack 1',
    '+0.01 c > s P. 1:10(9) ack 1',
    '+0.01 s > c P. 1:10(9) ack 10',
    '+0.001 c > s . 10:10(0) ack 10',
  ];
}

/** A SYN that an RST answers. */
export function refusal(client: string, server: string, time: number): string[] {
  return [
    `client ${client}`,
    `server ${server}`,
    `${time} c > s S 0:0(0)`,
    '+0.001 s > c R. 0:0(0) ack 1 win 0 ipid 0',
  ];
}

/** A SYN, sent again after a second, that nobody answers. */
export function unanswered(client: string, server: string, time: number): string[] {
  return [`client ${client}`, `server ${server}`, `${time} c > s S 0:0(0)`, '+1 c > s S 0:0(0)'];
}
