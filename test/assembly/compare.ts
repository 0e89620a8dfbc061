/** A capture through two trackers, with the kernel and without: what each says of every flow, word by word. */
import { Readable } from 'node:stream';
import { expect } from 'vitest';
import { Decoder } from '../../src/decode/decode.ts';
import { ACK, SYN } from '../../src/decode/flags.ts';
import { ANOTHER_SHARE, DECODED, SKIP_REASONS } from '../../src/decode/outcome.ts';
import { Segment } from '../../src/decode/segment.ts';
import { ALONE, type Share } from '../../src/decode/shares.ts';
import * as L from '../../src/flow/layout.ts';
import type { FlowSink } from '../../src/flow/sink.ts';
import { FlowTracker } from '../../src/flow/tracker.ts';
import type { FlowView } from '../../src/flow/view.ts';
import { openCaptures } from '../../src/input/captures.ts';
import { CaptureClock } from '../../src/input/clock.ts';
import * as C from '../../src/kernel/control.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { type Place, PlainPlace } from '../../src/kernel/place.ts';
import { Shortcut } from '../../src/shortcut.ts';
import { u16, u32 } from '../decode/bytes.ts';

/** Kinds of calls, and what stands in place of a successor that there is not. */
const ENDED = 1;
const SUMMARIZED = 2;
const EXPIRED = 3;
const NO_SUCCESSOR = -1;
const CALLS = ['', 'flowEnded', 'summarize', 'flowExpired'];
/** Numbers of records and blocks: only whether there is one. */
const NUMBERS = [L.TRAIL_HEAD, L.TRAIL_TAIL, L.PREVIOUS];

/** Every call of a tracker, with all words of its flows and their trails. */
class Calls implements FlowSink {
  words = new Int32Array(1 << 16);
  length = 0;
  /** where each call begins */
  readonly starts: number[] = [];

  flowEnded(flow: FlowView, successor: FlowView | null): void {
    this.begin(ENDED);
    this.dump(flow);
    if (successor === null) this.push(NO_SUCCESSOR);
    else this.dump(successor);
  }

  summarize(flow: FlowView, summary: Float64Array, at: number): void {
    this.begin(SUMMARIZED);
    this.dump(flow);
    summary[at] = flow.word(L.ID);
  }

  flowExpired(flow: FlowView, summary: Float64Array, at: number): void {
    this.begin(EXPIRED);
    this.dump(flow);
    this.push(summary[at]!);
  }

  private begin(call: number): void {
    this.starts.push(this.length);
    this.push(call);
  }

  private push(word: number): void {
    this.makeRoom(1);
    this.words[this.length++] = word;
  }

  private dump(flow: FlowView): void {
    const { packedWords } = flow;
    this.makeRoom(packedWords);
    const { words, length } = this;
    flow.packInto(words, length);
    for (const word of NUMBERS) words[length + word] = Math.min(words[length + word]!, 0);
    this.length += packedWords;
  }

  private makeRoom(words: number): void {
    if (this.length + words <= this.words.length) return;
    const larger = new Int32Array(2 * (this.length + words));
    larger.set(this.words);
    this.words = larger;
  }
}

export interface Way {
  /** whole windows at once where the capture allows it (true), or record by record */
  bulk?: boolean;
  share?: Share;
}

/** What a tracker says in the end. */
interface Told {
  calls: Calls;
  /** prints of the newest packets */
  prints: Int32Array;
  /** all else that can be seen of it */
  rest: object;
}

/** What became of a capture's packets. */
export interface Taken {
  packets: number;
  /** frames that the kernel left to the general way */
  left: number[];
  flows: number;
  segments: number;
  duplicates: number;
  openings: readonly number[];
}

/** One for all captures: a process can have about a hundred of its memories. */
let kernel: Kernel | null = null;

/** As if it were new: what it gave out before stays given out. */
function freshKernel(): Kernel {
  kernel ??= new Kernel();
  kernel.words.fill(0, C.SLOTS);
  return kernel;
}

/** As src/share.ts does it. */
async function follow(
  capture: Buffer | readonly string[],
  place: Place,
  { bulk = true, share = ALONE }: Way,
): Promise<[Told, Taken]> {
  const source = Buffer.isBuffer(capture) ? { stdin: Readable.from([capture]) } : {};
  const captures = await openCaptures(Buffer.isBuffer(capture) ? ['-'] : capture, { ...source, place });
  const clock = new CaptureClock();
  const calls = new Calls();
  const tracker = new FlowTracker(calls, clock, share.shares, place);
  const shortcut = place instanceof Kernel ? new Shortcut(place, clock, share) : null;
  const decoder = new Decoder(share);
  const segment = new Segment();
  const skipped = new Float64Array(SKIP_REASONS.length);
  const left: number[] = [];
  await captures.forEach(
    (record) => {
      clock.see(record);
      if (shortcut?.take(record)) return;
      left.push(record.frame);
      const outcome = decoder.decode(record, segment);
      if (outcome === DECODED) tracker.track(segment);
      else if (outcome === ANOTHER_SHARE) tracker.pass(segment);
      else skipped[outcome]!++;
    },
    bulk ? shortcut : null,
  );
  tracker.finish();
  const { segments, duplicates } = tracker;
  const { packets } = clock;
  const openings = Array.from(tracker.openings?.values ?? []);
  const rest = {
    ...{ clock, files: captures.files, damage: captures.damage, segments, duplicates, openings },
    ...{ skipped: Array.from(skipped), joined: decoder.joinedFragments, encapsulations: tracker.encapsulations.all },
    seen: place.numbers[C.SEEN],
    counts: [C.OPENED, C.SLOT_COUNT, C.RECORDS + C.USED, C.BLOCKS + C.USED].map((word) => place.words[word]),
  };
  const prints = place.words.slice(C.PRINTS / 4, C.HEAP / 4);
  return [
    { calls, prints, rest },
    { packets, left, segments, duplicates, openings, flows: place.words[C.OPENED]! },
  ];
}

/** Fails where the kernel leaves anything else than the general way does. @param capture a file's bytes, or paths */
export async function compare(capture: Buffer | readonly string[], way: Way = {}): Promise<Taken> {
  const [general] = await follow(capture, new PlainPlace(), way);
  const [told, taken] = await follow(capture, freshKernel(), way);
  expectSameCalls(told.calls, general.calls);
  expect(told.rest).toEqual(general.rest);
  expect(firstDifference(told.prints, general.prints, told.prints.length), 'prints of packets').toBe(-1);
  return taken;
}

/** By hand, as `toEqual` of so many words takes minutes. */
function firstDifference(a: Int32Array, b: Int32Array, length: number): number {
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return i;
  return -1;
}

function expectSameCalls(told: Calls, general: Calls): void {
  const at = firstDifference(told.words, general.words, Math.min(told.length, general.length));
  if (at < 0) {
    expect(told.length).toBe(general.length);
    return;
  }
  const call = general.starts.findLastIndex((start) => start <= at);
  const start = general.starts[call]!;
  const name = CALLS[general.words[start]!];
  const word = at - start - 1;
  const what = word < L.RECORD_WORDS ? `word ${word}` : `word ${word - L.RECORD_WORDS} behind its record`;
  const flow = general.words[start + 1 + L.ID];
  expect(told.words[at], `call ${call}, ${name} of flow ${flow}, ${what}`).toBe(general.words[at]);
}

/** A captured packet. */
export interface Packet {
  seconds: number;
  /** micro- or nanoseconds */
  fraction: number;
  data: Uint8Array;
  /** that many were captured if it isn't told */
  wireLength?: number;
}

export interface FileFields {
  linkType?: number;
  nano?: boolean;
}

/** A little-endian pcap file, for captures of so many packets that test/input/bytes.ts takes long. */
export function pcapOf(packets: readonly Packet[], { linkType = 1, nano = false }: FileFields = {}): Buffer {
  const file = Buffer.alloc(packets.reduce((sum, { data }) => sum + 16 + data.length, 24));
  file.writeUInt32LE(nano ? 0xa1b23c4d : 0xa1b2c3d4);
  file.writeUInt16LE(2, 4);
  file.writeUInt16LE(4, 6);
  file.writeUInt32LE(262_144, 16);
  file.writeUInt32LE(linkType, 20);
  let at = 24;
  for (const { seconds, fraction, data, wireLength = data.length } of packets) {
    file.writeUInt32LE(seconds, at);
    file.writeUInt32LE(fraction, at + 4);
    file.writeUInt32LE(data.length, at + 8);
    file.writeUInt32LE(wireLength, at + 12);
    file.set(data, at + 16);
    at += 16 + data.length;
  }
  return file;
}

/** The packets of such a file, their bytes copied. */
export function packetsOf(file: Buffer): Packet[] {
  const packets: Packet[] = [];
  for (let at = 24; at < file.length; ) {
    const start = at + 16;
    const end = start + file.readUInt32LE(at + 8);
    packets.push({
      seconds: file.readUInt32LE(at),
      fraction: file.readUInt32LE(at + 4),
      wireLength: file.readUInt32LE(at + 12),
      data: Uint8Array.from(file.subarray(start, end)),
    });
    at = end;
  }
  return packets;
}

export interface Fields {
  source: number;
  destination: number;
  sourcePort: number;
  destinationPort: number;
  seq: number;
  ack?: number;
  flags: number;
  window?: number;
  length?: number;
  ttl?: number;
  id?: number;
  options?: number[];
}

/** An Ethernet frame of IPv4 without its payload. */
export function frame(of: Fields): Uint8Array {
  const { ack = 0, window = 500, length = 0, ttl = 64, id = 0, options = [] } = of;
  const headerLength = 20 + options.length;
  const ethernet = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0];
  const ip = [0x45, 0, ...u16(20 + headerLength + length), ...u16(id), 0x40, 0, ttl, 6, 0, 0];
  const ends = [...u32(of.source), ...u32(of.destination), ...u16(of.sourcePort), ...u16(of.destinationPort)];
  const tcp = [...u32(of.seq), ...u32(ack), headerLength << 2, of.flags, ...u16(window), 0, 0, 0, 0, ...options];
  return Uint8Array.from([...ethernet, ...ip, ...ends, ...tcp]);
}

/** Packets of one connection between a client and a server, a millisecond apart. */
export class Conversation {
  readonly packets: Packet[] = [];
  private readonly port: number;
  private readonly address: number;

  constructor(port = 40_000, address = 0x0a000001) {
    this.port = port;
    this.address = address;
  }

  /** @param from 0 the client @param later seconds */
  send(from: number, fields: Partial<Fields>, later = 0): this {
    const client = { source: this.address, destination: 0x0a000002, sourcePort: this.port, destinationPort: 80 };
    const server = { source: 0x0a000002, destination: this.address, sourcePort: 80, destinationPort: this.port };
    const id = this.packets.length + 1;
    const data = frame({ ...(from === 0 ? client : server), seq: 0, flags: ACK, id, ...fields });
    const n = this.packets.length;
    const seconds = 1_000_000 + later + Math.floor(n / 1000);
    const wireLength = data.length + (fields.length ?? 0);
    this.packets.push({ seconds, fraction: (n % 1000) * 1000, data, wireLength });
    return this;
  }

  open(isn = 0, later = 0): this {
    this.send(0, { flags: SYN, seq: isn, options: [3, 3, 7, 1] }, later);
    this.send(1, { flags: SYN | ACK, seq: 8999, ack: isn + 1 }, later);
    return this.send(0, { seq: isn + 1, ack: 9000 }, later);
  }
}
