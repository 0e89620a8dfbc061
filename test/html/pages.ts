/** Pages for the tests of this folder: written into a folder of their own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { runAnalysis } from '../../src/analyze.ts';
import { MAX_REPORT_BYTES } from '../../src/output/html/model.ts';
import { htmlReport } from '../../src/output/html/report.tsx';
import type { ServiceTotals } from '../../src/report/services.ts';
import type { Report } from '../../src/report/types.ts';

const folder = mkdtempSync(join(tmpdir(), 'teardown-html-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

export const DEMO = 'fixtures/demo/restart-outage.pcap';

export interface Made {
  path: string;
  html: string;
  report: Report;
}

/** The page of captures, without segments. @param change of the report, before it is written */
export async function pageOf(
  files: readonly string[],
  name: string,
  change = (report: Report) => report,
): Promise<Made> {
  const { report, services } = await runAnalysis(files);
  return written(change(report), services, name);
}

export function written(report: Report, services: ServiceTotals, name: string): Made {
  const input = { report, services, stays: null, ladders: { of: new Map(), left: null } };
  const html = [...htmlReport(input, { maxBytes: MAX_REPORT_BYTES })].join('');
  const path = join(folder, `${name}.html`);
  writeFileSync(path, html);
  return { path, html, report };
}
