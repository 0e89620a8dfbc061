import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { h } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { describe, expect, test } from 'vitest';
import { type JudgedAnalysis, runAnalysis } from '../../../src/analyze.ts';
import { roundSeconds, roundUp, timeTicks } from '../../../src/output/html/charts/axis.ts';
import { chartsOf, timeOf } from '../../../src/output/html/charts/charts.ts';
import type { Stays } from '../../../src/output/html/charts/stays.ts';
import { staysOf, staysOfListed } from '../../../src/output/html/charts/stays-of.ts';
import { NO_SERIES, swept } from '../../../src/output/html/charts/sweep.ts';
import type { HtmlInput } from '../../../src/output/html/model.ts';
import { Charts } from '../../../src/output/html/views/charts.tsx';
import { Redactor } from '../../../src/redact/redactor.ts';
import { itShared } from '../../support/shared.ts';

const DEMO = join(import.meta.dirname, '../../../fixtures/demo/restart-outage.pcap');

function inputOf({ report, services, context }: JudgedAnalysis): HtmlInput {
  return { report, services, stays: staysOf(context), ladders: { of: new Map(), left: null } };
}

const drawn = (input: HtmlInput) => renderToString(h(Charts, input));
const textOf = (html: string) => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
const sum = (all: readonly number[]) => all.reduce((total, n) => total + n, 0);

/** What must hold of every capture. */
function check(analysis: JudgedAnalysis): void {
  const input = inputOf(analysis);
  const { report } = analysis;
  const { stays } = input;
  const { timeWait, finWait2 } = report.totals;
  expect(stays === null ? 0 : Math.max(...stays.total)).toBe(timeWait.peak);
  if (stays !== null) checkStays(stays);
  // From the list of flows the same follows, times being rounded to ns in both.
  expect(staysOfListed(report)).toEqual(stays);
  const charts = chartsOf(input);
  const measured = charts.finWait2?.parts.findIndex(({ name }) => name.includes('segment')) ?? -1;
  if (measured >= 0) expect(sum(charts.finWait2!.bars.map(({ counts }) => counts[measured]!))).toBe(finWait2.count);
  const closed = charts.closers?.bars.flatMap(({ counts }) => counts) ?? [];
  if (charts.closers !== null) expect(sum(closed)).toBe(report.totals.flows);
  const reuses = report.flows.filter(({ reuse }) => reuse !== null);
  const again = charts.reuse?.bars ?? [];
  expect(sum(again.map(({ counts }) => sum(counts)))).toBe(reuses.length);
  expect(sum(again.map(({ counts }) => counts[0]!))).toBe(reuses.filter(({ reuse }) => reuse?.inTimeWait).length);
  const html = drawn(input);
  expect(html).not.toMatch(/NaN|undefined|Infinity|style=/);
}

function checkStays({ series, total, left }: Stays): void {
  expect(left).toBe(0);
  expect(total.length).toBeLessThanOrEqual(150);
  total.forEach((n, bucket) => {
    expect(sum(series.map(({ counts }) => counts[bucket]!))).toBe(n);
  });
  for (const { counts, peak } of series) expect(Math.max(...counts)).toBeLessThanOrEqual(peak);
}

describe('the charts of real captures', () => {
  itShared('agree with the totals and the flows of every story', ['stories'], async (folder) => {
    for (const story of readdirSync(folder, { withFileTypes: true })) {
      if (!story.isDirectory()) continue;
      for (const side of ['client', 'server']) check(await runAnalysis([join(folder, story.name, `${side}.pcap`)]));
    }
  });

  itShared('and of every case', ['cases'], async (folder) => {
    for (const name of readdirSync(folder, { withFileTypes: true })) {
      if (!name.isDirectory()) continue;
      for (const file of readdirSync(join(folder, name.name)).filter((each) => /\.pcap(ng)?$/.test(each))) {
        check(await runAnalysis([join(folder, name.name, file)]));
      }
    }
  });

  test('say in words what the outage shows', async () => {
    const input = inputOf(await runAnalysis([DEMO]));
    const text = textOf(drawn(input));
    expect(text).toContain('At most 40 sockets in TIME_WAIT at once, all on 10.213.101.10:8080');
    expect(text).toContain('The server closes first in all 52 connections that were closed');
    expect(text).toContain('capture ends 11:51:24');
    expect(text).toContain('No socket was seen to stay in FIN_WAIT_2 and no 4-tuple was used again.');
  });

  test('say which sockets they lack where flows are not listed', async () => {
    const analysis = await runAnalysis([DEMO]);
    const flows = analysis.report.flows.filter(({ kind }, i) => kind === 'refused' || i % 2 === 0);
    const listed = flows.filter(({ endpoints }) => endpoints.server.timeWait !== null).length;
    const input = { ...inputOf(analysis), report: { ...analysis.report, flows }, stays: null };
    const { stays } = chartsOf(input);
    expect(stays?.stays.left).toBe(52 - listed);
    expect(stays?.note).toContain(`${52 - listed} sockets of connections that are not listed are missing here.`);
    expect(stays?.title).toBe('At most 40 sockets in TIME_WAIT at once');
    const none = { ...input, report: { ...input.report, flows: flows.filter(({ kind }) => kind === 'refused') } };
    expect(textOf(drawn(none))).toContain(
      'When the 52 sockets in TIME_WAIT were there (at most 40 at once) is not known',
    );
  });

  test('name an address as the rest of a redacted report does', async () => {
    const redactor = new Redactor();
    const { report, services, context } = redactor.analysis(await runAnalysis([DEMO]));
    const stays = redactor.stays(staysOf(context)!);
    expect(stays.series.map(({ address }) => address)).toEqual([report.ports[0]!.address]);
    const html = drawn({ report, services, stays, ladders: { of: new Map(), left: null } });
    expect(html).not.toContain('10.213.101.10');
  });
});

test('texts of a capture are no markup', async () => {
  const input = inputOf(await runAnalysis([DEMO]));
  const address = '<img src=x>"&';
  const services = { others: 0, services: input.services.services.map((each) => ({ ...each, address })) };
  const stays = { ...input.stays!, series: input.stays!.series.map((each) => ({ ...each, address })) };
  const html = drawn({ ...input, services, stays });
  expect(html).not.toContain('<img');
  expect(html).toContain('&lt;img src=x>&quot;&amp;');
});

describe('a sweep', () => {
  const of = (all: readonly [from: number, until: number, series: number][], most = 5) => {
    const intervals = {
      from: Float64Array.from(all, ([from]) => from),
      until: Float64Array.from(all, ([, until]) => until),
      series: Int32Array.from(all, ([, , series]) => series),
    };
    return swept(intervals, 0, 100e9, most, String);
  };

  test('counts what ends where another begins as over', () => {
    const { total } = of([
      [0, 10e9, 0],
      [10e9, 20e9, 0],
    ]);
    expect(Math.max(...total)).toBe(1);
  });

  test('carries over what goes on, bucket by bucket', () => {
    const { total, bucketNs } = of([[10e9, 50e9, 0]]);
    expect(bucketNs).toBe(1e9);
    expect(total).toEqual(Array.from({ length: 100 }, (_, i) => (i >= 10 && i < 50 ? 1 : 0)));
  });

  test('keeps the highest series and puts the others together, as those without a name', () => {
    const { series, others, total } = of(
      [
        [0, 50e9, 7],
        [0, 50e9, 7],
        [0, 60e9, 8],
        [0, 50e9, NO_SERIES],
        [0, 50e9, NO_SERIES],
        [0, 50e9, NO_SERIES],
        [0, 70e9, 9],
      ],
      2,
    );
    // Of two that are as high, the one that lasts.
    expect(series.map(({ series, peak }) => [series, peak])).toEqual([
      [7, 2],
      [9, 1],
    ]);
    expect(total[0]).toBe(7);
    expect(others[0]).toBe(4);
  });
});

describe('axes', () => {
  test('are round', () => {
    expect([0.9, 1, 1.1, 3, 0.03, 700].map(roundUp)).toEqual([1, 1, 2, 5, 0.05, 1000]);
    expect([7, 11, 45, 3000, 86_401].map(roundSeconds)).toEqual([10, 15, 60, 3600, 172_800]);
  });

  test('have times of day', () => {
    expect(timeTicks('2026-11-20T11:50:05.500000000Z', 60, 5)).toEqual([
      { at: 9.5, label: '11:50:15' },
      { at: 24.5, label: '11:50:30' },
      { at: 39.5, label: '11:50:45' },
      { at: 54.5, label: '11:51:00' },
    ]);
  });

  test('have fractions where a capture is short, and dates where it is long', () => {
    expect(timeTicks('2026-11-20T11:50:05.999000000Z', 0.004, 2).map(({ label }) => label)).toEqual([
      '11:50:06.000',
      '11:50:06.002',
    ]);
    expect(timeTicks('2026-11-20T23:00:00.000000000Z', 90_000, 3).map(({ label }) => label)).toEqual([
      '11-21 00:00',
      '11-21 12:00',
      '11-22 00:00',
    ]);
  });

  test('name a time to the nanosecond', () => {
    expect(timeOf('2026-11-20T11:50:05.900000001Z', 0.2)).toBe('2026-11-20T11:50:06.100000001Z');
  });
});
