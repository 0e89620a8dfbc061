/** How large a page may be, and what is left out first. */
import { beforeAll, describe, expect, test } from 'vitest';
import { type Analysis, runAnalysis } from '../../../src/analyze.ts';
import { byInterest } from '../../../src/output/groups.ts';
import type { Ladders } from '../../../src/output/html/model.ts';
import { htmlReport } from '../../../src/output/html/report.tsx';
import { laddersOf } from '../../../src/segments.ts';
import { manyFlows, temporaryFolder, writeScript } from '../../cli/run.ts';
import { openPage } from '../../support/page.ts';

const folder = temporaryFolder();
const FLOWS = 1_000;
/** A finding cites it: its server never closes. */
const LEAK = `
  client 10.9.9.9:999
  0 c > s S 0:0(0)
  +0 s > c S. 0:0(0) ack 1
  +0 c > s F. 1:1(0) ack 1
  +0 s > c . 1:1(0) ack 2`;
let analysis: Analysis;
let ladders: Ladders;
let whole = 0;
/** of `whole`, what the script reads */
let carried = 0;

beforeAll(async () => {
  const files = [writeScript(folder, 'many.pcap', `${LEAK}\n${manyFlows(FLOWS - 1)}`)];
  analysis = await runAnalysis(files);
  ladders = { of: await laddersOf(files, byInterest(analysis.report)), left: null };
  const { html } = pageOf(Number.POSITIVE_INFINITY);
  whole = Buffer.byteLength(html);
  for (const [, data = ''] of html.matchAll(/<script type="application\/octet-stream" id="[a-z-]+">([^<]*)</g)) {
    carried += data.length;
  }
}, 60_000);

function pageOf(maxBytes: number) {
  let tooLarge = 0;
  const onTooLarge = (bytes: number) => {
    tooLarge = bytes;
  };
  const html = [...htmlReport({ ...analysis, stays: null, ladders }, { maxBytes, onTooLarge })].join('');
  return { html, tooLarge, ...openPage(html) };
}

const numberBefore = (faults: readonly string[], pattern: RegExp) =>
  Number(faults.map((text) => pattern.exec(text)?.[1]).find((each) => each !== undefined) ?? 0);

describe('a page of a thousand flows', () => {
  test('has all of them, and their segments, in less than a megabyte', () => {
    const { data, faults, tooLarge } = pageOf(10_000_000);
    expect([data!.flows.length, data!.ladders.size, tooLarge]).toEqual([FLOWS, FLOWS, 0]);
    expect(whole).toBeLessThan(1_000_000);
    expect(faults.join()).not.toContain('--max-report-size');
  });

  test.each([0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.35])('with %d of its data says what it has not', (share) => {
    const maxBytes = Math.floor(whole - carried * (1 - share));
    const { html, data, faults, tooLarge } = pageOf(maxBytes);
    const cited = analysis.report.findings.flatMap(({ flows }) => flows);
    expect(cited.length).toBeGreaterThan(0);
    expect(tooLarge).toBe(0);
    expect(Buffer.byteLength(html)).toBeLessThanOrEqual(maxBytes);
    const left = faults.map((text) => text.replaceAll(',', ''));
    expect(data!.ladders.size + numberBefore(left, /^Segments of (\d+) connection/)).toBe(FLOWS);
    expect(data!.flows.length + numberBefore(left, /^(\d+) connections? that matter/)).toBe(FLOWS);
    // Segments go before flows, and of what findings cite no flow goes.
    if (data!.flows.length < FLOWS) expect(data!.ladders.size).toBeLessThanOrEqual(8);
    const listed = new Set(data!.flows.map(({ id }) => id));
    expect(cited.filter((id) => !listed.has(id))).toEqual([]);
    // The room is used.
    expect(Buffer.byteLength(html)).toBeGreaterThan(maxBytes - 2_000 - 0.15 * carried * share);
  });

  test('keeps what is drawn without the script, whatever the size', () => {
    const { document, data, tooLarge, html } = pageOf(10);
    expect(data).toBeNull();
    expect(tooLarge).toBe(Buffer.byteLength(html));
    expect(document).toContain('<article id="flow-');
  });
});

describe('the flows by interest', () => {
  test('are all of them once, those that findings cite first', () => {
    const { report } = analysis;
    const order = byInterest(report);
    expect(order.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(report.flows.map(({ id }) => id));
    const cited = new Set(report.findings.flatMap(({ flows }) => flows));
    expect(order.slice(0, cited.size).every(({ id }) => cited.has(id))).toBe(true);
  });
});
