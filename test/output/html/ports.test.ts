import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { h } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { describe, expect, test } from 'vitest';
import { type AnalyzeOptions, analyze } from '../../../src/analyze.ts';
import { chosenPorts, lanesOf, laneWords, scaleOf } from '../../../src/output/html/charts/ledger.ts';
import { Ports } from '../../../src/output/html/views/ports.tsx';
import type { BindFailures, PortInterval, PortLedger, Report } from '../../../src/report/types.ts';
import { itShared } from '../../support/shared.ts';

const DEMO = join(import.meta.dirname, '../../../fixtures/demo/restart-outage.pcap');

const drawn = (report: Report) => renderToString(h(Ports, { report }));
const textOf = (html: string) => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
const demo = (options: AnalyzeOptions = {}) => analyze([DEMO], options);

function interval(bindFails: BindFailures, states: PortInterval['states'] = { TIME_WAIT: 1 }): PortInterval {
  return {
    from: '2026-11-20T11:50:20.000000000Z',
    until: '2026-11-20T11:51:20.000000000Z',
    untilLatest: '2026-11-20T11:51:22.000000000Z',
    basis: 'assumed',
    flows: 1,
    states,
    bindFails,
  };
}

function ledger(port: number, intervals: PortInterval[]): PortLedger {
  return {
    address: '10.0.0.1',
    port,
    role: 'server',
    os: 'linux',
    intervals,
    freeAt: null,
    freeAtLatest: null,
    freeAtBasis: null,
  };
}

const ALWAYS: BindFailures = { neither: true, newOnly: true, oldOnly: true, both: true };
const UNLESS_BOTH: BindFailures = { ...ALWAYS, both: false };
const UNLESS_NEW: BindFailures = { neither: true, newOnly: false, oldOnly: true, both: false };
const UNSAID: BindFailures = { neither: null, newOnly: null, oldOnly: null, both: null };

describe('the ledger of a real port', () => {
  test('says what held it, until when, by which rule, and what helps', async () => {
    const text = textOf(drawn(await demo()));
    expect(text).toContain(
      '10.213.101.10:8080 had 40 sockets in TIME_WAIT on it, with nobody listening, from 11:50:18 to 11:51:18 (11:51:20 at the latest)',
    );
    expect(text).toContain('A restart when the capture ended would meet 12 sockets in TIME_WAIT, until 11:52:24');
    expect(text).toMatch(/On Linux bind\(\) fails .* unless both the old sockets and the new one have SO_REUSEADDR/);
    expect(text).toContain('free at 11:52:24 to 11:52:26');
    expect(text).toContain('capture ends 11:51:24');
  });

  test('has a row for each of its intervals', async () => {
    const report = await demo();
    const html = drawn(report);
    const { intervals } = report.ports[0]!;
    expect(html.match(/<tbody>.*?<\/tbody>/)![0].match(/<tr>/g)).toHaveLength(intervals.length);
    expect(textOf(html)).toContain('a listener, 40 sockets in TIME_WAIT fails fails fails fails');
    expect(textOf(html)).toContain('fails fails fails works');
  });

  test('says that RFC 9293 tells no rules', async () => {
    const text = textOf(drawn(await demo({ os: 'rfc9293' })));
    expect(text).toContain('10.213.101.10:8080: whether bind() fails is not known');
    expect(text).not.toMatch(/bind\(\) fails (unless|whatever)/);
  });

  test('follows the rules of other systems', async () => {
    expect(textOf(drawn(await demo({ os: 'freebsd' })))).toContain(
      'bind() fails unless the new socket has SO_REUSEADDR',
    );
    expect(textOf(drawn(await demo({ os: 'windows' })))).toContain(
      'On Windows sockets of earlier connections do not make bind() fail.',
    );
  });

  itShared('is drawn of every story and case', ['stories'], async (stories) => {
    for (const folder of [stories, join(stories, '../cases')]) {
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
      for (const file of files.filter((each) => /\.pcap(ng)?$/.test(each))) {
        const html = drawn(await analyze([join(folder, file)]));
        expect(html).not.toMatch(/NaN|undefined|Infinity|style=|"-[\d.]+%/);
      }
    }
  });
});

describe('lanes', () => {
  const words = (intervals: PortInterval[]) => lanesOf(ledger(80, intervals)).map(laneWords);

  test('are one where bind() fails at the same times', () => {
    expect(words([interval(ALWAYS)])).toEqual(['whatever SO_REUSEADDR says']);
    expect(words([interval(ALWAYS, { LISTEN: 1 }), interval(UNLESS_BOTH)])).toEqual([
      'unless both sockets have SO_REUSEADDR',
      'although both sockets have SO_REUSEADDR',
    ]);
    expect(words([interval(UNLESS_NEW)])).toEqual([
      'unless the new socket has SO_REUSEADDR',
      'although the new socket has SO_REUSEADDR',
    ]);
  });

  test('tell the cases one by one where no phrase says it', () => {
    expect(words([interval({ ...ALWAYS, oldOnly: false })])).toEqual([
      'where neither socket has SO_REUSEADDR, or only the new socket has it, or both have it',
      'where only the old socket has it',
    ]);
  });

  test('keep what is not known apart from what works', () => {
    expect(lanesOf(ledger(80, [interval(UNSAID)]))).toMatchObject([{ cases: { length: 4 }, intervals: { length: 1 } }]);
  });
});

describe('the choice of ports', () => {
  test('takes those of findings, then those that were blocked, then the busiest', async () => {
    const report = await demo();
    const busy = [1, 2, 3, 4, 5].map((port) => ledger(port, [interval(ALWAYS, { LISTEN: 1 })]));
    const blocked = ledger(6, [interval(UNLESS_BOTH)]);
    const ports = [...busy, blocked, ...report.ports];
    const { drawn, others } = chosenPorts({ ...report, ports });
    expect(drawn.map(({ port }) => port)).toEqual([8080, 6, 1, 2, 3]);
    expect(others.map(({ port }) => port)).toEqual([4, 5]);
  });

  test('counts the rows that a table leaves out', async () => {
    const report = await demo();
    const busy = Array.from({ length: 100 }, (_, port) => ledger(port + 1, [interval(ALWAYS, { LISTEN: 1 })]));
    const text = textOf(drawn({ ...report, ports: [...busy, ...report.ports] }));
    expect(text).toContain('97 more ports, not drawn');
    expect(text).toContain('And 47 more, which the JSON report has.');
  });

  test('draws what has no end beyond the capture', async () => {
    const report = await demo();
    const open = { ...interval(UNLESS_BOTH, { ESTABLISHED: 2 }), until: null, untilLatest: null };
    const ports = [ledger(80, [open])];
    const scale = scaleOf(report, ports)!;
    expect(scale.seconds).toBeCloseTo(1.1 * scale.captured);
    expect(textOf(drawn({ ...report, ports }))).toContain('no end in sight');
  });
});

test('an address is no markup', async () => {
  const report = await demo();
  const ports = report.ports.map((port) => ({ ...port, address: '<b>"x"</b>' }));
  const html = drawn({ ...report, ports });
  expect(html).not.toContain('<b>');
  expect(html).toContain('&lt;b>&quot;x&quot;&lt;/b>');
});
