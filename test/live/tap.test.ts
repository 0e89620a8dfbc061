/** The tap hands every byte on, and tells of records as the reader reads them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tapped } from '../../src/live/tap.ts';
import { RecordSplitter, RUN_BYTES } from '../../src/live/tap-records.ts';
import { block, epb, idb, packet, pcap, shb, u32 } from '../input/bytes.ts';
import { readBytes } from '../input/read.ts';
import { anyFile, chunked, Notes, packets, sizes } from './streams.ts';

function notesOf(bytes: Uint8Array, lengths: readonly number[] = [65_536]): Notes {
  const notes = new Notes();
  const splitter = new RecordSplitter([notes]);
  for (const chunk of chunked(bytes, lengths)) splitter.push(chunk);
  return notes;
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.pcap(ng)?$/.test(name))
    .map((name) => join(folder, name));
}

describe('records', () => {
  it('are those that the reader reads, whatever the chunks', () => {
    fc.assert(
      fc.property(anyFile, sizes, (file, lengths) => {
        const notes = notesOf(file, lengths);
        const { records, reader } = readBytes(file);
        expect(notes.why).toBeNull();
        expect(notes.bytes).toEqual(file);
        expect([notes.packets, notes.frames]).toEqual([records.length, records.length + reader.otherFrames]);
      }),
    );
  });

  it('are found in real captures', () => {
    const files = filesUnder('fixtures/cases');
    expect(files.length).toBeGreaterThan(20);
    for (const file of files) {
      const bytes = readFileSync(file);
      const { records, reader } = readBytes(bytes);
      for (const lengths of [[65_536], [1, 7, 4096, 3]]) {
        const notes = notesOf(bytes, lengths);
        expect([file, notes.why, notes.packets, notes.frames]).toEqual([
          file,
          null,
          records.length,
          records.length + reader.otherFrames,
        ]);
        expect(notes.bytes.equals(bytes)).toBe(true);
      }
    }
  });

  it('may be longer than a run, or very many', () => {
    const long = pcap({ packets: [{ seconds: 1, fraction: 0, data: packet(3 * RUN_BYTES) }] });
    expect(notesOf(long, [1000]).bytes.equals(long)).toBe(true);
    const many = packets(20_000, 0);
    const notes = notesOf(many, [many.length]);
    expect([notes.packets, notes.bytes.equals(many)]).toEqual([20_000, true]);
  });

  it('are not those of an end that is missing', () => {
    const file = packets(5);
    const notes = notesOf(file.subarray(0, file.length - 1), [50]);
    expect([notes.packets, notes.why]).toEqual([4, null]);
    expect(notes.bytes.equals(file.subarray(0, 24 + 4 * 60))).toBe(true);
  });
});

describe('the head', () => {
  it('grows by the interfaces of a section, and another section has its own', () => {
    const parts = [shb(), idb(), epb(), idb({ linkType: 101 }), epb({ interfaceId: 1 }), shb(), idb({ linkType: 113 })];
    const notes = notesOf(Buffer.concat(parts.slice(0, 5)), [5]);
    expect(Buffer.concat(notes.blocks)).toEqual(Buffer.concat([shb(), idb(), idb({ linkType: 101 })]));
    const all = notesOf(Buffer.concat(parts), [5]);
    expect(Buffer.concat(all.blocks)).toEqual(Buffer.concat([shb(), idb({ linkType: 113 })]));
    expect(all.heads).toBe(5);
  });

  it('is kept only up to a bound', () => {
    const described = Buffer.concat([u32(1), u32(0), Buffer.alloc(300_000)]);
    const notes = notesOf(Buffer.concat([shb(), ...Array.from({ length: 5 }, () => block(1, described))]));
    expect([notes.heads, notes.why]).toEqual([4, 'its interfaces have descriptions without end']);
  });
});

describe('bytes that are no records', () => {
  it('end the listening, and what came before stays', () => {
    const good = packets(3);
    const bad = Buffer.concat([good, u32(1), u32(1), u32(0x7fff_ffff), u32(60), packet(5000)]);
    const notes = notesOf(bad, [100]);
    expect(notes.why).toBe('a record claims 2147483647 captured bytes');
    expect(notes.bytes.equals(good)).toBe(true);

    const blocks = Buffer.concat([shb(), idb(), epb()]);
    expect(notesOf(Buffer.concat([blocks, u32(6), u32(8), packet(50)])).why).toBe('a block claims 8 bytes');
    expect(notesOf(Buffer.concat([blocks, block(6, packet(40), {}, 52, 56)])).why).toBe("a block's two lengths differ");
    expect(notesOf(Buffer.concat([u32(0x0a0d0d0a), u32(28), packet(60)])).why).toContain('byte-order magic');
    expect(notesOf(packet(100)).why).toBe('the bytes begin as neither pcap nor pcapng does');
  });

  it('never make it throw or tell of bytes that were not there', () => {
    const noise = fc.uint8Array({ minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(anyFile, fc.nat(), noise, sizes, (file, at, bytes, lengths) => {
        const changed = Buffer.from(file);
        const from = at % file.length;
        changed.set(bytes.subarray(0, changed.length - from), from);
        const whole = notesOf(changed, [changed.length]);
        const split = notesOf(changed, lengths);
        expect(whole.bytes).toEqual(changed.subarray(0, whole.bytes.length));
        expect([split.bytes, split.why, split.frames]).toEqual([whole.bytes, whole.why, whole.frames]);
      }),
    );
  });
});

describe('the stream', () => {
  it('goes on unchanged, in the same chunks, also behind damage', async () => {
    for (const bytes of [packets(3000), packet(200_000)]) {
      const chunks = [...chunked(bytes, [10_000, 1])];
      const seen: Buffer[] = [];
      const notes = new Notes();
      const stream = tapped(Readable.from(chunks, { objectMode: false }), [notes]);
      await finished(stream.on('data', (chunk: Buffer) => seen.push(chunk)));
      expect(seen.length).toBe(chunks.length);
      expect(seen.every((chunk, i) => chunk.buffer === chunks[i]!.buffer && chunk.equals(chunks[i]!))).toBe(true);
    }
  });

  it('tells several, of a record before its last byte is handed on', async () => {
    const [first, second] = [new Notes(), new Notes()];
    const file = packets(100);
    let handedOn = 0;
    for await (const chunk of tapped(Readable.from(chunked(file, [700]), { objectMode: false }), [first, second])) {
      handedOn += (chunk as Buffer).length;
      for (const notes of [first, second]) expect(handedOn - notes.bytes.length).toBeLessThan(60);
    }
    expect([first.packets, second.packets]).toEqual([100, 100]);
  });

  it('fails where its source fails', async () => {
    const source = new Readable({ read: () => undefined });
    const stream = tapped(source, []);
    source.push(packets(1));
    source.destroy(new Error('the pipe broke'));
    await expect(buffer(stream)).rejects.toThrow('the pipe broke');
  });

  it('ends its source where nobody reads on', async () => {
    const source = new Readable({ read: () => undefined });
    const stream = tapped(source, []);
    stream.on('error', () => undefined);
    stream.destroy();
    await new Promise((done) => source.once('close', done));
    expect(source.destroyed).toBe(true);
  });
});
