/** Everybody can read the page: axe-core finds nothing, whatever the colours and the width. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { describe, expect } from 'vitest';
import { itBrowser, withPage } from '../support/browser.ts';
import { DEMO, pageOf } from './pages.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe('axe-core finds nothing', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1600, 400]) {
      itBrowser(`${colorScheme}, ${width} pixels wide`, async () => {
        const { path } = await pageOf([DEMO], `axe-${colorScheme}-${width}`);
        await withPage(
          path,
          async ({ page }) => {
            await page.waitForTimeout(300);
            const results = (await page.evaluate(`${AXE}; axe.run()`)) as AxeResults;
            const found = results.violations.map(({ id, help, nodes }) => ({
              id,
              help,
              at: nodes.map(({ target }) => target),
            }));
            expect(found).toEqual([]);
          },
          { colorScheme, viewport: { width, height: 900 } },
        );
      });
    }
  }
});
