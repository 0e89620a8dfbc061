/** The JSON of every real capture is as schema/report.schema.json says. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import { jsonReport } from '../../src/output/json.ts';
import { itShared } from '../support/shared.ts';
import { THREE_FLOWS, teardown, temporaryFolder, writeScript } from './run.ts';

const ajv = new Ajv2020({ strict: true, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(JSON.parse(readFileSync(new URL('../../schema/report.schema.json', import.meta.url), 'utf8')), 'report');
const isReport = ajv.getSchema('report')!;
const isFlow = ajv.getSchema('report#/$defs/Flow')!;

const FIXTURES = new URL('../../fixtures/', import.meta.url).pathname;

function capturesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /\.pcap(ng)?$/.test(name)).map((name) => join(folder, name));
}

/** What is wrong with the JSON of each, by name. */
async function wrongIn(paths: string[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const path of paths) {
    const text = Array.from(jsonReport(await analyze([path]))).join('');
    if (!isReport(JSON.parse(text))) wrong.push(`${path}: ${ajv.errorsText(isReport.errors).slice(0, 300)}`);
  }
  return wrong;
}

describe('the JSON is valid', () => {
  test('as the program writes it, whole and by the flow', async () => {
    const capture = writeScript(temporaryFolder(), 'three.pcap', THREE_FLOWS);
    isReport(JSON.parse((await teardown([capture, '-f', 'json'])).stdout));
    expect(isReport.errors).toBeNull();
    for (const line of (await teardown([capture, '-f', 'ndjson'])).stdout.trim().split('\n')) {
      isFlow(JSON.parse(line));
      expect(isFlow.errors).toBeNull();
    }
  });

  test('of every capture in fixtures/', async () => {
    const captures = capturesIn(FIXTURES);
    expect(captures.length).toBeGreaterThan(0);
    expect(await wrongIn(captures)).toEqual([]);
  });

  itShared('of every case', ['cases'], async (folder) => {
    const captures = capturesIn(folder);
    expect(captures.length).toBeGreaterThan(100);
    expect(await wrongIn(captures)).toEqual([]);
  });

  itShared('of every story', ['stories'], async (folder) => {
    expect(await wrongIn(capturesIn(folder))).toEqual([]);
  });
});
