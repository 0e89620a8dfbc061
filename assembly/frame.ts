/**
 * Decoding a frame as most are: Ethernet with one 802.1Q tag at most, or Linux's cooked capture; IP without options,
 * fragments or extension headers; TCP without SACK. src/decode/ takes all others; of these it says the same.
 */
import { ACK, SYN } from '../src/decode/flags';
import {
  FINGERPRINT_WINDOW_SHIFT,
  KIND_BITS,
  KIND_CODES,
  KIND_OTHER,
  LONGEST_ORDER,
  MOST_KIND,
} from '../src/decode/syn-order';
import * as C from '../src/kernel/control';
import { word } from './words';

// EtherTypes, and the protocol number (IANA).
const VLAN: i32 = 0x8100;
const IPV4: i32 = 0x0800;
const IPV6: i32 = 0x86dd;
const TCP: i32 = 6;
// Lengths of headers without options, bytes.
const ETHERNET_HEADER: i32 = 14;
const VLAN_TAG: i32 = 4;
const IPV4_HEADER: i32 = 20;
const IPV6_HEADER: i32 = 40;
const TCP_HEADER: i32 = 20;
// Link types (tcpdump.org/linktypes.html), and their headers.
const ETHERNET: i32 = 1;
const LINUX_SLL: i32 = 113;
const SLL_HEADER: i32 = 16;
const LINUX_SLL2: i32 = 276;
const SLL2_HEADER: i32 = 20;
// TCP options (RFC 9293 section 3.2, RFC 7323).
const END_OF_OPTIONS: i32 = 0;
const NO_OPERATION: i32 = 1;
const WINDOW_SCALE: i32 = 3;
const SACK: i32 = 5;
const TIMESTAMPS: i32 = 8;
const PADDED_TIMESTAMPS: i32 = 0x0101080a;
const MOST_SCALE: i32 = 14;

/** Bits of the field of flags and offset, as it is read: little-endian. */
const FRAGMENT: i32 = 0xff3f;

export const NOT_TAKEN: i32 = 0;
export const TAKEN: i32 = 1;
export const ANOTHER_SHARE: i32 = 2;

// The segment at hand, as src/decode/segment.ts describes it.
/** -1: no tag */
export let vlan: i32 = -1;
/** addresses as two pairs of words, the first of a pair in the lower half: IPv4 is ::ffff:a.b.c.d */
export let src01: u64 = 0;
export let src23: u64 = 0;
export let dst01: u64 = 0;
export let dst23: u64 = 0;
/** their last words */
export let src3: i32 = 0;
export let dst3: i32 = 0;
/** tells 4-tuples apart, alike for both directions: what shares and classes go by */
let spread: i32 = 0;
/** source port << 16 | destination port */
export let ports: i32 = 0;
export let seq: i32 = 0;
export let ack: i32 = 0;
export let flags: i32 = 0;
export let window: i32 = 0;
export let length: i32 = 0;
export let ttl: i32 = 0;
export let ipId: i32 = 0;
export let hasTimestamps: bool = false;
export let tsVal: i32 = 0;
export let tsEcr: i32 = 0;
export let windowScale: i32 = -1;
export let optionsLength: i32 = 0;
/** of a SYN: src/decode/syn-options.ts */
export let fingerprint: i32 = 0;
/** where the options begin and end */
let options: usize = 0;
let optionsEnd: usize = 0;

function be32(at: usize): i32 {
  return bswap<i32>(load<i32>(at));
}

function be16(at: usize): i32 {
  return <i32>bswap<u16>(load<u16>(at));
}

/** Sixteen bytes as four words. */
function be32x4(at: usize): v128 {
  const bytes = v128.load(at);
  return v128.shuffle<u8>(bytes, bytes, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** Which share a 4-tuple falls to: src/decode/shares.ts. */
export function shareOf(shares: i32): i32 {
  return (spread * shares) >>> 16;
}

function takeSpread(): void {
  const addresses = (src3 + dst3) * <i32>0x85ebca6b;
  const ends = addresses ^ (((ports >>> 16) + (ports & 0xffff)) * <i32>0xc2b2ae35);
  spread = ((ends ^ (ends >>> 15)) * <i32>0x9e3779b1) >>> 16;
}

/**
 * Decodes the headers but for the TCP options.
 * @param share which of the flows is wanted, of how many `shares`
 * @returns TAKEN, ANOTHER_SHARE where the flow isn't wanted, NOT_TAKEN where the frame is of another kind
 */
export function decode(start: usize, end: usize, linkType: i32, share: i32, shares: i32): i32 {
  let header: i32;
  let typeAt: usize;
  if (linkType === ETHERNET) {
    header = ETHERNET_HEADER;
    typeAt = start + 12;
  } else if (linkType === LINUX_SLL) {
    header = SLL_HEADER;
    typeAt = start + 14;
  } else if (linkType === LINUX_SLL2) {
    header = SLL2_HEADER;
    typeAt = start;
  } else return NOT_TAKEN;
  // Enough for a tag too; whether the headers behind it are whole is looked at below.
  if (<i32>(end - start) < header + IPV4_HEADER) return NOT_TAKEN;
  let ip = start + header;
  let type = be16(typeAt);
  vlan = -1;
  if (type === VLAN && linkType === ETHERNET) {
    vlan = be16(ip) & 0xfff;
    type = be16(ip + 2);
    ip += VLAN_TAG;
  }

  let at: usize;
  let tcpLength: i32;
  if (type === IPV4) {
    at = ip + IPV4_HEADER;
    if (at + TCP_HEADER > end) return NOT_TAKEN;
    // Version 4 and five words of header, TCP, and neither more fragments nor an offset.
    if (load<u8>(ip) !== 0x45 || load<u8>(ip + 9) !== TCP || (load<u16>(ip + 6) & FRAGMENT) !== 0) return NOT_TAKEN;
    const words = be32x4(ip + 4);
    src3 = i32x4.extract_lane(words, 2);
    dst3 = i32x4.extract_lane(words, 3);
    tcpLength = be16(ip + 2) - IPV4_HEADER; // negative for total length 0 (TSO)
    ttl = load<u8>(ip + 8);
    ipId = i32x4.extract_lane(words, 0) >>> 16;
    src01 = 0;
    src23 = ((<u64>(<u32>src3)) << 32) | 0xffff;
    dst01 = 0;
    dst23 = ((<u64>(<u32>dst3)) << 32) | 0xffff;
  } else if (type === IPV6) {
    at = ip + IPV6_HEADER;
    if (at + TCP_HEADER > end) return NOT_TAKEN;
    if (load<u8>(ip) >> 4 !== 6 || load<u8>(ip + 6) !== TCP) return NOT_TAKEN;
    const source = be32x4(ip + 8);
    const destination = be32x4(ip + 24);
    src01 = i64x2.extract_lane(source, 0);
    src23 = i64x2.extract_lane(source, 1);
    dst01 = i64x2.extract_lane(destination, 0);
    dst23 = i64x2.extract_lane(destination, 1);
    src3 = i32x4.extract_lane(source, 3);
    dst3 = i32x4.extract_lane(destination, 3);
    tcpLength = be16(ip + 4); // 0 in jumbograms and TSO
    ttl = load<u8>(ip + 7);
    ipId = 0;
  } else return NOT_TAKEN;

  // Too long a header is damage, or the length isn't in the IP header.
  const headerLength = (<i32>load<u8>(at + 12) >> 4) << 2;
  if (headerLength < TCP_HEADER || headerLength > tcpLength) return NOT_TAKEN;
  const fields = be32x4(at);
  ports = i32x4.extract_lane(fields, 0);
  takeSpread();
  if (shares > 1 && shareOf(shares) !== share) return ANOTHER_SHARE;
  const last = i32x4.extract_lane(fields, 3);
  seq = i32x4.extract_lane(fields, 1);
  flags = (last >>> 16) & 0x3f;
  ack = (flags & ACK) !== 0 ? i32x4.extract_lane(fields, 2) : 0;
  window = last & 0xffff;
  length = tcpLength - headerLength;
  optionsLength = headerLength - TCP_HEADER;
  options = at + TCP_HEADER;
  optionsEnd = min(at + headerLength, end);
  if ((flags & SYN) !== 0) takeFingerprint(at + headerLength <= end);
  return TAKEN;
}

/** Decodes the TCP options. @returns false where there is one that is left to src/decode/ */
export function decodeOptions(): bool {
  let at = options;
  const end = optionsEnd;
  hasTimestamps = false;
  tsVal = 0;
  tsEcr = 0;
  windowScale = -1;
  if (end - at === 12 && be32(at) === PADDED_TIMESTAMPS) {
    hasTimestamps = true;
    tsVal = be32(at + 4);
    tsEcr = be32(at + 8);
    return true;
  }
  while (at < end) {
    const kind = <i32>load<u8>(at);
    if (kind === NO_OPERATION) {
      at++;
      continue;
    }
    if (kind === END_OF_OPTIONS || at + 1 >= end) return true;
    const size = <i32>load<u8>(at + 1);
    if (size < 2 || at + size > end) return true;
    if (kind === TIMESTAMPS && size === 10) {
      hasTimestamps = true;
      tsVal = be32(at + 2);
      tsEcr = be32(at + 6);
    } else if (kind === WINDOW_SCALE && size === 3) {
      windowScale = min(<i32>load<u8>(at + 2), MOST_SCALE); // RFC 7323 section 2.3
    } else if (kind === SACK) return false;
    at += size;
  }
  return true;
}

/** @param isWhole whether no option was cut off */
function takeFingerprint(isWhole: bool): void {
  const order = isWhole ? optionOrder() : 0;
  // Clients and servers each send one kind over and over.
  const isAnswer = (flags & ACK) !== 0;
  if (isAnswer ? order === answerOrder && window === answerWindow : order === synOrder && window === synWindow) {
    fingerprint = isAnswer ? answerPrint : synPrint;
    return;
  }
  fingerprint = placeIn(C.SYN_ORDERS, order) | (placeIn(C.SYN_WINDOWS, window) << FINGERPRINT_WINDOW_SHIFT);
  if (isAnswer) {
    answerOrder = order;
    answerWindow = window;
    answerPrint = fingerprint;
  } else {
    synOrder = order;
    synWindow = window;
    synPrint = fingerprint;
  }
}

// The last SYN's and SYN-ACK's; no window is negative.
let synOrder: i32 = 0;
let synWindow: i32 = -1;
let synPrint: i32 = 0;
let answerOrder: i32 = 0;
let answerWindow: i32 = -1;
let answerPrint: i32 = 0;

/** 1, 2, ... as a value stands in a list that a 0 ends; 0 where it doesn't. */
function placeIn(list: i32, value: i32): i32 {
  let i = 0;
  while (word(list + i) !== value && word(list + i) !== 0) i++;
  return value === 0 || word(list + i) === 0 ? 0 : i + 1;
}

function optionOrder(): i32 {
  let order: i32 = 0;
  let at = options;
  const end = optionsEnd;
  while (at < end) {
    const kind = <i32>load<u8>(at);
    const code = kind > MOST_KIND ? KIND_OTHER : (KIND_CODES >> (kind * KIND_BITS)) & KIND_OTHER;
    if (order >= LONGEST_ORDER) return 0;
    order = (order << KIND_BITS) | code;
    if (kind === END_OF_OPTIONS || code === KIND_OTHER) return order;
    if (kind === NO_OPERATION) {
      at++;
      continue;
    }
    if (at + 1 >= end) return 0;
    const size = <i32>load<u8>(at + 1);
    if (size < 2 || at + size > end) return 0;
    at += size;
  }
  return order;
}
