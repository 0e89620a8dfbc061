import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MARKDOWN_LIMIT, markdownReport } from '../../src/output/markdown.ts';
import type { Finding } from '../../src/report/types.ts';
import { oddReport } from './arbitrary.ts';
import { exampleFlow, exampleReport } from './example.ts';
import { expectGolden } from './golden.ts';
import { incident } from './incident.ts';

describe('the Markdown report', () => {
  it('is as somebody found it good', () => expectGolden(markdownReport(incident()), 'incident.md'));

  it('fits a ticket with 100,000 flows and 500 findings, and says what it left out', () => {
    const report = incident();
    const flows = Array.from({ length: 2000 }, (_, index) => exampleFlow({ id: index + 1 }));
    const findings = Array.from({ length: 250 }, () => report.findings).flat();
    const large = { ...report, flows, findings, totals: { ...report.totals, flows: 100_000 } };
    large.totals.byKind = { graceful: 99_000, aborted: 1000 };
    const text = markdownReport(large);
    expect(text.length).toBeLessThan(MARKDOWN_LIMIT);
    expect(text).toContain('100,000 connections in 3 min 12 s.');
    expect(text).toMatch(/- and .*critical and .* warning more in the full report/);
    // Findings come before flows, and their reasons before their number.
    expect(text).not.toContain('flows that matter most');
    expect(text.match(/^ {2}\S.*`teardown explain [a-z0-9-]+`\]$/gm)?.length).toBeGreaterThanOrEqual(3);
  });

  it('escapes names so that they stay text', () => {
    const report = exampleReport();
    report.capture.files = report.capture.files.map((file) => ({ ...file, name: 'a|b`c`<img src=x>\n# d_\\' }));
    const text = markdownReport(report);
    expect(text).toContain('- a\\|b\\`c\\`&lt;img src=x&gt; \\# d_\\\\ (pcap)');
    expect(text).not.toContain('\n# d');
    expect(text).not.toContain('<img');
  });

  it('has every finding with its numbers and remedies before any flow', () => {
    const report = incident();
    const [leak, blocked] = report.findings as [Finding, Finding];
    const findings = Array.from({ length: 5 }, (_, index) => ({ ...leak, title: `finding ${index}` }));
    const text = markdownReport({ ...report, findings: [...findings, { ...blocked, endpoint: null }] });
    expect(text.length).toBeLessThan(MARKDOWN_LIMIT);
    for (const { title, because } of findings) expect(text).toContain(`${title}\n  ${because}`);
    expect(text).toContain(blocked.because);
    expect(text).toContain('### How it was measured');
  });

  it('gives the filter of a finding where there is room', () => {
    const report = incident();
    const [leak] = report.findings as [Finding];
    const filtered = { ...leak, wiresharkFilter: 'ip.addr == 10.0.7.113 && tcp.port == 50033' };
    expect(markdownReport(exampleReport(undefined, { findings: [filtered] }))).toContain(
      '  - Wireshark: `ip.addr == 10.0.7.113 && tcp.port == 50033`\n',
    );
  });

  it('cuts the words of a finding behind a sentence or a word, and never within code', () => {
    const report = incident();
    const [leak] = report.findings as [Finding];
    const because = `${'Some words. '.repeat(60)}See \`ss -tanp\` for it.`;
    const long = { ...leak, because, doThis: [`Look ${'at '.repeat(96)}\`ss -tanp state close-wait\`.`] };
    const text = markdownReport(exampleReport(undefined, { findings: [long] }));
    expect(text).toMatch(/Some words\. … \[flows/);
    expect(text).toMatch(/ {2}- Look (?:at )+…\n/);
  });

  it('keeps commands in findings as code', () => {
    expect(markdownReport(incident())).toContain('run `ss -tanp state close-wait` to find');
  });

  it('is under the limit, whatever the report', () => {
    fc.assert(
      fc.property(oddReport, (report) => {
        const text = markdownReport(report);
        expect(text.length).toBeLessThan(MARKDOWN_LIMIT);
        expect(text).toMatch(/### How it was measured\n\n[\s\S]*pcap-teardown 0\.1\.0\n$/);
        expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
        expect(text).not.toMatch(/<|undefined|NaN/);
        const cells = text.split('\n').filter((line) => line.startsWith('|'));
        for (const line of cells) expect([4, 9]).toContain(line.match(/(?<!\\)\|/g)?.length);
      }),
      { numRuns: 300 },
    );
  });
});
