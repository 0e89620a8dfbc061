/** Ethernet frames with TCP segments, written as pcap records into one reused buffer. */

/** Who sends a segment. */
export type Side = 0 | 1;
export const CLIENT: Side = 0;
export const SERVER: Side = 1;

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

/** TCP options: what a SYN carries (MSS, SACK, timestamps, window scale), timestamps only, or none. */
export const SYN_OPTIONS = 0;
export const TIMESTAMPS = 1;
export const NO_OPTIONS = 2;

/** The two ends of a connection as its frames show them; addresses have 4 or 16 bytes, indexed by {@link Side}. */
export interface Path {
  ipv6: boolean;
  /** 802.1Q identifier, 0 for an untagged frame */
  vlan: number;
  readonly addresses: [Uint8Array, Uint8Array];
  readonly ports: [number, number];
}

/** One TCP segment, sequence numbers absolute. */
export interface Segment {
  from: Side;
  seq: number;
  ack: number;
  flags: number;
  window: number;
  options: number;
  tsVal: number;
  tsEcho: number;
  ipId: number;
  /** payload bytes on the wire */
  payload: number;
}

/** A segment to be filled in and written again and again. */
export function newSegment(): Segment {
  return { from: CLIENT, seq: 0, ack: 0, flags: 0, window: 0, options: 0, tsVal: 0, tsEcho: 0, ipId: 0, payload: 0 };
}

const GLOBAL_HEADER = 24;
const RECORD_HEADER = 16;
const CHUNK = 1 << 20;
/** the shortest Ethernet frame without its checksum: what arrives is padded to it */
const MIN_FRAME = 60;
/** jumbo frames are not made */
const MAX_RECORD = RECORD_HEADER + 2048;
/** 2025-03-10T00:00:00Z */
const EPOCH_SECONDS = 1_741_564_800;
const FILLER = 0x2e;

/** Writes a microsecond, little-endian pcap of Ethernet frames, a chunk at a time. */
export class FrameWriter {
  /** frames written so far */
  packets = 0;
  readonly #bytes = new Uint8Array(CHUNK);
  readonly #view = new DataView(this.#bytes.buffer);
  readonly #snaplen: number;
  #used = GLOBAL_HEADER;

  /** @param snaplen bytes kept of each frame */
  constructor(snaplen: number) {
    this.#snaplen = snaplen;
    const view = this.#view;
    view.setUint32(0, 0xa1b2c3d4, true);
    view.setUint16(4, 2, true);
    view.setUint16(6, 4, true);
    view.setUint32(16, snaplen, true);
    view.setUint32(20, 1, true);
  }

  /** Whether {@link take} must be called before the next frame. */
  get full(): boolean {
    return this.#used > CHUNK - MAX_RECORD;
  }

  /** What was written since the last call; valid until the next frame. */
  take(): Uint8Array {
    const chunk = this.#bytes.subarray(0, this.#used);
    this.#used = 0;
    return chunk;
  }

  /** @param micros time since the capture began, whole microseconds */
  write(path: Path, segment: Segment, micros: number): void {
    const record = this.#used;
    const frame = record + RECORD_HEADER;
    const optionBytes = segment.options === SYN_OPTIONS ? 20 : segment.options === TIMESTAMPS ? 12 : 0;
    const ip = this.#ethernet(frame, path, segment.from);
    const tcpLength = 20 + optionBytes + segment.payload;
    const tcp = path.ipv6 ? this.#ipv6(ip, path, segment.from, tcpLength) : this.#ipv4(ip, path, segment, tcpLength);
    const data = this.#tcp(tcp, path, segment, optionBytes);

    const sent = data + segment.payload - frame;
    const wire = segment.from === CLIENT ? Math.max(sent, MIN_FRAME) : sent;
    const captured = Math.min(wire, this.#snaplen);
    const end = frame + captured;
    if (end > data) this.#bytes.fill(segment.payload > 0 ? FILLER : 0, data, end);

    const view = this.#view;
    view.setUint32(record, EPOCH_SECONDS + Math.floor(micros / 1e6), true);
    view.setUint32(record + 4, micros % 1e6, true);
    view.setUint32(record + 8, captured, true);
    view.setUint32(record + 12, wire, true);
    this.#used = end;
    this.packets++;
  }

  #ethernet(at: number, path: Path, from: Side): number {
    const view = this.#view;
    const router = 1;
    const host = 0x1400 | (path.addresses[SERVER].at(-1) ?? 0);
    view.setUint16(at, 0x0200);
    view.setUint32(at + 2, from === CLIENT ? host : router);
    view.setUint16(at + 6, 0x0200);
    view.setUint32(at + 8, from === CLIENT ? router : host);
    let type = at + 12;
    if (path.vlan > 0) {
      view.setUint16(type, 0x8100);
      view.setUint16(type + 2, path.vlan);
      type += 4;
    }
    view.setUint16(type, path.ipv6 ? 0x86dd : 0x0800);
    return type + 2;
  }

  #ipv4(at: number, path: Path, segment: Segment, tcpLength: number): number {
    const view = this.#view;
    view.setUint16(at, 0x4500);
    view.setUint16(at + 2, 20 + tcpLength);
    view.setUint16(at + 4, segment.ipId);
    view.setUint16(at + 6, 0x4000);
    view.setUint16(at + 8, (hops(segment.from) << 8) | 6);
    view.setUint16(at + 10, 0);
    this.#addresses(at + 12, path, segment.from);
    view.setUint16(at + 10, ~fold(this.#sum(at, 20)));
    return at + 20;
  }

  #ipv6(at: number, path: Path, from: Side, tcpLength: number): number {
    const view = this.#view;
    view.setUint32(at, 0x60000000);
    view.setUint16(at + 4, tcpLength);
    view.setUint16(at + 6, (6 << 8) | hops(from));
    this.#addresses(at + 8, path, from);
    return at + 40;
  }

  #addresses(at: number, path: Path, from: Side): void {
    const source = path.addresses[from];
    const target = path.addresses[from === CLIENT ? SERVER : CLIENT];
    for (let i = 0; i < source.length; i++) {
      this.#bytes[at + i] = source[i]!;
      this.#bytes[at + source.length + i] = target[i]!;
    }
  }

  #tcp(at: number, path: Path, segment: Segment, optionBytes: number): number {
    const view = this.#view;
    view.setUint16(at, path.ports[segment.from]);
    view.setUint16(at + 2, path.ports[segment.from === CLIENT ? SERVER : CLIENT]);
    view.setUint32(at + 4, segment.seq);
    view.setUint32(at + 8, segment.ack);
    view.setUint16(at + 12, ((20 + optionBytes) << 10) | segment.flags);
    view.setUint16(at + 14, segment.window);
    // As a capture on a host with checksum offload shows it: the sum of the pseudo-header alone.
    const pseudo = path.ipv6 ? this.#sum(at - 32, 32) : this.#sum(at - 8, 8);
    view.setUint16(at + 16, fold(pseudo + 6 + 20 + optionBytes + segment.payload));
    view.setUint16(at + 18, 0);
    if (segment.options === SYN_OPTIONS) {
      view.setUint32(at + 20, 0x02040000 | (path.ipv6 ? 1440 : 1460));
      view.setUint32(at + 24, 0x0402080a);
      view.setUint32(at + 28, segment.tsVal);
      view.setUint32(at + 32, segment.tsEcho);
      view.setUint32(at + 36, 0x01030307);
    } else if (segment.options === TIMESTAMPS) {
      view.setUint32(at + 20, 0x0101080a);
      view.setUint32(at + 24, segment.tsVal);
      view.setUint32(at + 28, segment.tsEcho);
    }
    return at + 20 + optionBytes;
  }

  #sum(at: number, length: number): number {
    let sum = 0;
    for (let i = 0; i < length; i += 2) sum += this.#view.getUint16(at + i);
    return sum;
  }
}

/** Time to live at the capture point, which is the server's side. */
function hops(from: Side): number {
  return from === CLIENT ? 55 : 64;
}

/** Carries added in until 16 bits are left (RFC 1071). */
function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}
