/** time-wait-reuse, time-wait-killed and lost-final-ack: what met a TIME_WAIT. */

import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { capturesIn, readTruth } from '../cases/truth.ts';
import { itShared } from '../support/shared.ts';
import { findingsIn, findingsOfScript, secondsOfTime } from './captures.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const NAT = join(FIXTURES, 'stories/nat_port_reuse');
const capture = (name: string, at = 'client'): string => join(FIXTURES, 'cases', name, `${at}.pcap`);
const RULES = ['time-wait-reuse', 'time-wait-killed', 'lost-final-ack'] as const;

/** A connection that the server closes first: it is in TIME_WAIT from second 1 on. */
const SERVER_CLOSED = `
0     c > s  S   0:0(0)
0     s > c  S.  0:0(0) ack 1
0     c > s  .   1:1(0) ack 1
1     s > c  F.  1:1(0) ack 1
1     c > s  F.  1:1(0) ack 2
1     s > c  .   2:2(0) ack 2
`;

interface Half {
  taken_at_once: number;
  challenged: number;
  slow_at: number[];
}

describe('nat_port_reuse', () => {
  const { facts } = readTruth<{ service: string; timestamps_on: Half; timestamps_off: Half }>(NAT);
  const { timestamps_on: on, timestamps_off: off, service } = facts;

  it.each(capturesIn(NAT))('tells challenged SYNs from those that were accepted: %s', async (name) => {
    const findings = await findingsIn(join(NAT, name), 'time-wait-reuse');
    expect(findings).toMatchObject([
      { severity: 'warning', confidence: 'certain', endpoint: service, flowCount: on.challenged + off.challenged },
      { severity: 'info', endpoint: service, flowCount: on.taken_at_once + off.taken_at_once },
    ]);
    const [challenged, accepted] = findings;
    expect(Math.abs(secondsOfTime(challenged!.at) - off.slow_at[0]!)).toBeLessThan(2);
    expect(Math.abs(secondsOfTime(challenged!.until) - off.slow_at.at(-1)!)).toBeLessThan(2);
    expect(challenged!.because).toMatch(/The connect took 1\d ms to 2\d ms in place of \d+ µs/);
    expect(accepted!.title).toContain('nothing was lost');
    // The RSTs that answer a challenge are no assassins.
    expect(await findingsIn(join(NAT, name), 'time-wait-killed')).toEqual([]);
  });

  it('keeps to its threshold for those that were accepted', async () => {
    const file = join(NAT, 'server.pcap');
    const severities = async (limit: number) =>
      (await findingsIn(file, 'time-wait-reuse', { thresholds: { 'time-wait-reuse': limit } })).map((f) => f.severity);
    expect(await severities(45)).toEqual(['warning', 'info']);
    expect(await severities(46)).toEqual(['warning']);
  });
});

describe('a SYN into TIME_WAIT', () => {
  test('that is accepted once is ordinary', async () => {
    const text = `${SERVER_CLOSED}
3     c > s  S   9000:9000(0)
3     s > c  S.  900000:900000(0) ack 9001
3     c > s  .   9001:9001(0) ack 900001`;
    expect(await findingsOfScript(text, 'time-wait-reuse')).toEqual([]);
    const all = { thresholds: { 'time-wait-reuse': 1 } };
    expect(await findingsOfScript(text, 'time-wait-reuse', all)).toMatchObject([{ severity: 'info', flowCount: 1 }]);
  });

  test('that is not answered costs the connection', async () => {
    const text = `${SERVER_CLOSED}
3     c > s  S   9000:9000(0)
4     c > s  S   9000:9000(0)
6     c > s  S   9000:9000(0)`;
    const [dropped] = await findingsOfScript(text, 'time-wait-reuse');
    expect(dropped).toMatchObject({ severity: 'warning', confidence: 'possible', flowCount: 1 });
    expect(dropped!.because).toContain('None of them was accepted');
  });

  test('that is accepted when it comes again tells the delay', async () => {
    const text = `${SERVER_CLOSED}
3     c > s  S   9000:9000(0)
4     c > s  S   9000:9000(0)
4     s > c  S.  900000:900000(0) ack 9001
4     c > s  .   9001:9001(0) ack 900001`;
    const [dropped] = await findingsOfScript(text, 'time-wait-reuse');
    expect(dropped!.because).toContain('The connect took 1 s');
  });

  test('that is refused is no matter of TIME_WAIT', async () => {
    const text = `${SERVER_CLOSED}
3     c > s  S   9000:9000(0)
3     s > c  R.  0:0(0) ack 9001`;
    expect(await findingsOfScript(text, 'time-wait-reuse')).toEqual([]);
  });

  test("of the client's own TIME_WAIT meets none", async () => {
    const text = `
0     c > s  S   0:0(0)
0     s > c  S.  0:0(0) ack 1
0     c > s  .   1:1(0) ack 1
1     c > s  F.  1:1(0) ack 1
1     s > c  F.  1:1(0) ack 2
1     c > s  .   2:2(0) ack 2
3     c > s  S   9000:9000(0)
3     s > c  S.  900000:900000(0) ack 9001`;
    const all = { thresholds: { 'time-wait-reuse': 1 } };
    expect(await findingsOfScript(text, 'time-wait-reuse', all)).toEqual([]);
  });
});

describe('an ACK of a server in TIME_WAIT', () => {
  it('that answers another segment of the client than its SYN is no challenge', async () => {
    const text = `${SERVER_CLOSED}
2    c > s  S   90000:90000(0)
2.1  c > s  .   90001:90001(0) ack 2
2.1  s > c  .   2:2(0) ack 2`;
    expect(await findingsOfScript(text, 'time-wait-reuse')).toEqual([]);
  });

  itShared('nor is one of the FreeBSD tests', ['corpus'], async (corpus) => {
    const file = 'fbsd__rcv-syn-time-wait-using-shutdown-outside-left-secure-ipv4.pcap';
    expect(await findingsIn(join(corpus, file), 'time-wait-reuse')).toEqual([]);
  });
});

describe('time-wait-killed', () => {
  it.each(['client', 'server'])('tells an assassination from what only its sender saw: %s', async (at) => {
    const findings = await findingsIn(capture('tw_assassination', at), 'time-wait-killed');
    // The server's capture was made before the RST.
    if (at === 'server') expect(findings).toEqual([]);
    else {
      expect(findings).toMatchObject([{ severity: 'info', endpoint: '10.213.44.1', flowCount: 1 }]);
      expect(findings[0]!.frames.length).toBe(2);
    }
  });

  test('an RST right behind the FIN is ordinary', async () => {
    const text = `${SERVER_CLOSED}
1.001 c > s  R   2:2(0)`;
    expect(await findingsOfScript(text, 'time-wait-killed')).toEqual([]);
    const later = text.replace('1.001', '1.4');
    expect(await findingsOfScript(later, 'time-wait-killed')).toMatchObject([
      { flowCount: 1, endpoint: '10.0.0.2:9091' },
    ]);
  });

  test('an RST of another number ends nothing', async () => {
    const text = `${SERVER_CLOSED}
5     c > s  R   1000:1000(0)`;
    expect(await findingsOfScript(text, 'time-wait-killed')).toEqual([]);
  });

  test('has a threshold', async () => {
    const options = { thresholds: { 'time-wait-killed': 2 } };
    expect(await findingsIn(capture('tw_assassination'), 'time-wait-killed', options)).toEqual([]);
  });
});

describe('lost-final-ack', () => {
  it.each([
    ['client', 'likely'],
    ['server', 'possible'],
  ])('is found at both ends: %s', async (at, confidence) => {
    const [lost] = await findingsIn(capture('lost_final_ack', at), 'lost-final-ack');
    expect(lost).toMatchObject({ severity: 'info', confidence, endpoint: '10.213.14.2:5188', flowCount: 1 });
    expect(lost!.because).toContain('1 TIME_WAIT was restarted');
  });

  it('says of a FIN that comes again late that it may be a copy', async () => {
    const [late] = await findingsIn(capture('tw_fin_restart'), 'lost-final-ack');
    expect(late!.because).toContain('for up to 10 s');
    expect(late!.because).toContain('held up on the path');
  });

  // Nobody answered that FIN: which of both was lost is not known.
  it.each(['cut_last_ack', 'lost_first_fin'])('is not %s', async (name) => {
    expect(await findingsIn(capture(name), 'lost-final-ack')).toEqual([]);
  });

  test('is not a FIN that is repeated at once to acknowledge the other', async () => {
    const text = `${SERVER_CLOSED.replace(/(.* ack 2\n){2}$/, '')}
1        c > s  F.  1:1(0) ack 1
1        s > c  .   2:2(0) ack 2
1.003    c > s  F.  1:1(0) ack 2
1.003    s > c  .   2:2(0) ack 2`;
    expect(await findingsOfScript(text, 'lost-final-ack')).toEqual([]);
    const later = text.replaceAll('1.003', '1.303');
    expect(await findingsOfScript(later, 'lost-final-ack')).toMatchObject([{ flowCount: 1 }]);
  });

  itShared('is not a FIN that is repeated while the other one crosses it', ['corpus'], async (corpus) => {
    expect(await findingsIn(join(corpus, 'tcpreplay__test_fragroute.pcap'), 'lost-final-ack')).toEqual([]);
  });

  itShared('is not a FIN in place of a SYN', ['corpus'], async (corpus) => {
    expect(await findingsIn(join(corpus, 'zeek__tcp.fin_retransmission.pcap'), 'lost-final-ack')).toEqual([]);
  });

  it('is not a FIN with another number', async () => {
    const text = `${SERVER_CLOSED}
1.3   c > s  F.  9:9(0) ack 2`;
    const again = text.replace('9:9', '1:1');
    expect(await findingsOfScript(again, 'lost-final-ack')).toMatchObject([{ flowCount: 1 }]);
    expect(await findingsOfScript(text, 'lost-final-ack')).toEqual([]);
  });
});

describe('finds nothing', () => {
  it.each(['client_first', 'server_first', 'simultaneous', 'three_way', 'refused'])('in %s', async (name) => {
    for (const rule of RULES) expect(await findingsIn(capture(name), rule)).toEqual([]);
  });

  itShared('in ordinary traffic', ['stories', 'healthy'], async (folder) => {
    for (const file of capturesIn(folder)) {
      for (const rule of RULES) expect(await findingsIn(join(folder, file), rule)).toEqual([]);
    }
  });
});
