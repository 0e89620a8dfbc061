import { i32, u16 } from './bytes.ts';
import { decodeEtherType } from './ethernet.ts';
import { CUT, NOT_TCP } from './outcome.ts';
import { GRE_LAYER, type Segment } from './segment.ts';

/** GRE (RFC 2784, RFC 2890); version 0 only: version 1 is PPTP. */
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
  if ((flags & 0x4007) !== 0) return NOT_TCP; // with the routing of RFC 1701 nobody sends it any more
  const protocol = u16(data, at + 2);
  let header = 4;
  if ((flags & 0x8000) !== 0) header += 4; // checksum
  let key = -1;
  if ((flags & 0x2000) !== 0) {
    if (at + header + 4 > end) return CUT;
    key = i32(data, at + header) >>> 0;
    header += 4;
  }
  if ((flags & 0x1000) !== 0) header += 4; // sequence number
  segment.enterLayer(GRE_LAYER, key);
  return decodeEtherType(protocol, data, at + header, end, wireEnd, segment, depth);
}
