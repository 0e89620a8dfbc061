/** The page is safe to open: it loads nothing, runs nothing but its own program, and takes nothing from a capture for HTML. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import { itBrowser, withPage } from '../support/browser.ts';
import { DEMO, pageOf } from './pages.ts';

const MARKUP = `"><img src=x onerror="document.title='run'"><script>document.title='run'</script><!-- ' \` {{x}} \u2028`;

/** Every text of a report that does not come from a list of names has markup in it. */
function poisoned(report: Report): Report {
  const copy = structuredClone(report);
  for (const file of copy.capture.files) file.name += MARKUP;
  copy.capture.damage.push({ file: copy.capture.files[0]!.name, offset: 7, what: MARKUP });
  copy.capture.skipped[MARKUP] = 3;
  for (const finding of copy.findings) {
    finding.title += MARKUP;
    finding.because += MARKUP;
    finding.doThis.push(MARKUP);
    finding.endpoint = MARKUP;
    finding.wiresharkFilter = MARKUP;
    finding.rfc = MARKUP;
  }
  for (const flow of copy.flows) {
    flow.client.address += MARKUP;
    flow.server.address += MARKUP;
    flow.notes.push(MARKUP);
    flow.history += MARKUP;
    flow.wiresharkFilter = MARKUP;
    if (flow.reset !== null) flow.reset.why = MARKUP;
  }
  for (const port of copy.ports) port.address += MARKUP;
  const assumptions = Object.entries(copy.assumptions);
  copy.assumptions = Object.fromEntries(
    assumptions.map(([address, each]) => [address + MARKUP, { ...each, why: MARKUP }]),
  );
  return copy;
}

describe('the policy', () => {
  test('forbids everything but the one style sheet and the one program', async () => {
    const { html } = await pageOf([DEMO], 'policy');
    const [, policy = ''] = /<meta http-equiv="Content-Security-Policy" content="([^"]+)">/.exec(html) ?? [];
    expect(policy).toMatch(/^default-src 'none'; /);
    expect(policy).not.toContain('unsafe');
    for (const [tag, directive] of [
      ['style', 'style-src'],
      ['script', 'script-src'],
    ] as const) {
      const [, text = ''] = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(html) ?? [];
      const hash = createHash('sha256').update(text).digest('base64');
      expect(policy).toContain(`${directive} 'sha256-${hash}'`);
    }
    // It stands before anything that it governs.
    expect(html.indexOf('Content-Security-Policy')).toBeLessThan(html.indexOf('<style>'));
  });

  test('is not broken by the page: no attribute that it would refuse', async () => {
    const { html } = await pageOf([DEMO], 'attributes');
    const body = html.slice(html.indexOf('<body>'), html.indexOf('<script'));
    expect(body).not.toMatch(/<[^>]+\s(?:style|on\w+)=/);
    expect(body).not.toMatch(/<[^>]+\s(?:src|action|srcset)=|javascript:/);
  });
});

describe('what comes from a capture', () => {
  itBrowser('is text wherever it stands', async () => {
    const clean = await pageOf([DEMO], 'clean');
    const { path } = await pageOf([DEMO], 'poisoned', poisoned);
    const elements = (file: string, scripts: boolean) =>
      new Promise<{ images: number; scripts: number; title: string; text: string }>((resolve, reject) => {
        withPage(
          file,
          async ({ page }) =>
            resolve(
              await page.evaluate(() => ({
                images: document.images.length,
                scripts: document.scripts.length,
                title: document.title,
                text: document.body.innerText,
              })),
            ),
          { javaScriptEnabled: scripts },
        ).catch(reject);
      });
    for (const scripts of [true, false]) {
      const { images, scripts: n, title, text } = await elements(path, scripts);
      expect({ images, n }).toEqual({ images: 0, n: (await elements(clean.path, scripts)).scripts });
      expect(title).toBe('TCP teardown report');
      expect(text).toContain('<img src=x');
    }
  });

  test('does not end the elements that carry data', async () => {
    const { html } = await pageOf([DEMO], 'carried', poisoned);
    const clean = await pageOf([DEMO], 'carried-clean');
    expect(html.match(/<\/script/g)).toHaveLength(clean.html.match(/<\/script/g)!.length);
    expect(html.match(/<img/g)).toBeNull();
  });
});

describe('opened', () => {
  itBrowser('from a file it logs no error and asks the network for nothing', async () => {
    const { path } = await pageOf([DEMO], 'file');
    await withPage(path, async ({ page }) => {
      await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
      await page.waitForTimeout(300);
    });
  });

  for (const sandbox of ['allow-scripts', '']) {
    itBrowser(`in <iframe sandbox="${sandbox}"> it shows everything`, async () => {
      const { path, html } = await pageOf([DEMO], `framed${sandbox}`);
      const outer = path.replace('.html', '-outer.html');
      const inner = html.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
      const frame = `<iframe sandbox="${sandbox}" width="1200" height="800" srcdoc="${inner}"></iframe>`;
      writeFileSync(outer, `<!doctype html><html class="scripted"><meta charset="utf-8">${frame}</html>`);
      await withPage(outer, async ({ page, errors }) => {
        const content = page.frames()[1]!;
        await content.waitForSelector(sandbox === '' ? '#static' : 'html.scripted');
        expect(await content.locator('#verdict').innerText()).toContain('was down for');
        // That scripts are forbidden is what Chromium itself logs.
        const own = errors.filter((text) => !/^Blocked script execution .*sandboxed/.test(text));
        errors.length = 0;
        expect(own).toEqual([]);
      });
    });
  }
});
