/** A disk that is full: one clear error, and what was captured is kept. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import { expectError, teardown } from '../cli/run.ts';
import { itKernel, missingForKernel } from '../support/kernel.ts';
import { openFolder, Place, reportOf, sleep } from './rig.ts';

let place: Place;
let disk: string;

/** The error alone: the line that it captures stands before it. */
const errorOf = (stderr: string) =>
  stderr
    .split('\n')
    .filter((line) => !/captures on|packets saved/.test(line))
    .join('\n');

beforeAll(async () => {
  if (missingForKernel() !== null) return;
  place = new Place(openFolder());
  disk = place.path('disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k,mode=777', 'tmpfs', disk]);
  await place.serve();
});

afterAll(async () => {
  await place?.remove();
  if (disk !== undefined) execFileSync('umount', ['--lazy', disk]);
});

describe('the disk is full', () => {
  itKernel('for -w: the capture ends, is reported, and what was saved can be read', async () => {
    const run = await place.captures(['-f', 'json', '-o', 'saved.txt', '-w', 'disk/live.pcap']);
    // A connection is some 1.2 kB.
    for (let i = 0; i < 3; i++) {
      await place.call(...Array.from({ length: 8 }, () => 'client' as const));
      await sleep(1100);
    }
    const result = await run.ended;
    expect(result.code).toBe(2);
    const report = reportOf(result.stdout);
    expect(report.totals.flows).toBeGreaterThanOrEqual(10);
    expect(place.read('saved.txt')).toMatch(/^teardown {2}live0/);
    const stderr = errorOf(result.stderr);
    expectError(
      { ...result, stderr },
      /^teardown: can't write disk\/live\.pcap: no space left on the disk\n/,
      /What was saved before is whole\./,
    );
    const { code, stdout, stderr: none } = await teardown(['analyze', place.path('disk/live.pcap'), '-f', 'json']);
    expect([code, none]).toEqual([0, '']);
    const read = JSON.parse(stdout) as Report;
    expect(read.capture.packets).toBeGreaterThan(80);
    expect(read.capture.packets).toBeLessThan(report.capture.packets);
    execFileSync('rm', [place.path('disk/live.pcap')]);
  });

  itKernel('for -o: the other outputs are written, and no half file is left', async () => {
    writeFileSync(place.path('disk/filling'), Buffer.alloc(12_000));
    const args = ['-f', 'text', '-o', 'before.json', '-o', 'disk/report.html', '-o', 'after.csv', '-w', 'after.pcap'];
    const run = await place.captures(args);
    await place.call('client', 'server');
    await sleep(400);
    const result = await run.end();
    expect(result.code).toBe(2);
    expect(result.stdout).toMatch(/^teardown {2}live0/m);
    expect(place.read('after.csv').trimEnd().split('\n')).toHaveLength(3);
    expect(reportOf(place.read('before.json')).totals.flows).toBe(2);
    expectError(
      { ...result, stderr: errorOf(result.stderr) },
      /^teardown: can't write disk\/report\.html: no space left on the disk\n/,
    );
    expect(execFileSync('ls', ['-A', disk], { encoding: 'utf8' })).toBe('filling\n');
    const { code, stdout } = await teardown(['analyze', place.path('after.pcap'), '-f', 'json']);
    expect([code, (JSON.parse(stdout) as Report).totals.flows]).toEqual([0, 2]);
  });
});
