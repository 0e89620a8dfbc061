/** Pages in Debian's Chromium, through playwright-core. A page that logs an error, throws or asks the network for anything fails its test. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, expect, it } from 'vitest';
import { missing } from './shared.ts';

const { PATH = '' } = process.env;
const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const program = PATH.split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((path) => existsSync(path));

let browser: Promise<Browser> | null = null;

afterAll(async () => {
  await (await browser)?.close();
  browser = null;
});

/** What a page did that it must not. */
export interface Watched {
  page: Page;
  /** messages of the console that are errors or warnings, and exceptions */
  errors: string[];
  /** addresses that it asked for, its own apart */
  requests: string[];
}

/** A test that needs Chromium: skipped by name where there is none, and with CI=1 failing. @param timeout ms */
export function itBrowser(name: string, test: () => Promise<void>, timeout = 120_000): void {
  if (program === undefined) missing(name, 'Chromium');
  else it(name, test, timeout);
}

/** Opens a file in a new context, hands it on, and then demands that nothing went wrong. */
export async function withPage(
  path: string,
  use: (watched: Watched) => Promise<void>,
  { hash = '', ...options }: BrowserContextOptions & { hash?: string } = {},
): Promise<void> {
  browser ??= chromium.launch({ executablePath: program!, args: FLAGS });
  const context = await (await browser).newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const watched: Watched = { page: await context.newPage(), errors: [], requests: [] };
  const { page, errors, requests } = watched;
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  const own = pathToFileURL(path).href;
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== own) requests.push(request.url());
  });
  try {
    await page.goto(own + hash);
    if (options.javaScriptEnabled !== false) await page.waitForSelector('html.scripted');
    await use(watched);
    expect(errors).toEqual([]);
    expect(requests).toEqual([]);
  } finally {
    await context.close();
  }
}
