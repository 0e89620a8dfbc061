/** bind-blocked, restart-outage and server-closes-first: a restart, and what holds the port meanwhile. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OsChoice } from '../../src/systems.ts';
import { servedFirst } from '../ports/scripted.ts';
import { itShared } from '../support/shared.ts';
import { at, each, exchange, factsOf, opened, refusal, scripted } from './scripted.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const story = (name: string): string => join(FIXTURES, 'stories', name);
const SERVER = '10.0.0.2:80';
const client = (port: number): string => `10.0.0.1:${port}`;
const refused = (...times: number[]): string[] => times.flatMap((t) => refusal(client(41_000 + t), SERVER, t));
const served = (...times: number[]): string[] =>
  times.flatMap((t) => servedFirst(client(40_000 + Math.floor(t)), SERVER, t));

/** In TIME_WAIT until 63 s; refused from 5 s; the service answers again at that time. */
const restart = (back: number): string[] => [
  ...served(0, 2),
  ...refused(5, Math.min(15, back - 2), back - 1),
  ...served(back),
];

interface Blocked {
  service: string;
  blocked_until: number;
  outage_from: number;
  outage_until: number;
  old_time_waits: number;
  refused_connects: number;
}

describe('a restart that TIME_WAIT kept waiting', () => {
  for (const name of ['restart_outage', 'restart_reuseaddr_new_only', 'ctrl_c', 'simultaneous_pool']) {
    it(`${name}: how many sockets held the port, and until when`, async () => {
      const facts = factsOf<Blocked>(story(name));
      await each(story(name), 'bind-blocked', (findings) => {
        expect(findings).toMatchObject([
          { severity: 'critical', confidence: 'likely', endpoint: facts.service, flowCount: facts.old_time_waits },
        ]);
        const [finding] = findings;
        expect(Math.abs(at(finding!.at) - facts.outage_from)).toBeLessThan(0.1);
        expect(Math.abs(at(finding!.until) - facts.blocked_until)).toBeLessThan(2.2);
        expect(finding!.because).toContain('unless both the old sockets and the new one have SO_REUSEADDR');
        expect(finding!.because).toContain('EADDRINUSE would explain the outage');
      });
      await each(story(name), 'restart-outage', (findings) => {
        expect(findings).toMatchObject([
          { severity: 'critical', confidence: 'certain', endpoint: facts.service, flowCount: facts.refused_connects },
        ]);
        expect(Math.abs(at(findings[0]!.until) - facts.outage_until)).toBeLessThan(0.1);
      });
    });
  }

  it('is told by its threshold, seconds', async () => {
    const lasting = (limit: number) =>
      scripted(restart(64), 'restart-outage', { thresholds: { 'restart-outage': limit } });
    expect(await lasting(59)).toHaveLength(1);
    expect(await lasting(59.1)).toEqual([]);
  });
});

describe('what the sockets of before have to do with an outage', () => {
  it.each([
    [64, 'critical', 'would explain the outage'],
    [66, 'critical', 'would explain the outage'],
    [120, 'critical', 'they explain a part of the outage at most'],
    [30, 'critical', 'they did not block it'],
    [8, 'info', 'they did not block it'],
  ] as const)('back after %i s: %s, %s', async (back, severity, words) => {
    const [outage] = await scripted(restart(back), 'restart-outage');
    expect(outage).toMatchObject({ severity, confidence: 'certain', endpoint: SERVER, flowCount: 3 });
    expect(outage!.because).toContain(words);
    const blocked = await scripted(restart(back), 'bind-blocked');
    if (back < 60) expect(blocked).toEqual([]);
    else expect(blocked).toMatchObject([{ severity: back > 80 ? 'warning' : 'critical', flowCount: 2 }]);
  });

  it('nothing, where there were none', async () => {
    const lines = [
      ...exchange(client(40_000), SERVER, 0),
      ...refused(5, 6, 30),
      ...exchange(client(40_001), SERVER, 31),
    ];
    expect((await scripted(lines, 'restart-outage'))[0]!.because).toContain('nothing kept it from being bound');
    expect(await scripted(lines, 'bind-blocked')).toEqual([]);
  });

  it('is not known of a service that has not come back', async () => {
    const lines = [...served(0), ...refused(5, 6, 7)];
    expect(await scripted(lines, 'restart-outage')).toMatchObject([{ severity: 'critical', until: null }]);
    const [blocked] = await scripted(lines, 'bind-blocked');
    expect(blocked).toMatchObject({ confidence: 'possible' });
    expect(blocked!.because).toContain('It had not come back when the capture ended');
  });

  it.each<[OsChoice, RegExp | null]>([
    ['freebsd', /On FreeBSD bind\(\) then fails with EADDRINUSE unless the new socket has SO_REUSEADDR/],
    ['macos', /On macOS bind\(\) .* unless the new socket has/],
    ['solaris', /On Solaris bind\(\) .* unless the new socket has/],
    ['windows', null],
    ['rfc9293', null],
  ])('by the rules of %s', async (os, words) => {
    const blocked = await scripted([...served(0), ...refused(5, 6, 20)], 'bind-blocked', { os });
    if (words === null) expect(blocked).toEqual([]);
    else expect(blocked[0]!.because).toMatch(words);
  });
});

describe('no outage', () => {
  it.each([
    ['a refused SYN among accepted ones', [...served(0, 2), ...refused(3), ...served(3.5, 6)]],
    [
      'a capture that begins in it: nobody knows whether it ever answered',
      [...refused(1, 5, 9), ...exchange(client(40_000), SERVER, 20)],
    ],
    [
      'a firewall that refuses one client',
      [0, 10, 20].flatMap((t) => [
        ...refusal(`10.0.0.9:${50_000 + t}`, SERVER, t),
        ...exchange(client(40_000 + t), SERVER, t + 5),
      ]),
    ],
    [
      'a backlog that resets here and there',
      Array.from({ length: 10 }, (_, t) => [
        ...exchange(client(40_000 + t), SERVER, t),
        ...refusal(client(41_000 + t), SERVER, t + 0.3),
        ...refusal(client(42_000 + t), SERVER, t + 0.5),
      ]).flat(),
    ],
    ['a port on which nobody ever listened', refused(0, 10, 20)],
  ])('%s', async (_, lines) => {
    expect(await scripted(lines, 'restart-outage')).toEqual([]);
    expect((await scripted(lines, 'bind-blocked')).filter(({ severity }) => severity !== 'info')).toEqual([]);
  });

  for (const name of ['healthy', 'client_closes_first_restart', 'ephemeral_exhaustion', 'close_wait_leak']) {
    it(name, async () => {
      for (const rule of ['bind-blocked', 'restart-outage', 'server-closes-first', 'owner-stopped']) {
        await each(story(name), rule, (findings) => expect(findings).toEqual([]));
      }
    });
  }
});

it('of one refused SYN alone an outage is possible', async () => {
  const [outage] = await scripted([...served(0, 2), ...refused(3), ...served(4, 6)], 'restart-outage');
  expect(outage).toMatchObject({ severity: 'info', confidence: 'possible', flowCount: 1, flows: [3] });
});

describe('a restart that nobody has tried', () => {
  it('would meet the sockets at the end of the capture: worth knowing', async () => {
    const lines = served(0, 2);
    expect(await scripted(lines, 'bind-blocked', { thresholds: { 'bind-blocked': 2 } })).toMatchObject([
      { severity: 'info', endpoint: SERVER, flowCount: 2 },
    ]);
    expect(await scripted(lines, 'bind-blocked', { thresholds: { 'bind-blocked': 3 } })).toEqual([]);
    expect(await scripted(lines, 'bind-blocked', { os: 'windows', thresholds: { 'bind-blocked': 2 } })).toEqual([]);
    // Open connections alone are no trouble of a restart that is done in order.
    const open = opened(client(40_000), SERVER, 0);
    expect(await scripted(open, 'bind-blocked', { thresholds: { 'bind-blocked': 1 } })).toEqual([]);
  });
});

describe('server-closes-first', () => {
  const RULE = 'server-closes-first';
  const mixed = (byServer: number, byClient: number): string[] => [
    ...Array.from({ length: byServer }, (_, i) => servedFirst(client(40_000 + i), SERVER, i)).flat(),
    ...Array.from({ length: byClient }, (_, i) => exchange(client(45_000 + i), SERVER, 20 + i)).flat(),
  ];

  it('counts who closed first, exactly', async () => {
    const [finding] = await scripted(mixed(6, 3), RULE);
    expect(finding).toMatchObject({ severity: 'info', endpoint: SERVER, flowCount: 6 });
    expect(finding!.title).toContain('6 of 9 connections (67 %)');
  });

  it.each([
    ['half of them', 5, 5],
    ['too few to say', 4, 0],
    ['the clients', 0, 6],
  ])('is silent: %s', async (_, byServer, byClient) => {
    expect(await scripted(mixed(byServer, byClient), RULE)).toEqual([]);
  });

  it('keeps to its threshold', async () => {
    const share = (limit: number) => scripted(mixed(6, 3), RULE, { thresholds: { [RULE]: limit } });
    expect([(await share(0.6)).length, (await share(0.7)).length]).toEqual([1, 0]);
  });

  it('is a warning where its sockets kept a restart waiting', async () => {
    await each(story('restart_outage'), RULE, (findings) => {
      expect(findings).toMatchObject([{ severity: 'warning', flowCount: 52 }]);
    });
    await each(story('restart_outage_reuse'), RULE, (findings) => {
      expect(findings).toMatchObject([{ severity: 'info', flowCount: 55 }]);
    });
  });
});

describe('time-wait-pileup', () => {
  const RULE = 'time-wait-pileup';

  itShared(
    'is measured within one percent, and names the neighbour no culprit',
    ['stories', 'time_wait_pileup'],
    async (folder) => {
      const facts = factsOf<{ service: string; time_wait_peak_server: number }>(folder);
      await each(folder, RULE, (findings) => {
        expect(findings).toMatchObject([{ severity: 'warning', endpoint: facts.service, flowCount: 3000 }]);
        const peak = Number(/At most ([\d,]+) /.exec(findings[0]!.title)![1]!.replaceAll(',', ''));
        expect(Math.abs(peak - facts.time_wait_peak_server)).toBeLessThan(0.01 * facts.time_wait_peak_server);
      });
    },
  );

  it('keeps to its threshold, at a server and at a client', async () => {
    const lines = Array.from({ length: 4 }, (_, i) => servedFirst(client(40_000 + i), SERVER, 2 * i)).flat();
    const many = (limit: number) => scripted(lines, RULE, { thresholds: { [RULE]: limit } });
    expect(await many(4)).toMatchObject([{ severity: 'warning', endpoint: SERVER, flowCount: 4 }]);
    expect(await many(5)).toEqual([]);
    const own = Array.from({ length: 4 }, (_, i) => exchange(client(40_000 + i), SERVER, 2 * i)).flat();
    expect(await scripted(own, RULE, { thresholds: { [RULE]: 4 } })).toMatchObject([
      { severity: 'info', endpoint: '10.0.0.1', flowCount: 4 },
    ]);
  });

  it('counts those that are there at once', async () => {
    const lines = [0, 100, 200].flatMap((t) => servedFirst(client(40_000 + Math.floor(t)), SERVER, t));
    expect(await scripted(lines, RULE, { thresholds: { [RULE]: 2 } })).toEqual([]);
  });
});
