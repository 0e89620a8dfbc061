import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { openCaptures } from '../../src/input/captures.ts';
import { block, epb, idb, packet, pcap, shb, snoop } from './bytes.ts';
import { type Kept, keep, readBytes } from './read.ts';

const folder = mkdtempSync(join(tmpdir(), 'teardown-follow-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PACKETS = Array.from({ length: 40 }, (_, i) => ({ seconds: 100 + i, fraction: i, data: packet(50 + i, i) }));
const PCAP = pcap({ packets: PACKETS });
const PCAPNG = Buffer.concat([
  shb(),
  idb(),
  ...PACKETS.map(({ data }, i) => epb({ ticks: BigInt(i), data })),
  block(4, packet(4000)),
]);
const SNOOP = snoop(PACKETS.map(({ seconds, data }) => ({ seconds, micros: 0, data })));

/** Follows a file that begins as `bytes`; `then` works on it, and when it is done following ends. */
async function follow(name: string, bytes: Uint8Array, then: (path: string, records: Kept[]) => Promise<void>) {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  const ending = new AbortController();
  const records: Kept[] = [];
  const worked = then(path, records).finally(() => ending.abort());
  const set = await openCaptures([path], { follow: ending.signal });
  await set.forEach((record) => {
    records.push(keep(record));
  });
  await worked;
  return { records, set };
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 250 && !condition(); i++) await wait(20);
  expect(condition()).toBe(true);
}

describe('a file that is followed', () => {
  it.each([
    ['pcap', PCAP],
    ['pcapng', PCAPNG],
    ['snoop', SNOOP],
    ['pcap.gz', gzipSync(PCAP)],
  ])('%s: each record when it is complete, and half a one is no damage', async (name, bytes) => {
    const half = Math.floor(bytes.length / 2) + 1;
    const { records, set } = await follow(name, bytes.subarray(0, half), async (path, got) => {
      await until(() => got.length > 0);
      const before = got.length;
      appendFileSync(path, bytes.subarray(half, -9));
      await until(() => got.length > before);
    });
    const whole = readBytes(name.endsWith('.gz') ? PCAP : bytes).records;
    expect(records.length).toBeGreaterThanOrEqual(39);
    expect(records).toEqual(whole.slice(0, records.length));
    expect(set.damage).toEqual([]);
    expect(set.files[0]?.bytes).toBe(bytes.length - 9);
  });

  it('is waited for while it is empty, and while its header is not whole', async () => {
    const { records } = await follow('late.pcap', PCAP.subarray(0, 0), async (path, got) => {
      for (const [from, to] of [
        [0, 3],
        [3, 20],
        [20, 30],
      ]) {
        await wait(250);
        appendFileSync(path, PCAP.subarray(from, to));
      }
      expect(got).toEqual([]);
      appendFileSync(path, PCAP.subarray(30));
      await until(() => got.length === 40);
    });
    expect(records).toEqual(readBytes(PCAP).records);
  });

  it('is read to where it was when following ended, and no further', async () => {
    const path = join(folder, 'at-once.pcap');
    writeFileSync(path, PCAP);
    const set = await openCaptures([path], { follow: AbortSignal.abort() });
    let count = 0;
    await set.forEach(() => {
      if (count++ === 0) appendFileSync(path, PCAP.subarray(24));
    });
    expect(count).toBe(40);
    expect(set.damage).toEqual([]);
  });

  it('whose bytes are wrong is damaged', async () => {
    const bad = pcap({ packets: [...PACKETS, { seconds: 1, fraction: 0, data: packet(4), captured: 1 << 30 }] });
    const { set } = await follow('bad.pcap', bad, () => wait(20));
    expect(set.damage).toMatchObject([{ offset: PCAP.length, what: expect.stringMatching('claims 1073741824') }]);
  });

  it('that is cut ends there, as damage', async () => {
    const { records, set } = await follow('shorter.pcap', PCAP, async (path, got) => {
      await until(() => got.length === 40);
      truncateSync(path, 10);
      await wait(600);
    });
    expect(records).toHaveLength(40);
    expect(set.damage).toMatchObject([{ what: 'the file was cut to 10 bytes while it was followed' }]);
  });

  it('whose name another takes is read to its end, and that is told', async () => {
    const { records, set } = await follow('rotated.pcap', PCAP.subarray(0, -9), async (path, got) => {
      await until(() => got.length === 39);
      renameSync(path, `${path}.1`);
      // Gone, but written on: it is followed all the same.
      await wait(500);
      writeFileSync(path, PCAP);
      appendFileSync(`${path}.1`, PCAP.subarray(-9));
      await until(() => got.length === 40);
      await wait(1500);
    });
    expect(records).toHaveLength(40);
    expect(set.damage).toMatchObject([
      { offset: PCAP.length, what: 'another file has taken its name while it was followed, and is not read' },
    ]);
  });

  it('must be one, and a file', async () => {
    const follow = new AbortController().signal;
    await expect(openCaptures(['a', 'b'], { follow })).rejects.toMatchObject({ what: "can't follow several captures" });
    await expect(openCaptures(['-'], { follow })).rejects.toMatchObject({ what: "can't follow -" });
    await expect(openCaptures(['/dev/null'], { follow })).rejects.toMatchObject({ what: "can't follow /dev/null" });
  });
});
