/** Odd reports for properties: long addresses, huge numbers, nulls everywhere, hostile names. */

import fc from 'fast-check';
import { KINDS } from '../../src/output/meaning.ts';
import type {
  Basis,
  CloseShape,
  Endpoint,
  Finding,
  Flow,
  KernelSpan,
  Report,
  ResetCause,
  Role,
  Span,
  TcpState,
  TimeWait,
} from '../../src/report/types.ts';
import { at, exampleFlow, exampleReport } from './example.ts';

const SHAPES: CloseShape[] = [
  'four-segment',
  'three-segment',
  'simultaneous',
  'half-close',
  'rst',
  'fin-rst',
  'none',
  'unknown',
];
const STATES: TcpState[] = [
  'ESTABLISHED',
  'FIN_WAIT_1',
  'FIN_WAIT_2',
  'CLOSING',
  'TIME_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
];
const BASES: Basis[] = ['observed', 'inferred', 'assumed', 'kernel'];
const ROLES: Role[] = [
  'active-closer',
  'passive-closer',
  'simultaneous-closer',
  'aborter',
  'aborted',
  'none',
  'unknown',
];
const CAUSES: ResetCause[] = ['refused', 'linger-zero', 'unread-data', 'middlebox-suspected', 'unknown'];

/** Text of all sorts: control characters, wide ones, markup, right-to-left marks. */
export const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(
    '\x1b[2J\x1b]0;owned\x07',
    'a|b`c`<script>\r\n# d',
    '漢字かな.pcap',
    '\u202egpj.exe',
    '_'.repeat(200),
    '&'.repeat(300),
    'x'.repeat(500),
    '',
  ),
);

const address = fc.oneof(
  fc.constantFrom('10.0.0.1', 'ffff:eeee:dddd:cccc:bbbb:aaaa:9999:8888', '::1', '', 'server-1'),
  fc.ipV6(),
  fc.ipV4(),
);
const end = fc.record({ address, port: fc.integer({ min: 0, max: 65535 }) });
const time = fc.integer({ min: -86_400, max: 400_000_000 }).map(at);
const seconds = fc.option(fc.oneof(fc.double({ min: 0, max: 1e12, noNaN: true }), fc.constantFrom(0, 60, 2e-7)));
const amount = fc.oneof(fc.nat(5), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
const frame = fc.option(fc.integer({ min: 1, max: 2 ** 32 }));
const quantity = fc.record({ client: amount, server: amount });

const span: fc.Arbitrary<Span> = fc.record({
  state: fc.constantFrom(...STATES),
  from: time,
  to: fc.option(time),
  seconds,
  basis: fc.constantFrom(...BASES),
  open: fc.boolean(),
  plusMinus: seconds,
  frames: fc.tuple(frame, frame),
});

const kernelSpan: fc.Arbitrary<KernelSpan> = fc.record({
  state: fc.constantFrom(...STATES),
  from: time,
  to: time,
  until: fc.option(time),
});

const timeWait: fc.Arbitrary<TimeWait> = fc.record({
  from: time,
  until: time,
  untilLatest: time,
  basis: fc.constantFrom(...BASES),
  restarts: amount,
  endedBy: fc.constantFrom('timer', 'reuse', 'rst', 'kernel', 'capture-end'),
  frames: fc.constant([]),
});

const endpoint: fc.Arbitrary<Endpoint> = fc.record({
  role: fc.constantFrom(...ROLES),
  states: fc.array(span, { maxLength: 6 }),
  finWait1Seconds: seconds,
  finWait2Seconds: seconds,
  closingSeconds: seconds,
  timeWaitSeconds: seconds,
  closeWaitSeconds: seconds,
  lastAckSeconds: seconds,
  finAt: fc.option(time),
  finAckedAt: fc.option(time),
  finRetransmissions: amount,
  halfCloseBytes: amount,
  timeWait: fc.option(timeWait),
  kernel: fc.option(fc.array(kernelSpan, { maxLength: 2 })),
});

const reset = fc.record({
  by: fc.constantFrom('client' as const, 'server' as const, 'unknown' as const, null),
  at: fc.option(time),
  frame,
  cause: fc.option(fc.constantFrom(...CAUSES)),
  why: fc.option(hostile),
  ignored: amount,
});

const reuse = fc.record({
  previous: amount,
  gapSeconds: fc.double({ min: -10, max: 1e9, noNaN: true }),
  inTimeWait: fc.boolean(),
  outcome: fc.constantFrom('accepted' as const, 'challenged' as const, 'ignored' as const),
});

/** A flow that need not make sense. */
export const oddFlow: fc.Arbitrary<Flow> = fc
  .record({
    id: amount,
    client: end,
    server: end,
    orientation: fc.constantFrom('handshake' as const, 'port' as const, 'first-packet' as const),
    firstPacket: time,
    lastPacket: time,
    packets: quantity,
    bytes: quantity,
    kind: fc.constantFrom(...KINDS),
    closeShape: fc.constantFrom(...SHAPES),
    initiator: fc.constantFrom('client' as const, 'server' as const, 'both' as const, 'unknown' as const, null),
    closedAt: fc.option(time),
    reset: fc.option(reset),
    reuse: fc.option(reuse),
    endpoints: fc.record({ client: endpoint, server: endpoint }),
    notes: fc.array(fc.oneof(hostile, fc.constantFrom('fin-retransmitted', 'midstream')), { maxLength: 4 }),
    wiresharkFilter: fc.option(hostile),
  })
  .map((overrides) => exampleFlow(overrides));

export const oddFinding: fc.Arbitrary<Finding> = fc.record({
  rule: hostile,
  severity: fc.constantFrom('info', 'warning', 'critical'),
  title: fc.oneof(hostile, fc.constant('Set `A B`, then `C`')),
  because: hostile,
  doThis: fc.array(hostile, { maxLength: 3 }),
  confidence: fc.constantFrom('certain', 'likely', 'possible'),
  endpoint: fc.option(hostile),
  flows: fc.array(amount, { maxLength: 10 }),
  flowCount: amount,
  frames: fc.constant([]),
  at: fc.option(time),
  until: fc.option(time),
  rfc: fc.constant(null),
  wiresharkFilter: fc.option(hostile),
});

/** A report that need not make sense. */
export const oddReport: fc.Arbitrary<Report> = fc
  .record({
    flows: fc.array(oddFlow, { maxLength: 12 }),
    left: fc.oneof(fc.constant(0), amount),
    findings: fc.array(oddFinding, { maxLength: 12 }),
    names: fc.array(hostile, { minLength: 1, maxLength: 5 }),
    counts: fc.record({
      duplicates: amount,
      outOfOrder: amount,
      flowsGivenUp: amount,
      dropped: fc.option(amount),
      packets: amount,
      tcpPackets: amount,
    }),
    skipped: fc.dictionary(hostile, amount, { maxKeys: 8 }),
    damage: fc.array(fc.record({ file: hostile, offset: amount, what: hostile }), { maxLength: 8 }),
    times: fc.record({ firstPacket: fc.option(time), seconds: fc.double({ min: 0, max: 1e12, noNaN: true }) }),
    peak: fc.record({ count: amount, peak: amount, peakAt: fc.option(time), until: fc.option(time) }),
  })
  .map(({ flows, left, findings, names, counts, skipped, damage, times, peak }) => {
    const report = exampleReport(flows, { findings });
    report.totals.flows += left;
    report.totals.timeWait = peak;
    const files = names.flatMap((name) => report.capture.files.map((file) => ({ ...file, name })));
    report.capture = { ...report.capture, ...counts, ...times, skipped, damage, files };
    return report;
  });
