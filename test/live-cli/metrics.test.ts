/** What Prometheus is told while it captures; and that nothing real gets out where that is not wanted. */
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Flow } from '../../src/report/types.ts';
import { type Family, parseExposition } from '../output/exposition.ts';
import { itKernel, missingForKernel } from '../support/kernel.ts';
import { wholeText } from '../support/page.ts';
import { type Live, openFolder, Place, reportOf, SECRET, sleep, until } from './rig.ts';

let place: Place;

beforeAll(async () => {
  if (missingForKernel() !== null) return;
  place = new Place(openFolder());
  await place.serve();
});

afterAll(() => place?.remove());

/** As Prometheus does, from inside the namespace. */
function scrape(run: Live): string {
  const url = /metrics at (http:\S+\/metrics);/.exec(run.stderr)?.[1];
  return place.say(
    'python3',
    '-c',
    'import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read().decode(), end="")',
    url!,
  );
}

/** The sum of all samples with these labels; null: there is none. */
function value(families: Map<string, Family>, name: string, labels: Record<string, string> = {}): number | null {
  const all = families.get(name)?.samples.filter((sample) => {
    return Object.entries(labels).every(([label, wanted]) => sample.labels[label] === wanted);
  });
  return all === undefined || all.length === 0 ? null : all.reduce((sum, sample) => sum + sample.value, 0);
}

describe('--metrics', () => {
  itKernel('counts what there is and what has been', async () => {
    const run = await place.captures(['--metrics', '0', '-f', 'json']);
    expect(run.stderr).toMatch(
      /^teardown: captures on live0 by tcpdump \(kernel timestamps\); metrics at http:\/\/127\.0\.0\.1:\d+\/metrics; Ctrl-C ends it\n$/,
    );
    await place.call('server', 'server', 'client', 'kept');
    await place.callFrom(40_124, 'aborted', 'aborted');
    let now = new Map<string, Family>();
    const isTold = () =>
      value(now, 'teardown_flows_ended_total') !== null &&
      value(now, 'teardown_packets_dropped_total') !== null &&
      value(now, 'teardown_flows_seen_total') === 6 &&
      value(now, 'teardown_kernel_sockets', { state: 'CLOSE_WAIT' }) === 1;
    // The first that was aborted is over, as its ports were taken by the second; drops and sockets are looked at now and then.
    for (let tries = 0; tries < 20 && !isTold(); tries++) {
      await sleep(500);
      now = parseExposition(scrape(run));
    }
    const here = { address: '10.77.0.1' };
    const of = (name: string, labels?: Record<string, string>) => value(now, `teardown_${name}`, labels);
    expect({
      seen: of('flows_seen_total'),
      present: of('flows_present'),
      ended: of('flows_ended_total'),
      aborted: of('flows_ended_total', { ...here, port: '8004', kind: 'aborted', closer: 'client' }),
      resets: of('resets_total', { by: 'client' }),
      timeWaits: of('time_wait_sockets', { side: 'server', ...here, port: '8001' }),
      others: of('time_wait_sockets', { side: 'client' }),
      closeWait: of('sockets', { side: 'server', state: 'CLOSE_WAIT' }),
      finWait2: of('sockets', { side: 'client', state: 'FIN_WAIT_2' }),
      dropped: of('packets_dropped_total'),
      info: of('capture_info', { interface: 'live0', backend: 'tcpdump', timestamps: 'kernel' }),
      kernelTimeWaits: of('kernel_sockets', { state: 'TIME_WAIT' }),
      kernelCloseWaits: of('kernel_sockets', { state: 'CLOSE_WAIT' }),
      listening: of('kernel_sockets', { state: 'LISTEN' }),
    }).toEqual({
      seen: 6,
      present: 4,
      ended: 1,
      aborted: 1,
      resets: 1,
      timeWaits: 2,
      // The kernel's are counted too, and scrapes are made from this machine.
      others: expect.toSatisfy((count: number) => count >= 1),
      closeWait: 1,
      finWait2: 1,
      dropped: 0,
      info: 1,
      kernelTimeWaits: expect.toSatisfy((count: number) => count >= 2),
      kernelCloseWaits: 1,
      listening: 5,
    });
    const { code, stdout } = await run.end();
    expect(code).toBe(0);
    expect(reportOf(stdout).capture.packets).toBe(of('packets_total'));
  });
});

describe('--redact', () => {
  itKernel('no real address is in any output, and none in what is told meanwhile', async () => {
    const formats = ['json', 'ndjson', 'csv', 'md', 'html', 'txt'];
    const outputs = formats.flatMap((format) => ['-o', `redacted.${format}`]);
    const filter = ['-i', 'live0', 'host 10.77.0.1 and tcp portrange 8001-8004'];
    const text = await place.live(['--redact', '-f', 'text', '--metrics', '0', ...outputs, ...filter]).begun();
    const lines = await place.live(['--redact-mode', 'prefix', '-f', 'ndjson', ...filter]).begun();
    await place.call('server', 'kept', 'client');
    await place.callFrom(40_125, 'aborted', 'aborted');
    await until(() => text.stdout.split('\n').length > 4 && lines.stdout !== '', 'lines');
    await sleep(1000);
    const metrics = scrape(text);
    const [one, other] = await Promise.all([text.end(), lines.end()]);
    expect([one.code, other.code]).toEqual([0, 0]);
    const written = new Map(formats.map((format) => [format, place.read(`redacted.${format}`)]));
    written.set('page', wholeText(written.get('html')!));
    written.set('metrics', metrics);
    written.set('text', one.stdout + one.stderr);
    written.set('lines', other.stdout + other.stderr);
    for (const [name, content] of written) {
      expect(content.length, name).toBeGreaterThan(300);
      expect(content, name).not.toMatch(/10\.77\.0|0a4d00|\x0aM\x00[\x01\x02]/i);
      expect(content, name).not.toContain(SECRET);
      if (name !== 'lines' && name !== 'html') expect(content, name).toContain('server-1');
    }
    expect(one.stdout).toMatch(/#1 \w+-\d:\d+ > server-1:8001 {2}server closed first/);
    const report = reportOf(written.get('json')!);
    expect(report.flows.map(({ server }) => server.address)).toEqual(Array.from({ length: 5 }, () => 'server-1'));
    const flows = other.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Flow);
    expect(new Set(flows.map(({ server }) => server.address)).size).toBe(1);
  });
});
