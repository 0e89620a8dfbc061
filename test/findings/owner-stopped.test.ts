/** owner-stopped: a program that does nothing while its kernel goes on. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { at, each, exchange, factsOf, scripted } from './scripted.ts';

const RULE = 'owner-stopped';
const story = (name: string): string => join(import.meta.dirname, '../../fixtures/stories', name);
const SERVER = '10.0.0.2:80';
const client = (port: number): string => `10.0.0.1:${port}`;

/** A connection that asks at `time` and has no answer but an ACK. */
const asked = (port: number, time: number): string[] => [
  `client ${client(port)}`,
  `server ${SERVER}`,
  `${time} c > s S 0:0(0)`,
  '+0.001 s > c S. 0:0(0) ack 1',
  '+0.001 c > s . 1:1(0) ack 1',
  '+0.01 c > s P. 1:10(9) ack 1',
  '+0.001 s > c . 1:1(0) ack 10',
];
const answered = (time: number): string[] => [`${time} s > c P. 1:10(9) ack 10`, '+0.001 c > s . 10:10(0) ack 10'];
const givenUp = (time: number): string[] => [`${time} c > s F. 10:10(0) ack 1`, '+0.001 s > c . 1:1(0) ack 11'];
/** Something long after, at another service. */
const later = (time: number): string[] => exchange('10.0.0.1:59999', '10.0.0.7:22', time);

const STOPPED = [
  ...exchange(client(40_000), SERVER, 0),
  ...[2, 3, 4].flatMap((t) => [...asked(41_000 + t, t), ...givenUp(t + 0.5)]),
];

interface Stopped {
  service: string;
  stopped_at: number;
  stop_ended_at: number;
}

describe('owner-stopped', () => {
  for (const name of ['server_stopped', 'ctrl_z']) {
    it(`tells ${name}, from its first question without an answer to its end`, async () => {
      const facts = factsOf<Stopped>(story(name));
      await each(story(name), RULE, (findings) => {
        expect(findings).toMatchObject([{ severity: 'critical', confidence: 'likely', endpoint: facts.service }]);
        expect(Math.abs(at(findings[0]!.at) - facts.stopped_at)).toBeLessThan(5);
        expect(Math.abs(at(findings[0]!.until) - facts.stop_ended_at)).toBeLessThan(2);
        expect(findings[0]!.because).toContain('the process was ended');
      });
    });
  }

  it('of a server that has done nothing by the end', async () => {
    const [finding] = await scripted([...STOPPED, ...later(30)], RULE);
    expect(finding).toMatchObject({ severity: 'critical', endpoint: SERVER, flowCount: 3, until: null });
    expect(finding!.because).toContain('3 clients gave up');
  });

  it('keeps to its threshold', async () => {
    const waits = (limit: number) => scripted([...STOPPED, ...later(30)], RULE, { thresholds: { [RULE]: limit } });
    expect([(await waits(25)).length, (await waits(26)).length]).toEqual([1, 0]);
  });

  it('is a warning, and possible, where clients still wait: long polling looks alike', async () => {
    const lines = [
      ...exchange(client(40_000), SERVER, 0),
      ...[2, 3, 4].flatMap((t) => asked(41_000 + t, t)),
      ...later(30),
    ];
    expect(await scripted(lines, RULE)).toMatchObject([{ severity: 'warning', confidence: 'possible' }]);
  });

  it.each([
    [
      'two that wait',
      [...exchange(client(40_000), SERVER, 0), ...[2, 3].flatMap((t) => asked(41_000 + t, t)), ...later(30)],
    ],
    [
      'long polling while others are served',
      [
        ...[2, 3, 4].flatMap((t) => asked(41_000 + t, t)),
        ...exchange(client(40_000), SERVER, 10),
        ...exchange(client(40_001), SERVER, 20),
        ...later(30),
      ],
    ],
    ['slow answers', [2, 3, 4].flatMap((t) => [...asked(41_000 + t, t), ...answered(t + 8)]).concat(later(30))],
    [
      'a protocol in which the server never says anything',
      [...[2, 3, 4].flatMap((t) => asked(41_000 + t, t)), ...later(30)],
    ],
    ['a server that never answered while it was captured', [...later(0), ...asked(41_000, 1)]],
  ])('is silent: %s', async (_, lines) => {
    expect(await scripted(lines, RULE)).toEqual([]);
  });

  for (const name of ['healthy', 'close_wait_leak', 'middlebox_idle', 'restart_outage', 'fin_wait_2_owned']) {
    it(`is silent on ${name}`, () => each(story(name), RULE, (findings) => expect(findings).toEqual([])));
  }
});
