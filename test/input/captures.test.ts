import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openCaptures } from '../../src/input/captures.ts';
import { linkTypeName } from '../../src/input/linktypes.ts';
import { itTool } from '../support/shared.ts';
import { block, epb, idb, isb, type PcapFile, packet, pcap, shb, spb, u32 } from './bytes.ts';
import { md5, readFiles } from './read.ts';

const folder = mkdtempSync(join(tmpdir(), 'teardown-captures-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** A file with a packet at each of these microseconds; the packet tells the file and the place. */
function at(name: string, micros: number[], file: PcapFile = {}): string {
  const packets = micros.map((m, i) => {
    return { seconds: Math.floor(m / 1e6), fraction: m % 1e6, data: Buffer.from(`${name} ${i}`) };
  });
  return write(name, pcap({ ...file, packets }));
}

async function order(paths: string[]): Promise<string[]> {
  const set = await openCaptures(paths);
  const seen: string[] = [];
  await set.forEach((r) => {
    seen.push(`${r.frame} ${Buffer.from(r.data.subarray(r.start, r.end)).toString('latin1')}`);
  });
  return seen;
}

describe('several captures', () => {
  it('are merged by time, the file named first where times are equal', async () => {
    const paths = [at('a', [10, 30, 30]), at('b', [10, 20, 30]), at('c', [])];
    expect(await order(paths)).toEqual(['1 a 0', '2 b 0', '3 b 1', '4 a 1', '5 a 2', '6 b 2']);
    expect(await order([paths[1]!, paths[0]!])).toEqual(['1 b 0', '2 a 0', '3 b 1', '4 b 2', '5 a 1', '6 a 2']);
  });

  it('are not sorted inside: where a file goes back in time, its next record is due at once', async () => {
    expect(await order([at('a', [50, 5, 60]), at('b', [10, 55])])).toEqual([
      '1 b 0',
      '2 a 0',
      '3 a 1',
      '4 b 1',
      '5 a 2',
    ]);
  });

  it('deliver records without a time when they are met, and leave out the numbers of other frames', async () => {
    const custom = block(0xbad, Buffer.concat([u32(1), packet(4)]));
    const timed = (text: string, ticks: bigint) => epb({ ticks, data: Buffer.from(text) });
    const untimed = spb({ data: Buffer.from('s0') });
    const path = write('s', Buffer.concat([shb(), idb(), custom, timed('s1', 40n), untimed, custom, timed('s2', 60n)]));
    const expected = ['2 a 0', '3 s1', '4 s0', '6 a 1', '7 s2', '8 a 2'];
    expect(await order([at('a', [30, 50, 70]), path])).toEqual(expected);
  });

  it('are described one by one', async () => {
    const first = at('x', [2_000_000, 1_000_000, 3_500_000], { linkType: 113 });
    const second = write('y', Buffer.concat([shb(), idb({ linkType: 276 }), idb(), isb({ ifdrop: 2n }), spb()]));
    const third = at('z', []);
    const { set } = await readFiles([first, second, third, first]);
    expect(set.files.slice(0, 3)).toEqual([
      {
        name: 'x',
        format: 'pcap',
        linkTypes: ['LINUX_SLL'],
        packets: 3,
        bytes: 24 + 3 * 19,
        first: { seconds: 1, nanoseconds: 0 },
        last: { seconds: 3, nanoseconds: 500_000_000 },
      },
      {
        name: 'y',
        format: 'pcapng',
        linkTypes: ['LINUX_SLL2', 'ETHERNET'],
        packets: 1,
        bytes: 168,
        first: null,
        last: null,
      },
      { name: 'z', format: 'pcap', linkTypes: ['ETHERNET'], packets: 0, bytes: 24, first: null, last: null },
    ]);
    expect(set.dropped).toBe(2);
    expect((await readFiles([first])).set.dropped).toBeNull();
  });

  it('each tell their own damage', async () => {
    const cut = (name: string) =>
      write(name, pcap({ packets: [{ seconds: 1, fraction: 0, data: packet(9) }] }).subarray(0, -1));
    const { set, records } = await readFiles([cut('p'), at('q', [1]), cut('r')]);
    expect(records).toHaveLength(1);
    const what = 'cut in the middle of a record: 24 of 25 bytes';
    expect(set.damage).toEqual([
      { file: 'p', offset: 24, what },
      { file: 'r', offset: 24, what },
    ]);
  });

  // mergecap takes the file named last where times are equal: so it gets them in reverse
  itTool('are merged as mergecap merges them', 'mergecap', async () => {
    const micros = fc.array(fc.nat({ max: 12 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.array(micros, { minLength: 2, maxLength: 5 }), async (files) => {
        const paths = files.map((times, i) => at(`m${i}`, times));
        const merged = join(folder, 'merged.pcap');
        execFileSync('mergecap', ['-F', 'nsecpcap', '-w', merged, ...paths.toReversed()]);
        const ours = (await readFiles(paths)).records.map(({ frame, time, md5 }) => ({ frame, time, md5 }));
        const theirs = (await readFiles([merged])).records.map(({ frame, time, md5 }) => ({ frame, time, md5 }));
        expect(ours).toEqual(theirs);
      }),
      { numRuns: 15 },
    );
  });
});

describe('while reading', () => {
  const packets = Array.from({ length: 3000 }, (_, i) => ({ seconds: i, fraction: 0, data: packet(1000) }));
  const path = write('long', pcap({ packets }));

  it('the event loop gets its turn, and progress is told', async () => {
    const told: [number, number | null, number][] = [];
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const set = await openCaptures([path, path], { onProgress: (...args) => told.push(args) });
    await set.forEach(({ frame }) => {
      const until = performance.now() + (frame % 100 === 0 ? 3 : 0);
      while (performance.now() < until);
    });
    clearInterval(timer);
    const size = 24 + 3000 * 1016;
    expect(told.at(-1)).toEqual([2 * size, 2 * size, 6000]);
    expect(told.length).toBeGreaterThan(1);
    expect(turns).toBeGreaterThan(0);
  });

  it('an error of the sink ends it', async () => {
    const set = await openCaptures([path]);
    let calls = 0;
    const reading = set.forEach(() => {
      if (++calls === 10) throw new Error('enough');
    });
    await expect(reading).rejects.toThrow('enough');
    expect(calls).toBe(10);
  });

  it('records survive growth of the window', async () => {
    const big = [60, 200_000, 100, 262_144, 1].map((n, i) => ({ seconds: i, fraction: 0, data: packet(n, i) }));
    const one = write('big', pcap({ packets: big }));
    // so many files that each gets the smallest window
    const { records } = await readFiles(Array.from({ length: 300 }, () => one));
    expect(records.filter((_, i) => i % 300 === 0).map((r) => r.md5)).toEqual(big.map((p) => md5(p.data)));
  });
});

it('names link types as libpcap does', () => {
  expect([0, 1, 101, 113, 127, 228, 276, 65_000].map(linkTypeName)).toEqual([
    'NULL',
    'ETHERNET',
    'RAW',
    'LINUX_SLL',
    'IEEE802_11_RADIOTAP',
    'IPV4',
    'LINUX_SLL2',
    'LINKTYPE_65000',
  ]);
});
