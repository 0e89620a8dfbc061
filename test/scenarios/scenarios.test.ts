import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import type { Report } from '../../src/report/types.ts';
import { type CaptureForm, writeCapture } from './capture.ts';
import { parseScenario } from './parse.ts';

const SCENARIOS = new URL('../../fixtures/scenarios/', import.meta.url);

const FORMS: CaptureForm[] = [
  { format: 'pcap', byteOrder: 'little', resolution: 'us' },
  { format: 'pcap', byteOrder: 'big', resolution: 'ns' },
  { format: 'pcapng', byteOrder: 'little', resolution: 'us' },
  { format: 'pcapng', byteOrder: 'big', resolution: 'ns' },
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'teardown-scenarios-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** All of the report but what tells how the file was stored. */
function withoutFiles(report: Report): object {
  return { ...report, capture: { ...report.capture, files: [] } };
}

const files = readdirSync(SCENARIOS).filter((name) => name.endsWith('.md') && name !== 'README.md');

describe.each(files)('%s', (file) => {
  const name = basename(file, '.md');
  const scenario = parseScenario(readFileSync(new URL(file, SCENARIOS), 'utf8'));

  const report = (form: CaptureForm): Promise<Report> => {
    // One name in all forms, since findings may cite it.
    const home = join(folder, `${form.format}-${form.byteOrder}`);
    mkdirSync(home, { recursive: true });
    const path = join(home, `${name}.capture`);
    writeFileSync(path, writeCapture(scenario.script, form));
    return analyze([path]);
  };

  test('is read as expected', async () => {
    const { expected, actual } = scenario.expectation.compare(await report(FORMS[0]!), scenario.script.start);
    expect(actual.join('\n')).toBe(expected.join('\n'));
  });

  test('is read alike from pcap and pcapng in both byte orders', async () => {
    const [first, ...others] = await Promise.all(FORMS.map(report));
    for (const other of others) expect(withoutFiles(other)).toEqual(withoutFiles(first!));
  });
});
