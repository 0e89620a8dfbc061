import { i32, u16 } from './bytes.ts';
import { decodeIp } from './ip.ts';
import { CUT, NOT_IP, TOO_DEEP } from './outcome.ts';
import { ETAG_LAYER, MPLS_LAYER, PBB_LAYER, PPPOE_LAYER, type Segment, VLAN_LAYER, VNTAG_LAYER } from './segment.ts';

// EtherTypes (IANA, IEEE 802.1Q).
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const VLAN = 0x8100;
const PROVIDER_VLAN = 0x88a8;
const OLD_QINQ = 0x9100;
const MPLS = 0x8847;
const MPLS_MULTICAST = 0x8848;
const PPPOE_SESSION = 0x8864;
const TRANSPARENT_BRIDGING = 0x6558;
const PROVIDER_BACKBONE = 0x88e7;
const VN_TAG = 0x8926;
const E_TAG = 0x893f;
export const PPP = 0x880b;
/** No EtherType but a length: LLC follows. */
export const LLC = 0;
/** No EtherType of what can be read. */
const OTHER = 0xffff;

// PPP protocols (IANA).
const PPP_IPV4 = 0x21;
const PPP_IPV6 = 0x57;
const PPP_MPLS = 0x281;
const PPP_MPLS_MULTICAST = 0x283;

/** Below it the field is a length (IEEE 802.3), or a code of a cooked header, and LLC may follow. */
const FIRST_ETHERTYPE = 0x600;

const MAX_TAGS = 16;

/** An Ethernet II or 802.3 frame at `at`. */
export function decodeEthernet(
  data: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  segment: Segment,
  depth: number,
): number {
  if (at + 14 > end) return CUT;
  return decodeEtherType(u16(data, at + 12), data, at + 14, end, wireEnd, segment, depth);
}

/** What follows an EtherType: IP at last, after any stack of tags, MPLS labels, PPPoE, PPP and SNAP. */
export function decodeEtherType(
  etherType: number,
  data: Uint8Array,
  from: number,
  end: number,
  wireEnd: number,
  segment: Segment,
  depth: number,
): number {
  let type = etherType;
  let at = from;
  for (let tags = 0; ; tags++) {
    if (tags > MAX_TAGS) return TOO_DEEP;
    switch (type) {
      case IPV4:
      case IPV6:
        return decodeIp(data, at, end, wireEnd, segment, depth);
      case VLAN:
      case PROVIDER_VLAN:
      case OLD_QINQ:
        if (at + 4 > end) return CUT;
        segment.enterLayer(VLAN_LAYER, u16(data, at) & 0xfff);
        type = u16(data, at + 2);
        at += 4;
        break;
      case MPLS:
      case MPLS_MULTICAST: {
        if (at + 4 > end) return CUT;
        const entry = i32(data, at);
        segment.enterLayer(MPLS_LAYER, entry >>> 12);
        at += 4;
        // RFC 3032: the bottom of the stack does not name what follows; IP shows by its version nibble.
        if ((entry & 0x100) !== 0) return decodeIp(data, at, end, wireEnd, segment, depth);
        break;
      }
      case PPPOE_SESSION: // RFC 2516 section 4
        if (at + 6 > end) return CUT;
        segment.enterLayer(PPPOE_LAYER, u16(data, at + 2));
        type = PPP;
        at += 6;
        break;
      case PPP: {
        // RFC 1662: address and control may stand before the protocol, whose first byte may be left out if it is 0.
        if (at + 2 > end) return CUT;
        if (u16(data, at) === 0xff03) at += 2;
        if (at + 2 > end) return CUT;
        const isShort = (data[at]! & 1) !== 0;
        type = etherTypeOfPpp(isShort ? data[at]! : u16(data, at));
        at += isShort ? 1 : 2;
        break;
      }
      case PROVIDER_BACKBONE: // IEEE 802.1Q section 9.7: four bytes, then the customer's frame
        if (at + 18 > end) return CUT;
        segment.enterLayer(PBB_LAYER, i32(data, at) & 0xffffff);
        type = u16(data, at + 16);
        at += 18;
        break;
      case VN_TAG: {
        if (at + 6 > end) return CUT;
        // Bit 31: towards the interface, which is the destination then.
        const tag = i32(data, at);
        segment.enterLayer(VNTAG_LAYER, tag < 0 ? (tag >>> 16) & 0x3fff : tag & 0xfff);
        type = u16(data, at + 4);
        at += 6;
        break;
      }
      case E_TAG: // IEEE 802.1BR section 7.5: group and base in the second word, extension in the sixth byte
        if (at + 8 > end) return CUT;
        segment.enterLayer(ETAG_LAYER, (data[at + 5]! << 14) | (u16(data, at + 2) & 0x3fff));
        type = u16(data, at + 6);
        at += 8;
        break;
      case TRANSPARENT_BRIDGING:
        if (at + 14 > end) return CUT;
        type = u16(data, at + 12);
        at += 14;
        break;
      default:
        if (type >= FIRST_ETHERTYPE || !isSnap(data, at, end)) return NOT_IP;
        if (at + 8 > end) return CUT;
        type = u16(data, at + 6);
        at += 8;
        break;
    }
  }
}

function etherTypeOfPpp(protocol: number): number {
  switch (protocol) {
    case PPP_IPV4: // RFC 1332
      return IPV4;
    case PPP_IPV6: // RFC 5072
      return IPV6;
    case PPP_MPLS: // RFC 3032 section 4.1
      return MPLS;
    case PPP_MPLS_MULTICAST:
      return MPLS_MULTICAST;
    default:
      return OTHER;
  }
}

/** LLC and SNAP headers with an EtherType (RFC 1042): AA AA 03 00 00 00, as far as it was captured. */
function isSnap(data: Uint8Array, at: number, end: number): boolean {
  for (let i = 0; i < 6 && at + i < end; i++) {
    if (data[at + i] !== (i < 2 ? 0xaa : i === 2 ? 3 : 0)) return false;
  }
  return true;
}
