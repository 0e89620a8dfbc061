/** close-wait-leak, fin-wait-2-stuck and fin-wait-2-expired: one end has closed, the other has not. */

import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { capturesIn, readTruth } from '../cases/truth.ts';
import { itShared } from '../support/shared.ts';
import { findingsIn, findingsOfScript, secondsOfTime } from './captures.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const story = (name: string): string => join(FIXTURES, 'stories', name);
const capture = (name: string): string => join(FIXTURES, 'cases', name, 'client.pcap');
const RULES = ['close-wait-leak', 'fin-wait-2-stuck', 'fin-wait-2-expired'] as const;

/** A connection that the client closes at second 1. */
const CLOSED = `
0    c > s  S   0:0(0)
0    s > c  S.  0:0(0) ack 1
0    c > s  .   1:1(0) ack 1
0.1  c > s  P.  1:101(100) ack 1
0.1  s > c  .   1:1(0) ack 101
1    c > s  F.  101:101(0) ack 1
1    s > c  .   1:1(0) ack 102
`;

interface Leak {
  leaked: number;
  service: string;
  killed_at: number;
}

/** Stays in CLOSE_WAIT, seconds: from 76.0 to 86.1. */
const LONGEST = 86.1;
const MIDDLE = 81;

describe('close_wait_leak', () => {
  const { facts } = readTruth<Leak>(story('close_wait_leak'));
  const files = capturesIn(story('close_wait_leak')).map((file) => join(story('close_wait_leak'), file));

  it.each(files)('names the server, its sockets, and that its process was killed: %s', async (file) => {
    const findings = await findingsIn(file, 'close-wait-leak');
    expect(findings).toMatchObject([
      { severity: 'critical', confidence: 'certain', endpoint: facts.service, flowCount: facts.leaked },
    ]);
    const [leak] = findings;
    expect(Math.abs(secondsOfTime(leak!.until) - facts.killed_at)).toBeLessThan(2);
    expect(secondsOfTime(leak!.until) - secondsOfTime(leak!.at)).toBeCloseTo(LONGEST, 1);
    expect(leak!.because).toMatch(/All ended at \d\d:\d\d:\d\d within 1 ms: the process ended or was killed/);
    expect(leak!.because).not.toContain('RSTs of the peers');
  });

  it.each(files)('says that the clients waited, and that the RSTs are not their fault: %s', async (file) => {
    const client = facts.service.replace(/\.10:.*/, '.37');
    expect(await findingsIn(file, 'fin-wait-2-stuck')).toMatchObject([
      { severity: 'info', endpoint: client, flowCount: facts.leaked },
    ]);
    const expired = await findingsIn(file, 'fin-wait-2-expired');
    expect(expired).toMatchObject([{ severity: 'warning', endpoint: facts.service, flowCount: facts.leaked }]);
    expect(Math.abs(secondsOfTime(expired[0]!.at) - facts.killed_at)).toBeLessThan(2);
  });

  it('keeps to its threshold', async () => {
    const [some] = await findingsIn(files[0]!, 'close-wait-leak', { thresholds: { 'close-wait-leak': MIDDLE } });
    expect(some!.flowCount).toBeGreaterThan(0);
    expect(some!.flowCount).toBeLessThan(facts.leaked);
    expect(await findingsIn(files[0]!, 'close-wait-leak', { thresholds: { 'close-wait-leak': 120 } })).toEqual([]);
  });
});

describe('fin_wait_2_orphans', () => {
  const { facts } = readTruth<{ held_longer_than_fin_timeout: number; service: string }>(story('fin_wait_2_orphans'));

  it.each(capturesIn(story('fin_wait_2_orphans')))('counts those that had expired: %s', async (name) => {
    const file = join(story('fin_wait_2_orphans'), name);
    const expired = await findingsIn(file, 'fin-wait-2-expired');
    expect(expired).toMatchObject([{ endpoint: facts.service, flowCount: facts.held_longer_than_fin_timeout }]);
    // Two more met data while they were still there.
    expect(expired[0]!.because).toContain('Not counted: 2 flows in which its data came after 20 s');
    const leaks = await findingsIn(file, 'close-wait-leak');
    expect(leaks).toMatchObject([
      { severity: 'warning', endpoint: facts.service, flowCount: facts.held_longer_than_fin_timeout },
    ]);
    expect(leaks[0]!.because).toContain('RSTs of the peers, which had closed, ended 4 of them.');
  });
});

describe('a half-close', () => {
  test('that nobody ends is a leak', async () => {
    const text = `${CLOSED}
61   c > s  .   101:101(0) ack 1
61   s > c  .   1:1(0) ack 102`;
    expect(await findingsOfScript(text, 'close-wait-leak')).toMatchObject([
      { severity: 'warning', confidence: 'likely', flowCount: 1 },
    ]);
    expect(await findingsOfScript(text, 'fin-wait-2-stuck')).toMatchObject([{ severity: 'info', flowCount: 1 }]);
  });

  test('whose FIN nobody acknowledged is none', async () => {
    const [unacknowledged] = CLOSED.split('1    s > c');
    const late = `${unacknowledged}
61   s > c  F.  1:1(0) ack 102
61   c > s  .   102:102(0) ack 2`;
    for (const rule of RULES) {
      expect(await findingsOfScript(`${unacknowledged}\n99   c > s  F.  101:101(0) ack 1`, rule)).toEqual([]);
      expect(await findingsOfScript(late, rule)).toEqual([]);
    }
  });

  test('that an RST of the other end ended was never closed', async () => {
    const text = `${CLOSED}
46   s > c  .   0:0(0) ack 102
46   c > s  R   102:102(0) win 0 ipid 0`;
    const [leak] = await findingsOfScript(text, 'close-wait-leak');
    expect(leak!.title).toMatch(/in CLOSE_WAIT for 45 s$/);
    expect(leak!.because).toContain('An RST of the peer, which had closed, ended it at ');
    const [stuck] = await findingsOfScript(text, 'fin-wait-2-stuck');
    expect(stuck!.title).toContain('waited in FIN_WAIT_2 for up to 45 s');
    expect(stuck!.because).toContain('It had gone unseen by ');
  });

  test('in which an answer flows is none', async () => {
    const text = `${CLOSED}
40   s > c  P.  1:1001(1000) ack 102
40   c > s  .   102:102(0) ack 1001
45   s > c  F.  1001:1001(0) ack 102
45   c > s  .   102:102(0) ack 1002`;
    for (const rule of RULES) expect(await findingsOfScript(text, rule)).toEqual([]);
  });

  test('whose answer came at once, and no FIN, is a leak', async () => {
    const text = `${CLOSED}
1.1  s > c  P.  1:1001(1000) ack 102
1.1  c > s  .   102:102(0) ack 1001
61   c > s  .   101:101(0) ack 1001`;
    expect(await findingsOfScript(text, 'close-wait-leak')).toMatchObject([{ flowCount: 1 }]);
  });

  test('whose capture ends early is none', async () => {
    const text = `${CLOSED}
3    c > s  .   101:101(0) ack 1
3    s > c  .   1:1(0) ack 102`;
    for (const rule of RULES) expect(await findingsOfScript(text, rule)).toEqual([]);
  });

  test('of which one direction was captured is not judged', async () => {
    const text = `
0    c > s  S   0:0(0)
0    c > s  .   1:1(0) ack 1
1    c > s  F.  1:1(0) ack 1
1    c > s  .   2:2(0) ack 1
61   c > s  .   1:1(0) ack 1`;
    for (const rule of RULES) expect(await findingsOfScript(text, rule)).toEqual([]);
  });

  test('of a client is a note: a pool finds it out by itself', async () => {
    const text = `
0    c > s  S   0:0(0)
0    s > c  S.  0:0(0) ack 1
0    c > s  .   1:1(0) ack 1
1    s > c  F.  1:1(0) ack 1
1    c > s  .   1:1(0) ack 2
50   c > s  F.  1:1(0) ack 2
50   s > c  .   2:2(0) ack 2`;
    expect(await findingsOfScript(text, 'close-wait-leak')).toMatchObject([
      { severity: 'info', endpoint: '10.0.0.1', flowCount: 1 },
    ]);
  });
});

test('a FIN_WAIT_2 that outlives the timer of orphans is owned', async () => {
  const text = `${CLOSED}
90   s > c  F.  1:1(0) ack 102
90   c > s  .   102:102(0) ack 2`;
  const [stuck] = await findingsOfScript(text, 'fin-wait-2-stuck');
  expect(stuck).toMatchObject({ confidence: 'certain', flowCount: 1 });
  expect(stuck!.because).toContain('It outlived that timer and took the late FIN');
  expect(await findingsOfScript(text, 'fin-wait-2-expired')).toEqual([]);
});

test('an abort of a FIN_WAIT_2 that waited for long is no late FIN', async () => {
  const text = `${CLOSED}
90   c > s  R.  102:102(0) ack 1`;
  expect(await findingsOfScript(text, 'fin-wait-2-expired')).toEqual([]);
});

test('the last words of TLS before a FIN, which a closed socket answers by RST, came not late', async () => {
  const text = `${CLOSED}
1.1  s > c  P.  1:32(31) ack 102
1.1  s > c  F.  32:32(0) ack 102
1.2  c > s  R   102:102(0)`;
  expect(await findingsOfScript(text, 'fin-wait-2-expired')).toEqual([]);
});

describe('finds nothing', () => {
  it.each(['client_first', 'half_close_data', 'one_sided', 'cut_last_ack', 'middlebox_rst_both'])(
    'in %s',
    async (name) => {
      for (const rule of RULES) expect(await findingsIn(capture(name), rule)).toEqual([]);
    },
  );

  itShared('in ordinary traffic', ['stories', 'healthy'], async (folder) => {
    for (const file of capturesIn(folder)) {
      for (const rule of RULES) expect(await findingsIn(join(folder, file), rule)).toEqual([]);
    }
  });
});
