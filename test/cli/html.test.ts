/** The HTML report from the command line: where it goes, what it holds, how large it may be. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Flow, Report } from '../../src/report/types.ts';
import { epb, idb, shb } from '../input/bytes.ts';
import { openPage, wholeText } from '../support/page.ts';
import {
  captureBytes,
  expectError,
  manyFlows,
  resultOf,
  start,
  THREE_FLOWS,
  teardown,
  temporaryFolder,
  writeScript,
} from './run.ts';

const folder = temporaryFolder();
const capture = writeScript(folder, 'acme.pcap', THREE_FLOWS);
const many = writeScript(folder, 'many.pcap', manyFlows(400));

const page = async (...args: string[]) => {
  const { code, stdout, stderr } = await teardown([...args, '-f', 'html']);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
};
const ids = (flows: readonly Flow[]) => flows.map(({ id }) => id);
const segmentsOf = (html: string, id: number) =>
  openPage(html)
    .data!.ladders.get(id)!
    .pieces.map((piece) => {
      return piece.kind === 'segment' ? piece.segment.flags : 'run';
    });

describe('what it holds', () => {
  test('all flows as the JSON has them, each with its segments', async () => {
    const html = await page(capture);
    const report = JSON.parse((await teardown([capture, '-f', 'json'])).stdout) as Report;
    const { data, faults } = openPage(html);
    expect(data!.flows).toEqual(report.flows);
    expect(data!.facts.findings).toEqual(report.findings);
    expect([...data!.ladders.keys()]).toEqual([1, 2, 3]);
    expect(segmentsOf(html, 3)).toEqual([0x02, 0x12, 0x10, 0x14]);
    expect(faults.join()).not.toMatch(/segments|max-report-size/i);
  });

  test('the same in a file, beside others, and named htm', async () => {
    const names = ['a.html', 'a.json', 'b.HTM', 'a.csv'];
    const { code, stdout } = await teardown([capture, ...names.flatMap((name) => ['-o', name])], { cwd: folder });
    expect(code).toBe(0);
    expect(stdout).toBe(names.map((name) => `wrote ${name}\n`).join(''));
    const html = await page(capture);
    for (const name of ['a.html', 'b.HTM']) expect(readFileSync(join(folder, name), 'utf8')).toBe(html);
  });

  test('-Y and --max-flows choose, and segments are of the chosen', async () => {
    const where = openPage(await page(capture, '-Y', 'closer==server')).data!;
    expect(ids(where.flows)).toEqual([2, 3]);
    expect([...where.ladders.keys()]).toEqual([2, 3]);
    expect(ids(openPage(await page(many, '--max-flows', '7')).data!.flows)).toHaveLength(7);
  });

  test('more flows than a summary needs', async () => {
    const html = await page(writeScript(folder, 'more.pcap', manyFlows(1_100)));
    expect(openPage(html).data!.flows).toHaveLength(1_100);
  });

  test('--split-by numbers flows the same way in both readings', async () => {
    const html = await page(capture, '--split-by', 'vlan,tunnel');
    expect([...openPage(html).data!.ladders.keys()]).toEqual([1, 2, 3]);
  });

  test('several captures are read again as one', async () => {
    const later = writeScript(folder, 'later.pcap', 'client 10.0.0.9:1\n 9 c > s S 0:0(0)\n +1 s > c R. 0:0(0) ack 1');
    const html = await page(later, capture);
    expect(segmentsOf(html, 4)).toEqual([0x02, 0x14]);
  });

  test('of a damaged capture all before the damage, and exit code 3', async () => {
    const bytes = readFileSync(capture);
    writeFileSync(join(folder, 'cut.pcap'), bytes.subarray(0, bytes.length - 5));
    const { code, stdout } = await teardown(['cut.pcap', '-o', 'cut.html'], { cwd: folder });
    expect([code, stdout]).toEqual([3, 'wrote cut.html\n']);
    const html = readFileSync(join(folder, 'cut.html'), 'utf8');
    expect(segmentsOf(html, 3)).toEqual([0x02, 0x12, 0x10]);
  });
});

describe('where a capture can be read once', () => {
  test('standard input: states, no segments, and why', async () => {
    const stdin = readFileSync(capture);
    const { code, stdout } = await teardown(['-', '-f', 'html'], { stdin });
    expect(code).toBe(0);
    const { data, faults } = openPage(stdout);
    expect(ids(data!.flows)).toEqual([1, 2, 3]);
    expect(data!.ladders.size).toBe(0);
    expect(faults).toContain(
      'The capture came through a pipe, which can be read once: this page shows states and times, and no segments.',
    );
  });

  test('--follow', async () => {
    const child = start(['--follow', capture, '-f', 'html', '-f', 'html']);
    const result = resultOf(child);
    setTimeout(() => child.kill('SIGINT'), 1_500);
    const { data, faults } = openPage((await result).stdout);
    expect([data!.flows.length, data!.ladders.size]).toEqual([3, 0]);
    expect(faults.filter((text) => text.startsWith('The capture was followed'))).toHaveLength(1);
  });

  test('compare has two captures', async () => {
    const { code, stdout } = await teardown(['compare', capture, capture, '-f', 'html']);
    expect(code).toBe(0);
    const { data, faults } = openPage(stdout);
    expect([data!.flows.length, data!.ladders.size]).toEqual([3, 0]);
    expect(faults.filter((text) => text.startsWith('The two captures number'))).toHaveLength(1);
  });
});

describe('--max-report-size', () => {
  test('is kept, and what is left out is counted', async () => {
    const whole = await page(many);
    const full = openPage(whole).data!;
    expect([full.flows.length, full.ladders.size]).toEqual([400, 400]);
    const most = Buffer.byteLength(whole) - 100;
    const less = await page(many, '--max-report-size', String(most));
    expect(Buffer.byteLength(less)).toBeLessThanOrEqual(most);
    const { data, faults } = openPage(less);
    const listed = new Set(ids(data!.flows));
    expect(data!.flows).toEqual(full.flows.filter(({ id }) => listed.has(id)));
    const left = 400 - data!.ladders.size;
    expect(left).toBeGreaterThan(0);
    expect(faults.join('\n')).toContain(`Segments of ${left} connection`);
    for (const [id, ladder] of data!.ladders) expect(ladder).toEqual(full.ladders.get(id));
  });

  test('too small for the list: the page without its script, and a word about it', async () => {
    const result = await teardown([many, '-o', 'small.html', '--max-report-size', '5k'], { cwd: folder });
    expect(result.code).toBe(0);
    expectError(result, /has \d+(\.\d)? kB, more than 5 kB/);
    const html = readFileSync(join(folder, 'small.html'), 'utf8');
    expect(openPage(html).data).toBeNull();
    expect(html).not.toContain('<script');
    expect(html).not.toContain('script-src');
    expect(openPage(html).faults.join()).toContain('they do not fit into 5 kB (--max-report-size)');
    const quiet = await teardown([many, '-o', 'small.html', '--max-report-size', '5k', '-q'], { cwd: folder });
    expect([quiet.stdout, quiet.stderr]).toEqual(['', '']);
  });

  test.each(['500000', '500k', '1M', '1.5MB', '10mb', '999KB', '400M'])('%s is a size', async (size) => {
    expect(openPage(await page(capture, '--max-report-size', size)).data).not.toBeNull();
  });

  test.each(['', '0', '-5', '0.2', 'big', '10Q', '5 0', '1e6', '401M', 'k'])('%j is none', async (size) => {
    const result = await teardown([capture, '-o', 'none.html', '--max-report-size', size], { cwd: folder });
    expect(result.code).toBe(2);
    expectError(result, '--max-report-size', /500k or 10M/);
    expect(readdirSync(folder)).not.toContain('none.html');
  });

  test('compare takes it too', async () => {
    const { stdout } = await teardown(['compare', many, many, '-f', 'html', '--max-report-size', '5k']);
    expect(openPage(stdout).data).toBeNull();
  });
});

describe('--redact', () => {
  const named = join(folder, 'acme-prod.pcapng');
  writeFileSync(named, pcapngOf(captureBytes(THREE_FLOWS)));
  const REAL = /10\.0\.0\.|2001:0?db8|acme|eth0/i;

  test('the real names are there without it', async () => {
    const text = wholeText(await page(named));
    for (const name of ['10.0.0.', '2001:db8', 'acme-prod']) expect(text).toContain(name);
  });

  test.each([['labels'], ['prefix']])('%s: none is anywhere in the page, and segments are', async (mode) => {
    const html = await page(named, '--redact-mode', mode, '--redact-ports');
    expect(wholeText(html)).not.toMatch(REAL);
    expect(segmentsOf(html, 3)).toEqual([0x02, 0x12, 0x10, 0x14]);
    // The client's port 50000 is another number, 443 is the service's.
    expect(openPage(html).data!.flows[2]).toMatchObject({ server: { port: 443 } });
    expect(openPage(html).data!.flows[2]!.client.port).not.toBe(50_000);
  });
});

/** A pcap's packets on an interface that has a name. */
function pcapngOf(pcap: Uint8Array): Uint8Array {
  const bytes = Buffer.from(pcap);
  const blocks = [shb(), idb()];
  for (let at = 24; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8)) {
    const ticks = BigInt(bytes.readUInt32LE(at)) * 1_000_000n + BigInt(bytes.readUInt32LE(at + 4));
    blocks.push(epb({ ticks, data: bytes.subarray(at + 16, at + 16 + bytes.readUInt32LE(at + 8)) }));
  }
  return Buffer.concat(blocks);
}
