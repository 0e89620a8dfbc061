/** What an HTML report holds, taken apart as its script does. */
import { gunzipSync } from 'node:zlib';
import { decodeFlows } from '../../src/output/html/data/flows.ts';
import { decodeLadders } from '../../src/output/html/data/ladders.ts';
import type { Ladder } from '../../src/output/html/model.ts';
import type { PageFacts } from '../../src/output/html/page-facts.ts';
import type { Flow } from '../../src/report/types.ts';

export interface OpenPage {
  /** the markup, without its style sheet and its program, which are the same on every page */
  document: string;
  /** what was left out, and other faults */
  faults: string[];
  /** null on a page without a script */
  data: { facts: PageFacts; flows: Flow[]; ladders: Map<number, Ladder>; bytes: Buffer } | null;
}

export function openPage(html: string): OpenPage {
  const document = html.replace(/<style>[\s\S]*?<\/style>/, '').replace(/<script\b[\s\S]*?<\/script>/g, '');
  const faults = [...document.matchAll(/<li class="fault">(.*?)<\/li>/g)].map(([, text = '']) => text);
  const facts = /<script type="application\/json" id="facts">([^<]*)<\/script>/.exec(html)?.[1];
  if (facts === undefined) return { document, faults, data: null };
  const [flowBytes, ladderBytes] = ['flow-data', 'ladder-data'].map((id) => unpacked(html, id));
  const store = decodeFlows(flowBytes!);
  const flows = Array.from({ length: store.length }, (_, index) => store.flow(index));
  const segments = decodeLadders(ladderBytes!);
  const ladders = new Map<number, Ladder>();
  for (const { id } of flows) if (segments.has(id)) ladders.set(id, segments.ladder(id)!);
  const bytes = Buffer.concat([flowBytes!, ladderBytes!]);
  return { document, faults, data: { facts: JSON.parse(facts) as PageFacts, flows, ladders, bytes } };
}

/** All that a page says, in one text. */
export function wholeText(html: string): string {
  const { document, data } = openPage(html);
  if (data === null) return document;
  const { facts, flows, ladders, bytes } = data;
  return [document, JSON.stringify([facts, flows, [...ladders]]), bytes.toString('latin1')].join('\n');
}

function unpacked(html: string, id: string): Buffer {
  const text = new RegExp(`<script type="application/octet-stream" id="${id}">([^<]*)</script>`).exec(html)?.[1];
  return gunzipSync(Buffer.from(text ?? '', 'base64'));
}
