/** What goes to standard output while it captures, where that is no terminal. */
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Flow } from '../../src/report/types.ts';
import { itKernel, missingForKernel } from '../support/kernel.ts';
import { openFolder, Place, SECRET, sleep, until } from './rig.ts';

let place: Place;

beforeAll(async () => {
  if (missingForKernel() !== null) return;
  place = new Place(openFolder());
  await place.serve();
});

afterAll(() => place?.remove());

const BEGUN = 'teardown: captures on live0 by tcpdump (kernel timestamps); Ctrl-C ends it\n';
const HOW = {
  server:
    /#1 10\.77\.0\.2:\d+ > 10\.77\.0\.1:8001 {2}server closed first; FIN_WAIT_2 .*; TIME_WAIT at 10\.77\.0\.1:8001 until /,
  client:
    /#2 10\.77\.0\.2:\d+ > 10\.77\.0\.1:8002 {2}client closed first; FIN_WAIT_2 .*; TIME_WAIT at 10\.77\.0\.2:\d+ until /,
  aborted: /#3 10\.77\.0\.2:\d+ > 10\.77\.0\.1:8004 {2}aborted; RST by the client/,
} as const;

describe('text', () => {
  itKernel('a line for each connection, soon after it has closed; then the summary', async () => {
    const run = await place.captures([]);
    let lines = 0;
    for (const way of ['server', 'client', 'aborted'] as const) {
      await place.call(way);
      lines++;
      await until(() => run.stdout.split('\n').length > lines, `a line for ${way}`, 2000);
      const [line, rest] = run.stdout.split('\n').slice(lines - 1);
      expect(line).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}#/);
      expect(line).toMatch(HOW[way]);
      expect(rest).toBe('');
    }
    // It does not close: there is nothing to tell of yet.
    await place.call('kept');
    await sleep(1500);
    expect(run.stdout.split('\n')).toHaveLength(4);
    const { code, stdout, stderr } = await run.end();
    expect([code, stderr]).toEqual([0, BEGUN]);
    const [, , , left, empty, title] = stdout.split('\n');
    expect(left).toMatch(/#4 10\.77\.0\.2:\d+ > 10\.77\.0\.1:8003 {2}client closed first, the other did not close/);
    expect(empty).toBe('');
    expect(title).toMatch(/^teardown {2}live0 {3}\d+ packets, .* from 20/);
    expect(stdout).toContain('\nCAPTURE\n  Captured on live0 by tcpdump: ');
    expect(stdout).toContain('4 connections in ');
    expect(stdout).not.toContain(SECRET);
    expect(stdout).not.toContain('\x1b');
  });

  itKernel('-q leaves the summary alone; with -o there are the names of what was written', async () => {
    const [quiet, files] = await Promise.all([
      place.live(['-i', 'live0', '-q', '--duration', '3s']),
      place.captures(['-o', 'a.json', '-o', 'b.md']),
    ]);
    await until(() => quiet!.children().size > 1, 'it captures');
    await sleep(500);
    await place.call('client');
    await sleep(800);
    expect([quiet!.stdout, files!.stdout]).toEqual(['', '']);
    expect(await files!.end()).toMatchObject({ code: 0, stdout: 'wrote a.json\nwrote b.md\n', stderr: BEGUN });
    const { code, stdout, stderr } = await quiet!.ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^teardown {2}live0 .*packets/);
  });
});

describe('-f ndjson', () => {
  itKernel('gives out a connection once nothing of it can come any more, and what is left at the end', async () => {
    const run = await place.captures(['-f', 'ndjson']);
    const records = () => {
      const lines = run.stdout.split('\n').slice(0, -1);
      return lines.map((line) => JSON.parse(line) as Flow);
    };
    await place.call('client');
    // The second takes the ports of the first, which is over by that; others wait for their TIME_WAIT, a minute.
    await place.callFrom(40_123, 'aborted', 'aborted');
    await place.call('kept');
    await until(() => records().length > 0, 'a record');
    expect(records()).toMatchObject([{ id: 2, kind: 'aborted', client: { port: 40_123 } }]);
    const { code, stderr } = await run.end();
    expect([code, stderr]).toEqual([0, BEGUN]);
    const flows = records().toSorted((a, b) => a.id - b.id);
    expect(flows.map(({ kind, reuse }) => [kind, reuse?.previous ?? null])).toEqual([
      ['graceful', null],
      ['aborted', null],
      ['aborted', 2],
      ['half-closed', null],
    ]);
  });
});
