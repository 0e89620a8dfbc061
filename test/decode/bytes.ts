/** Packets by their bytes: a TCP segment of the scenarios' builder, and the headers that may stand before it. */
import { Decoder } from '../../src/decode/decode.ts';
import { SKIP_REASONS } from '../../src/decode/outcome.ts';
import { LAYER_NAMES, Segment } from '../../src/decode/segment.ts';
import { CaptureRecord } from '../../src/input/types.ts';
import { frameBytes } from '../scenarios/frames.ts';
import { parseScript } from '../scenarios/script.ts';

export const ETHERNET = 1;
export const RAW = 101;

export const CLIENT4 = [10, 0, 0, 1];
export const SERVER4 = [10, 0, 0, 2];
export const CLIENT6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
export const SERVER6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

/** The FIN with ten bytes of payload that most tests send: 40000 to 9091, sequence number 1000001, ACK 5000001. */
export const FIN_LINE = '0 c > s FP. 1:11(10) ack 1';
const IPV6_ENDS = ['client [2001:db8::1]:40000', 'server [2001:db8::2]:9091'];

function ipPacket(line: string, ends: string[]): number[] {
  const lines = [...ends, line].map((text, index) => ({ number: index + 1, text }));
  const { packets } = parseScript(lines);
  return Array.from(frameBytes(packets[0]!, 'raw', []));
}

/** The IPv4 packet of a script line (fixtures/scenarios/README.md). */
export function ipv4Packet(line = FIN_LINE): number[] {
  return ipPacket(line, []);
}

export function ipv6Packet(line = FIN_LINE): number[] {
  return ipPacket(line, IPV6_ENDS);
}

/** Its TCP header and payload alone. */
export function tcp(line = FIN_LINE): number[] {
  return ipv4Packet(line).slice(20);
}

export function u16(value: number): number[] {
  return [(value >>> 8) & 0xff, value & 0xff];
}

export function u32(value: number): number[] {
  return [...u16(value >>> 16), ...u16(value)];
}

export interface Ipv4Fields {
  protocol?: number;
  options?: number[];
  /** in place of the true one */
  totalLength?: number;
  id?: number;
  /** offset in bytes */
  offset?: number;
  more?: boolean;
  source?: number[];
}

export function ipv4(payload: number[], fields: Ipv4Fields = {}): number[] {
  const { protocol = 6, options = [], id = 77, offset = 0, more = false, source = CLIENT4 } = fields;
  const { totalLength = 20 + options.length + payload.length } = fields;
  const fragmentation = (more ? 0x2000 : 0) | (offset / 8);
  const start = [0x40 | (5 + options.length / 4), 0, ...u16(totalLength), ...u16(id), ...u16(fragmentation)];
  return [...start, 64, protocol, 0, 0, ...source, ...SERVER4, ...options, ...payload];
}

export interface Ipv6Fields {
  next?: number;
  /** in place of the true one */
  payloadLength?: number;
}

export function ipv6(payload: number[], { next = 6, payloadLength = payload.length }: Ipv6Fields = {}): number[] {
  return [0x60, 0, 0, 0, ...u16(payloadLength), next, 63, ...CLIENT6, ...SERVER6, ...payload];
}

/** An IPv6 fragment header (RFC 8200 section 4.5). */
export function fragmentHeader(next: number, id: number, offset: number, more: boolean): number[] {
  return [next, 0, ...u16(offset | (more ? 1 : 0)), ...u32(id)];
}

export function ethernet(etherType: number, payload: number[]): number[] {
  return [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, ...u16(etherType), ...payload];
}

export interface Decoded {
  /** 'decoded', or why not */
  outcome: string;
  segment: Segment;
  layers: string[];
}

export interface RecordFields {
  wireLength?: number;
  seconds?: number;
}

/** Fills are what lies around the packet in the reader's buffer: no byte of them may matter. */
export function recordOf(linkType: number, bytes: ArrayLike<number>, fields: RecordFields = {}, fill = 0xa5) {
  const record = new CaptureRecord();
  const margin = 64;
  record.data = new Uint8Array(bytes.length + 2 * margin).fill(fill);
  record.data.set(bytes, margin);
  record.start = margin;
  record.end = margin + bytes.length;
  record.linkType = linkType;
  record.wireLength = fields.wireLength ?? bytes.length;
  record.seconds = fields.seconds ?? 0;
  return record;
}

export function decodeBytes(linkType: number, bytes: ArrayLike<number>, fields: RecordFields = {}): Decoded {
  return decodeWith(new Decoder(), linkType, bytes, fields);
}

/** With a decoder that may remember fragments of before. */
export function decodeWith(
  decoder: Decoder,
  linkType: number,
  bytes: ArrayLike<number>,
  fields: RecordFields = {},
): Decoded {
  const segment = new Segment();
  const outcome = decoder.decode(recordOf(linkType, bytes, fields), segment);
  return { outcome: SKIP_REASONS[outcome]!, segment, layers: layersOf(segment) };
}

/** As in `vlan 7`. */
export function layersOf(segment: Segment): string[] {
  return Array.from({ length: segment.layers }, (_, i) => {
    const id = segment.layerIds[i]!;
    const name = LAYER_NAMES[segment.layerKinds[i]!]!;
    return id < 0 ? name : `${name} ${id}`;
  });
}

/** A segment's addresses, ports and TCP fields, to compare with. */
export function facts(segment: Segment) {
  const { srcPort, dstPort, seq, ack, flags, window, length } = segment;
  const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = segment;
  return {
    ipVersion: segment.ipVersion,
    source: [src0, src1, src2, src3],
    destination: [dst0, dst1, dst2, dst3],
    ...{ srcPort, dstPort, seq, ack, flags, window, length },
  };
}

const TCP_FACTS = {
  ...{ srcPort: 40000, dstPort: 9091, seq: 1_000_001, ack: 5_000_001, flags: 0x19, window: 502, length: 10 },
};

/** What `FIN_LINE` is, whatever stood before it. */
export const FIN4 = {
  ipVersion: 4,
  source: [0, 0, 0xffff, 0x0a000001],
  destination: [0, 0, 0xffff, 0x0a000002],
  ...TCP_FACTS,
};

export const FIN6 = {
  ipVersion: 6,
  source: [0x20010db8, 0, 0, 1],
  destination: [0x20010db8, 0, 0, 2],
  ...TCP_FACTS,
};
