/** Findings of captures: of files, and of scripts in the words of fixtures/scenarios. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AnalyzeOptions, analyze } from '../../src/analyze.ts';
import type { Finding } from '../../src/report/types.ts';
import { captureBytes } from '../cli/run.ts';

/** What a rule finds in a capture. */
export async function findingsIn(file: string, rule: string, options: AnalyzeOptions = {}): Promise<Finding[]> {
  const { findings } = await analyze([file], options);
  return findings.filter((finding) => finding.rule === rule);
}

/** The same of a script: lines "TIME SENDER > RECEIVER FLAGS SEQ:END(LENGTH) ack ACK". */
export async function findingsOfScript(text: string, rule: string, options: AnalyzeOptions = {}): Promise<Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'teardown-findings-'));
  try {
    const file = join(folder, 'capture.pcap');
    writeFileSync(file, captureBytes(text));
    return await findingsIn(file, rule, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Seconds since 1970 of a finding's time. */
export const secondsOfTime = (time: string | null): number => (time === null ? Number.NaN : Date.parse(time) / 1000);
