import { ACK, type Segment } from '../decode/segment.ts';
import { seqDiff } from '../units.ts';
import * as L from './layout.ts';

/** Whether a SYN opens a new connection on this 4-tuple: one with the ISN of the flow at hand is a retransmission. */
export function isNewConnection(ints: Int32Array, at: number, segment: Segment, side: number): boolean {
  const s = at + L.SIDE + side * L.SIDE_WORDS;
  const p = at + L.SIDE + (1 - side) * L.SIDE_WORDS;
  const flags = ints[s + L.SIDE_FLAGS]!;
  const peerFlags = ints[p + L.SIDE_FLAGS]!;
  // The answer to this flow's SYN, whatever came between: a challenge ACK and its RST, say.
  const answers = (peerFlags & L.SYN_SENT_FLAG) !== 0 && segment.ack === ints[p + L.FIRST_SEQ];
  if ((segment.flags & ACK) !== 0 && answers && (flags & L.SYN_SENT_FLAG) === 0) return false;
  if ((flags & L.SYN_SENT_FLAG) !== 0) {
    if (ints[s + L.FIRST_SEQ] === ((segment.seq + 1) | 0)) return false;
    // A SYN-ACK answers: it opens something only where the SYNs are not captured, and the close is behind us.
    const oneWay = (peerFlags & L.SENT) === 0 && (ints[at + L.FLAGS]! & L.FLOW_ENDED) !== 0;
    return (segment.flags & ACK) === 0 || oneWay;
  }
  if ((flags & L.OCCUPIES) !== 0) {
    return ints[s + L.FIRST_SEQ] !== ((segment.seq + 1) | 0) && !follows(ints, segment, s);
  }
  // Nothing from this side yet: the first SYN of the other side makes it an answer or a simultaneous open.
  if ((peerFlags & L.SYN_SENT_FLAG) !== 0) return false;
  return (ints[at + L.FLAGS]! & L.FLOW_ENDED) !== 0;
}

/** A SYN that comes late, out of order: the side's first segment seen came shortly behind it in sequence. */
function follows(ints: Int32Array, segment: Segment, s: number): boolean {
  const distance = seqDiff(ints[s + L.FIRST_SEQ]!, segment.seq);
  return distance > 0 && distance < 65_536 && (ints[s + L.SIDE_FLAGS]! & L.FIN_SENT_FLAG) === 0;
}
