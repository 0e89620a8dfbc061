import { describe, expect, it } from 'vitest';
import { CLOSED_BY_CLIENT, captures, comparer } from './path.ts';

const compared = comparer();
const STAMPED = CLOSED_BY_CLIENT.replace('S   0:0(0)', 'S   0:0(0) <ts 777 0>').replace(
  'S.  0:0(0) ack 1',
  'S.  0:0(0) ack 1 <ts 888 777>',
);
const NAT = { atServer: 'client 192.0.2.9:61000\nserver 172.16.0.5:8443' };

describe('a connection is joined', () => {
  it('by its 4-tuple and initial sequence numbers', async () => {
    const { report, comparison } = await compared(...captures(CLOSED_BY_CLIENT));
    expect(comparison).toMatchObject({ joined: 1, onlyClient: 0, onlyServer: 0 });
    expect(report.flows[0]).toMatchObject({ id: 1, kind: 'graceful', initiator: 'client', closeShape: 'four-segment' });
  });

  it('through an address translation at either side, each end by its own name', async () => {
    const { report, comparison } = await compared(...captures(CLOSED_BY_CLIENT, NAT));
    expect(comparison.joined).toBe(1);
    const [flow] = report.flows;
    expect(flow?.client).toEqual({ address: '10.0.0.1', port: 40000 });
    expect(flow?.server).toEqual({ address: '172.16.0.5', port: 8443 });
    expect(flow?.wiresharkFilter).toMatch(/10\.0\.0\.1.*\|\|.*192\.0\.2\.9/);
    expect(flow?.comparison?.lost).toEqual({ toServer: 0, toClient: 0 });
  });

  it('through a translation when only its SYN was seen, by number and timestamp', async () => {
    const [client, server] = captures('0 c > s S 0:0(0) <ts 777 0>\n1 c > s S 0:0(0) <ts 1777 0>', NAT);
    expect((await compared(client, server)).comparison.joined).toBe(1);
  });

  it('behind a firewall that changes initial sequence numbers, by timestamps', async () => {
    const numbers = { atServer: 'isn c 4294967000\nisn s 77' };
    const { report, comparison } = await compared(...captures(STAMPED, numbers));
    expect(comparison.joined).toBe(1);
    expect(report.flows[0]?.comparison?.lost).toEqual({ toServer: 0, toClient: 0 });
    expect(report.flows[0]?.comparison?.plusMinus).toBeGreaterThan(0.009);
  });

  it('behind one that changes the number of one end', async () => {
    const { comparison } = await compared(...captures(CLOSED_BY_CLIENT, { atServer: 'isn c 99' }));
    expect(comparison).toMatchObject({ joined: 1, lost: { toServer: 0, toClient: 0 } });
  });

  it.each([
    ['in both captures', CLOSED_BY_CLIENT.split('\n').slice(4).join('\n'), {}],
    ['in both, behind a translation', CLOSED_BY_CLIENT.split('\n').slice(4).join('\n'), NAT],
    [
      'in one of them',
      CLOSED_BY_CLIENT.replace(/(S .*)$/m, '$1 !server')
        .replace(/(S\. .*)$/m, '$1 !server')
        .replace(/(0.02.*)$/m, '$1 !server'),
      {},
    ],
  ])('midstream %s', async (_, script, way) => {
    const { comparison } = await compared(...captures(script, way));
    expect(comparison).toMatchObject({ joined: 1, onlyClient: 0, onlyServer: 0, lost: { toServer: 0, toClient: 0 } });
  });

  it('when both ends opened it: the client is who the client capture says', async () => {
    const { report, comparison } = await compared(
      ...captures(`
        0.0  c > s S  0:0(0)
        0.001 s > c S  0:0(0)
        0.011 c > s S. 0:0(0) ack 1
        0.012 s > c S. 0:0(0) ack 1
        1.0  s > c F. 1:1(0) ack 1
        1.02 c > s F. 1:1(0) ack 2
        1.04 s > c .  2:2(0) ack 2`),
    );
    expect(comparison.joined).toBe(1);
    expect(report.flows[0]).toMatchObject({ initiator: 'server', client: { port: 40000 }, server: { port: 9091 } });
  });
});

describe('two connections are told apart', () => {
  const again = CLOSED_BY_CLIENT.replace(/^ *(\d+\.\d+)/gm, (_, time: string) => `${(Number(time) + 70).toFixed(2)}`);
  const twice = `${CLOSED_BY_CLIENT}\nisn c 200000000\nisn s 300000000\n${again}`;

  it('on one 4-tuple', async () => {
    const { report, comparison } = await compared(...captures(twice));
    expect(comparison).toMatchObject({ joined: 2, onlyClient: 0, onlyServer: 0 });
    expect(report.flows.map(({ reuse }) => reuse?.previous ?? null)).toEqual([null, 1]);
  });

  it('on one 4-tuple, of which the server capture has the second only', async () => {
    const [client] = captures(twice);
    const [, server] = captures(`isn c 200000000\nisn s 300000000\n${again}`);
    const { report, comparison } = await compared(client, server);
    expect(comparison).toMatchObject({ joined: 1, onlyClient: 1, onlyServer: 0 });
    expect(report.flows[0]?.notes).toContain('only-in-client-capture');
    expect(report.flows[0]?.comparison?.lost).toEqual({ toServer: null, toClient: null });
    expect(report.flows[1]?.reuse?.previous).toBe(1);
  });

  it('with other numbers and no timestamps', async () => {
    const [client] = captures(CLOSED_BY_CLIENT);
    const [, server] = captures(CLOSED_BY_CLIENT, { atServer: 'isn c 5\nisn s 6' });
    expect((await compared(client, server)).comparison).toMatchObject({ joined: 0, onlyClient: 1, onlyServer: 1 });
  });

  it('with other numbers and other timestamps', async () => {
    const [client] = captures(STAMPED);
    const [, server] = captures(STAMPED.replaceAll('777', '778'), { atServer: 'isn c 5\nisn s 6' });
    expect((await compared(client, server)).comparison.joined).toBe(0);
  });

  it('that share a SYN number but no port or timestamp', async () => {
    const [client] = captures('0 c > s S 0:0(0)');
    const [, server] = captures('0 c > s S 0:0(0)', NAT);
    expect((await compared(client, server)).comparison.joined).toBe(0);
  });

  it('midstream on one 4-tuple, whose numbers do not meet', async () => {
    const tail = CLOSED_BY_CLIENT.split('\n').slice(4).join('\n');
    const [client] = captures(tail);
    const [, server] = captures(tail, { atServer: 'isn c 900000000\nisn s 800000000' });
    expect((await compared(client, server)).comparison.joined).toBe(0);
  });
});

it('a path longer back than there shifts the clocks within the bound, and no duration', async () => {
  const even = await compared(...captures(CLOSED_BY_CLIENT, { toServer: 0.005, toClient: 0.005 }));
  const uneven = await compared(...captures(CLOSED_BY_CLIENT, { toServer: 0.005, toClient: 0.035, offset: 5 }));
  const { offsetSeconds, plusMinus } = uneven.comparison;
  expect(Math.abs(offsetSeconds! - 5)).toBeLessThan(plusMinus!);
  expect(plusMinus).toBeLessThan(0.0202);
  const stay = ({ report }: typeof even, state: string) =>
    report.flows[0]!.endpoints.server.states.find((span) => span.state === state)!.seconds;
  expect(stay(uneven, 'CLOSE_WAIT')).toBe(stay(even, 'CLOSE_WAIT'));
  expect(uneven.report.flows[0]?.firstPacket).toBe(even.report.flows[0]?.firstPacket);
});

it('an empty capture leaves the flows of the other as they are', async () => {
  const [client] = captures(CLOSED_BY_CLIENT);
  const { report, comparison } = await compared(client, client.slice(0, 24));
  expect(comparison).toMatchObject({ joined: 0, onlyClient: 1, offsetSeconds: null, plusMinus: null });
  expect(report.flows[0]).toMatchObject({
    kind: 'graceful',
    comparison: {
      offsetSeconds: null,
      driftPpm: null,
      plusMinus: null,
      lost: { toServer: null, toClient: null },
      resetOrigin: null,
    },
  });
});
