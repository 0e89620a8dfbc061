import type { Segment } from './segment.ts';

/** Which flows are wanted: each 4-tuple falls to one of the shares, 0..shares - 1. */
export interface Share {
  share: number;
  shares: number;
}

/** All flows. */
export const ALONE: Share = { share: 0, shares: 1 };

/**
 * The share to which a 4-tuple falls; the same for both directions. It needs no more than each end's last address word
 * and port (the two ports in one word), and is known before the rest of a packet is decoded.
 */
export function shareOf(src3: number, dst3: number, ports: number, shares: number): number {
  const addresses = Math.imul((src3 + dst3) | 0, 0x85ebca6b);
  const ends = addresses ^ Math.imul((ports >>> 16) + (ports & 0xffff), 0xc2b2ae35);
  return Math.imul(Math.imul(ends ^ (ends >>> 15), 0x9e3779b1) >>> 16, shares) >>> 16;
}

/** The share of a segment that was decoded. */
export function shareOfSegment(segment: Segment, shares: number): number {
  return shareOf(segment.src3, segment.dst3, (segment.srcPort << 16) | segment.dstPort, shares);
}
