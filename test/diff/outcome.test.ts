import { describe, expect, test } from 'vitest';
import { diff } from '../../src/diff/diff.ts';
import type { Diff } from '../../src/diff/types.ts';
import { findingOf, reportOf, type Wanted } from './reports.ts';

/** Made an hour later where nothing else is said. */
function compare(before: Wanted, after: Wanted): Diff {
  return diff(reportOf(before), reportOf({ from: 3600, ...after }));
}

const doubtsOf = ({ doubts }: Diff) => doubts.map(({ code, which }) => `${code} ${which}`);
const LEAK = findingOf('close-wait-leak');

describe('what speaks for better or worse', () => {
  test('a smaller share of failures is better, a larger one worse', () => {
    const few: Wanted = { server: 98, aborted: 2 };
    const many: Wanted = { server: 50, aborted: 50 };
    expect(compare(many, few).outcome).toBe('better');
    expect(compare(few, many).outcome).toBe('worse');
    expect(compare(many, few).signals).toEqual([{ towards: 'better', about: { kind: 'aborted' }, doubt: null }]);
  });

  test('as large a share of less traffic is no change', () => {
    expect(compare({ server: 500, aborted: 500 }, { server: 250, aborted: 250 }).outcome).toBe('unchanged');
  });

  test('what chance may have done is no change', () => {
    expect(compare({ server: 45, aborted: 5 }, { server: 47, aborted: 3 }).outcome).toBe('unchanged');
  });

  test('a finding that went is better, one that came worse, both are both', () => {
    const without: Wanted = { server: 50 };
    expect(compare({ ...without, findings: [LEAK] }, without).outcome).toBe('better');
    expect(compare(without, { ...without, findings: [LEAK] }).outcome).toBe('worse');
    const other = findingOf('time-wait-pileup');
    expect(compare({ ...without, findings: [other] }, { ...without, findings: [LEAK] }).outcome).toBe('mixed');
  });

  test('a finding that is for information alone says nothing', () => {
    const info = findingOf('lost-final-ack', { severity: 'info' });
    expect(compare({ server: 50, findings: [info] }, { server: 50 }).outcome).toBe('unchanged');
  });

  test('a finding that stayed counts by its severity', () => {
    const critical = { server: 50, findings: [{ ...LEAK, severity: 'critical' as const }] };
    const warning = { server: 50, findings: [LEAK] };
    expect(compare(critical, warning).outcome).toBe('better');
    expect(compare(warning, critical).outcome).toBe('worse');
    expect(compare(warning, warning).outcome).toBe('unchanged');
  });

  test('and where that is the same by the share of connections', () => {
    const of = (flowCount: number): Wanted => ({ server: 100, findings: [{ ...LEAK, flowCount }] });
    expect(compare(of(10), of(80)).outcome).toBe('worse');
    expect(compare(of(80), of(10)).outcome).toBe('better');
    expect(compare(of(10), of(15)).outcome).toBe('unchanged');
    expect(compare(of(80), { ...of(10), seconds: 30 }).outcome).toBe('unclear');
  });

  test('another closer is a change, and neither better nor worse by itself', () => {
    expect(compare({ server: 100 }, { client: 100 }).outcome).toBe('different');
  });
});

describe('nothing is called better that a poorer capture would show as well', () => {
  test('a shorter one', () => {
    const short = compare({ server: 100, findings: [LEAK] }, { server: 20, seconds: 20 });
    expect(short.outcome).toBe('unclear');
    expect(short.signals[0]?.doubt).toEqual({ code: 'short', which: 'after' });
    expect(doubtsOf(short)).toEqual(['short after']);
  });

  test('one with less traffic', () => {
    const less = compare({ server: 1000, findings: [findingOf('time-wait-pileup')] }, { server: 100 });
    expect(less.outcome).toBe('unclear');
    expect(doubtsOf(less)).toEqual(['less-traffic after']);
  });

  test('who closes first shows in both of them', () => {
    const first = findingOf('server-closes-first');
    expect(compare({ server: 1000, findings: [first] }, { client: 40, seconds: 20 }).outcome).toBe('better');
    expect(compare({ server: 1000, findings: [first] }, { client: 5, seconds: 20 }).outcome).toBe('unclear');
  });

  test('one without a restart tells nothing of a restart', () => {
    const outage: Wanted = { server: 50, refused: 80, findings: [findingOf('restart-outage')] };
    const calm = compare(outage, { server: 50 });
    expect(calm.outcome).toBe('unclear');
    expect(doubtsOf(calm)).toEqual(['no-restart after']);
    expect(compare(outage, { server: 100, refused: 3 }).outcome).toBe('better');
    expect(compare({ server: 50 }, outage).outcome).toBe('worse');
  });

  test('another service, or none', () => {
    expect(doubtsOf(compare({ server: 50, findings: [LEAK] }, { server: 50, port: 80 }))).toEqual([
      'no-common-service both',
    ]);
    expect(compare({ server: 50, findings: [LEAK] }, { server: 50, port: 80 }).outcome).toBe('unclear');
    const none = compare({ server: 50, findings: [LEAK] }, {});
    expect([none.outcome, ...doubtsOf(none)]).toEqual(['unclear', 'no-connections after']);
  });

  test('a trouble that is there is not made good by what else got better', () => {
    const better = compare(
      { server: 50, aborted: 50, seconds: 20 },
      { server: 500, aborted: 1, seconds: 120, findings: [LEAK] },
    );
    expect(better.signals.map(({ towards, doubt }) => [towards, doubt?.code ?? null])).toEqual([
      ['better', null],
      ['worse', 'short'],
    ]);
    expect(better.outcome).toBe('mixed');
  });
});

describe('doubts', () => {
  test('two captures in the wrong order, or of the same time', () => {
    const [early, late] = [reportOf({ server: 50 }), reportOf({ server: 50, from: 3600 })];
    expect(doubtsOf(diff(early, late))).toEqual([]);
    expect(doubtsOf(diff(late, early))).toEqual(['exchanged both']);
    expect(doubtsOf(diff(early, early))).toEqual(['overlap both']);
    expect(diff(early, early).outcome).toBe('unclear');
  });

  test('two hosts at the same time are a fair comparison', () => {
    const canary = diff(reportOf({ server: 50, findings: [LEAK] }), reportOf({ server: 50, address: '10.0.0.2' }));
    expect([canary.outcome, ...doubtsOf(canary)]).toEqual(['better', 'other-addresses both']);
  });

  test('what was captured otherwise', () => {
    const [before, after] = [reportOf({ server: 50 }), reportOf({ server: 50, from: 3600 })];
    after.capture.position = 'near-client';
    after.capture.dropped = 3;
    after.capture.damage = [{ file: 'server.pcap', offset: 3, what: 'cut' }];
    after.tool.version = '0.2.0';
    after.assumptions['10.0.0.1']!.timeWaitSeconds = 30;
    after.totals.flows = 80;
    expect(doubtsOf(diff(before, after))).toEqual([
      'other-position both',
      'other-timers both',
      'other-version both',
      'damaged after',
      'dropped after',
      'flows-left-out after',
    ]);
    before.totals.flows = 80;
    expect(doubtsOf(diff(before, after))).toContain('flows-left-out both');
  });

  test('one of them redacted', () => {
    const open = reportOf({ server: 50 });
    const labels = reportOf({ server: 50, from: 3600, address: 'server-1' });
    const prefix = reportOf({ server: 50, from: 3600, address: '10.99.0.1' });
    for (const flow of prefix.flows) flow.wiresharkFilter = null;
    expect(doubtsOf(diff(open, labels))).toEqual(['redacted both']);
    expect(doubtsOf(diff(open, prefix))).toEqual(['redacted both']);
    expect(doubtsOf(diff(labels, prefix))).toEqual(['redacted both']);
    expect(doubtsOf(diff(reportOf({ server: 50, address: 'server-1' }), labels))).toEqual([]);
  });
});

describe('figures', () => {
  test('are shares and rates beside counts', () => {
    const { before } = compare({ server: 30, client: 10, refused: 40, aborted: 20, seconds: 200 }, { server: 50 });
    expect(before.flows).toEqual({ count: 100, perSecond: 0.5, listed: 100 });
    expect(before.byKind.refused).toEqual({ count: 40, share: 0.4, perSecond: 0.2 });
    expect(before.refusedSeconds).toBe(19.5);
    expect(before.closers).toMatchObject({ closed: 40, withAborts: false });
    expect(before.closers.server).toEqual({ count: 30, share: 0.75, perSecond: 0.15 });
    expect(before.timeWait).toMatchObject({ count: 40, perSecond: 0.2, server: 30, client: 10 });
    expect(before.resets).toEqual([
      { by: 'server', cause: 'refused', count: 40, share: 0.4, perSecond: 0.2 },
      { by: 'server', cause: 'linger-zero', count: 20, share: 0.2, perSecond: 0.1 },
    ]);
  });

  test('closers of both are counted from the totals where one lists not all flows', () => {
    const [before, after] = [reportOf({ server: 30, aborted: 20, refused: 10 }), reportOf({ server: 50, from: 3600 })];
    after.totals.flows = 80;
    const { closers, resets } = diff(before, after).before;
    expect(closers).toMatchObject({ closed: 50, withAborts: true, server: { count: 50, share: 1 } });
    expect(resets[0]).toMatchObject({ count: 20, share: 1 / 3 });
    expect(diff(after, before).before.closeWait).toEqual({ count: 0, share: null, perSecond: null, longest: 0.25 });
  });

  test('FIN_WAIT_2 without an end that was seen is counted beside the percentiles', () => {
    const report = reportOf({ server: 50 });
    const [open] = report.flows[0]!.endpoints.server.states;
    report.flows[0]!.endpoints.server.states = [{ ...open!, open: true, to: null }];
    expect(diff(report, report).before.finWait2.unmeasured).toBe(1);
  });

  test('a capture without length has no rates', () => {
    const { before } = compare({ server: 50, seconds: 0 }, { server: 50 });
    expect(before.flows.perSecond).toBeNull();
    expect(before.byKind.graceful).toEqual({ count: 50, share: 1, perSecond: null });
  });
});
