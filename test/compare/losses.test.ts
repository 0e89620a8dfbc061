import { describe, expect, it } from 'vitest';
import type { Flow } from '../../src/report/types.ts';
import { CLOSED_BY_CLIENT, captures, comparer, type Way } from './path.ts';

const compared = comparer();
const flowOf = async (script: string, way: Way = {}): Promise<Flow> => {
  const { report } = await compared(...captures(script, way));
  expect(report.flows.length).toBe(1);
  return report.flows[0]!;
};
const lostIn = async (script: string, way?: Way) => (await flowOf(script, way)).comparison?.lost;

/** The close of CLOSED_BY_CLIENT with other lines in place of its own. */
const OPENED = CLOSED_BY_CLIENT.split('\n').slice(0, 7).join('\n');
const CLOSED = CLOSED_BY_CLIENT.split('\n').slice(7).join('\n');

describe('a segment is lost', () => {
  it('where it left and never came: a FIN that is sent again', async () => {
    const flow = await flowOf(`${OPENED}
      0.7 c > s F. 101:101(0) ack 301 !lost
      1.0 c > s F. 101:101(0) ack 301
      1.05 s > c . 301:301(0) ack 102
      1.5 s > c F. 301:301(0) ack 102
      1.55 c > s . 102:102(0) ack 302`);
    expect(flow.comparison?.lost).toEqual({ toServer: 1, toClient: 0 });
    // The client closed when it sent the first, the server knew of it by the second.
    const state = (side: 'client' | 'server', name: string) =>
      flow.endpoints[side].states.find((span) => span.state === name);
    expect(state('client', 'FIN_WAIT_1')?.seconds).toBeCloseTo(0.36, 6);
    expect(state('server', 'CLOSE_WAIT')?.seconds).toBeCloseTo(0.49, 6);
  });

  it('on the way to the client', async () => {
    const script = `${OPENED}\n 0.5 s > c P. 301:401(100) ack 101 !lost\n 0.8 s > c P. 301:401(100) ack 101\n 0.82 c > s . 101:101(0) ack 401`;
    expect(await lostIn(script)).toEqual({ toServer: 0, toClient: 1 });
  });

  it('whichever copy it was: IP identifications tell', async () => {
    const script = `${OPENED}\n 0.5 c > s . 101:101(0) ack 301 !lost\n 0.6 c > s . 101:101(0) ack 301\n${CLOSED}`;
    expect(await lostIn(script)).toEqual({ toServer: 1, toClient: 0 });
  });

  it('also where identifications are changed on the way: copies are counted', async () => {
    const script = `${OPENED}\n 0.5 c > s . 101:101(0) ack 301 ipid 0 !lost\n 0.6 c > s . 101:101(0) ack 301 ipid 0\n${CLOSED}`;
    expect(await lostIn(script)).toEqual({ toServer: 1, toClient: 0 });
  });

  it('where the path is cut and one end calls again and again', async () => {
    const script = `${OPENED}
      1.0 s > c F. 301:301(0) ack 101 !lost
      1.2 s > c F. 301:301(0) ack 101 !lost
      1.6 s > c F. 301:301(0) ack 101 !lost`;
    expect(await lostIn(script)).toEqual({ toServer: 0, toClient: 3 });
  });

  it('as a SYN that never came to a server that is in the capture', async () => {
    const script = `client 10.0.0.1:40001\n 0.3 c > s S 0:0(0) !lost\n 0.9 c > s S 0:0(0) !lost\nclient 10.0.0.1:40000${CLOSED_BY_CLIENT}`;
    const { report } = await compared(...captures(script));
    const lost = report.flows.map(({ kind, comparison }) => [kind, comparison?.lost.toServer]);
    expect(lost).toEqual([
      ['graceful', 0],
      ['unanswered', 2],
    ]);
  });
});

describe('a segment is not lost', () => {
  it('where it comes in pieces, or several in one (offloading)', async () => {
    const script = `${OPENED}
      0.5 c > s P. 101:3001(2900) ack 301 !client
      0.5 c > s . 101:1561(1460) ack 301 !server
      0.5001 c > s P. 1561:3001(1440) ack 301 !server
      0.6 s > c . 301:1761(1460) ack 3001 !server
      0.6001 s > c P. 1761:2001(240) ack 3001 !server
      0.6001 s > c P. 301:2001(1700) ack 3001 !client
      0.65 c > s . 3001:3001(0) ack 2001`;
    expect(await lostIn(script)).toEqual({ toServer: 0, toClient: 0 });
  });

  it('but where one of the pieces is missing it is', async () => {
    const script = `${OPENED}
      0.5 c > s P. 101:3001(2900) ack 301 !client
      0.5 c > s . 101:1561(1460) ack 301 !server
      0.7 c > s . 1561:3001(1440) ack 301
      0.75 s > c . 301:301(0) ack 3001`;
    expect(await lostIn(script)).toEqual({ toServer: 1, toClient: 0 });
  });

  it('where the other end acknowledges it: that capture has missed it', async () => {
    const script = `${OPENED}
      0.5 c > s P. 101:201(100) ack 301 !client
      0.55 s > c . 301:301(0) ack 201
      0.8 c > s P. 201:301(100) ack 301
      0.85 s > c . 301:301(0) ack 301`;
    expect(await lostIn(script)).toEqual({ toServer: 0, toClient: 0 });
  });

  it('where the other capture had ended or not begun', async () => {
    const late = `${OPENED}\n${CLOSED.replaceAll(/$/gm, ' !client').replace(/^ !client/gm, '')}`;
    expect(await lostIn(late)).toEqual({ toServer: 0, toClient: 0 });
    const early = `${OPENED.replace(/(ack \d+|S +0:0\(0\))$/gm, '$1 !server')}\n${CLOSED}`;
    expect(await lostIn(early)).toEqual({ toServer: 0, toClient: 0 });
  });

  it('that arrives twice', async () => {
    const script = `${OPENED}\n 0.5 s > c P. 301:401(100) ack 101\n 0.55 s > c P. 301:401(100) ack 101 !made\n${CLOSED.replaceAll('301', '401')}`;
    expect(await lostIn(script)).toEqual({ toServer: 0, toClient: 0 });
  });

  it('for all that can be told where a capture has one direction only', async () => {
    const oneWay = CLOSED_BY_CLIENT.replace(/(c > s.*)$/gm, '$1 !client');
    expect(await lostIn(oneWay)).toEqual({ toServer: null, toClient: 0 });
  });

  it('as a pure ACK where the other capture has none', async () => {
    const acks = Array.from({ length: 9 }, (_, i) => `0.${50 + i} c > s . 101:101(0) ack 301 win ${400 + i} !client`);
    const filtered = OPENED.replace(/(c > s \. .*)$/gm, '$1 !client');
    expect(
      await lostIn(`${filtered}\n${acks.join('\n')}\n${CLOSED.replace(/(c > s \. .*)$/gm, '$1 !client')}`),
    ).toEqual({
      toServer: 0,
      toClient: 0,
    });
  });
});

describe('an RST comes from', () => {
  const reset = (line: string) => flowOf(`${OPENED}\n${line}`);

  it('the end whose capture shows it leave', async () => {
    const flow = await reset('0.5 c > s R. 101:101(0) ack 301');
    expect(flow).toMatchObject({
      kind: 'aborted',
      initiator: 'client',
      reset: { by: 'client' },
      comparison: { resetOrigin: 'client' },
    });
    expect(flow.endpoints).toMatchObject({ client: { role: 'aborter' }, server: { role: 'aborted' } });
  });

  it('that end also where it is lost', async () => {
    const flow = await reset(
      '0.5 s > c R. 301:301(0) ack 101 !lost\n0.6 c > s P. 101:201(100) ack 301\n0.62 s > c R 301:301(0)',
    );
    expect(flow.comparison?.resetOrigin).toBe('server');
  });

  it('the path, where it came to one end and the other goes on', async () => {
    const flow = await reset('0.5 s > c R. 301:301(0) ack 101 !made\n0.9 s > c P. 301:401(100) ack 101');
    expect(flow).toMatchObject({
      kind: 'aborted',
      reset: { by: 'unknown', cause: 'middlebox-suspected' },
      comparison: { resetOrigin: 'path' },
    });
    expect(flow.endpoints.client.role).toBe('aborted');
  });

  it('the path, where both ends had one', async () => {
    const flow = await reset('0.5 s > c R. 301:301(0) ack 101 !made\n0.501 c > s R. 101:101(0) ack 301 !made');
    expect(flow).toMatchObject({ initiator: 'unknown', comparison: { resetOrigin: 'path' } });
    expect(flow.endpoints).toMatchObject({ client: { role: 'aborted' }, server: { role: 'aborted' } });
  });

  it('an end even if it ended nothing', async () => {
    const flow = await reset(
      '0.5 c > s R 900:900(0)\n0.52 s > c . 301:301(0) ack 101\n0.6 c > s P. 101:201(100) ack 301\n0.62 s > c . 301:301(0) ack 201',
    );
    expect(flow).toMatchObject({
      kind: 'open',
      reset: { by: null, ignored: 1 },
      comparison: { resetOrigin: 'client' },
    });
  });

  it('nobody that can be named, where the sender capture had ended', async () => {
    const flow = await reset('30 s > c R. 301:301(0) ack 101 !made');
    expect(flow.comparison?.resetOrigin).toBeNull();
  });
});
