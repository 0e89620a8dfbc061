import { i32, u16 } from './bytes.ts';
import { decodeIp } from './ip.ts';
import { CUT, NOT_IP, TOO_DEEP } from './outcome.ts';
import { MPLS_LAYER, type Segment, VLAN_LAYER } from './segment.ts';

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

/** What follows an EtherType: IP at last, after any stack of VLAN tags, MPLS labels, PPPoE and SNAP. */
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
      case PPPOE_SESSION: {
        if (at + 8 > end) return CUT;
        const protocol = u16(data, at + 6); // PPP: 0x21 IPv4, 0x57 IPv6 (RFC 1332, RFC 5072)
        if (protocol !== 0x21 && protocol !== 0x57) return NOT_IP;
        return decodeIp(data, at + 8, end, wireEnd, segment, depth);
      }
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

/** LLC and SNAP headers with an EtherType (RFC 1042): AA AA 03 00 00 00, as far as it was captured. */
function isSnap(data: Uint8Array, at: number, end: number): boolean {
  for (let i = 0; i < 6 && at + i < end; i++) {
    if (data[at + i] !== (i < 2 ? 0xaa : i === 2 ? 3 : 0)) return false;
  }
  return true;
}
