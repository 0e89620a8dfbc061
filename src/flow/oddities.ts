import { ACK, FIN, RST, type Segment, SYN } from '../decode/segment.ts';
import * as L from './layout.ts';

/** Bytes that a sender may have in flight before the first acknowledgement (RFC 6928), of 1,460 bytes. */
const INITIAL_WINDOW = 14_600;
const MSS = 1_460;
/** A segment that follows an acknowledgement by less (ns, and the round trip) was waiting for it. */
export const ACK_CLOCKED = 1_000_000;

/** Whether a sender with so much in flight cannot send another full segment: what it sends next waits. */
export function isLimited(inFlight: number, window: number): boolean {
  return inFlight >= INITIAL_WINDOW || inFlight + MSS > window;
}

/**
 * An ACK in answer to a SYN that does not acknowledge it: the challenge ACK of the connection that had the 4-tuple
 * before, still in TIME_WAIT (RFC 5961 section 4.2). It says nothing of this flow's sequence numbers.
 */
export function isOfOldIncarnation(segment: Segment, before: number, peer: number, firstSeq: number): boolean {
  if ((segment.flags & (SYN | RST | FIN | ACK)) !== ACK || segment.length > 0) return false;
  const unanswered = (peer & (L.SYN_SENT_FLAG | L.SYN_ACKED | L.ACK_SENT)) === L.SYN_SENT_FLAG;
  return unanswered && (before & L.OCCUPIES) === 0 && segment.ack !== firstSeq;
}

/** Whether both ends are one: a socket connected to itself. */
export function isSelfConnect(segment: Segment): boolean {
  if (segment.srcPort !== segment.dstPort || segment.src3 !== segment.dst3) return false;
  return segment.src0 === segment.dst0 && segment.src1 === segment.dst1 && segment.src2 === segment.dst2;
}

/** Counts a FIN sent again, 255 at most. */
export function countFin(ints: Int32Array, at: number, side: number): void {
  const shift = 8 + 8 * side;
  if (((ints[at + L.COUNTS]! >>> shift) & 0xff) < 0xff) ints[at + L.COUNTS]! += 1 << shift;
}
