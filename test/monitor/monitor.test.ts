/** A capture that is still made: at any packet its report is that of the packets up to there, and goes on undisturbed. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import { Monitor, type MonitorOptions } from '../../src/monitor.ts';
import type { Flow, LiveSource, Report } from '../../src/report/types.ts';

const SOURCE: LiveSource = { interface: 'eth0', backend: 'tcpdump', timestamps: 'kernel', filter: null, snaplen: 128 };
const STORIES = readdirSync('fixtures', { recursive: true, encoding: 'utf8' })
  .filter((name) => /^(demo|stories|cases).*\.pcap$/.test(name))
  .map((name) => join('fixtures', name));

/** Ends of the records of a little-endian pcap, with the time of the last packet up to each, ms. */
function recordsOf(bytes: Buffer): { end: number; ms: number }[] {
  const fraction = bytes.readUInt32LE(0) === 0xa1b23c4d ? 1e6 : 1e3;
  const records: { end: number; ms: number }[] = [];
  let latest = 0;
  for (let at = 24; at < bytes.length; ) {
    latest = Math.max(latest, bytes.readUInt32LE(at) * 1000 + bytes.readUInt32LE(at + 4) / fraction);
    at += 16 + bytes.readUInt32LE(at + 8);
    records.push({ end: at, ms: latest });
  }
  return records;
}

/** What depends on how the packets came. */
function comparable(report: Report): Report {
  const { capture } = report;
  const files = capture.files.map((file) => ({ ...file, name: '', bytes: 0 }));
  return { ...report, capture: { ...capture, live: null, files } };
}

async function monitored(bytes: Buffer, options: Partial<MonitorOptions> = {}) {
  const stream = new PassThrough();
  let now = 0;
  const monitor = new Monitor({ stream, source: SOURCE, dropped: () => null, now: () => now, ...options });
  stream.write(bytes.subarray(0, 24));
  const over = monitor.run();
  let given = 24;
  const give = async (end: number, ms: number) => {
    now = ms + 1000; // packets may be a second late
    stream.write(bytes.subarray(given, end));
    given = end;
    await wait(120);
  };
  const finish = async () => {
    now -= 1000; // no time passes behind the last packet
    stream.end();
    await over;
  };
  return { monitor, give, finish, setNow: (ms: number) => (now = ms) };
}

describe.each(STORIES.slice(0, 12))('%s', (file) => {
  const bytes = readFileSync(file);
  const records = recordsOf(bytes);

  test('at any time the report is that of the packets so far', { timeout: 120_000 }, async () => {
    const { monitor, give, finish } = await monitored(bytes);
    for (const share of [0.3, 0.55, 0.8, 1]) {
      const { end, ms } = records[Math.ceil(share * records.length) - 1]!;
      await give(end, ms);
      const view = monitor.view();
      const { report } = monitor.report();
      const expected = await analyze(['-'], { stdin: Readable.from([bytes.subarray(0, end)]) });
      expect(comparable(report)).toEqual(comparable(expected));
      expect(view.flows.total).toBe(expected.totals.flows);
      expect(view.states).toEqual(statesOf(expected.flows));
    }
    await finish();
    expect(comparable(monitor.report().report)).toEqual(comparable(await analyze([file])));
    monitor.close();
  });
});

/** Sockets that are there at the capture's end, as the flows say. */
function statesOf(flows: readonly Flow[]) {
  const count = (side: 'client' | 'server') => {
    const counts: Record<string, number> = {};
    for (const { endpoints } of flows) {
      const last = endpoints[side].states.at(-1);
      if (last !== undefined && last.state !== 'CLOSED') counts[last.state] = (counts[last.state] ?? 0) + 1;
    }
    return counts;
  };
  return { client: count('client'), server: count('server') };
}
