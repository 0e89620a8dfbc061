import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diff } from '../../src/diff/diff.ts';
import type { Diff, DoubtCode } from '../../src/diff/types.ts';
import { markdownDiff } from '../../src/output/diff-markdown.ts';
import { diffText } from '../../src/output/diff-text.ts';
import { diffVerdict, doubtWords, rate } from '../../src/output/diff-words.ts';
import { jsonDiff } from '../../src/output/json.ts';
import { MARKDOWN_LIMIT } from '../../src/output/markdown.ts';
import { findingOf, reportOf } from '../diff/reports.ts';
import { oddReport } from './arbitrary.ts';
import { expectGolden, widest } from './golden.ts';

/** A service that closed first, was restarted, and leaked; then its clients close first, and one trouble is new. */
function fixed(): Diff {
  const first = findingOf('server-closes-first', {
    title: '10.0.0.1:9091 closes first and collects the TIME_WAIT sockets',
    because: 'It closed first in 147 of 150 connections.',
    flowCount: 147,
  });
  const outage = findingOf('restart-outage', {
    severity: 'critical',
    title: '10.0.0.1:9091 refused connections for 29.5 s',
    because: 'It answered, then refused 60 connections, then answered again.',
    flowCount: 60,
  });
  const leak = findingOf('close-wait-leak', {
    severity: 'critical',
    title: '10.0.0.7 does not close what its peer has closed',
    because: '3 sockets stayed in CLOSE_WAIT for longer than 30 s.',
    endpoint: '10.0.0.7:40000',
    flowCount: 3,
  });
  const killed = findingOf('time-wait-killed', {
    severity: 'info',
    title: 'An RST ended TIME_WAIT',
    because: 'RST in frame 12, `net.ipv4.tcp_rfc1337` is 0.',
    flowCount: 1,
  });
  const before = reportOf({ server: 147, client: 3, refused: 60, findings: [first, outage, leak] });
  const after = reportOf({
    ...{ client: 390, refused: 4, aborted: 2, from: 3600, seconds: 130 },
    findings: [{ ...leak, severity: 'warning', endpoint: '10.0.0.7:41000', flowCount: 1 }, killed],
  });
  return diff(before, after);
}

describe('the comparison as text', () => {
  it.each([80, 160])('is as somebody found it good, %i columns wide', async (width) => {
    const text = diffText(fixed(), { color: false, width });
    expect(widest(text)).toBeLessThanOrEqual(width);
    await expectGolden(text, `diff-${width}.txt`);
  });

  it('begins with the answer', () => {
    const text = diffText(fixed(), { color: false, width: 200 }).replace(/\n {2}(?=\S)/g, ' ');
    expect(text).toContain('Better. Refused: 29 % of the connections before and 1 % after.');
    expect(text).toContain('The server closed first in 98 % of the connections that ended before and 0 % after.');
    expect(text).toContain('Of 3 findings 2 went (restart-outage and server-closes-first)');
  });

  it('fits its width, whatever the reports', () => {
    fc.assert(
      fc.property(oddReport, oddReport, fc.integer({ min: 40, max: 200 }), (before, after, width) => {
        const text = diffText(diff(before, after), { color: false, width });
        expect(widest(text)).toBeLessThanOrEqual(width);
        expect(text).not.toMatch(/undefined|NaN|Infinity/);
        expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
      }),
      { numRuns: 150 },
    );
  });
});

describe('the comparison as Markdown', () => {
  it('is as somebody found it good', () => expectGolden(markdownDiff(fixed()), 'diff.md'));

  it('is under the limit and escaped, whatever the reports', () => {
    fc.assert(
      fc.property(oddReport, oddReport, (before, after) => {
        const text = markdownDiff(diff(before, after));
        expect(text.length).toBeLessThan(MARKDOWN_LIMIT);
        expect(text).toMatch(/\n- before: [^\n]*\n- after: [^\n]*\n$/);
        expect(text).not.toMatch(/<|undefined|NaN/);
        for (const line of text.split('\n').filter((each) => each.startsWith('|'))) {
          expect(line.match(/(?<!\\)\|/g)?.length).toBe(5);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('says what it left out of many findings', () => {
    const findings = Array.from({ length: 40 }, (_, index) =>
      findingOf(`rule-${index}`, { because: 'Because of this and that. '.repeat(12) }),
    );
    const text = markdownDiff(diff(reportOf({ server: 50, findings }), reportOf({ server: 50, from: 3600 })));
    expect(text).toMatch(/- and 3\d more in the full comparison/);
  });
});

it('the JSON is the comparison', () => {
  expect(JSON.parse(jsonDiff(fixed()))).toEqual(fixed());
});

it('every doubt has its sentence', () => {
  const codes: Record<DoubtCode, RegExp> = {
    'no-connections': /^AFTER has no connections/,
    'no-common-service': /no service in common/,
    'other-addresses': /matched by the port/,
    short: /^AFTER lasts 2 min 10 s, BEFORE 2 min:/,
    'less-traffic': /1\.25 a second in BEFORE, 3\.02 a second in AFTER/,
    'no-restart': /^Nothing was refused in AFTER/,
    few: /^AFTER has 396 connections only/,
    'other-position': /near server/,
    'other-timers': /TIME_WAIT/,
    redacted: /replaced/,
    damaged: /^AFTER is of a damaged/,
    dropped: /dropped 0 packets while AFTER/,
    'flows-left-out': /^AFTER lists 396 of its 396/,
    'other-version': /0\.1\.0/,
    exchanged: /wrong order/,
    overlap: /same time/,
  };
  for (const [code, words] of Object.entries(codes) as [DoubtCode, RegExp][]) {
    const which = code === 'less-traffic' ? 'before' : 'after';
    const [sentence, ...more] = doubtWords({ ...fixed(), doubts: [{ code, which }] });
    expect(sentence).toMatch(words);
    expect(more).toEqual([]);
  }
  expect(doubtWords({ ...fixed(), doubts: [{ code: 'few', which: 'both' }] }).length).toBe(2);
});

it('tells of captures in which nothing closed', () => {
  expect(diffVerdict(diff(reportOf({}), reportOf({ from: 3600 })))).toBe(
    'Unclear whether it got better. No findings in either.',
  );
});

it.each([
  [null, '?'],
  [0, '0 a second'],
  [1234.567, '1,230 a second'],
  [0.5, '0.5 a second'],
  [0.05, '3 a minute'],
  [0.0005, '1.8 an hour'],
])('a rate of %s is %s', (perSecond, words) => expect(rate(perSecond)).toBe(words));
