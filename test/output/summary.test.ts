import { describe, expect, it } from 'vitest';
import { explanation, groupFlows, shares } from '../../src/output/groups.ts';
import { finWait2Words, lingering, lingeringWords } from '../../src/output/lingering.ts';
import { closedFirst, stay } from '../../src/output/meaning.ts';
import { noteLabels, noteWords } from '../../src/output/notes.ts';
import { resetPhrase } from '../../src/output/reset-words.ts';
import { captureFaults, positionWords, resets } from '../../src/output/survey.ts';
import { textReport } from '../../src/output/text.ts';
import type { Flow } from '../../src/report/types.ts';
import { NOTES } from '../../src/teardown/facts.ts';
import { endpoint, exampleFlow, exampleReport, openSpan, reset, span } from './example.ts';
import { sentences } from './verdict.ts';

const PLAIN = { color: false, width: 100, verbose: false };

/** A flow whose client was in FIN_WAIT_2 for so long; null: its end was not seen; open: still. */
function inFinWait2(id: number, seconds: number | null | 'open', notes: string[] = []): Flow {
  const state =
    seconds === 'open'
      ? openSpan('FIN_WAIT_2', 10, 40, 8)
      : seconds === null
        ? span('FIN_WAIT_2', 10, 90, [8, 9], { seconds: null, basis: 'inferred', plusMinus: null })
        : span('FIN_WAIT_2', 10, 10 + seconds, [8, 9]);
  return exampleFlow({
    id,
    notes,
    endpoints: { client: endpoint('active-closer', [state]), server: endpoint('passive-closer', []) },
  });
}

describe('notes', () => {
  it.each(NOTES)('%s has words, and few of them for a table', (note) => {
    expect(noteWords(note)).toMatch(new RegExp(`^${note}: .{10,}`));
    for (const label of noteLabels([note])) expect(label.length).toBeLessThanOrEqual(24);
  });

  it('are shown by name where we have no words, and none is an inherited property', () => {
    expect([noteWords('new-note'), noteWords('toString')]).toEqual(['new-note', 'toString']);
    expect(noteLabels(['duplicates', 'constructor', 'x'.repeat(40)])).toEqual(['constructor', `${'x'.repeat(23)}…`]);
  });
});

describe('resets', () => {
  it('of a device are in the name of an end, never by it', () => {
    const cause = 'middlebox-suspected';
    expect(resetPhrase({ by: 'server', cause })).toBe("RST in the server's name, probably made by a device on the way");
    expect(resetPhrase({ by: 'unknown', cause })).toBe('RST probably made by a device on the way');
    const flow = exampleFlow({ kind: 'aborted', initiator: 'server', reset: reset('server', 3, 6, { cause }) });
    expect(closedFirst(flow)).toBe('?');
    expect(closedFirst({ ...flow, kind: 'aborted-after-fin' })).toBe('server');
  });

  it('count reasons as one that differ in a number only', () => {
    const flows = ['5 bytes, 12 s before', '70 bytes, 3 min before', 'other', 'other'].map((why, id) =>
      exampleFlow({ id, kind: 'aborted', reset: reset('client', 3, 6, { cause: 'unread-data', why }) }),
    );
    expect(resets(flows)[0]?.reasons).toEqual([
      ['for example: 5 bytes, 12 s before', 2],
      ['other', 2],
    ]);
  });

  it('say nothing beyond the reasons where the packets cannot tell', () => {
    expect(resetPhrase({ by: 'server', cause: 'unknown' })).toBe("RST by the server: the packets can't tell why");
    const why = ['a', 'b', 'b', null];
    const flows = why.map((each, id) =>
      exampleFlow({ id, kind: 'aborted', reset: reset('server', 3, 6, { cause: 'unknown', why: each }) }),
    );
    expect(resets(flows)).toEqual([
      {
        by: 'server',
        cause: 'unknown',
        flows: 4,
        reasons: [
          ['b', 2],
          ['a', 1],
        ],
      },
    ]);
    expect(textReport(exampleReport(flows), PLAIN)).toMatch(
      /RST by the server: the packets can't tell why\n {5}in 2: b\n {5}in 1: a\n/,
    );
  });

  it('close nothing where nothing was open', () => {
    expect(closedFirst(exampleFlow({ kind: 'refused', initiator: 'server' }))).toBe('-');
    expect(closedFirst(exampleFlow({ kind: 'unanswered', initiator: null }))).toBe('-');
  });
});

describe('time in states', () => {
  const words = (...flows: Flow[]): string | null => {
    const report = exampleReport(flows);
    const measured = flows
      .flatMap(({ endpoints }) => endpoints.client.states)
      .filter(({ open, seconds }) => !open && seconds !== null)
      .map(({ seconds }) => seconds ?? 0)
      .sort((a, b) => a - b);
    const of = (share: number): number | null => measured[Math.ceil(share * measured.length) - 1] ?? null;
    report.totals.finWait2 = { count: measured.length, p50: of(0.5), p90: of(0.9), p99: of(0.99), max: of(1) };
    return finWait2Words(report);
  };

  it('says that a FIN was answered by a FIN and not that half lasted 0 s', () => {
    expect(words(inFinWait2(1, 0), inFinWait2(2, 0))).toBe('2 times, 0 s in all: each FIN was answered by a FIN');
    expect(words(inFinWait2(1, 0), inFinWait2(2, 0), inFinWait2(3, 0.03))).toBe(
      '3 times: 0 s in 2 (the FIN was answered by a FIN), longest 30 ms',
    );
  });

  it('names what percentiles leave out', () => {
    expect(
      words(
        inFinWait2(1, 20),
        inFinWait2(2, 25),
        inFinWait2(3, 'open'),
        inFinWait2(4, null),
        inFinWait2(5, null, ['fin-wait-2-expired']),
      ),
    ).toBe(
      '2 times: half within 20 s, longest 25 s; 1 still open when the capture ended (up to 30 s so far); 1 ended unseen (timed out); 1 ended unseen',
    );
    expect(words(inFinWait2(1, 'open'))).toBe('1 still open when the capture ended (up to 30 s so far)');
    expect(words(inFinWait2(1, 'open', ['no-pure-acks']))).toBeNull();
  });

  it('tells long stays of the passive closer, and those still open', () => {
    const flows = [openSpan('CLOSE_WAIT', 4, 90, 8), span('CLOSE_WAIT', 4, 22, [8, 9])].map((each) =>
      exampleFlow({
        endpoints: { client: endpoint('active-closer', []), server: endpoint('passive-closer', [each]) },
      }),
    );
    const all = lingering(flows, 'CLOSE_WAIT', 1);
    expect(all && lingeringWords(all, 1)).toBe(
      "2 for 1 s or longer on the server's side: 18 s to 1 min 26 s, 1 still open when the capture ended",
    );
    expect(lingering(flows, 'LAST_ACK', 1)).toBeNull();
  });

  it('is not known where the report leaves it out, whatever the span', () => {
    const flow = inFinWait2(1, 3);
    flow.endpoints.client.finWait2Seconds = null;
    expect(stay(flow, 'FIN_WAIT_2').text).toBe('?');
  });
});

describe('the place of capture', () => {
  const words = (position: 'near-client' | 'unknown', trips: number[], kind: Flow['kind'] = 'graceful') => {
    const flows = trips.map((client, id) => exampleFlow({ id, kind, rtt: { client, server: 0.0001 } }));
    const report = exampleReport(flows);
    report.capture.position = position;
    return positionWords(report);
  };

  it('gives the largest round trip, and is silent below a millisecond', () => {
    expect(words('unknown', [0.0002, 0.02])).toContain('may be off by a round trip (at most 20 ms).');
    expect(words('near-client', [0.02])).toContain(
      'times at the servers are corrected by the round trip (at most 20 ms).',
    );
    expect(words('unknown', [0.0002])).toBeNull();
    expect(words('near-client', [0.0002])).toBe('Captured near the clients.');
  });

  it('knows that a socket connected to itself has one direction', () => {
    const itself = exampleFlow({
      notes: ['self-connect'],
      rtt: { client: null, server: null },
      packets: { client: 7, server: 0 },
    });
    const report = exampleReport([itself]);
    report.capture.position = 'unknown';
    expect([positionWords(report), captureFaults(report)]).toEqual([null, []]);
    expect(sentences(report)).toContain('The socket 10.0.0.23:51324 was connected to itself');
  });

  it('a capture without times says that durations mean nothing, one with given up connections that these count twice', () => {
    const report = exampleReport([]);
    expect(captureFaults(report)).toEqual([]);
    report.capture.firstPacket = null;
    report.capture.flowsGivenUp = 2;
    expect(captureFaults(report)).toEqual([
      'No packet has a time: all durations, and the ends of TIME_WAIT, mean nothing.',
      '2 connections had to be given up before the end, as too many were open at once: a later packet of one counts as a connection of its own.',
    ]);
  });

  it('is silent where nothing was closed and no round trip is known', () => {
    const report = exampleReport([exampleFlow({ kind: 'refused', rtt: { client: null, server: null } })]);
    report.capture.position = 'unknown';
    expect(positionWords(report)).toBeNull();
  });
});

describe('the flows that matter most', () => {
  const refused = (id: number): Flow =>
    exampleFlow({
      id,
      kind: 'refused',
      initiator: 'server',
      reset: reset('server', 3, 2, { cause: 'refused' }),
      endpoints: { client: endpoint('aborted', []), server: endpoint('aborter', []) },
    });
  const slow = (id: number): Flow =>
    exampleFlow({
      id,
      kind: 'aborted-after-fin',
      initiator: 'client',
      reset: reset('client', 90, 9, { cause: 'no-such-connection' }),
      endpoints: {
        client: endpoint('active-closer', []),
        server: endpoint('passive-closer', [span('CLOSE_WAIT', 4, 60 + id, [8, 9])]),
      },
      notes: ['fin-wait-2-expired'],
    });

  it('stand in groups, each explained once, trouble first', () => {
    const flows = [1, 2, 3, 4, 5].map(slow);
    const report = exampleReport([...flows, ...[6, 7, 8, 9, 10, 12].map(refused), exampleFlow({ id: 11 })]);
    expect(groupFlows(report).map(({ flows: each, words }) => [each.length, words])).toEqual([
      [
        5,
        'FIN, later RST by the client: its socket was gone, or never was; FIN_WAIT_2 timed out; CLOSE_WAIT 57 s to 1 min 1 s',
      ],
      [6, 'refused by RST: nobody listens'],
      [1, 'closed by a FIN from each side, the server first; CLOSE_WAIT 5.01 s'],
    ]);
    const text = textReport(report, PLAIN);
    expect(text.match(/its socket was gone, or never was; FIN_WAIT_2/g)).toHaveLength(1);
    expect(text).toContain('── 5 × FIN, later RST by the client');
    expect(text).toMatch(/\n +and 2 more like these: 1, 2\n/);
    expect(text).toMatch(/\n +and 3 more like these: 9, 10, 12\n/);
  });

  it('show one of every group before a few of the first', () => {
    const groups = [9, 1, 5, 2].map((n) => ({ flows: Array.from({ length: n }, () => exampleFlow()), words: '' }));
    expect([shares(groups, 15), shares(groups, 5), shares(groups, 3)]).toEqual([
      [3, 1, 3, 2],
      [2, 1, 1, 1],
      [1, 1, 1, 0],
    ]);
    expect(shares(groups.slice(0, 1), 15)).toEqual([9]);
    expect(shares([], 15)).toEqual([]);
  });

  it('are alike where only what others did to their ports differs by number', () => {
    const reused = (previous: number): Flow =>
      exampleFlow({ reuse: { previous, gapSeconds: previous, inTimeWait: true, outcome: 'accepted' } });
    expect(explanation(reused(3))).toBe(explanation(reused(4)));
    expect(explanation(reused(3))).toContain('ports used again in TIME_WAIT, accepted');
  });
});
