import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { captureLimits } from '../../src/findings/capture-limits.ts';
import type { Context } from '../../src/findings/context.ts';
import { itShared } from '../support/shared.ts';
import { each, exchange, findingsOf, scripted } from './scripted.ts';

const CASES = join(import.meta.dirname, '../../fixtures/cases');
const RULE = 'capture-limits';

describe('capture-limits', () => {
  for (const name of ['healthy', 'restart_outage', 'time_wait_pileup', 'app_crash_unread']) {
    itShared(`is silent on ${name}`, ['stories', name], (folder) =>
      each(folder, RULE, (findings) => expect(findings).toEqual([])),
    );
  }

  it.each(['client_first', 'snap64', 'mid_capture', 'cut_last_ack', 'any_sll2'])('is silent on %s', (name) =>
    each(join(CASES, name), RULE, (findings) => expect(findings).toEqual([])),
  );

  it('warns where one direction is missing', () =>
    each(join(CASES, 'one_sided'), RULE, (findings) => {
      expect(findings).toMatchObject([{ severity: 'warning', flowCount: 3, endpoint: null }]);
      expect(findings[0]!.title).toBe('Only one direction of all 3 connections was captured');
    }));

  itShared('notes a cut file', ['corpus'], async (folder) => {
    const findings = await findingsOf(join(folder, 'derived__zeek__tls.tls13_wolfssl--cut-in-data.pcap'), RULE);
    expect(findings).toMatchObject([{ severity: 'info' }]);
    expect(findings[0]!.because).toContain('75 of 82 bytes');
  });

  it('warns where a filter has taken the pure ACKs out', async () => {
    const lines = [1, 2, 3].flatMap((i) =>
      exchange(`10.0.0.1:${40000 + i}`, '10.0.0.2:80', i).filter((line) => /^[ic]|^se| [SF]/.test(line)),
    );
    const findings = await scripted(lines, RULE);
    expect(findings).toMatchObject([{ severity: 'warning', flowCount: 3 }]);
    expect(findings[0]!.because).toContain('FIN_WAIT_2');
  });

  it('tells connections that began before the capture from a few at its start', async () => {
    const late = (i: number) =>
      exchange(`10.0.0.1:${40000 + i}`, '10.0.0.2:80', i).filter((line) => !/ S\.? /.test(line));
    const few = [
      ...late(1),
      ...late(2),
      ...[3, 4, 5, 6].flatMap((i) => exchange(`10.0.0.1:${40000 + i}`, '10.0.0.2:80', i)),
    ];
    expect(await scripted(few, RULE)).toEqual([]);
    const findings = await scripted([1, 2, 3, 4, 5, 6].flatMap(late), RULE);
    expect(findings).toMatchObject([{ severity: 'info', flowCount: 6 }]);
    expect(findings[0]!.title).toContain('All 6 connections had begun before the capture');
  });

  it.each([
    [{ dropped: 20 }, 'warning', 'dropped 20 of 1,020 packets (2 %)'],
    [{ dropped: 1 }, 'info', 'dropped 1 of 1,001 packets (<1 %)'],
    [{ outOfOrder: 50 }, 'info', '50 packets (5 %) came behind later ones'],
    [{ skipped: { 'cut-before-tcp-header': 300 } }, 'warning', '300 packets (30 %) ended before the TCP header'],
    [{ flowsGivenUp: 50 }, 'warning', '50 connections had to be told of before their end'],
  ])('tells of %o', (capture, severity, text) => {
    const [finding] = captureLimits.find(contextWith(capture));
    expect(finding).toMatchObject({ severity });
    expect(finding!.because).toContain(text);
  });

  it('is silent where nothing is missing, and where there is no TCP', () => {
    expect(captureLimits.find(contextWith({ dropped: 0 }))).toEqual([]);
    expect(captureLimits.find(contextWith({ dropped: 500 }, 0))).toEqual([]);
  });
});

/** What the rule asks of a capture of 1,000 packets. */
function contextWith(capture: Partial<Context['capture']>, flows = 100): Context {
  const whole = { packets: 1000, dropped: null, outOfOrder: 0, skipped: {}, damage: [], flowsGivenUp: 0, ...capture };
  return {
    capture: whole,
    totals: { flows, byKind: {} },
    lifetimes: { left: 0 },
    notablesLeft: 0,
    services: { others: 0 },
    countOf: () => 0,
  } as unknown as Context;
}
