import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blocksOf } from '../../src/findings/port-blocks.ts';
import { itShared } from '../support/shared.ts';
import { at, each, exchange, factsOf, findingsOf, opened, refusal, scripted } from './scripted.ts';

const CASES = join(import.meta.dirname, '../../fixtures/cases');
const RULE = 'ephemeral-exhaustion';

interface Exhaustion {
  ports: number;
  service: string;
  outage_from: number;
  outage_until: number;
}

describe('ephemeral-exhaustion', () => {
  itShared('infers it from the silence of a client', ['stories', 'ephemeral_exhaustion'], async (folder) => {
    const facts = factsOf<Exhaustion>(folder);
    await each(folder, RULE, (findings) => {
      expect(findings).toHaveLength(1);
      const [finding] = findings;
      expect(finding).toMatchObject({ severity: 'critical', confidence: 'likely', endpoint: '10.213.107.37' });
      expect(finding!.flowCount).toBe(facts.ports);
      expect(finding!.title).toContain(`all ${facts.ports} ports 40000-40199 towards ${facts.service}`);
      expect(Math.abs(at(finding!.at) - facts.outage_from)).toBeLessThan(2);
      expect(Math.abs(at(finding!.until) - facts.outage_until)).toBeLessThan(2);
    });
  });

  for (const name of ['healthy', 'time_wait_pileup', 'nat_port_reuse', 'restart_outage']) {
    itShared(`is silent on ${name}`, ['stories', name], (folder) =>
      each(folder, RULE, (findings) => expect(findings).toEqual([])),
    );
  }

  it('gives the share of the range that the user tells, in time-wait-pileup too', async () => {
    const lines = [0, 1].flatMap((n) => exchange(`10.0.0.1:${40000 + n}`, '10.0.0.2:80', n));
    const options = { portRange: [40000, 40003] as const, thresholds: { 'time-wait-pileup': 2 } };
    const [found] = await scripted(lines, 'time-wait-pileup', options);
    expect(found!.because).toContain('it has 4 of them (40000-40003), of which this is 50 %');
  });

  itShared('knows the range that the user tells', ['cases', 'ephemeral_exhaustion'], async (folder) => {
    const full = { portRange: [50000, 50049] as const };
    await each(
      folder,
      RULE,
      (findings) => {
        expect(findings).toMatchObject([{ severity: 'critical', flowCount: 50, confidence: 'certain' }]);
        expect(findings[0]!.title).toContain('50 of 50 ports (100 %)');
      },
      full,
    );
    const wide = { portRange: [50000, 50059] as const };
    await each(folder, RULE, (findings) => expect(findings).toMatchObject([{ severity: 'warning' }]), wide);
    const high = { ...wide, thresholds: { [RULE]: 0.9 } };
    await each(folder, RULE, (findings) => expect(findings).toEqual([]), high);
  });

  it('sees it with privileged ports, whatever their destination', async () => {
    const burst = walk(1023, -1, 60, 0);
    const [finding] = await scripted([...burst, ...walk(1023, -1, 10, 60.2)], RULE);
    expect(finding).toMatchObject({ severity: 'critical', endpoint: '10.0.0.1', flowCount: 60 });
    expect(finding!.title).toContain('60 ports 964-1023');
    expect(finding!.because).toContain('rresvport()');
  });

  it('is silent on a client that takes one port after the other and pauses', async () => {
    expect(await scripted([...walk(50000, 1, 60, 0), ...walk(50060, 1, 5, 60.2)], RULE)).toEqual([]);
  });

  it('is silent on a client that pauses for another reason', async () => {
    // Before a port can be free again, and long after.
    expect(await scripted([...walk(50000, 1, 60, 0), ...walk(50000, 1, 10, 30)], RULE)).toEqual([]);
    expect(await scripted([...walk(50000, 1, 60, 0), ...walk(50000, 1, 10, 200)], RULE)).toEqual([]);
  });

  it('finds dense blocks of ports', () => {
    const low = Array.from({ length: 100 }, (_, i) => 40000 + i);
    expect(blocksOf([...low, 51000, 52000])).toEqual([{ low: 40000, high: 40099, used: 100 }]);
    expect(blocksOf(low.filter((port) => port % 2 === 0))).toEqual([]);
    expect(blocksOf(low.slice(0, 20))).toEqual([]);
    expect(blocksOf([])).toEqual([]);
  });
});

/** Connections that the client closes first, ten a second, each from the next port. */
function walk(port: number, step: number, count: number, from: number): string[] {
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    lines.push(`isn c ${1_000_000 + Math.round(from * 10_000)}`, `isn s ${5_000_000 + Math.round(from * 10_000)}`);
    lines.push(...exchange(`10.0.0.1:${port + step * i}`, '10.0.0.2:514', Math.round((from + i / 10) * 1000) / 1000));
  }
  return lines;
}

describe('ephemeral-exhaustion and a filter', () => {
  it('says nothing of ports and silences that a filter made', async () => {
    const file = join(import.meta.dirname, '../../fixtures/stories/ephemeral_exhaustion/client.pcap.gz');
    expect(await findingsOf(file, 'ephemeral-exhaustion')).toHaveLength(1);
    expect(await findingsOf(file, 'ephemeral-exhaustion', { where: 'client.port>40100' })).toEqual([]);
  });
});

describe('port-collision', () => {
  it('tells of a socket that connected to itself', async () => {
    await each(join(CASES, 'lo_self_connect'), 'port-collision', (findings) => {
      expect(findings).toMatchObject([{ severity: 'warning', endpoint: '127.0.0.1:26500', flowCount: 1 }]);
    });
  });

  it('tells of a service that a client of its host keeps out', async () => {
    const lines = [
      ...exchange('10.0.0.1:40000', '10.0.0.2:35000', 0),
      ...exchange('10.0.0.2:35000', '10.0.0.9:5432', 1),
      ...refusal('10.0.0.1:40001', '10.0.0.2:35000', 3),
      ...exchange('10.0.0.1:40002', '10.0.0.2:35000', 70),
    ];
    const findings = await scripted(lines, 'port-collision');
    expect(findings).toMatchObject([
      { severity: 'warning', confidence: 'likely', endpoint: '10.0.0.2:35000', flowCount: 1, flows: [2] },
    ]);
    expect(findings[0]!.because).toContain('10.0.0.9:5432');
    expect(findings[0]!.because).toContain('refused its clients');
    expect(await scripted(lines, 'port-collision', { thresholds: { 'port-collision': 2 } })).toEqual([]);
  });

  it('is a note where the service listened all the time', async () => {
    const lines = [
      ...exchange('10.0.0.1:40000', '10.0.0.2:35000', 0),
      ...opened('10.0.0.2:35000', '10.0.0.9:35000', 1),
      ...exchange('10.0.0.1:40002', '10.0.0.2:35000', 2),
    ];
    expect(await scripted(lines, 'port-collision')).toMatchObject([{ severity: 'info', confidence: 'possible' }]);
  });

  for (const name of ['timing_tw', 'simultaneous_open', 'lo_any', 'big']) {
    itShared(`is silent on ${name}`, ['cases', name], (folder) =>
      each(folder, 'port-collision', (findings) => expect(findings).toEqual([])),
    );
  }
});

describe('bind-blocked', () => {
  it('tells of a single socket', async () => {
    const lines = [
      ...opened('10.0.0.1:40000', '10.0.0.2:80', 0),
      '+0.1 s > c F. 10:10(0) ack 10',
      '+0.1 c > s F. 10:10(0) ack 11',
      '+0.001 s > c . 11:11(0) ack 11',
    ];
    const findings = await scripted(lines, 'bind-blocked', { thresholds: { 'bind-blocked': 1 } });
    expect(findings).toMatchObject([{ severity: 'info', endpoint: '10.0.0.2:80' }]);
    expect(findings[0]!.because).toContain('1 socket in TIME_WAIT was on its side of the port');
  });

  itShared('does not take the end that a SYN of its peer challenged for a service', ['corpus'], async (corpus) => {
    for (const name of ['outside-right-secure-ipv6', 'right-edge-secure-ipv4']) {
      const file = join(corpus, `fbsd__rcv-syn-established-${name}.pcap`);
      expect(await findingsOf(file, 'bind-blocked', { thresholds: { 'bind-blocked': 1 } })).toEqual([]);
    }
  });
});
