/**
 * The short way for frames as most are: Ethernet with one 802.1Q tag at most, IP without options, fragments or extension
 * headers, TCP. The layers' own decoders take all others; of these frames they say the same, which a test demands.
 * One function and a DataView: V8 stops inlining the reads of bytes.ts in so long a function, and calls cost more.
 */
import { ANOTHER_SHARE, DECODED } from './outcome.ts';
import { ACK, type Segment, VLAN_LAYER } from './segment.ts';
import { shareOf } from './shares.ts';
import { decodeOptions, PADDED_TIMESTAMPS } from './tcp.ts';

/** Not such a frame. */
export const NOT_COMMON = -2;

// EtherTypes, and the protocol number (IANA).
const VLAN = 0x8100;
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const TCP = 6;
// Lengths of headers without options, bytes.
const ETHERNET_HEADER = 14;
const VLAN_TAG = 4;
const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const TCP_HEADER = 20;

/**
 * Decodes the Ethernet frame data[start..end), if it is of that kind.
 * @param view of `data`
 * @param share which flows are wanted, of how many `shares`
 * @returns DECODED, ANOTHER_SHARE, or NOT_COMMON where it is of another kind; the segment is then not to be used
 */
export function decodeCommon(
  data: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  segment: Segment,
  share: number,
  shares: number,
): number {
  if (end - start < ETHERNET_HEADER + IPV4_HEADER + TCP_HEADER) return NOT_COMMON;
  let type = view.getUint16(start + 12);
  let ip = start + ETHERNET_HEADER;
  segment.layers = 0;
  if (type === VLAN) {
    segment.enterLayer(VLAN_LAYER, view.getUint16(ip) & 0xfff);
    type = view.getUint16(ip + 2);
    ip += VLAN_TAG;
  }
  let at: number;
  let tcpLength: number;
  if (type === IPV4) {
    at = ip + IPV4_HEADER;
    if (end - at < TCP_HEADER) return NOT_COMMON;
    const first = view.getInt32(ip);
    const second = view.getInt32(ip + 4);
    const third = view.getInt32(ip + 8);
    // Version 4 and five words of header, TCP, and neither more fragments nor an offset.
    if (first >>> 24 !== 0x45 || ((third >>> 16) & 0xff) !== TCP || (second & 0x3fff) !== 0) return NOT_COMMON;
    tcpLength = (first & 0xffff) - IPV4_HEADER; // negative for total length 0 (TSO)
    segment.ipVersion = 4;
    segment.ttl = third >>> 24;
    segment.ipId = second >>> 16;
    segment.src0 = 0;
    segment.src1 = 0;
    segment.src2 = 0xffff;
    segment.src3 = view.getInt32(ip + 12);
    segment.dst0 = 0;
    segment.dst1 = 0;
    segment.dst2 = 0xffff;
    segment.dst3 = view.getInt32(ip + 16);
  } else if (type === IPV6) {
    at = ip + IPV6_HEADER;
    if (end - at < TCP_HEADER) return NOT_COMMON;
    const second = view.getInt32(ip + 4);
    if (view.getUint8(ip) >> 4 !== 6 || ((second >>> 8) & 0xff) !== TCP) return NOT_COMMON;
    tcpLength = second >>> 16; // 0 in jumbograms and TSO
    segment.ipVersion = 6;
    segment.ttl = second & 0xff;
    segment.ipId = 0;
    segment.src0 = view.getInt32(ip + 8);
    segment.src1 = view.getInt32(ip + 12);
    segment.src2 = view.getInt32(ip + 16);
    segment.src3 = view.getInt32(ip + 20);
    segment.dst0 = view.getInt32(ip + 24);
    segment.dst1 = view.getInt32(ip + 28);
    segment.dst2 = view.getInt32(ip + 32);
    segment.dst3 = view.getInt32(ip + 36);
  } else {
    return NOT_COMMON;
  }

  // Data offset, flags, window; too long a header is damage, or the length isn't in the IP header.
  const fields = view.getInt32(at + 12);
  const headerLength = (fields >>> 28) << 2;
  if (headerLength < TCP_HEADER || headerLength > tcpLength) return NOT_COMMON;
  const ports = view.getInt32(at);
  if (shares > 1 && shareOf(segment.src3, segment.dst3, ports, shares) !== share) return ANOTHER_SHARE;
  const flags = (fields >>> 16) & 0x3f;
  segment.srcPort = ports >>> 16;
  segment.dstPort = ports & 0xffff;
  segment.seq = view.getInt32(at + 4);
  segment.ack = (flags & ACK) !== 0 ? view.getInt32(at + 8) : 0;
  segment.flags = flags;
  segment.window = fields & 0xffff;
  segment.length = tcpLength - headerLength;
  segment.optionsLength = headerLength - TCP_HEADER;
  segment.windowScale = -1;
  segment.isDsack = false;
  const options = at + TCP_HEADER;
  if (headerLength === 32 && end - options >= 12 && view.getInt32(options) === PADDED_TIMESTAMPS) {
    segment.hasTimestamps = true;
    segment.tsVal = view.getInt32(options + 4);
    segment.tsEcr = view.getInt32(options + 8);
    return DECODED;
  }
  segment.hasTimestamps = false;
  segment.tsVal = 0;
  segment.tsEcr = 0;
  if (headerLength > TCP_HEADER) decodeOptions(data, options, Math.min(at + headerLength, end), segment);
  return DECODED;
}
