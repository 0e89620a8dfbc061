/** What stays of connections that have ended: an endless capture has any number of them. */

import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { shortConnections } from '../../bench/short-connections.ts';
import { Monitor } from '../../src/monitor.ts';
import type { LiveSource } from '../../src/report/types.ts';

const SOURCE: LiveSource = { interface: 'eth0', backend: 'tcpdump', timestamps: 'kernel', filter: null, snaplen: 128 };

/** 833 a second, for two minutes: from the second one on as many end as begin, some 50,000 are in the table. */
const CONNECTIONS = 100_000;
const STEADY_MEGABYTES = 60;
/**
 * bytes that may stay of a connection that has ended. 68 of evidence, up to 2^19 connections, in columns that grow by doubling; what is
 * notable of some; and what the garbage collector has not given back. As an object it would be 5 kB.
 */
const MOST_A_CONNECTION = 800;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function held(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test('of a connection that has ended next to nothing stays, and judging lists few of them', async () => {
  const stream = new PassThrough();
  const options = { stream, source: SOURCE, dropped: () => 0, maxFlows: 5_000, now: () => 0 };
  const monitor = new Monitor(options);
  const over = monitor.run();
  let settled = { flows: 0, bytes: 0 };
  let megabytes = 0;
  for (const chunk of shortConnections(CONNECTIONS, 1)) {
    if (!stream.write(Buffer.from(chunk))) await once(stream, 'drain');
    await turn();
    if (++megabytes === STEADY_MEGABYTES) settled = { flows: monitor.view().flows.total, bytes: held() };
  }
  const flows = CONNECTIONS - settled.flows;
  expect(flows).toBeGreaterThan(CONNECTIONS / 4);
  expect(held() - settled.bytes).toBeLessThan(MOST_A_CONNECTION * flows);

  monitor.judge();
  const { findings } = monitor.view();
  const { report } = monitor.report();
  expect(report.flows).toHaveLength(5_000);
  expect(findings.map(({ rule }) => rule).sort()).toEqual(report.findings.map(({ rule }) => rule).sort());
  stream.end();
  await over;
  monitor.close();
}, 120_000);
