import { ACK, FIN, RST, type Segment, SYN } from '../decode/segment.ts';
import { H_ACK, H_DATA, H_FIN, H_SYN, H_SYN_ACK, noteLetter } from './history.ts';
import * as L from './layout.ts';
import { isLimited } from './oddities.ts';
import * as T from './trail.ts';
import { optionBits, type TrailWriter } from './trail-writer.ts';

/** The record at hand, and where its trail goes: what FlowUpdate has. */
export interface RecordAtHand {
  readonly writer: TrailWriter;
  readonly ints: Int32Array;
  readonly floats: Float64Array;
  readonly at: number;
  /** time of the segment at hand, ns */
  readonly times: Float64Array;
}

/**
 * The steps of an ordinary opening and close, by a short path: they leave the record and the trail as
 * FlowUpdate.general does, which is what they are held against (test/flow/update.test.ts).
 * @returns false where the segment is none of them, and nothing was done
 */
export function takeStep(hand: RecordAtHand, segment: Segment, side: number): boolean {
  return (segment.flags & SYN) !== 0 ? open(hand, segment, side) : goOn(hand, segment, side);
}

/** What of the sides' flags decides which step a segment is. */
const OPENING = ~L.TIMING;
const OPENED = L.OCCUPIES | L.SYN_SENT_FLAG | L.SYN_ACKED | L.FIN_SENT_FLAG | L.RST_SENT | L.ACK_SENT;

/** A SYN that nothing came before, or the SYN-ACK that acknowledges exactly it; both without payload. */
function open(hand: RecordAtHand, segment: Segment, side: number): boolean {
  const { ints, floats, at } = hand;
  const { flags, seq, ack, windowScale } = segment;
  const s = at + L.SIDE + side * L.SIDE_WORDS;
  const p = at + L.SIDE + (1 - side) * L.SIDE_WORDS;
  const before = ints[s + L.SIDE_FLAGS]!;
  const peer = ints[p + L.SIDE_FLAGS]!;
  if (
    (before & OPENING) !== 0 ||
    segment.length !== 0 ||
    (flags & (FIN | RST)) !== 0 ||
    (ints[at + L.FLAGS]! & L.FLOW_BY_HANDSHAKE) === 0
  ) {
    return false;
  }
  const time = hand.times[0]!;
  let now = before | (L.SENT | L.OCCUPIES | L.SYN_SENT_FLAG);
  let peerNow = peer & ~L.PROBES_MASK;
  if ((flags & ACK) === 0) {
    if (peer !== 0) return false;
    noteLetter(ints, at, H_SYN, side);
  } else {
    const answers = ack === ints[p + L.FIRST_SEQ] && ack === ints[p + L.SND_MAX];
    if ((peer & OPENED) !== (L.OCCUPIES | L.SYN_SENT_FLAG) || !answers) return false;
    noteLetter(ints, at, H_SYN_ACK, side);
    now |= L.ACK_SENT;
    peerNow |= L.SYN_ACKED;
    ints[s + L.LAST_ACK_SENT] = ack;
    if ((before & L.TIMING) !== 0 && ((ack - ints[s + L.TIMED_END]!) | 0) >= 0) {
      const rtt = time - floats[(at + L.TIMED_AT + 2 * side) >> 1]!;
      if (rtt >= 0 && rtt < floats[(at + L.MIN_RTT + 2 * side) >> 1]!) floats[(at + L.MIN_RTT + 2 * side) >> 1] = rtt;
      now &= ~L.TIMING;
    }
  }
  const end = (seq + 1) | 0;
  if (windowScale >= 0) now |= windowScale << L.SCALE_SHIFT;
  ints[s + L.SIDE_FLAGS] = now | (segment.ttl << L.TTL_SHIFT);
  ints[s + L.SND_MAX] = end;
  ints[s + L.FIRST_SEQ] = end;
  ints[s + L.PACKETS] = (ints[s + L.PACKETS]! + 1) | 0;
  ints[s + L.WINDOW] = segment.window; // never scaled in a SYN (RFC 7323 section 2.2)
  if ((peer & L.TIMING) === 0) {
    peerNow |= L.TIMING;
    ints[p + L.TIMED_END] = end;
    floats[(at + L.TIMED_AT + 2 - 2 * side) >> 1] = time;
  }
  ints[p + L.SIDE_FLAGS] = peerNow;
  floats[(at + L.SIDE_LAST_TIME + 2 * side) >> 1] = time;
  const meta = flags | (side << T.E_SIDE_SHIFT) | T.E_CONTIGUOUS | optionBits(segment);
  hand.writer.leave(ints, at, segment, meta, hand.times);
  return true;
}

/** Of the sender, and of its peer: what speaks against an ordinary step. */
const UNUSUAL = L.RST_SENT | L.ZERO_WINDOW | L.LIMITED;

/**
 * In sequence, with or without payload and FIN: the ACK that completes the handshake, a side's first FIN, what
 * acknowledges the peer's, and what comes between the FINs or after them. Once a side has closed, only its pure ACKs.
 */
function goOn(hand: RecordAtHand, segment: Segment, side: number): boolean {
  const { ints, floats, at } = hand;
  const { flags, seq, ack, length } = segment;
  const s = at + L.SIDE + side * L.SIDE_WORDS;
  const p = at + L.SIDE + (1 - side) * L.SIDE_WORDS;
  const before = ints[s + L.SIDE_FLAGS]!;
  const peer = ints[p + L.SIDE_FLAGS]!;
  const flow = ints[at + L.FLAGS]!;
  const ahead = length + (flags & FIN);
  // In one: these hold for nearly all that comes here, and each would be a branch.
  const odd =
    ((flags & (RST | ACK)) ^ ACK) |
    ((before & (L.OCCUPIES | UNUSUAL)) ^ L.OCCUPIES) |
    ((peer & (L.OCCUPIES | L.RST_SENT)) ^ L.OCCUPIES) |
    (flow & (L.FLOW_HOLES | L.FLOW_SELF_CONNECT)) |
    (seq ^ ints[s + L.SND_MAX]!);
  if (odd !== 0 || ((ack - ints[p + L.SND_MAX]!) | 0) > 0 || segment.window === 0) return false;
  if (ahead !== 0 && (before & L.FIN_SENT_FLAG) !== 0) return false;
  // Payload of a connection that carries more than 2 GB one way, or whose ends never opened it.
  if (length !== 0 && ((ints[s + L.FIRST_SEQ]! - seq) | 0) > 0) return false;
  const time = hand.times[0]!;
  let now = before | (L.SENT | L.ACK_SENT);
  let peerNow = peer & ~L.PROBES_MASK;
  let logged = (flags & FIN) | (~before & L.ACK_SENT);
  ints[s + L.PACKETS] = (ints[s + L.PACKETS]! + 1) | 0;
  if ((before & L.ACK_SENT) === 0 || ((ack - ints[s + L.LAST_ACK_SENT]!) | 0) > 0) ints[s + L.LAST_ACK_SENT] = ack;
  if ((before & L.TIMING) !== 0 && ((ack - ints[s + L.TIMED_END]!) | 0) >= 0) {
    const rtt = time - floats[(at + L.TIMED_AT + 2 * side) >> 1]!;
    if (rtt >= 0 && rtt < floats[(at + L.MIN_RTT + 2 * side) >> 1]!) floats[(at + L.MIN_RTT + 2 * side) >> 1] = rtt;
    now &= ~L.TIMING;
  }
  if ((peer & (L.SYN_SENT_FLAG | L.SYN_ACKED)) === L.SYN_SENT_FLAG && ((ack - ints[p + L.FIRST_SEQ]!) | 0) >= 0) {
    peerNow |= L.SYN_ACKED;
    logged = 1;
  }
  if ((peer & L.FIN_SENT_FLAG) !== 0) {
    logged |= before & L.FIN_SENT_FLAG; // both have closed: whatever comes still matters
    if ((peer & L.FIN_ACKED) === 0 && ((ack - ints[p + L.FIN_END]!) | 0) >= 0) {
      peerNow |= L.FIN_ACKED;
      logged = 1;
    }
  }
  if (ahead === 0) {
    now |= L.PURE_ACK_SENT;
    noteLetter(ints, at, H_ACK, side);
  } else {
    const end = (seq + ahead) | 0;
    ints[s + L.SND_MAX] = end;
    if ((peer & L.TIMING) === 0) {
      peerNow |= L.TIMING;
      ints[p + L.TIMED_END] = end;
      floats[(at + L.TIMED_AT + 2 - 2 * side) >> 1] = time;
    }
    if (length !== 0) {
      noteLetter(ints, at, H_DATA, side);
      floats[(at + L.BYTES + 2 * side) >> 1]! += length;
      now |= L.DATA_SENT | L.DATA_LAST;
      peerNow &= ~L.DATA_LAST;
      if ((peer & L.FIN_SENT_FLAG) !== 0) {
        floats[(at + L.HALF_CLOSE_BYTES + 2 - 2 * side) >> 1]! += length;
        if (((ack - ints[p + L.FIN_END]!) | 0) >= 0) now |= L.DATA_AFTER_FIN_ACKED;
      }
      const answered = (peer & L.ACK_SENT) !== 0;
      if (answered && isLimited((end - ints[p + L.LAST_ACK_SENT]!) | 0, ints[p + L.WINDOW]!)) now |= L.LIMITED;
    }
    if ((flags & FIN) !== 0) {
      noteLetter(ints, at, H_FIN, side);
      ints[s + L.FIN_END] = end;
      ints[at + L.FLAGS] = flow | L.FLOW_ENDING;
      now |= L.FIN_SENT_FLAG;
      // Out of order: its acknowledgement was seen before it.
      if ((peer & L.ACK_SENT) !== 0 && ((ints[p + L.LAST_ACK_SENT]! - end) | 0) >= 0) now |= L.FIN_ACKED;
    }
  }
  ints[s + L.WINDOW] = segment.window << (now >>> L.SCALE_SHIFT);
  ints[s + L.SIDE_FLAGS] = (now & ~L.TTL_MASK) | (segment.ttl << L.TTL_SHIFT);
  ints[p + L.SIDE_FLAGS] = peerNow;
  floats[(at + L.SIDE_LAST_TIME + 2 * side) >> 1] = time;
  if (logged === 0) return true;
  let meta = flags | (side << T.E_SIDE_SHIFT) | T.E_CONTIGUOUS | optionBits(segment);
  if (length !== 0) meta |= T.storedLength(length) << T.E_LENGTH_SHIFT;
  if ((flags & FIN) !== 0 && (now & L.LIMITED) !== 0) meta |= T.E_BEHIND_DATA;
  hand.writer.leave(ints, at, segment, meta, hand.times);
  return true;
}
