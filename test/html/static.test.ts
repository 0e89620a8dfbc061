/** Without a script the page is complete: verdict, findings, evidence, charts and port ledger; on paper too. */
import { inflateSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { withoutCodeMarks } from '../../src/output/style.ts';
import { itBrowser, withPage } from '../support/browser.ts';
import { cliPage } from './cli-page.ts';

const STORIES = {
  'restart-outage': 'fixtures/demo/restart-outage.pcap',
  'close-wait-leak': 'fixtures/stories/close_wait_leak/client.pcap',
  'middlebox-idle': 'fixtures/stories/middlebox_idle/client.pcap',
  'server-stopped': 'fixtures/stories/server_stopped/client.pcap.gz',
  'fin-wait-2-orphans': 'fixtures/stories/fin_wait_2_orphans/client.pcap',
};

const squeezed = (text: string) => text.replace(/\s+/g, ' ');

describe('with scripts off', () => {
  for (const [name, capture] of Object.entries(STORIES)) {
    itBrowser(`${name} tells everything`, async () => {
      const { path, report } = cliPage([capture], name);
      await withPage(
        path,
        async ({ page }) => {
          const text = squeezed(await page.innerText('body'));
          for (const { title, because, doThis } of report.findings) {
            for (const each of [title, because, ...doThis]) expect(text).toContain(squeezed(withoutCodeMarks(each)));
          }
          const drawn = await page.locator('#evidence article.flow').count();
          expect(drawn).toBeGreaterThan(0);
          expect(await page.locator('#evidence article.flow svg[role=img]').count()).toBe(drawn);
          expect(await page.locator('#evidence article.flow table.ladder').count()).toBe(drawn);
          expect(await page.locator('#charts [role=img]').count()).toBeGreaterThan(0);
          if (report.ports.length > 0) expect(await page.locator('#ports [role=img]').count()).toBeGreaterThan(0);
          expect(await page.locator('#explorer').isVisible()).toBe(false);
          await linksLead(page);
          await fits(page);
        },
        { javaScriptEnabled: false },
      );
    });
  }
});

/** Each link within the page has its place. */
async function linksLead(page: Page): Promise<void> {
  const targets = await page
    .locator('a[href^="#"]')
    .evaluateAll((all) => all.map((each) => each.getAttribute('href')!));
  for (const target of new Set(targets)) expect(await page.locator(`[id="${target.slice(1)}"]`).count()).toBe(1);
}

/** Nothing but what scrolls by itself is wider than the window. */
async function fits(page: Page): Promise<void> {
  for (const width of [1600, 1024, 640, 400, 320]) {
    await page.setViewportSize({ width, height: 800 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  }
}

describe('with scripts', () => {
  itBrowser('no window is too narrow', async () => {
    const { path } = cliPage([STORIES['restart-outage']], 'narrow');
    await withPage(path, async ({ page }) => await fits(page));
  });
});

describe('on paper', () => {
  for (const [name, capture] of Object.entries(STORIES)) {
    itBrowser(`${name} takes two pages at most`, async () => {
      const { path, report } = cliPage([capture], `paper-${name}`);
      await withPage(path, async ({ page }) => {
        const pdf = await page.pdf({ format: 'A4' });
        expect(pagesOf(pdf)).toBeLessThanOrEqual(2);
        await page.emulateMedia({ media: 'print' });
        const text = squeezed(await page.innerText('body'));
        for (const { title } of report.findings) expect(text).toContain(squeezed(withoutCodeMarks(title)));
        expect(await page.locator('#explorer').isVisible()).toBe(false);
        expect(await page.locator('button:visible').count()).toBe(0);
        expect(await page.locator('#evidence article.flow:visible').count()).toBe(1);
      });
    });
  }
});

/** The pages of a PDF, by its page tree: the largest /Count. */
function pagesOf(pdf: Buffer): number {
  const texts = [pdf.toString('latin1')];
  for (let at = pdf.indexOf('stream\n'); at >= 0; at = pdf.indexOf('stream\n', at + 7)) {
    try {
      texts.push(inflateSync(pdf.subarray(at + 7)).toString('latin1'));
    } catch {
      // Not every stream is compressed so.
    }
  }
  const counts = texts.flatMap((text) => [...text.matchAll(/\/Count (\d+)/g)].map(([, n]) => Number(n)));
  return counts.reduce((a, b) => Math.max(a, b), 0);
}
