/** Tunnels in UDP: known by the port, and taken for one only where all that is in it fits. */

import { i32, u16 } from './bytes.ts';
import { decodeEthernet, decodeEtherType } from './ethernet.ts';
import { decodeIp } from './ip.ts';
import { CUT, DECODED, FRAGMENT, ICMP_ERROR, NOT_IP, NOT_TCP, TOO_DEEP } from './outcome.ts';
import { CAPWAP_LAYER, GENEVE_LAYER, GTP_LAYER, type Segment, TZSP_LAYER, VXLAN_LAYER } from './segment.ts';
import { decodeGre } from './tunnel.ts';
import { decode80211, decodePlain80211 } from './wireless.ts';

// Ports (IANA; 8472 is Linux' first choice for VXLAN, 37008 TaZmen's).
const GTP_USER = 2152;
const VXLAN = 4789;
const VXLAN_LINUX = 8472;
const GRE_IN_UDP = 4754;
const CAPWAP_DATA = 5247;
const GENEVE = 6081;
const TZSP = 37_008;

const UDP_HEADER = 8;

/**
 * @param end end of the captured bytes
 * @param wireEnd where the datagram, or its first fragment, ended on the wire
 * @returns NOT_TCP for all that is no tunnel with TCP in it; CUT only where the snaplen cut a tunnel
 */
export function decodeUdp(
  data: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  segment: Segment,
  depth: number,
): number {
  if (at + UDP_HEADER > end) return NOT_TCP;
  const port = tunnelPort(u16(data, at), u16(data, at + 2));
  if (port < 0) return NOT_TCP;
  // A first fragment is shorter than the datagram, and where a card was to cut the datagram the field may be too short.
  const length = Math.max(u16(data, at + 4), wireEnd - at) - UDP_HEADER;
  const captured = Math.min(end, wireEnd);
  const { rest } = segment;
  const outcome = decodeTunnel(port, length, data, at + UDP_HEADER, captured, wireEnd, segment, depth);
  switch (outcome) {
    case DECODED: {
      // CAPWAP has fragments of its own; there LLC has been seen.
      const needed = (segment.ipVersion === 4 ? 40 : 60) + segment.optionsLength + segment.length;
      if (port === CAPWAP_DATA || needed <= length) return DECODED;
      break;
    }
    case CUT:
      if (end < wireEnd) return CUT;
      break;
    case FRAGMENT:
    case ICMP_ERROR:
    case TOO_DEEP:
      return outcome;
  }
  segment.rest = rest; // it was no tunnel, so nothing is left of it
  return NOT_TCP;
}

/** The port by which a tunnel is known; -1 for none. Answers of GTP and CAPWAP come from it. */
function tunnelPort(source: number, destination: number): number {
  switch (destination) {
    case GTP_USER:
    case GRE_IN_UDP:
    case VXLAN:
    case VXLAN_LINUX:
    case CAPWAP_DATA:
    case GENEVE:
    case TZSP:
      return destination;
    default:
      return source === GTP_USER || source === CAPWAP_DATA ? source : -1;
  }
}

function decodeTunnel(
  port: number,
  length: number,
  data: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  segment: Segment,
  depth: number,
): number {
  if (port === GRE_IN_UDP) return decodeGre(data, at, end, wireEnd, segment, depth); // RFC 8086
  if (at + 8 > end) return CUT;
  switch (port) {
    case VXLAN:
    case VXLAN_LINUX: // RFC 7348 section 5: what is reserved is ignored
      if ((data[at]! & 0x08) === 0) return NOT_TCP;
      segment.enterLayer(VXLAN_LAYER, i32(data, at + 4) >>> 8);
      return decodeEthernet(data, at + 8, end, wireEnd, segment, depth);
    case GENEVE: {
      // RFC 8926 section 3.4
      if (data[at]! >> 6 !== 0) return NOT_TCP;
      segment.enterLayer(GENEVE_LAYER, i32(data, at + 4) >>> 8);
      const inner = at + 8 + (data[at]! << 2); // behind the options
      return decodeEtherType(u16(data, at + 2), data, inner, end, wireEnd, segment, depth);
    }
    case GTP_USER:
      return decodeGtp(length, data, at, end, wireEnd, segment, depth);
    case CAPWAP_DATA:
      return decodeCapwap(data, at, end, wireEnd, segment, depth);
    default:
      return decodeTzsp(data, at, end, wireEnd, segment, depth);
  }
}

/** GTP-U version 1 (3GPP TS 29.281 section 5): a G-PDU holds a packet of the user's. */
function decodeGtp(
  length: number,
  data: Uint8Array,
  from: number,
  end: number,
  wireEnd: number,
  segment: Segment,
  depth: number,
): number {
  const flags = data[from]!;
  if ((flags & 0xf0) !== 0x30 || data[from + 1] !== 0xff || u16(data, from + 2) + 8 !== length) return NOT_TCP;
  segment.enterLayer(GTP_LAYER, i32(data, from + 4) >>> 0);
  let at = from + 8;
  if ((flags & 7) !== 0) {
    if (at + 4 > end) return CUT;
    // Extension headers: each begins with its length in words, and ends with the next one's type.
    let next = (flags & 4) !== 0 ? data[at + 3]! : 0;
    at += 4;
    while (next !== 0) {
      if (at >= end) return CUT;
      const size = data[at]! << 2;
      if (size === 0) return NOT_TCP;
      if (at + size > end) return CUT;
      next = data[at + size - 1]!;
      at += size;
    }
  }
  return decodeIp(data, at, end, wireEnd, segment, depth);
}

/** CAPWAP's data channel (RFC 5415 section 4.3) without DTLS: a frame of 802.11 or Ethernet, of fragments the first. */
function decodeCapwap(
  data: Uint8Array,
  from: number,
  end: number,
  wireEnd: number,
  segment: Segment,
  depth: number,
): number {
  const header = i32(data, from);
  const isFragment = (header & 0x80) !== 0;
  if (header >>> 24 !== 0 || (isFragment && u16(data, from + 6) >> 3 !== 0)) return NOT_TCP;
  const at = from + (((header >>> 19) & 31) << 2);
  if (at < from + 8) return NOT_TCP;
  if (at + 2 > end) return CUT;
  segment.enterLayer(CAPWAP_LAYER, -1);
  if ((header & 0x100) === 0) return decodeEthernet(data, at, end, wireEnd, segment, depth);
  const { layers, rest } = segment;
  const outcome = decodePlain80211(data, at, end, wireEnd, segment, depth);
  if (outcome !== NOT_IP) return outcome;
  // Cisco's access points send the frame control's bytes the other way round.
  segment.layers = layers;
  segment.rest = rest;
  return decode80211((data[at + 1]! << 8) | data[at]!, false, data, at, end, wireEnd, segment, depth);
}

/** TaZmen Sniffer Protocol: version 1, a received packet or one to send; then tags, and a frame. */
function decodeTzsp(
  data: Uint8Array,
  from: number,
  end: number,
  wireEnd: number,
  segment: Segment,
  depth: number,
): number {
  if (data[from] !== 1 || data[from + 1]! > 1) return NOT_TCP;
  const protocol = u16(data, from + 2); // 1: Ethernet, 18: 802.11
  let at = from + 4;
  for (;;) {
    if (at >= end) return CUT;
    const tag = data[at++]!;
    if (tag === 1) break; // the last
    if (tag === 0) continue; // padding
    if (at >= end) return CUT;
    at += data[at]! + 1;
  }
  segment.enterLayer(TZSP_LAYER, -1);
  if (protocol === 1) return decodeEthernet(data, at, end, wireEnd, segment, depth);
  return protocol === 18 ? decodePlain80211(data, at, end, wireEnd, segment, depth) : NOT_TCP;
}
