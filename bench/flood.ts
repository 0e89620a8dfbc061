/** A SYN flood: every packet is the only one of its connection. What it costs is memory. */

import { CLIENT, FrameWriter, newSegment, type Path, SYN, SYN_OPTIONS } from './frames.ts';
import { mix } from './random.ts';

const SNAPLEN = 96;
/** 200,000 SYNs a second */
const GAP_MICROS = 5;
/** odd, so that consecutive numbers land on distinct addresses all over 10.0.0.0/8 */
const SPREAD = 0x9e3779b1;
const FIRST_PORT = 1024;
const PORTS = 65_536 - FIRST_PORT;

/**
 * The capture in chunks, each valid until the next one is asked for.
 * @param flows number of SYNs, each from another address and port (distinct up to 2^24 x 63)
 * @returns the number of packets
 */
export function* flood(flows: number, seed: number): Generator<Uint8Array, number> {
  const frames = new FrameWriter(SNAPLEN);
  const source = Uint8Array.of(10, 0, 0, 0);
  const path: Path = { ipv6: false, vlan: 0, addresses: [source, Uint8Array.of(192, 168, 20, 1)], ports: [0, 443] };
  const segment = newSegment();
  segment.flags = SYN;
  segment.options = SYN_OPTIONS;
  segment.window = 64_240;
  for (let i = 0; i < flows; i++) {
    const host = Math.imul(i + seed, SPREAD);
    source[1] = host >>> 16;
    source[2] = host >>> 8;
    source[3] = host;
    path.ports[CLIENT] = FIRST_PORT + (i % PORTS);
    segment.seq = mix(i, seed, 1);
    segment.tsVal = mix(i, seed, 2);
    segment.ipId = segment.seq & 0xffff;
    frames.write(path, segment, i * GAP_MICROS);
    if (frames.full) yield frames.take();
  }
  yield frames.take();
  return frames.packets;
}
