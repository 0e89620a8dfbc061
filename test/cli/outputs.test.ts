/** What goes where: formats, files, colours, quiet and verbose. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Flow, Report } from '../../src/report/types.ts';
import { manyFlows, THREE_FLOWS, teardown, temporaryFolder, writeScript } from './run.ts';

const folder = temporaryFolder();
const capture = writeScript(folder, 'three.pcap', THREE_FLOWS);

const lines = (text: string) => text.split('\n').filter((line) => line !== '');
const json = (text: string) => JSON.parse(text) as Report;

describe('-f, what goes to standard output', () => {
  test('text without it', async () => {
    const result = await teardown([capture]);
    expect(result.code).toBe(0);
    expect(result.stderr).toBe('');
    expect(result.stdout).toContain('three.pcap');
    expect(result.stdout).toContain('10.0.0.1:40000');
    expect((await teardown([capture, '-f', 'text'])).stdout).toBe(result.stdout);
    expect((await teardown(['analyze', capture])).stdout).toBe(result.stdout);
  });

  test('json', async () => {
    const { code, stdout, stderr } = await teardown([capture, '-f', 'json']);
    expect([code, stderr]).toEqual([0, '']);
    const report = json(stdout);
    expect(report.schema).toBe('teardown.report/1');
    expect(report.flows.map(({ id, initiator }) => [id, initiator])).toEqual([
      [1, 'client'],
      [2, 'server'],
      [3, 'server'],
    ]);
  });

  test('ndjson: the flow records of the JSON, one a line', async () => {
    const report = json((await teardown([capture, '-f', 'json'])).stdout);
    const { code, stdout } = await teardown([capture, '-f', 'ndjson']);
    expect(code).toBe(0);
    const flows = lines(stdout).map((line) => JSON.parse(line) as Flow);
    expect(flows.toSorted((a, b) => a.id - b.id)).toEqual(report.flows);
  });

  test('csv: a header and a row a flow', async () => {
    const { stdout } = await teardown([capture, '-f', 'csv']);
    const [header, ...rows] = lines(stdout);
    expect(header).toMatch(/^id,communityId,client,server,orientation,.*,serverLastAckSeconds$/);
    expect(rows).toHaveLength(3);
    for (const row of rows) expect(row.split(',')).toHaveLength(header!.split(',').length);
    expect(rows.some((row) => row.includes('[2001:db8::1]:50000'))).toBe(true);
  });

  test('md', async () => {
    const { stdout } = await teardown([capture, '-f', 'md']);
    expect(stdout).toMatch(/^#/);
    expect(stdout).toContain('10.0.0.2:9091');
  });
});

describe('-o', () => {
  const endings = ['txt', 'json', 'ndjson', 'jsonl', 'csv', 'md'];

  test('every format by its ending, and a line for each file written', async () => {
    const cwd = join(folder, 'all');
    mkdirSync(cwd);
    const names = endings.map((ending) => `report.${ending}`);
    const result = await teardown([capture, ...names.flatMap((name) => ['-o', name])], { cwd });
    expect(result).toEqual({
      code: 0,
      signal: null,
      stdout: names.map((name) => `wrote ${name}\n`).join(''),
      stderr: '',
    });
    expect(readdirSync(cwd).toSorted()).toEqual(names.toSorted());
    const content = (ending: string) => readFileSync(join(cwd, `report.${ending}`), 'utf8');
    for (const ending of ['json', 'ndjson', 'csv', 'md']) {
      expect((await teardown([capture, '-f', ending])).stdout, ending).toBe(content(ending));
    }
    expect(content('jsonl')).toBe(content('ndjson'));
    expect((await teardown([capture, '-f', 'text'], { env: { COLUMNS: '120' } })).stdout).toBe(content('txt'));
  });

  test('the ending may be in capitals', async () => {
    const { code } = await teardown([capture, '-o', 'UPPER.JSON'], { cwd: folder });
    expect(code).toBe(0);
    expect(json(readFileSync(join(folder, 'UPPER.JSON'), 'utf8')).flows).toHaveLength(3);
  });

  test('with -f nothing but the report is on standard output', async () => {
    const result = await teardown([capture, '-o', 'with.json', '-f', 'csv'], { cwd: folder });
    expect(result.stdout).toBe((await teardown([capture, '-f', 'csv'])).stdout);
    expect(result.stderr).toBe('');
  });

  test('-q writes the file and no line about it', async () => {
    expect((await teardown([capture, '-o', 'quiet.md', '-q'], { cwd: folder })).stdout).toBe('');
    expect(readFileSync(join(folder, 'quiet.md'), 'utf8')).toContain('10.0.0.2:9091');
  });

  test('what was there before is replaced, behind a symbolic link too', async () => {
    const path = join(folder, 'before.json');
    writeFileSync(path, 'old');
    symlinkSync(path, join(folder, 'link.json'));
    expect((await teardown([capture, '-o', 'link.json'], { cwd: folder })).code).toBe(0);
    expect(json(readFileSync(path, 'utf8')).flows).toHaveLength(3);
  });

  test.each([
    ['an input that cannot be opened', ['nowhere.pcap']],
    ['a wrong expression', ['three.pcap', '-Y', 'nothing==1']],
    ['an output that cannot be written', ['three.pcap', '-o', 'missing/x.csv']],
  ])('after %s no half file is left, and an old one is as before', async (_, args) => {
    writeFileSync(join(folder, 'old.json'), 'old');
    const before = readdirSync(folder);
    const result = await teardown(['-o', 'old.json', '-o', 'new.ndjson', ...args], { cwd: folder });
    expect(result.code).toBe(2);
    expect(readdirSync(folder)).toEqual(before);
    expect(readFileSync(join(folder, 'old.json'), 'utf8')).toBe('old');
  });
});

describe('-Y', () => {
  test('keeps the flows that match, in every format', async () => {
    const args = [capture, '-Y', 'port==9091 && closer==server'];
    expect(json((await teardown([...args, '-f', 'json'])).stdout).flows.map(({ id }) => id)).toEqual([2]);
    expect(lines((await teardown([...args, '-f', 'ndjson'])).stdout)).toHaveLength(1);
    expect(lines((await teardown([...args, '-f', 'csv'])).stdout)).toHaveLength(2);
  });

  test('that matches nothing is no error', async () => {
    const result = await teardown([capture, '-Y', 'port==1', '-f', 'csv']);
    expect(result.code).toBe(0);
    expect(lines(result.stdout)).toHaveLength(1);
  });
});

describe('timers', () => {
  test('--time-wait takes the place of the profile', async () => {
    const report = json((await teardown([capture, '--time-wait', '5.5', '-f', 'json'])).stdout);
    const { from, until } = report.flows[0]!.endpoints.client.timeWait!;
    expect(Date.parse(until) - Date.parse(from)).toBe(5500);
    expect(Object.values(report.assumptions).map(({ timeWaitSeconds }) => timeWaitSeconds)).toContain(5.5);
  });
});

describe('-q and -v', () => {
  const many = writeScript(folder, 'many.pcap', manyFlows(60));

  test('-v lists every flow', async () => {
    const listed = async (...args: string[]) => {
      const { stdout } = await teardown([many, ...args]);
      return Array.from({ length: 60 }, (_, i) => `:${40000 + i}`).filter((port) => stdout.includes(port)).length;
    };
    expect(await listed('-v')).toBe(60);
    expect(await listed()).toBeLessThan(60);
  });

  test('neither changes the data', async () => {
    const [plain, quiet, verbose] = await Promise.all(
      [[], ['-q'], ['-v']].map((args) => teardown([many, '-f', 'json', ...args])),
    );
    expect(quiet?.stdout).toBe(plain?.stdout);
    expect(verbose?.stdout).toBe(plain?.stdout);
  });

  test('--max-flows lists fewer and counts all', async () => {
    const report = json((await teardown([many, '-f', 'json', '--max-flows', '7'])).stdout);
    expect(report.flows).toHaveLength(7);
    expect(report.totals.flows).toBe(60);
    const ids = report.flows.map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    expect(lines((await teardown([many, '-f', 'ndjson', '--max-flows', '7'])).stdout)).toHaveLength(60);
  });
});

describe('colours', () => {
  const cases: [expected: boolean, args: string[], env: Record<string, string>][] = [
    [false, [], {}],
    [true, ['--color', 'always'], {}],
    [false, ['--color', 'never'], { CLICOLOR_FORCE: '1' }],
    [true, [], { CLICOLOR_FORCE: '1' }],
    [false, [], { CLICOLOR_FORCE: '0' }],
    [false, [], { CLICOLOR_FORCE: '1', NO_COLOR: '1' }],
    [true, [], { CLICOLOR_FORCE: '1', NO_COLOR: '' }],
    [true, ['--color', 'always'], { NO_COLOR: '1' }],
  ];
  test.each(cases)('%s with %j and %j', async (expected, args, env) => {
    expect((await teardown([capture, ...args], { env })).stdout.includes('\x1b[')).toBe(expected);
  });

  test('only text and the ladder have them', async () => {
    for (const format of ['json', 'ndjson', 'csv', 'md']) {
      expect((await teardown([capture, '-f', format, '--color', 'always'])).stdout).not.toContain('\x1b');
    }
    expect((await teardown(['flow', capture, '1', '--color', 'always'])).stdout).toContain('\x1b[');
  });

  test('files have none', async () => {
    await teardown([capture, '--color', 'always', '-o', 'plain.txt'], { cwd: folder });
    expect(readFileSync(join(folder, 'plain.txt'), 'utf8')).not.toContain('\x1b');
  });
});

describe('help', () => {
  test('lists the commands and fits 80 columns', async () => {
    const { code, stdout, stderr } = await teardown(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    for (const part of ['analyze [options] FILE...', 'flow [options] FILE... SELECTOR', 'help', 'Exit codes']) {
      expect(stdout).toContain(part);
    }
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test.each([['analyze'], ['flow']])('of %s', async (command) => {
    const { code, stdout } = await teardown([command, '--help']);
    expect(code).toBe(0);
    expect((await teardown(['help', command])).stdout).toBe(stdout);
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    for (const option of ['--time-wait', '--max-flows', '--color', '-q', '-v']) expect(stdout).toContain(option);
    expect(stdout).not.toContain('default: [');
  });

  test('the version is that of package.json', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    for (const option of ['-V', '--version']) expect((await teardown([option])).stdout).toBe(`${version}\n`);
  });
});
