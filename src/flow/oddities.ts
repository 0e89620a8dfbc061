import { ACK, FIN, RST, type Segment, SYN } from '../decode/segment.ts';
import { seqAfter, seqAtOrAfter, seqDiff } from '../units.ts';
import * as L from './layout.ts';
import { H_RETRANSMITTED } from './letters.ts';
import { ACK_CLOCKED, INITIAL_WINDOW, MOST_MISSING, MSS, TELLING_TRIP } from './limits.ts';
import * as T from './trail.ts';

/** Whether a sender with so much in flight cannot send another full segment: what it sends next waits. */
export function isLimited(inFlight: number, window: number): boolean {
  return inFlight > INITIAL_WINDOW || inFlight + MSS > window;
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

/**
 * Whether a side that had been held up could have sent before: all was acknowledged when it sent this, and not just
 * then. What goes out at the acknowledgement had been waiting for it.
 * @param times its time, and since the flow's packet before, ns
 */
export function hadTime(
  ints: Int32Array,
  floats: Float64Array,
  at: number,
  segment: Segment,
  side: number,
  times: Float64Array,
): boolean {
  const acked = ints[at + L.SIDE + (1 - side) * L.SIDE_WORDS + L.LAST_ACK_SENT]!;
  const rtt = floats[(at + L.MIN_RTT + 2 * side) >> 1]!;
  return seqAtOrAfter(acked, segment.seq) && times[1]! > (rtt === Number.POSITIVE_INFINITY ? 0 : rtt) + ACK_CLOCKED;
}

/**
 * Whether a FIN had been waiting for an acknowledgement: after a loss the congestion window is a segment or two, what came
 * last at its sender was a pure ACK of what it had sent last, and then the FIN went out at once (tcp_write_xmit in
 * net/ipv4/tcp_output.c). A process that closes because of what it receives follows data or a FIN.
 * @param before flags of its sender @param ownAck what that had acknowledged before @param times its time first, ns
 */
export function awaitedAck(
  ints: Int32Array,
  floats: Float64Array,
  at: number,
  side: number,
  before: number,
  ownAck: number,
  times: Float64Array,
): boolean {
  const lost = (ints[at + L.FLAGS]! & L.FLOW_HOLES) !== 0 || (ints[at + L.COUNTS]! & L.SYN_AGAIN) !== 0;
  if (!lost && (ints[at + L.HISTORY_SEEN]! & (1 << (2 * H_RETRANSMITTED + side))) === 0) return false;
  if ((before & L.DATA_LAST) === 0) return false;
  const p = at + L.SIDE + (1 - side) * L.SIDE_WORDS;
  if ((ints[p + L.SIDE_FLAGS]! & L.FIN_SENT_FLAG) !== 0 && seqAfter(ints[p + L.FIN_END]!, ownAck)) return false;
  const acked = floats[(at + L.SIDE_LAST_TIME + 2 - 2 * side) >> 1]!;
  if (acked < floats[(at + L.SIDE_LAST_TIME + 2 * side) >> 1]!) return false;
  const rtt = floats[(at + L.MIN_RTT + 2 * side) >> 1]!;
  const late = times[0]! - acked - (rtt === Number.POSITIVE_INFINITY ? 0 : rtt);
  return (
    late < ACK_CLOCKED && late > -ACK_CLOCKED && rtt + floats[(at + L.MIN_RTT + 2 - 2 * side) >> 1]! > TELLING_TRIP
  );
}

/**
 * Takes the IP identification of a side's segment. One that is no RST says how many packets its sender has sent, if it
 * counts them a connection, as Linux does. Offloaded segments are several packets.
 * @returns E_ID_GAP where packets before it are missing, else 0
 */
export function takeIpId(ints: Int32Array, at: number, segment: Segment, side: number): number {
  const { ipId } = segment;
  if (ipId === 0) return 0; // without a socket, or IPv6
  const ids = ints[at + L.IP_IDS]!;
  const shift = 16 * side;
  const last = (ids >>> shift) & 0xffff;
  ints[at + L.IP_IDS] = (ids & ~(0xffff << shift)) | ((segment.length > MSS ? 0 : ipId) << shift);
  if (last === 0) return 0;
  // Behind 0xffff comes 0, which tells nothing and is passed over.
  const step = (ipId - last - (ipId < last ? 1 : 0)) & 0xffff;
  const flags = ints[at + L.FLAGS]!;
  if (step === 1) {
    ints[at + L.FLAGS] = flags | (L.FLOW_IDS_COUNT << side);
    return 0;
  }
  const back = step >= 0x10000 - MOST_MISSING ? L.FLOW_IDS_BACK : 0;
  ints[at + L.FLAGS] = flags | ((L.FLOW_IDS_JUMP | back) << side);
  return countsPackets(flags, side) && step > 1 && step <= MOST_MISSING ? T.E_ID_GAP : 0;
}

/** Whether each IP identification of a side was the one before plus one so far. @param flags of the flow */
export function countsPackets(flags: number, side: number): boolean {
  return ((flags >>> side) & (L.FLOW_IDS_COUNT | L.FLOW_IDS_JUMP)) === L.FLOW_IDS_COUNT;
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

/** C_BITS of an RST, by the flags of its sender and of the other side before it. */
export function contextBits(before: number, peer: number): number {
  let bits = 0;
  if ((peer & L.ACK_SENT) !== 0) bits |= T.C_PEER_ACKED;
  if ((before & L.OCCUPIES) !== 0) bits |= T.C_SENT;
  if ((before & L.ACK_SENT) !== 0) bits |= T.C_OWN_ACKED;
  if ((peer & L.DATA_LAST) !== 0) bits |= T.C_PEER_DATA_LAST;
  if ((peer & L.ZERO_WINDOW) !== 0) bits |= T.C_PEER_ZERO_WINDOW;
  return bits;
}

/** C_PEER_PENDING if the peer of an RST's sender has sent payload beyond what that had acknowledged. @param peerMax the peer's SND_MAX */
export function pendingBit(peer: number, peerMax: number, before: number, ownAck: number): number {
  if ((peer & L.OCCUPIES) === 0 || (before & L.ACK_SENT) === 0) return 0;
  const fin = (peer & L.FIN_SENT_FLAG) === 0 ? 0 : 1;
  return seqAfter((peerMax - fin) | 0, ownAck) ? T.C_PEER_PENDING : 0;
}

/**
 * Times the answer of `side` to the segment that begins at `from`, unless one is being timed, or was within the sender's
 * own round trip: what it sent since then it sent before it can have had an acknowledgement (isFlightFull).
 * @param times its time first, ns: a float passed by itself is allocated
 */
export function startTiming(
  ints: Int32Array,
  floats: Float64Array,
  at: number,
  side: number,
  from: number,
  times: Float64Array,
): void {
  const s = at + L.SIDE + side * L.SIDE_WORDS;
  const flags = ints[s + L.SIDE_FLAGS]!;
  if ((flags & L.TIMING) !== 0 || isInFlight(floats, at, side, times)) return;
  ints[s + L.SIDE_FLAGS] = flags | L.TIMING;
  ints[s + L.TIMED_FROM] = from;
  floats[(at + L.TIMED_AT + 2 * side) >> 1] = times[0]!;
}

/** Whether the other side, for all the capture shows, cannot have had the answer of `side` to the segment last timed. */
function isInFlight(floats: Float64Array, at: number, side: number, times: Float64Array): boolean {
  const rtt = floats[(at + L.MIN_RTT + 2 - 2 * side) >> 1]!;
  return rtt !== Number.POSITIVE_INFINITY && times[0]! - floats[(at + L.TIMED_AT + 2 * side) >> 1]! < rtt;
}

/**
 * Whether a far sender had as much in flight as it may have at first, though the capture shows acknowledgements: they
 * had not reached it yet. @param end of what it sends
 */
export function isFlightFull(
  ints: Int32Array,
  floats: Float64Array,
  at: number,
  side: number,
  end: number,
  times: Float64Array,
): boolean {
  const from = ints[at + L.SIDE + (1 - side) * L.SIDE_WORDS + L.TIMED_FROM]!;
  return seqDiff(end, from) > INITIAL_WINDOW && isInFlight(floats, at, 1 - side, times);
}

/** Counts payload that a side received after its own FIN: 48 bits, in words of 32 and 16. */
export function addHalfCloseBytes(ints: Int32Array, at: number, side: number, bytes: number): void {
  const sum = (ints[at + L.HALF_CLOSE_BYTES + side]! + bytes) | 0;
  ints[at + L.HALF_CLOSE_BYTES + side] = sum;
  if (sum >>> 0 < bytes) ints[at + L.HALF_CLOSE_HIGH]! += 1 << (16 * side);
}
