/** What `-w` saves: the stream's own bytes, in files that are whole each by itself, also where the disk is full. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { PacketFile, SaveError, type SaveOptions } from '../../src/live/save.ts';
import { tapped } from '../../src/live/tap.ts';
import { RecordSplitter, RUN_BYTES } from '../../src/live/tap-records.ts';
import { temporaryFolder } from '../cli/run.ts';
import { epb, idb, isb, packet, pcap, shb, u32 } from '../input/bytes.ts';
import { type Kept, readBytes } from '../input/read.ts';
import { itKernel } from '../support/kernel.ts';
import { itTool } from '../support/shared.ts';
import { anyFile, chunked, packets, sizes } from './streams.ts';

const folder = temporaryFolder();
const newFolder = () => mkdtempSync(join(folder, 'save-'));

/** Saves these bytes; the clock stands at `times` in turn, ms since 1970, and stays at the last. */
function save(path: string, chunks: Iterable<Uint8Array>, options: Partial<SaveOptions> = {}) {
  const errors: SaveError[] = [];
  const file = new PacketFile(path, { onError: (error) => errors.push(error), ...options });
  const splitter = new RecordSplitter([file]);
  for (const chunk of chunks) splitter.push(chunk);
  file.close();
  return { saved: file.saved, errors };
}

const packetsOf = (paths: string[]) => paths.flatMap((path) => readBytes(readFileSync(path)).records.map(md5Of));
/** A packet without a time has that of the one before it, which is in another file perhaps. */
const md5Of = ({ md5, time, hasTime }: Kept) => `${hasTime ? time : ''} ${md5}`;
const filesIn = (path: string) =>
  readdirSync(path)
    .sort()
    .map((name) => join(path, name));

describe('without rotation', () => {
  it('the file has the bytes of the stream', () => {
    const path = join(newFolder(), 'any.pcap');
    fc.assert(
      fc.property(anyFile, sizes, (bytes, lengths) => {
        const { saved, errors } = save(path, chunked(bytes, lengths));
        expect(readFileSync(path)).toEqual(bytes);
        expect(errors).toEqual([]);
        expect(saved).toEqual({ path, files: 1, packets: readBytes(bytes).records.length, bytes: bytes.length });
      }),
    );
  });

  it('a record that was not captured to its end is not in it', () => {
    const path = join(newFolder(), 'cut.pcap');
    const bytes = packets(10);
    save(path, chunked(bytes.subarray(0, bytes.length - 5), [100]));
    expect(readFileSync(path)).toEqual(bytes.subarray(0, bytes.length - 60));
  });

  itTool('it is the file that tcpdump -w writes', 'tcpdump', async () => {
    const from = newFolder();
    const input = join(from, 'input.pcap');
    writeFileSync(input, packets(20_000, 60));
    execFileSync('tcpdump', ['-r', input, '-w', join(from, 'theirs.pcap')], { stdio: 'ignore' });
    const child = spawn('tcpdump', ['-U', '-r', input, '-w', '-'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const file = new PacketFile(join(from, 'ours.pcap'), { onError: (error) => expect(error).toBeNull() });
    for await (const _ of tapped(child.stdout, [file]));
    file.close();
    expect(file.saved.packets).toBe(20_000);
    expect(readFileSync(join(from, 'ours.pcap')).equals(readFileSync(join(from, 'theirs.pcap')))).toBe(true);
  });

  it('a name with conversions tells when it was begun', () => {
    const now = () => Date.UTC(2026, 1, 3, 4, 5, 6);
    const from = newFolder();
    expect(save(join(from, 'a-%Y%m%dT%H%M%S.pcap'), [packets(1)], { now }).saved.path).toBe(
      join(from, 'a-20260203T040506.pcap'),
    );
  });
});

describe('files of a bounded size', () => {
  it('are no larger, whole each by itself, and together hold every packet', () => {
    fc.assert(
      fc.property(anyFile, sizes, fc.integer({ min: 100, max: 2000 }), (bytes, lengths, rotateBytes) => {
        const from = newFolder();
        const { saved, errors } = save(join(from, 'web.pcap'), chunked(bytes, lengths), { rotateBytes });
        const files = filesIn(from);
        expect(errors).toEqual([]);
        expect(files[0]).toBe(join(from, 'web-00001.pcap'));
        expect([saved.path, saved.files]).toEqual([files.at(-1), files.length]);
        expect(packetsOf(files)).toEqual(readBytes(bytes).records.map(md5Of));
        for (const file of files) {
          const { records, damage } = readBytes(readFileSync(file));
          expect(damage).toBeNull();
          if (records.length > 1) expect(statSync(file).size).toBeLessThanOrEqual(rotateBytes);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are as large as fits', () => {
    const from = newFolder();
    save(join(from, 'web.pcap'), chunked(packets(10), [1000]), { rotateBytes: 24 + 3 * 60 + 59 });
    expect(filesIn(from).map((file) => statSync(file).size)).toEqual([204, 204, 204, 84]);
  });

  it('have one record that is larger', () => {
    const from = newFolder();
    const data = packet(2 * RUN_BYTES);
    const large = pcap({ packets: [1, 2].map((seconds) => ({ seconds, fraction: 0, data })) });
    save(join(from, 'web.pcap'), [large], { rotateBytes: 1000 });
    expect(filesIn(from).map((file) => readBytes(readFileSync(file)).records.length)).toEqual([1, 1]);
  });

  it('of pcapng begin with their section and all interfaces so far, once each', () => {
    const from = newFolder();
    const first = [shb(), idb(), epb(), isb({})];
    const second = [idb({ linkType: 101 }), epb({ interfaceId: 1 }), epb({ interfaceId: 1 })];
    save(join(from, 'a.pcapng'), chunked(Buffer.concat([...first, ...second]), [7]), { rotateBytes: 1 });
    const head = [shb(), idb()];
    const whole = [...head, idb({ linkType: 101 })];
    expect(filesIn(from).map((file) => readFileSync(file))).toEqual([
      Buffer.concat([...head, epb()]),
      Buffer.concat([...head, isb({})]),
      Buffer.concat([...whole, epb({ interfaceId: 1 })]),
      Buffer.concat([...whole, epb({ interfaceId: 1 })]),
    ]);
  });

  it('are kept so many, the newest', () => {
    const from = newFolder();
    const { saved } = save(join(from, 'web.pcap'), chunked(packets(10), [100]), { rotateBytes: 84, keep: 3 });
    const names = [8, 9, 10].map((n) => join(from, `web-000${String(n).padStart(2, '0')}.pcap`));
    expect(filesIn(from)).toEqual(names);
    expect(saved).toEqual({ path: names[2], files: 10, packets: 10, bytes: 840 });
  });
});

describe('files of a bounded time', () => {
  /** A packet every ten minutes; the clock is that of its arrival. */
  function hours(pattern: string, options: Partial<SaveOptions>): string[] {
    const from = newFolder();
    let now = Date.UTC(2026, 0, 1);
    const [head, ...records] = [...chunked(packets(12), [24, ...Array<number>(12).fill(60)])];
    function* arriving() {
      yield head!;
      for (const record of records) {
        yield record;
        now += 600_000;
      }
    }
    save(join(from, pattern), arriving(), { ...options, now: () => now });
    expect(filesIn(from).every((file) => readBytes(readFileSync(file)).damage === null)).toBe(true);
    return filesIn(from).map(
      (file) => `${file.slice(from.length + 1)} ${readBytes(readFileSync(file)).records.length}`,
    );
  }

  it('have the packets that came in it', () => {
    expect(hours('%H%M.pcap', { rotateSeconds: 1800 })).toEqual([
      '0000.pcap 3',
      '0030.pcap 3',
      '0100.pcap 3',
      '0130.pcap 3',
    ]);
    expect(hours('a.pcap', { rotateSeconds: 3600 })).toEqual(['a-00001.pcap 6', 'a-00002.pcap 6']);
  });

  it('are numbered where the time tells them not apart', () => {
    expect(hours('%H.pcap', { rotateSeconds: 1800 })).toEqual([
      '00-00002.pcap 3',
      '00.pcap 3',
      '01-00002.pcap 3',
      '01.pcap 3',
    ]);
  });

  it('overwrite what had the name before, and it counts once', () => {
    expect(hours('at-%M.pcap', { rotateSeconds: 1200, keep: 2 })).toEqual(['at-20.pcap 2', 'at-40.pcap 2']);
    expect(hours('at-%M.pcap', { rotateSeconds: 1200, keep: 3 })).toHaveLength(3);
  });
});

describe('what was captured', () => {
  it('can be read after a second', () => {
    vi.useFakeTimers();
    try {
      const path = join(newFolder(), 'now.pcap');
      const file = new PacketFile(path, { onError: () => undefined });
      const splitter = new RecordSplitter([file]);
      const bytes = packets(3);
      splitter.push(bytes.subarray(0, 144));
      expect(readFileSync(path).length).toBe(0);
      vi.advanceTimersByTime(1000);
      expect(readFileSync(path)).toEqual(bytes.subarray(0, 144));
      splitter.push(bytes.subarray(144));
      vi.advanceTimersByTime(1000);
      expect(readFileSync(path)).toEqual(bytes);
      file.close();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('stays where the stream goes wrong', () => {
    const path = join(newFolder(), 'odd.pcap');
    const bytes = packets(3);
    const { errors } = save(path, [Buffer.concat([bytes, u32(1), u32(1), u32(0xffff_ffff), u32(1)])]);
    expect(readFileSync(path)).toEqual(bytes);
    expect(errors.map(({ what, why }) => [what, why])).toEqual([
      [`can't save more to ${path}`, 'a record claims 4294967295 captured bytes'],
    ]);
  });
});

/** All of it is told once; what was saved is whole records, as many as fit. */
function expectFull(
  path: string,
  bytes: Buffer,
  { saved, errors }: ReturnType<typeof save>,
  room: number,
  why: string,
) {
  expect(errors.map((error) => [error instanceof SaveError, error.what, error.why])).toEqual([
    [true, `can't write ${path}`, why],
  ]);
  expect(errors[0]?.hint).toMatch(/^What was saved before is whole\. /);
  const records = Math.floor((room - 24) / 60);
  expect(readFileSync(path).equals(bytes.subarray(0, 24 + records * 60))).toBe(true);
  expect([saved.packets, saved.bytes]).toEqual([records, 24 + records * 60]);
}

describe('a full disk', () => {
  const NO_SPACE = 'no space left on the disk';

  itKernel('leaves whole records, and is told once', () => {
    const disk = newFolder();
    const size = 300 << 10;
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', disk]);
    try {
      const bytes = packets(20_000);
      const path = join(disk, 'web.pcap');
      expectFull(path, bytes, save(path, chunked(bytes, [65_536])), size, NO_SPACE);
      // There is a little room again: enough for a name, not for another file's bytes.
      const other = save(join(disk, 'other.pcap'), chunked(bytes, [100_000]), { rotateBytes: 50_000 });
      expect([other.errors.length, other.errors[0]?.why]).toEqual([1, NO_SPACE]);
      for (const file of filesIn(disk)) expect(readBytes(readFileSync(file)).damage).toBeNull();
    } finally {
      execFileSync('umount', [disk]);
      rmdirSync(disk);
    }
  });

  it('is told of a device, too', () => {
    const { errors, saved } = save('/dev/full', chunked(packets(5000), [65_536]));
    expect(errors.map(({ what, why }) => [what, why])).toEqual([["can't write /dev/full", NO_SPACE]]);
    expect(saved.packets).toBe(0);
    expect(statSync('/dev/full').isCharacterDevice()).toBe(true);
  });

  itTool('is a limit of the process, too', 'prlimit', () => {
    const path = join(newFolder(), 'web.pcap');
    const bytes = packets(20_000);
    const limit = (value: string) => execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${value}:`]);
    limit('100000');
    let result: ReturnType<typeof save>;
    try {
      result = save(path, chunked(bytes, [65_536]));
    } finally {
      limit('unlimited');
    }
    expectFull(path, bytes, result, 100_000, 'the file would be larger than the file system or its limit allows');
  });
});

describe('what can not be written', () => {
  const failure = (path: string) => {
    try {
      new PacketFile(path, { onError: () => undefined });
    } catch (error) {
      return error instanceof SaveError ? [error.what, error.why, error.hint] : error;
    }
    return null;
  };

  it('is told at once', () => {
    const from = newFolder();
    const missing = join(from, 'missing');
    expect(failure(join(missing, 'a.pcap'))).toEqual([
      `can't write ${join(missing, 'a.pcap')}`,
      `the folder ${missing} does not exist`,
      `Create it first: mkdir -p ${missing}`,
    ]);
    expect(failure(from)).toEqual([`can't write ${from}`, 'it is a folder', 'Name a file.']);
    const pipe = join(from, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(failure(pipe)).toEqual([`can't write ${pipe}`, 'it is a pipe', 'Name a file.']);
  });

  it('ends a rotation', () => {
    const from = newFolder();
    mkdirSync(join(from, 'a-00003.pcap'));
    const { errors, saved } = save(join(from, 'a.pcap'), chunked(packets(10), [100]), { rotateBytes: 84 });
    expect(errors.map(({ what, why }) => [what, why])).toEqual([
      [`can't write ${join(from, 'a-00003.pcap')}`, 'it is a folder'],
    ]);
    expect(saved.packets).toBe(2);
  });
});
