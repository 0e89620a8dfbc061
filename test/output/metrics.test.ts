import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { README_WITH_METRICS, withMetricsTable } from '../../scripts/metrics-table.ts';
import { analyze } from '../../src/analyze.ts';
import { METRICS } from '../../src/output/metric-list.ts';
import { exampleFlow, reset } from './example.ts';
import { parseExposition } from './exposition.ts';
import { exampleView, finding, flowOf, made, NOW, read, sum } from './metrics-read.ts';

const ROOT = new URL('../../', import.meta.url);
const DEMO = 'fixtures/demo/restart-outage.pcap';
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
      const closeWait = spans.flatMap(({ state, seconds, open, basis }) =>
        state === 'CLOSE_WAIT' && seconds !== null && !open && basis !== 'assumed' ? [seconds] : [],
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
