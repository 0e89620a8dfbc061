/** The table, its filter and its order in a browser, against the JSON report. */
import type { Page } from 'playwright-core';
import { beforeAll, expect } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import { stay } from '../../src/output/meaning.ts';
import { itBrowser, withPage } from '../support/browser.ts';
import { type Made, MIXED, madePage, OUTAGE } from './made.ts';

let outage: Made;
let mixed: Made;

beforeAll(async () => {
  outage = await madePage(OUTAGE);
  mixed = await madePage(MIXED);
});

/** The ids of all rows, in order, though few of them are in the page at once. */
async function ids(page: Page): Promise<number[]> {
  const found = new Map<number, number>();
  const all = Number(await page.getAttribute('.flow-grid table', 'aria-rowcount')) - 1;
  for (let row = 0; row < all; row += 12) {
    await page.$eval('.flow-grid', (grid, to) => grid.scrollTo(0, to), row * 28);
    await page.waitForSelector(`.flow-grid tr[data-row="${row}"]`);
    const rows = await page.$$eval('.flow-grid tr[data-row]', (each) =>
      each.map((tr) => [Number(tr.getAttribute('aria-rowindex')) - 2, Number(tr.querySelector('th')?.textContent)]),
    );
    for (const [at, id] of rows) found.set(at!, id!);
  }
  return Array.from({ length: all }, (_, row) => found.get(row) ?? Number.NaN);
}

async function filter(page: Page, text: string): Promise<void> {
  await page.fill('#where', text);
  await page.press('#where', 'Enter');
}

const status = (page: Page) => page.textContent('#where-status');

itBrowser('lists what --where lists', async () => {
  await withPage(mixed.path, async ({ page }) => {
    const wanted = ['closer==client', 'finwait2>1s && !(kind==open)', 'kind in {aborted, aborted-after-fin}', 'id>99'];
    for (const text of wanted) {
      const { flows } = await analyze([MIXED], { where: text });
      await filter(page, text);
      const { length } = mixed.report.flows;
      const [some, all] = [`${flows.length} of ${length} connections`, `${length} connections`];
      expect(await status(page)).toBe(flows.length === length ? all : some);
      expect((await ids(page)).sort((a, b) => a - b)).toEqual(flows.map(({ id }) => id));
    }
    await page.press('#where', 'Escape');
    expect((await ids(page)).length).toBe(mixed.report.flows.length);
  });
});

itBrowser('filters while one types, without Enter', async () => {
  await withPage(outage.path, async ({ page }) => {
    await page.fill('#where', 'kind==refused');
    await page.waitForFunction(() => document.querySelector('#where-status')?.textContent?.startsWith('88 of 140'));
  });
});

itBrowser('marks where an expression is wrong, and keeps the rows', async () => {
  await withPage(outage.path, async ({ page }) => {
    await filter(page, 'kind==refused');
    await filter(page, 'closer==serve && port==1');
    expect(await page.getAttribute('#where', 'aria-invalid')).toBe('true');
    expect(await page.textContent('#where-error mark')).toBe('serve');
    expect(await page.textContent('#where-error')).toContain('did you mean server?');
    expect(await page.getAttribute('#where', 'aria-describedby')).toContain('where-error');
    expect(await status(page)).toBe('88 of 140 connections (by the last filter that could be read)');
    await filter(page, 'port==');
    expect(await page.textContent('#where-error mark')).toBe('\u00a0');
    await filter(page, 'kind==refused');
    expect(await page.getAttribute('#where', 'aria-invalid')).toBe('false');
    expect(await page.textContent('#where-error')).toBe('');
  });
});

itBrowser('sorts by value, what has none last both ways', async () => {
  await withPage(outage.path, async ({ page }) => {
    const { flows } = outage.report;
    const by = (state: 'TIME_WAIT' | 'LAST_ACK', sign: number) =>
      flows
        .map((flow) => ({ id: flow.id, seconds: stay(flow, state).seconds }))
        .sort((a, b) =>
          a.seconds === null || b.seconds === null
            ? Number(a.seconds === null) - Number(b.seconds === null) || a.id - b.id
            : sign * (a.seconds - b.seconds) || a.id - b.id,
        )
        .map(({ id }) => id);
    const header = (name: string) => page.locator(`#column-${name}`);
    await header('last-ack').locator('button').click();
    expect(await header('last-ack').getAttribute('aria-sort')).toBe('descending');
    expect(await ids(page)).toEqual(by('LAST_ACK', -1));
    await header('last-ack').locator('button').click();
    expect(await header('last-ack').getAttribute('aria-sort')).toBe('ascending');
    expect(await ids(page)).toEqual(by('LAST_ACK', 1));
    await header('flow').locator('button').click();
    expect(await header('last-ack').getAttribute('aria-sort')).toBe('none');
    expect(await ids(page)).toEqual(flows.map(({ id }) => id));
    await header('client').locator('button').click();
    const ports = new Map(flows.map(({ id, client }) => [id, client.port]));
    const inOrder = (await ids(page)).map((id) => ports.get(id)!);
    expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b));
    await page.getByRole('button', { name: 'Those that matter most first' }).click();
    expect((await ids(page)).slice(0, 2)).toEqual([41, 128]);
  });
});

itBrowser('shows only flows that were there in a range of time', async () => {
  await withPage(outage.path, async ({ page }) => {
    const inputs = page.locator('.range input');
    await inputs.nth(0).fill('20');
    await inputs.nth(0).press('Tab');
    await inputs.nth(1).fill('30');
    await inputs.nth(1).press('Tab');
    const first = Date.parse(outage.report.capture.firstPacket!);
    const between = outage.report.flows.filter((flow) => {
      const seconds = (time: string) => (Date.parse(time) - first) / 1000;
      const until = flow.endpoints.server.timeWait?.until ?? flow.lastPacket;
      return seconds(flow.firstPacket) <= 30 && seconds(until) >= 20;
    });
    expect((await ids(page)).sort((a, b) => a - b)).toEqual(between.map(({ id }) => id));
    expect(await status(page)).toBe(`${between.length} of 140 connections in the marked time`);
    await filter(page, 'kind==refused');
    const refused = between.filter(({ kind }) => kind === 'refused').length;
    expect(await status(page)).toBe(`${refused} of 140 connections in the marked time`);
    await inputs.nth(0).press('Escape');
    expect(await status(page)).toBe('88 of 140 connections');
    const box = (await page.locator('.overview canvas').boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.9, box.y + 30);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 40, { steps: 4 });
    await page.mouse.up();
    expect(Number(await inputs.nth(0).inputValue())).toBeCloseTo(outage.report.capture.seconds * 0.5, 0);
    expect(await status(page)).toMatch(/^\d+ of 140 connections in the marked time$/);
    await page.getByRole('button', { name: 'All times' }).click();
    expect(await inputs.nth(0).inputValue()).toBe('');
    expect(await status(page)).toBe('88 of 140 connections');
  });
});
