/** A hand-written report with realistic values: a server that closes first and is restarted during its TIME_WAIT. */

import type { Endpoint, Finding, Flow, PortLedger, Report, Span } from '../../src/report/types.ts';

/** 2026-03-01, seconds and decimals after 10:00:00 UTC as the report writes them. */
function at(decimals: string): string {
  const [seconds, fraction = ''] = decimals.split('.');
  const total = Number(seconds);
  const pad = (value: number) => String(value).padStart(2, '0');
  return `2026-03-01T10:${pad(Math.floor(total / 60))}:${pad(total % 60)}.${fraction.padEnd(9, '0')}Z`;
}

/** The active closer: FIN_WAIT_2 for 8.2 s, then TIME_WAIT beyond the end of the capture. */
function activeCloser(): Endpoint {
  const span = (
    state: Span['state'],
    from: string,
    to: string,
    seconds: number,
    first: number,
    last: number,
  ): Span => ({
    state,
    from: at(from),
    to: at(to),
    seconds,
    basis: 'observed',
    open: false,
    plusMinus: 0.0001,
    frames: [first, last],
  });
  return {
    role: 'active-closer',
    states: [
      span('SYN_RECEIVED', '0.0001', '0.0003', 0.0002, 2, 3),
      span('ESTABLISHED', '0.0003', '1', 0.9997, 3, 8),
      span('FIN_WAIT_1', '1', '1.0002', 0.0002, 8, 9),
      { ...span('FIN_WAIT_2', '1.0002', '9.2002', 8.2, 9, 10), plusMinus: 0 },
      {
        state: 'TIME_WAIT',
        from: at('9.2002'),
        to: null,
        seconds: 10.7998,
        basis: 'assumed',
        open: true,
        plusMinus: null,
        frames: [10, null],
      },
    ],
    finWait1Seconds: 0.0002,
    finWait2Seconds: 8.2,
    closingSeconds: null,
    timeWaitSeconds: 10.7998,
    closeWaitSeconds: null,
    lastAckSeconds: null,
    finAt: at('1'),
    finAckedAt: at('1.0002'),
    finRetransmissions: 0,
    halfCloseBytes: 120,
    timeWait: {
      from: at('9.2002'),
      until: at('69.2002'),
      untilLatest: at('71.3002'),
      basis: 'assumed',
      restarts: 0,
      endedBy: 'capture-end',
      frames: [10],
    },
    kernel: [{ state: 'TIME_WAIT', from: at('9.5'), to: at('68.5'), until: at('69.2002') }],
  };
}

function passiveCloser(): Endpoint {
  return {
    role: 'passive-closer',
    states: [
      {
        state: 'CLOSE_WAIT',
        from: at('1.0001'),
        to: at('9.2001'),
        seconds: 8.2,
        basis: 'observed',
        open: false,
        plusMinus: 0.0001,
        frames: [9, 10],
      },
      {
        state: 'LAST_ACK',
        from: at('9.2001'),
        to: at('9.2003'),
        seconds: 0.0002,
        basis: 'observed',
        open: false,
        plusMinus: 0.0001,
        frames: [10, 11],
      },
    ],
    finWait1Seconds: null,
    finWait2Seconds: null,
    closingSeconds: null,
    timeWaitSeconds: null,
    closeWaitSeconds: 8.2,
    lastAckSeconds: 0.0002,
    finAt: at('9.2002'),
    finAckedAt: at('9.2003'),
    finRetransmissions: 1,
    halfCloseBytes: 0,
    timeWait: null,
    kernel: null,
  };
}

/** A flow that 10.0.0.5:9091 closed first; fresh on every call. */
export function exampleFlow(overrides: Partial<Flow> = {}): Flow {
  return {
    id: 1,
    communityId: '1:kg8AY7Z8uB4ucZbuy7HT4Qvmw2U=',
    client: { address: '10.0.0.7', port: 52814 },
    server: { address: '10.0.0.5', port: 9091 },
    orientation: 'handshake',
    handshake: 'complete',
    firstPacket: at('0'),
    lastPacket: at('9.2003'),
    packets: { client: 6, server: 5 },
    bytes: { client: 197, server: 1460 },
    rtt: { client: 0.0002, server: 0.00003 },
    kind: 'graceful',
    closeShape: 'four-segment',
    initiator: 'server',
    closedAt: at('9.2003'),
    reset: null,
    reuse: null,
    encapsulation: null,
    endpoints: { client: passiveCloser(), server: activeCloser() },
    holders: [{ side: 'server', pid: 4711, name: 'httpd', socket: 'listener', state: 'LISTEN', at: at('68.5') }],
    comparison: null,
    notes: ['fin-retransmitted', 'challenge-ack'],
    history: 'ShADadfF',
    connState: 'SF',
    wiresharkFilter: 'ip.addr==10.0.0.7 && tcp.port==52814 && ip.addr==10.0.0.5 && tcp.port==9091',
    ...overrides,
  };
}

/** A flow over IPv6 in a VXLAN tunnel that reused a 4-tuple and was reset by the client without a FIN. */
export function exampleAbortedFlow(): Flow {
  const silent: Endpoint = {
    role: 'aborted',
    states: [],
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
  return exampleFlow({
    id: 2,
    communityId: null,
    client: { address: '2001:db8::7', port: 40000 },
    server: { address: '2001:db8::5', port: 443 },
    firstPacket: at('12'),
    lastPacket: at('12.5'),
    rtt: { client: null, server: null },
    kind: 'aborted',
    closeShape: 'rst',
    initiator: 'client',
    closedAt: at('12.5'),
    reset: {
      by: 'client',
      at: at('12.5'),
      frame: 19,
      cause: 'linger-zero',
      why: 'RST with all data acknowledged and none of the peer’s unread',
      ignored: 0,
    },
    reuse: { previous: 1, gapSeconds: 2.8, inTimeWait: true, outcome: 'accepted' },
    encapsulation: { vlans: [12], mplsLabels: [], tunnels: [{ type: 'vxlan', id: 4096 }] },
    endpoints: { client: { ...silent, role: 'aborter' }, server: silent },
    notes: [],
    history: 'ShAR',
    connState: 'RSTO',
    wiresharkFilter: null,
  });
}

function exampleFinding(): Finding {
  return {
    rule: 'bind-blocked',
    severity: 'critical',
    title: '10.0.0.5:9091 refuses bind() until 10:01:11',
    because: 'A socket of it is in TIME_WAIT and nobody listens. That would explain "Address already in use".',
    doThis: ['Set SO_REUSEADDR on both the old and the new socket.', 'Check with: ss -tanp'],
    confidence: 'likely',
    endpoint: '10.0.0.5:9091',
    flows: [1],
    flowCount: 1,
    frames: [8, 10],
    at: at('9.2002'),
    until: at('71.3002'),
    rfc: 'RFC 9293 section 3.6.1',
    wiresharkFilter: null,
  };
}

function exampleLedger(): PortLedger {
  return {
    address: '10.0.0.5',
    port: 9091,
    role: 'server',
    os: 'linux',
    intervals: [
      {
        from: at('9.2002'),
        until: at('71.3002'),
        untilLatest: null,
        basis: 'assumed',
        flows: 1,
        states: { TIME_WAIT: 1 },
        bindFails: { neither: true, newOnly: true, oldOnly: true, both: false },
      },
    ],
    freeAt: at('71.3002'),
    freeAtLatest: null,
    freeAtBasis: 'assumed',
  };
}

/** A report of two flows, a finding and a port; fresh on every call. */
export function exampleReport(overrides: Partial<Report> = {}): Report {
  return {
    schema: 'teardown.report/1',
    tool: { name: 'pcap-teardown', version: '0.1.0' },
    capture: {
      live: {
        interface: 'eth0',
        backend: 'tcpdump',
        timestamps: 'kernel',
        filter: 'tcp port 8080',
        snaplen: 128,
        from: at('0'),
        until: at('20'),
      },
      files: [
        {
          name: 'restart.pcap',
          format: 'pcap',
          linkTypes: ['ETHERNET'],
          packets: 21,
          bytes: 2914,
          firstPacket: at('0'),
          lastPacket: at('20'),
        },
      ],
      packets: 21,
      tcpPackets: 19,
      duplicates: 0,
      outOfOrder: 0,
      flowsGivenUp: 0,
      dropped: null,
      skipped: { 'not-ip': 2 },
      damage: [{ file: 'restart.pcap', offset: 2900, what: 'the last record is cut' }],
      position: 'near-server',
      firstPacket: at('0'),
      lastPacket: at('20'),
      seconds: 20,
    },
    assumptions: {
      '10.0.0.5': {
        os: 'linux',
        basis: 'assumed',
        certainty: 'assumed',
        frame: null,
        why: 'no SYN or SYN-ACK of it in the flows listed',
        timeWaitSeconds: 60,
        timeWaitLatestSeconds: 62.1,
        finWait2Seconds: 60,
      },
    },
    totals: {
      flows: 2,
      byKind: { graceful: 1, aborted: 1 },
      byInitiator: { server: 1, client: 1 },
      finWait2: { count: 1, p50: 8.2, p90: 8.2, p99: 8.2, max: 8.2 },
      timeWait: { count: 1, peak: 1, peakAt: at('9.2002'), until: at('69.2002') },
    },
    findings: [exampleFinding()],
    ports: [exampleLedger()],
    flows: [exampleFlow(), exampleAbortedFlow()],
    ...overrides,
  };
}
