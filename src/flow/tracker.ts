import { ACK, FIN, RST, type Segment, SYN } from '../decode/segment.ts';
import type { CaptureRecord } from '../input/types.ts';
import { NS_PER_SECOND, seqAfter, seqAtOrAfter, seqDiff, seqMax } from '../units.ts';
import { DuplicateFilter } from './duplicates.ts';
import { Encapsulations } from './encapsulations.ts';
import { EndedQueue } from './ended.ts';
import { H_GAP, H_RETRANSMITTED, H_ZERO_WINDOW, noteLetter, noteSegment } from './history.ts';
import { Holes } from './holes.ts';
import * as L from './layout.ts';
import { FlowTable } from './table.ts';
import * as T from './trail.ts';

/** Called once for each flow when nothing more can happen to it. The record is released afterwards unless kept. */
export interface FlowSink {
  /**
   * @param successor the flow that took its 4-tuple, -1 if none
   * @returns true to keep the record allocated; `release` it later
   */
  flowEnded(record: number, successor: number): boolean;
}

/** How long closed flows are remembered. */
export interface Retention {
  /** after its last packet a closed flow may matter for this long: its TIME_WAIT, and then some; ns */
  lingerNs: number;
  /** closed flows that stay in the table even after that, so that a late packet finds its flow */
  flows: number;
}

/** The longest TIME_WAIT of any system is 240 s; Linux's is 62.1 s. What comes later is a new flow. */
export const RETENTION: Retention = { lingerNs: 70 * NS_PER_SECOND, flows: 32_768 };

/**
 * From segments to flow records: finds or makes the flow, recognises duplicates and reuse of a 4-tuple, keeps each
 * side's sequence variables (RFC 9293 section 3.3.1), counts payload once, times round trips, and leaves the trail
 * from which teardown/ reconstructs both endpoints' states.
 */
export class FlowTracker {
  readonly table: FlowTable;
  readonly trails = T.createTrails();
  readonly encapsulations = new Encapsulations();
  /** segments tracked, duplicates among them */
  segments = 0;
  duplicates = 0;
  /** flows opened so far; the id of the newest */
  opened = 0;

  private readonly sink: FlowSink;
  private readonly filter = new DuplicateFilter();
  private readonly holes = new Holes();
  private readonly ended: EndedQueue;

  /** the capture's first second: `now` counts from here */
  originSeconds = 0;

  // The segment at hand.
  private ints: Int32Array = new Int32Array(0);
  private floats: Float64Array = new Float64Array(0);
  private at = 0;

  /** @param seed of the hash; random unless given */
  constructor(sink: FlowSink, retention: Retention, seed?: number) {
    this.sink = sink;
    this.table = seed === undefined ? new FlowTable() : new FlowTable(seed);
    this.ended = new EndedQueue(retention.lingerNs, retention.flows);
  }

  /**
   * Follows one segment.
   * @param now the record's time as ns since the capture's first second
   * @returns the id of its flow
   */
  track(segment: Segment, record: CaptureRecord, now: number): number {
    this.segments++;
    const { table } = this;
    let flow = table.find(segment);
    const { side } = table;
    if (flow < 0) flow = this.open(table.insert(), segment, record);
    else this.point(flow);
    // A self-connect has one end: both directions look alike, and every segment reads as the low end's.
    if (this.filter.isDuplicate(segment, table.lastHash, now)) {
      this.duplicates++;
      this.ints[this.at + L.FLAGS]! |= L.FLOW_DUPLICATES;
      this.ints[this.at + L.SIDE + side * L.SIDE_WORDS + L.PACKETS]!++;
      this.touch(record);
      return this.ints[this.at + L.ID]!;
    }
    if ((segment.flags & SYN) !== 0 && this.isNewConnection(segment, side))
      flow = this.supersede(flow, segment, record);
    this.touch(record);
    this.update(flow, segment, side, record.frame, this.timeOf(record));
    if ((this.ints[this.at + L.FLAGS]! & L.FLOW_ENDED) === 0 && this.hasEnded()) {
      this.ints[this.at + L.FLAGS]! |= L.FLOW_ENDED;
      this.ended.push(flow, this.ints[this.at + L.ID]!, now);
    }
    if (this.ints[this.at + L.PREVIOUS]! >= 0 && this.isAnswered()) {
      this.settlePrevious(flow);
      this.point(flow);
    }
    const id = this.ints[this.at + L.ID]!;
    if (this.ended.isDue(now)) this.expire(now);
    return id;
  }

  /** Hands every flow that is still in the table to the sink, in the order in which they ended, open ones last. */
  finish(): void {
    const { ended } = this;
    for (; ended.length > 0; ended.shift()) {
      const flow = ended.oldestFlow();
      this.point(flow);
      const flags = this.ints[this.at + L.FLAGS]!;
      if (this.ints[this.at + L.ID] !== ended.oldestId()) continue;
      if ((flags & (L.FLOW_SUPERSEDED | L.FLOW_FINALIZED)) === 0) this.finalize(flow);
    }
    const open = this.table.list();
    open.sort((a, b) => this.idOf(a) - this.idOf(b));
    for (const flow of open) this.finalize(flow);
  }

  /** The earliest time at which a flow not yet handed to the sink can have ended, ns since the capture's first second. */
  watermark(now: number): number {
    return Math.min(this.ended.oldestTime(), now);
  }

  /** Gives a flow's record and trail back. */
  release(flow: number): void {
    this.point(flow);
    for (let entry = this.ints[this.at + L.TRAIL_HEAD]!; entry >= 0; ) {
      const next =
        this.trails.ints[entry >>> this.trails.shift]![(entry & this.trails.mask) * T.ENTRY_WORDS + T.E_NEXT]!;
      this.trails.release(entry);
      entry = next;
    }
    this.holes.drop(flow * 2);
    this.holes.drop(flow * 2 + 1);
    this.table.records.release(flow);
  }

  private point(flow: number): void {
    const { records } = this.table;
    this.ints = records.ints[flow >>> records.shift]!;
    this.floats = records.floats[flow >>> records.shift]!;
    this.at = (flow & records.mask) * L.RECORD_WORDS;
  }

  private idOf(flow: number): number {
    this.point(flow);
    return this.ints[this.at + L.ID]!;
  }

  private timeOf(record: CaptureRecord): number {
    return (record.seconds - this.floats[(this.at + L.BASE_SECONDS) >> 1]!) * NS_PER_SECOND + record.nanoseconds;
  }

  private touch(record: CaptureRecord): void {
    const time = this.timeOf(record);
    const first = (this.at + L.FIRST_TIME) >> 1;
    const last = (this.at + L.LAST_TIME) >> 1;
    if (time < this.floats[first]!) this.floats[first] = time;
    if (time > this.floats[last]!) this.floats[last] = time;
  }

  private open(flow: number, segment: Segment, record: CaptureRecord): number {
    this.point(flow);
    const { ints, floats, at } = this;
    ints[at + L.ID] = ++this.opened;
    ints[at + L.TRAIL_HEAD] = -1;
    ints[at + L.TRAIL_TAIL] = -1;
    ints[at + L.PREVIOUS] = -1;
    ints[at + L.FIRST_SENDER] = this.table.side;
    ints[at + L.ENCAPSULATION] = this.encapsulations.intern(segment);
    floats[(at + L.BASE_SECONDS) >> 1] = record.seconds;
    floats[(at + L.FIRST_TIME) >> 1] = record.nanoseconds;
    floats[(at + L.LAST_TIME) >> 1] = record.nanoseconds;
    for (let side = 0; side < 2; side++) {
      const s = at + L.SIDE + side * L.SIDE_WORDS;
      floats[(s + L.MIN_RTT) >> 1] = Number.POSITIVE_INFINITY;
    }
    this.orient(segment);
    return flow;
  }

  /** Who is client: the SYN's sender, the SYN-ACK's receiver, else the end with the higher port, else the first sender. */
  private orient(segment: Segment): void {
    const { ints, at } = this;
    const { side } = this.table;
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
      (ints[at + L.FLAGS]! & ~(L.FLOW_HIGH_IS_CLIENT | L.FLOW_BY_HANDSHAKE | L.FLOW_BY_PORT)) |
      how |
      (client === 1 ? L.FLOW_HIGH_IS_CLIENT : 0);
  }

  /** Whether a SYN opens a new connection on this 4-tuple: one with the ISN of the flow at hand is a retransmission. */
  private isNewConnection(segment: Segment, side: number): boolean {
    const { ints, at } = this;
    const s = at + L.SIDE + side * L.SIDE_WORDS;
    const flags = ints[s + L.SIDE_FLAGS]!;
    if ((flags & L.SYN_SENT_FLAG) !== 0) {
      if (ints[s + L.ISN] === segment.seq) return false;
      // A SYN-ACK with another ISN answers the same SYN unless the close is behind us (a middlebox, or SYN cookies).
      return (segment.flags & ACK) === 0 || (ints[at + L.FLAGS]! & L.FLOW_ENDED) !== 0;
    }
    if ((flags & L.OCCUPIES) !== 0)
      return ints[s + L.FIRST_SEQ] !== ((segment.seq + 1) | 0) && !this.follows(segment, s);
    // Nothing from this side yet: the first SYN of the other side makes it an answer or a simultaneous open.
    const peerFlags = ints[at + L.SIDE + (1 - side) * L.SIDE_WORDS + L.SIDE_FLAGS]!;
    if ((peerFlags & L.SYN_SENT_FLAG) !== 0) return false;
    return (ints[at + L.FLAGS]! & L.FLOW_ENDED) !== 0;
  }

  /** A SYN that comes late, out of order: the side's first segment seen came shortly behind it in sequence. */
  private follows(segment: Segment, s: number): boolean {
    const distance = seqDiff(this.ints[s + L.FIRST_SEQ]!, segment.seq);
    return distance > 0 && distance < 65_536 && (this.ints[s + L.SIDE_FLAGS]! & L.FIN_SENT_FLAG) === 0;
  }

  private supersede(old: number, segment: Segment, record: CaptureRecord): number {
    const { ints, at } = this;
    const base = this.floats[(at + L.BASE_SECONDS) >> 1]!;
    const last = this.floats[(at + L.LAST_TIME) >> 1]!;
    const id = ints[at + L.ID]!;
    // Only one generation back can still be in TIME_WAIT: what the old flow replaced is settled now.
    const older = ints[at + L.PREVIOUS]!;
    if (older >= 0) {
      this.settlePrevious(old);
      this.point(old);
    }
    ints[at + L.FLAGS]! |= L.FLOW_SUPERSEDED;
    const flow = this.open(this.table.replace(old), segment, record);
    this.ints[this.at + L.PREVIOUS] = old;
    this.ints[this.at + L.PREVIOUS_ID] = id;
    this.floats[(this.at + L.REUSE_GAP) >> 1] = (record.seconds - base) * NS_PER_SECOND + record.nanoseconds - last;
    return flow;
  }

  private update(flow: number, segment: Segment, side: number, frame: number, time: number): void {
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
        if (segment.windowScale >= 0) ints[s + L.SHIFT] = segment.windowScale;
        if ((before & L.SENT) !== 0 || (peerBefore & L.SENT) !== 0) this.reorient(segment);
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
      ints[s + L.WINDOW] = (flags & SYN) !== 0 ? segment.window : segment.window << ints[s + L.SHIFT]!;
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
    if (segment.hasTimestamps) {
      now |= L.SENT_TIMESTAMPS;
      ints[s + L.LAST_TS] = segment.tsVal;
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
    if ((peerBefore & L.OCCUPIES) !== 0) meta |= T.E_PEER_SENT;
    if ((before & L.OCCUPIES) !== 0) meta |= T.E_SENT;
    if ((peerBefore & L.ZERO_WINDOW) !== 0) meta |= T.E_ZERO_WINDOW;
    if ((peerBefore & L.DATA_LAST) !== 0) meta |= T.E_PEER_DATA_LAST;
    if ((before & L.ACK_SENT) !== 0) meta |= T.E_OWN_ACKED;
    this.leave(segment, meta, frame, time, peerAck, peerSndMax, sndMax, ownAck, ints[s + L.PROBES]!);
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
      ints[s + L.SIDE_FLAGS]! |= L.HAS_HOLES;
      fresh = length;
    } else if (length > 0) {
      if (seqAfter(dataEnd, max)) fresh = seqDiff(dataEnd, seqMax(max, dataFrom));
      const filled = (ints[s + L.SIDE_FLAGS]! & L.HAS_HOLES) !== 0 ? this.holes.fill(hole, dataFrom, dataEnd) : 0;
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
    return (ints[s + L.SIDE_FLAGS]! & L.HAS_HOLES) === 0 || !this.holes.has(hole);
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
  private reorient(segment: Segment): void {
    if ((this.ints[this.at + L.FLAGS]! & L.FLOW_BY_HANDSHAKE) === 0) this.orient(segment);
  }

  private hasEnded(): boolean {
    const { ints, at } = this;
    const flags = ints[at + L.FLAGS]!;
    if ((flags & L.FLOW_ENDING) === 0) return false;
    const low = ints[at + L.SIDE + L.SIDE_FLAGS]!;
    const high = ints[at + L.SIDE + L.SIDE_WORDS + L.SIDE_FLAGS]!;
    return (low & high & L.FIN_ACKED) !== 0 || ((low | high) & L.RST_SENT) !== 0;
  }

  /** Whether the handshake is complete, so that a SYN into the old TIME_WAIT was accepted. */
  private isAnswered(): boolean {
    const { ints, at } = this;
    const low = ints[at + L.SIDE + L.SIDE_FLAGS]!;
    const high = ints[at + L.SIDE + L.SIDE_WORDS + L.SIDE_FLAGS]!;
    return (low & high & L.SYN_ACKED) !== 0;
  }

  private leave(
    segment: Segment,
    meta: number,
    frame: number,
    time: number,
    peerAck: number,
    peerSndMax: number,
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
    const entry = trails.allocate();
    const words = trails.ints[entry >>> trails.shift]!;
    const e = (entry & trails.mask) * T.ENTRY_WORDS;
    trails.floats[entry >>> trails.shift]![e >> 1] = time;
    words[e + T.E_NEXT] = -1;
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
    words[e + T.E_PEER_SND_MAX] = peerSndMax;
    words[e + T.E_SND_MAX] = sndMax;
    words[e + T.E_OWN_ACK] = ownAck;
    words[e + T.E_INFO] = Math.min(probes, 0xffff) | (segment.optionsLength << 16);
    const tail = ints[at + L.TRAIL_TAIL]!;
    if (tail < 0) ints[at + L.TRAIL_HEAD] = entry;
    else trails.ints[tail >>> trails.shift]![(tail & trails.mask) * T.ENTRY_WORDS + T.E_NEXT] = entry;
    ints[at + L.TRAIL_TAIL] = entry;
    ints[at + L.TRAIL_COUNT] = count + 1;
  }

  /** Hands ended flows that nothing can touch any more to the sink. */
  private expire(now: number): void {
    const { ended } = this;
    while (ended.isDue(now)) {
      const flow = ended.oldestFlow();
      const id = ended.oldestId();
      const time = ended.oldestTime();
      ended.shift();
      this.point(flow);
      const { ints, floats, at } = this;
      const flags = ints[at + L.FLAGS]!;
      if (ints[at + L.ID] !== id || (flags & (L.FLOW_ENDED | L.FLOW_SUPERSEDED | L.FLOW_FINALIZED)) !== L.FLOW_ENDED) {
        continue;
      }
      const quiet = now - (floats[(at + L.LAST_TIME) >> 1]! + this.baseOffset());
      if (quiet > ended.lingerNs) this.finalize(flow);
      else if (now - time < LONGEST_AFTERLIFE) ended.push(flow, id, now);
      else ints[at + L.FLAGS] = flags & ~L.FLOW_ENDED; // an RST that ended nothing: the conversation goes on
    }
  }

  /** What to add to the flow's own times to compare them with `now`. */
  private baseOffset(): number {
    return (this.floats[(this.at + L.BASE_SECONDS) >> 1]! - this.originSeconds) * NS_PER_SECOND;
  }

  private finalize(flow: number): void {
    this.settlePrevious(flow);
    this.table.remove(flow);
    this.hand(flow, -1);
  }

  /** The flow that this one replaced goes to the sink: what became of its TIME_WAIT is known now. */
  private settlePrevious(flow: number): void {
    this.point(flow);
    const previous = this.ints[this.at + L.PREVIOUS]!;
    if (previous < 0) return;
    this.ints[this.at + L.PREVIOUS] = -1;
    this.hand(previous, flow);
  }

  private hand(flow: number, successor: number): void {
    this.point(flow);
    this.ints[this.at + L.FLAGS]! |= L.FLOW_FINALIZED;
    if (!this.sink.flowEnded(flow, successor)) this.release(flow);
  }
}

/** A flow whose RST is followed by traffic for this long (ns) was not ended by it. */
const LONGEST_AFTERLIFE = 300 * NS_PER_SECOND;
