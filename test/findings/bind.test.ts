/** bind-blocked and server-closes-first: TIME_WAIT on a service's own port. */

import { describe, expect, it } from 'vitest';
import { opened, scripted } from './scripted.ts';

const SERVER = '10.0.0.2:80';

/** A connection that the server closes first. @param answer what the client does about it */
function closedByServer(client: string, time: number, answer: readonly string[], server = SERVER): string[] {
  return [
    ...opened(client, server, time),
    '+0.01 s > c F. 10:10(0) ack 10',
    '+0.001 c > s . 10:10(0) ack 11',
    ...answer,
  ];
}

const CLOSES = ['+0.01 c > s F. 10:10(0) ack 11', '+0.001 s > c . 11:11(0) ack 11'];
const RESETS = ['+0.01 c > s R 10:10(0) win 0'];

const five = (answer: (n: number) => readonly string[]) =>
  [0, 1, 2, 3, 4].flatMap((n) => closedByServer(`10.0.0.1:${40000 + n}`, n, answer(n)));

describe('server-closes-first', () => {
  const RULE = 'server-closes-first';

  it('counts the closes, and the TIME_WAITs that they left', async () => {
    const [all] = await scripted(
      five(() => CLOSES),
      RULE,
    );
    expect(all).toMatchObject({ severity: 'info', endpoint: SERVER, flowCount: 5 });
    expect(all!.because).toContain('Each close leaves a socket in TIME_WAIT on its port for 60 s: at most 5 at once');
    const [some] = await scripted(
      five((n) => (n < 2 ? RESETS : CLOSES)),
      RULE,
    );
    expect(some).toMatchObject({ flowCount: 5, flows: [3, 4, 5] });
    expect(some!.because).toContain('3 of these closes left a socket in TIME_WAIT');
  });

  it('names no connection that both ends closed at once', async () => {
    const both = [
      ...opened('10.0.0.1:40009', SERVER, 9),
      '+0.01 c > s F. 10:10(0) ack 10',
      '+0 s > c F. 10:10(0) ack 10',
      '+0.01 c > s . 11:11(0) ack 11',
      '+0 s > c . 11:11(0) ack 11',
    ];
    const [finding] = await scripted([...five(() => CLOSES), ...both], RULE);
    expect(finding).toMatchObject({ flowCount: 5, flows: [1, 2, 3, 4, 5] });
  });

  it('is silent where the clients answer by RST, so that no TIME_WAIT is anywhere', async () => {
    const lines = five(() => RESETS);
    expect(await scripted(lines, RULE)).toEqual([]);
  });
});

describe('bind-blocked', () => {
  const RULE = 'bind-blocked';
  /** By default ten sockets are worth a note. */
  const ANY = { thresholds: { 'bind-blocked': 1 } };

  it('tells what a restart would meet when the capture ends', async () => {
    const [one] = await scripted(closedByServer('10.0.0.1:40000', 0, CLOSES), RULE, ANY);
    expect(one).toMatchObject({ severity: 'info', endpoint: SERVER, flowCount: 1 });
    expect(one!.because).toContain('1 socket in TIME_WAIT was on its side of the port');
    expect(one!.doThis[0]).toContain('in the version that runs now too');
    const [five_] = await scripted(
      five(() => CLOSES),
      RULE,
      ANY,
    );
    expect(five_!.because).toContain('5 sockets in TIME_WAIT were on its side');
  });

  it('is silent where a few connections were closed by their server, as everywhere', async () => {
    expect(
      await scripted(
        five(() => CLOSES),
        RULE,
      ),
    ).toEqual([]);
  });

  it('asks nothing of the old socket where the system does not', async () => {
    const [finding] = await scripted(closedByServer('10.0.0.1:40000', 0, CLOSES), RULE, { ...ANY, os: 'freebsd' });
    expect(finding!.doThis[0]).not.toContain('runs now');
  });

  it("is silent on the ports of FTP's data connections", async () => {
    const data = [
      ...closedByServer('10.0.0.1:40001', 0.2, CLOSES, '10.0.0.2:56666'),
      ...closedByServer('10.0.0.2:20', 0.4, CLOSES, '10.0.0.1:40002'),
    ];
    const endpoints = async (lines: string[]) => (await scripted(lines, RULE, ANY)).map(({ endpoint }) => endpoint);
    expect(await endpoints([...opened('10.0.0.1:40000', '10.0.0.2:21', 0), ...data])).toEqual([]);
    expect(await endpoints([...opened('10.0.0.1:40000', '10.0.0.2:22', 0), ...data])).toEqual([
      '10.0.0.1:40002',
      '10.0.0.2:56666',
    ]);
  });
});
