/** `teardown port`: why bind() fails, and until when. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectGolden, widest } from '../output/golden.ts';
import { servedFirst } from '../ports/scripted.ts';
import { expectError, type Result, teardown, temporaryFolder, writeScript } from './run.ts';

const folder = temporaryFolder();
const outage = join(folder, 'outage.pcap');
copyFileSync(resolve(import.meta.dirname, '../../fixtures/demo/restart-outage.pcap'), outage);
const cut = join(folder, 'cut.pcap');
writeFileSync(cut, readFileSync(outage).subarray(0, -3));
const six = writeScript(
  folder,
  'six.pcap',
  [
    ...servedFirst('[2001:db8::1]:50000', '[2001:db8::2]:443', 0),
    ...servedFirst('10.0.0.1:40000', '10.0.0.2:443', 2),
  ].join('\n'),
);
const PORT = '10.213.101.10:8080';
/** 11:50:48, in the outage */
const INSIDE = ['--at', '11:50:48'];

interface Told {
  at: string;
  reuseAddr: string;
  bindFails: boolean | null;
  listening: boolean | null;
  sockets: number;
  states: Record<string, number>;
  flows: number[];
  worksAt: string | null;
  worksAtLatest: string | null;
  ledger: { address: string; port: number; role: string; os: string; intervals: unknown[]; freeAt: string | null };
}

function told({ code, stdout }: Result): Told[] {
  expect(code).toBe(0);
  return JSON.parse(stdout) as Told[];
}

const ask = async (...args: string[]): Promise<Told> =>
  told(await teardown(['port', outage, PORT, '-f', 'json', ...args]))[0]!;

describe('the answer as text', () => {
  test.each([80, 160])('at %i columns is what somebody last read and found good', async (columns) => {
    const result = await teardown(['port', outage, PORT, ...INSIDE], { env: { COLUMNS: String(columns) } });
    expect([result.code, result.stderr]).toEqual([0, '']);
    expect(widest(result.stdout)).toBeLessThanOrEqual(columns);
    await expectGolden(result.stdout, `port-restart-outage-${columns}.txt`);
  });

  test('without --at is about the outage', async () => {
    const { stdout } = await teardown(['port', outage, PORT]);
    expect(stdout).toContain('At 11:50:18 (when it began to refuse its clients) bind() to 10.213.101.10:8080 fails');
    expect(stdout.replace(/\s+/g, ' ')).toContain('40 sockets in TIME_WAIT are on it');
  });

  test('has no colours but where they are wanted', async () => {
    const args = ['port', outage, PORT];
    expect((await teardown(args)).stdout).not.toContain('\x1b');
    expect((await teardown([...args, '--color', 'always'])).stdout).toContain('\x1b[1m');
  });
});

describe('--at', () => {
  test.each([
    ['a time of the day', '11:50:48', '2026-11-20T11:50:48.000000000Z'],
    ['minutes alone', '11:51', '2026-11-20T11:51:00.000000000Z'],
    ['with a fraction', '11:50:48.25', '2026-11-20T11:50:48.250000000Z'],
    ['RFC 3339', '2026-11-20T11:50:48Z', '2026-11-20T11:50:48.000000000Z'],
    ['RFC 3339 of another zone', '2026-11-20T12:50:48+01:00', '2026-11-20T11:50:48.000000000Z'],
    ['without a zone: UTC', '2026-11-20T11:50:48', '2026-11-20T11:50:48.000000000Z'],
    ['seconds since 1970', '1795175448', '2026-11-20T11:50:48.000000000Z'],
  ])('%s', async (_, at, expected) => {
    const answer = await ask('--at', at);
    expect([answer.at, answer.bindFails]).toEqual([expected, true]);
  });

  test.each([
    ['+0s', 0],
    ['+30s', 30],
    ['+30', 30],
    ['+1500ms', 1.5],
    ['+1m', 60],
    ['+0.5m', 30],
  ])('%s since the first packet', async (at, seconds) => {
    const first = await ask('--at', '+0');
    const answer = await ask('--at', at);
    expect(Date.parse(answer.at) - Date.parse(first.at)).toBe(seconds * 1000);
  });

  test.each(['', 'noon', '25:00', '11:60', '11:50:61', '2026-13-01', '+', '+30d', '-5s', '11:50:48Z'])(
    "'%s' is a usage error",
    async (at) => {
      const result = await teardown(['port', outage, PORT, `--at=${at}`]);
      expect([result.code, result.stdout]).toEqual([2, '']);
      expectError(result, /is no time\n {2}as in: 12:03:10/);
    },
  );
});

describe('ADDR:PORT', () => {
  test('every address of a port, IPv6 in brackets', async () => {
    const all = told(await teardown(['port', six, '*:443', '-f', 'json']));
    expect(all.map(({ ledger }) => ledger.address).sort()).toEqual(['10.0.0.2', '2001:db8::2']);
    const one = told(await teardown(['port', six, '[2001:DB8::2]:443', '-f', 'json']));
    expect(one.map(({ ledger }) => ledger.address)).toEqual(['2001:db8::2']);
    const long = told(await teardown(['port', six, '[2001:db8:0:0::2]:443', '-f', 'json']));
    expect(long.map(({ ledger }) => ledger.address)).toEqual(['2001:db8::2']);
    expect((await teardown(['port', six, '[2001:db8::2]:443'])).stdout).toContain('bind() to [2001:db8::2]:443');
    expect((await teardown(['port', six, ':443', '-f', 'json'])).code).toBe(0);
  });

  test("a client's own port", async () => {
    const [answer] = told(await teardown(['port', six, '10.0.0.1:40000', '-f', 'json']));
    expect(answer!.ledger).toMatchObject({ role: 'client', port: 40_000 });
  });

  test.each([['10.9.9.9:80'], ['*:81'], ['81'], ['10.213.101.10:1']])(
    '%s, which no flow has: exit code 1',
    async (port) => {
      const result = await teardown(['port', outage, port]);
      expect([result.code, result.stdout]).toEqual([1, '']);
      expectError(result, /no flow has .*\n {2}teardown .* lists the flows/);
    },
  );

  test.each([['10.0.0.1'], ['10.0.0.1:65536'], ['65536'], ['[::1:80'], ['a:b:80']])(
    '%s is a usage error',
    async (port) => {
      const result = await teardown(['port', outage, port]);
      expect([result.code, result.stdout]).toEqual([2, '']);
      expectError(result, /is no port\n {2}as in: 10\.0\.0\.1:80/);
    },
  );

  test.each([[[]], [[outage]]])('without a port: %j', async (operands) => {
    const result = await teardown(['port', ...operands]);
    expect([result.code, result.stdout]).toEqual([2, '']);
    expectError(result, /port needs a capture and a port\n {2}as in: teardown port/);
  });
});

describe('-f json', () => {
  test('has all that the text tells', async () => {
    const answer = await ask(...INSIDE);
    expect(Object.keys(answer)).toEqual([
      'at',
      'reuseAddr',
      'bindFails',
      'listening',
      'sockets',
      'states',
      'flows',
      'worksAt',
      'worksAtLatest',
      'ledger',
    ]);
    expect(answer).toMatchObject({
      reuseAddr: 'neither',
      bindFails: true,
      listening: false,
      sockets: 40,
      states: { TIME_WAIT: 40 },
      ledger: { address: '10.213.101.10', port: 8080, role: 'server', os: 'linux' },
    });
    expect(answer.flows).toHaveLength(20);
    // Measured: 11:51:19.281.
    expect(answer.worksAt! <= '2026-11-20T11:51:19.29').toBe(true);
    expect(answer.worksAtLatest! >= '2026-11-20T11:51:19.28').toBe(true);
    expect(answer.ledger.intervals.length).toBeGreaterThanOrEqual(3);
  });

  test('says nothing of an end where it works, or somebody listens', async () => {
    expect(await ask(...INSIDE, '--old-reuseaddr', '--new-reuseaddr')).toMatchObject({
      bindFails: false,
      worksAt: null,
    });
    expect(await ask('--at', '11:51:22')).toMatchObject({ bindFails: true, listening: true, worksAt: null });
  });
});

describe('who has SO_REUSEADDR, and which system it is', () => {
  test.each([
    [[], 'neither', true],
    [['--new-reuseaddr'], 'newOnly', true],
    [['--old-reuseaddr'], 'oldOnly', true],
    [['--old-reuseaddr', '--new-reuseaddr'], 'both', false],
    [['--os', 'freebsd', '--new-reuseaddr'], 'newOnly', false],
    [['--os', 'freebsd', '--old-reuseaddr'], 'oldOnly', true],
    [['--os', 'windows'], 'neither', false],
    [['--os', 'rfc9293'], 'neither', null],
  ] as const)('%j', async (args, reuseAddr, bindFails) => {
    expect(await ask(...INSIDE, ...args)).toMatchObject({ reuseAddr, bindFails });
  });

  test('--time-wait', async () => {
    expect(await ask(...INSIDE, '--time-wait', '5')).toMatchObject({ bindFails: false, sockets: 0 });
  });

  test('an answer that RFC 9293 does not give', async () => {
    const { code, stdout } = await teardown(['port', outage, PORT, ...INSIDE, '--os', 'rfc9293']);
    expect(code).toBe(0);
    expect(stdout.replace(/\s+/g, ' ')).toContain("can't be said whether bind()");
    expect(stdout).not.toMatch(/NaN|undefined|null/);
  });
});

/** What it answers is in test/output/port-now.test.ts and, beside a kernel, in test/kernel/port-now.test.ts. */
describe('without a capture', () => {
  test.each([
    [['*:0'], /port 0 means any free port/],
    [['*:80', '--at', '+30s'], /--at needs a capture/],
    [['*:80', '--redact-mode', 'prefix'], /--redact-mode needs a capture/],
    [['*:80', '--time-wait', '5'], /--time-wait needs a capture/],
    [['/no/such.pcap'], /no port/],
    [[outage, PORT, '--try'], /--try is for this machine/],
  ])('%j is a usage error', async (args, message) => {
    const result = await teardown(['port', ...args]);
    expect([result.code, result.stdout]).toEqual([2, '']);
    expectError(result, message);
  });

  test.runIf(process.platform === 'linux')('it is about this machine', async () => {
    const { code, stdout, stderr } = await teardown(['port', '192.0.2.99:80']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('fails now with EADDRNOTAVAIL');
  });
});

describe('like other commands', () => {
  test('--redact hides every address, in text and JSON', async () => {
    for (const args of [[], ['-f', 'json']]) {
      const { code, stdout } = await teardown(['port', outage, PORT, '--redact', ...args]);
      expect(code).toBe(0);
      expect(stdout).toContain('server-1');
      expect(stdout).not.toContain('10.213');
    }
  });

  test('a damaged capture: the answer, and exit code 3', async () => {
    const result = await teardown(['port', cut, PORT, ...INSIDE]);
    expect(result.code).toBe(3);
    expect(result.stdout).toContain('bind() to 10.213.101.10:8080 fails');
    expectError(result, /cut/);
    expect((await teardown(['port', cut, '*:1'])).code).toBe(3);
  });

  test('a pipe', async () => {
    const stdin = readFileSync(outage);
    const piped = await teardown(['port', '-', PORT, ...INSIDE], { stdin });
    expect(piped.code).toBe(0);
    expect(piped.stdout).toBe((await teardown(['port', outage, PORT, ...INSIDE])).stdout);
  });

  test.each([
    ['no such file', ['port', '/no/such.pcap', PORT], 2],
    ['another format', ['port', outage, PORT, '-f', 'csv'], 2],
  ])('%s', async (_, args, code) => {
    const result = await teardown(args);
    expect([result.code, result.stdout]).toEqual([code, '']);
    expectError(result);
  });
});
