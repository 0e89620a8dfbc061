import { describe, expect, it } from 'vitest';
import { verdict } from '../../src/output/verdict.ts';
import type { Finding, Report } from '../../src/report/types.ts';
import { at, endpoint, exampleFlow, exampleReport, span } from './example.ts';
import { incident } from './incident.ts';

const [leak] = incident().findings as [Finding];
const blocked: Finding = {
  ...leak,
  rule: 'bind-blocked',
  severity: 'critical',
  title: '10.0.0.1:80 could not be bound from 12:00:01 to about 12:01:00: 40 sockets in TIME_WAIT held the port',
  doThis: ['Set `SO_REUSEADDR` in both versions. The first restart still waits.'],
  confidence: 'likely',
  endpoint: '10.0.0.1:80',
  at: at(1),
};
const down: Finding = {
  ...blocked,
  rule: 'restart-outage',
  title: '10.0.0.1:80 was down for 1 min',
  doThis: ['Look into its log.'],
  confidence: 'certain',
};
const flows = [1, 2].map((id) => exampleFlow({ id, notes: [] }));
const quiet = (overrides: Partial<Report> = {}) =>
  exampleReport(
    flows.map((flow) => ({
      ...flow,
      endpoints: { client: endpoint('passive-closer', []), server: flow.endpoints.server },
    })),
    overrides,
  );
const wrong = (...findings: Finding[]) => verdict(quiet({ findings })).wrong;

describe('what is wrong', () => {
  it('is the most severe finding and its first remedy', () => {
    expect(wrong(leak, { ...blocked, rule: 'other' })).toBe(
      '10.0.0.1:80 could not be bound from 12:00:01 to about 12:01:00: 40 sockets in TIME_WAIT held the port. Set SO_REUSEADDR in both versions.',
    );
  });

  it('is one sentence of an outage, its cause and who closes first', () => {
    const outage = '10.0.0.1:80 was down for 1 min, probably because 40 sockets in TIME_WAIT held the port';
    const remedy = 'Set SO_REUSEADDR in both versions.';
    expect(wrong(blocked, down)).toBe(`${outage}. ${remedy}`);
    const closes = { ...leak, rule: 'server-closes-first', endpoint: '10.0.0.1:80' };
    expect(wrong(blocked, down, closes)).toBe(`${outage}, since the server closes first. ${remedy}`);
    expect(wrong({ ...blocked, confidence: 'possible' }, down)).toContain(', possibly because 40');
  });

  it('joins no outages of different times or ports', () => {
    expect(wrong(blocked, { ...down, at: at(2) })).toMatch(/^10\.0\.0\.1:80 could not be bound/);
    expect(wrong(blocked, { ...down, endpoint: '10.0.0.2:80' })).toMatch(/^10\.0\.0\.1:80 could not be bound/);
    expect(wrong(down)).toBe('10.0.0.1:80 was down for 1 min. Look into its log.');
  });

  it('is no certainty where it is only possible', () => {
    expect(wrong({ ...leak, confidence: 'possible' })).toMatch(/^Possibly: The client 10\.0\.7\.113/);
  });

  it('cuts a long remedy behind its beginning', () => {
    const long = `Let the client close: ${'keep it alive, '.repeat(12)}`;
    expect(wrong({ ...leak, doThis: [long] })).toMatch(/ Let the client close\.$/);
    const place = `On the server: ${'look at what it does, '.repeat(8)}`;
    expect(wrong({ ...leak, doThis: [place] })).toMatch(/ On the server: look at .*…$/);
    expect(wrong({ ...leak, doThis: [] })).toBe(`${leak.title}.`);
  });

  it('is not told of what is only worth knowing', () => {
    expect(wrong({ ...leak, severity: 'info' })).toBeNull();
    expect(wrong()).toBeNull();
  });
});

describe('"Nothing to worry about was found"', () => {
  const isSaid = (report: Report) => verdict(report).seen.includes('Nothing to worry about was found.');
  const damage = { file: 'a.pcap', offset: 1, what: 'cut' };

  it('is said where all ended well', () => {
    expect(isSaid(quiet())).toBe(true);
    expect(isSaid(quiet({ findings: [{ ...leak, severity: 'info' }] }))).toBe(true);
  });

  it.each<[string, Partial<Report>, ((report: Report) => void)?]>([
    ['a warning', { findings: [leak] }],
    ['limits of the capture', { findings: [{ ...leak, rule: 'capture-limits', severity: 'info' }] }],
    ['a damaged capture', {}, (report) => report.capture.damage.push(damage)],
    ['packets that were dropped', {}, (report) => Object.assign(report.capture, { dropped: 1 })],
    ['an abort', {}, (report) => Object.assign(report.totals, { byKind: { graceful: 1, aborted: 1 } })],
    ['something odd', {}, (report) => report.flows[0]!.notes.push('gap')],
    [
      'a long CLOSE_WAIT',
      {},
      (report) => report.flows[0]!.endpoints.client.states.push(span('CLOSE_WAIT', 1, 40, [1, 2])),
    ],
    [
      'two captures that are compared: they are not judged',
      {},
      (report) => {
        const lost = { toServer: 0, toClient: 0 };
        const comparison = { offsetSeconds: 0, driftPpm: null, plusMinus: 0, lost, resetOrigin: null };
        report.flows[0]!.comparison = comparison;
      },
    ],
  ])('is not said of %s', (_, overrides, change) => {
    const report = quiet(overrides);
    change?.(report);
    expect(isSaid(report)).toBe(false);
  });
});
