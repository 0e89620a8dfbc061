/** The HTML report: one file that is complete without a script, and holds one for all flows. */

import { renderToString } from 'preact-render-to-string';
import type { Flow, Report } from '../../report/types.ts';
import { bySeverity } from '../survey.ts';
import { assets } from './assets.ts';
import { encodeFlows } from './data/flows.ts';
import { encodeLadders } from './data/ladders.ts';
import type { HtmlInput, HtmlOptions } from './model.ts';
import { embeddedJson, packed } from './pack.ts';
import { pageFacts } from './page-facts.ts';
import { Body } from './views/body.tsx';

/** Flows that are drawn without a script: those that findings cite, the first of each finding before the second. */
const MOST_DRAWN = 8;

/** The page in chunks. */
export function* htmlReport(input: HtmlInput, _options: HtmlOptions): Iterable<string> {
  const { report, ladders } = input;
  const { script, style } = assets();
  const policy = `default-src 'none'; style-src ${style.hash}; script-src ${script.hash}; base-uri 'none'; form-action 'none'`;
  const drawn = evidenceFlows(report);
  yield `<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n`;
  yield `<meta http-equiv="Content-Security-Policy" content="${policy}">\n`;
  yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n';
  yield '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n';
  yield `<title>TCP teardown report</title>\n<style>${style.text}</style>\n</head>\n<body>\n`;
  yield renderToString(<Body input={input} drawn={drawn} left={ladders.left === null ? [] : [ladders.left]} />);
  yield `\n<script type="application/json" id="facts">${embeddedJson(pageFacts(input))}</script>\n`;
  yield `<script type="application/octet-stream" id="flow-data">${packed(encodeFlows(report.flows))}</script>\n`;
  yield `<script type="application/octet-stream" id="ladder-data">${packed(encodeLadders(ladders.of))}</script>\n`;
  yield `<script>${script.text}</script>\n</body>\n</html>\n`;
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
