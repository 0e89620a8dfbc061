import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { openCaptures } from '../../src/input/captures.ts';
import { InputError, systemError } from '../../src/input/errors.ts';
import { erf, packet, pcap, shb, snoop } from './bytes.ts';

const folder = mkdtempSync(join(tmpdir(), 'teardown-open-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const GOOD = write('good.pcap', pcap({ packets: [{ seconds: 1, fraction: 0, data: packet(60) }] }));

/** Two records of 40 bytes each. */
const ERF = erf([1, 2].map(() => ({ seconds: 0x386d_4380, data: packet(20) })));

async function failure(paths: string[], stdin?: Readable): Promise<InputError> {
  const error: unknown = await openCaptures(paths, { stdin }).then(
    () => null,
    (e) => e,
  );
  if (!(error instanceof InputError)) expect.fail(`no InputError: ${String(error)}`);
  expect(error.message).toBe(`${error.what}: ${error.why}`);
  expect(error.hint).not.toBe('');
  return error;
}

describe('what can not be opened', () => {
  it('no such file', async () => {
    const missing = join(folder, 'missing.pcap');
    expect(await failure([missing])).toMatchObject({ what: `can't open ${missing}`, why: 'no such file' });
    expect((await failure([join(GOOD, 'x.pcap')])).why).toBe('no such file');
  });

  it('a folder', async () => {
    expect((await failure([folder])).why).toBe('is a directory');
  });

  it('a file without permission', async () => {
    const path = write('secret.pcap', '');
    chmodSync(path, 0o000);
    // root may read everything, so there the system call's error is made by hand
    const root = process.getuid?.() === 0;
    const error = root ? systemError(path, Object.assign(new Error(), { code: 'EACCES' })) : await failure([path]);
    expect(error).toMatchObject({ why: 'permission denied', hint: expect.stringContaining('sudo') });
  });

  it('a socket', async () => {
    const path = join(folder, 'socket');
    const server = createServer().listen(path);
    await new Promise((resolve) => server.once('listening', resolve));
    expect((await failure([path])).why).toMatch(/socket/);
    server.close();
  });

  it('one of several: before anything is delivered', async () => {
    expect((await failure([GOOD, join(folder, 'missing.pcap')])).why).toBe('no such file');
  });

  it('standard input twice', async () => {
    expect((await failure(['-', '-'])).what).toBe("can't read - twice");
  });

  it('an error nobody foresaw', () => {
    expect(systemError('x', Object.assign(new Error(), { code: 'ELOOP' })).why).toBe('ELOOP');
    expect(systemError('x', new Error('odd')).why).toBe('Error: odd');
  });
});

describe('what is no capture', () => {
  it.each([
    ['empty', '', 'is empty'],
    ['text', 'IP 10.0.0.1.80 > 10.0.0.2.5: Flags [F.]\n', 'is text, no capture'],
    ['snoop of another version', snoop([], 4, 3), 'snoop version 3 is not known, only 2 is'],
    ['snoop of another link', snoop([], 17), "snoop's datalink type 17 is not known"],
    ['two ERF records and a cut', ERF.subarray(0, -1), 'is no pcap or pcapng: it begins with ef 00 00 00 80 43 6d 38'],
    ['one ERF record', ERF.subarray(0, 40), 'is no pcap or pcapng: it begins with ef 00 00 00 80 43 6d 38'],
    ['zip', Buffer.from('PK\x03\x04....'), 'is a ZIP archive, no pcap or pcapng'],
    ['bytes', Buffer.from([0, 0xe2, 0x45, 0x88, 1]), 'is no pcap or pcapng: it begins with 00 e2 45 88 01'],
    ['short', Buffer.from([0xd4, 0xc3]), 'is no pcap or pcapng: it begins with d4 c3'],
    ['gzipped text', zlib.gzipSync('hello'), 'is text, no capture'],
    ['gzip of nothing', zlib.gzipSync(''), 'is empty'],
    ['gzip cut at once', zlib.gzipSync('hello').subarray(0, 6), 'the gzip data is cut (unexpected end of file)'],
    ['old pcap', pcap({ version: [1, 0] }), 'pcap version 1.0 is not known, only 2.x is'],
    ['old pcapng', shb({}, [1, 1]), 'pcapng version 1.1 is not known, only 1.0 is'],
  ])('%s', async (name, bytes, why) => {
    const path = write(`not-${name}`, bytes);
    expect(await failure([path])).toMatchObject({ what: `can't read ${path}`, why });
    const stdin = Readable.from([Buffer.from(bytes)], { objectMode: false });
    expect((await failure(['-'], stdin)).why).toBe(why);
  });

  it('a file header that is cut is a damaged capture', async () => {
    const set = await openCaptures([write('cut.pcap', pcap().subarray(0, 23))]);
    await set.forEach(() => {
      expect.fail('no record is there');
    });
    expect(set.damage).toEqual([
      { file: 'cut.pcap', offset: 0, what: 'cut in the middle of the file header: 23 of 24 bytes' },
    ]);
  });
});
