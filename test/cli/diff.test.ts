import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { diff } from '../../src/index.ts';
import type { Report } from '../../src/report/types.ts';
import { findingOf, reportOf } from '../diff/reports.ts';
import { expectError, manyFlows, THREE_FLOWS, teardown, temporaryFolder, writeScript } from './run.ts';

const folder = temporaryFolder();
const inFolder = { cwd: folder };

function write(name: string, report: Report): Buffer {
  const bytes = Buffer.from(JSON.stringify(report));
  writeFileSync(join(folder, name), bytes);
  return bytes;
}

const BEFORE = reportOf({ server: 50, refused: 40, findings: [findingOf('server-closes-first')] });
const AFTER = reportOf({ client: 90, refused: 1, from: 3600, findings: [findingOf('lost-final-ack')] });
const before = write('before.json', BEFORE);
write('after.json', AFTER);
write('calm.json', { ...AFTER, findings: [] });
write('graver.json', {
  ...AFTER,
  findings: BEFORE.findings.map((each) => ({ ...each, severity: 'critical' as const })),
});
writeFileSync(join(folder, 'before.json.gz'), gzipSync(before));
writeFileSync(join(folder, 'cut.json.gz'), gzipSync(before).subarray(0, 200));
writeFileSync(join(folder, 'cut.json'), before.subarray(0, before.length / 2));
writeFileSync(join(folder, 'text.json'), 'teardown  web.pcap\n');
mkdirSync(join(folder, 'reports'));
writeScript(folder, 'three.pcap', THREE_FLOWS);

describe('teardown diff', () => {
  test('writes text, and on demand JSON and Markdown', async () => {
    const text = await teardown(['diff', 'before.json', 'after.json'], inFolder);
    expect({ ...text, stdout: '' }).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    expect(text.stdout).toContain('WHO CLOSED FIRST');
    expect(text.stdout).not.toContain('\x1b');
    const json = await teardown(['diff', 'before.json', 'after.json', '-f', 'json'], inFolder);
    expect(JSON.parse(json.stdout)).toEqual(JSON.parse(JSON.stringify(diff(BEFORE, AFTER))));
    const md = await teardown(['diff', 'before.json', 'after.json', '-f', 'md'], inFolder);
    expect(md.stdout).toMatch(/^## TCP teardown, before and after\n/);
    expect((await teardown(['diff', 'before.json', 'after.json', '--color', 'always'], inFolder)).stdout).toContain(
      '\x1b[1m',
    );
  });

  test('takes gzip, and one of the two from standard input', async () => {
    const { stdout } = await teardown(['diff', 'before.json', 'after.json'], inFolder);
    expect((await teardown(['diff', 'before.json.gz', 'after.json'], inFolder)).stdout).toBe(stdout);
    expect((await teardown(['diff', '-', 'after.json'], { ...inFolder, stdin: before })).stdout).toBe(stdout);
    const unzipped = await teardown(['diff', '-', 'after.json'], { ...inFolder, stdin: gzipSync(before) });
    expect(unzipped.stdout).toBe(stdout);
  });

  test('takes what analyze writes', async () => {
    const many = writeScript(folder, 'many.pcap', manyFlows(25));
    const path = join(folder, 'many.json');
    expect((await teardown([many, '-o', path])).code).toBe(0);
    const { code, stdout } = await teardown(['diff', path, path, '-f', 'json']);
    const { before: figures } = JSON.parse(stdout) as ReturnType<typeof diff>;
    expect(code).toBe(0);
    expect(figures.closers).toMatchObject({ closed: 25, client: { count: 25, share: 1 } });
    expect(figures.timeWait.client).toBe(25);
  });

  test('writes files by their ending', async () => {
    const files = ['out.txt', 'out.json', 'out.md'].flatMap((name) => ['-o', name]);
    const { code, stdout } = await teardown(['diff', 'before.json', 'after.json', ...files], inFolder);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'wrote out.txt\nwrote out.json\nwrote out.md\n' });
    expect(JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8'))).toHaveProperty('schema', 'teardown.diff/1');
    expect(readFileSync(join(folder, 'out.md'), 'utf8')).toContain('### Findings');
    expect(readFileSync(join(folder, 'out.txt'), 'utf8')).toContain('FINDINGS');
  });

  test.each([
    ['after.json', 'warning', 1],
    ['after.json', 'info', 1],
    ['after.json', 'critical', 0],
    ['calm.json', 'info', 0],
    ['graver.json', 'critical', 1],
    ['before.json', 'info', 0],
  ])('%s, --fail-on %s: exit %i', async (after, severity, code) => {
    const result = await teardown(['diff', 'before.json', after, '--fail-on', severity], inFolder);
    expect(result.code).toBe(code);
    expect(result.stdout).toContain('CONNECTIONS');
    expect(result.stderr).toBe('');
  });
});

describe('exit code 2, and no file is left behind', () => {
  let there: string[];
  beforeAll(() => {
    there = readdirSync(folder);
  });

  test.each<[why: string, args: string[], words: RegExp]>([
    ['one report', ['before.json'], /needs two reports/],
    ['three reports', ['before.json', 'after.json', 'calm.json'], /needs two reports/],
    ['standard input twice', ['-', '-'], /read once/],
    ['no such file', ['nowhere.json', 'after.json'], /nowhere\.json: no such file/],
    ['a folder', ['before.json', 'reports'], /reports: is a directory/],
    [
      'a capture',
      ['three.pcap', 'after.json'],
      /three\.pcap: it is a capture, not a report\n {2}first: teardown three\.pcap/,
    ],
    ['text', ['before.json', 'text.json'], /text\.json: it is no JSON/],
    ['a report that is cut', ['cut.json', 'after.json'], /cut\.json: it is cut/],
    ['gzip that is cut', ['cut.json.gz', 'after.json'], /cut\.json\.gz: its gzip data is damaged/],
    ['nothing on standard input', ['-', 'after.json'], /standard input: it is empty/],
    ['another ending', ['before.json', 'after.json', '-o', 'x.csv'], /\.csv/],
    ['no ending', ['before.json', 'after.json', '-o', 'x'], /without an ending/],
    ['another format', ['before.json', 'after.json', '-f', 'csv'], /text, json, md/],
    ['a severity that is none', ['before.json', 'after.json', '--fail-on', 'bad'], /info, warning, critical/],
    ['a folder that is not there', ['before.json', 'after.json', '-o', 'none/x.md'], /none/],
  ])('%s', async (_, args, words) => {
    const result = await teardown(['diff', ...args, ...(args.includes('-o') ? [] : ['-o', 'left.md'])], inFolder);
    expect(result.code).toBe(2);
    expect(result.stdout).toBe('');
    expectError(result, words);
    expect(readdirSync(folder)).toEqual(there);
  });
});
