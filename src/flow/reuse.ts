import { ACK, FIN, RST, type Segment, SYN } from '../decode/segment.ts';
import { seqDiff } from '../units.ts';
import * as L from './layout.ts';
import type { FlowView } from './view.ts';

/**
 * Whether a SYN opens a new connection on this 4-tuple: one with the ISN of the flow at hand is a retransmission, and
 * with an RST it opens nothing, as that is looked at first (RFC 9293 section 3.10.7).
 */
export function isNewConnection(ints: Int32Array, at: number, segment: Segment, side: number): boolean {
  if ((segment.flags & RST) !== 0) return false;
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

/** Whether a pure ACK from the second side, in answer to a new SYN, is the old connection's, by the old one's numbers. */
export function isOfOld(ints: Int32Array, at: number, segment: Segment, old: FlowView): boolean {
  if ((segment.flags & (SYN | FIN | RST)) !== 0 || segment.length > 0) return false;
  if ((ints[at + L.SIDE + L.SIDE_WORDS + L.SIDE_FLAGS]! & L.OCCUPIES) !== 0) return false;
  const isFirst = old.word(L.PORTS) >>> 16 === segment.srcPort && old.word(L.ADDRESS_0 + 3) === segment.src3;
  const side = isFirst ? 0 : 1;
  return segment.ack === old.of(side, L.LAST_ACK_SENT) && segment.seq === old.of(side, L.SND_MAX);
}

/** Whether the handshake is complete, so that a SYN into the old TIME_WAIT was accepted. */
export function isAnswered(ints: Int32Array, at: number): boolean {
  const first = ints[at + L.SIDE + L.SIDE_FLAGS]!;
  const second = ints[at + L.SIDE + L.SIDE_WORDS + L.SIDE_FLAGS]!;
  return (first & second & L.SYN_ACKED) !== 0;
}
