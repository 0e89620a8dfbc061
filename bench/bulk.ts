/** Downloads: full-sized segments in one direction on few connections, what a capture without a snaplen looks like. */

import {
  ACK,
  CLIENT,
  FIN,
  FrameWriter,
  newSegment,
  type Path,
  PSH,
  SERVER,
  type Segment,
  type Side,
  SYN,
  SYN_OPTIONS,
  TIMESTAMPS,
} from './frames.ts';
import { mix, Random } from './random.ts';

const SNAPLEN = 262_144;
const FLOWS = 8;
/** the payload of a 1,500-byte IPv4 packet with timestamps */
const FULL_SEGMENT = 1448;
/** a receiver with GRO acknowledges 64 KiB at once */
const SEGMENTS_PER_ACK = 44;
/** 1,514 bytes at 10 Gbit/s */
const GAP_MICROS = 1.2;
const TURNAROUND_MICROS = 40;
/** SYN, SYN-ACK, ACK, request; FIN, ACK, FIN, ACK */
const OPENING = 4;
const CLOSING = 4;

/** The fewest packets that {@link bulk} can make. */
export const BULK_MINIMUM = FLOWS * (OPENING + CLOSING);

/**
 * The capture in chunks, each valid until the next one is asked for.
 * @param packets number of packets, {@link BULK_MINIMUM} or more
 * @returns the number of packets
 */
export function* bulk(packets: number, seed: number): Generator<Uint8Array, number> {
  const random = new Random(seed);
  const frames = new FrameWriter(SNAPLEN);
  const flows = Array.from({ length: FLOWS }, (_, i) => new Download(frames, i, seed));
  let clock = 0;
  for (const flow of flows) clock = flow.open(clock);
  let left = packets - BULK_MINIMUM;
  while (left > 0) {
    const flow = flows[random.between(0, FLOWS - 1)]!;
    const segments = Math.min(left, SEGMENTS_PER_ACK);
    for (let i = 0; i < segments; i++) {
      clock = flow.send(SERVER, i + 1 === SEGMENTS_PER_ACK ? PSH | ACK : ACK, FULL_SEGMENT, clock + GAP_MICROS);
      if (frames.full) yield frames.take();
    }
    left -= segments;
    if (left === 0) break;
    clock = flow.send(CLIENT, ACK, 0, clock + TURNAROUND_MICROS);
    left--;
  }
  for (const flow of flows) clock = flow.close(clock);
  yield frames.take();
  return frames.packets;
}

/** One connection; its methods return the time of the last segment. */
class Download {
  readonly #frames: FrameWriter;
  readonly #path: Path;
  readonly #next: [number, number];
  readonly #segment: Segment = newSegment();

  constructor(frames: FrameWriter, index: number, seed: number) {
    this.#frames = frames;
    this.#path = {
      ipv6: false,
      vlan: 0,
      addresses: [Uint8Array.of(10, 64, 0, 10 + index), Uint8Array.of(10, 20, 0, 1)],
      ports: [40_000 + index, 8081],
    };
    this.#next = [mix(index, seed, 1), mix(index, seed, 2)];
  }

  send(from: Side, flags: number, payload: number, at: number): number {
    const segment = this.#segment;
    segment.from = from;
    segment.flags = flags;
    segment.payload = payload;
    segment.options = (flags & SYN) !== 0 ? SYN_OPTIONS : TIMESTAMPS;
    segment.seq = this.#next[from];
    segment.ack = flags === SYN ? 0 : this.#next[from === CLIENT ? SERVER : CLIENT];
    segment.window = (flags & SYN) !== 0 ? 64_240 : 4096;
    segment.ipId = (segment.ipId + 1) & 0xffff;
    segment.tsEcho = flags === SYN ? 0 : segment.tsVal;
    segment.tsVal = 1_000_000 + Math.floor(at / 1000);
    this.#next[from] = (segment.seq + payload + ((flags & (SYN | FIN)) !== 0 ? 1 : 0)) >>> 0;
    this.#frames.write(this.#path, segment, Math.floor(at));
    return at;
  }

  open(at: number): number {
    this.send(CLIENT, SYN, 0, at);
    this.send(SERVER, SYN | ACK, 0, at + 10);
    this.send(CLIENT, ACK, 0, at + 50);
    return this.send(CLIENT, PSH | ACK, 120, at + 60);
  }

  close(at: number): number {
    this.send(SERVER, FIN | ACK, 0, at + 20);
    this.send(CLIENT, ACK, 0, at + 60);
    this.send(CLIENT, FIN | ACK, 0, at + 90);
    return this.send(SERVER, ACK, 0, at + 100);
  }
}
