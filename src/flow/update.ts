import { ACK, FIN, RST, type Segment, SYN } from '../decode/segment.ts';
import { seqAfter, seqAtOrAfter, seqDiff, seqMax } from '../units.ts';
import type { ChunkedRecords } from './chunks.ts';
import { H_ACK, H_DATA, H_GAP, H_RETRANSMITTED, H_ZERO_WINDOW, noteLetter, noteSegment } from './history.ts';
import { Holes } from './holes.ts';
import * as L from './layout.ts';
import * as T from './trail.ts';

/**
 * What a segment does to its flow's record: each side's sequence variables (RFC 9293 section 3.3.1), payload counted
 * once, round trips, oddities, and the trail from which teardown/ reconstructs both endpoints' states.
 */
export class FlowUpdate {
  readonly trails = new T.Trails();
  readonly holes = new Holes();
  // The flow at hand.
  ints: Int32Array = new Int32Array(0);
  floats: Float64Array = new Float64Array(0);
  at = 0;

  point(records: ChunkedRecords, flow: number): void {
    this.ints = records.ints[flow >>> records.shift]!;
    this.floats = records.floats[flow >>> records.shift]!;
    this.at = (flow & records.mask) * L.RECORD_WORDS;
  }

  /** Who is client: the SYN's sender, the SYN-ACK's receiver, else the end with the higher port, else the first sender. */
  orient(segment: Segment, side: number): void {
    const { ints, at } = this;
    const isSyn = (segment.flags & SYN) !== 0;
    let client = side;
    let how = 0;
    if (isSyn) {
      if ((segment.flags & ACK) !== 0) client = 1 - side;
      how = L.FLOW_BY_HANDSHAKE;
    } else if (segment.srcPort !== segment.dstPort) {
      if (segment.srcPort < segment.dstPort) client = 1 - side;
      how = L.FLOW_BY_PORT;
    }
    ints[at + L.FLAGS] =
      (ints[at + L.FLAGS]! & ~(L.FLOW_1_IS_CLIENT | L.FLOW_BY_HANDSHAKE | L.FLOW_BY_PORT)) |
      how |
      (client === 1 ? L.FLOW_1_IS_CLIENT : 0);
  }

  /**
   * The greater part of all segments: in sequence, of an established connection that nobody has begun to close, with
   * nothing to be told of. @returns false where it is not of that kind, and nothing was done
   */
  ordinary(segment: Segment, side: number, time: number): boolean {
    const { ints, floats, at } = this;
    const s = at + L.SIDE + side * L.SIDE_WORDS;
    const p = at + L.SIDE + (1 - side) * L.SIDE_WORDS;
    const { length, ack } = segment;
    const before = ints[s + L.SIDE_FLAGS]!;
    const peer = ints[p + L.SIDE_FLAGS]!;
    if (
      (segment.flags & (SYN | FIN | RST | ACK)) !== ACK ||
      (ints[at + L.FLAGS]! & (L.FLOW_ENDING | L.FLOW_HOLES)) !== 0 ||
      (before & (L.OCCUPIES | L.ACK_SENT | L.ZERO_WINDOW)) !== (L.OCCUPIES | L.ACK_SENT) ||
      (peer & L.OCCUPIES) === 0 ||
      (peer & (L.SYN_SENT_FLAG | L.SYN_ACKED)) === L.SYN_SENT_FLAG ||
      segment.seq !== ints[s + L.SND_MAX] ||
      ((ack - ints[p + L.SND_MAX]!) | 0) > 0 ||
      segment.window === 0
    ) {
      return false;
    }
    let now = before;
    ints[s + L.PACKETS]!++;
    if (((ack - ints[s + L.LAST_ACK_SENT]!) | 0) > 0) ints[s + L.LAST_ACK_SENT] = ack;
    if ((before & L.TIMING) !== 0 && ((ack - ints[s + L.TIMED_END]!) | 0) >= 0) {
      const rtt = time - floats[(s + L.TIMED_AT) >> 1]!;
      if (rtt >= 0 && rtt < floats[(s + L.MIN_RTT) >> 1]!) floats[(s + L.MIN_RTT) >> 1] = rtt;
      now &= ~L.TIMING;
    }
    if (length === 0) {
      now |= L.PURE_ACK_SENT;
      noteLetter(ints, at, H_ACK, side);
    } else {
      noteLetter(ints, at, H_DATA, side);
      const end = (segment.seq + length) | 0;
      ints[s + L.SND_MAX] = end;
      floats[(s + L.BYTES) >> 1]! += length;
      now |= L.DATA_SENT | L.DATA_LAST;
      let peerNow = peer & ~L.DATA_LAST;
      if ((peer & L.TIMING) === 0) {
        peerNow |= L.TIMING;
        ints[p + L.TIMED_END] = end;
        floats[(p + L.TIMED_AT) >> 1] = time;
      }
      ints[p + L.SIDE_FLAGS] = peerNow;
    }
    ints[s + L.SIDE_FLAGS] = now;
    ints[s + L.TTL] = segment.ttl;
    ints[p + L.PROBES] = 0;
    floats[(s + L.SIDE_LAST_TIME) >> 1] = time;
    return true;
  }

  other(flow: number, segment: Segment, side: number, frame: number, time: number): void {
    const { ints, floats, at } = this;
    const s = at + L.SIDE + side * L.SIDE_WORDS;
    const p = at + L.SIDE + (1 - side) * L.SIDE_WORDS;
    const { flags, seq, length } = segment;
    const before = ints[s + L.SIDE_FLAGS]!;
    const peerBefore = ints[p + L.SIDE_FLAGS]!;
    const peerAck = ints[p + L.LAST_ACK_SENT]!;
    const peerSndMax = ints[p + L.SND_MAX]!;
    const sndMax = ints[s + L.SND_MAX]!;
    const ownAck = ints[s + L.LAST_ACK_SENT]!;
    let now = before | L.SENT;
    let logged = (flags & (SYN | FIN | RST)) !== 0;
    ints[s + L.PACKETS]!++;
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
      now |= L.ACK_SENT;
      if (length === 0 && (flags & (SYN | FIN)) === 0) now |= L.PURE_ACK_SENT;
      if ((before & L.TIMING) !== 0 && seqAtOrAfter(ack, ints[s + L.TIMED_END]!)) {
        const rtt = time - floats[(s + L.TIMED_AT) >> 1]!;
        if (rtt >= 0 && rtt < floats[(s + L.MIN_RTT) >> 1]!) floats[(s + L.MIN_RTT) >> 1] = rtt;
        now &= ~L.TIMING;
      }
      let acked = 0;
      if ((peerBefore & (L.SYN_SENT_FLAG | L.SYN_ACKED)) === L.SYN_SENT_FLAG && seqAfter(ack, ints[p + L.ISN]!)) {
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
    if ((flags & RST) === 0) {
      const synLength = (flags & SYN) >> 1;
      const dataFrom = (seq + synLength) | 0;
      const dataEnd = (dataFrom + length) | 0;
      const end = (dataEnd + (flags & FIN)) | 0;
      if ((before & L.OCCUPIES) === 0) {
        ints[s + L.FIRST_SEQ] = dataFrom;
        ints[s + L.SND_MAX] = end;
        floats[(s + L.BYTES) >> 1]! += length;
        if ((flags & SYN) !== 0) ints[s + L.ISN] = seq;
        this.startTiming(p, end, time);
      } else {
        if ((flags & SYN) !== 0 && (before & L.SYN_SENT_FLAG) === 0) ints[s + L.ISN] = seq;
        contiguous = this.sendMore(flow, side, seq, dataFrom, dataEnd, end, length, time);
      }
      now |= L.OCCUPIES;
      if ((flags & SYN) !== 0) {
        now = (now | L.SYN_SENT_FLAG) & ~L.SYN_ACKED; // a repeated SYN: its next acknowledgement counts again
        if ((before & L.SENT) !== 0 || (peerBefore & L.SENT) !== 0) this.reorient(segment, side);
      }
      if (length > 0) {
        now |= L.DATA_SENT | L.DATA_LAST;
        ints[p + L.SIDE_FLAGS]! &= ~L.DATA_LAST;
        if ((peerBefore & L.FIN_SENT_FLAG) !== 0) {
          if (seqAtOrAfter(segment.ack, ints[p + L.FIN_END]!) && (flags & ACK) !== 0) now |= L.DATA_AFTER_FIN_ACKED;
        }
      }
      if ((flags & FIN) !== 0) {
        if ((before & L.FIN_SENT_FLAG) === 0) {
          ints[s + L.FIN_END] = end;
          if ((ints[p + L.SIDE_FLAGS]! & L.ACK_SENT) !== 0 && seqAtOrAfter(ints[p + L.LAST_ACK_SENT]!, end)) {
            now |= L.FIN_ACKED; // out of order: its acknowledgement was seen before it
          }
        } else {
          ints[s + L.RETRANSMITTED_FINS]!++;
          now &= ~L.FIN_ACKED; // its next acknowledgement goes into the trail too
        }
        now |= L.FIN_SENT_FLAG;
        ints[at + L.FLAGS]! |= contiguous ? L.FLOW_ENDING : L.FLOW_ENDING | L.FLOW_OUT_OF_ORDER_FIN;
      }
      ints[s + L.TTL] = segment.ttl;
      if (segment.window === 0 && (flags & (SYN | FIN)) === 0) {
        now |= L.ZERO_WINDOW;
        noteLetter(ints, at, H_ZERO_WINDOW, side);
      } else now &= ~L.ZERO_WINDOW;
      // A keepalive probe repeats the byte before SND.NXT (RFC 9293 section 3.8.4).
      if (length <= 1 && (flags & (SYN | FIN)) === 0 && (before & L.OCCUPIES) !== 0 && seq === ((sndMax - 1) | 0)) {
        ints[s + L.PROBES]!++;
      }
      ints[p + L.PROBES] = 0;
    } else {
      now |= L.RST_SENT;
      ints[at + L.FLAGS]! |= L.FLOW_ENDING;
    }
    ints[s + L.SIDE_FLAGS] = now;
    floats[(s + L.SIDE_LAST_TIME) >> 1] = time;

    // What the states depend on goes into the trail.
    if (!logged && (ints[at + L.FLAGS]! & L.FLOW_ENDING) !== 0) {
      const both = before & ints[p + L.SIDE_FLAGS]! & L.FIN_SENT_FLAG;
      const reset = (before | peerBefore) & L.RST_SENT;
      logged = both !== 0 || reset !== 0 || ((before & L.FIN_SENT_FLAG) !== 0 && length > 0);
    }
    if (!logged) return;
    let meta = flags | (side << 8);
    if (segment.hasTimestamps) meta |= T.E_HAS_TS;
    if (segment.isDsack) meta |= T.E_DSACK;
    if (contiguous) meta |= T.E_CONTIGUOUS;
    if ((peerBefore & L.ACK_SENT) !== 0) meta |= T.E_PEER_ACKED;
    if ((before & L.OCCUPIES) !== 0) meta |= T.E_SENT;
    if ((peerBefore & L.ZERO_WINDOW) !== 0) meta |= T.E_ZERO_WINDOW;
    if ((peerBefore & L.DATA_LAST) !== 0) meta |= T.E_PEER_DATA_LAST;
    if ((before & L.ACK_SENT) !== 0) meta |= T.E_OWN_ACKED;
    this.leave(segment, meta, frame, time, peerAck, sndMax, ownAck, ints[s + L.PROBES]!);
  }

  /** A segment of a side that has sent before: new bytes, holes, retransmissions. @returns whether no hole is left */
  private sendMore(
    flow: number,
    side: number,
    seq: number,
    dataFrom: number,
    dataEnd: number,
    end: number,
    length: number,
    time: number,
  ): boolean {
    const { ints, floats, at } = this;
    const s = at + L.SIDE + side * L.SIDE_WORDS;
    const p = at + L.SIDE + (1 - side) * L.SIDE_WORDS;
    const max = ints[s + L.SND_MAX]!;
    const hole = flow * 2 + side;
    let fresh = 0;
    if (seqAfter(seq, max)) {
      this.holes.open(hole, max, seq);
      ints[at + L.FLAGS]! |= L.FLOW_HOLES;
      fresh = length;
    } else if (length > 0) {
      if (seqAfter(dataEnd, max)) fresh = seqDiff(dataEnd, seqMax(max, dataFrom));
      const filled = (ints[at + L.FLAGS]! & L.FLOW_HOLES) !== 0 ? this.holes.fill(hole, dataFrom, dataEnd) : 0;
      if (fresh === 0 && filled === 0 && length > 1) noteLetter(ints, at, H_RETRANSMITTED, side);
      // Before the first byte seen: a capture that began midstream, or a late arrival.
      if (seqDiff(ints[s + L.FIRST_SEQ]!, dataFrom) > 0) {
        const early = Math.min(length, seqDiff(ints[s + L.FIRST_SEQ]!, dataFrom));
        ints[s + L.FIRST_SEQ] = dataFrom;
        fresh += early;
      }
      fresh += filled;
    }
    floats[(s + L.BYTES) >> 1]! += fresh;
    if ((ints[p + L.SIDE_FLAGS]! & L.FIN_SENT_FLAG) !== 0) floats[(p + L.HALF_CLOSE_BYTES) >> 1]! += fresh;
    if (seqAfter(end, max)) {
      ints[s + L.SND_MAX] = end;
      this.startTiming(p, end, time);
    } else if (end !== seq && seqAtOrAfter(end, ints[p + L.TIMED_END]!)) {
      ints[p + L.SIDE_FLAGS]! &= ~L.TIMING; // Karn: the answer to a retransmission tells no round trip
    }
    return (ints[at + L.FLAGS]! & L.FLOW_HOLES) === 0 || !this.holes.has(hole);
  }

  /** Times the answer of side `s` (its record offset) to the segment that ends at `end`. */
  private startTiming(s: number, end: number, time: number): void {
    const flags = this.ints[s + L.SIDE_FLAGS]!;
    if ((flags & L.TIMING) !== 0) return;
    this.ints[s + L.SIDE_FLAGS] = flags | L.TIMING;
    this.ints[s + L.TIMED_END] = end;
    this.floats[(s + L.TIMED_AT) >> 1] = time;
  }

  /** A SYN or SYN-ACK that comes after other segments (out of order, or the peer's) can still tell who is client. */
  private reorient(segment: Segment, side: number): void {
    if ((this.ints[this.at + L.FLAGS]! & L.FLOW_BY_HANDSHAKE) === 0) this.orient(segment, side);
  }

  private leave(
    segment: Segment,
    meta: number,
    frame: number,
    time: number,
    peerAck: number,
    sndMax: number,
    ownAck: number,
    probes: number,
  ): void {
    const { ints, at, trails } = this;
    const count = ints[at + L.TRAIL_COUNT]!;
    if (count >= T.MAX_TRAIL) {
      ints[at + L.FLAGS]! |= L.FLOW_TRAIL_FULL;
      // First FINs must not be missed, however many segments came before: a few places are theirs.
      const first =
        (segment.flags & FIN) !== 0 &&
        ints[at + L.SIDE + ((meta >> 8) & 1) * L.SIDE_WORDS + L.RETRANSMITTED_FINS] === 0;
      if (!first || count >= T.MAX_TRAIL + 8) return;
    }
    const tail = trails.extend(ints[at + L.TRAIL_TAIL]!, count);
    if (count === 0) ints[at + L.TRAIL_HEAD] = tail;
    ints[at + L.TRAIL_TAIL] = tail;
    ints[at + L.TRAIL_COUNT] = count + 1;
    const { blocks } = trails;
    const words = blocks.ints[tail >>> blocks.shift]!;
    const e = (tail & blocks.mask) * (T.BLOCK_ENTRIES * T.ENTRY_WORDS) + (count % T.BLOCK_ENTRIES) * T.ENTRY_WORDS;
    blocks.floats[tail >>> blocks.shift]![e >> 1] = time;
    words[e + T.E_FRAME] = frame;
    words[e + T.E_META] = meta;
    words[e + T.E_SEQ] = segment.seq;
    words[e + T.E_ACK] = segment.ack;
    words[e + T.E_LENGTH] = segment.length;
    words[e + T.E_WINDOW] = segment.window;
    words[e + T.E_TSVAL] = segment.tsVal;
    words[e + T.E_TSECR] = segment.tsEcr;
    words[e + T.E_TTL_ID] = (segment.ttl << 16) | segment.ipId;
    words[e + T.E_PEER_ACK] = peerAck;
    words[e + T.E_SND_MAX] = sndMax;
    words[e + T.E_OWN_ACK] = ownAck;
    words[e + T.E_INFO] = Math.min(probes, 0xffff) | (segment.optionsLength << 16);
  }
}
