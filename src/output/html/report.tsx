/** The HTML report: one file that is complete without a script, and holds one for all flows. */

import { renderToString } from 'preact-render-to-string';
import type { Flow, Report } from '../../report/types.ts';
import { sizeWords } from '../../words.ts';
import { asOfEnd } from '../as-of-end.ts';
import { bySeverity } from '../survey.ts';
import { assets } from './assets.ts';
import { carried } from './fit.ts';
import type { HtmlInput, HtmlOptions } from './model.ts';
import { embeddedJson } from './pack.ts';
import { pageFacts } from './page-facts.ts';
import { Body } from './views/body.tsx';

/** Flows that are drawn without a script: those that findings cite, the first of each finding before the second. */
const MOST_DRAWN = 8;

/** Bytes for what is said of what was left out, and for the page's end. */
const SPARE = 1_500;

/** The page in chunks. */
export function htmlReport(made: HtmlInput, { maxBytes, onTooLarge }: HtmlOptions): readonly string[] {
  const input = { ...made, report: asOfEnd(made.report) };
  const { report, ladders } = input;
  const drawn = evidenceFlows(report);
  const size = `${sizeWords(maxBytes)} (--max-report-size)`;
  const bodyOf = (listed: number, more: readonly string[]) => {
    // Without the script nothing but the examples could have segments.
    const left = ladders.left === null || (listed === 0 && ladders.of.size > 0) ? more : [ladders.left, ...more];
    return renderToString(<Body input={input} drawn={drawn} listed={listed} left={left} />);
  };

  let body = bodyOf(report.flows.length, []);
  const facts = embeddedJson(pageFacts(input));
  const { script } = assets();
  const others = sizeOf([...head(true), body, facts, script.text]) + SPARE;
  const data = carried(input, drawn, maxBytes - others, size);
  if (data === null) {
    const without = `The list of all connections, its filter and their segments were left out: they do not fit into ${size}.`;
    body = bodyOf(0, [without]);
  } else if (data.left.length > 0) body = bodyOf(data.listed, data.left);
  const page = [...head(data !== null), body, '\n'];
  if (data !== null) {
    page.push(`<script type="application/json" id="facts">${facts}</script>\n`);
    page.push(`<script type="application/octet-stream" id="flow-data">`, data.flows, '</script>\n');
    page.push(`<script type="application/octet-stream" id="ladder-data">`, data.ladders, '</script>\n');
    page.push(`<script>${script.text}</script>\n`);
  }
  page.push('</body>\n</html>\n');
  const bytes = sizeOf(page);
  if (bytes > maxBytes) onTooLarge?.(bytes);
  return page;
}

function head(hasScript: boolean): string[] {
  const { script, style } = assets();
  const scripts = hasScript ? ` script-src ${script.hash};` : '';
  const policy = `default-src 'none'; style-src ${style.hash};${scripts} base-uri 'none'; form-action 'none'`;
  return [
    `<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n`,
    `<meta http-equiv="Content-Security-Policy" content="${policy}">\n`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
    '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n',
    `<title>TCP teardown report</title>\n<style>${style.text}</style>\n</head>\n<body>\n`,
  ];
}

function sizeOf(chunks: readonly string[]): number {
  return chunks.reduce((sum, chunk) => sum + Buffer.byteLength(chunk), 0);
}

/** Without findings the flow that matters most is an example. */
function evidenceFlows({ findings, flows }: Report): Flow[] {
  const byId = new Map(flows.map((flow) => [flow.id, flow]));
  const cited = bySeverity(findings).map((finding) => finding.flows.filter((id) => byId.has(id)));
  const ids = new Set<number>();
  for (let rank = 0; rank < 2; rank++) {
    for (const { [rank]: id } of cited) if (id !== undefined && ids.size < MOST_DRAWN) ids.add(id);
  }
  if (ids.size === 0 && flows[0] !== undefined) ids.add(flows[0].id);
  return [...ids].map((id) => byId.get(id)!);
}
