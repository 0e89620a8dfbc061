import { ACK, FIN, RST, SYN } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import { E_CONTIGUOUS, E_ID_GAP, type Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import { seqAtOrAfter, seqDiff } from '../units.ts';
import { arrivedFin, holeFilled, isBeforeEchoed, isEchoed, isTransmission, JITTER } from './echoes.ts';
import { isDataAgain, repeatsAfter } from './repetitions.ts';
import { changedPlaces, isExact } from './resets.ts';

/** Where no round trip is known, an endpoint that is alive answers a FIN within this (ns): delayed ACK 40 ms to 200 ms, then some. */
const ANSWER_TIME = 300_000_000;
/** A round trip is no longer than so many times the smallest where nothing holds it up. */
const LONGEST_TRIP = 1.5;

export const FIN_NONE = 0;
export const FIN_OBSERVED = 1;
/** an acknowledgement covers one byte more than its sender was seen to send, and the peer closes too */
export const FIN_INFERRED = 2;

/**
 * Which segments reached the other end, and when at the latest: the whole trail is looked at before any state is.
 *
 * The acknowledgement number of a segment is its sender's RCV.NXT at that moment, so an endpoint's own segments tell
 * what it had received before each of them. A SYN or FIN has therefore arrived before the first of the receiver's
 * segments that covers it (the proof) and after the last that doesn't, but for one that crossed it. Of several
 * transmissions echoes.ts says which arrived, and repetitions.ts whether an acknowledgement did.
 *
 * Arrays are by side X; "peer" is the other side. Entries are indexes in the trail, -1 for none.
 */
export class Deliveries {
  /** FIN_NONE, FIN_OBSERVED or FIN_INFERRED: X's FIN */
  readonly fin = new Int32Array(2);
  /** sequence number after X's FIN */
  readonly finEnd = new Int32Array(2);
  /** X's first transmission of its FIN; for an inferred one the peer's segment that acknowledges it */
  readonly finSent = new Int32Array(2);
  /** the peer's transmission (or the filler of the hole before it) that brought the peer's FIN to X */
  readonly finArrived = new Int32Array(2);
  /** X's first segment that acknowledges the peer's FIN */
  readonly finProof = new Int32Array(2);
  /** X's last segment before the proof that does not */
  readonly finUncovered = new Int32Array(2);
  /** the peer's segment by which X learned that its FIN had arrived */
  readonly finAckArrived = new Int32Array(2);
  /** the first segment that acknowledges X's FIN, whether or not it arrived */
  readonly finAckFirst = new Int32Array(2);
  /** the same for SYNs */
  readonly synArrived = new Int32Array(2);
  readonly synProof = new Int32Array(2);
  readonly synAckArrived = new Int32Array(2);

  find(view: FlowView, trail: Trail): void {
    for (let x = 0; x < 2; x++) this.findFin(view, trail, x);
    for (let x = 0; x < 2; x++) {
      this.findSynDelivery(view, trail, x);
      this.findFinDelivery(view, trail, x);
      this.findAcks(view, trail, x);
    }
  }

  private findFin(view: FlowView, trail: Trail, x: number): void {
    const peer = 1 - x;
    this.fin[x] = FIN_NONE;
    this.finSent[x] = -1;
    if (view.sideHas(x, L.FIN_SENT_FLAG)) {
      this.fin[x] = FIN_OBSERVED;
      this.finEnd[x] = view.of(x, L.FIN_END);
      for (let i = 0; i < trail.count; i++) {
        if (trail.side[i] === x && (trail.flags[i]! & FIN) !== 0) {
          this.finSent[x] = i;
          return;
        }
      }
      return;
    }
    // The FIN itself is missing: the peer, which closes too, acknowledged one byte that nobody saw.
    if (!view.sideHas(x, L.OCCUPIES) || !view.sideHas(peer, L.FIN_SENT_FLAG)) return;
    const unseen = (view.of(x, L.SND_MAX) + 1) | 0;
    if (view.of(peer, L.LAST_ACK_SENT) !== unseen) return;
    for (let i = 0; i < trail.count; i++) {
      const ofPeer = trail.side[i] === peer && (trail.flags[i]! & (ACK | RST)) === ACK;
      if (!ofPeer || trail.ack[i] !== unseen) continue;
      // The byte may have been data. It was a FIN if X goes on behind it with nothing, or if the peer had closed before.
      const peerClosed = hasFinBefore(trail, peer, i);
      if (!view.sideHas(x, L.SILENT_BYTE) && !peerClosed) return;
      this.fin[x] = FIN_INFERRED;
      this.finEnd[x] = unseen;
      this.finSent[x] = i;
      return;
    }
  }

  private findSynDelivery(view: FlowView, trail: Trail, x: number): void {
    const peer = 1 - x;
    this.synArrived[x] = -1;
    this.synProof[x] = -1;
    if (!view.sideHas(peer, L.SYN_SENT_FLAG) || !view.sideHas(x, L.OCCUPIES)) return;
    const synEnd = view.of(peer, L.FIRST_SEQ);
    let proof = -1;
    for (let i = 0; i < trail.count; i++) {
      if (trail.side[i] === x && tellsOfArrival(trail, i) && seqAtOrAfter(trail.ack[i]!, synEnd)) {
        proof = i;
        break;
      }
    }
    let last = -1;
    let echoed = -1;
    // What is answered with a SYN-ACK was a SYN, not the SYN-ACK of a simultaneous open.
    const answer = proof >= 0 && (trail.flags[proof]! & SYN) !== 0 ? SYN : SYN | ACK;
    for (let i = 0; i < trail.count; i++) {
      if (answer === SYN && last >= 0 && (trail.flags[i]! & ACK) !== 0) continue;
      if (trail.side[i] !== peer || (trail.flags[i]! & SYN) === 0 || trail.seq[i] !== ((synEnd - 1) | 0)) continue;
      if (proof >= 0 && i > proof && last >= 0) break;
      last = i;
      if (proof >= 0 && isEchoed(trail, i, proof)) echoed = i;
    }
    this.synProof[x] = proof;
    if (proof >= 0 || this.isUncontradicted(view, trail, x, last, synEnd)) {
      this.synArrived[x] = echoed >= 0 ? echoed : last;
    }
  }

  private findFinDelivery(view: FlowView, trail: Trail, x: number): void {
    const peer = 1 - x;
    this.finArrived[x] = -1;
    this.finProof[x] = -1;
    this.finUncovered[x] = -1;
    if (this.fin[peer] === FIN_NONE) return;
    const finEnd = this.finEnd[peer]!;
    let proof = -1;
    for (let i = 0; i < trail.count; i++) {
      if (trail.side[i] !== x || !tellsOfArrival(trail, i)) continue;
      if (isOfEarlierLap(trail, i, this.finSent[peer]!, finEnd)) continue;
      if (seqAtOrAfter(trail.ack[i]!, finEnd)) {
        proof = i;
        break;
      }
      if ((trail.flags[i]! & RST) === 0) this.finUncovered[x] = i;
    }
    this.finProof[x] = proof;
    if (this.fin[peer] === FIN_INFERRED) {
      this.finArrived[x] = proof;
      return;
    }
    if (proof < 0) {
      this.finArrived[x] = this.unprovenFin(view, trail, x);
      return;
    }
    const rtt = view.floatOf(x, L.MIN_RTT);
    const first = this.finSent[peer]!;
    const uncovered = this.finUncovered[x]!;
    const arrived = arrivedFin(trail, first, finEnd, proof, uncovered, rtt === Number.POSITIVE_INFINITY ? 0 : rtt);
    this.finArrived[x] = view.has(L.FLOW_OUT_OF_ORDER_FIN) ? holeFilled(trail, peer, arrived, proof) : arrived;
  }

  /** The peer's FIN that nobody acknowledged, and that nothing says did not arrive; -1: it may have been lost. */
  private unprovenFin(view: FlowView, trail: Trail, x: number): number {
    const peer = 1 - x;
    const fin = this.finSent[peer]!;
    for (let i = fin + 1; i < trail.count; i++) if (isTransmission(trail, peer, i)) return -1;
    if (!this.isUncontradicted(view, trail, x, fin, this.finEnd[peer]!)) return -1;
    return view.has(L.FLOW_OUT_OF_ORDER_FIN) ? holeFilled(trail, peer, fin, -1) : fin;
  }

  /** Nothing proves that the segment arrived: it is taken so unless X goes on as if it hadn't. */
  private isUncontradicted(view: FlowView, trail: Trail, x: number, sent: number, end: number): boolean {
    if (sent < 0 || !view.sideHas(x, L.OCCUPIES)) return false;
    // A filter that keeps SYN, FIN and RST alone makes holes of all data.
    if ((trail.meta[sent]! & E_CONTIGUOUS) === 0 && !hasNoPureAcks(view)) return false;
    const rtt = view.floatOf(x, L.MIN_RTT);
    // What it sends later acknowledges it, whether or not an ACK alone would wait.
    const latest = rtt === Number.POSITIVE_INFINITY ? ANSWER_TIME : rtt * LONGEST_TRIP + JITTER;
    if (view.floatOf(x, L.SIDE_LAST_TIME) > trail.time[sent]! + latest) return false;
    for (let i = sent + 1; i < trail.count; i++) {
      if (trail.side[i] === x && (trail.flags[i]! & RST) !== 0) return false;
      const repeated = trail.side[i] !== x && (trail.flags[i]! & (SYN | FIN)) !== 0;
      if (repeated && seqDiff(trail.seq[i]!, end) < 0) return false;
    }
    return true;
  }

  /**
   * Which acknowledgement told X that its FIN (or SYN) had arrived: the first after which X did not send it again,
   * but for a retransmission that crossed it on the way.
   */
  private findAcks(view: FlowView, trail: Trail, x: number): void {
    const smallest = view.floatOf(x, L.MIN_RTT);
    const rtt = smallest === Number.POSITIVE_INFINITY ? 0 : smallest;
    const crossing = rtt + JITTER;
    const synEnd = view.of(x, L.FIRST_SEQ);
    this.finAckFirst[x] = -1;
    this.finAckArrived[x] = -1;
    this.synAckArrived[x] = -1;
    for (let i = 0; i < trail.count; i++) {
      if (trail.side[i] === x || (trail.flags[i]! & (ACK | RST)) !== ACK) continue;
      if (view.sideHas(x, L.SYN_SENT_FLAG) && this.synAckArrived[x]! < 0 && seqAtOrAfter(trail.ack[i]!, synEnd)) {
        if (!repeatsAfter(trail, x, SYN, i, crossing)) this.synAckArrived[x] = i;
      }
      if (this.fin[x] === FIN_NONE || isOfEarlierLap(trail, i, this.finSent[x]!, this.finEnd[x]!)) continue;
      if (!seqAtOrAfter(trail.ack[i]!, this.finEnd[x]!)) continue;
      const lost = isBeforeEchoed(trail, i, this.finArrived[x]!, this.finProof[x]!);
      if (this.finAckFirst[x]! < 0) this.finAckFirst[x] = i;
      if (!lost && !repeatsAfter(trail, x, FIN, i, crossing) && !this.sendsDataAgain(trail, x, i, rtt)) {
        this.finAckArrived[x] = i;
        return;
      }
    }
  }

  /**
   * Whether `x` sends data from before its FIN again, later than the acknowledgement at `i` can have crossed, and never shows by
   * an echo that it has that.
   */
  private sendsDataAgain(trail: Trail, x: number, i: number, rtt: number): boolean {
    const fin = this.finSent[x]!;
    if (this.fin[x] !== FIN_OBSERVED || fin < 0) return false;
    const latest = trail.time[i]! + rtt * LONGEST_TRIP + JITTER;
    let again = false;
    for (let j = i + 1; j < trail.count; j++) {
      if (trail.side[j] !== x) continue;
      if (isEchoed(trail, i, j)) return false;
      if (trail.time[j]! > latest && isDataAgain(trail, j, fin, this.finEnd[x]!)) again = true;
    }
    return again;
  }
}

/** Whether a segment says what its sender had received: of RSTs only one that nothing says is not from that end. */
function tellsOfArrival(trail: Trail, i: number): boolean {
  return (trail.flags[i]! & ACK) !== 0 && ((trail.flags[i]! & RST) === 0 || isExact(trail, i));
}

/** No pure ACK from either side: the capture was filtered to SYN, FIN and RST. */
export function hasNoPureAcks(view: FlowView): boolean {
  return !view.sideHas(0, L.PURE_ACK_SENT) && !view.sideHas(1, L.PURE_ACK_SENT);
}

/** Whether the capture lacks a side's pure ACKs: it has none at all, or nothing of that side. */
export function lacksAcksOf(view: FlowView, side: number): boolean {
  return hasNoPureAcks(view) || !view.sideHas(side, L.SENT);
}

/**
 * Whether the capture lacks segments of its sender before entry `i`, by IP identifications or sequence numbers: what it
 * says, one of these may have said before. What came late was not missing.
 */
export function isPreceded(view: FlowView, trail: Trail, i: number): boolean {
  if (skipsIds(view, trail, i)) return true;
  if ((trail.meta[i]! & E_CONTIGUOUS) !== 0) return false;
  for (let j = i + 1; j < trail.count; j++) {
    if (trail.side[j] === trail.side[i] && (trail.meta[j]! & E_CONTIGUOUS) !== 0) return false;
  }
  return true;
}

/** The same by IP identifications alone: of a FIN behind missing data nothing says that it was sent before. */
export function skipsIds(view: FlowView, trail: Trail, i: number): boolean {
  return (trail.meta[i]! & E_ID_GAP) !== 0 && !view.has(L.FLOW_IDS_BACK << trail.side[i]!);
}

/**
 * Whether entry `i`, from well before the FIN, only seems to acknowledge it: numbers wrap after 4 GB. One that is at
 * the FIN's end acknowledges a FIN that the capture missed, and of which it holds a later transmission.
 */
function isOfEarlierLap(trail: Trail, i: number, fin: number, finEnd: number): boolean {
  return i < fin && !changedPlaces(trail, i, fin) && seqDiff(trail.ack[i]!, finEnd) > 1 << 20;
}

function hasFinBefore(trail: Trail, side: number, entry: number): boolean {
  for (let i = 0; i < entry; i++) {
    if (trail.side[i] === side && (trail.flags[i]! & FIN) !== 0) return true;
  }
  return false;
}
