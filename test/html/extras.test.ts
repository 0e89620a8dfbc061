/** Copying, colours, printing, and the page where a browser allows little. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect } from 'vitest';
import { findingMarkdown } from '../../src/output/html/page/finding-markdown.ts';
import { temporaryFolder } from '../cli/run.ts';
import { itBrowser, withPage } from '../support/browser.ts';
import { type Made, madePage, OUTAGE } from './made.ts';

let made: Made;
const folder = temporaryFolder();

beforeAll(async () => {
  made = await madePage(OUTAGE);
});

itBrowser('a finding is copied as Markdown, its filter as it is', async () => {
  await withPage(
    made.path,
    async ({ page }) => {
      const finding = made.report.findings[0]!;
      const card = page.locator('article[data-finding="0"]');
      const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
      await card.getByRole('button', { name: 'Copy as Markdown' }).click();
      await card.getByText('copied').waitFor();
      expect(await clipboard()).toBe(findingMarkdown(finding, made.report.capture.firstPacket));
      await card.getByRole('button', { name: 'Copy filter' }).click();
      await card.getByText('copied').nth(1).waitFor();
      expect(await clipboard()).toBe(finding.wiresharkFilter);
    },
    { permissions: ['clipboard-read', 'clipboard-write'] },
  );
});

itBrowser('a browser that refuses to copy shows the text instead', async () => {
  await withPage(made.path, async ({ page }) => {
    await page.evaluate(() => {
      Object.defineProperty(navigator, 'clipboard', { value: undefined });
      document.execCommand = () => false;
    });
    const card = page.locator('article[data-finding="0"]');
    await card.getByRole('button', { name: 'Copy filter' }).click();
    expect(await card.locator('textarea').inputValue()).toBe(made.report.findings[0]!.wiresharkFilter);
  });
});

itBrowser('colours are chosen and remembered', async () => {
  await withPage(made.path, async ({ page }) => {
    const back = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const button = page.getByRole('button', { name: /^Colours/ });
    const light = await back();
    await button.click();
    expect(await button.textContent()).toBe('Colours: dark');
    const dark = await back();
    expect(dark).not.toBe(light);
    await page.reload();
    await page.waitForSelector('html.scripted');
    expect(await back()).toBe(dark);
    await button.click();
    expect(await button.textContent()).toBe('Colours: light');
    expect(await back()).toBe(light);
    await button.click();
    expect(await button.textContent()).toBe('Colours: as the system');
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await back()).toBe(dark);
  });
});

itBrowser('paper has the static part, and no controls', async () => {
  await withPage(made.path, async ({ page }) => {
    const isShown = (selector: string) => page.locator(selector).first().isVisible();
    expect(await isShown('#static')).toBe(false);
    expect(await isShown('#explorer')).toBe(true);
    await page.emulateMedia({ media: 'print' });
    expect(await isShown('#static')).toBe(true);
    for (const selector of ['#explorer', '.actions', '.theme']) expect(await isShown(selector)).toBe(false);
  });
});

itBrowser('a sandboxed frame has all but what it may not have', async () => {
  const outer = join(folder, 'frame.html');
  const inner = readFileSync(made.path, 'utf8').replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  writeFileSync(
    outer,
    `<!doctype html><html class="scripted"><iframe sandbox="allow-scripts" srcdoc="${inner}"></iframe>`,
  );
  await withPage(outer, async ({ page, requests }) => {
    const frame = page.frameLocator('iframe');
    await frame.locator('.flow-grid tr[data-row]').first().waitFor();
    await frame.locator('.flow-grid tr[data-row="2"]').click();
    await frame.locator('#where').fill('kind==refused');
    await frame.locator('#where-status', { hasText: '88 of 140' }).waitFor();
    await frame.getByRole('button', { name: /^Colours/ }).click();
    await frame.getByRole('button', { name: 'Colours: dark' }).waitFor();
    expect(requests.filter((address) => !address.startsWith('about:'))).toEqual([]);
    requests.length = 0;
  });
});
