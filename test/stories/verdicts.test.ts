/** Each incident's findings, from either end's capture, against what was measured: expected.ts. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import { itShared } from '../support/shared.ts';
import { STORIES } from './expected.ts';
import { verdicts } from './verdicts.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');

describe('the findings are what the incident calls for', () => {
  for (const story of STORIES) {
    const test = async (folder: string) => {
      const found = await verdicts(story, folder, (file, range) => analyze([file], { portRange: range ?? undefined }));
      expect(found).toEqual([]);
    };
    const own = join(FIXTURES, story.kind, story.name);
    if (existsSync(own)) it(story.name, () => test(own));
    else itShared(story.name, [story.kind, story.name], test);
  }
});
