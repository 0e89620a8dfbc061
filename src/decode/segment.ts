/** TCP flag bits as in the header (RFC 9293 section 3.1). */
export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;

const MAX_LAYERS = 24;

/**
 * A decoded TCP segment in one reused object: numbers only, so that decoding allocates nothing.
 * Valid until the next packet is decoded. Sequence numbers are int32 (see units.ts).
 */
export class Segment {
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
  /** whether the first SACK block lies below the ACK: a D-SACK, the answer to a duplicate (RFC 2883) */
  isDsack = false;
  /** bytes of TCP options */
  optionsLength = 0;
  /** layers met on the way in, outermost first; most often none */
  layers = 0;
  readonly layerKinds = new Uint8Array(MAX_LAYERS);
  /** VLAN id 0..4095, MPLS label, GRE key; -1 where the layer has none */
  readonly layerIds = new Float64Array(MAX_LAYERS);

  /** Notes a tag, label or tunnel header. More than MAX_LAYERS are passed but not kept. */
  enterLayer(kind: number, id: number): void {
    if (this.layers === MAX_LAYERS) return;
    this.layerKinds[this.layers] = kind;
    this.layerIds[this.layers++] = id;
  }
}

/** Kinds of encapsulation layers; index = `Segment.layerKinds`. */
export const LAYER_NAMES = ['vlan', 'mpls', 'gre', 'ipip'] as const;
export const VLAN_LAYER = 0;
export const MPLS_LAYER = 1;
export const GRE_LAYER = 2;
export const IPIP_LAYER = 3;
