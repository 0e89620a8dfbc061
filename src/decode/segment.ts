export { ACK, FIN, PSH, RST, SYN, URG } from './flags.ts';

const MAX_LAYERS = 24;

/** What an IP header says of a fragment, and whether the segment's header was in it. Valid where the outcome is FRAGMENT. */
export class Fragment {
  /** names the datagram: addresses, identification, protocol (RFC 791 section 3.2, RFC 8200 section 4.5), layers outside */
  datagram = '';
  /** where its payload begins in the datagram's, bytes */
  offset = 0;
  /** its payload, bytes by the IP header */
  length = 0;
  isLast = false;
  /** whether it counts only if the datagram's first fragment held TCP: in UDP, which seldom does */
  isOfUdp = false;
  /** whether the TCP header was decoded from it, into the segment */
  hasHeader = false;
  /** whether the segment is as long as the datagram says; false in a tunnel, where an inner IP header says it */
  extendsSegment = false;
}

/** What is still to be decoded of an aggregate of 802.11 frames: data[at..end). */
export interface Rest {
  readonly data: Uint8Array;
  readonly at: number;
  readonly end: number;
  readonly wireEnd: number;
  readonly depth: number;
  /** layers outside */
  readonly layers: number;
  /** of the aggregate in which this one is */
  readonly outer: Rest | null;
}

/**
 * A decoded TCP segment in one reused object: numbers only, so that decoding allocates nothing.
 * Valid until the next packet is decoded. Sequence numbers are int32 (see units.ts).
 */
export class Segment {
  /** when it was captured: seconds since 1970, and 0..999,999,999 ns */
  seconds = 0;
  nanoseconds = 0;
  /** 1-based frame number */
  frame = 0;
  /** where it was captured, as CaptureRecord has it */
  origin = 0;
  /** 4 or 6 */
  ipVersion = 4;
  /** source address as four big-endian words; IPv4 is kept as ::ffff:a.b.c.d */
  src0 = 0;
  src1 = 0;
  src2 = 0;
  src3 = 0;
  dst0 = 0;
  dst1 = 0;
  dst2 = 0;
  dst3 = 0;
  srcPort = 0;
  dstPort = 0;
  seq = 0;
  /** meaningful only with the ACK flag */
  ack = 0;
  flags = 0;
  /** as in the header, unscaled */
  window = 0;
  /** payload bytes by the IP header's length, so neither snaplen nor padding changes it */
  length = 0;
  /** IPv4 TTL or IPv6 hop limit */
  ttl = 0;
  /** IPv4 identification; 0 in IPv6 */
  ipId = 0;
  /** whether the timestamp option is present (RFC 7323) */
  hasTimestamps = false;
  tsVal = 0;
  tsEcr = 0;
  /** window scale option's shift, -1 without (only on SYN) */
  windowScale = -1;
  /** whether the first SACK block is a D-SACK, the answer to a duplicate (RFC 2883) */
  isDsack = false;
  /** of a SYN, what tells of its sender's system (syn-options.ts); else not meaningful */
  fingerprint = 0;
  /** bytes of TCP options */
  optionsLength = 0;
  /** where the TCP header begins in the record's `data`; -1: not in this record as it is sent, but in fragments or compressed */
  headerAt = -1;
  readonly fragment = new Fragment();
  /** of which VLAN and tunnel it is, where these are told apart (split.ts); else 0 */
  group = 0;
  /** the packets behind it in the same frame, in order; null where it has no more */
  rest: Rest | null = null;
  /** layers met on the way in, outermost first; most often none */
  layers = 0;
  readonly layerKinds = new Uint8Array(MAX_LAYERS);
  /** the number of `LAYER_NAMES`, up to 2^32 - 1; -1 where the layer has none */
  readonly layerIds = new Float64Array(MAX_LAYERS);

  /** Notes a tag, label or tunnel header. More than MAX_LAYERS are passed but not kept. */
  enterLayer(kind: number, id: number): void {
    if (this.layers === MAX_LAYERS) return;
    this.layerKinds[this.layers] = kind;
    this.layerIds[this.layers++] = id;
  }

  /** Takes over another segment, all but what depends on the frame: headerAt, fragment, group and rest. */
  copyFrom(other: Segment): void {
    this.ipVersion = other.ipVersion;
    this.src0 = other.src0;
    this.src1 = other.src1;
    this.src2 = other.src2;
    this.src3 = other.src3;
    this.dst0 = other.dst0;
    this.dst1 = other.dst1;
    this.dst2 = other.dst2;
    this.dst3 = other.dst3;
    this.srcPort = other.srcPort;
    this.dstPort = other.dstPort;
    this.seq = other.seq;
    this.ack = other.ack;
    this.flags = other.flags;
    this.window = other.window;
    this.length = other.length;
    this.ttl = other.ttl;
    this.ipId = other.ipId;
    this.hasTimestamps = other.hasTimestamps;
    this.tsVal = other.tsVal;
    this.tsEcr = other.tsEcr;
    this.windowScale = other.windowScale;
    this.isDsack = other.isDsack;
    this.fingerprint = other.fingerprint;
    this.optionsLength = other.optionsLength;
    this.layers = other.layers;
    this.layerKinds.set(other.layerKinds);
    this.layerIds.set(other.layerIds);
  }
}

/** Kinds of encapsulation layers; index = `Segment.layerKinds`. */
export const LAYER_NAMES = [
  'vlan', // VLAN id, 0..4095
  'mpls', // label, 20 bits
  'gre', // key, if it has one
  'ipip', // none
  'pppoe', // session id, 16 bits
  'pbb', // service instance (I-SID), 24 bits
  'vntag', // virtual interface, 14 bits
  'etag', // E-CID, 22 bits
  'erspan', // session id, 10 bits; none in type I
  'pptp', // call id of the receiver, 16 bits
  'vxlan', // VNI, 24 bits
  'geneve', // VNI, 24 bits
  'gtp', // TEID of the receiver
  'capwap', // none
  'tzsp', // none
] as const;
export const VLAN_LAYER = 0;
export const MPLS_LAYER = 1;
export const GRE_LAYER = 2;
export const IPIP_LAYER = 3;
export const PPPOE_LAYER = 4;
export const PBB_LAYER = 5;
export const VNTAG_LAYER = 6;
export const ETAG_LAYER = 7;
export const ERSPAN_LAYER = 8;
export const PPTP_LAYER = 9;
export const VXLAN_LAYER = 10;
export const GENEVE_LAYER = 11;
export const GTP_LAYER = 12;
export const CAPWAP_LAYER = 13;
export const TZSP_LAYER = 14;
