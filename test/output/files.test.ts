import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const failing = vi.hoisted(() => ({ write: null as string | null, short: false, rename: null as string | null }));

vi.mock('node:fs', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs')>();
  const fail = (code: string): never => {
    throw Object.assign(new Error(code), { code });
  };
  return {
    ...real,
    writeSync: (fd: number, data: Uint8Array, offset: number): number => {
      if (failing.write !== null) return fail(failing.write);
      // A disk may take less than it is given.
      return real.writeSync(fd, data, offset, failing.short ? Math.min(7, data.length - offset) : undefined);
    },
    renameSync: (from: string, to: string): void =>
      failing.rename === null ? real.renameSync(from, to) : fail(failing.rename),
  };
});

const { AtomicFile, OutputError, writeFileAtomic } = await import('../../src/output/files.ts');

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'teardown-files-'));
});

afterEach(() => {
  Object.assign(failing, { write: null, short: false, rename: null });
  rmSync(folder, { recursive: true });
});

function caught(action: () => void): InstanceType<typeof OutputError> {
  try {
    action();
  } catch (error) {
    if (error instanceof OutputError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('writeFileAtomic', () => {
  it('writes all chunks and leaves nothing beside', () => {
    const path = join(folder, 'report.txt');
    writeFileAtomic(path, ['häl', 'lo', '']);
    expect(readFileSync(path, 'utf8')).toBe('hällo');
    expect(readdirSync(folder)).toEqual(['report.txt']);
  });

  it('leaves bytes as they are between texts, of which a character may be in two', () => {
    const path = join(folder, 'bytes.bin');
    const file = new AtomicFile(path);
    for (const chunk of ['\ud83d', '\ude00', Uint8Array.of(0xff, 0, 0xc3), 'ä', Uint8Array.of(7)]) file.write(chunk);
    file.commit();
    expect([...readFileSync(path)]).toEqual([...Buffer.from('😀'), 0xff, 0, 0xc3, 0xc3, 0xa4, 7]);
  });

  it('writes on where the disk takes less than it is given', () => {
    failing.short = true;
    const path = join(folder, 'report.txt');
    const chunks = Array.from({ length: 3000 }, (_, index) => `line ${index} of a longer text\n`);
    writeFileAtomic(path, chunks);
    expect(readFileSync(path, 'utf8')).toBe(chunks.join(''));
  });

  it('leaves the old file and nothing else when the chunks fail', () => {
    const path = join(folder, 'report.txt');
    writeFileSync(path, 'old');
    const broken = function* (): Iterable<string> {
      yield 'x'.repeat(200_000);
      throw new RangeError('broken');
    };
    expect(() => writeFileAtomic(path, broken())).toThrow(RangeError);
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['report.txt']);
  });

  it.each([
    ['write', 'ENOSPC', 'no space left on the disk'],
    ['rename', 'EACCES', 'permission denied'],
  ] as const)('leaves the old file and nothing else when %s fails', (step, code, why) => {
    const path = join(folder, 'report.txt');
    writeFileSync(path, 'old');
    failing[step] = code;
    const error = caught(() => writeFileAtomic(path, ['new']));
    expect(error).toMatchObject({ what: `can't write ${path}`, why });
    expect(error.hint).not.toBe('');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['report.txt']);
  });

  it('says that the folder must exist', () => {
    const error = caught(() => writeFileAtomic(join(folder, 'none', 'a.json'), ['x']));
    expect(error.why).toBe(`the folder ${join(folder, 'none')} does not exist`);
    expect(error.hint).toContain('mkdir -p');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses a folder, a path through a file, and a device', () => {
    mkdirSync(join(folder, 'a.json'));
    expect(caught(() => writeFileAtomic(join(folder, 'a.json'), [])).why).toBe('it is a folder');
    writeFileSync(join(folder, 'file'), '');
    expect(caught(() => writeFileAtomic(join(folder, 'file', 'b.json'), [])).why).toContain(
      'is a file and not a folder',
    );
    expect(caught(() => writeFileAtomic('/dev/null', ['x'])).why).toContain('device');
    expect(statSync('/dev/null').isFile()).toBe(false);
  });

  it('replaces the file behind a symbolic link and keeps its mode', () => {
    const [real, link] = [join(folder, 'real.txt'), join(folder, 'link.txt')];
    writeFileSync(real, 'old');
    chmodSync(real, 0o600);
    symlinkSync(real, link);
    writeFileAtomic(link, ['new']);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, 'utf8')).toBe('new');
    expect(statSync(real).mode & 0o777).toBe(0o600);
  });

  it('takes the longest name that the file system permits', () => {
    const path = join(folder, `${'n'.repeat(250)}.json`);
    writeFileAtomic(path, ['x']);
    expect(readFileSync(path, 'utf8')).toBe('x');
    expect(caught(() => writeFileAtomic(join(folder, 'n'.repeat(300)), [])).why).toBe('the name is too long');
  });
});

describe('AtomicFile', () => {
  it('shows nothing under its name before commit()', () => {
    const path = join(folder, 'flows.ndjson');
    const file = new AtomicFile(path);
    file.write('a\n'.repeat(100_000));
    file.write('b\n');
    expect(readdirSync(folder)).not.toContain('flows.ndjson');
    file.commit();
    expect(readFileSync(path, 'utf8')).toBe(`${'a\n'.repeat(100_000)}b\n`);
  });

  it('abort() removes what was written, and may be repeated', () => {
    const file = new AtomicFile(join(folder, 'flows.csv'));
    file.write('x');
    file.abort();
    file.abort();
    expect(readdirSync(folder)).toEqual([]);
    expect(() => file.commit()).toThrow(OutputError);
  });

  it('abort() after commit() keeps the file', () => {
    const file = new AtomicFile(join(folder, 'flows.csv'));
    file.commit();
    file.abort();
    expect(readdirSync(folder)).toEqual(['flows.csv']);
  });
});
