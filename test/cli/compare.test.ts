import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import { expectError, THREE_FLOWS, teardown, temporaryFolder, writeScript } from './run.ts';

const ajv = new Ajv2020({ strict: true, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(JSON.parse(readFileSync(new URL('../../schema/report.schema.json', import.meta.url), 'utf8')), 'report');
const isReport = ajv.getSchema('report')!;

const CASE = new URL('../../fixtures/cases/lost_first_fin/', import.meta.url).pathname;
const BOTH = [join(CASE, 'client.pcap'), join(CASE, 'server.pcap')];
const folder = temporaryFolder();
const capture = writeScript(folder, 'three.pcap', THREE_FLOWS);

describe('teardown compare', () => {
  test('says what was lost between the captures', async () => {
    const { code, stdout, stderr } = await teardown(['compare', ...BOTH]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('1 connection in both captures');
    expect(stdout).toContain('Lost on the way: 1 segment to the server, in 1 connection.');
    expect(stdout).not.toContain('teardown flow');
  });

  test('writes the same formats as analyze', async () => {
    const paths = ['all.json', 'all.ndjson', 'all.csv', 'all.md', 'all.txt'].map((name) => join(folder, name));
    const { code, stdout } = await teardown(['compare', ...BOTH, ...paths.flatMap((path) => ['-o', path])]);
    expect(code).toBe(0);
    expect(stdout).toBe(paths.map((path) => `wrote ${path}\n`).join(''));
    const [json, ndjson, csv, md, text] = paths.map((path) => readFileSync(path, 'utf8'));
    const report = JSON.parse(json!) as Report;
    isReport(report);
    expect(isReport.errors).toBeNull();
    expect(report.capture.files.map(({ name }) => name)).toEqual(['client.pcap', 'server.pcap']);
    expect(report.flows[0]?.comparison?.lost).toEqual({ toServer: 1, toClient: 0 });
    expect(JSON.parse(ndjson!)).toEqual(report.flows[0]);
    expect(csv!.trim().split('\n').length).toBe(2);
    expect(md).toContain('### Between the captures');
    expect(text).toContain('BETWEEN THE CAPTURES');
  });

  test('takes --where, of the joined flows', async () => {
    const flowsOf = async (where: string) =>
      (JSON.parse((await teardown(['compare', ...BOTH, '-f', 'json', '-Y', where])).stdout) as Report).flows.length;
    expect(await flowsOf('comparison.lost.toServer>0')).toBe(1);
    expect(await flowsOf('comparison.resetOrigin==path')).toBe(0);
  });

  test('takes the timers and the number of flows', async () => {
    const { stdout } = await teardown([
      'compare',
      capture,
      capture,
      '-f',
      'json',
      '--time-wait',
      '30',
      '--max-flows',
      '1',
    ]);
    const { flows, totals } = JSON.parse(stdout) as Report;
    expect([flows.length, totals.flows]).toEqual([1, 3]);
  });

  test('streams flows in the order of their ids', async () => {
    const { stdout } = await teardown(['compare', capture, capture, '-f', 'ndjson']);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { id: number }).id),
    ).toEqual([1, 2, 3]);
  });

  test('notices captures in the wrong order', async () => {
    const far = new URL('../../fixtures/cases/compare_20ms/', import.meta.url).pathname;
    const { code, stderr } = await teardown(['compare', join(far, 'server.pcap'), join(far, 'client.pcap')]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^teardown: .*wrong order\?\n {2}/);
  });

  test('a damaged capture: exit 3, and what came before is compared', async () => {
    const cut = join(folder, 'cut.pcap');
    const bytes = readFileSync(capture);
    writeFileSync(cut, bytes.subarray(0, bytes.length - 5));
    const { code, stdout, stderr } = await teardown(['compare', capture, cut]);
    expect(code).toBe(3);
    expect(stdout).toContain('3 connections in both captures');
    expectError({ code, stdout, stderr, signal: null }, 'cut.pcap');
  });

  test.each([
    [[], /two captures/],
    [[capture], /two captures/],
    [[capture, capture, capture], /two captures/],
    [['-', capture], /standard input/],
    [[capture, join(folder, 'none.pcap')], /none\.pcap/],
    [[capture, '/dev/null'], /null/],
  ])('%j is a usage error', async (operands, why) => {
    const result = await teardown(['compare', ...operands]);
    expect(result.code).toBe(2);
    expect(result.stdout).toBe('');
    expectError(result, why);
  });
});
