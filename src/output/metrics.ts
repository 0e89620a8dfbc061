/** `--metrics`: a live capture as Prometheus' text format. */

import type * as Prometheus from 'prom-client';
import type { PortRange } from '../findings/context.ts';
import { RULE_NAMES } from '../findings/rule-names.ts';
import type { Flow, Severity, Side, TcpState } from '../report/types.ts';
import type { LingeringSocket, LiveView } from '../watch/view.ts';
import { RESET_BY, RESET_CAUSES, TCP_STATES, TIME_WAIT_ENDS } from '../where/enums.ts';
import { METRICS } from './metric-list.ts';
import { OTHER, type ServiceLabels, ServiceNames } from './metric-services.ts';
import { plain } from './style.ts';

export interface MetricsOptions {
  /** of teardown */
  version: string;
  /** the clients' ephemeral ports, which never become labels; Linux's where it isn't said */
  portRange?: PortRange | undefined;
  /** what teardown itself takes, asked when metrics are written; its metrics are absent without */
  usage?: (() => ProcessUsage) | undefined;
}

export interface ProcessUsage {
  residentBytes: number;
  /** user and system, since its start */
  cpuSeconds: number;
  /** seconds since 1970 */
  startedAt: number;
}

type Key = keyof typeof METRICS;

/** Seconds. The timers of most systems are 60 s: stays that they end are between 55 and 65. */
const BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 55, 65, 120, 300, 600];
const SIDES: readonly Side[] = ['client', 'server'];
const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];
const LINGERING: readonly LingeringSocket['state'][] = ['FIN_WAIT_2', 'CLOSE_WAIT'];
/** A connection that is gone has no socket. */
const STATES = TCP_STATES.filter((state) => state !== 'CLOSED') as TcpState[];

/**
 * Counts flows as they end, and tells of the newest view. There are at most some ten thousand time series however many
 * connections come (ServiceNames), some hundreds as a rule. Its labels are made of what it is given: of redacted flows and
 * views nothing else gets out. Of what is not known there is no sample: a 0 would be a lie, and NaN breaks sums.
 */
export class Metrics {
  private readonly prometheus: typeof Prometheus;
  private readonly registry: Prometheus.Registry;
  private readonly services: ServiceNames;
  private readonly usage: (() => ProcessUsage) | undefined;
  private readonly endings = new Map<ServiceLabels, Map<string, Record<string, string>>>();
  private latest: LiveView | null = null;
  /** services that had sockets in TIME_WAIT once: their line falls to 0 and does not break off */
  private readonly waited = new Set<ServiceLabels>();

  private readonly flowsEnded: Prometheus.Counter;
  private readonly finWait2: Prometheus.Histogram;
  private readonly closeWait: Prometheus.Histogram;
  private readonly timeWaits: Prometheus.Counter;
  private readonly resets: Prometheus.Counter;
  private readonly resetsIgnored: Prometheus.Counter;
  private readonly flowsSeen: Prometheus.Counter;
  private readonly flowsPresent: Prometheus.Gauge;
  private readonly sockets: Prometheus.Gauge;
  private readonly timeWaitSockets: Prometheus.Gauge;
  private readonly oldestAge: Prometheus.Gauge;
  private readonly kernelSockets: Prometheus.Gauge;
  private readonly findings: Prometheus.Gauge;
  private readonly findingsTime: Prometheus.Gauge;
  private readonly packets: Prometheus.Counter;
  private readonly tcpPackets: Prometheus.Counter;
  private readonly dropped: Prometheus.Counter;
  private readonly capture: Prometheus.Gauge;
  private readonly captureStart: Prometheus.Gauge;
  private readonly build: Prometheus.Gauge;
  private readonly memory: Prometheus.Gauge;
  private readonly cpu: Prometheus.Counter;
  private readonly processStart: Prometheus.Gauge;

  /** @param prometheus the library, loaded where metrics are wanted: that takes a tenth of a second */
  constructor({ version, portRange, usage }: MetricsOptions, prometheus: typeof Prometheus) {
    this.prometheus = prometheus;
    this.registry = new prometheus.Registry();
    this.flowsEnded = this.counter('flowsEnded');
    this.finWait2 = this.histogram('finWait2');
    this.closeWait = this.histogram('closeWait');
    this.timeWaits = this.counter('timeWaits');
    this.resets = this.counter('resets');
    this.resetsIgnored = this.counter('resetsIgnored');
    this.flowsSeen = this.counter('flowsSeen');
    this.flowsPresent = this.gauge('flowsPresent');
    this.sockets = this.gauge('sockets');
    this.timeWaitSockets = this.gauge('timeWaitSockets');
    this.oldestAge = this.gauge('oldestAge');
    this.kernelSockets = this.gauge('kernelSockets');
    this.findings = this.gauge('findings');
    this.findingsTime = this.gauge('findingsTime');
    this.packets = this.counter('packets');
    this.tcpPackets = this.counter('tcpPackets');
    this.dropped = this.counter('dropped');
    this.capture = this.gauge('capture');
    this.captureStart = this.gauge('captureStart');
    this.build = this.gauge('build');
    this.memory = this.gauge('memory');
    this.cpu = this.counter('cpu');
    this.processStart = this.gauge('processStart');
    this.services = new ServiceNames(portRange);
    this.usage = usage;
    this.build.set({ version: plain(version) }, 1);
    // From the beginning, so that rate() has the first one too.
    for (const cause of RESET_CAUSES) for (const by of RESET_BY) this.resets.inc({ cause, by }, 0);
    for (const side of SIDES) {
      this.finWait2.zero({ side });
      this.closeWait.zero({ side });
      for (const ended_by of TIME_WAIT_ENDS) this.timeWaits.inc({ side, ended_by }, 0);
    }
    const untold = [this.flowsSeen, this.flowsPresent, this.findingsTime, this.packets, this.tcpPackets, this.dropped];
    for (const each of [...untold, this.captureStart, this.memory, this.cpu, this.processStart]) each.remove();
  }

  /** What text() is to be called in HTTP. */
  get contentType(): string {
    return this.registry.contentType;
  }

  /** Counts a flow of which nothing more is to come, or that the capture's end cut off. */
  flowEnded(flow: Flow): void {
    const { reset, endpoints } = flow;
    this.flowsEnded.inc(this.endingOf(flow));
    if (reset !== null) {
      if (reset.by !== null) this.resets.inc({ cause: reset.cause ?? 'unknown', by: reset.by });
      this.resetsIgnored.inc(reset.ignored);
    }
    for (const side of SIDES) {
      const { states, timeWait } = endpoints[side];
      for (const { state, seconds, open, basis } of states) {
        if (seconds === null || open || basis === 'assumed') continue; // as the report's totals
        if (state === 'FIN_WAIT_2') this.finWait2.observe({ side }, seconds);
        else if (state === 'CLOSE_WAIT') this.closeWait.observe({ side }, seconds);
      }
      if (timeWait !== null) this.timeWaits.inc({ side, ended_by: timeWait.endedBy });
    }
  }

  /** What is to be told from now on of the present; kept until the next one. */
  view(view: LiveView): void {
    this.latest = view;
  }

  /** The text format 0.0.4, as of the newest view. */
  async text(): Promise<string> {
    if (this.latest !== null) this.tell(this.latest);
    if (this.usage !== undefined) {
      const { residentBytes, cpuSeconds, startedAt } = this.usage();
      this.memory.set(residentBytes);
      tellTotal(this.cpu, cpuSeconds);
      this.processStart.set(startedAt);
    }
    return await this.registry.metrics();
  }

  /** Labels of a flow's end: made once, as that takes longer than all the rest of counting it. */
  private endingOf(flow: Flow): Record<string, string> {
    const { kind, initiator } = flow;
    const closer = initiator ?? 'none';
    const service = this.services.ofFlow(flow);
    const name = `${kind} ${closer}`;
    const endings = this.endings.get(service) ?? new Map<string, Record<string, string>>();
    const labels = endings.get(name) ?? { ...service, kind, closer };
    this.endings.set(service, endings.set(name, labels));
    return labels;
  }

  private tell(view: LiveView): void {
    const { source, flows, findingsAt } = view;
    tellTotal(this.packets, view.packets);
    tellTotal(this.tcpPackets, view.tcpPackets);
    if (view.dropped === null) this.dropped.remove();
    else tellTotal(this.dropped, view.dropped);
    tellTotal(this.flowsSeen, flows.total);
    this.flowsPresent.set(flows.present);
    this.captureStart.set(view.startedAt / 1000);
    this.capture.reset();
    this.capture.set({ interface: plain(source.interface), backend: source.backend, timestamps: source.timestamps }, 1);
    for (const side of SIDES)
      for (const state of STATES) this.sockets.set({ side, state }, view.states[side][state] ?? 0);
    this.kernelSockets.reset();
    if (view.kernel !== null) {
      for (const state of [...STATES, 'LISTEN'] as const) {
        this.kernelSockets.set({ state }, view.kernel.states[state] ?? 0);
      }
    }
    this.tellTimeWaits(view);
    this.tellAges(view);
    if (findingsAt !== null) this.tellFindings(view, findingsAt);
  }

  /** The view lists the ports with the most sockets; its states know of all. */
  private tellTimeWaits({ states, timeWait }: LiveView): void {
    const counts = new Map<ServiceLabels, number>();
    const listed = { client: 0, server: 0 };
    const add = (labels: ServiceLabels, sockets: number) => counts.set(labels, (counts.get(labels) ?? 0) + sockets);
    for (const each of timeWait) {
      listed[each.side] += each.sockets;
      const { address, port } = each;
      if (port !== null && each.side === 'server') add(this.services.ofTimeWait({ address, port }), each.sockets);
    }
    const rest = (states.server.TIME_WAIT ?? 0) - listed.server;
    if (rest > 0) add(OTHER, rest);
    for (const labels of counts.keys()) this.waited.add(labels);
    for (const labels of this.waited) this.timeWaitSockets.set({ side: 'server', ...labels }, counts.get(labels) ?? 0);
    const clients = Math.max(states.client.TIME_WAIT ?? 0, listed.client);
    this.timeWaitSockets.set({ side: 'client', port: 'ephemeral' }, clients);
  }

  private tellAges({ now, lingering, states }: LiveView): void {
    this.oldestAge.reset();
    for (const side of SIDES) {
      for (const state of LINGERING) {
        const since = lingering
          .filter((each) => each.side === side && each.state === state)
          .reduce((least, each) => Math.min(least, each.since), Number.POSITIVE_INFINITY);
        if (Number.isFinite(since)) this.oldestAge.set({ side, state }, Math.max(0, now - since) / 1000);
        else if ((states[side][state] ?? 0) === 0) this.oldestAge.set({ side, state }, 0);
      }
    }
  }

  private tellFindings({ findings }: LiveView, at: number): void {
    this.findings.reset();
    for (const rule of RULE_NAMES) for (const severity of SEVERITIES) this.findings.set({ rule, severity }, 0);
    for (const { rule, severity } of findings) this.findings.inc({ rule, severity });
    this.findingsTime.set(at / 1000);
  }

  private counter(key: Key): Prometheus.Counter {
    return new this.prometheus.Counter(this.settings(key));
  }

  private gauge(key: Key): Prometheus.Gauge {
    return new this.prometheus.Gauge(this.settings(key));
  }

  private histogram(key: Key): Prometheus.Histogram {
    return new this.prometheus.Histogram({ ...this.settings(key), buckets: [...BUCKETS] });
  }

  private settings(key: Key): {
    name: string;
    help: string;
    labelNames: readonly string[];
    registers: Prometheus.Registry[];
  } {
    const { name, help, labels } = METRICS[key];
    return { name, help, labelNames: labels, registers: [this.registry] };
  }
}

/** Sets a counter of which somebody else keeps the count. */
function tellTotal(counter: Prometheus.Counter, total: number): void {
  counter.reset();
  counter.inc(total);
}
