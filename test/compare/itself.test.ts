/** A capture compared with itself: both are the same, whatever is in it. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runComparison } from '../../src/compare.ts';
import { InputError } from '../../src/input/errors.ts';
import { itShared } from '../support/shared.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');

/** What differs where nothing can. */
async function differing(path: string): Promise<string[]> {
  const { report, comparison } = await runComparison([path], [path]);
  const { lost, resets, offsetSeconds } = comparison;
  const wrong = lost.toServer + lost.toClient > 0 ? [`lost ${lost.toServer} and ${lost.toClient}`] : [];
  if (resets.path > 0) wrong.push(`${resets.path} resets of the path`);
  if (offsetSeconds !== null && offsetSeconds !== 0) wrong.push(`offset ${offsetSeconds}`);
  // A self-connect has one end: there is nothing between.
  const alone = report.flows.filter(
    ({ notes }) => notes.some((note) => note.startsWith('only-in-')) && !notes.includes('self-connect'),
  );
  if (alone.length > 0) wrong.push(`${alone.length} not joined`);
  return wrong;
}

function capturesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /\.p?cap(ng)?$/.test(name)).sort();
}

describe('every capture in fixtures/', () => {
  it.each(capturesIn(FIXTURES))('%s', async (name) => {
    expect(await differing(join(FIXTURES, name))).toEqual([]);
  });
});

itShared('every capture of others', ['corpus'], async (folder) => {
  const wrong: string[] = [];
  let compared = 0;
  for (const name of capturesIn(folder)) {
    try {
      wrong.push(...(await differing(join(folder, name))).map((what) => `${name}: ${what}`));
      compared++;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
  expect(wrong).toEqual([]);
  expect(compared).toBeGreaterThan(300);
});
