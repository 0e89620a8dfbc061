/**
 * `npm run reports`: writes sample reports of real incidents to reports/samples, and the README's pictures of them to docs/images.
 * The pictures need Chromium. With `-- --check`: exit 1 where what a sample says is stale.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

/** The repository, as seen from build/scripts/write-reports.js. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SAMPLES = 'reports/samples';
const IMAGES = 'docs/images';

/** Each sample and the capture that it is of. */
const STORIES: readonly [name: string, capture: string][] = [
  ['restart-outage', 'fixtures/demo/restart-outage.pcap'],
  ['close-wait-leak', 'fixtures/stories/close_wait_leak/client.pcap'],
  ['fin-wait-2-orphans', 'fixtures/stories/fin_wait_2_orphans/client.pcap'],
  ['middlebox-idle', 'fixtures/stories/middlebox_idle/client.pcap'],
  ['server-stopped', 'fixtures/stories/server_stopped/client.pcap.gz'],
];

/** Pictures: of which sample, how. */
const SHOTS: readonly { file: string; sample: string; hash: string; at: string; dark: boolean }[] = [
  { file: 'report.png', sample: 'restart-outage', hash: '', at: '', dark: false },
  { file: 'report-ports.png', sample: 'restart-outage', hash: '', at: '#charts', dark: false },
  { file: 'report-flow.png', sample: 'close-wait-leak', hash: '#flow=4', at: '#flow-pane', dark: true },
];

function writeSample(capture: string, path: string): void {
  execFileSync(process.execPath, [join(ROOT, 'dist/cli.js'), capture, '-q', '-o', path], {
    cwd: ROOT,
    stdio: 'inherit',
  });
}

/** What a page says without its program, style and data: these change with any change to the code. */
function said(path: string): string {
  const html = readFileSync(path, 'utf8');
  return html.slice(html.indexOf('<body>'), html.indexOf('<script'));
}

function check(): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'teardown-samples-'));
  try {
    return STORIES.flatMap(([name, capture]) => {
      const path = join(ROOT, SAMPLES, `${name}.html`);
      const now = join(folder, `${name}.html`);
      writeSample(capture, now);
      return existsSync(path) && said(path) === said(now) ? [] : [`${SAMPLES}/${name}.html`];
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function takePictures(program: string): Promise<void> {
  mkdirSync(join(ROOT, IMAGES), { recursive: true });
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];
  const browser = await chromium.launch({ executablePath: program, args: flags });
  try {
    for (const { file, sample, hash, at, dark } of SHOTS) {
      const page = await browser.newPage({
        viewport: { width: 1440, height: 1000 },
        colorScheme: dark ? 'dark' : 'light',
      });
      await page.goto(pathToFileURL(join(ROOT, SAMPLES, `${sample}.html`)).href + hash);
      await page.waitForSelector('html.scripted');
      if (at !== '') await page.locator(at).scrollIntoViewIfNeeded();
      if (at !== '') await page.evaluate(`document.querySelector('${at}').scrollIntoView()`);
      await page.waitForTimeout(500);
      await page.screenshot({ path: join(ROOT, IMAGES, file) });
      await page.close();
      process.stdout.write(`wrote ${IMAGES}/${file}\n`);
    }
  } finally {
    await browser.close();
  }
}

function chromiumOf(path: string): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  return path
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((each) => existsSync(each));
}

async function main(args: readonly string[]): Promise<number> {
  if (args.some((arg) => arg !== '--check')) {
    process.stderr.write('usage: write-reports [--check]\n');
    return 2;
  }
  if (args.length > 0) {
    const stale = check();
    for (const path of stale) process.stdout.write(`${path} is stale: npm run reports\n`);
    return stale.length > 0 ? 1 : 0;
  }
  mkdirSync(join(ROOT, SAMPLES), { recursive: true });
  for (const [name, capture] of STORIES) {
    writeSample(capture, join(ROOT, SAMPLES, `${name}.html`));
    process.stdout.write(`wrote ${SAMPLES}/${name}.html\n`);
  }
  const program = chromiumOf(process.env['PATH'] ?? '');
  if (program === undefined) process.stderr.write('no Chromium: the pictures stay as they are\n');
  else await takePictures(program);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
