/** The ring holds the newest records, and reads as a capture of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/input/errors.ts';
import { PacketRing, RING_BYTES, type RingSnapshot } from '../../src/live/ring.ts';
import { RecordSplitter } from '../../src/live/tap-records.ts';
import { epb, idb, packet, pcap, shb } from '../input/bytes.ts';
import { type Kept, keep, readBytes } from '../input/read.ts';
import { chunked, oneSection, packets, pcapFile, pcapngFile, sizes } from './streams.ts';

function ringOf(most: number, bytes: Uint8Array, lengths: readonly number[] = [1000]) {
  const ring = new PacketRing('lo', most);
  const splitter = new RecordSplitter([ring]);
  for (const chunk of chunked(bytes, lengths)) splitter.push(chunk);
  return { ring, splitter };
}

async function read(snapshot: RingSnapshot): Promise<Kept[]> {
  const records: Kept[] = [];
  const set = await snapshot.open();
  await set.forEach((record) => {
    records.push(keep(record));
  });
  expect(set.damage).toEqual([]);
  return records;
}

const heldBy = (snapshot: RingSnapshot) => snapshot.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
/** A packet without a time has that of the one before it, which may be gone; interfaces are numbered by section. */
const lasting = ({ time, hasTime, ...others }: Kept) => ({ ...others, hasTime, time: hasTime ? time : null });

describe('a ring', () => {
  it('that is large enough holds the stream', () => {
    fc.assert(
      fc.property(fc.oneof(pcapFile, oneSection), sizes, (bytes, lengths) => {
        const snapshot = ringOf(1 << 20, bytes, lengths).ring.snapshot();
        expect(Buffer.concat(snapshot.chunks)).toEqual(bytes);
        expect([snapshot.framesBefore, snapshot.packets]).toEqual([0, readBytes(bytes).records.length]);
      }),
    );
  });

  it('of any size holds the newest records, with their frame numbers', async () => {
    const wanted = fc.integer({ min: 1 << 10, max: 6 << 10 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(pcapngFile, { minLength: 4, maxLength: 20 }),
        sizes,
        wanted,
        async (files, lengths, most) => {
          const bytes = Buffer.concat(files);
          const snapshot = ringOf(most, bytes, lengths).ring.snapshot();
          const all = readBytes(bytes, [4096], 4096).records;
          const records = await read(snapshot);
          expect(records.map(lasting)).toEqual(all.slice(all.length - records.length).map(lasting));
          expect(snapshot.packets).toBe(records.length);
          for (const { frame } of records) expect(frame).toBeGreaterThan(snapshot.framesBefore);
          const [first] = snapshot.chunks;
          expect(first?.subarray(0, 4)).toEqual(new Uint8Array([10, 13, 13, 10]));
        },
      ),
    );
  });

  it('is full but for a small part, and no fuller', () => {
    const most = 64 << 10;
    const { ring, splitter } = ringOf(most, packets(0));
    const records = packets(10_000).subarray(24);
    for (let n = 0; n < 10_000; n++) {
      splitter.push(records.subarray(n * 60, n * 60 + 60));
      const snapshot = ring.snapshot();
      expect(heldBy(snapshot)).toBeLessThanOrEqual(most + 24);
      expect(snapshot.framesBefore + snapshot.packets).toBe(n + 1);
      if (n > 1200) expect(heldBy(snapshot)).toBeGreaterThan(0.93 * most);
    }
  });

  it('has 32 MiB where nothing else is said', () => {
    expect(RING_BYTES).toBe(32 * 1024 * 1024);
    const ring = new PacketRing('lo');
    const splitter = new RecordSplitter([ring]);
    splitter.push(packets(0));
    const many = packets(1000, 1500).subarray(24);
    for (let n = 0; n < 40; n++) splitter.push(many);
    const held = heldBy(ring.snapshot());
    expect([held > 30 << 20, held <= RING_BYTES + 24]).toEqual([true, true]);
  });

  it('goes on behind a record that is larger than itself', async () => {
    const large = { seconds: 1, fraction: 0, data: packet(5000) };
    const small = { seconds: 2, fraction: 0, data: packet(50) };
    const { ring } = ringOf(2048, pcap({ packets: [small, large, small, small] }));
    const snapshot = ring.snapshot();
    expect([snapshot.framesBefore, snapshot.packets]).toEqual([2, 2]);
    expect((await read(snapshot)).map(({ frame }) => frame)).toEqual([3, 4]);
  });

  it('has the interfaces that its first record needs', async () => {
    const described = [idb(), idb({ linkType: 101 }), idb({ linkType: 113 })];
    const many = Array.from({ length: 100 }, (_, n) => epb({ interfaceId: n % 3, ticks: BigInt(n) }));
    const bytes = Buffer.concat([shb(), described[0]!, epb(), described[1]!, described[2]!, ...many]);
    const snapshot = ringOf(2048, bytes).ring.snapshot();
    expect(snapshot.framesBefore).toBeGreaterThan(20);
    const records = await read(snapshot);
    expect(new Set(records.map(({ linkType }) => linkType))).toEqual(new Set([1, 101, 113]));
    expect(records.at(-1)?.frame).toBe(101);
  });
});

describe('a snapshot', () => {
  it('stays as it is while the ring goes on, and is read as often as need be', async () => {
    const { ring, splitter } = ringOf(4096, packets(100));
    const snapshot = ring.snapshot();
    const before = await read(snapshot);
    const bytes = Buffer.concat(snapshot.chunks);
    splitter.push(packets(500).subarray(24));
    expect(Buffer.concat(snapshot.chunks).equals(bytes)).toBe(true);
    expect(await read(snapshot)).toEqual(before);
    expect(ring.snapshot().framesBefore).toBeGreaterThan(500);
  });

  it('of a ring without a packet says so', async () => {
    const nothing = new PacketRing('lo').snapshot();
    expect([nothing.packets, nothing.framesBefore, nothing.name]).toEqual([0, 0, 'lo']);
    await expect(nothing.open()).rejects.toThrow(InputError);
    const { ring } = ringOf(2048, packets(0));
    expect(await read(ring.snapshot())).toEqual([]);
  });

  it('of a ring whose stream went wrong holds what came before', async () => {
    const { ring } = ringOf(8192, Buffer.concat([packets(10), Buffer.alloc(600, 0xff)]));
    expect((await read(ring.snapshot())).map(({ frame }) => frame)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});
