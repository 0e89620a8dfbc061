import { i32, u16 } from './bytes.ts';
import { inflateIpComp } from './ipcomp.ts';
import { BAD_IP, BAD_TCP, CUT, DECODED, FRAGMENT, ICMP_ERROR, NOT_IP, NOT_TCP, TOO_DEEP } from './outcome.ts';
import { IPIP_LAYER, type Segment } from './segment.ts';
import { decodeTcp } from './tcp.ts';
import { decodeGre } from './tunnel.ts';
import { decodeUdp } from './udp.ts';

// Protocol numbers (IANA).
const HOP_BY_HOP = 0;
const ICMP = 1;
const IPV4 = 4;
const TCP = 6;
const UDP = 17;
const IPV6 = 41;
const ROUTING = 43;
const FRAGMENT_HEADER = 44;
const GRE = 47;
const AUTHENTICATION = 51;
const ICMPV6 = 58;
const DESTINATION_OPTIONS = 60;
const IPCOMP = 108;
const MOBILITY = 135;
const HIP = 139;
const SHIM6 = 140;

/** Tunnels inside tunnels that we follow before giving up. */
const MAX_DEPTH = 8;

/** The longest packet whose header leaves the length to the record: Linux' BIG TCP ends at 512 KiB. More is damage. */
const LONGEST_OFFLOADED = 1 << 20;

/**
 * Decodes an IPv4 or IPv6 packet at `at`, whichever its version nibble says, down to the innermost TCP.
 * @param end end of the captured bytes
 * @param wireEnd where the packet ended on the wire, for headers with total length 0 (TSO)
 */
export function decodeIp(
  data: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  segment: Segment,
  depth: number,
): number {
  if (at >= end) return CUT;
  if (depth > MAX_DEPTH) return TOO_DEEP;
  const version = data[at]! >> 4;
  if (version === 4) return decodeIpv4(data, at, end, wireEnd, segment, depth);
  if (version === 6) return decodeIpv6(data, at, end, wireEnd, segment, depth);
  return NOT_IP;
}

/** The length by the record, or none where that is damage. */
function offloadedLength(length: number): number {
  return length > LONGEST_OFFLOADED ? 0 : length;
}

/** RFC 791 section 3.1. */
function decodeIpv4(
  data: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  segment: Segment,
  depth: number,
): number {
  if (end - at < 20) return CUT;
  const headerLength = (data[at]! & 15) << 2;
  // Total length 0: a segment that the network card was still to cut (TSO); the record knows its length.
  const totalLength = u16(data, at + 2) || offloadedLength(wireEnd - at);
  if (headerLength < 20 || totalLength < headerLength) return BAD_IP;
  const protocol = data[at + 9]!;
  segment.ipVersion = 4;
  segment.ttl = data[at + 8]!;
  segment.ipId = u16(data, at + 4);
  segment.src0 = 0;
  segment.src1 = 0;
  segment.src2 = 0xffff;
  segment.src3 = i32(data, at + 12);
  segment.dst0 = 0;
  segment.dst1 = 0;
  segment.dst2 = 0xffff;
  segment.dst3 = i32(data, at + 16);
  const payload = at + headerLength;
  const length = totalLength - headerLength;
  const fragmentation = u16(data, at + 6) & 0x3fff; // more fragments, and the offset in units of 8 bytes
  if (fragmentation !== 0) {
    const asInIpv6 = (fragmentation << 3) | (fragmentation >>> 13);
    return decodeFragment(protocol, data, payload, end, payload + length, segment, depth, segment.ipId, asInIpv6);
  }
  if (protocol === TCP) return decodeTcp(data, payload, end, length, segment);
  return decodeHeaders(protocol, data, payload, end, payload + length, segment, depth);
}

/** RFC 8200 section 3. */
function decodeIpv6(
  data: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  segment: Segment,
  depth: number,
): number {
  if (end - at < 40) return CUT;
  const payloadEnd = at + 40 + (u16(data, at + 4) || offloadedLength(wireEnd - at - 40)); // 0: jumbogram or TSO
  segment.ipVersion = 6;
  segment.ttl = data[at + 7]!;
  segment.ipId = 0;
  segment.src0 = i32(data, at + 8);
  segment.src1 = i32(data, at + 12);
  segment.src2 = i32(data, at + 16);
  segment.src3 = i32(data, at + 20);
  segment.dst0 = i32(data, at + 24);
  segment.dst1 = i32(data, at + 28);
  segment.dst2 = i32(data, at + 32);
  segment.dst3 = i32(data, at + 36);
  const next = data[at + 6]!;
  if (next === TCP) return decodeTcp(data, at + 40, end, payloadEnd - at - 40, segment);
  return decodeHeaders(next, data, at + 40, end, payloadEnd, segment, depth);
}

/** Extension headers (RFC 8200 section 4), of which IPv4 knows the authentication header, and what follows them. */
function decodeHeaders(
  protocol: number,
  data: Uint8Array,
  from: number,
  end: number,
  payloadEnd: number,
  segment: Segment,
  depth: number,
): number {
  let next = protocol;
  let at = from;
  for (;;) {
    switch (next) {
      case TCP:
        return decodeTcp(data, at, end, payloadEnd - at, segment);
      case HOP_BY_HOP:
      case ROUTING:
      case DESTINATION_OPTIONS:
      case MOBILITY:
      case HIP:
      case SHIM6:
        if (at + 8 > end) return CUT;
        next = data[at]!;
        at += (data[at + 1]! + 1) << 3;
        break;
      case AUTHENTICATION: // RFC 4302: in units of 4 bytes, minus 2
        if (at + 8 > end) return CUT;
        next = data[at]!;
        at += (data[at + 1]! + 2) << 2;
        break;
      case FRAGMENT_HEADER: {
        if (at + 8 > end) return CUT;
        const fragmentation = u16(data, at + 2) & 0xfff9;
        const identification = i32(data, at + 4);
        next = data[at]!;
        at += 8;
        if (at > payloadEnd) return BAD_IP;
        if (fragmentation === 0) break; // RFC 6946: an atomic fragment is the whole
        return decodeFragment(next, data, at, end, payloadEnd, segment, depth, identification, fragmentation);
      }
      default:
        return decodeTunnelled(next, data, at, end, payloadEnd, segment, depth);
    }
    if (at > payloadEnd) return BAD_IP;
  }
}

/**
 * The first fragment carries the TCP header; what the others are is known by the protocol alone.
 * @param fragmentation as in IPv6's fragment header: offset in bytes, 1 where more fragments follow
 */
function decodeFragment(
  protocol: number,
  data: Uint8Array,
  at: number,
  end: number,
  payloadEnd: number,
  segment: Segment,
  depth: number,
  identification: number,
  fragmentation: number,
): number {
  const { ipVersion, src0, src1, src2, src3, dst0, dst1, dst2, dst3, fragment, layerIds, layers } = segment;
  if (depth > MAX_DEPTH) return TOO_DEEP; // fragment headers nest without end
  const offset = fragmentation & 0xfff8;
  let outcome = FRAGMENT;
  if (offset > 0) {
    if (!mayHoldTcp(protocol)) return NOT_TCP;
  } else {
    outcome = decodeHeaders(protocol, data, at, end, payloadEnd, segment, depth + 1);
    // BAD_TCP: a header of which the rest is in the next fragment.
    if (outcome !== DECODED && outcome !== BAD_TCP) return outcome;
  }
  const numbers = [ipVersion, identification, protocol, src0, src1, src2, src3, dst0, dst1, dst2, dst3];
  fragment.datagram = `${numbers.join()}|${layerIds.subarray(0, layers).join()}`;
  fragment.offset = offset;
  fragment.length = payloadEnd - at;
  fragment.isLast = (fragmentation & 1) === 0;
  fragment.isOfUdp = protocol === UDP;
  fragment.hasHeader = outcome === DECODED;
  fragment.extendsSegment = segment.layers === layers;
  return FRAGMENT;
}

function mayHoldTcp(protocol: number): boolean {
  switch (protocol) {
    case TCP:
    case UDP:
    case IPV4:
    case IPV6:
    case GRE:
    case HOP_BY_HOP:
    case ROUTING:
    case AUTHENTICATION:
    case DESTINATION_OPTIONS:
    case MOBILITY:
    case HIP:
    case SHIM6:
      return true;
    default:
      return false;
  }
}

function decodeTunnelled(
  protocol: number,
  data: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  segment: Segment,
  depth: number,
): number {
  switch (protocol) {
    case IPV4:
    case IPV6:
      segment.enterLayer(IPIP_LAYER, -1);
      return decodeIp(data, at, end, wireEnd, segment, depth + 1);
    case GRE:
      return decodeGre(data, at, end, wireEnd, segment, depth + 1);
    case UDP:
      return decodeUdp(data, at, end, wireEnd, segment, depth + 1);
    case IPCOMP: {
      if (depth >= MAX_DEPTH) return TOO_DEEP;
      if (at + 4 > end || end < wireEnd) return CUT;
      const plain = inflateIpComp(data, at, wireEnd);
      if (plain === null) return NOT_TCP;
      const outcome = decodeHeaders(data[at]!, plain, 0, plain.length, plain.length, segment, depth + 1);
      segment.headerAt = -1;
      return outcome;
    }
    case ICMP: // errors quote the packet that caused them: 3, 4, 5, 11, 12 (RFC 792)
      return at < end && [3, 4, 5, 11, 12].includes(data[at]!) ? ICMP_ERROR : NOT_TCP;
    case ICMPV6: // types below 128 are errors (RFC 4443)
      return at < end && data[at]! < 128 ? ICMP_ERROR : NOT_TCP;
    default:
      return NOT_TCP;
  }
}
