/** --os: whose timers count, by address; what is guessed; what is wrong. */
import { describe, expect, test } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import type { Report } from '../../src/report/types.ts';
import { OsError } from '../../src/systems.ts';
import { expectError, teardown, temporaryFolder, writeScript } from './run.ts';

const folder = temporaryFolder();

const close = (client: string) => `
+0.1  c > s  F.  1:1(0) ack 1 ${client}
+0.1  s > c  .   1:1(0) ack 2
+0.1  s > c  F.  1:1(0) ack 2
+0.1  c > s  .   2:2(0) ack 2 ${client}`;

/** A Windows client with a handshake, then midstream, and another address of which there is no SYN. */
const capture = writeScript(
  folder,
  'windows.pcap',
  `
0     c > s  S   0:0(0)       win 64240 <mss 1460, nop, wscale 8, nop, nop, sackOK> ttl 128
+0.1  s > c  S.  0:0(0) ack 1 win 65535 <mss 1460, nop, wscale 6, sackOK> ttl 60
+0.1  c > s  .   1:1(0) ack 1 ttl 128
${close('ttl 128')}
client 10.0.0.1:40001
+0.1  c > s  P.  1:11(10) ack 1 ttl 128
${close('ttl 128').replace('1:1(0)', '11:11(0)').replaceAll('ack 2', 'ack 12').replace('2:2(0) ack 12', '12:12(0) ack 2')}
client [2001:db8::9]:40002
server [2001:db8::2]:9091
+0.1  c > s  P.  1:11(10) ack 1
${close('').replace('1:1(0)', '11:11(0)').replaceAll('ack 2', 'ack 12').replace('2:2(0) ack 12', '12:12(0) ack 2')}
`,
);

async function reportOf(...args: string[]): Promise<Report> {
  const { code, stdout } = await teardown([capture, '-f', 'json', ...args]);
  expect(code).toBe(0);
  return JSON.parse(stdout) as Report;
}

/** Seconds of each flow's TIME_WAIT at the client, as projected. */
function timeWaits({ flows }: Report): (number | null)[] {
  return flows.map(({ endpoints }) => {
    const { timeWait } = endpoints.client;
    return timeWait === null ? null : (Date.parse(timeWait.until) - Date.parse(timeWait.from)) / 1000;
  });
}

describe('without --os', () => {
  test('a SYN tells, also for flows without one; else it is Linux, assumed', async () => {
    const report = await reportOf();
    expect(timeWaits(report)).toEqual([120, 120, 60]);
    expect(report.assumptions['10.0.0.1']).toEqual({
      os: 'windows',
      basis: 'inferred',
      certainty: 'certain',
      frame: 1,
      why: 'SYN with TTL 128, window 64240, options mss,nop,ws,nop,nop,sackOK',
      timeWaitSeconds: 120,
      timeWaitLatestSeconds: 240,
      finWait2Seconds: 120,
    });
    const unknown = report.assumptions['2001:db8::9']!;
    expect(unknown).toMatchObject({ os: 'linux', basis: 'assumed', certainty: 'assumed', frame: null });
  });

  test('the summary says whose timers were assumed, and how sure that is', async () => {
    const { stdout } = await teardown([capture]);
    expect(stdout).toContain('Timers of windows (certain) for 10.0.0.1: TIME_WAIT 2 min to 4 min, FIN_WAIT_2 2 min.');
  });

  test('streamed flows go by what is known by then', async () => {
    const { stdout } = await teardown([capture, '-f', 'ndjson']);
    const flows = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Report['flows'][0]);
    flows.sort((a, b) => a.id - b.id);
    expect(flows).toEqual((await reportOf()).flows);
  });
});

describe('--os', () => {
  test('names the system of all', async () => {
    const report = await reportOf('--os', 'macos');
    expect(timeWaits(report)).toEqual([30, 30, 30]);
    for (const { os, basis, certainty, frame } of Object.values(report.assumptions)) {
      expect([os, basis, certainty, frame]).toEqual(['macos', 'assumed', 'given', null]);
    }
  });

  test('of an address, in any spelling, the last that is said', async () => {
    const args = ['--os', '2001:DB8:0::9=freebsd', '--os', '2001:db8::9=rfc9293', '--os', '10.0.0.1=linux'];
    expect(timeWaits(await reportOf(...args))).toEqual([60, 60, 240]);
    expect(timeWaits(await reportOf('--os', 'macos', '--os', '10.0.0.1=auto'))).toEqual([120, 120, 30]);
    expect(timeWaits(await reportOf('--os', '[2001:db8::9]=windows'))).toEqual([120, 120, 120]);
  });

  test('--time-wait goes before it', async () => {
    expect(timeWaits(await reportOf('--os', 'windows', '--time-wait', '7'))).toEqual([7, 7, 7]);
  });

  test('flow has it too', async () => {
    const { code } = await teardown(['flow', capture, '1', '--os', 'freebsd']);
    expect(code).toBe(0);
  });

  test.each([
    ['lnux', /there is no system 'lnux'/],
    ['10.0.0.1=lnux', /there is no system 'lnux'/],
    ['10.0.0=linux', /'10\.0\.0' is no address/],
    ['=linux', /'' is no address/],
    ['server=linux', /'server' is no address/],
    ['', /there is no system ''/],
  ])('%s is a usage error', async (value, why) => {
    for (const command of [[capture], ['flow', capture, '1']]) {
      const result = await teardown([...command, '--os', value]);
      expect([result.code, result.stdout]).toEqual([2, '']);
      expectError(result, why);
    }
  });
});

describe('analyze()', () => {
  test('takes a system, or systems by address', async () => {
    expect(timeWaits(await analyze([capture], { os: 'macos' }))).toEqual([30, 30, 30]);
    expect(timeWaits(await analyze([capture], { os: { '*': 'solaris', '10.0.0.1': 'auto' } }))).toEqual([120, 120, 60]);
  });

  test('refuses what is none', async () => {
    await expect(analyze([capture], { os: 'beos' as 'linux' })).rejects.toThrow(OsError);
    await expect(analyze([capture], { os: { localhost: 'linux' } })).rejects.toThrow("'localhost' is no address");
  });
});
