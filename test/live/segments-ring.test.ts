/** Ladders and evidence of a capture of which the newest packets alone are there. */
import { closeSync, openSync, readFileSync, readSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analyze.ts';
import type { SplitWord } from '../../src/decode/split.ts';
import { extractInto } from '../../src/extract.ts';
import { PacketRing, type RingSnapshot } from '../../src/live/ring.ts';
import { RecordSplitter } from '../../src/live/tap-records.ts';
import { AtomicFile } from '../../src/output/files.ts';
import type { LadderSegment } from '../../src/output/ladder-rows.ts';
import type { Flow } from '../../src/report/types.ts';
import { laddersOf, segmentsOf } from '../../src/segments.ts';
import { laddersFromRing, segmentsFromRing } from '../../src/segments-ring.ts';
import { captureBytes, temporaryFolder, writeScript } from '../cli/run.ts';
import { closedBy, writeWrapped } from '../cli/wrapped.ts';
import { ethernet } from '../decode/bytes.ts';
import { finding, NANO, readBack, SCRIPT } from '../extract/read.ts';
import { capturesUnder } from '../output/html/data/captures.ts';

const folder = temporaryFolder();

function ringOf(path: string, most = 64 << 20): RingSnapshot {
  const ring = new PacketRing(basename(path), most);
  new RecordSplitter([ring]).push(readFileSync(path));
  return ring.snapshot();
}

/** A ring that has lost this share of the file's bytes, or some more. */
const partOf = (path: string, share: number) =>
  ringOf(path, Math.max(256, Math.floor(statSync(path).size * (1 - share))));

const isPlain = (path: string) => {
  const head = Buffer.alloc(4);
  const file = openSync(path, 'r');
  readSync(file, head);
  closeSync(file);
  return ['d4c3b2a1', '4d3cb2a1', 'a1b2c3d4', '0a0d0d0a'].includes(head.toString('hex'));
};
const captures = [...capturesUnder('fixtures/cases'), ...capturesUnder('fixtures/stories')].filter(isPlain);

/** What does not depend on the segments before: numbers are relative to the first one of each side. */
function shape(segments: readonly LadderSegment[]) {
  const first = { client: 0, server: 0 };
  for (const { sender, seq } of segments.toReversed()) first[sender] = seq;
  return segments.map(({ frame, seconds, sender, flags, length, window, seq }) => {
    return { frame, seconds, sender, flags, length, window, seq: (seq - first[sender]) | 0 };
  });
}

describe('a ring that holds all', () => {
  it('gives the ladders that the file gives', async () => {
    expect(captures.length).toBeGreaterThan(40);
    let ladders = 0;
    for (const path of captures) {
      const { flows } = await analyze([path], { threads: 1 });
      const ring = ringOf(path);
      const expected = await laddersOf([path], flows);
      expect([path, await laddersFromRing(ring, flows)]).toEqual([path, expected]);
      ladders += expected.size;
      for (const flow of flows.slice(0, 2)) {
        expect(await segmentsFromRing(ring, flow)).toEqual({ ...(await segmentsOf([path], flow)), before: 0 });
      }
    }
    expect(ladders).toBeGreaterThan(200);
  }, 60_000);

  it('and has gone on since the report gives those of the report', async () => {
    for (const path of captures.filter((each) => each.endsWith('.pcap')).slice(0, 12)) {
      const bytes = readFileSync(path);
      const half = join(folder, 'half.pcap');
      writeFileSync(half, bytes.subarray(0, 24 + lengthOfRecords(bytes, 0.5)));
      const { flows } = await analyze([half], { threads: 1 });
      expect(await laddersFromRing(ringOf(path), flows)).toEqual(await laddersOf([half], flows));
    }
  });
});

/** Of the first records that make up a share of a little-endian pcap file. */
function lengthOfRecords(bytes: Buffer, share: number): number {
  let at = 24;
  while (at < bytes.length * share) at += 16 + bytes.readUInt32LE(at + 8);
  return at - 24;
}

describe('a ring that has lost the beginning', () => {
  it('gives the segments that are there, with their frames and times, and says how many are gone', async () => {
    let [cut, gone] = [0, 0];
    for (const path of captures) {
      const { flows } = await analyze([path], { threads: 1 });
      for (const share of [0.3, 0.7]) {
        const ring = partOf(path, share);
        const ladders = await laddersFromRing(ring, flows);
        for (const flow of flows.slice(0, 40)) {
          const all = (await segmentsOf([path], flow)).segments;
          const { segments, more, before } = await segmentsFromRing(ring, flow);
          expect([path, flow.id, before + segments.length, more]).toEqual([path, flow.id, all.length, 0]);
          expect(shape(segments)).toEqual(shape(all.slice(before)));
          expect(ladders.get(flow.id)?.before).toBe(segments.length === 0 ? undefined : before);
          if (segments.length === 0) gone++;
          else if (before > 0) cut++;
        }
      }
    }
    expect([cut > 50, gone > 50]).toEqual([true, true]);
  }, 120_000);

  it('tells flows apart that have the same ends one after the other', async () => {
    const script = [0, 10, 20].map(
      (at, n) => `isn c ${1e6 + n * 9e8}\nisn s ${2e6 + n * 9e8}\n${closedBy('client', at)}`,
    );
    const path = join(folder, 'again.pcap');
    writeFileSync(path, captureBytes(script.join('\n')));
    const { flows } = await analyze([path]);
    expect(flows.map(({ reuse }) => reuse?.previous ?? null)).toEqual([null, 1, 2]);
    const ladders = await laddersFromRing(partOf(path, 0.5), flows);
    expect([...ladders.keys()]).toEqual([2, 3]);
    expect(ladders.get(3)).toEqual((await laddersOf([path], flows)).get(3));
    expect(ladders.get(2)!.before).toBeGreaterThan(0);
  });

  it('tells flows apart by their VLAN', async () => {
    const tagged = (vlan: number) => (packet: number[]) => ethernet(0x8100, [vlan >> 8, vlan & 0xff, 8, 0, ...packet]);
    const path = writeWrapped(folder, 'vlans.pcap', [
      { script: closedBy('client', 0), wrap: tagged(10) },
      { script: closedBy('server', 0.001), wrap: tagged(20) },
    ]);
    const splitBy: SplitWord[] = ['vlan'];
    const { flows } = await analyze([path], { splitBy });
    expect(flows).toHaveLength(2);
    for (const flow of flows) {
      const all = (await segmentsOf([path], flow, splitBy)).segments;
      const { segments, before } = await segmentsFromRing(partOf(path, 0.4), flow, splitBy);
      expect(before).toBeGreaterThan(2);
      expect(shape(segments)).toEqual(shape(all.slice(before)));
    }
  });

  it('gives nothing of no packets', async () => {
    const { flows } = await analyze([writeScript(folder, 'one.pcap', closedBy('client', 0))]);
    const nothing = new PacketRing('lo').snapshot();
    expect(await laddersFromRing(nothing, flows)).toEqual(new Map());
    expect(await segmentsFromRing(nothing, flows[0]!)).toEqual({ segments: [], more: 0, before: 9 });
  });
});

describe('evidence from a ring', () => {
  const capture = writeScript(folder, 'web.pcapng', SCRIPT, NANO);
  const out = join(folder, 'out.pcapng');

  async function extracted(from: readonly string[] | RingSnapshot, flows?: readonly Flow[]) {
    const file = new AtomicFile(out);
    const written = await extractInto(file, from, [finding([1, 5, 7])], { flows });
    file.commit();
    return { written, bytes: readFileSync(out) };
  }

  it('that holds all is that from the file', async () => {
    const fromFile = await extracted([capture]);
    expect(fromFile.written).toEqual({ packets: 3, missing: [] });
    expect(await extracted(ringOf(capture))).toEqual(fromFile);
    expect(await extracted(ringOf(capture), (await analyze([capture])).flows)).toEqual(fromFile);
  });

  it('that has lost some tells which, and whose the others are', async () => {
    const others = writeScript(
      folder,
      'two.pcap',
      `${closedBy('client', 0)}\nclient 10.0.0.9:50000\n${closedBy('server', 9)}`,
    );
    const { flows } = await analyze([others]);
    const ring = partOf(others, 0.6);
    expect(ring.framesBefore).toBeGreaterThan(9);
    const file = new AtomicFile(out);
    const written = await extractInto(file, ring, [finding([2, 15, 16])], { flows });
    file.commit();
    expect(written).toEqual({ packets: 2, missing: [2] });
    expect((await readBack(out)).map(({ comment }) => comment.split(';')[0])).toEqual([
      'frame 15 of two.pcap, flow 2: FIN from the server',
      'frame 16 of two.pcap, flow 2: ACK from the client',
    ]);
  });

  it('of nothing is an empty file', async () => {
    expect((await extracted(new PacketRing('lo').snapshot())).written).toEqual({ packets: 0, missing: [1, 5, 7] });
  });
});
