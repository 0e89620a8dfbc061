/** What a record begins with, by its link type: https://www.tcpdump.org/linktypes.html. */

import { i32, i32le, u16, u16le } from './bytes.ts';
import { decodeEthernet, decodeEtherType, LLC, PPP as PPP_TYPE } from './ethernet.ts';
import { decodeIp } from './ip.ts';
import { CUT, NOT_IP, UNSUPPORTED_LINK } from './outcome.ts';
import { type Segment, VLAN_LAYER } from './segment.ts';
import { decodePlain80211, decodeRadiotap } from './wireless.ts';

const NULL = 0;
const ETHERNET = 1;
const ARCNET_BSD = 7;
const PPP = 9;
const FDDI = 10;
const RAW_BSD = 12;
const RAW_OPENBSD = 14;
const PPP_HDLC = 50;
const PPP_ETHER = 51;
const RAW = 101;
const ATM_RFC1483 = 100;
const C_HDLC = 104;
const IEEE802_11 = 105;
const FRELAY = 107;
const LOOP = 108;
const ENC = 109;
const LINUX_SLL = 113;
const PFLOG = 117;
const IEEE802_11_PRISM = 119;
const IP_OVER_FC = 122;
const IEEE802_11_RADIOTAP = 127;
const ARCNET_LINUX = 129;
const APPLE_IP_OVER_IEEE1394 = 138;
const IEEE802_11_AVS = 163;
const PPP_PPPD = 166;
const JUNIPER_ETHER = 178;
const JUNIPER_PPP = 179;
const JUNIPER_CHDLC = 181;
const PPI = 192;
const PPP_WITH_DIR = 204;
const C_HDLC_WITH_DIR = 205;
const FRELAY_WITH_DIR = 206;
const IPNET = 226;
const IPV4 = 228;
const IPV6 = 229;
const NFLOG = 239;
const NETANALYZER = 240;
const NETANALYZER_TRANSPARENT = 241;
const IPOIB = 242;
const PKTAP = 258;
const ETHERNET_MPACKET = 274;
const LINUX_SLL2 = 276;
const DSA_TAG_BRCM = 281;
const DSA_TAG_BRCM_PREPEND = 282;
const DSA_TAG_DSA = 284;
const DSA_TAG_EDSA = 285;

/** The last byte of a preamble: SMD-E, SMD-S0 to S3. */
const MPACKET_STARTS = [0xd5, 0xe6, 0x4c, 0x7f, 0xb3];

/** Of PPPoE's EtherType. */
const PPPOE_SESSION = 0x8864;

/** The record data[at..end), which ended at `wireEnd` on the wire. Fragments aren't joined. */
export function decodeLink(
  linkType: number,
  data: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  segment: Segment,
): number {
  switch (linkType) {
    case ETHERNET:
      return decodeEthernet(data, at, end, wireEnd, segment, 0);
    case LINUX_SLL:
      if (at + 16 > end) return CUT;
      return decodeEtherType(u16(data, at + 14), data, at + 16, end, wireEnd, segment, 0);
    case LINUX_SLL2:
      if (at + 20 > end) return CUT;
      return decodeEtherType(u16(data, at), data, at + 20, end, wireEnd, segment, 0);
    case NULL:
    case LOOP:
      if (at + 4 > end) return CUT;
      if (!isIpFamily(i32(data, at))) return NOT_IP;
      return decodeIp(data, at + 4, end, wireEnd, segment, 0);
    case ENC: // OpenBSD's IPsec: family, SPI, flags
      return decodeIp(data, at + 12, end, wireEnd, segment, 0);
    case PFLOG: {
      if (at >= end) return CUT;
      const length = data[at]!; // without its padding
      return length < 45 ? NOT_IP : decodeIp(data, at + ((length + 3) & ~3), end, wireEnd, segment, 0);
    }
    case IPNET: // Solaris
      return decodeIp(data, at + 24, end, wireEnd, segment, 0);
    case RAW:
    case RAW_BSD:
    case RAW_OPENBSD:
    case IPV4:
    case IPV6:
      return decodeIp(data, at, end, wireEnd, segment, 0);
    case PPP:
    case PPP_HDLC:
      return decodeSerial(data, at, end, wireEnd, segment);
    case PPP_ETHER:
      return decodeEtherType(PPPOE_SESSION, data, at, end, wireEnd, segment, 0);
    case PPP_PPPD: // the direction stands in place of the address 0xff, or before it
    case PPP_WITH_DIR:
      if (at + 2 > end) return CUT;
      return decodeSerial(data, data[at + 1] === 3 ? at + 2 : at + 1, end, wireEnd, segment);
    case C_HDLC:
      return decodeCiscoHdlc(data, at, end, wireEnd, segment);
    case C_HDLC_WITH_DIR:
      return decodeCiscoHdlc(data, at + 1, end, wireEnd, segment);
    case FRELAY:
      return decodeFrameRelay(data, at, end, wireEnd, segment);
    case FRELAY_WITH_DIR:
      return decodeFrameRelay(data, at + 1, end, wireEnd, segment);
    case ATM_RFC1483:
      return decodeEtherType(LLC, data, at, end, wireEnd, segment, 0);
    case IP_OVER_FC: // addresses of eight bytes (RFC 2625)
      return decodeEtherType(LLC, data, at + 16, end, wireEnd, segment, 0);
    case APPLE_IP_OVER_IEEE1394:
      if (at + 18 > end) return CUT;
      return decodeEtherType(u16(data, at + 16), data, at + 18, end, wireEnd, segment, 0);
    case NETANALYZER: // a header of four bytes, and if it is transparent the preamble
    case NETANALYZER_TRANSPARENT:
      if (at + 4 > end) return CUT;
      if ((data[at + 1]! & 1) !== 0) return NOT_IP; // an event of its pins
      return decodeEthernet(data, at + (linkType === NETANALYZER ? 4 : 12), end, wireEnd, segment, 0);
    case ETHERNET_MPACKET: // a preamble whose last byte says whether a frame begins (IEEE 802.3br)
      if (at + 8 > end) return CUT;
      if (!MPACKET_STARTS.includes(data[at + 7]!)) return NOT_IP;
      return decodeEthernet(data, at + 8, end, wireEnd, segment, 0);
    case DSA_TAG_BRCM: // a switch's tag behind the addresses
    case DSA_TAG_DSA:
      return decodeSwitchTag(16, linkType === DSA_TAG_DSA, data, at, end, wireEnd, segment);
    case DSA_TAG_EDSA: // with an EtherType of its own
      return decodeSwitchTag(20, true, data, at, end, wireEnd, segment);
    case DSA_TAG_BRCM_PREPEND:
      return decodeEthernet(data, at + 4, end, wireEnd, segment, 0);
    case IEEE802_11:
      return decodePlain80211(data, at, end, wireEnd, segment, 0);
    case IEEE802_11_RADIOTAP:
      return decodeRadiotap(data, at, end, wireEnd, segment);
    case IEEE802_11_PRISM: // 144 bytes, or AVS: a word 0x8021100n tells
      if (at + 4 > end) return CUT;
      if (i32(data, at) >>> 8 === 0x802110) return decodeAvs(data, at, end, wireEnd, segment);
      return decodePlain80211(data, at + 144, end, wireEnd, segment, 0);
    case IEEE802_11_AVS:
      return decodeAvs(data, at, end, wireEnd, segment);
    case PPI: {
      if (at + 8 > end) return CUT;
      const inner = i32le(data, at + 4);
      const length = u16le(data, at + 2);
      if (length < 8) return NOT_IP;
      if (inner === PPI || inner === PKTAP) return UNSUPPORTED_LINK;
      return decodeLink(inner, data, at + length, end, wireEnd, segment);
    }
    case PKTAP: {
      // macOS, little-endian: length, whether a packet follows, its link type by BSD's numbers.
      if (at + 12 > end) return CUT;
      const length = i32le(data, at);
      const inner = i32le(data, at + 8);
      if (length < 12 || i32le(data, at + 4) !== 1) return NOT_IP;
      if (inner === PKTAP || inner === PPI) return UNSUPPORTED_LINK;
      return decodeLink(inner, data, at + length, end, wireEnd, segment);
    }
    case FDDI: // a frame of LLC, then addresses
      if (at + 13 > end) return CUT;
      if ((data[at]! & 0x70) !== 0x50) return NOT_IP;
      return decodeEtherType(LLC, data, at + 13, end, wireEnd, segment, 0);
    case IPOIB: // a routing header of 40 bytes, the EtherType, two of nothing (RFC 4391 section 6)
      if (at + 44 > end) return CUT;
      return decodeEtherType(u16(data, at + 40), data, at + 44, end, wireEnd, segment, 0);
    case NFLOG:
      return decodeNflog(data, at, end, wireEnd, segment);
    case ARCNET_BSD: // addresses
      return decodeArcnet(data, at + 2, end, wireEnd, segment);
    case ARCNET_LINUX: // addresses, and an offset of two bytes
      return decodeArcnet(data, at + 4, end, wireEnd, segment);
    case JUNIPER_ETHER:
    case JUNIPER_PPP:
    case JUNIPER_CHDLC:
      return decodeJuniper(linkType, data, at, end, wireEnd, segment);
    default:
      return UNSUPPORTED_LINK;
  }
}

/**
 * The address family of NULL and LOOP, in the byte order of whichever host wrote it.
 * 2 is AF_INET everywhere; AF_INET6 is 10 (Linux), 23 (Windows), 24 (NetBSD, OpenBSD), 26 (Solaris), 28 (FreeBSD)
 * or 30 (macOS). Which it was does not matter: the IP header says it.
 */
function isIpFamily(word: number): boolean {
  const family = (word & 0xffff0000) === 0 ? word : word >>> 24;
  switch (family) {
    case 2:
    case 10:
    case 23:
    case 24:
    case 26:
    case 28:
    case 30:
      return true;
    default:
      return false;
  }
}

/** PPP, or Cisco's framing, which begins with 0f 00 or 8f 00. */
function decodeSerial(data: Uint8Array, at: number, end: number, wireEnd: number, segment: Segment): number {
  if (at + 2 > end) return CUT;
  if ((u16(data, at) & 0x7fff) === 0x0f00) return decodeCiscoHdlc(data, at, end, wireEnd, segment);
  return decodeEtherType(PPP_TYPE, data, at, end, wireEnd, segment, 0);
}

/** Address, control, EtherType (RFC 1547 section 4.3.1). */
function decodeCiscoHdlc(data: Uint8Array, at: number, end: number, wireEnd: number, segment: Segment): number {
  if (at + 4 > end) return CUT;
  return decodeEtherType(u16(data, at + 2), data, at + 4, end, wireEnd, segment, 0);
}

/** Frame relay with RFC 2427's encapsulation: NLPID of IP, or SNAP. */
function decodeFrameRelay(data: Uint8Array, at: number, end: number, wireEnd: number, segment: Segment): number {
  let from = at;
  while (from < end && (data[from]! & 1) === 0) from++; // the address ends with the first odd byte
  from++;
  if (from + 3 > end) return CUT;
  if (data[from] !== 3) return decodeEtherType(u16(data, from), data, from + 2, end, wireEnd, segment, 0); // Cisco's
  if (data[from + 1] === 0) from++; // padding
  const nlpid = data[from + 1];
  if (nlpid === 0xcc || nlpid === 0x8e) return decodeIp(data, from + 2, end, wireEnd, segment, 0);
  if (from + 7 > end) return CUT;
  if (nlpid !== 0x80 || data[from + 2] !== 0 || u16(data, from + 3) !== 0) return NOT_IP;
  return decodeEtherType(u16(data, from + 5), data, from + 7, end, wireEnd, segment, 0);
}

/** Ethernet with the tag of a switch between addresses and EtherType; Marvell's stands in place of a VLAN tag. */
function decodeSwitchTag(
  typeAt: number,
  isMarvell: boolean,
  data: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  segment: Segment,
): number {
  const type = at + typeAt;
  if (type + 2 > end) return CUT;
  const tag = i32(data, type - 4);
  if (isMarvell && (tag & 0x2000_0000) !== 0) segment.enterLayer(VLAN_LAYER, tag & 0xfff);
  return decodeEtherType(u16(data, type), data, type + 2, end, wireEnd, segment, 0);
}

/** Its length is the second word. */
function decodeAvs(data: Uint8Array, at: number, end: number, wireEnd: number, segment: Segment): number {
  if (at + 8 > end) return CUT;
  const length = i32(data, at + 4) >>> 0;
  return length < 8 ? NOT_IP : decodePlain80211(data, at + length, end, wireEnd, segment, 0);
}

/** Attributes of Linux' netfilter, of which number 9 is the packet. Their byte order is that of the host. */
function decodeNflog(data: Uint8Array, from: number, end: number, wireEnd: number, segment: Segment): number {
  let at = from + 4;
  for (;;) {
    if (at + 4 > end) return CUT;
    // Types are small: the byte that is 0 is the high one.
    const isLittle = data[at + 3] === 0;
    const length = isLittle ? u16le(data, at) : u16(data, at);
    const type = isLittle ? data[at + 2]! : u16(data, at + 2);
    if (length < 4) return NOT_IP;
    if (type === 9) return decodeIp(data, at + 4, end, wireEnd, segment, 0);
    at += (length + 3) & ~3;
  }
}

/** From the protocol on: IP of RFC 1051, or of RFC 1201, where packets may be split and an exception frame says so first. */
function decodeArcnet(data: Uint8Array, from: number, end: number, wireEnd: number, segment: Segment): number {
  let at = from;
  if (at + 2 > end) return CUT;
  switch (data[at]) {
    case 0xf0:
      return decodeIp(data, at + 1, end, wireEnd, segment, 0);
    case 0xd4: // IPv4
    case 0xc4: {
      if (data[at + 1] === 0xff) at += 4;
      if (at + 2 > end) return CUT;
      const split = data[at + 1]!;
      // Odd: the first of several. The later ones have no header.
      if (split !== 0 && (split & 1) === 0) return NOT_IP;
      return decodeIp(data, at + 4, end, wireEnd, segment, 0);
    }
    default:
      return NOT_IP;
  }
}

/** "MGC", flags, and extensions where bit 7 says so. Without a link header (bit 1) four bytes and IP follow. */
function decodeJuniper(
  linkType: number,
  data: Uint8Array,
  from: number,
  end: number,
  wireEnd: number,
  segment: Segment,
): number {
  if (from + 6 > end) return CUT;
  const header = i32(data, from);
  if (header >>> 8 !== 0x4d4743) return NOT_IP;
  const at = from + ((header & 0x80) !== 0 ? 6 + u16(data, from + 4) : 4);
  if ((header & 2) !== 0) return decodeIp(data, at + 4, end, wireEnd, segment, 0);
  if (linkType === JUNIPER_ETHER) return decodeEthernet(data, at, end, wireEnd, segment, 0);
  if (linkType === JUNIPER_PPP) return decodeSerial(data, at, end, wireEnd, segment);
  return decodeCiscoHdlc(data, at, end, wireEnd, segment);
}
