/** The short path of openings and closes against the general one: the same records and trails, bit for bit, at every step. */
import { readdirSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { captureChunks } from '../../bench/capture.ts';
import { Random } from '../../bench/random.ts';
import { Decoder } from '../../src/decode/decode.ts';
import { DECODED } from '../../src/decode/outcome.ts';
import { ACK, FIN, RST, Segment, SYN } from '../../src/decode/segment.ts';
import { ChunkedRecords } from '../../src/flow/chunks.ts';
import * as L from '../../src/flow/layout.ts';
import { orient } from '../../src/flow/orientation.ts';
import { takeStep } from '../../src/flow/steps.ts';
import { BLOCK_ENTRIES, BLOCK_WORDS, ENTRY_WORDS } from '../../src/flow/trail.ts';
import { FlowUpdate } from '../../src/flow/update.ts';
import { openCaptures } from '../../src/input/captures.ts';
import { segment as made, reversed } from './segments.ts';

interface Dump {
  record: number[];
  trail: number[];
}

/** One update with records of its own, of flows told apart by their 4-tuple and a new SYN's number. */
class Records {
  readonly update: FlowUpdate;
  readonly records = new ChunkedRecords(L.RECORD_WORDS, 4);

  constructor(shortcut: boolean) {
    this.update = new FlowUpdate(shortcut);
  }

  /** A record as the tracker opens it. */
  open(segment: Segment): number {
    const flow = this.records.allocate();
    this.update.point(this.records, flow);
    const { ints, floats, at } = this.update;
    ints.fill(0, at, at + L.RECORD_WORDS);
    ints[at + L.ID] = flow + 1;
    for (const word of [L.TRAIL_HEAD, L.TRAIL_TAIL, L.PREVIOUS]) ints[at + word] = -1;
    floats[(at + L.BASE_SECONDS) >> 1] = segment.seconds;
    floats[(at + L.FIRST_TIME) >> 1] = segment.nanoseconds;
    floats[(at + L.LAST_TIME) >> 1] = segment.nanoseconds;
    for (const side of [0, 1]) floats[(at + L.MIN_RTT + 2 * side) >> 1] = Number.POSITIVE_INFINITY;
    orient(ints, at, segment, 0);
    return flow;
  }

  /** All words of the record and of its trail, as they are. */
  dump(): Dump {
    const { ints, at, writer } = this.update;
    const { trails } = writer;
    const trail: number[] = [];
    const count = ints[at + L.FLAGS]! >>> L.TRAIL_COUNT_SHIFT;
    for (let n = 0, block = ints[at + L.TRAIL_HEAD]!; n < count; n++) {
      if (n > 0 && n % BLOCK_ENTRIES === 0) block = trails.after(block);
      const from = (block & trails.blocks.mask) * BLOCK_WORDS + (n % BLOCK_ENTRIES) * ENTRY_WORDS;
      trail.push(...trails.blocks.ints[block >>> trails.blocks.shift]!.subarray(from, from + ENTRY_WORDS));
    }
    return { record: Array.from(ints.subarray(at, at + L.RECORD_WORDS)), trail };
  }
}

/** Two ways over the same segments: with the short path and without. */
class Comparison {
  /** segments that were not ordinary, and those of them that the short path took */
  others = 0;
  steps = 0;
  private readonly short = new Records(true);
  private readonly general = new Records(false);
  private readonly flows = new Map<string, number>();

  see(segment: Segment): void {
    const { src0, src1, src2, src3, srcPort, dst0, dst1, dst2, dst3, dstPort } = segment;
    const there = `${[src0, src1, src2, src3, srcPort]}>${[dst0, dst1, dst2, dst3, dstPort]}`;
    const back = `${[dst0, dst1, dst2, dst3, dstPort]}>${[src0, src1, src2, src3, srcPort]}`;
    let side = this.flows.has(there) || !this.flows.has(back) ? 0 : 1;
    let flow = this.flows.get(side === 0 ? there : back);
    if (flow === undefined || ((segment.flags & (SYN | ACK)) === SYN && this.isClosing(flow))) {
      flow = this.short.open(segment);
      expect(this.general.open(segment)).toBe(flow);
      this.flows.delete(back);
      this.flows.set(there, flow);
      side = 0;
    }
    for (const { update, records } of [this.short, this.general]) {
      update.point(records, flow);
      update.see(segment);
    }
    const { update, records } = this.short;
    const ordinary = update.ordinary(segment, side);
    expect(this.general.update.ordinary(segment, side)).toBe(ordinary);
    if (!ordinary) {
      this.others++;
      const before = this.short.dump();
      if (takeStep(update, segment, side)) this.steps++;
      else {
        expectSame(this.short.dump(), before, segment);
        update.other(flow, segment, side);
      }
      this.general.update.other(flow, segment, side);
    }
    this.short.update.point(records, flow);
    expectSame(this.short.dump(), this.general.dump(), segment);
  }

  private isClosing(flow: number): boolean {
    this.short.update.point(this.short.records, flow);
    return (this.short.update.ints[this.short.update.at + L.FLAGS]! & L.FLOW_ENDING) !== 0;
  }
}

/** Compared by hand: toEqual for each of so many segments takes minutes. */
function expectSame(a: Dump, b: Dump, segment: Segment): void {
  if (!same(a.record, b.record) || !same(a.trail, b.trail)) expect(a, `frame ${segment.frame}`).toEqual(b);
}

function same(a: number[], b: number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** @param disturb changes the segment, or says how often it is seen */
async function compare(
  comparison: Comparison,
  file: string,
  bytes: Buffer | null,
  disturb: (segment: Segment) => number,
): Promise<void> {
  const captures = await openCaptures([file], { stdin: bytes === null ? undefined : Readable.from([bytes]) });
  const decoder = new Decoder();
  const segment = new Segment();
  await captures.forEach((record) => {
    if (decoder.decode(record, segment) !== DECODED) return;
    for (let times = disturb(segment); times > 0; times--) comparison.see(segment);
  });
}

function capture(flows: number, seed: number): Buffer {
  return Buffer.concat(Array.from(captureChunks('short-connections', flows, seed), (chunk) => Buffer.from(chunk)));
}

describe('a step of an opening or a close', () => {
  it('leaves the same in every capture of the fixtures', async () => {
    const comparison = new Comparison();
    const names = readdirSync('fixtures', { recursive: true, encoding: 'utf8' });
    for (const name of names.filter((name) => /\.pcap(ng)?$/.test(name)))
      await compare(comparison, `fixtures/${name}`, null, () => 1);
    expect(comparison.steps).toBeGreaterThan(1000);
  });

  it('leaves the same in connections of every shape, and is what most others are', async () => {
    const comparison = new Comparison();
    await compare(comparison, '-', capture(3000, 1), () => 1);
    expect(comparison.others).toBeGreaterThan(15_000);
    expect(comparison.steps / comparison.others).toBeGreaterThan(0.95);
  });

  it.each([1, 2, 3, 4])('leaves the same where segments are lost, repeated or changed (seed %i)', async (seed) => {
    const random = new Random(seed);
    const comparison = new Comparison();
    await compare(comparison, '-', capture(2000, seed), (segment) => {
      if (random.chance(0.02)) return 0;
      if (random.chance(0.02)) return 2;
      if (random.chance(0.01)) segment.ack = (segment.ack + random.between(-2, 2)) | 0;
      if (random.chance(0.01)) segment.seq = (segment.seq + random.between(-2, 2)) | 0;
      if (random.chance(0.01)) segment.flags ^= 1 << random.between(0, 4);
      if (random.chance(0.01)) segment.seconds -= 1;
      if (random.chance(0.01)) segment.ack ^= 0x80000000;
      if (random.chance(0.01)) segment.window = random.between(0, 1) * 100;
      if (random.chance(0.01)) segment.length = random.between(0, 1) * 70_000;
      if (random.chance(0.01)) segment.isDsack = true;
      return 1;
    });
    expect(comparison.steps).toBeGreaterThan(5000);
    expect(comparison.others - comparison.steps).toBeGreaterThan(100);
  });

  // Few numbers, so that most segments fit; many kinds, so that states come about that no capture here has.
  it.each([1, 2, 3])('leaves the same after any segments whatever (seed %i)', (seed) => {
    const random = new Random(seed);
    const comparison = new Comparison();
    const kinds = [SYN, SYN | ACK, ACK, ACK, ACK, ACK, FIN | ACK, FIN | ACK, FIN, RST, RST | ACK, SYN | FIN, 0];
    for (let flow = 0; flow < 1000; flow++) {
      // What each side sends next; its neighbours are tried as well.
      const next = [random.between(-2, 2) + (random.chance(0.5) ? 0x7fffffff : 5000), 9000];
      const self = random.chance(0.02);
      const count = random.chance(0.005) ? 300 : 14; // some fill their trail
      for (let n = 0; n < count; n++) {
        const side = random.between(0, 1);
        const fits = random.chance(0.9);
        let flags = kinds[random.between(0, kinds.length - 1)]!;
        if (fits && n < 3 && random.chance(0.8)) flags = [SYN, SYN | ACK, ACK][n]!;
        const opens = fits && n < 3 && (flags & SYN) !== 0;
        const sender = opens ? n % 2 : side;
        const length = random.chance(0.3) ? [1, 100, 1448, 20_000][random.between(0, 3)]! : 0;
        const fields = {
          ...{ flags, length, seconds: 1_000_000 + flow, nanoseconds: n * 5_000_000, frame: flow * 300 + n },
          seq: (next[sender]! + (fits ? 0 : random.between(-2, 2))) | 0,
          ack: (next[1 - sender]! + (random.chance(0.9) ? 0 : random.between(-3, 1))) | 0,
          window: random.chance(0.05) ? 0 : 500 + random.between(0, 60_000),
          windowScale: (flags & SYN) !== 0 && random.chance(0.8) ? random.between(0, 14) : -1,
          ttl: random.between(1, 255),
          hasTimestamps: random.chance(0.5),
          isDsack: random.chance(0.1),
          tsVal: n,
        };
        const there = made({ ...fields, srcPort: self ? 80 : flow + 1000, src3: self ? 0x0a000002 : flow });
        comparison.see(sender === 0 ? there : Object.assign(reversed(there), fields));
        const step = (flags & RST) !== 0 ? 0 : length + ((flags >> 1) & 1) + (flags & FIN);
        if (fits) next[sender] = (next[sender]! + step) | 0;
      }
    }
    expect(comparison.steps).toBeGreaterThan(1000);
    expect(comparison.others - comparison.steps).toBeGreaterThan(1000);
  });
});
