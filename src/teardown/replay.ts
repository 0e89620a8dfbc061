import { ACK, FIN, RST, SYN } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import { E_BEHIND_DATA, type Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import * as S from '../tcp/states.ts';
import { nextState } from '../tcp/transitions.ts';
import { seqAfter, seqAtOrAfter } from '../units.ts';
import { positionOf, shiftOf } from './capture-point.ts';
import { Deliveries, FIN_INFERRED, FIN_NONE, FIN_OBSERVED, hasNoPureAcks } from './deliveries.ts';
import { EndpointReplay, RESET_ENDED, RESET_KILLED_TIME_WAIT } from './endpoint.ts';
import * as F from './facts.ts';
import type { OsProfile } from './profiles.ts';
import { isForeign } from './resets.ts';
import { replaySelfConnect } from './self-connect.ts';
import type { Successor } from './successor.ts';

/**
 * Reconstructs a flow's teardown from its record and trail: both endpoints' states, who began the close and how it
 * went. Pure: the same record gives the same facts, whenever it is asked.
 */
export class Replay {
  readonly facts = new F.Facts();
  readonly deliveries = new Deliveries();
  private readonly endpoint = new EndpointReplay();
  private readonly effects = new Uint8Array(256);

  /**
   * @param end the capture's end so far, ns in the flow's base
   * @param profiles of side 0 and 1
   * @param successor what the next flow on the 4-tuple did to this one, null if there is none
   */
  run(
    view: FlowView,
    trail: Trail,
    end: number,
    profiles: readonly [OsProfile, OsProfile],
    successor: Successor | null,
  ): F.Facts {
    const { facts, deliveries, effects } = this;
    facts.clear();
    effects.fill(0, 0, trail.count);
    facts.client = view.clientSide;
    this.placeCapture(view);
    if (view.has(L.FLOW_SELF_CONNECT)) {
      replaySelfConnect(view, trail, facts);
      this.endStates(0, end, profiles[0], successor);
      return facts;
    }
    deliveries.find(view, trail);
    for (let x = 0; x < 2; x++) {
      this.endpoint.run(view, trail, deliveries, facts, x, profiles[x]!, effects);
    }
    for (let x = 0; x < 2; x++) {
      this.finFacts(view, trail, x);
      this.endStates(x, end, profiles[x]!, successor);
    }
    this.judgeResets(view, trail);
    this.judgeClose(view, trail);
    this.takeNotes(view, trail);
    return facts;
  }

  private placeCapture(view: FlowView): void {
    const { facts } = this;
    // Without pure ACKs an answer may have come long before the segment that tells of it.
    const told = !hasNoPureAcks(view);
    const rtt0 = told ? view.floatOf(0, L.MIN_RTT) : Number.POSITIVE_INFINITY;
    const rtt1 = told ? view.floatOf(1, L.MIN_RTT) : Number.POSITIVE_INFINITY;
    facts.shift[0] = shiftOf(rtt0, rtt1);
    facts.shift[1] = shiftOf(rtt1, rtt0);
    facts.position = facts.client === 0 ? positionOf(rtt0, rtt1) : positionOf(rtt1, rtt0);
  }

  private finFacts(view: FlowView, trail: Trail, x: number): void {
    const { facts, deliveries } = this;
    if (deliveries.fin[x] === FIN_OBSERVED) {
      const sent = deliveries.finSent[x]!;
      facts.finAt[x] = sent < 0 ? view.floatOf(x, L.SIDE_LAST_TIME) : trail.time[sent]!;
      facts.finFrame[x] = sent < 0 ? 0 : trail.frame[sent]! >>> 0;
    }
    facts.finInferred[x] = deliveries.fin[x] === FIN_INFERRED ? 1 : 0;
    const acked = deliveries.finAckFirst[x]!;
    if (acked >= 0) {
      facts.finAckedAt[x] = trail.time[acked]!;
      facts.finAckedFrame[x] = trail.frame[acked]! >>> 0;
    }
  }

  /** How the last state ended, if not by a segment of this flow: by the timer, by the next flow's SYN, or not yet. */
  private endStates(x: number, end: number, profile: OsProfile, successor: Successor | null): void {
    const { facts } = this;
    const state = facts.lastState(x);
    if (state === S.TIME_WAIT) {
      const until = facts.timeWaitRestartedAt[x]! + profile.timeWaitNs;
      const latest = facts.timeWaitRestartedAt[x]! + profile.timeWaitLatestNs;
      const frames = facts.timeWaitFrames[x as 0 | 1];
      if (successor !== null && successor.killedAt < until) {
        this.close(x, S.RECEIVE_RST, successor.killedAt, successor.killedFrame, F.OBSERVED);
        facts.timeWaitEndedBy[x] = F.BY_RST;
        frames.push(successor.killedFrame);
      } else if (successor?.accepted && successor.synAt < until) {
        this.close(x, S.REPLACED, successor.synAt, successor.synFrame, F.OBSERVED);
        facts.timeWaitEndedBy[x] = F.BY_REUSE;
        frames.push(successor.synFrame);
      } else if (latest <= end || successor?.accepted) {
        this.close(x, S.TIMEOUT, until, 0, F.ASSUMED);
        facts.timeWaitEndedBy[x] = F.BY_TIMER;
      }
      return;
    }
    // Another connection on the 4-tuple: this one is gone, and nobody saw when.
    if (successor?.accepted && state !== S.CLOSED && state >= 0) {
      const i = x * F.MAX_SPANS + facts.spans[x]!;
      if (facts.spans[x]! === F.MAX_SPANS) return;
      facts.unseenEnd[x] = 1;
      facts.note(F.noteBit('reused-before-closed'));
      facts.spanState[i] = S.CLOSED;
      facts.spanFrom[i] = Math.max(successor.synAt, facts.spanFrom[i - 1]!);
      facts.spanFrame[i] = successor.synFrame;
      facts.spanEdge[i] = F.EDGE_NONE;
      facts.spanBasis[i] = F.INFERRED;
      facts.spans[x]!++;
    }
  }

  /** Ends a TIME_WAIT by an event of the table. */
  private close(x: number, event: number, time: number, frame: number, basis: number): void {
    const { facts } = this;
    const i = x * F.MAX_SPANS + facts.spans[x]!;
    facts.spanState[i] = nextState(S.TIME_WAIT, event);
    facts.spanFrom[i] = Math.max(time, facts.spanFrom[i - 1]!);
    facts.spanFrame[i] = frame;
    facts.spanEdge[i] = F.EDGE_RECEIVED;
    facts.spanBasis[i] = basis;
    facts.spans[x]!++;
    facts.timeWaitEnd[x] = facts.spanFrom[i]!;
  }

  private judgeResets(view: FlowView, trail: Trail): void {
    const { facts, effects } = this;
    for (let i = 0; i < trail.count; i++) {
      if ((trail.flags[i]! & RST) === 0) continue;
      if ((effects[i]! & (RESET_ENDED | RESET_KILLED_TIME_WAIT)) === 0 && isChallenged(view, trail, i)) {
        facts.note(CHALLENGE_ACK);
      }
      if ((effects[i]! & RESET_ENDED) !== 0) {
        if (facts.resetEntry >= 0) continue;
        facts.resetEntry = i;
        facts.resetBy = trail.side[i]!;
      } else if ((effects[i]! & RESET_KILLED_TIME_WAIT) === 0) {
        // After the end RSTs answer stray segments; before it they were not acceptable. Neither ended anything.
        facts.resetsIgnored++;
      }
    }
    // An RST in the name of an end that goes on, or with another TTL than its, came from somewhere else.
    const i = facts.resetEntry;
    if (i < 0) return;
    if (isForeign(view, trail, i)) facts.resetBy = F.UNKNOWN;
    for (let j = i + 1; j < trail.count; j++) {
      const goesOn = trail.side[j] === facts.resetBy && (trail.flags[j]! & (RST | FIN)) === 0;
      if (goesOn && trail.length[j]! > 0) facts.resetBy = F.UNKNOWN;
    }
  }

  private judgeClose(view: FlowView, trail: Trail): void {
    const { facts, deliveries } = this;
    const fin0 = deliveries.fin[0] !== FIN_NONE;
    const fin1 = deliveries.fin[1] !== FIN_NONE;
    const reset = facts.resetEntry;
    const first = this.firstFin(view, trail);
    const finBeforeReset = reset >= 0 && (this.finIsBefore(0, reset) || this.finIsBefore(1, reset));
    const complete = fin0 && fin1 && this.isComplete(reset);

    if (reset >= 0 && !complete) {
      facts.closedAt = trail.time[reset]!;
      if (finBeforeReset) {
        facts.kind = F.KIND_ABORTED_AFTER_FIN;
        facts.shape = F.SHAPE_FIN_RST;
        facts.initiator = first;
      } else {
        const refused = this.isRefusal(view, trail, reset);
        facts.kind = refused ? F.KIND_REFUSED : F.KIND_ABORTED;
        facts.shape = F.SHAPE_RST;
        facts.initiator = facts.resetBy;
      }
      return;
    }
    if (complete && reset >= 0) {
      // The close was complete: the RST ended nothing but what was left of it.
      facts.resetEntry = -1;
      facts.resetBy = F.NOBODY;
    }
    if (fin0 && fin1) {
      facts.kind = first === F.BOTH ? F.KIND_SIMULTANEOUS : F.KIND_GRACEFUL;
      facts.initiator = first;
      facts.shape = this.closeShape(view, trail, first);
      const [a, b] = [facts.finAckedAt[0]!, facts.finAckedAt[1]!];
      facts.closedAt = Math.max(a, b); // NaN while one is missing
    } else if (fin0 || fin1) {
      facts.kind = F.KIND_HALF_CLOSED;
      facts.initiator = first;
      facts.shape = F.SHAPE_HALF_CLOSE;
      facts.closedAt = Number.NaN;
    } else {
      facts.kind = this.isUnanswered(view) ? F.KIND_UNANSWERED : F.KIND_OPEN;
      facts.shape = F.SHAPE_NONE;
      facts.initiator = F.NOBODY;
      facts.closedAt = Number.NaN;
    }
  }

  /** Whose FIN began the close: each FIN's acknowledgement number says whether its sender had the other's by then. */
  private firstFin(view: FlowView, trail: Trail): number {
    const { deliveries } = this;
    const [fin0, fin1] = [deliveries.fin[0]!, deliveries.fin[1]!];
    if (fin0 === FIN_NONE && fin1 === FIN_NONE) return F.NOBODY;
    if (fin0 === FIN_NONE || fin1 === FIN_NONE) {
      const x = fin0 === FIN_NONE ? 1 : 0;
      return this.peerCanHaveClosedBefore(view, trail, x) ? F.UNKNOWN : x;
    }
    const knew0 = this.knewOfPeersFin(trail, 0);
    const knew1 = this.knewOfPeersFin(trail, 1);
    if (knew0 === 0 && knew1 === 0) return F.BOTH;
    if (knew1 === 1 && knew0 !== 1) return 0;
    if (knew0 === 1 && knew1 !== 1) return 1;
    // Nothing in the numbers: the order in the capture.
    return deliveries.finSent[0]! <= deliveries.finSent[1]! ? 0 : 1;
  }

  /** 1: `x` had the peer's FIN when it sent its own; 0: it had not; -1: its FIN is not in the capture. */
  private knewOfPeersFin(trail: Trail, x: number): number {
    const { deliveries } = this;
    const i = deliveries.finSent[x]!;
    if (deliveries.fin[x] !== FIN_OBSERVED || i < 0 || (trail.flags[i]! & ACK) === 0) {
      // An unseen FIN was sent before the peer's if the peer's acknowledges it.
      return -1;
    }
    return seqAtOrAfter(trail.ack[i]!, deliveries.finEnd[1 - x]!) ? 1 : 0;
  }

  /**
   * Whether the peer of `x`, whose FIN alone was seen, may have closed before: midstream where it was not seen to send
   * data, and where its direction was not captured, unless `x` acknowledged more of it after its own FIN.
   */
  private peerCanHaveClosedBefore(view: FlowView, trail: Trail, x: number): boolean {
    const peer = 1 - x;
    if (!view.sideHas(peer, L.SENT)) {
      const fin = this.deliveries.finSent[x]!;
      return fin < 0 || !seqAfter(view.of(x, L.LAST_ACK_SENT), trail.ack[fin]!);
    }
    const handshake = view.sideHas(0, L.SYN_SENT_FLAG) || view.sideHas(1, L.SYN_SENT_FLAG);
    return !handshake && !view.sideHas(peer, L.DATA_SENT);
  }

  private finIsBefore(x: number, entry: number): boolean {
    const { deliveries } = this;
    return deliveries.fin[x] !== FIN_NONE && deliveries.finSent[x]! < entry;
  }

  /** Both FINs acknowledged before the RST: it came too late to change how the flow ended. */
  private isComplete(reset: number): boolean {
    const { deliveries } = this;
    const [a, b] = [deliveries.finAckFirst[0]!, deliveries.finAckFirst[1]!];
    return a >= 0 && b >= 0 && (reset < 0 || (a < reset && b < reset));
  }

  /** An RST that answers a SYN: nobody listens. */
  private isRefusal(view: FlowView, trail: Trail, reset: number): boolean {
    const server = trail.side[reset]!;
    return (
      server !== this.facts.client &&
      view.sideHas(this.facts.client, L.SYN_SENT_FLAG) &&
      !view.sideHas(server, L.SYN_SENT_FLAG) &&
      !view.sideHas(server, L.OCCUPIES)
    );
  }

  private isUnanswered(view: FlowView): boolean {
    const { client } = this.facts;
    return (
      view.sideHas(client, L.SYN_SENT_FLAG) &&
      !view.sideHas(1 - client, L.SENT) &&
      !view.sideHas(client, L.ACK_SENT) &&
      !view.sideHas(1 - client, L.RST_SENT)
    );
  }

  private closeShape(view: FlowView, trail: Trail, first: number): number {
    const { deliveries } = this;
    if (first === F.BOTH) return F.SHAPE_SIMULTANEOUS;
    if (first === F.UNKNOWN) return F.SHAPE_UNKNOWN;
    const second = 1 - first;
    if (view.sideHas(second, L.DATA_AFTER_FIN_ACKED)) return F.SHAPE_HALF_CLOSE;
    if (hasNoPureAcks(view)) return F.SHAPE_UNKNOWN;
    const acked = deliveries.finAckFirst[first]!;
    if (acked < 0) return F.SHAPE_UNKNOWN;
    const withFin = trail.side[acked] === second && (trail.flags[acked]! & FIN) !== 0;
    return withFin ? F.SHAPE_THREE : F.SHAPE_FOUR;
  }

  private takeNotes(view: FlowView, trail: Trail): void {
    const { facts, deliveries } = this;
    const both = view.of(0, L.SIDE_FLAGS) & view.of(1, L.SIDE_FLAGS);
    const either = view.of(0, L.SIDE_FLAGS) | view.of(1, L.SIDE_FLAGS);
    if ((either & L.SYN_SENT_FLAG) === 0) facts.note(MIDSTREAM);
    if (view.has(L.FLOW_GAP)) facts.note(GAP);
    if ((both & L.SENT) === 0 && facts.kind !== F.KIND_UNANSWERED) facts.note(ONE_DIRECTION);
    if (view.has(L.FLOW_DUPLICATES)) facts.note(DUPLICATES);
    if (view.has(L.FLOW_TRAIL_FULL)) facts.note(TRAIL_CUT);
    if (view.has(L.FLOW_OUT_OF_ORDER_FIN)) facts.note(OUT_OF_ORDER_FIN);
    if (view.retransmittedFins(0) + view.retransmittedFins(1) > 0) facts.note(FIN_RETRANSMITTED);
    if (deliveries.fin[0] === FIN_INFERRED || deliveries.fin[1] === FIN_INFERRED) facts.note(FIN_NOT_CAPTURED);
    if (facts.shape === F.SHAPE_UNKNOWN && hasNoPureAcks(view)) facts.note(NO_PURE_ACKS);
    if (facts.resetsIgnored > 0 && facts.resetEntry < 0) facts.note(RST_IGNORED);
    if (((view.of(0, L.SIDE_FLAGS) | view.of(1, L.SIDE_FLAGS)) & L.DATA_AFTER_FIN_ACKED) !== 0) {
      facts.note(HALF_CLOSE_DATA);
    }
    for (let x = 0; x < 2; x++) {
      // The final ACK was seen, and its addressee sent its FIN again: it had not arrived.
      const acked = deliveries.finAckFirst[x]!;
      if (acked >= 0 && acked !== deliveries.finAckArrived[x]) facts.note(LOST_FINAL_ACK);
      const sent = deliveries.finSent[x]!;
      if (deliveries.fin[x] === FIN_OBSERVED && sent >= 0 && (trail.meta[sent]! & E_BEHIND_DATA) !== 0) {
        facts.note(FIN_BEHIND_DATA);
      }
    }
    this.noteOpening(trail);
  }

  private noteOpening(trail: Trail): void {
    const { facts } = this;
    let pureSyns = 0;
    let bySide = 0;
    let synAcks = 0;
    let synAckSide = -1;
    for (let i = 0; i < trail.count; i++) {
      const flags = trail.flags[i]! & (SYN | ACK);
      if (flags === SYN) {
        pureSyns++;
        bySide |= 1 << trail.side[i]!;
      } else if (flags === (SYN | ACK)) {
        if (synAckSide === trail.side[i]) synAcks++;
        synAckSide = trail.side[i]!;
      }
    }
    if (bySide === 3) facts.note(SIMULTANEOUS_OPEN);
    if (pureSyns > (bySide === 3 ? 2 : 1)) facts.note(SYN_RETRANSMITTED);
    if (synAcks > 0) facts.note(SYN_ACK_RETRANSMITTED);
  }
}

/** Whether the answer to a segment that ended nothing was a pure ACK at once: a challenge (RFC 5961 section 3.2). */
function isChallenged(view: FlowView, trail: Trail, i: number): boolean {
  const x = 1 - trail.side[i]!;
  const rtt = view.floatOf(x, L.MIN_RTT);
  const latest = trail.time[i]! + CHALLENGE_TIME + (rtt === Number.POSITIVE_INFINITY ? 0 : rtt);
  for (let j = i + 1; j < trail.count && trail.time[j]! <= latest; j++) {
    if (trail.side[j] === x) return trail.flags[j] === ACK && trail.length[j] === 0;
  }
  return false;
}

/** A challenge ACK is not delayed (ns). */
const CHALLENGE_TIME = 20_000_000;
const CHALLENGE_ACK = F.noteBit('challenge-ack');
const MIDSTREAM = F.noteBit('midstream');
const GAP = F.noteBit('gap');
const ONE_DIRECTION = F.noteBit('one-direction');
const DUPLICATES = F.noteBit('duplicates');
const TRAIL_CUT = F.noteBit('trail-cut');
const OUT_OF_ORDER_FIN = F.noteBit('out-of-order-fin');
const FIN_RETRANSMITTED = F.noteBit('fin-retransmitted');
const FIN_NOT_CAPTURED = F.noteBit('fin-not-captured');
const NO_PURE_ACKS = F.noteBit('no-pure-acks');
const RST_IGNORED = F.noteBit('rst-ignored');
const HALF_CLOSE_DATA = F.noteBit('half-close-data');
const LOST_FINAL_ACK = F.noteBit('lost-final-ack');
const FIN_BEHIND_DATA = F.noteBit('fin-behind-data');
const SIMULTANEOUS_OPEN = F.noteBit('simultaneous-open');
const SYN_RETRANSMITTED = F.noteBit('syn-retransmitted');
const SYN_ACK_RETRANSMITTED = F.noteBit('syn-ack-retransmitted');
