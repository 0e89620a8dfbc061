/** What broke the program once is read now, in every way there is. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Dice } from '../../fuzz/dice.ts';
import { ALL_EXTRAS, Oracle } from '../../fuzz/oracle.ts';

const HOSTILE = new URL('../../fixtures/hostile/', import.meta.url);
const names = readdirSync(HOSTILE).filter((name) => name !== 'README.md');

const folder = mkdtempSync(join(tmpdir(), 'teardown-hostile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('hostile captures', () => {
  test.each(names)('%s', async (name) => {
    const bytes = readFileSync(new URL(name, HOSTILE));
    const started = performance.now();
    for (const extras of [[], ALL_EXTRAS]) {
      const { faults } = await new Oracle(folder).judge([bytes], extras, new Dice(1));
      expect(faults).toEqual([]);
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test('are all told of', () => {
    const text = readFileSync(new URL('README.md', HOSTILE), 'utf8');
    expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});
