/** The metrics that `--metrics` serves: their names, labels and what they mean. README.md's table is printed from here. */

export interface MetricDescription {
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  labels: readonly string[];
  /** one line, plain text */
  help: string;
}

/** Named by Prometheus' rules: base units, `_total` for what only grows. */
export const METRICS = {
  flowsEnded: {
    name: 'teardown_flows_ended_total',
    type: 'counter',
    labels: ['address', 'port', 'kind', 'closer'],
    help: 'Connections that ended, by service (port="other", without an address: beyond the 200 that are named), kind, and who closed first; counted 70 s after the last packet, when nothing more is to come',
  },
  finWait2: {
    name: 'teardown_fin_wait_2_seconds',
    type: 'histogram',
    labels: ['side'],
    help: 'How long ended connections were in FIN_WAIT_2, by the end that was; without stays of which nobody saw the end',
  },
  closeWait: {
    name: 'teardown_close_wait_seconds',
    type: 'histogram',
    labels: ['side'],
    help: 'How long ended connections were in CLOSE_WAIT, by the end that was: the time that its program took to close',
  },
  timeWaits: {
    name: 'teardown_time_waits_total',
    type: 'counter',
    labels: ['side', 'ended_by'],
    help: 'TIME_WAITs of ended connections, by the end that had it and what ended it',
  },
  resets: {
    name: 'teardown_resets_total',
    type: 'counter',
    labels: ['cause', 'by'],
    help: 'Connections that an RST ended, by its cause and who sent it',
  },
  resetsIgnored: {
    name: 'teardown_resets_ignored_total',
    type: 'counter',
    labels: [],
    help: 'RSTs that ended nothing, in ended connections',
  },
  flowsSeen: {
    name: 'teardown_flows_seen_total',
    type: 'counter',
    labels: [],
    help: 'Connections seen since the capture began, those that did not end yet included',
  },
  flowsPresent: {
    name: 'teardown_flows_present',
    type: 'gauge',
    labels: [],
    help: 'Connections of which a socket is still there, TIME_WAIT included',
  },
  sockets: {
    name: 'teardown_sockets',
    type: 'gauge',
    labels: ['side', 'state'],
    help: 'Sockets of captured connections by their state now, at either end',
  },
  timeWaitSockets: {
    name: 'teardown_time_wait_sockets',
    type: 'gauge',
    labels: ['side', 'address', 'port'],
    help: 'Sockets in TIME_WAIT now, by local port: a server\'s by its address and port (0 once they are gone; port="other" beyond those that are named), all clients\' together as port="ephemeral"',
  },
  oldestAge: {
    name: 'teardown_oldest_socket_age_seconds',
    type: 'gauge',
    labels: ['side', 'state'],
    help: 'For how long the oldest socket in FIN_WAIT_2 or CLOSE_WAIT has been in it; 0 where there is none, absent where it is not known',
  },
  kernelSockets: {
    name: 'teardown_kernel_sockets',
    type: 'gauge',
    labels: ['state'],
    help: "All TCP sockets of this machine as its kernel has them, those without traffic too; absent where its tables can't be read",
  },
  findings: {
    name: 'teardown_findings',
    type: 'gauge',
    labels: ['rule', 'severity'],
    help: 'Findings as of the last judgement (teardown explain RULE); absent before the first',
  },
  findingsTime: {
    name: 'teardown_findings_timestamp_seconds',
    type: 'gauge',
    labels: [],
    help: 'When findings were judged last, seconds since 1970; absent before the first time',
  },
  packets: {
    name: 'teardown_packets_total',
    type: 'counter',
    labels: [],
    help: 'Packets captured',
  },
  tcpPackets: {
    name: 'teardown_tcp_packets_total',
    type: 'counter',
    labels: [],
    help: 'TCP segments captured',
  },
  dropped: {
    name: 'teardown_packets_dropped_total',
    type: 'counter',
    labels: [],
    help: 'Packets that the kernel dropped since they were not taken in time: what else is told may be wrong where it grows; absent where the capture program does not tell, or has not yet',
  },
  capture: {
    name: 'teardown_capture_info',
    type: 'gauge',
    labels: ['interface', 'backend', 'timestamps'],
    help: 'Always 1: the interface, the program that captures, and whose timestamps these are (kernel, user-space)',
  },
  captureStart: {
    name: 'teardown_capture_start_time_seconds',
    type: 'gauge',
    labels: [],
    help: 'When the capture began, seconds since 1970',
  },
  build: {
    name: 'teardown_build_info',
    type: 'gauge',
    labels: ['version'],
    help: 'Always 1: the version of teardown',
  },
  memory: {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    labels: [],
    help: 'Memory of teardown itself',
  },
  cpu: {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    labels: [],
    help: 'Processor time of teardown itself, user and system; without the program that captures',
  },
  processStart: {
    name: 'process_start_time_seconds',
    type: 'gauge',
    labels: [],
    help: 'When teardown was started, seconds since 1970',
  },
} as const satisfies Record<string, MetricDescription>;

/** The metrics as a table in Markdown. */
export function metricsTable(): string {
  const rows = Object.values<MetricDescription>(METRICS).map(({ name, type, labels, help }) =>
    [`\`${name}\``, type, labels.map((label) => `\`${label}\``).join(' '), help].join(' | '),
  );
  return ['metric | type | labels | what', '--- | --- | --- | ---', ...rows].map((row) => `| ${row} |`).join('\n');
}
