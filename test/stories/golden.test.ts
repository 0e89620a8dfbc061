/** What is said of each incident, from either end: reports/stories.txt, as somebody last read it and found it good. */

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import { verdict } from '../../src/output/verdict.ts';
import type { Report } from '../../src/report/types.ts';
import { capturesIn, casesIn, readTruth } from '../cases/truth.ts';
import { STORIES } from './expected.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const GOLDEN = join(import.meta.dirname, '../../reports/stories.txt');

function page(report: Report): string[] {
  const { wrong, seen } = verdict(report);
  return [
    ...(wrong === null ? [] : [wrong]),
    seen,
    ...report.findings.map(({ severity, rule, title }) => `  ${severity.padEnd(8)} ${rule}: ${title}`),
  ];
}

it('every verdict and every title of the stories is as somebody last read it', async () => {
  const lines: string[] = [];
  const played = casesIn(join(FIXTURES, 'stories'));
  for (const { name, portRange } of STORIES.filter(({ kind, name }) => kind === 'stories' && played.includes(name))) {
    const folder = join(FIXTURES, 'stories', name);
    const { facts } = readTruth<Record<string, unknown>>(folder);
    const range = portRange === undefined ? undefined : (facts[portRange] as [number, number]);
    for (const file of capturesIn(folder)) {
      const report = await analyze([join(folder, file)], { portRange: range });
      expect(report.totals.flows).toBeGreaterThan(0);
      lines.push(`${name}, ${file} (${String(facts['cause'])})`, ...page(report), '');
    }
  }
  await expect(lines.join('\n')).toMatchFileSnapshot(GOLDEN);
});
