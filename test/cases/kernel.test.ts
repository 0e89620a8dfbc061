/** Real teardowns against what the kernels' tracepoints and timers say of them. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import { itShared } from '../support/shared.ts';
import { type Difference, differences } from './compare.ts';
import { KNOWN, type KnownDifference } from './known.ts';
import { capturesIn, casesIn, readTruth } from './truth.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');

/** All differences of one case, and the captures that were looked at. */
async function examine(folder: string): Promise<{ found: Difference[]; captures: string[] }> {
  const truth = readTruth(folder);
  const found: Difference[] = [];
  const files = capturesIn(folder);
  for (const file of files) found.push(...differences(truth, file, await analyze([join(folder, file)])));
  return { found, captures: files.map((file) => `${truth.case}/${file}`) };
}

type Place = Pick<Difference, 'capture' | 'aspect' | 'endpoint' | 'state'>;

function nameOf({ capture, aspect, endpoint, state }: Place): string {
  return [capture, aspect, endpoint, state].filter((part) => part !== undefined).join(' ');
}

/** What was found must be what is known, no more and no less. */
function expectKnown(found: readonly Difference[], captures: readonly string[]): void {
  const counts = new Map<string, number>();
  for (const each of found) counts.set(nameOf(each), (counts.get(nameOf(each)) ?? 0) + 1);
  const known = KNOWN.filter(({ capture }) => captures.includes(capture));
  const names = new Set(known.map(nameOf));
  const news = found.filter((each) => !names.has(nameOf(each))).map((each) => `${nameOf(each)}: ${each.detail}`);
  expect(news.slice(0, 20)).toEqual([]);
  const listed = (each: KnownDifference) => `${counts.get(nameOf(each)) ?? 0} × ${nameOf(each)}`;
  expect(known.map(listed)).toEqual(known.map((each) => `${each.times} × ${nameOf(each)}`));
}

describe.each(['cases', 'stories'])('fixtures/%s', (folder) => {
  it.each(casesIn(join(FIXTURES, folder)))('%s is read as the kernels saw it', async (name) => {
    const { found, captures } = await examine(join(FIXTURES, folder, name));
    expectKnown(found, captures);
  });
});

describe.each(['cases', 'stories'])('shared %s', (kind) => {
  itShared('are all read as the kernels saw them', [kind], async (folder) => {
    const found: Difference[] = [];
    const captures: string[] = [];
    for (const name of casesIn(folder)) {
      const examined = await examine(join(folder, name));
      found.push(...examined.found);
      captures.push(...examined.captures);
    }
    expect(captures.length).toBeGreaterThan(20);
    expectKnown(found, captures);
  });
});

it('an orphan that timed out is read rightly where the timer is told', async () => {
  const folder = join(FIXTURES, 'cases/orphan_fw2_timeout_data');
  for (const file of capturesIn(folder)) {
    const report = await analyze([join(folder, file)], { finTimeoutSeconds: 3 });
    expect(differences(readTruth(folder), file, report)).toEqual([]);
    expect(report.flows[0]?.notes).toContain('fin-wait-2-expired');
  }
});
