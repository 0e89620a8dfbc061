/** Labels: bounded whatever comes, escaped, and nothing that is not given. */

import { describe, expect, test } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import { METRICS } from '../../src/output/metric-list.ts';
import { MOST_DOUBTFUL, MOST_SERVICES } from '../../src/output/metric-services.ts';
import type { Metrics } from '../../src/output/metrics.ts';
import { exampleView, finding, flowOf, made, NOW, read, sum, waiting } from './metrics-read.ts';

const DEMO = new URL('../../fixtures/demo/restart-outage.pcap', import.meta.url).pathname;

const refused = { kind: 'refused', initiator: null } as const;

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
    await analyze([DEMO], { redact: true, onFlow: (flow) => metrics.flowEnded(flow) });
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
