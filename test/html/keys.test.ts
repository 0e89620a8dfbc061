/** The page's program by keyboard, by links and by address. */
import type { Page } from 'playwright-core';
import { beforeAll, expect } from 'vitest';
import { itBrowser, withPage } from '../support/browser.ts';
import { type Made, madePage, OUTAGE } from './made.ts';

let made: Made;

beforeAll(async () => {
  made = await madePage(OUTAGE);
});

const selected = (page: Page) => page.textContent('.flow-grid tr[aria-selected=true] th');
const heading = (page: Page) => page.textContent('#flow-pane h3');
const hash = (page: Page) => page.evaluate(() => location.hash);

async function tabTo(page: Page, selector: string): Promise<void> {
  for (let i = 0; i < 150; i++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) === true, selector)) return;
  }
  expect.fail(`Tab does not reach ${selector}`);
}

itBrowser('the keyboard leads from the top to the filter, through the table to a flow', async () => {
  await withPage(made.path, async ({ page }) => {
    await tabTo(page, '#where');
    await page.keyboard.type('kind==graceful');
    await page.keyboard.press('Enter');
    expect(await page.textContent('#where-status')).toBe('52 of 140 connections');
    await tabTo(page, '.flow-grid table');
    await page.keyboard.press('Home');
    const first = await selected(page);
    expect(await page.getAttribute('.flow-grid table', 'aria-activedescendant')).toBe(
      await page.getAttribute('.flow-grid tr[aria-selected=true]', 'id'),
    );
    await page.keyboard.press('ArrowDown');
    const second = await selected(page);
    expect(second).not.toBe(first);
    expect(await heading(page)).toContain(`Flow ${second}`);
    await page.keyboard.press('ArrowUp');
    expect(await selected(page)).toBe(first);
    await page.keyboard.press('End');
    expect(await page.getAttribute('.flow-grid tr[aria-selected=true]', 'aria-rowindex')).toBe('53');
    await page.keyboard.press('PageUp');
    expect(Number(await page.getAttribute('.flow-grid tr[aria-selected=true]', 'aria-rowindex'))).toBeLessThan(45);
    const shown = await selected(page);
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('flow-pane');
    await page.waitForFunction((id) => location.hash === `#where=kind%3D%3Dgraceful&flow=${id}`, shown);
  });
});

itBrowser('the keyboard sorts too: above the first row are the headers', async () => {
  await withPage(made.path, async ({ page }) => {
    await page.focus('.flow-grid table');
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowUp');
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
    expect(await page.getAttribute('.flow-grid table', 'aria-activedescendant')).toBe('column-closer');
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    expect(await page.getAttribute('#column-flow', 'aria-sort')).toBe('ascending');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Home');
    expect(await selected(page)).toBe('1');
  });
});

itBrowser('an address selects a flow and restores a filter', async () => {
  await withPage(
    made.path,
    async ({ page }) => {
      expect(await page.inputValue('#where')).toBe('kind==refused');
      expect(await page.textContent('#where-status')).toBe('88 of 140 connections');
      expect(await heading(page)).toContain('Flow 60:');
      expect(await selected(page)).toBe('60');
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('flow-pane');
      await page.evaluate(() => {
        location.hash = '#flow=12';
      });
      await page.waitForFunction(() => document.querySelector('#flow-pane h3')?.textContent?.includes('Flow 12:'));
      expect(await page.inputValue('#where')).toBe('kind==refused');
    },
    { hash: '#where=kind%3D%3Drefused&flow=60' },
  );
});

itBrowser('an address that asks for what is not there says so', async () => {
  await withPage(
    made.path,
    async ({ page }) => {
      expect(await page.textContent('.flow-steps [role=status]')).toBe('Flow 999 is not on this page, which has 140.');
    },
    { hash: '#flow=999' },
  );
  await withPage(
    made.path,
    async ({ page }) => {
      expect(await page.textContent('#where-error mark')).toBe('prt');
      expect(await page.textContent('#where-status')).toContain('140 connections');
    },
    { hash: '#where=prt%3D%3D80' },
  );
});

itBrowser("the findings' links lead to the flow", async () => {
  await withPage(made.path, async ({ page }) => {
    const links = page.locator('#findings a[href^="#flow"]');
    const texts = await links.allTextContents();
    expect(texts.length).toBeGreaterThan(8);
    for (const index of [0, texts.length - 1]) {
      await links.nth(index).click();
      expect(await heading(page)).toContain(`Flow ${texts[index]}:`);
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('flow-pane');
      await page.waitForFunction((id) => location.hash === `#flow=${id}`, texts[index]);
    }
    const before = await hash(page);
    await page.getByRole('button', { name: 'next' }).click();
    await page.waitForFunction((old) => location.hash !== old, before);
  });
});
