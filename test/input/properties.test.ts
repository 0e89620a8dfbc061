import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  block,
  epb,
  erf,
  idb,
  isb,
  MICRO,
  MODIFIED,
  NANO,
  type Order,
  opb,
  pcap,
  shb,
  snoop,
  spb,
  u32,
} from './bytes.ts';
import { readBytes } from './read.ts';

const data = fc.uint8Array({ maxLength: 90 });
const word = fc.nat({ max: 0xffff_ffff });

const pcapFile = fc
  .record({
    magic: fc.constantFrom(MICRO, NANO, MODIFIED),
    bigEndian: fc.boolean(),
    packets: fc.array(fc.record({ seconds: word, fraction: word, data, wireLength: word }), { maxLength: 12 }),
  })
  .map(pcap);

function section(order: Order): fc.Arbitrary<Buffer> {
  const ticks = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const interfaceId = fc.nat({ max: 1 });
  const anyBlock = fc.oneof(
    fc.record({ interfaceId, ticks, data }).map((of) => epb({ ...of, ...order })),
    fc.record({ interfaceId, ticks, data }).map((of) => opb({ ...of, ...order })),
    data.map((bytes) => spb({ data: bytes, ...order })),
    data.map((bytes) => block(4, bytes, order)),
    data.map((bytes) => block(0xbad, Buffer.concat([u32(1, order), bytes]), order)),
    ticks.map((ifdrop) => isb({ ifdrop, ...order })),
  );
  const interfaces = fc.tuple(fc.nat({ max: 255 }), fc.nat({ max: 255 })).map((both) => {
    return Buffer.concat(both.map((tsresol) => idb({ tsresol, ...order })));
  });
  return fc
    .tuple(interfaces, fc.array(anyBlock, { maxLength: 10 }))
    .map(([described, blocks]) => Buffer.concat([shb(order), described, ...blocks]));
}

const pcapngFile = fc
  .array(
    fc.boolean().chain((bigEndian) => section({ bigEndian })),
    { minLength: 1, maxLength: 3 },
  )
  .map((sections) => Buffer.concat(sections));

const snoopFile = fc
  .array(fc.record({ seconds: word, micros: word, data, wireLength: word, drops: word }), { maxLength: 12 })
  .map((packets) => snoop(packets));

const erfFile = fc
  .array(
    fc.record({
      seconds: word,
      fraction: word,
      type: fc.constantFrom(1, 2, 3, 22, 27, 48),
      extensions: fc.nat({ max: 2 }),
      lost: fc.nat({ max: 0xffff }),
      data,
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map(erf);

const anyFile = fc.oneof(pcapFile, pcapngFile, snoopFile, erfFile);
const chunks = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 });

test('any split of the bytes into chunks gives the same records', () => {
  fc.assert(
    fc.property(anyFile, chunks, (file, sizes) => {
      const whole = readBytes(file, [file.length], file.length);
      const split = readBytes(file, sizes);
      expect(split.records).toEqual(whole.records);
      expect(split.damage).toBeNull();
      expect(split.reader.dropped).toBe(whole.reader.dropped);
    }),
  );
});

test('a cut at any byte gives a prefix of the records, and says so unless it falls between two', () => {
  fc.assert(
    fc.property(anyFile, fc.nat(), chunks, (file, at, sizes) => {
      const whole = readBytes(file);
      const length = 4 + (at % (file.length - 3));
      const cut = readBytes(file.subarray(0, length), sizes);
      expect(cut.records).toEqual(whole.records.slice(0, cut.records.length));
      if (length === file.length) expect(cut.damage).toBeNull();
      if (cut.damage !== null) {
        expect(cut.damage.what).toMatch(/^cut in the middle of .*: \d+ of \d+ bytes$/);
        const kept = readBytes(file.subarray(0, cut.damage.offset));
        expect(kept.records).toEqual(cut.records);
        if (cut.damage.offset > 0) expect(kept.damage).toBeNull();
      }
    }),
  );
});

test('bytes that were changed never crash the reader nor let it run on, and what came before them stays', () => {
  fc.assert(
    fc.property(anyFile, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 8 }), chunks, (file, at, noise, sizes) => {
      const bytes = Buffer.from(file);
      const from = 4 + (at % (file.length - 4));
      bytes.set(noise.subarray(0, bytes.length - from), from);
      const { records, damage } = readBytes(bytes, sizes);
      expect(records.length).toBeLessThanOrEqual(file.length / 12);
      if (damage !== null) expect(damage.offset).toBeLessThanOrEqual(file.length);
    }),
  );
});
