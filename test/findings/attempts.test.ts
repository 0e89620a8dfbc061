import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { itShared } from '../support/shared.ts';
import { at, each, exchange, findingsOf, refusal, scripted, unanswered } from './scripted.ts';

const CASES = join(import.meta.dirname, '../../fixtures/cases');

describe('refused', () => {
  it('notes a single refusal', async () => {
    await each(join(CASES, 'refused'), 'refused', (findings) => {
      expect(findings).toMatchObject([{ severity: 'info', flowCount: 1, confidence: 'certain' }]);
      expect(findings[0]!.frames).toHaveLength(2);
    });
  });

  it('warns from three on, and not below the threshold', async () => {
    const lines = [1, 2, 3, 4].flatMap((i) => refusal(`10.0.0.1:${40000 + i}`, '10.0.0.2:80', i));
    const findings = await scripted(lines, 'refused');
    expect(findings).toMatchObject([{ severity: 'warning', endpoint: '10.0.0.2:80', flowCount: 4 }]);
    expect(at(findings[0]!.until) - at(findings[0]!.at)).toBeCloseTo(3);
    expect(await scripted(lines, 'refused', { thresholds: { refused: 5 } })).toEqual([]);
  });

  for (const name of ['restart_outage', 'restart_outage_reuse', 'simultaneous_pool', 'healthy']) {
    itShared(`leaves the outage of ${name} to the rules on it`, ['stories', name], (folder) =>
      each(folder, 'refused', (findings) => expect(findings).toEqual([])),
    );
  }

  it('says that others are served where one client is kept out', async () => {
    const lines = [
      ...exchange('10.0.0.9:40000', '10.0.0.2:80', 0),
      ...[1, 2, 3].flatMap((i) => refusal(`10.0.0.1:${40000 + i}`, '10.0.0.2:80', i)),
      ...exchange('10.0.0.9:40001', '10.0.0.2:80', 5),
    ];
    const findings = await scripted(lines, 'refused');
    expect(findings).toMatchObject([{ endpoint: '10.0.0.2:80', flowCount: 3, confidence: 'possible' }]);
    expect(findings[0]!.because).toContain('It accepted 2 connections of others');
  });

  it('blames no rule where the same client is served at other times', async () => {
    // A service that crashes every few seconds: too many short silences to be told of one by one.
    const lines = Array.from({ length: 20 }, (_, i) => [
      ...exchange(`10.0.0.1:${40000 + 2 * i}`, '10.0.0.2:80', 5 * i),
      ...refusal(`10.0.0.1:${40001 + 2 * i}`, '10.0.0.2:80', 5 * i + 3),
    ]).flat();
    const [finding] = await scripted(lines, 'refused');
    expect(finding).toMatchObject({ endpoint: '10.0.0.2:80', confidence: 'possible' });
    expect(finding!.because).toContain('of the same clients: it is restarted again and again');
    expect(finding!.because).not.toContain('a rule keeps');
  });

  it('does not say that nobody listens where a filter has left the others out', async () => {
    const lines = [
      ...exchange('10.0.0.9:40000', '10.0.0.2:80', 0),
      ...[1, 2, 3].flatMap((i) => refusal(`10.0.0.1:${40000 + i}`, '10.0.0.2:80', i)),
    ];
    const [finding] = await scripted(lines, 'refused', { where: 'kind==refused' });
    expect(finding).toMatchObject({ flowCount: 3, confidence: 'possible' });
    expect(`${finding!.title} ${finding!.because}`).not.toMatch(/nobody listens|no program listens/);
  });

  it('makes one note of a scan', async () => {
    const lines = Array.from({ length: 300 }, (_, i) =>
      refusal('10.0.0.1:40000', `10.0.0.2:${1000 + i}`, i / 10),
    ).flat();
    const findings = await scripted(lines, 'refused');
    expect(findings).toMatchObject([{ severity: 'info', endpoint: '10.0.0.1', flowCount: 300 }]);
    expect(findings[0]!.title).toContain('300 addresses and ports');
  });

  it('sums up the services beyond the largest', async () => {
    // Many clients, each of which fails at one service: no scan.
    const lines = Array.from({ length: 12 }, (_, i) =>
      refusal(`10.0.1.${i + 1}:40000`, `10.0.0.${i + 1}:80`, i),
    ).flat();
    const findings = await scripted(lines, 'refused');
    expect(findings).toHaveLength(9);
    expect(findings.at(-1)).toMatchObject({ severity: 'info', endpoint: null, flowCount: 4 });
  });
});

describe('a refused SYN that is sent again', () => {
  it('is one attempt of several SYNs', async () => {
    const again = ['+0.5 c > s S 0:0(0)', '+0.001 s > c R. 0:0(0) ack 1 win 0 ipid 0'];
    const findings = await scripted([...refusal('10.0.0.1:40000', '10.0.0.2:80', 0), ...again, ...again], 'refused');
    expect(findings).toMatchObject([{ severity: 'info', flowCount: 1 }]);
    expect(findings[0]!.because).toContain('3 SYNs were answered by RST (1 attempt)');
  });
});

describe('unanswered-syn', () => {
  it('notes a single attempt that was tried again', async () => {
    const findings = await findingsOf(join(CASES, 'syn_unanswered/client.pcap'), 'unanswered-syn');
    expect(findings).toMatchObject([{ severity: 'info', flowCount: 1, confidence: 'likely' }]);
  });

  it('warns from three on, says that the service answered others meanwhile', async () => {
    const failed = [1, 2, 3].flatMap((i) => unanswered(`10.0.0.1:${40000 + i}`, '10.0.0.2:80', 3 * i));
    const served = exchange('10.0.0.9:40000', '10.0.0.2:80', 7.5);
    const lines = [...failed, ...exchange('10.0.0.9:40001', '10.0.0.3:80', 20)];
    const alone = await scripted(lines, 'unanswered-syn');
    expect(alone).toMatchObject([{ severity: 'warning', endpoint: '10.0.0.2:80', flowCount: 3 }]);
    expect(alone[0]!.because).toContain('6 SYNs of 3 attempts');
    expect(alone[0]!.because).toContain('It answered nobody in this capture');
    const [mixed] = await scripted([...served, ...lines], 'unanswered-syn');
    expect(mixed!.because).toContain('the service accepted 1 connection');
    expect(await scripted(lines, 'unanswered-syn', { thresholds: { 'unanswered-syn': 4 } })).toEqual([]);
  });

  it('does not count SYNs that had no time to be answered', async () => {
    const lines = [1, 2, 3, 4].flatMap((i) => [
      `client 10.0.0.1:${40000 + i}`,
      'server 10.0.0.2:80',
      `${i / 5} c > s S 0:0(0)`,
    ]);
    expect(await scripted(lines, 'unanswered-syn')).toEqual([]);
  });

  it('is a note where the client reached another address at once', async () => {
    const lines = [1, 2, 3].flatMap((i) => [
      ...unanswered(`[2001:db8::1]:${40000 + i}`, '[2001:db8::2]:443', 10 * i),
      ...exchange(`10.0.0.1:${40000 + i}`, '10.0.0.2:443', 10 * i + 1.3),
    ]);
    const findings = await scripted(lines, 'unanswered-syn');
    expect(findings).toMatchObject([{ severity: 'info', endpoint: '[2001:db8::2]:443', flowCount: 3 }]);
  });

  it('makes one note of a sweep', async () => {
    const lines = Array.from({ length: 40 }, (_, i) =>
      unanswered('10.0.0.1:40000', `10.0.1.${i + 1}:22`, 2 * i),
    ).flat();
    const findings = await scripted([...lines, ...exchange('10.0.0.9:1025', '10.0.0.3:80', 99)], 'unanswered-syn');
    expect(findings).toMatchObject([{ severity: 'info', endpoint: '10.0.0.1', flowCount: 40 }]);
  });

  it('is silent on challenged SYNs', async () => {
    for (const name of ['simultaneous_open', 'tw_syn_accepted_server', 'one_sided']) {
      await each(join(CASES, name), 'unanswered-syn', (findings) => expect(findings).toEqual([]));
    }
  });

  itShared('says of a real one that it was tried again and again', ['corpus'], async (folder) => {
    const findings = await findingsOf(join(folder, 'sanders__http_espn_fail.pcapng'), 'unanswered-syn');
    expect(findings).toMatchObject([{ severity: 'warning', endpoint: '203.0.113.94:80', flowCount: 9 }]);
    expect(findings[0]!.because).toContain('93 SYNs of 9 attempts');
  });
});
