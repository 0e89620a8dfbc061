/** --redact: nothing that is written has a real name, and all of it has the same others. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import { compare } from '../../src/compare.ts';
import type { Flow, Report } from '../../src/report/types.ts';
import { expectError, THREE_FLOWS, teardown, temporaryFolder, writeScript } from './run.ts';

const ajv = new Ajv2020({ strict: true, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(JSON.parse(readFileSync(new URL('../../schema/report.schema.json', import.meta.url), 'utf8')), 'report');
const isReport = ajv.getSchema('report')!;

const folder = temporaryFolder();
const capture = writeScript(folder, 'acme-prod.pcap', THREE_FLOWS);
const REAL = /10\.0\.0\.|2001:db8|acme/;

const json = (text: string) => JSON.parse(text) as Report;
const ends = ({ client, server }: Flow) => [client.address, client.port, server.address, server.port];

const LABELLED = [
  ['client-1', 40000, 'server-1', 9091],
  ['client-1', 40001, 'server-1', 9091],
  ['client-2', 50000, 'server-2', 443],
];

describe('--redact', () => {
  test.each(['text', 'json', 'ndjson', 'csv', 'md'])('-f %s has labels only', async (format) => {
    const { code, stdout, stderr } = await teardown([capture, '--redact', '-f', format]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).not.toMatch(REAL);
    expect(stdout).toContain('server-1');
    if (format === 'text' || format === 'md') expect(stdout).toContain('client-1:40000');
  });

  test('the JSON is a report, without Community IDs and filters', async () => {
    const report = json((await teardown([capture, '--redact', '-f', 'json'])).stdout);
    isReport(report);
    expect(isReport.errors).toBeNull();
    expect(report.flows.map(ends)).toEqual(LABELLED);
    expect(report.capture.files[0]?.name).toBe('capture-1.pcap');
    expect(report.flows.every((flow) => flow.communityId === null && flow.wiresharkFilter === null)).toBe(true);
    expect(Object.keys(report.assumptions).sort()).toEqual(['client-1', 'server-1']);
  });

  test('the text names no command that would not work', async () => {
    const { stdout } = await teardown([capture, '--redact']);
    expect(stdout).toMatch(/teardown flow FILE \d/);
  });

  test('all outputs of a run agree', async () => {
    const paths = ['all.json', 'all.ndjson', 'all.csv', 'all.md', 'all.txt'].map((name) => join(folder, name));
    const outputs = paths.flatMap((path) => ['-o', path]);
    const { code } = await teardown([capture, '--redact-mode', 'prefix', '--redact-ports', ...outputs]);
    expect(code).toBe(0);
    const [all, ndjson, csv, ...summaries] = paths.map((path) => readFileSync(path, 'utf8'));
    const { flows } = json(all!);
    const lines = ndjson!.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as Flow).sort((a, b) => a.id - b.id)).toEqual(flows);
    for (const { server, client } of flows) {
      const [near, far] = [client, server].map(({ address, port }) =>
        address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
      );
      expect(csv).toContain(`${near},${far}`);
    }
    for (const text of summaries) expect(text).toContain(`${flows[0]?.client.address}:${flows[0]?.client.port}`);
    expect(flows.map(({ server }) => server.port)).toEqual([9091, 9091, 443]);
    expect(flows.map(({ client }) => client.port)).not.toEqual([40000, 40001, 50000]);
    expect(flows[0]?.client.address).toMatch(/^10\./);
    expect(flows[2]?.client.address).toMatch(/^[23].*:/);
  });

  test.each([[['--redact-mode', 'labels']], [['--redact-ports']]])('%j asks for it', async (flags) => {
    expect((await teardown([capture, ...flags, '-f', 'csv'])).stdout).not.toMatch(REAL);
  });

  test('expressions and profiles are about the real addresses', async () => {
    const args = [capture, '--redact', '-f', 'json', '--os', '10.0.0.2=windows', '-Y', 'addr==10.0.0.0/8'];
    const { flows, assumptions } = json((await teardown(args)).stdout);
    expect(flows.map(ends)).toEqual(LABELLED.slice(0, 2));
    expect(assumptions['server-1']?.os).toBe('windows');
  });

  test('of a damaged file the warning has the label too', async () => {
    const cut = join(folder, 'acme-cut.pcap');
    const bytes = readFileSync(capture);
    writeFileSync(cut, bytes.subarray(0, bytes.length - 5));
    const result = await teardown([cut, '--redact']);
    expect(result.code).toBe(3);
    expectError(result, 'capture-1.pcap');
    expect(result.stdout + result.stderr).not.toMatch(REAL);
  });

  test('a mode that there is not', async () => {
    const result = await teardown([capture, '--redact-mode', 'hash']);
    expect(result.code).toBe(2);
    expectError(result, /labels, prefix/);
  });
});

test('flow takes the real addresses and draws labels', async () => {
  const { code, stdout } = await teardown(['flow', capture, '10.0.0.1:40001-10.0.0.2:9091', '--redact']);
  expect(code).toBe(0);
  expect(stdout).toContain('Flow 2  client-1:40001 → server-1:9091');
  expect(stdout).not.toMatch(REAL);
  const prefix = await teardown(['flow', capture, '3', '--redact-mode', 'prefix', '--redact-ports']);
  expect(prefix.stdout).not.toMatch(REAL);
  expect(prefix.stdout).toMatch(/Flow 3 {2}\[[23][\da-f:]+\]:\d+ → \[[23][\da-f:]+\]:443/);
});

test('compare', async () => {
  for (const format of ['text', 'json', 'ndjson']) {
    const { code, stdout } = await teardown(['compare', capture, capture, '--redact', '-f', format]);
    expect(code).toBe(0);
    expect(stdout).not.toMatch(REAL);
    expect(stdout).toContain('server-1');
  }
});

describe('the library', () => {
  test('redacts the report and the flows that it streams', async () => {
    const streamed: Flow[] = [];
    const report = await analyze([capture], {
      redact: true,
      onFlow: (flow) => streamed.push(flow),
      where: 'addr==10.0.0.1',
    });
    expect(report.flows.map(ends)).toEqual(LABELLED.slice(0, 2));
    expect(streamed.toSorted((a, b) => a.id - b.id)).toEqual(report.flows);
    expect((await compare(capture, capture, { redact: {} })).flows.map(ends)).toEqual(LABELLED);
  });

  test('with a key two reports have the same addresses', async () => {
    const redact = { mode: 'prefix', ports: true, key: new Uint8Array(32).fill(9) } as const;
    const [first, second] = [await analyze([capture], { redact }), await analyze([capture], { redact })];
    expect(first).toEqual(second);
    expect(JSON.stringify(first)).not.toMatch(/10\.0\.0\.1\b|acme/);
  });

  test('does not without being told', async () => {
    const { flows } = await analyze([capture], { redact: false });
    expect(flows[0]?.client.address).toBe('10.0.0.1');
  });
});
