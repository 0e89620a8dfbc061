/**
 * FINs from outside their receiver's window, which it drops (RFC 9293 section 3.10.7.4, first step): somebody else made
 * them. A capture that lacks segments shows true ones too, so such a FIN counts until its receiver's next segment says
 * how far its window reached.
 */
import { ACK, FIN, RST, type Segment, SYN } from '../decode/segment.ts';
import { seqAfter } from '../units.ts';
import type { Holes } from './holes.ts';
import * as L from './layout.ts';

/** Whether a side's first FIN, without payload, begins above all that its receiver had room for, as far as was seen. */
export function isFarFin(ints: Int32Array, at: number, segment: Segment, side: number): boolean {
  const flags = ints[at + L.SIDE + side * L.SIDE_WORDS + L.SIDE_FLAGS]!;
  const p = at + L.SIDE + (1 - side) * L.SIDE_WORDS;
  const peer = ints[p + L.SIDE_FLAGS]!;
  // Without both SYNs the window's scale isn't known.
  if ((flags & peer & L.SYN_SENT_FLAG) === 0 || (peer & L.ACK_SENT) === 0 || segment.length > 0) return false;
  return seqAfter(segment.seq, (ints[p + L.LAST_ACK_SENT]! + ints[p + L.WINDOW]!) | 0);
}

/**
 * Where a far FIN waits for its judgement: takes what `segment` says of it, before anything else is taken of that.
 * @param flow the record's number, by which `holes` knows its sides
 */
export function judgeFarFin(
  ints: Int32Array,
  at: number,
  segment: Segment,
  side: number,
  flow: number,
  holes: Holes,
): void {
  const bits = ints[at + L.FLAGS]!;
  const own = at + L.SIDE + side * L.SIDE_WORDS;
  const p = at + L.SIDE + (1 - side) * L.SIDE_WORDS;
  if ((bits & (L.FLOW_FAR_FIN << side)) !== 0 && (segment.flags & (FIN | RST)) === FIN) {
    const end = (segment.seq + segment.length + 1) | 0;
    const edge = (ints[p + L.LAST_ACK_SENT]! + ints[p + L.WINDOW]!) | 0;
    // One within the window, below it: an end has one FIN.
    if (seqAfter(ints[own + L.FIN_END]!, end) && !seqAfter(segment.seq, edge))
      takeBack(ints, at, side, edge, flow, holes);
  }
  if ((bits & (L.FLOW_FAR_FIN << (1 - side))) === 0 || (segment.flags & (SYN | RST | ACK)) !== ACK) return;
  ints[at + L.FLAGS] = ints[at + L.FLAGS]! & ~(L.FLOW_FAR_FIN << (1 - side));
  const scale = ints[own + L.SIDE_FLAGS]! >>> L.SCALE_SHIFT;
  const edge = (segment.ack + (segment.window << scale)) | 0;
  if (seqAfter((ints[p + L.FIN_END]! - 1) | 0, edge)) takeBack(ints, at, 1 - side, edge, flow, holes);
}

/** The far FIN of a side was none. @param edge of the window that it was beyond */
function takeBack(ints: Int32Array, at: number, side: number, edge: number, flow: number, holes: Holes): void {
  const s = at + L.SIDE + side * L.SIDE_WORDS;
  const p = at + L.SIDE + (1 - side) * L.SIDE_WORDS;
  ints[at + L.FLAGS] = (ints[at + L.FLAGS]! & ~(L.FLOW_FAR_FIN << side)) | (L.FLOW_FAR_FIN_DROPPED << side);
  ints[s + L.SIDE_FLAGS] = ints[s + L.SIDE_FLAGS]! & ~(L.FIN_SENT_FLAG | L.FIN_ACKED);
  ints[p + L.SIDE_FLAGS] = ints[p + L.SIDE_FLAGS]! & ~L.TIMING;
  // Nobody has begun the close, then, unless the other end has.
  const ends =
    (ints[p + L.SIDE_FLAGS]! & (L.FIN_SENT_FLAG | L.RST_SENT)) !== 0 || (ints[s + L.SIDE_FLAGS]! & L.RST_SENT) !== 0;
  if (!ends) ints[at + L.FLAGS] = ints[at + L.FLAGS]! & ~(L.FLOW_ENDING | L.FLOW_OUT_OF_ORDER_FIN);
  ints[at + L.COUNTS] = ints[at + L.COUNTS]! & ~(0xff << (8 + 8 * side));
  ints[s + L.SND_MAX] = holes.dropBeyond(flow * 2 + side, edge, ints[s + L.SND_MAX]!);
}
