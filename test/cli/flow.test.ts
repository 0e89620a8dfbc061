import { describe, expect, test } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import { expectError, THREE_FLOWS, teardown, temporaryFolder, writeScript } from './run.ts';

const folder = temporaryFolder();
const capture = writeScript(folder, 'three.pcap', THREE_FLOWS);

const ladderOf = async (selector: string, ...more: string[]) => {
  const result = await teardown(['flow', capture, selector, ...more]);
  expect(result.code, `${selector}: ${result.stderr}`).toBe(0);
  return result.stdout;
};

describe('teardown flow', () => {
  test('draws every segment beside the states', async () => {
    const ladder = await ladderOf('1');
    expect(ladder).toContain('10.0.0.1:40000');
    const states = ['SYN_SENT', 'ESTABLISHED', 'FIN_WAIT_1', 'FIN_WAIT_2', 'TIME_WAIT', 'CLOSE_WAIT', 'LAST_ACK'];
    for (const state of states) expect(ladder).toContain(state);
    expect(ladder).toContain('[F.] 101:101 ack 301');
    for (let frame = 1; frame <= 9; frame++) expect(ladder).toMatch(new RegExp(`\\+\\d+\\.\\d+ +${frame} `));
  });

  test('numbers the frames as the whole capture has them', async () => {
    expect(await ladderOf('2')).toMatch(/\+0\.000000 +10 /);
  });

  test.each([
    ['IPv4', 1, ['10.0.0.1:40000-10.0.0.2:9091', '10.0.0.2:9091-10.0.0.1:40000']],
    ['IPv6', 3, ['[2001:db8::1]:50000-[2001:db8::2]:443', '[2001:db8::2]:443-[2001:db8::1]:50000']],
    ['IPv6 in another spelling', 3, ['[2001:0DB8:0:0::1]:50000-[2001:db8:0:0:0:0:0:2]:443']],
    ['expression', 3, ['reset.by==server', 'kind==aborted']],
    ['id with blanks around an expression', 2, [' id == 2 ']],
  ])('takes %s', async (_, id, selectors) => {
    const expected = await ladderOf(String(id));
    for (const selector of selectors) expect(await ladderOf(selector)).toBe(expected);
  });

  test('takes a Community ID', async () => {
    const report = JSON.parse((await teardown([capture, '-f', 'json'])).stdout) as Report;
    for (const { id, communityId } of report.flows) {
      expect(await ladderOf(communityId!)).toBe(await ladderOf(String(id)));
    }
  });

  test('draws the first of several and names the others', async () => {
    const result = await teardown(['flow', capture, 'port==9091']);
    expect(result.code).toBe(0);
    expect(result.stdout).toBe(await ladderOf('1'));
    expect(result.stderr).toBe('teardown: 1 more flows match: 2\n');
    expect((await teardown(['flow', capture, 'port==9091', '-q'])).stderr).toBe('');
  });

  test('takes several files', async () => {
    const other = writeScript(folder, 'other.pcap', 'client 10.7.7.7:1234\n5 c > s S 0:0(0)');
    const result = await teardown(['flow', capture, other, '10.0.0.2:9091-10.7.7.7:1234']);
    expect(result.code).toBe(0);
    expect(result.stdout).toMatch(/\+0\.000000 +20 /);
  });

  test.each(['99', '0', '1:AAAAAAAAAAAAAAAAAAAAAAAAAAA=', '10.0.0.1:40000-10.0.0.2:1', 'closer==both'])(
    '%s matches nothing: exit 1',
    async (selector) => {
      const result = await teardown(['flow', capture, selector]);
      expect(result.code).toBe(1);
      expect(result.stdout).toBe('');
      expectError(result, `no flow matches ${selector}`, /lists the flows/);
    },
  );

  test('is as wide as COLUMNS says', async () => {
    const result = await teardown(['flow', capture, '1'], { env: { COLUMNS: '100' } });
    const widest = Math.max(...result.stdout.split('\n').map((line) => line.length));
    expect(widest).toBeLessThanOrEqual(100);
  });
});
