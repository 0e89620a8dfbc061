/** HTML reports as the program writes them, with the JSON report of the same capture beside each. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import { teardown, temporaryFolder } from '../cli/run.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');

/** 52 connections that the server closed first, 88 refused. */
export const OUTAGE = join(FIXTURES, 'demo/restart-outage.pcap');
/** Ends by FIN from each side and by an RST after a FIN, by client and server, stays in FIN_WAIT_2 and CLOSE_WAIT. */
export const MIXED = join(FIXTURES, 'stories/ctrl_z/client.pcap');

export interface Made {
  path: string;
  report: Report;
}

const folder = temporaryFolder();
let made = 0;

export async function madePage(capture: string): Promise<Made> {
  const [path, json] = ['html', 'json'].map((ending) => join(folder, `${++made}.${ending}`)) as [string, string];
  const { code, stderr } = await teardown([capture, '-o', path, '-o', json]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return { path, report: JSON.parse(readFileSync(json, 'utf8')) as Report };
}
