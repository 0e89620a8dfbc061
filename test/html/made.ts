/** HTML reports as the program writes them, with the JSON report of the same capture beside each. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import { teardown, temporaryFolder } from '../cli/run.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');

/** 52 connections that the server closed first, 88 refused. */
export const OUTAGE = join(FIXTURES, 'demo/restart-outage.pcap');
/** Ends by FIN from each side, RSTs after FINs, stays in FIN_WAIT_2 and CLOSE_WAIT. */
export const MIXED = join(FIXTURES, 'stories/fin_wait_2_owned/client.pcap.gz');

export interface Made {
  path: string;
  report: Report;
}

export async function madePage(capture: string, folder = temporaryFolder()): Promise<Made> {
  const [path, json] = [join(folder, 'report.html'), join(folder, 'report.json')];
  const { code, stderr } = await teardown([capture, '-o', path, '-o', json]);
  expect(stderr).toContain(path);
  expect(code).toBe(0);
  return { path, report: JSON.parse(readFileSync(json, 'utf8')) as Report };
}
