/** Captures as streams, and what a tap tells of them. */
import fc from 'fast-check';
import { NO_FRAME, PACKET } from '../../src/live/tap-framing.ts';
import type { RecordRun, RecordTaker } from '../../src/live/tap-records.ts';
import { block, epb, idb, isb, MICRO, NANO, type Order, opb, packet, pcap, shb, spb, u32 } from '../input/bytes.ts';

const data = fc.uint8Array({ maxLength: 90 });
const word = fc.nat({ max: 0xffff_ffff });

export const pcapFile = fc
  .record({
    magic: fc.constantFrom(MICRO, NANO),
    bigEndian: fc.boolean(),
    // Without a byte and a time a record could be zeros, which the reader takes for damage.
    packets: fc.array(
      fc.record({ seconds: fc.integer({ min: 1, max: 1e9 }), fraction: fc.nat(999_999), data, wireLength: word }),
      { maxLength: 12 },
    ),
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
    fc.constant(idb(order)),
  );
  return fc
    .array(anyBlock, { maxLength: 10 })
    .map((blocks) => Buffer.concat([shb(order), idb(order), idb(order), ...blocks]));
}

export const oneSection = fc.boolean().chain((bigEndian) => section({ bigEndian }));
export const pcapngFile = fc
  .array(oneSection, { minLength: 1, maxLength: 3 })
  .map((sections) => Buffer.concat(sections));

export const anyFile = fc.oneof(pcapFile, pcapngFile);
export const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 });

/** The bytes in chunks of these sizes, over and over. */
export function* chunked(bytes: Uint8Array, lengths: readonly number[]): Generator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = lengths[turn % lengths.length]!;
    yield Buffer.from(bytes.subarray(at, at + length));
    at += length;
  }
}

/** A pcap file of so many packets of so many bytes, a millisecond apart. */
export function packets(count: number, length = 44): Buffer {
  return pcap({
    packets: Array.from({ length: count }, (_, n) => ({
      seconds: 1_700_000_000 + Math.floor(n / 1000),
      fraction: (n % 1000) * 1000,
      data: packet(length, n),
    })),
  });
}

/** Notes all that it is told. */
export class Notes implements RecordTaker {
  /** head and records in the order of the stream */
  readonly parts: Buffer[] = [];
  count = 0;
  frames = 0;
  packets = 0;
  heads = 0;
  blocks: readonly Uint8Array[] = [];
  why: string | null = null;

  head(blocks: readonly Uint8Array[], added: Uint8Array): void {
    this.heads++;
    this.blocks = blocks;
    this.parts.push(Buffer.from(added));
  }

  records(run: RecordRun): void {
    let start = run.start;
    const kinds = [...run.kinds.subarray(0, run.count)];
    for (const end of run.ends.subarray(0, run.count)) {
      this.parts.push(Buffer.from(run.data.subarray(start, end)));
      start = end;
    }
    if (start !== run.end) throw new Error('a run ends elsewhere than its last record');
    if (kinds.filter((kind) => kind === PACKET).length !== run.packets) throw new Error('packets are counted wrong');
    if (kinds.filter((kind) => kind !== NO_FRAME).length !== run.frames) throw new Error('frames are counted wrong');
    this.count += run.count;
    this.frames += run.frames;
    this.packets += run.packets;
  }

  stopped(why: string): void {
    if (this.why !== null) throw new Error('it stopped twice');
    this.why = why;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.parts);
  }
}
