import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { runAnalysis } from '../../../src/analyze.ts';
import { staysOf } from '../../../src/output/html/charts/stays-of.ts';
import { MAX_REPORT_BYTES } from '../../../src/output/html/model.ts';
import { htmlReport } from '../../../src/output/html/report.tsx';
import { itBrowser, withPage } from '../../support/browser.ts';

const DEMO = join(import.meta.dirname, '../../../fixtures/demo/restart-outage.pcap');

let folder = '';
let file = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'teardown-charts-'));
  file = join(folder, 'report.html');
  const { report, services, context } = await runAnalysis([DEMO]);
  const input = { report, services, stays: staysOf(context), ladders: { of: new Map(), left: null } };
  writeFileSync(file, [...htmlReport(input, { maxBytes: MAX_REPORT_BYTES })].join(''));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function seen(page: Page): Promise<void> {
  await page.locator('#charts').scrollIntoViewIfNeeded();
  await page.waitForSelector('#charts .live canvas');
}

/** The colour in the middle of the plot, under the curve. */
function pixel(page: Page): Promise<number[]> {
  return page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('[data-chart="stays"] canvas')!;
    const { data } = canvas.getContext('2d')!.getImageData(canvas.width * 0.3, canvas.height * 0.6, 1, 1);
    return [...data.slice(0, 3)];
  });
}

const isShown = (page: Page, selector: string) => page.locator(`[data-chart="stays"] ${selector}`).isVisible();

describe('the charts of a page', () => {
  itBrowser('are canvases on screen, with the words and the tables of the SVG', async () => {
    await withPage(file, async ({ page }) => {
      await seen(page);
      expect(await isShown(page, 'canvas')).toBe(true);
      expect(await isShown(page, '.plot')).toBe(false);
      expect(await page.locator('[data-chart="stays"] canvas').getAttribute('aria-label')).toContain(
        'At most 40 sockets',
      );
      // --time-wait
      expect(await pixel(page)).toEqual([0xa5, 0x2d, 0x15]);
      await page.locator('[data-chart="stays"] summary').click();
      expect(await page.locator('[data-chart="stays"] tbody tr').count()).toBeGreaterThan(20);
    });
  });

  itBrowser('are drawn anew in the dark', async () => {
    await withPage(file, async ({ page }) => {
      await seen(page);
      const shot = () =>
        page.evaluate(() => document.querySelector<HTMLCanvasElement>('[data-chart="stays"] canvas')!.toDataURL());
      const light = await shot();
      await page.emulateMedia({ colorScheme: 'dark' });
      await expect.poll(shot).not.toBe(light);
      const dark = await shot();
      await page.evaluate(() => {
        document.documentElement.dataset['theme'] = 'light';
      });
      await expect.poll(shot).not.toBe(dark);
    });
  });

  itBrowser('are SVG in print and without a script', async () => {
    await withPage(file, async ({ page }) => {
      await seen(page);
      await page.emulateMedia({ media: 'print' });
      expect(await isShown(page, 'canvas')).toBe(false);
      expect(await isShown(page, '.plot svg')).toBe(true);
    });
    const check = async ({ page }: { page: Page }) => expect(await isShown(page, '.plot svg')).toBe(true);
    await withPage(file, check, { javaScriptEnabled: false });
  });

  itBrowser('and ports fit a narrow page', async () => {
    await withPage(
      file,
      async ({ page }) => {
        await seen(page);
        const wide = await page.evaluate(() =>
          [...document.querySelectorAll('#charts, #ports')].filter(
            ({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1,
          ),
        );
        expect(wide).toEqual([]);
      },
      { viewport: { width: 360, height: 700 } },
    );
  });
});
