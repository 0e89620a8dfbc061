/** The flows of many captures, as a report has them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { analyze } from '../../../../src/analyze.ts';
import { InputError } from '../../../../src/input/errors.ts';
import type { Flow } from '../../../../src/report/types.ts';

const CAPTURE = /\.(pcap|pcapng|cap|erf|snoop|dmp)(\.gz|\.zst)?$/;

/** The captures in a folder and those in it, by path. */
export function capturesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && CAPTURE.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Nothing for what is no capture. */
export async function flowsOf(path: string): Promise<Flow[]> {
  try {
    return asJson((await analyze([path], { threads: 1 })).flows);
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}

/** As the JSON report has them. */
export function asJson(flows: readonly Flow[]): Flow[] {
  return JSON.parse(JSON.stringify(flows)) as Flow[];
}
