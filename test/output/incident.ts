/** A report with something of everything: what the golden files show. */

import type { Finding, Flow, Report } from '../../src/report/types.ts';
import { at, endpoint, exampleFlow, exampleReport, openSpan, reset, span, timeWait } from './example.ts';

function graceful(id: number): Flow {
  const port = 40000 + id;
  return exampleFlow({ id, client: { address: `10.0.0.${20 + (id % 5)}`, port } });
}

function halfClosed(id: number, open: number): Flow {
  return exampleFlow({
    id,
    client: { address: '10.0.7.113', port: 50000 + id },
    kind: 'half-closed',
    closeShape: 'half-close',
    initiator: 'server',
    closedAt: null,
    endpoints: {
      client: endpoint('passive-closer', [
        span('ESTABLISHED', 0.01, 192 - open, [3, 8]),
        openSpan('CLOSE_WAIT', 192 - open, 192, 8),
      ]),
      server: endpoint('active-closer', [
        span('ESTABLISHED', 0.01, 192 - open, [3, 8]),
        span('FIN_WAIT_1', 192 - open, 192.041 - open, [8, 9]),
        openSpan('FIN_WAIT_2', 192.041 - open, 192, 9),
      ]),
    },
  });
}

function aborted(id: number, by: 'client' | 'server'): Flow {
  const roles = by === 'client' ? (['aborter', 'aborted'] as const) : (['aborted', 'aborter'] as const);
  const states = [span('ESTABLISHED', 0.01, 3.2, [3, 6]), span('CLOSED', 3.2, 3.2, [6, null])];
  return exampleFlow({
    id,
    client: { address: '10.0.0.31', port: 42000 + id },
    kind: 'aborted',
    closeShape: 'rst',
    initiator: by,
    closedAt: at(3.2),
    reset: reset(by, 3.2, 6, { why: 'the RST acknowledges 512 bytes that arrived just before it' }),
    endpoints: { client: endpoint(roles[0], states), server: endpoint(roles[1], states) },
  });
}

function cut(id: number): Flow {
  const flow = exampleFlow({ id, client: { address: '10.0.0.40', port: 60100 } });
  return {
    ...flow,
    kind: 'aborted-after-fin',
    closeShape: 'fin-rst',
    initiator: 'client',
    server: { address: '10.0.0.2', port: 5432 },
    reset: reset('server', 66.2, 91, { cause: 'data-after-close', ignored: 1 }),
    endpoints: {
      client: endpoint('active-closer', [
        span('FIN_WAIT_1', 5, 5.0004, [10, 11]),
        span('FIN_WAIT_2', 5.0004, 66, [11, 90], { to: at(66), seconds: null, basis: 'inferred', plusMinus: null }),
      ]),
      server: endpoint('passive-closer', [span('CLOSE_WAIT', 5, 66.2, [10, 91])]),
    },
    notes: ['fin-retransmitted', 'gap'],
  };
}

function simultaneous(id: number): Flow {
  const states = [
    span('FIN_WAIT_1', 2, 2.01, [8, 9]),
    span('CLOSING', 2.01, 2.02, [9, 10], { basis: 'inferred' }),
    span('TIME_WAIT', 2.02, 3.32, [10, 44]),
  ];
  const ended = endpoint('simultaneous-closer', states, {
    timeWait: timeWait(2.02, { endedBy: 'reuse', frames: [10, 44] }),
  });
  return exampleFlow({
    id,
    server: { address: '10.0.0.2', port: 5432 },
    kind: 'simultaneous',
    closeShape: 'simultaneous',
    initiator: 'both',
    endpoints: { client: ended, server: ended },
  });
}

function bare(id: number, kind: 'refused' | 'unanswered' | 'open'): Flow {
  const refused = kind === 'refused';
  const role = refused ? 'aborted' : 'none';
  return exampleFlow({
    id,
    client: { address: '10.0.0.23', port: 53000 + id },
    kind,
    closeShape: refused ? 'rst' : 'none',
    initiator: refused ? 'server' : null,
    closedAt: null,
    packets: { client: 1, server: kind === 'unanswered' ? 0 : 1 },
    reset: refused ? reset('server', 30, 400, { cause: 'refused' }) : null,
    endpoints: {
      client: endpoint(role, []),
      server: endpoint(refused ? 'aborter' : 'none', []),
    },
  });
}

const FINDINGS: Finding[] = [
  {
    rule: 'close-wait-leak',
    severity: 'warning',
    title: 'The client 10.0.7.113 does not close: 2 of its sockets were in CLOSE_WAIT for more than 30 s',
    because:
      'It acknowledged the FIN of 10.0.0.1:9091 and sent none of its own for as long as the capture lasted (longest 2 min 30 s). The kernel waits for the program: only close() ends CLOSE_WAIT.',
    doThis: ['On 10.0.7.113 run `ss -tanp state close-wait` to find the program that holds them.'],
    confidence: 'certain',
    endpoint: '10.0.7.113:50033',
    flows: [33, 34],
    flowCount: 2,
    frames: [8, 9],
    at: at(42),
    until: null,
    rfc: 'RFC 9293 section 3.6',
    wiresharkFilter: null,
  },
  {
    rule: 'bind-blocked',
    severity: 'critical',
    title: "Port 9091 of 10.0.0.1 can't be bound until 12:01:10 by a server without SO_REUSEADDR",
    because:
      '28 sockets on this port were in TIME_WAIT while nobody listened. On Linux bind() fails with EADDRINUSE unless both the old and the new socket have SO_REUSEADDR.',
    doThis: [
      'Set SO_REUSEADDR on the listening socket before bind(); the first restart after that change still fails, since the old socket lacks it.',
      'Let the clients close first.',
    ],
    confidence: 'likely',
    endpoint: '10.0.0.1:9091',
    flows: [1, 2, 3, 4, 5, 6, 7],
    flowCount: 28,
    frames: [8],
    at: at(10.06),
    until: at(70.06),
    rfc: null,
    wiresharkFilter: null,
  },
];

/** 41 flows of two services: graceful, half-closed, aborted, cut, simultaneous, refused, unanswered, open. */
export function incident(): Report {
  const flows = Array.from({ length: 28 }, (_, index) => graceful(index + 1));
  flows.push(cut(29), simultaneous(30), aborted(31, 'server'), aborted(32, 'client'), halfClosed(33, 150));
  flows.push(halfClosed(34, 41.5), bare(35, 'refused'), bare(36, 'refused'), bare(37, 'unanswered'));
  flows.push(bare(38, 'open'), bare(39, 'open'));
  flows.push({
    ...graceful(40),
    closeShape: 'unknown',
    initiator: 'unknown',
    notes: ['midstream'],
    endpoints: { client: endpoint('unknown', []), server: endpoint('unknown', []) },
  });
  const late = graceful(41);
  late.notes = ['fin-retransmitted', 'lost-final-ack'];
  late.reuse = { previous: 12, gapSeconds: 1.4, inTimeWait: true, outcome: 'accepted' };
  flows.push(late);
  const report = exampleReport(flows, { findings: FINDINGS });
  report.capture.duplicates = 12;
  report.capture.outOfOrder = 1;
  report.capture.dropped = 40;
  report.capture.skipped = { arp: 30, udp: 4 };
  report.capture.damage = [{ file: 'server.pcap', offset: 203_456, what: 'the file ends within a packet' }];
  report.ports = [
    {
      address: '10.0.0.1',
      port: 9091,
      role: 'server',
      os: 'linux',
      intervals: [
        {
          from: at(5),
          until: at(250.06),
          untilLatest: null,
          basis: 'assumed',
          flows: 28,
          states: { TIME_WAIT: 28 },
          bindFails: { neither: true, newOnly: true, oldOnly: true, both: false },
        },
      ],
      freeAt: at(250.06),
      freeAtLatest: null,
      freeAtBasis: 'assumed',
    },
  ];
  return report;
}
