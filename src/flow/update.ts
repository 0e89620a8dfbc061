import { ACK, FIN, RST, type Segment, SYN } from '../decode/segment.ts';
import { type Place, PlainPlace } from '../kernel/place.ts';
import { NS_PER_MS, NS_PER_SECOND, seqAfter, seqAtOrAfter, seqDiff, seqMax } from '../units.ts';
import type { ChunkedRecords } from './chunks.ts';
import { isFarFin, judgeFarFin } from './far-fin.ts';
import { noteLetter, noteSegment } from './history.ts';
import { Holes } from './holes.ts';
import * as L from './layout.ts';
import { H_GAP, H_RETRANSMITTED, H_ZERO_WINDOW } from './letters.ts';
import {
  addHalfCloseBytes,
  awaitedAck,
  contextBits,
  countFin,
  countsPackets,
  hadTime,
  isFlightFull,
  isLimited,
  isOfOldIncarnation,
  pendingBit,
  startTiming,
  takeIpId,
} from './oddities.ts';
import { orient } from './orientation.ts';
import * as T from './trail.ts';
import { optionBits, TrailWriter } from './trail-writer.ts';

/** Payload from which on a number below the first one may be above it: well below half of all numbers, bytes. */
const LAPPED = 2 ** 30;

/**
 * What a segment does to its flow's record: each side's sequence variables (RFC 9293 section 3.3.1), payload counted
 * once, round trips, oddities, and the trail from which teardown/ reconstructs both endpoints' states.
 */
export class FlowUpdate {
  readonly writer: TrailWriter;
  readonly holes = new Holes();
  // The flow at hand.
  ints: Int32Array = new Int32Array(0);
  floats: Float64Array = new Float64Array(0);
  at = 0;

  /** time of the segment at hand, and since the flow's packet before: ns. In an array, as a float passed is allocated. */
  readonly times = new Float64Array(2);

  constructor(place: Place = new PlainPlace()) {
    this.writer = new TrailWriter(place);
  }

  /** Takes the segment's time, and widens the flow's to it. */
  see(segment: Segment): void {
    const { floats, at } = this;
    const time = (segment.seconds - floats[(at + L.BASE_SECONDS) >> 1]!) * NS_PER_SECOND + segment.nanoseconds;
    const last = floats[(at + L.LAST_TIME) >> 1]!;
    this.times[0] = time;
    this.times[1] = time - last;
    if (time > last) floats[(at + L.LAST_TIME) >> 1] = time;
    else if (time < floats[(at + L.FIRST_TIME) >> 1]!) floats[(at + L.FIRST_TIME) >> 1] = time;
  }

  point(records: ChunkedRecords, flow: number): void {
    this.ints = records.ints[flow >>> records.shift]!;
    this.floats = records.floats[flow >>> records.shift]!;
    this.at = (flow & records.mask) * L.RECORD_WORDS;
  }

  /** Makes the zeroed record at hand that of a flow which the segment opens. */
  begin(segment: Segment, id: number, encapsulation: number): void {
    const { ints, floats, at } = this;
    ints[at + L.ID] = id;
    ints[at + L.TRAIL_HEAD] = -1;
    ints[at + L.TRAIL_TAIL] = -1;
    ints[at + L.PREVIOUS] = -1;
    ints[at + L.ENCAPSULATION] = encapsulation & L.NO_ENCAPSULATION;
    floats[(at + L.BASE_SECONDS) >> 1] = segment.seconds;
    floats[(at + L.FIRST_TIME) >> 1] = segment.nanoseconds;
    floats[(at + L.LAST_TIME) >> 1] = segment.nanoseconds;
    floats[(at + L.MIN_RTT) >> 1] = Number.POSITIVE_INFINITY;
    floats[(at + L.MIN_RTT + 2) >> 1] = Number.POSITIVE_INFINITY;
    orient(ints, at, segment, 0);
  }

  /** Takes a segment of the flow at hand. */
  follow(flow: number, segment: Segment, side: number): void {
    const { ints, floats, at } = this;
    const time = this.times[0]!;
    const s = at + L.SIDE + side * L.SIDE_WORDS;
    const p = at + L.SIDE + (1 - side) * L.SIDE_WORDS;
    const { flags, seq, length } = segment;
    if ((ints[at + L.FLAGS]! & (3 * L.FLOW_FAR_FIN)) !== 0) judgeFarFin(ints, at, segment, side, flow, this.holes);
    const before = ints[s + L.SIDE_FLAGS]!;
    const peerBefore = ints[p + L.SIDE_FLAGS]!;
    const peerAck = ints[p + L.LAST_ACK_SENT]!;
    const peerSndMax = ints[p + L.SND_MAX]!;
    const sndMax = ints[s + L.SND_MAX]!;
    const ownAck = ints[s + L.LAST_ACK_SENT]!;
    if (isOfOldIncarnation(segment, before, peerBefore, ints[p + L.FIRST_SEQ]!)) {
      this.challenge(segment, side);
      return;
    }
    let now = before | L.SENT;
    let logged = (flags & (SYN | FIN | RST)) !== 0;
    ints[s + L.PACKETS] = (ints[s + L.PACKETS]! + 1) | 0;
    noteSegment(ints, at, segment, side);

    // What it acknowledges.
    if ((flags & ACK) !== 0 && (flags & RST) === 0) {
      const { ack } = segment;
      if ((before & L.ACK_SENT) === 0 || seqAfter(ack, ints[s + L.LAST_ACK_SENT]!)) {
        if ((peerBefore & L.OCCUPIES) !== 0 && seqAfter(ack, peerSndMax)) {
          ints[at + L.FLAGS]! |= L.FLOW_GAP;
          noteLetter(ints, at, H_GAP, 1 - side);
          logged = true; // the acknowledged byte that nobody saw may be a FIN
        }
        ints[s + L.LAST_ACK_SENT] = ack;
      }
      if ((before & L.ACK_SENT) === 0) logged = true; // with one direction only, it tells that the SYN was answered
      now |= L.ACK_SENT;
      if (length === 0 && (flags & (SYN | FIN)) === 0) now |= L.PURE_ACK_SENT;
      if ((before & L.TIMING) !== 0 && seqAfter(ack, ints[s + L.TIMED_FROM]!)) {
        const rtt = time - floats[(at + L.TIMED_AT + 2 * side) >> 1]!;
        // A SYN-ACK is answered at once, without FIN and payload: what comes with these came after an ACK that was lost.
        const isLate =
          (peerBefore & (L.SYN_SENT_FLAG | L.SYN_ACKED)) === L.SYN_SENT_FLAG && (length | (flags & FIN)) !== 0;
        if (!isLate && rtt >= 0 && rtt < floats[(at + L.MIN_RTT + 2 * side) >> 1]!)
          floats[(at + L.MIN_RTT + 2 * side) >> 1] = rtt;
        now &= ~L.TIMING;
      }
      let acked = 0;
      if (
        (peerBefore & (L.SYN_SENT_FLAG | L.SYN_ACKED)) === L.SYN_SENT_FLAG &&
        seqAtOrAfter(ack, ints[p + L.FIRST_SEQ]!)
      ) {
        acked |= L.SYN_ACKED;
      }
      if (
        (peerBefore & (L.FIN_SENT_FLAG | L.FIN_ACKED)) === L.FIN_SENT_FLAG &&
        seqAtOrAfter(ack, ints[p + L.FIN_END]!)
      ) {
        acked |= L.FIN_ACKED;
      }
      if (acked !== 0) {
        ints[p + L.SIDE_FLAGS]! |= acked;
        logged = true;
      }
    }

    // What it sends. An RST's sequence number says nothing of what was sent before it.
    let contiguous = true;
    let hasWaited = false;
    let gap = 0;
    if ((flags & RST) === 0) {
      gap = takeIpId(ints, at, segment, side);
      const synLength = (flags & SYN) >> 1;
      const dataFrom = (seq + synLength) | 0;
      const end = (dataFrom + length + (flags & FIN)) | 0;
      if ((before & L.OCCUPIES) === 0) {
        ints[s + L.FIRST_SEQ] = dataFrom;
        ints[s + L.SND_MAX] = end;
        floats[(at + L.BYTES + 2 * side) >> 1]! += length;
        if (end !== seq) startTiming(ints, floats, at, 1 - side, seq, this.times);
      } else {
        if ((flags & SYN) !== 0 && (before & L.SYN_SENT_FLAG) === 0) ints[s + L.FIRST_SEQ] = dataFrom;
        contiguous = this.sendMore(flow, side, segment, dataFrom, end);
      }
      now |= L.OCCUPIES;
      if ((flags & SYN) !== 0) {
        // A SYN sent again may have fewer options.
        if ((before & L.SYN_SENT_FLAG) === 0)
          ints[at + L.ENCAPSULATION]! |= segment.fingerprint << (L.FINGERPRINT_SHIFT + L.FINGERPRINT_BITS * side);
        else ints[at + L.COUNTS]! |= L.SYN_AGAIN;
        now = (now | L.SYN_SENT_FLAG) & ~L.SYN_ACKED; // a repeated SYN: its next acknowledgement counts again
        if (segment.windowScale >= 0) now = (now & ~L.SCALE_MASK) | (segment.windowScale << L.SCALE_SHIFT);
        // A SYN or SYN-ACK that comes after other segments can still tell who is client.
        if ((ints[at + L.FLAGS]! & L.FLOW_BY_HANDSHAKE) === 0) orient(ints, at, segment, side);
      }
      if (length > 0) {
        if ((before & L.DATA_LAST) === 0) ints[at + L.TURNED_AT] = time / NS_PER_MS;
        now |= L.DATA_SENT | L.DATA_LAST;
        ints[p + L.SIDE_FLAGS]! &= ~L.DATA_LAST;
        if ((peerBefore & L.FIN_SENT_FLAG) !== 0) {
          if (seqAtOrAfter(segment.ack, ints[p + L.FIN_END]!) && (flags & ACK) !== 0) now |= L.DATA_AFTER_FIN_ACKED;
        }
      }
      if ((flags & FIN) !== 0) {
        if ((before & L.FIN_SENT_FLAG) === 0) {
          ints[s + L.FIN_END] = end;
          hasWaited = awaitedAck(ints, floats, at, side, before, ownAck, this.times);
          if (!contiguous && isFarFin(ints, at, segment, side)) ints[at + L.FLAGS]! |= L.FLOW_FAR_FIN << side;
          if ((ints[p + L.SIDE_FLAGS]! & L.ACK_SENT) !== 0 && seqAtOrAfter(ints[p + L.LAST_ACK_SENT]!, end)) {
            now |= L.FIN_ACKED; // out of order: its acknowledgement was seen before it
          }
        } else {
          countFin(ints, at, side);
          now &= ~L.FIN_ACKED; // its next acknowledgement goes into the trail too
        }
        now |= L.FIN_SENT_FLAG;
        ints[at + L.FLAGS]! |= contiguous ? L.FLOW_ENDING : L.FLOW_ENDING | L.FLOW_OUT_OF_ORDER_FIN;
      }
      now = (now & ~L.TTL_MASK) | (segment.ttl << L.TTL_SHIFT);
      // The window of a SYN is never scaled (RFC 7323 section 2.2).
      ints[s + L.WINDOW] = (flags & SYN) !== 0 ? segment.window : segment.window << (now >>> L.SCALE_SHIFT);
      const answered = (peerBefore & L.ACK_SENT) !== 0;
      const isFull =
        length > 0 &&
        answered &&
        (isLimited((end - ints[p + L.LAST_ACK_SENT]!) | 0, ints[p + L.WINDOW]!) ||
          isFlightFull(ints, floats, at, side, end, this.times));
      if (isFull) now |= L.LIMITED;
      else if ((before & L.LIMITED) !== 0 && hadTime(ints, floats, at, segment, side, this.times)) now &= ~L.LIMITED;
      if (segment.window === 0 && (flags & (SYN | FIN)) === 0) {
        now |= L.ZERO_WINDOW;
        noteLetter(ints, at, H_ZERO_WINDOW, side);
      } else now &= ~L.ZERO_WINDOW;
      // A keepalive probe repeats the byte before SND.NXT (RFC 9293 section 3.8.4).
      if (length <= 1 && (flags & (SYN | FIN)) === 0 && (before & L.OCCUPIES) !== 0 && seq === ((sndMax - 1) | 0)) {
        if ((now & L.PROBES_MASK) !== L.PROBES_MASK) now += 1 << L.PROBES_SHIFT;
      }
      ints[p + L.SIDE_FLAGS]! &= ~L.PROBES_MASK;
    } else {
      now |= L.RST_SENT;
      // Text that says why (RFC 9293 section 3.5.3): shown to users, but no data of the stream.
      if ((before & L.RST_SENT) === 0) floats[(at + L.BYTES + 2 * side) >> 1]! += length;
      ints[at + L.FLAGS]! |= L.FLOW_ENDING;
      const silence = (time - floats[(at + L.SIDE_LAST_TIME + 2 * side) >> 1]!) / (NS_PER_SECOND / 10);
      const tenths = (before & L.SENT) === 0 || silence < 0 ? 0 : Math.min(silence, T.C_SILENCE_MAX) | 0;
      this.writer.context[T.C_PROBES] = tenths << T.C_SILENCE_SHIFT;
    }
    ints[s + L.SIDE_FLAGS] = now | (ints[s + L.SIDE_FLAGS]! & L.SILENT_BYTE);
    floats[(at + L.SIDE_LAST_TIME + 2 * side) >> 1] = time;

    // What the states depend on goes into the trail.
    if (!logged && (ints[at + L.FLAGS]! & L.FLOW_ENDING) !== 0) {
      const both = before & ints[p + L.SIDE_FLAGS]! & L.FIN_SENT_FLAG;
      const reset = (before | peerBefore) & L.RST_SENT;
      logged =
        (ints[at + L.FLAGS]! & L.FLOW_SELF_CONNECT) !== 0 ||
        both !== 0 ||
        reset !== 0 ||
        ((before & L.FIN_SENT_FLAG) !== 0 && length > 0);
    }
    if (!logged) return;
    // Of a segment with an RST nothing else is processed (RFC 9293 section 3.10.7.4).
    let meta = (flags & RST) !== 0 ? flags & ~(SYN | FIN) : flags;
    meta |= (side << T.E_SIDE_SHIFT) | (T.storedLength(length) << T.E_LENGTH_SHIFT) | optionBits(segment) | gap;
    if (contiguous) meta |= T.E_CONTIGUOUS;
    if (hasWaited || ((flags & FIN) !== 0 && (now & L.LIMITED) !== 0)) meta |= T.E_BEHIND_DATA;
    if ((flags & FIN) !== 0 && (ints[at + L.FLAGS]! & (L.FLOW_FAR_FIN << side)) !== 0) meta |= T.E_FAR;
    if ((flags & RST) === 0) {
      this.writer.leave(ints, at, segment, meta, this.times);
      return;
    }
    const { context } = this.writer;
    context[T.C_PEER_ACK] = peerAck;
    context[T.C_SND_MAX] = sndMax;
    context[T.C_OWN_ACK] = ownAck;
    context[T.C_PROBES]! |= (now & L.PROBES_MASK) >>> L.PROBES_SHIFT;
    context[T.C_BITS] = contextBits(before, peerBefore) | pendingBit(peerBefore, peerSndMax, before, ownAck);
    const counts = countsPackets(ints[at + L.FLAGS]!, side);
    context[T.C_LAST_ID] = counts ? (ints[at + L.IP_IDS]! >>> (16 * side)) & 0xffff : 0;
    this.writer.leaveReset(ints, at, segment, meta, this.times);
  }

  /** A challenge ACK of the connection that had the 4-tuple before: it says nothing of this one's numbers. */
  challenge(segment: Segment, side: number): void {
    const { ints, at } = this;
    ints[at + L.SIDE + side * L.SIDE_WORDS + L.PACKETS]!++;
    this.writer.leave(ints, at, segment, segment.flags | (side << T.E_SIDE_SHIFT) | T.E_OLD, this.times);
  }

  /** A segment of a side that has sent before: new bytes, holes, retransmissions. @returns whether no hole is left */
  private sendMore(flow: number, side: number, segment: Segment, dataFrom: number, end: number): boolean {
    const { ints, floats, at } = this;
    const { seq, length } = segment;
    const dataEnd = (dataFrom + length) | 0;
    const s = at + L.SIDE + side * L.SIDE_WORDS;
    const p = at + L.SIDE + (1 - side) * L.SIDE_WORDS;
    const max = ints[s + L.SND_MAX]!;
    const hole = flow * 2 + side;
    let fresh = 0;
    // A pure ACK one byte on, where the peer acknowledged that byte and closes too: the byte was a FIN (deliveries.ts).
    const unseenFin = end === seq && seq === ((max + 1) | 0) && ints[p + L.LAST_ACK_SENT] === seq;
    if (unseenFin && (ints[p + L.SIDE_FLAGS]! & L.FIN_SENT_FLAG) !== 0) {
      ints[at + L.SIDE + side * L.SIDE_WORDS + L.SIDE_FLAGS]! |= L.SILENT_BYTE;
      return true;
    }
    if (seqAfter(seq, max)) {
      this.holes.open(hole, max, seq);
      ints[at + L.FLAGS]! |= L.FLOW_HOLES;
      fresh = length;
    } else if (length > 0) {
      if (seqAfter(dataEnd, max)) fresh = seqDiff(dataEnd, seqMax(max, dataFrom));
      const filled = (ints[at + L.FLAGS]! & L.FLOW_HOLES) !== 0 ? this.holes.fill(hole, dataFrom, dataEnd) : 0;
      if (fresh === 0 && filled === 0 && length > 1) noteLetter(ints, at, H_RETRANSMITTED, side);
      // Before the first byte seen, with no SYN: a capture that began midstream. After 1 GiB numbers may have lapped.
      const below = (ints[s + L.SIDE_FLAGS]! & L.SYN_SENT_FLAG) !== 0 ? 0 : seqDiff(ints[s + L.FIRST_SEQ]!, dataFrom);
      if (below > 0 && floats[(at + L.BYTES + 2 * side) >> 1]! < LAPPED) {
        const early = Math.min(length, below);
        ints[s + L.FIRST_SEQ] = dataFrom;
        fresh += early;
      }
      fresh += filled;
    }
    floats[(at + L.BYTES + 2 * side) >> 1]! += fresh;
    if ((ints[p + L.SIDE_FLAGS]! & L.FIN_SENT_FLAG) !== 0) addHalfCloseBytes(ints, at, 1 - side, fresh);
    if (seqAfter(end, max)) {
      ints[s + L.SND_MAX] = end;
      startTiming(ints, floats, at, 1 - side, seqMax(seq, max), this.times);
    } else if (end !== seq && seqAfter(end, ints[p + L.TIMED_FROM]!)) {
      ints[p + L.SIDE_FLAGS]! &= ~L.TIMING; // Karn: the answer to a retransmission tells no round trip
    }
    if ((ints[at + L.FLAGS]! & L.FLOW_HOLES) === 0) return true;
    // Before a FIN no other can be missing: what the peer has acknowledged only the capture lacks.
    const isAcked = (segment.flags & FIN) !== 0 && (ints[p + L.SIDE_FLAGS]! & L.ACK_SENT) !== 0;
    return isAcked ? !this.holes.hasBeyond(hole, ints[p + L.LAST_ACK_SENT]!) : !this.holes.has(hole);
  }
}
