/** Metrics as a test reads them, and what they are made of. */

import * as prometheus from 'prom-client';
import { METRICS } from '../../src/output/metric-list.ts';
import { Metrics, type MetricsOptions } from '../../src/output/metrics.ts';
import type { Finding, Flow } from '../../src/report/types.ts';
import type { LiveView, TimeWaitPort } from '../../src/watch/view.ts';
import { exampleFlow } from './example.ts';
import { type Family, parseExposition } from './exposition.ts';

export const NOW = 1_772_366_460_000;

export const made = (options: Partial<MetricsOptions> = {}) =>
  new Metrics({ version: '1.2.3', ...options }, prometheus);

export async function read(metrics: Metrics): Promise<Map<string, Family>> {
  return parseExposition(await metrics.text());
}

/** The sum of the samples that have these labels; null: there is none. */
export function sum(
  families: Map<string, Family>,
  key: keyof typeof METRICS,
  labels: Record<string, string> = {},
  ending = '',
) {
  const { name } = METRICS[key];
  const found = families
    .get(name)!
    .samples.filter((each) => ending === '' || each.name === name + ending)
    .filter((each) => Object.entries(labels).every(([label, value]) => each.labels[label] === value));
  return found.length === 0 ? null : found.reduce((all, each) => all + each.value, 0);
}

export function exampleView(overrides: Partial<LiveView> = {}): LiveView {
  return {
    now: NOW,
    startedAt: NOW - 60_500,
    source: { interface: 'eth0', backend: 'tcpdump', timestamps: 'kernel', filter: 'host 10.9.9.9', snaplen: 128 },
    packets: 1200,
    tcpPackets: 1100,
    packetsPerSecond: 20,
    dropped: 7,
    flows: { total: 90, present: 12 },
    states: { client: { ESTABLISHED: 5, TIME_WAIT: 40 }, server: { CLOSE_WAIT: 2, TIME_WAIT: 11, FIN_WAIT_2: 1 } },
    services: { services: [], others: 0 },
    timeWait: [waiting('10.0.0.1', 80, 'server', 8), waiting('10.0.0.9', 41_000, 'client', 1)],
    lingering: [
      lingering('CLOSE_WAIT', 'server', 50),
      lingering('CLOSE_WAIT', 'server', 2),
      lingering('FIN_WAIT_2', 'server', 1.25),
    ],
    findings: [],
    findingsAt: null,
    rows: [],
    kernel: null,
    ...overrides,
  };
}

export function waiting(address: string, port: number, side: TimeWaitPort['side'], sockets: number): TimeWaitPort {
  return { address, port, side, sockets, firstFree: NOW, lastFree: NOW + 60_000, basis: 'assumed' };
}

export function lingering(state: 'FIN_WAIT_2' | 'CLOSE_WAIT', side: 'client' | 'server', seconds: number) {
  return {
    id: 1,
    state,
    side,
    local: '10.0.0.1:80',
    peer: '10.0.0.9:41000',
    since: NOW - seconds * 1000,
    holder: null,
  };
}

export function flowOf(server: string, port: number, overrides: Partial<Flow> = {}): Flow {
  return exampleFlow({ server: { address: server, port }, ...overrides });
}

export function finding(overrides: Partial<Finding> = {}): Finding {
  return {
    rule: 'refused',
    severity: 'warning',
    title: 'to 10.0.0.1',
    because: 'of 10.0.0.2',
    doThis: [],
    confidence: 'likely',
    endpoint: '10.0.0.1:80',
    flows: [],
    flowCount: 0,
    frames: [],
    at: null,
    until: null,
    rfc: null,
    wiresharkFilter: null,
    ...overrides,
  };
}
