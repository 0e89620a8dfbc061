import { i32, u16 } from './bytes.ts';
import { decodeEthernet, decodeEtherType, PPP } from './ethernet.ts';
import { CUT, NOT_TCP } from './outcome.ts';
import { ERSPAN_LAYER, GRE_LAYER, PPTP_LAYER, type Segment } from './segment.ts';
import { decodePlain80211 } from './wireless.ts';

// Protocol types that are no EtherTypes.
const ERSPAN_2 = 0x88be;
const ERSPAN_3 = 0x22eb;
/** Aruba's access points: from here to 0x820f, by queue, and 0x9000 */
const ARUBA = 0x8200;
const ARUBA_OTHER = 0x9000;

// Flags (RFC 2784, RFC 2890, RFC 2637).
const CHECKSUM = 0x8000;
const ROUTING = 0x4000;
const KEY = 0x2000;
const SEQUENCE = 0x1000;
const ACKNOWLEDGEMENT = 0x0080;
const VERSION = 0x0007;

/** GRE (RFC 2784, RFC 2890) and what is carried in it; in version 1 PPP (PPTP, RFC 2637). */
export function decodeGre(
  data: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  segment: Segment,
  depth: number,
): number {
  if (at + 4 > end) return CUT;
  const flags = u16(data, at);
  const protocol = u16(data, at + 2);
  if ((flags & ROUTING) !== 0) return NOT_TCP; // the routing of RFC 1701 nobody sends any more
  const version = flags & VERSION;
  if (version > 1 || (version === 1 && protocol !== PPP)) return NOT_TCP;
  let header = 4;
  if ((flags & CHECKSUM) !== 0) header += 4;
  let key = -1;
  if ((flags & KEY) !== 0) {
    if (at + header + 4 > end) return CUT;
    key = i32(data, at + header) >>> 0;
    header += 4;
  }
  if ((flags & SEQUENCE) !== 0) header += 4;
  if (version === 1) {
    if ((flags & SEQUENCE) === 0) return NOT_TCP; // an acknowledgement alone
    if ((flags & ACKNOWLEDGEMENT) !== 0) header += 4;
    segment.enterLayer(PPTP_LAYER, key < 0 ? -1 : key & 0xffff); // above it the length
    return decodeEtherType(PPP, data, at + header, end, wireEnd, segment, depth);
  }
  const from = at + header;
  if (protocol === ERSPAN_2 || protocol === ERSPAN_3) {
    const hasHeader = protocol === ERSPAN_3 || (flags & SEQUENCE) !== 0; // else type I
    return decodeErspan(hasHeader, data, from, end, wireEnd, segment, depth);
  }
  segment.enterLayer(GRE_LAYER, key);
  if ((protocol & 0xfff0) === ARUBA || protocol === ARUBA_OTHER) {
    return decodePlain80211(data, from, end, wireEnd, segment, depth);
  }
  return decodeEtherType(protocol, data, from, end, wireEnd, segment, depth);
}

/** A mirrored frame (draft-foschiano-erspan-03): type I has no header, type II one of 8 bytes, type III of 12 or 20. */
function decodeErspan(
  hasHeader: boolean,
  data: Uint8Array,
  from: number,
  end: number,
  wireEnd: number,
  segment: Segment,
  depth: number,
): number {
  let at = from;
  let session = -1;
  if (hasHeader) {
    if (at + 8 > end) return CUT;
    session = u16(data, at + 2) & 0x3ff;
    const version = data[at]! >> 4;
    if (version === 1) at += 8;
    else if (version === 2) {
      if (at + 12 > end) return CUT;
      at += (data[at + 11]! & 1) !== 0 ? 20 : 12;
    } else return NOT_TCP;
  }
  segment.enterLayer(ERSPAN_LAYER, session);
  return decodeEthernet(data, at, end, wireEnd, segment, depth);
}
