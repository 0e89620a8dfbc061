/** explain, --threshold, --port-range, --fail-on. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import type { Report } from '../../src/report/types.ts';
import { readPortRange, readThresholds, ThresholdError } from '../../src/thresholds.ts';
import { expectError, teardown, temporaryFolder } from './run.ts';

const folder = temporaryFolder();
const outage = join(folder, 'outage.pcap');
copyFileSync(resolve(import.meta.dirname, '../../fixtures/demo/restart-outage.pcap'), outage);
const cut = join(folder, 'cut.pcap');
writeFileSync(cut, readFileSync(outage).subarray(0, -3));

describe('explain', () => {
  test('a rule, and all rules', async () => {
    const one = await teardown(['explain', 'bind-blocked']);
    expect([one.code, one.stderr]).toEqual([0, '']);
    expect(one.stdout).toMatch(/^bind-blocked: /);
    const all = await teardown(['explain']);
    expect([all.code, all.stderr]).toEqual([0, '']);
    expect(all.stdout).toMatch(/^ {2}bind-blocked +A server/m);
  });

  test('in colours where they are wanted, and as Markdown', async () => {
    const { stdout } = await teardown(['explain', 'bind-blocked'], { env: { NO_COLOR: '1' } });
    expect(stdout).not.toContain('\x1b');
    const coloured = await teardown(['explain', 'bind-blocked', '--color', 'always'], { env: { COLUMNS: '160' } });
    expect(coloured.stdout).toContain('\x1b[1mSO_REUSEADDR\x1b[0m before');
    expect((await teardown(['explain', 'bind-blocked', '-f', 'md'])).stdout).toMatch(/^## bind-blocked\n\n\*\*/);
    expect((await teardown(['explain', '-f', 'md'])).stdout).toMatch(/^## What teardown finds\n/);
  });

  test.each([
    [
      'a rule misspelt',
      ['bind-bloked'],
      /no rule 'bind-bloked'\n {2}did you mean bind-blocked\? teardown explain lists/,
    ],
    ['no rule at all', ['\x1b[2Jfrobnicate'], /no rule '\\x1b\[2Jfrobnicate'\n {2}teardown explain lists all/],
    ['two of them', ['bind-blocked', 'refused'], /too many arguments/],
    ['another format', ['bind-blocked', '-f', 'csv'], /Allowed choices are text, md/],
  ])('%s is a usage error', async (_, args, why) => {
    const result = await teardown(['explain', ...args]);
    expect([result.code, result.stdout]).toEqual([2, '']);
    expectError(result, why);
  });
});

describe('--threshold', () => {
  const found = async (...args: string[]) => {
    const { code, stdout } = await teardown([outage, '-f', 'json', ...args]);
    expect(code).toBe(0);
    return (JSON.parse(stdout) as Report).findings.map(({ rule }) => rule);
  };

  test('moves the value from which a finding is made', async () => {
    const usual = ['bind-blocked', 'restart-outage', 'server-closes-first'];
    expect(await found()).toEqual(expect.arrayContaining(usual));
    expect(await found('--threshold', 'restart-outage=2m')).not.toContain('restart-outage');
    expect(await found('--threshold', 'restart-outage=2m', '--threshold', 'restart-outage=1m')).toContain(
      'restart-outage',
    );
    expect(await found('--threshold', 'time-wait-pileup=40')).toContain('time-wait-pileup');
    expect(await found('--threshold', 'time-wait-pileup=41')).not.toContain('time-wait-pileup');
    expect(await found('--threshold', 'server-closes-first=100%')).not.toContain('server-closes-first');
  });

  test('takes durations, numbers and shares', () => {
    const all = ['restart-outage=1500ms', 'time-wait-pileup = 1e3', 'server-closes-first=50 %'];
    expect(readThresholds(all)).toEqual({
      'restart-outage': 1.5,
      'time-wait-pileup': 1000,
      'server-closes-first': 0.5,
    });
    expect(readThresholds(['server-closes-first=0.25'])).toEqual({ 'server-closes-first': 0.25 });
  });

  test.each([
    ['restart-outgae=5s', /no rule 'restart-outgae'\n {2}did you mean restart-outage\?/],
    ['restart-outage', /restart-outage sets nothing/],
    ['restart-outage=', /sets nothing/],
    ['restart-outage=fast', /'fast' is no value for restart-outage\n {2}it takes a duration/],
    ['restart-outage=2d', /no value/],
    ['time-wait-pileup=5s', /it takes a number/],
    ['time-wait-pileup=0', /threshold of time-wait-pileup is from 1 to 10,000,000/],
    ['server-closes-first=101%', /is from 0 % to 100 %/],
    ['restart-outage=-1s', /is from 0 s to 24 h/],
    ['constructor=1', /no rule 'constructor'/],
  ])('%s is a usage error', async (value, why) => {
    const result = await teardown([outage, '--threshold', value]);
    expect([result.code, result.stdout]).toEqual([2, '']);
    expectError(result, why);
  });

  test('is checked in the library too', async () => {
    const wrong = (thresholds: object) => analyze([outage], { thresholds });
    await expect(wrong({ 'no-rule': 1 })).rejects.toThrow(ThresholdError);
    await expect(wrong({ 'restart-outage': -1 })).rejects.toThrow(RangeError);
    await expect(wrong({ 'restart-outage': Number.NaN })).rejects.toThrow(RangeError);
    await expect(wrong({ 'restart-outage': '5s' })).rejects.toThrow(RangeError);
    await expect(wrong({ 'restart-outage': undefined })).resolves.toHaveProperty('findings.0');
  });
});

describe('--port-range', () => {
  test('takes two ports', async () => {
    expect(readPortRange('1024-65535')).toEqual([1024, 65_535]);
    expect((await teardown([outage, '--port-range', '1024-65535'])).code).toBe(0);
  });

  test.each(['0-10', '10-5', '1-65536', '1024', 'a-b', '1-2-3', '-5'])('%s is a usage error', async (value) => {
    const result = await teardown([outage, `--port-range=${value}`]);
    expect([result.code, result.stdout]).toEqual([2, '']);
    expectError(result, /a range of ports is LOW-HIGH/);
  });

  test.each([[[0, 10]], [[10, 5]], [[1.5, 2]]])('%j is a RangeError in the library', async ([low, high]) => {
    await expect(analyze([outage], { portRange: [low!, high!] })).rejects.toThrow(RangeError);
  });
});

describe('--fail-on', () => {
  test.each([
    ['critical', 2],
    ['warning', 3],
    ['info', 3],
  ])('%s: exit code 1, and a line that says why', async (severity, n) => {
    const result = await teardown([outage, '--fail-on', severity]);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(new RegExp(`^teardown: \\d+ findings are at least ${severity}: --fail-on\n$`));
    expect(Number(/\d+/.exec(result.stderr)?.[0])).toBeGreaterThanOrEqual(n);
    expect(result.stdout).toContain('FINDINGS');
  });

  test('is silent with -q, and writes all outputs', async () => {
    const path = join(folder, 'out.json');
    const result = await teardown([outage, '--fail-on', 'info', '-q', '-o', path]);
    expect([result.code, result.stdout, result.stderr]).toEqual([1, '', '']);
    expect((JSON.parse(readFileSync(path, 'utf8')) as Report).findings.length).toBeGreaterThan(0);
  });

  test('counts with streamed formats too, of the flows that match', async () => {
    expect((await teardown([outage, '--fail-on', 'critical', '-f', 'csv'])).code).toBe(1);
    expect((await teardown([outage, '--fail-on', 'info', '-Y', 'id==-1'])).code).toBe(0);
  });

  test('a usage error, then damage, come before it', async () => {
    expect((await teardown([cut, '--fail-on', 'info'])).code).toBe(3);
    expect((await teardown([outage, '--fail-on', 'info', '--threshold', 'x=1'])).code).toBe(2);
    expectError(await teardown([outage, '--fail-on', 'bad']), /Allowed choices are info, warning, critical/);
  });
});
