/** However a story is read, its findings and its ports are the same. */

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { capturesIn, casesIn } from '../cases/truth.ts';
import { CLI } from '../cli/run.ts';

// The program as it is shipped: the other threads run a file of it.
const { analyze } = (await import(join(CLI, '../index.js'))) as typeof import('../../src/index.ts');

const STORIES = join(import.meta.dirname, '../../fixtures/stories');

it.each(casesIn(STORIES))('%s: by several threads, and without the kernel', async (name) => {
  for (const file of capturesIn(join(STORIES, name))) {
    const path = join(STORIES, name, file);
    const { findings, ports } = await analyze([path], { threads: 1 });
    expect(ports.length).toBeGreaterThan(0);
    for (const options of [{ threads: 3 }, { threads: 1, kernel: false }]) {
      const other = await analyze([path], options);
      expect(other.findings, file).toEqual(findings);
      expect(other.ports, file).toEqual(ports);
    }
  }
});
