/** `-w`: the packets beside the report, in files that take turns; and reports that come while it captures. */
import { mkdirSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Flow, Report } from '../../src/report/types.ts';
import { teardown } from '../cli/run.ts';
import { itKernel, missingForKernel } from '../support/kernel.ts';
import { openPage } from '../support/page.ts';
import { hasProgram, missing } from '../support/shared.ts';
import { openFolder, Place, reportOf, sleep } from './rig.ts';

let place: Place;

beforeAll(async () => {
  if (missingForKernel() !== null) return;
  place = new Place(openFolder());
  await place.serve();
});

afterAll(() => place?.remove());

const named = (pattern: RegExp) => place.files().filter((name) => pattern.test(name));

async function analyzed(...files: string[]): Promise<Report> {
  const { code, stdout, stderr } = await teardown(['analyze', ...files.map((file) => place.path(file)), '-f', 'json']);
  expect([code, stderr]).toEqual([0, '']);
  return reportOf(stdout);
}

/** What packets alone tell of a flow, whatever the kernel of this machine adds to it. */
function told({ id, client, server, kind, closeShape, initiator, packets, bytes, reset, history, ...flow }: Flow) {
  const { firstPacket, lastPacket, endpoints, communityId, connState } = flow;
  const frames = [endpoints.client, endpoints.server].map(({ role, finAt, states }) => {
    return [role, finAt, states.map((span) => [span.state, span.frames])];
  });
  const ends = [client, server, kind, closeShape, initiator, connState, communityId];
  return { id, ends, packets, bytes, reset, history, firstPacket, lastPacket, frames };
}

describe('saved packets', () => {
  for (const backend of ['tcpdump', 'dumpcap', 'cap'] as const) {
    const name = `${backend}: whole, and in files that follow each other, they give the flows that were reported`;
    const test = async () => {
      const run = (kind: string, ...args: string[]) => {
        const outputs = ['-f', 'json', '-w', `${backend}-${kind}.pcap`];
        return place.captures(['--backend', backend, ...outputs, ...args]);
      };
      const [whole, bySize] = await Promise.all([run('whole'), run('size', '--rotate-size', '2k')]);
      await place.call('server', 'client', 'aborted', 'kept', 'server');
      await sleep(500);
      const [one, several] = await Promise.all([whole!.end(), bySize!.end()]);
      expect([one.code, several.code]).toEqual([0, 0]);
      const files = named(new RegExp(`^${backend}-size-\\d{5}\\.pcap$`));
      expect(files.length).toBeGreaterThanOrEqual(3);
      expect(one.stderr).toMatch(new RegExp(`^teardown: packets saved in ${backend}-whole\\.pcap$`, 'm'));
      expect(several.stderr).toContain(`saved in ${files.at(-1)}, the last of ${files.length} files\n`);
      for (const [{ stdout }, saved] of [[one, [`${backend}-whole.pcap`]] as const, [several, files] as const]) {
        const live = reportOf(stdout);
        const read = await analyzed(...saved);
        expect(live.totals.flows).toBe(5);
        expect(read.flows.map(told)).toEqual(live.flows.map(told));
        expect(read.capture.packets).toBe(live.capture.packets);
        expect(read.totals.byKind).toEqual(live.totals.byKind);
      }
    };
    if (backend === 'dumpcap' && !hasProgram('dumpcap')) missing(name, 'dumpcap');
    else itKernel(name, test);
  }

  itKernel('change files with time, and the newest are kept', async () => {
    const rotation = ['--rotate-every', '1s', '--rotate-keep', '2'];
    const run = await place.captures(['-f', 'json', '-w', 'time-%H%M%S.pcap', ...rotation]);
    for (let i = 0; i < 4; i++) {
      await place.call('client');
      await sleep(1050);
    }
    const { code, stdout, stderr } = await run.end();
    expect([code, reportOf(stdout).totals.flows]).toEqual([0, 4]);
    const files = named(/^time-/);
    expect(files).toHaveLength(2);
    for (const file of files) expect(file).toMatch(/^time-\d{6}\.pcap$/);
    expect(stderr).toContain(`saved in ${files[1]}, the last of 4 files\n`);
    expect((await analyzed(...files)).totals.flows).toBe(2);
  });
});

describe('--every', () => {
  itKernel('a report each time, and together they have every connection', async () => {
    const outputs = ['json', 'html'].flatMap((format) => ['-o', `every-%Y%m%dT%H%M%S.${format}`]);
    const run = await place.captures(['--every', '2s', ...outputs]);
    const from = Date.now();
    for (let i = 0; i < 5; i++) {
      await place.call(i % 2 === 0 ? 'server' : 'client');
      await sleep(i === 4 ? 100 : 900);
    }
    const { code, stdout } = await run.end();
    expect(code).toBe(0);
    const files = named(/^every-.*json$/);
    expect(files.length).toBeGreaterThanOrEqual(2);
    expect(files.length).toBeLessThanOrEqual(2 + (Date.now() - from) / 2000);
    for (const file of files) expect(file).toMatch(/^every-20\d{6}T\d{6}\.json$/);
    const names = files.flatMap((file) => [file, file.replace('json', 'html')]);
    expect(stdout.trim().split('\n').sort()).toEqual(names.map((name) => `wrote ${name}`).sort());
    const reports = files.map((file) => reportOf(place.read(file)));
    const clients = reports.map(({ flows }) => flows.map(({ client }) => client.port));
    expect(new Set(clients.flat()).size).toBe(5);
    // What is still in TIME_WAIT is in the reports behind it too; packets are counted once.
    expect(clients.flat().length).toBeGreaterThan(5);
    const first = reports[0]!.flows[0]!;
    const packets = reports.reduce((sum, { capture }) => sum + capture.packets, 0);
    const whole = new Map(reports.flatMap(({ flows }) => flows.map((flow) => [flow.client.port, flow] as const)));
    const counted = [...whole.values()].reduce((sum, flow) => sum + flow.packets.client + flow.packets.server, 0);
    expect(packets).toBe(counted);
    for (const { flows } of reports) {
      for (const { client, initiator } of flows) expect(initiator).toBe(whole.get(client.port)!.initiator);
    }
    const { faults, data } = openPage(place.read(files[0]!.replace('json', 'html')));
    expect(faults).toEqual([]);
    expect(data!.flows.map(({ id }) => id)).toEqual(reports[0]!.flows.map(({ id }) => id));
    expect(data!.ladders.get(first.id)?.pieces).toHaveLength(first.packets.client + first.packets.server);
  });

  itKernel('where a report can be written no more, the run ends with one error, and the rest is told', async () => {
    mkdirSync(place.path('gone'), { mode: 0o777 });
    const args = ['--user', 'root', '--every', '1s', '-o', 'gone/every-%s.json', '-f', 'text'];
    const run = await place.captures(args);
    await place.call('client');
    rmSync(place.path('gone'), { recursive: true });
    const { code, stdout, stderr } = await run.ended;
    expect(code).toBe(2);
    expect(stdout).toMatch(/^teardown {2}live0/m);
    expect(stdout).toContain('1 connection in ');
    const [, ...lines] = stderr.trimEnd().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^teardown: can't write gone\/every-\d+\.json: the folder gone does not exist$/),
      '  Create it first: mkdir -p gone',
    ]);
  });
});
