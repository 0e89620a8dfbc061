/** What of a packet goes into an extract: its headers, down to the end of the innermost TCP header, and nothing behind. */

import { u16 } from '../decode/bytes.ts';
import { ACK, type Segment, URG } from '../decode/segment.ts';
import type { CaptureRecord } from '../input/types.ts';

/** LINKTYPE_RAW: a packet that begins with its IP header. */
const RAW = 101;

/** Bytes of headers that are taken as they are: longer ones are not what a network sends. */
export const MOST_HEADER_BYTES = 65_536;

/** IPNET, NFLOG, ETHERNET_MPACKET: Wireshark (4.0) takes apart only whole frames of these. */
const WHOLE_FRAMES = new Set([226, 239, 274]);

const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const TCP_HEADER = 20;
const TCP = 6;
/** the largest length that an IP header can tell; 0 stands for more (TSO) */
const MOST_IP_LENGTH = 65_535;

// TCP options that tell of the connection (RFC 9293 section 3.2, RFC 7323, RFC 2018).
const END_OF_OPTIONS = 0;
const NO_OPERATION = 1;
const MAXIMUM_SEGMENT_SIZE = 2;
const WINDOW_SCALE = 3;
const SACK_PERMITTED = 4;
const SACK = 5;
const TIMESTAMPS = 8;

/** A packet as it is written. */
export interface Extract {
  /** LINKTYPE_ number */
  linkType: number;
  data: Uint8Array;
  /** bytes on the wire */
  wireLength: number;
  /** whether it was made anew from what its headers say */
  isRebuilt: boolean;
}

/** What stands in place of addresses and ports. */
export interface Replacement {
  /** @param bytes 4 or 16 @returns as many */
  address(bytes: Uint8Array): Uint8Array;
  source: number;
  destination: number;
}

/**
 * The record's bytes up to the end of the TCP header, of which the options may be cut off.
 * @returns null where that isn't all header, there is no TCP header in the record, or a frame without its end can't be read: then
 *   `rebuild` gives what can be told
 * @param isAlone whether the record holds no other packet
 */
export function cutBehindTcp(record: CaptureRecord, segment: Segment, isAlone: boolean): Extract | null {
  if (!isAlone || segment.headerAt < 0 || WHOLE_FRAMES.has(record.linkType)) return null;
  const { data, start, wireLength } = record;
  const end = headerEnd(record, segment);
  if (end - start > MOST_HEADER_BYTES) return null;
  // A length on the wire below what was captured is a mistake of its writer.
  const length = Math.max(wireLength, record.end - start);
  return { linkType: record.linkType, data: data.slice(start, end), wireLength: length, isRebuilt: false };
}

/**
 * The segment as an IP packet without tunnels, tags, or IP options: nothing is in it but what is named here. Its TCP checksum
 * is 0. Where the TCP header was not in the record (fragments, compressed), its options are missing as if cut off.
 */
export function rebuild(record: CaptureRecord, segment: Segment, replacement: Replacement | null): Extract {
  const tcp = tcpHeader(record, segment, replacement);
  const tcpLength = TCP_HEADER + segment.optionsLength + segment.length;
  const isSix = segment.ipVersion === 6;
  const ip = isSix ? ipv6Header(segment, tcpLength, replacement) : ipv4Header(segment, tcpLength, replacement);
  const data = new Uint8Array(ip.length + tcp.length);
  data.set(ip);
  data.set(tcp, ip.length);
  return { linkType: RAW, data, wireLength: ip.length + tcpLength, isRebuilt: true };
}

function headerEnd(record: CaptureRecord, { headerAt, optionsLength }: Segment): number {
  return Math.min(record.end, headerAt + TCP_HEADER + optionsLength);
}

/** RFC 9293 section 3.1. */
function tcpHeader(record: CaptureRecord, segment: Segment, replacement: Replacement | null): Uint8Array {
  const { headerAt } = segment;
  const bytes = headerAt < 0 ? new Uint8Array(TCP_HEADER) : record.data.slice(headerAt, headerEnd(record, segment));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, replacement?.source ?? segment.srcPort);
  view.setUint16(2, replacement?.destination ?? segment.dstPort);
  view.setUint16(16, 0); // the checksum covers the payload
  if (headerAt < 0) {
    view.setInt32(4, segment.seq);
    view.setInt32(8, segment.ack);
    bytes[12] = (TCP_HEADER + segment.optionsLength) << 2;
    bytes[13] = segment.flags;
    view.setUint16(14, segment.window);
  }
  // Without their flags they mean nothing, so they may hold anything.
  if ((segment.flags & ACK) === 0) view.setInt32(8, 0);
  if ((segment.flags & URG) === 0) view.setUint16(18, 0);
  clearOptions(bytes);
  return bytes;
}

/** Makes no-operations of all options but those that tell of the connection, and of what is no list of options. */
function clearOptions(header: Uint8Array): void {
  let at = TCP_HEADER;
  while (at < header.length) {
    const kind = header[at]!;
    const length = kind === NO_OPERATION ? 1 : (header[at + 1] ?? 0);
    if (kind === END_OF_OPTIONS || length < 1 || at + length > header.length) break;
    if (!isKept(kind, length)) header.fill(NO_OPERATION, at, at + length);
    at += length;
  }
  header.fill(NO_OPERATION, at);
}

function isKept(kind: number, length: number): boolean {
  switch (kind) {
    case NO_OPERATION:
      return true;
    case MAXIMUM_SEGMENT_SIZE:
      return length === 4;
    case WINDOW_SCALE:
      return length === 3;
    case SACK_PERMITTED:
      return length === 2;
    case SACK:
      return length >= 10 && length % 8 === 2;
    case TIMESTAMPS:
      return length === 10;
    default:
      return false;
  }
}

/** RFC 791 section 3.1. */
function ipv4Header(segment: Segment, tcpLength: number, replacement: Replacement | null): Uint8Array {
  const bytes = new Uint8Array(IPV4_HEADER);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x45;
  view.setUint16(2, toldLength(IPV4_HEADER + tcpLength));
  view.setUint16(4, segment.ipId);
  bytes[8] = segment.ttl;
  bytes[9] = TCP;
  bytes.set(addressOf([segment.src3], replacement), 12);
  bytes.set(addressOf([segment.dst3], replacement), 16);
  view.setUint16(10, checksum(bytes));
  return bytes;
}

/** RFC 8200 section 3. */
function ipv6Header(segment: Segment, tcpLength: number, replacement: Replacement | null): Uint8Array {
  const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = segment;
  const bytes = new Uint8Array(IPV6_HEADER);
  bytes[0] = 0x60;
  new DataView(bytes.buffer).setUint16(4, toldLength(tcpLength));
  bytes[6] = TCP;
  bytes[7] = segment.ttl;
  bytes.set(addressOf([src0, src1, src2, src3], replacement), 8);
  bytes.set(addressOf([dst0, dst1, dst2, dst3], replacement), 24);
  return bytes;
}

function toldLength(length: number): number {
  return length > MOST_IP_LENGTH ? 0 : length;
}

function addressOf(words: readonly number[], replacement: Replacement | null): Uint8Array {
  const bytes = new Uint8Array(4 * words.length);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of words.entries()) view.setInt32(4 * i, word);
  if (replacement === null) return bytes;
  const replaced = replacement.address(bytes);
  if (replaced.length !== bytes.length) throw new RangeError('an address became one of another length');
  return replaced;
}

/** RFC 1071; the header's own field is still 0. */
function checksum(header: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += u16(header, at);
  while (sum > 0xffff) sum = (sum >>> 16) + (sum & 0xffff);
  return ~sum & 0xffff;
}
