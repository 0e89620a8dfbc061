import { describe, expect, it } from 'vitest';
import { itShared } from '../support/shared.ts';
import { at, each, exchange, factsOf, opened, scripted } from './scripted.ts';

describe('reset-data-loss', () => {
  itShared('counts the workers that died with unread data', ['stories', 'app_crash_unread'], async (folder) => {
    const { crashed, crashed_at, service } = factsOf<{ crashed: number; crashed_at: number[]; service: string }>(
      folder,
    );
    await each(folder, 'reset-data-loss', (findings) => {
      expect(findings).toHaveLength(1);
      const [finding] = findings;
      expect(finding).toMatchObject({ severity: 'critical', endpoint: service, flowCount: crashed });
      expect(finding!.because).toContain('RST of the server');
      expect(Math.abs(at(finding!.at) - crashed_at[0]!)).toBeLessThan(2);
      expect(Math.abs(at(finding!.until) - crashed_at.at(-1)!)).toBeLessThan(2);
    });
    await each(folder, 'reset-pattern', (findings) => expect(findings).toEqual([]));
    await each(folder, 'reset-data-loss', (findings) => expect(findings).toEqual([]), {
      thresholds: { 'reset-data-loss': crashed + 1 },
    });
  });

  for (const name of ['healthy', 'time_wait_pileup', 'close_wait_leak', 'restart_outage', 'middlebox_idle']) {
    itShared(`${name} has none`, ['stories', name], (folder) =>
      each(folder, 'reset-data-loss', (findings) => expect(findings).toEqual([])),
    );
  }

  it('tells of data that met a closed socket, as a note where the client chose to close', async () => {
    const findings = await scripted(afterClose('c', 's', 700), 'reset-data-loss');
    expect(findings).toMatchObject([{ severity: 'info', flowCount: 1, confidence: 'likely' }]);
    expect(findings[0]!.because).toContain('700 bytes of the server');
  });

  it('is silent where the client closed and only a goodbye came', async () => {
    expect(await scripted(afterClose('c', 's', 31), 'reset-data-loss')).toEqual([]);
  });

  it('is silent where both close, and the last words of TLS meet a closed server', async () => {
    const closing = [
      ...afterClose('s', 'c', 31).slice(0, -1),
      '+0 c > s F. 41:41(0) ack 11',
      '+0.01 s > c R 11:11(0) win 0',
    ];
    expect(await scripted(closing, 'reset-data-loss')).toEqual([]);
    // Without its FIN the client may have asked for something.
    const [finding] = await scripted(afterClose('s', 'c', 31), 'reset-data-loss');
    expect(finding).toMatchObject({ severity: 'info', flowCount: 1 });
    expect(finding!.because).toContain('So few bytes may be no more than a goodbye');
  });

  it('warns where a request met a server that had closed', async () => {
    const findings = await scripted(afterClose('s', 'c', 700), 'reset-data-loss');
    expect(findings).toMatchObject([{ severity: 'warning', endpoint: '10.0.0.2:80', flowCount: 1 }]);
  });

  it('says how many more the same end aborted with nothing lost', async () => {
    const lines = [
      ...opened('10.0.0.1:40000', '10.0.0.2:80', 0),
      '+0.1 c > s P. 10:710(700) ack 10',
      '+0.01 s > c R. 10:10(0) ack 710 win 500',
      ...opened('10.0.0.1:40001', '10.0.0.2:80', 2),
      '+0.1 s > c R. 10:10(0) ack 10 win 500',
    ];
    const findings = await scripted(lines, 'reset-data-loss');
    expect(findings).toMatchObject([{ severity: 'warning', flowCount: 1, flows: [1] }]);
    expect(findings[0]!.because).toContain('700 bytes of the client');
    expect(findings[0]!.because).toContain('1 more was aborted by the same end');
  });

  it('is silent on a client that resets when all was acknowledged', async () => {
    const lines = [...opened('10.0.0.1:40000', '10.0.0.2:80', 0), '+0.1 c > s R. 10:10(0) ack 10'];
    expect(await scripted(lines, 'reset-data-loss')).toEqual([]);
  });
});

describe('data that an RST without ACK answers', () => {
  it('came to a system that did not know the connection', async () => {
    const idle = opened('10.0.0.1:40000', '10.0.0.2:80', 0);
    const lines = [...idle, '+900 c > s P. 10:15(5) ack 10', '+0.001 s > c R 10:10(0) win 0 ipid 0'];
    const findings = await scripted(lines, 'reset-data-loss');
    expect(findings).toMatchObject([{ endpoint: '10.0.0.2:80', flowCount: 1 }]);
    expect(findings[0]!.title).toContain('did not know 1 of 1 connection any more');
    expect(findings[0]!.because).toContain('The server had been silent for 15 min');
    expect(findings[0]!.because).not.toContain('A process that died');
  });

  it('and was lost where several services did so is told of together', async () => {
    const lines = [1, 2, 3].flatMap((i) => [
      ...opened('10.0.0.1:40000', `10.0.1.${i}:80`, 10 * i),
      '+0.1 c > s P. 10:15(5) ack 10',
      '+0.001 s > c . 10:10(0) ack 15',
      '+1 s > c R. 10:10(0) ack 15',
    ]);
    const findings = await scripted(lines, 'reset-data-loss');
    expect(findings).toMatchObject([{ flowCount: 3, endpoint: null }]);
    expect(findings[0]!.title).toMatch(/^3 connections of 3 services ended by RST/);
  });
});

describe('reset-pattern', () => {
  itShared('a middlebox that forgets idle connections', ['stories', 'middlebox_idle'], async (folder) => {
    const facts = factsOf<Middlebox>(folder);
    await each(folder, 'reset-pattern', (findings, file) => {
      expect(findings).toHaveLength(1);
      const [finding] = findings;
      // The RSTs never came to the server: it closes after 40 s, and nobody answers.
      if (file === 'server.pcap') {
        expect(finding).toMatchObject({ severity: 'warning', endpoint: facts.service, flowCount: facts.killed });
        expect(finding!.because).toContain('silent for 40 s');
        return;
      }
      expect(finding).toMatchObject({ severity: 'critical', endpoint: facts.service, flowCount: facts.killed });
      expect(finding!.because).toContain(`TTL is ${facts.middlebox_rst_ttl}`);
      expect(finding!.because).toContain('2 connections of the service lasted longer');
      expect(Math.abs(at(finding!.at) - facts.resets_seen_at[0]!)).toBeLessThan(2);
      expect(Math.abs(at(finding!.until) - facts.resets_seen_at.at(-1)!)).toBeLessThan(2);
    });
    await each(folder, 'reset-pattern', (findings) => expect(findings).toEqual([]), {
      thresholds: { 'reset-pattern': facts.killed + 1 },
    });
  });

  for (const name of ['healthy', 'close_wait_leak', 'fin_wait_2_orphans', 'restart_outage', 'server_stopped']) {
    itShared(`${name} has none`, ['stories', name], (folder) =>
      each(folder, 'reset-pattern', (findings) => expect(findings).toEqual([])),
    );
  }

  it('tells of a server that aborts connections on which nothing is outstanding', async () => {
    const lines = Array.from({ length: 6 }, (_, i) => [
      ...opened(`10.0.0.1:${40000 + i}`, '10.0.0.2:80', i),
      '+0.1 s > c R. 10:10(0) ack 10 win 500',
    ]).flat();
    const findings = await scripted(lines, 'reset-pattern');
    expect(findings).toMatchObject([{ severity: 'warning', endpoint: '10.0.0.2:80', flowCount: 6 }]);
    expect(await scripted(lines, 'reset-data-loss')).toEqual([]);
  });

  it('is silent on health checks and on connections that clients leave', async () => {
    const checks = Array.from({ length: 20 }, (_, i) => [
      `client 10.0.0.1:${40000 + i}`,
      'server 10.0.0.2:80',
      `${i} c > s S 0:0(0)`,
      '+0.001 s > c S. 0:0(0) ack 1',
      '+0.001 c > s R. 1:1(0) ack 1',
    ]).flat();
    expect(await scripted(checks, 'reset-pattern')).toEqual([]);
    const many = Array.from({ length: 60 }, (_, i) => exchange(`10.0.0.1:${41000 + i}`, '10.0.0.2:80', 30 + i)).flat();
    expect(await scripted([...checks, ...many], 'reset-pattern')).toEqual([]);
  });
});

interface Middlebox {
  service: string;
  killed: number;
  middlebox_rst_ttl: number;
  resets_seen_at: number[];
}

/** One end closes, then data of the other reaches its closed socket. */
function afterClose(closer: 'c' | 's', other: 'c' | 's', bytes: number): string[] {
  return [
    ...opened('10.0.0.1:40000', '10.0.0.2:80', 0),
    `+0.1 ${closer} > ${other} F. 10:10(0) ack 10`,
    `+0.001 ${other} > ${closer} . 10:10(0) ack 11`,
    `+0.1 ${other} > ${closer} P. 10:${10 + bytes}(${bytes}) ack 11`,
    `+0.001 ${closer} > ${other} R 11:11(0) win 0`,
  ];
}
