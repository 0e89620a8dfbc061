/** Ready-made flows and reports for the tests of the outputs. */

import type { LadderSegment } from '../../src/output/ladder.ts';
import type { Endpoint, Flow, Report, Reset, Side, Span, TcpState, TimeWait } from '../../src/report/types.ts';
import { formatTime, nsToSeconds } from '../../src/units.ts';

const START = 1_772_366_400; // 2026-03-01T12:00:00Z

/** RFC 3339 time, `seconds` after 2026-03-01T12:00:00Z. */
export function at(seconds: number): string {
  return formatTime(START, Math.round(seconds * 1e9));
}

export function span(
  state: TcpState,
  from: number,
  to: number,
  frames: Span['frames'],
  overrides: Partial<Span> = {},
): Span {
  const seconds = nsToSeconds(Math.round(to * 1e9) - Math.round(from * 1e9));
  return {
    state,
    from: at(from),
    to: at(to),
    seconds,
    basis: 'observed',
    open: false,
    plusMinus: 0,
    frames,
    ...overrides,
  };
}

/** An open span: `seconds` is what had passed when the capture ended. */
export function openSpan(state: TcpState, from: number, captureEnd: number, frame: number | null): Span {
  return span(state, from, captureEnd, [frame, null], { to: null, open: true, plusMinus: null });
}

export function timeWait(from: number, overrides: Partial<TimeWait> = {}): TimeWait {
  return {
    from: at(from),
    until: at(from + 60),
    untilLatest: at(from + 62.1),
    basis: 'assumed',
    restarts: 0,
    endedBy: 'timer',
    frames: [],
    ...overrides,
  };
}

const FIELDS = [
  ['finWait1Seconds', 'FIN_WAIT_1'],
  ['finWait2Seconds', 'FIN_WAIT_2'],
  ['closingSeconds', 'CLOSING'],
  ['timeWaitSeconds', 'TIME_WAIT'],
  ['closeWaitSeconds', 'CLOSE_WAIT'],
  ['lastAckSeconds', 'LAST_ACK'],
] as const;

/** An endpoint whose seconds by state follow from its spans. */
export function endpoint(role: Endpoint['role'], states: Span[], overrides: Partial<Endpoint> = {}): Endpoint {
  const built: Endpoint = {
    role,
    states,
    finWait1Seconds: null,
    finWait2Seconds: null,
    closingSeconds: null,
    timeWaitSeconds: null,
    closeWaitSeconds: null,
    lastAckSeconds: null,
    finAt: null,
    finAckedAt: null,
    finRetransmissions: 0,
    halfCloseBytes: 0,
    timeWait: null,
    kernel: null,
  };
  for (const [field, state] of FIELDS) {
    built[field] = states.find((each) => each.state === state)?.seconds ?? null;
  }
  return { ...built, ...overrides };
}

export function reset(by: Side, second: number, frame: number, overrides: Partial<Reset> = {}): Reset {
  return { by, at: at(second), frame, cause: 'unread-data', why: null, ignored: 0, ...overrides };
}

/** Flow 7: the server closes first at +5.03 s in four segments; its TIME_WAIT runs for 60 s from +10.06 s. */
export function exampleFlow(overrides: Partial<Flow> = {}): Flow {
  return {
    id: 7,
    communityId: '1:LQU9qZlK+B5F3KDmev6m5PMibrg=',
    client: { address: '10.0.0.23', port: 51324 },
    server: { address: '10.0.0.1', port: 9091 },
    orientation: 'handshake',
    handshake: 'complete',
    firstPacket: at(0),
    lastPacket: at(10.06),
    packets: { client: 6, server: 5 },
    bytes: { client: 120, server: 4096 },
    rtt: { client: 0.02, server: 0.000182 },
    kind: 'graceful',
    closeShape: 'four-segment',
    initiator: 'server',
    closedAt: at(10.08),
    reset: null,
    reuse: null,
    encapsulation: null,
    endpoints: {
      client: endpoint(
        'passive-closer',
        [
          span('SYN_SENT', 0, 0.0102, [1, 2]),
          span('ESTABLISHED', 0.0102, 5.04, [2, 9]),
          span('CLOSE_WAIT', 5.04, 10.05, [9, 11]),
          span('LAST_ACK', 10.05, 10.07, [11, 12], { plusMinus: 0.0001 }),
          span('CLOSED', 10.07, 10.07, [12, null]),
        ],
        { finAt: at(10.06), finAckedAt: at(10.06) },
      ),
      server: endpoint(
        'active-closer',
        [
          span('SYN_RECEIVED', 0.0001, 0.0204, [1, 3]),
          span('ESTABLISHED', 0.0204, 5.03, [3, 9]),
          span('FIN_WAIT_1', 5.03, 5.071, [9, 10]),
          span('FIN_WAIT_2', 5.071, 10.06, [10, 11]),
          span('TIME_WAIT', 10.06, 70.06, [11, null], { basis: 'assumed' }),
          span('CLOSED', 70.06, 70.06, [null, null], { basis: 'assumed' }),
        ],
        { finAt: at(5.03), finAckedAt: at(5.071), timeWait: timeWait(10.06, { frames: [11] }) },
      ),
    },
    holders: null,
    comparison: null,
    notes: [],
    history: 'ShADdFaf',
    connState: 'SF',
    wiresharkFilter: 'ip.addr==10.0.0.23 && ip.addr==10.0.0.1 && tcp.port==51324 && tcp.port==9091',
    ...overrides,
  };
}

/** A report of the given flows whose totals follow from them. */
export function exampleReport(flows: Flow[] = [exampleFlow()], overrides: Partial<Report> = {}): Report {
  const byKind: Report['totals']['byKind'] = {};
  const byInitiator: Report['totals']['byInitiator'] = {};
  for (const flow of flows) {
    byKind[flow.kind] = (byKind[flow.kind] ?? 0) + 1;
    const who = flow.initiator ?? 'none';
    byInitiator[who] = (byInitiator[who] ?? 0) + 1;
  }
  const ends = flows.flatMap(({ endpoints }) => [endpoints.client, endpoints.server]);
  const finWait2 = ends
    .flatMap((end) =>
      end.states.some(({ state, open }) => state === 'FIN_WAIT_2' && !open) ? [end.finWait2Seconds] : [],
    )
    .filter((seconds) => seconds !== null)
    .sort((a, b) => a - b);
  const quantile = (q: number): number | null => finWait2[Math.ceil(q * finWait2.length) - 1] ?? null;
  const lingering = ends.filter((end) => end.timeWait !== null).length;
  return {
    schema: 'teardown.report/1',
    tool: { name: 'pcap-teardown', version: '0.1.0' },
    capture: {
      live: null,
      files: [
        {
          name: 'server.pcap',
          format: 'pcap',
          linkTypes: ['ETHERNET'],
          packets: 1734,
          bytes: 203_456,
          firstPacket: at(0),
          lastPacket: at(192),
        },
      ],
      packets: 1734,
      tcpPackets: 1734,
      duplicates: 0,
      outOfOrder: 0,
      flowsGivenUp: 0,
      dropped: null,
      skipped: {},
      damage: [],
      position: 'near-server',
      firstPacket: at(0),
      lastPacket: at(192),
      seconds: 192,
    },
    assumptions: {
      '10.0.0.1': {
        os: 'linux',
        basis: 'inferred',
        certainty: 'likely',
        frame: 1,
        why: 'SYN with TTL 64, window 64240, options mss,sackOK,TS,nop,ws',
        timeWaitSeconds: 60,
        timeWaitLatestSeconds: 62.1,
        finWait2Seconds: 60,
      },
    },
    totals: {
      flows: flows.length,
      byKind,
      byInitiator,
      finWait2: {
        count: finWait2.length,
        p50: quantile(0.5),
        p90: quantile(0.9),
        p99: quantile(0.99),
        max: finWait2.at(-1) ?? null,
      },
      timeWait: {
        count: lingering,
        peak: lingering,
        peakAt: lingering > 0 ? at(70) : null,
        until: lingering > 0 ? at(130) : null,
      },
    },
    findings: [],
    ports: [],
    flows,
    ...overrides,
  };
}

const [F, S, P, A] = [0x01, 0x02, 0x08, 0x10];

/** A segment of a ladder; flags as in the TCP header. */
export function segment(
  frame: number,
  seconds: number,
  sender: Side,
  flags: number,
  [seq, ack, length]: [seq: number, ack: number, length: number],
  overrides: Partial<LadderSegment> = {},
): LadderSegment {
  return { frame, seconds, sender, flags, seq, ack, length, window: 502, duplicate: false, note: null, ...overrides };
}

/** The segments of exampleFlow(): handshake, a run of data, then the close, five seconds of FIN_WAIT_2 in it. */
export function exampleSegments(): LadderSegment[] {
  return [
    segment(1, 0, 'client', S, [0, 0, 0], { window: 64240 }),
    segment(2, 0.000182, 'server', S | A, [0, 1, 0], { window: 65160 }),
    segment(3, 0.0204, 'client', A, [1, 1, 0]),
    segment(4, 0.021, 'client', P | A, [1, 1, 120]),
    segment(5, 0.0212, 'server', A, [1, 121, 1448]),
    segment(6, 0.0213, 'server', A, [1449, 121, 1448], { note: 'retransmitted' }),
    segment(7, 0.0214, 'server', P | A, [2897, 121, 1200]),
    segment(8, 0.0414, 'client', A, [121, 4097, 0], { duplicate: true }),
    segment(9, 5.03, 'server', F | A, [4097, 121, 0]),
    segment(10, 5.071, 'client', A, [121, 4098, 0]),
    segment(11, 10.06, 'client', F | A, [121, 4098, 0]),
    segment(12, 10.0601, 'server', A, [4098, 122, 0]),
  ];
}
