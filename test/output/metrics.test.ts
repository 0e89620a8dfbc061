import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { README_WITH_METRICS, withMetricsTable } from '../../scripts/metrics-table.ts';
import { analyze } from '../../src/analyze.ts';
import { METRICS } from '../../src/output/metric-list.ts';
import { MOST_DOUBTFUL, MOST_SERVICES } from '../../src/output/metric-services.ts';
import { Metrics, type MetricsOptions } from '../../src/output/metrics.ts';
import type { Finding, Flow } from '../../src/report/types.ts';
import type { LiveView, TimeWaitPort } from '../../src/watch/view.ts';
import { exampleFlow, reset } from './example.ts';
import { type Family, parseExposition } from './exposition.ts';

const ROOT = new URL('../../', import.meta.url);
const DEMO = 'fixtures/demo/restart-outage.pcap';
const NOW = 1_772_366_460_000;

const made = (options: Partial<MetricsOptions> = {}) => new Metrics({ version: '1.2.3', ...options });

async function read(metrics: Metrics): Promise<Map<string, Family>> {
  return parseExposition(await metrics.text());
}

/** The sum of the samples that have these labels; null: there is none. */
function sum(
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

function exampleView(overrides: Partial<LiveView> = {}): LiveView {
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

function waiting(address: string, port: number, side: TimeWaitPort['side'], sockets: number): TimeWaitPort {
  return { address, port, side, sockets, firstFree: NOW, lastFree: NOW + 60_000, basis: 'assumed' };
}

function lingering(state: 'FIN_WAIT_2' | 'CLOSE_WAIT', side: 'client' | 'server', seconds: number) {
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

function flowOf(server: string, port: number, overrides: Partial<Flow> = {}): Flow {
  return exampleFlow({ server: { address: server, port }, ...overrides });
}

function finding(overrides: Partial<Finding> = {}): Finding {
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

const refused = { kind: 'refused', initiator: null } as const;

describe('flows', () => {
  const cases = readdirSync(new URL('fixtures/cases', ROOT)).map((name) => `fixtures/cases/${name}`);
  const captures = [
    DEMO,
    ...cases.flatMap((folder) =>
      readdirSync(new URL(folder, ROOT))
        .filter((name) => /\.pcap(ng)?$/.test(name))
        .map((name) => `${folder}/${name}`),
    ),
  ];

  test('are counted as the totals of the report have them, in every real capture', async () => {
    expect(captures.length).toBeGreaterThan(20);
    for (const path of captures) {
      const metrics = made();
      const { totals, flows } = await analyze([new URL(path, ROOT).pathname], {
        onFlow: (flow) => metrics.flowEnded(flow),
      });
      const families = await read(metrics);
      const count = (key: keyof typeof METRICS, labels = {}, ending = '') => sum(families, key, labels, ending) ?? 0;
      expect(count('flowsEnded'), path).toBe(totals.flows);
      for (const [kind, n] of Object.entries(totals.byKind)) expect(count('flowsEnded', { kind }), path).toBe(n);
      for (const [closer, n] of Object.entries(totals.byInitiator)) {
        expect(count('flowsEnded', { closer }), path).toBe(n);
      }
      expect(count('finWait2', {}, '_count'), path).toBe(totals.finWait2.count);
      expect(count('timeWaits'), path).toBe(totals.timeWait.count);
      const ended = flows.filter((flow) => flow.reset?.by != null);
      expect(count('resets'), path).toBe(ended.length);
      for (const { reset } of ended)
        expect(count('resets', { cause: reset!.cause!, by: reset!.by! }), path).toBeGreaterThan(0);
      const spans = flows.flatMap(({ endpoints: { client, server } }) => [...client.states, ...server.states]);
      const closeWait = spans.flatMap(({ state, seconds, open }) =>
        state === 'CLOSE_WAIT' && seconds !== null && !open ? [seconds] : [],
      );
      expect(count('closeWait', {}, '_count'), path).toBe(closeWait.length);
      expect(count('closeWait', {}, '_sum'), path).toBeCloseTo(
        closeWait.reduce((all, each) => all + each, 0),
        6,
      );
    }
  });

  test('are told apart by service, kind and who closed first', async () => {
    const metrics = made();
    metrics.flowEnded(flowOf('10.0.0.1', 80));
    metrics.flowEnded(flowOf('2001:db8::1', 80, { initiator: 'client' }));
    metrics.flowEnded(flowOf('10.0.0.1', 80, { kind: 'open', initiator: null }));
    const { samples } = (await read(metrics)).get(METRICS.flowsEnded.name)!;
    expect(samples.map(({ labels, value }) => ({ ...labels, value }))).toEqual([
      { address: '10.0.0.1', port: '80', kind: 'graceful', closer: 'server', value: 1 },
      { address: '2001:db8::1', port: '80', kind: 'graceful', closer: 'client', value: 1 },
      { address: '10.0.0.1', port: '80', kind: 'open', closer: 'none', value: 1 },
    ]);
  });

  test('put their stays into buckets by side', async () => {
    const metrics = made();
    metrics.flowEnded(exampleFlow()); // the server's FIN_WAIT_2: 4.989 s
    const families = await read(metrics);
    const bucket = (le: string) => sum(families, 'finWait2', { side: 'server', le });
    expect([bucket('2.5'), bucket('5'), bucket('+Inf')]).toEqual([0, 1, 1]);
    expect(sum(families, 'finWait2', { side: 'server' }, '_sum')).toBeCloseTo(4.989, 9);
    expect(sum(families, 'finWait2', { side: 'client' }, '_count')).toBe(0);
    expect(sum(families, 'closeWait', { side: 'client' }, '_count')).toBe(1);
  });

  test('count RSTs that ended nothing apart', async () => {
    const metrics = made();
    const nothing = { by: null, at: null, frame: null, cause: null, ignored: 3 };
    metrics.flowEnded(exampleFlow({ reset: reset('client', 1, 1, nothing) }));
    metrics.flowEnded(exampleFlow({ reset: reset('server', 1, 1, { ignored: 1 }) }));
    const families = await read(metrics);
    expect(sum(families, 'resetsIgnored')).toBe(4);
    expect(sum(families, 'resets')).toBe(1);
    expect(sum(families, 'resets', { cause: 'unread-data', by: 'server' })).toBe(1);
    expect(sum(families, 'resets', { cause: 'linger-zero', by: 'client' })).toBe(0); // there from the beginning
  });
});

describe('labels', () => {
  const services = async (metrics: Metrics) => {
    const { samples } = (await read(metrics)).get(METRICS.flowsEnded.name)!;
    return new Set(
      samples.map(({ labels }) => (labels['address'] === undefined ? labels['port']! : JSON.stringify(labels))),
    );
  };

  test(`name ${MOST_SERVICES} services, and the rest together`, async () => {
    const metrics = made();
    for (let i = 0; i < 1000; i++) metrics.flowEnded(flowOf(`10.0.${i >> 8}.${i & 255}`, 443));
    const names = await services(metrics);
    expect(names.size).toBe(MOST_SERVICES + 1);
    const families = await read(metrics);
    expect(sum(families, 'flowsEnded', { port: 'other' })).toBe(1000 - MOST_SERVICES);
    expect(sum(families, 'flowsEnded', { address: '10.0.0.0' })).toBe(1);
  });

  test('are left for services that answer after a port scan', async () => {
    const metrics = made();
    for (let port = 1; port <= 5000; port++) metrics.flowEnded(flowOf('10.0.0.1', port, refused));
    expect((await services(metrics)).size).toBe(MOST_DOUBTFUL + 1);
    metrics.flowEnded(flowOf('10.0.0.1', 4000));
    const families = await read(metrics);
    expect(sum(families, 'flowsEnded', { port: '4000', kind: 'graceful' })).toBe(1);
    expect(sum(families, 'flowsEnded', { port: 'other' })).toBe(5000 - MOST_DOUBTFUL);
  });

  test('that were doubtful are sure once the service answers, and make room', async () => {
    const metrics = made();
    for (let port = 1; port <= MOST_DOUBTFUL; port++) metrics.flowEnded(flowOf('10.0.0.1', port, refused));
    metrics.flowEnded(flowOf('10.0.0.1', 1));
    metrics.flowEnded(flowOf('10.0.0.1', 1000, refused));
    metrics.flowEnded(flowOf('10.0.0.1', 1001, refused));
    const families = await read(metrics);
    expect(sum(families, 'flowsEnded', { port: '1000' })).toBe(1);
    expect(sum(families, 'flowsEnded', { port: 'other' })).toBe(1);
  });

  test('never have an ephemeral port, unless a handshake shows that it is a service', async () => {
    const metrics = made();
    metrics.flowEnded(flowOf('10.0.0.1', 50_051));
    for (const port of [40_000, 40_001]) metrics.flowEnded(flowOf('10.0.0.2', port, { orientation: 'first-packet' }));
    metrics.flowEnded(flowOf('10.0.0.1', 50_051, { orientation: 'port' }));
    metrics.view(
      exampleView({ timeWait: [waiting('10.0.0.2', 40_002, 'server', 3), waiting('10.0.0.1', 50_051, 'server', 4)] }),
    );
    const families = await read(metrics);
    expect(sum(families, 'flowsEnded', { port: '50051' })).toBe(2);
    expect(sum(families, 'flowsEnded', { port: 'other' })).toBe(2);
    expect(sum(families, 'timeWaitSockets', { side: 'server', port: '50051' })).toBe(4);
    expect(sum(families, 'timeWaitSockets', { side: 'server', port: 'other' })).toBe(7);
  });

  test('go by the range of ephemeral ports that was said', async () => {
    const metrics = made({ portRange: [1024, 2000] });
    metrics.flowEnded(flowOf('10.0.0.1', 1500, { orientation: 'port' }));
    metrics.flowEnded(flowOf('10.0.0.1', 40_000, { orientation: 'port' }));
    const families = await read(metrics);
    expect(sum(families, 'flowsEnded', { port: 'other' })).toBe(1);
    expect(sum(families, 'flowsEnded', { port: '40000' })).toBe(1);
  });

  test('are escaped, and have no control characters', async () => {
    const metrics = made({ version: 'a"b\\c\nd' });
    const source = { ...exampleView().source, interface: 'x"} 1\n# TYPE y\\z \x1b[31m,{}' };
    metrics.view(exampleView({ source }));
    const families = await read(metrics);
    expect(families.get(METRICS.capture.name)!.samples[0]!.labels['interface']).toBe(
      'x"} 1\\x0a# TYPE y\\z \\x1b[31m,{}',
    );
    expect([...families.keys()]).toEqual(Object.values(METRICS).map(({ name }) => name));
  });

  test('tell nothing of a redacted capture but what they are given: no filter, no endpoint, no holder', async () => {
    const metrics = made();
    await analyze([new URL(DEMO, ROOT).pathname], { redact: true, onFlow: (flow) => metrics.flowEnded(flow) });
    metrics.view(
      exampleView({
        timeWait: [waiting('server-1', 9091, 'server', 3)],
        findings: [finding()],
        findingsAt: NOW,
      }),
    );
    const text = await metrics.text();
    expect(text).toMatch(/address="server-1"/);
    expect(text).not.toMatch(/\b\d+\.\d+\.\d+\.\d+\b/);
  });
});

describe('a view', () => {
  test('is told as it is', async () => {
    const metrics = made();
    metrics.view(exampleView());
    const families = await read(metrics);
    const values = (['packets', 'tcpPackets', 'dropped', 'flowsSeen', 'flowsPresent', 'captureStart'] as const).map(
      (key) => sum(families, key),
    );
    expect(values).toEqual([1200, 1100, 7, 90, 12, NOW / 1000 - 60.5]);
    expect(families.get(METRICS.capture.name)!.samples).toEqual([
      { name: METRICS.capture.name, labels: { interface: 'eth0', backend: 'tcpdump', timestamps: 'kernel' }, value: 1 },
    ]);
    expect(sum(families, 'sockets', { side: 'client', state: 'ESTABLISHED' })).toBe(5);
    expect(sum(families, 'sockets', { side: 'server', state: 'LAST_ACK' })).toBe(0);
    expect(sum(families, 'oldestAge', { side: 'server', state: 'CLOSE_WAIT' })).toBe(50);
    expect(sum(families, 'oldestAge', { side: 'server', state: 'FIN_WAIT_2' })).toBe(1.25);
    expect(sum(families, 'oldestAge', { side: 'client', state: 'FIN_WAIT_2' })).toBe(0);
  });

  test('replaces the one before, and what is not known has no sample', async () => {
    const metrics = made();
    const untold = [
      'packets',
      'dropped',
      'flowsPresent',
      'findings',
      'findingsTime',
      'kernelSockets',
      'captureStart',
      'memory',
    ] as const;
    const before = await read(metrics);
    for (const key of untold) expect(sum(before, key), key).toBeNull();
    metrics.view(exampleView({ kernel: { states: { LISTEN: 4, CLOSE_WAIT: 1 } } }));
    expect(sum(await read(metrics), 'kernelSockets', { state: 'LISTEN' })).toBe(4);
    metrics.view(
      exampleView({ packets: 1300, dropped: null, lingering: [], states: { client: {}, server: { CLOSE_WAIT: 300 } } }),
    );
    const after = await read(metrics);
    expect(sum(after, 'packets')).toBe(1300);
    expect(sum(after, 'dropped')).toBeNull();
    expect(sum(after, 'kernelSockets')).toBeNull();
    expect(sum(after, 'oldestAge', { state: 'CLOSE_WAIT', side: 'server' })).toBeNull(); // 300 of them, none of the listed
    expect(sum(after, 'oldestAge', { state: 'CLOSE_WAIT', side: 'client' })).toBe(0);
  });

  test('has all sockets in TIME_WAIT, though it lists some ports', async () => {
    const metrics = made();
    metrics.view(exampleView());
    const first = await read(metrics);
    expect(sum(first, 'timeWaitSockets', { side: 'server', address: '10.0.0.1', port: '80' })).toBe(8);
    expect(sum(first, 'timeWaitSockets', { side: 'server', port: 'other' })).toBe(3);
    expect(sum(first, 'timeWaitSockets', { side: 'client', port: 'ephemeral' })).toBe(40);
    expect(first.get(METRICS.timeWaitSockets.name)!.samples).toHaveLength(3);
    metrics.view(exampleView({ timeWait: [], states: { client: {}, server: {} } }));
    const gone = await read(metrics);
    expect(sum(gone, 'timeWaitSockets', { port: '80' })).toBe(0); // falls to 0, does not break off
    expect(sum(gone, 'timeWaitSockets')).toBe(0);
  });

  test('counts findings by rule and severity, with a 0 for what is not found', async () => {
    const metrics = made();
    const twice = finding({ rule: 'bind-blocked', severity: 'critical' });
    const findings = [finding({ rule: 'refused', severity: 'info' }), twice, twice];
    metrics.view(exampleView({ findings, findingsAt: NOW - 500 }));
    const families = await read(metrics);
    expect(sum(families, 'findings', { rule: 'bind-blocked', severity: 'critical' })).toBe(2);
    expect(sum(families, 'findings', { rule: 'refused', severity: 'critical' })).toBe(0);
    expect(sum(families, 'findings')).toBe(3);
    expect(sum(families, 'findingsTime')).toBe((NOW - 500) / 1000);
  });

  test('of our own process, where it is said', async () => {
    const usage = () => ({ residentBytes: 5e7, cpuSeconds: 1.5, startedAt: 1_772_366_000.5 });
    const families = await read(made({ usage }));
    expect([sum(families, 'memory'), sum(families, 'cpu'), sum(families, 'processStart')]).toEqual([
      5e7, 1.5, 1_772_366_000.5,
    ]);
  });
});

test('README.md lists the metrics as they are (npm run docs)', () => {
  const readme = readFileSync(new URL(README_WITH_METRICS, ROOT), 'utf8');
  expect(readme).toBe(withMetricsTable(readme));
  expect(() => withMetricsTable('no place')).toThrow(/no place/);
});

test('the strict reader of the format is strict', () => {
  const head = '# HELP a b\n# TYPE a gauge\n';
  expect(parseExposition(`${head}a{x="1",y="\\"\\\\\\n"} 1\n`).get('a')!.samples[0]!.labels).toEqual({
    x: '1',
    y: '"\\\n',
  });
  for (const wrong of [
    'a 1\n',
    `${head}a 1`,
    `${head}b 1\n`,
    `${head}a Nan\n`,
    `${head}a 1\na 1\n`,
    `${head}a{x="1",} 1\n`,
    `${head}a{x="\\q"} 1\n`,
    `${head}a{x="1" y="2"} 1\n`,
    '# TYPE a gauge\na 1\n',
    '# HELP a b\n# TYPE a counter\na 1\n',
  ]) {
    expect(() => parseExposition(wrong), wrong).toThrow();
  }
});
