/** What a record begins with, by its link type: https://www.tcpdump.org/linktypes.html. */

import { i32, i32le, u16, u16le } from './bytes.ts';
import { decodeEthernet, decodeEtherType, LLC, PPP as PPP_TYPE } from './ethernet.ts';
import { decodeIp } from './ip.ts';
import { CUT, NOT_IP, UNSUPPORTED_LINK } from './outcome.ts';
import type { Segment } from './segment.ts';
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
const C_HDLC = 104;
const IEEE802_11 = 105;
const LOOP = 108;
const LINUX_SLL = 113;
const IEEE802_11_PRISM = 119;
const IEEE802_11_RADIOTAP = 127;
const ARCNET_LINUX = 129;
const IEEE802_11_AVS = 163;
const PPP_PPPD = 166;
const JUNIPER_ETHER = 178;
const JUNIPER_PPP = 179;
const JUNIPER_CHDLC = 181;
const PPI = 192;
const PPP_WITH_DIR = 204;
const C_HDLC_WITH_DIR = 205;
const IPV4 = 228;
const IPV6 = 229;
const NFLOG = 239;
const IPOIB = 242;
const LINUX_SLL2 = 276;

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
      if (inner === PPI) return UNSUPPORTED_LINK;
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
