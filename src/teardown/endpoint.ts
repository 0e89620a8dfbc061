import { ACK, FIN, RST, SYN } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import type { Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import * as S from '../tcp/states.ts';
import { seqAtOrAfter } from '../units.ts';
import { travelTime } from './capture-point.ts';
import {
  type Deliveries,
  FIN_INFERRED,
  FIN_NONE,
  FIN_OBSERVED,
  isPreceded,
  lacksAcksOf,
  skipsIds,
} from './deliveries.ts';
import { hasExpired, hasGivenUp, isMidstream, isPassiveOpener, mayHaveExpired, wasResetLost } from './edges.ts';
import * as F from './facts.ts';
import { StateMachine } from './machine.ts';
import { KNEW_NOT, whatItKnew } from './order.ts';
import type { OsProfile } from './profiles.ts';
import { hasEarlierFin } from './repetitions.ts';
import { isForeign } from './reset-origin.ts';
import {
  changedPlaces,
  endsSender,
  hasAbortedBefore,
  isEffective,
  isExact,
  isReply,
  lastSentBefore,
} from './resets.ts';

/** Bits of `effects`: what an entry of the trail did. */
export const RESET_ENDED = 1;
export const RESET_KILLED_TIME_WAIT = 2;

/**
 * One endpoint's state machine, driven over the trail in the endpoint's own order of events: what it sent when it
 * sent it, what it received at the latest before it shows that it knows (deliveries.ts). A FIN that crossed its own
 * is thus received after it sent its own, whatever the order in the capture.
 */
export class EndpointReplay extends StateMachine {
  private view!: FlowView;
  private trail!: Trail;
  private deliveries!: Deliveries;
  private profile!: OsProfile;
  private finSent = false;
  private finReceived = false;
  private synReceived = false;
  private finAcked = false;
  /** an acknowledgement of its FIN that was sent after the peer's FIN, which it is known to lack yet; -1 */
  private heldAck = -1;
  /** an RST on its way, and the last segment that this endpoint sent before it arrived; -1 */
  private heldReset = -1;
  private heldUntil = -1;

  /** @param effects per entry of the trail: which RSTs ended something; bits are added */
  run(
    view: FlowView,
    trail: Trail,
    deliveries: Deliveries,
    facts: F.Facts,
    x: number,
    profile: OsProfile,
    effects: Uint8Array,
  ): void {
    this.view = view;
    this.trail = trail;
    this.deliveries = deliveries;
    this.profile = profile;
    this.finSent = false;
    this.finReceived = false;
    this.synReceived = false;
    this.finAcked = false;
    this.heldAck = -1;
    this.heldReset = -1;
    this.heldUntil = -1;
    this.start(facts, x, isPassiveOpener(view, trail, x) ? S.LISTEN : S.CLOSED);
    if (isMidstream(view, x)) {
      this.emit(S.SYNCHRONIZED, view.float(L.FIRST_TIME), 0, F.EDGE_NONE, F.INFERRED);
    }
    for (let i = 0; i < trail.count; i++) {
      if (trail.flags[i] === 0) continue;
      if (trail.side[i] !== x) this.received(i, effects);
      else {
        this.sent(i, effects);
        if (this.heldUntil === i) this.receiveReset(this.heldReset, effects);
      }
    }
    this.receiveSyn();
    if (!this.finReceived && deliveries.finArrived[x]! >= 0) this.receiveFin(trail.count);
  }

  private sentAt(i: number): number {
    return this.trail.time[i]! - this.facts.shift[this.x]!;
  }

  private receivedAt(i: number): number {
    return this.trail.time[i]! + this.facts.shift[this.x]!;
  }

  private frame(i: number): number {
    return this.trail.frame[i]! >>> 0;
  }

  /** A segment of this endpoint: it had received what the segment acknowledges, then it sent it. */
  private sent(i: number, effects: Uint8Array): void {
    const { trail, deliveries, x } = this;
    const flags = trail.flags[i]!;
    const isPureSyn = (flags & (SYN | ACK)) === SYN;
    if (!isPureSyn && (flags & RST) === 0) this.receiveSyn();
    this.sendEarlierFin(i);
    if (deliveries.finProof[x] === i) this.receiveFin(i);
    if (isPureSyn) this.emit(S.SEND_SYN, this.sentAt(i), this.frame(i), F.EDGE_SENT, F.OBSERVED);
    else if ((flags & RST) === 0) this.synchronize(i);
    if ((flags & FIN) !== 0) this.sendFin(i, this.sentAt(i));
    if ((flags & RST) !== 0 && this.endsItself(i)) {
      if (this.state === S.TIME_WAIT) return;
      const stay = this.state === S.FIN_WAIT_2 ? this.sentAt(i) - this.last : -1;
      if (stay >= 0 && hasExpired(trail, i, stay, deliveries.fin[1 - x]!, this.profile)) {
        this.facts.unseenEnd[x] = 1;
        this.facts.note(F.noteBit('fin-wait-2-expired'));
        this.emit(S.TIMEOUT, this.sentAt(i), this.frame(i), F.EDGE_SENT, F.INFERRED);
        effects[i]! |= RESET_ENDED;
      } else {
        const before = this.state;
        const gone = before === S.FIN_WAIT_1 && hasGivenUp(trail, i, deliveries.finEnd[x]!);
        if (gone) this.facts.unseenEnd[x] = 1;
        const told = !mayHaveExpired(trail, i, stay);
        this.emit(
          S.SEND_RST,
          this.sentAt(i),
          this.frame(i),
          this.edgeOfReset(F.EDGE_SENT),
          gone ? F.INFERRED : told ? F.OBSERVED : F.ASSUMED,
        );
        if (before !== this.state) effects[i]! |= RESET_ENDED;
      }
    }
  }

  /** Whether this endpoint's RST ends it: its abort, or the reply to data for a socket that it had closed. */
  private endsItself(i: number): boolean {
    const { trail, view } = this;
    return (
      (isExact(trail, i) || (this.finSent && isReply(trail, i))) && endsSender(trail, i) && !isForeign(view, trail, i)
    );
  }

  private sendFin(i: number, time: number): void {
    if (this.finSent) return;
    this.finSent = true;
    const late = skipsIds(this.view, this.trail, i) || hasEarlierFin(this.trail, this.x, i);
    this.emit(S.SEND_FIN, time, this.frame(i), late ? F.EDGE_LATE : F.EDGE_SENT, F.OBSERVED);
    // Captured out of order: its acknowledgement stands before it.
    const acked = this.deliveries.finAckArrived[this.x]!;
    if (acked >= 0 && acked < i) this.receiveFinAck(acked);
  }

  /** A segment from behind its FIN was captured before the FIN, or without it and before it had the peer's: sent earlier. */
  private sendEarlierFin(i: number): void {
    const { trail, deliveries, x } = this;
    if (this.finSent || deliveries.fin[x] === FIN_NONE || (trail.flags[i]! & (SYN | FIN)) !== 0) return;
    const fin = deliveries.finSent[x]!;
    const behind = seqAtOrAfter(trail.seq[i]!, deliveries.finEnd[x]!);
    // An RST may have any sequence number: only one that is just behind the FIN tells.
    const isReset = (trail.flags[i]! & RST) !== 0;
    const inferred = deliveries.fin[x] === FIN_INFERRED;
    if (!behind || (isReset && (inferred || trail.seq[i] !== deliveries.finEnd[x] || !changedPlaces(trail, i, fin))))
      return;
    if (!inferred) {
      this.open(this.sentAt(i));
      this.sendFin(fin, this.sentAt(i));
    } else if (i <= deliveries.finUncovered[x]!) {
      this.finSent = true;
      this.open(this.view.float(L.FIRST_TIME));
      this.emit(S.SEND_FIN, this.sentAt(i), 0, F.EDGE_NONE, F.INFERRED);
    }
  }

  /** A segment of the peer: it takes effect now if this endpoint is known to have it, else when it shows it. */
  private received(i: number, effects: Uint8Array): void {
    const { trail, deliveries, x } = this;
    const flags = trail.flags[i]!;
    if ((flags & RST) !== 0) {
      if (wasResetLost(trail, i, this.view.floatOf(x, L.MIN_RTT))) return;
      // What this endpoint sent while the RST was on its way, it sent before it had it.
      const until = lastSentBefore(this.view, trail, i, x);
      if (until < 0) this.receiveReset(i, effects);
      else if (this.heldReset < 0 || !isExact(trail, this.heldReset)) {
        this.heldReset = i;
        this.heldUntil = until;
      }
      return;
    }
    if (this.state === S.TIME_WAIT) {
      const began = i === deliveries.finArrived[x] || i === deliveries.finAckArrived[x];
      const restarts = this.profile.timeWaitRestartedBy === 'ack' || (flags & FIN) !== 0;
      const isAck = (flags & (SYN | ACK)) === ACK;
      if (isAck && !began && restarts) this.restartTimeWait(this.receivedAt(i), this.frame(i));
      return;
    }
    // Later segments of the peer arrive after its FIN, unless this endpoint still shows that it lacks it.
    const arrived = deliveries.finArrived[x]!;
    if (!this.finReceived && arrived >= 0 && arrived < i && this.mayHaveFin(i)) this.receiveFin(i);
    if ((flags & SYN) === 0) this.receiveSyn();
    const synArrived = deliveries.synArrived[x]!;
    if (deliveries.synAckArrived[x] === i && ((flags & SYN) === 0 || (synArrived >= 0 && synArrived < i))) {
      this.receiveSyn();
      this.emit(S.RECEIVE_ACK_OF_SYN, this.receivedAt(i), this.frame(i), F.EDGE_RECEIVED, F.OBSERVED);
    }
    if (deliveries.finAckArrived[x] === i && (this.finSent || deliveries.fin[x] === FIN_INFERRED)) {
      if (!this.finReceived && arrived >= 0 && arrived < i) this.heldAck = i;
      else this.receiveFinAck(i);
    }
    if (arrived === i && !this.finReceived && this.mayHaveFin(i)) this.receiveFin(i);
  }

  /** Whether nothing that this endpoint sends later, or sent before its own FIN, shows that it lacks the peer's FIN. */
  private mayHaveFin(i: number): boolean {
    const { view, trail, deliveries, x } = this;
    if (i <= deliveries.finUncovered[x]!) return false;
    if (this.finSent || deliveries.fin[x] !== FIN_OBSERVED || deliveries.finSent[x]! < 0) return true;
    return whatItKnew(view, trail, deliveries, x) !== KNEW_NOT;
  }

  private receiveReset(i: number, effects: Uint8Array): void {
    const { trail, deliveries, x, view, facts } = this;
    if (i === this.heldReset) this.heldReset = this.heldUntil = -1;
    const arrived = deliveries.finArrived[x]!;
    if (this.state !== S.SYN_SENT) this.receiveSyn();
    const peerFinEnd = deliveries.finEnd[1 - x]!;
    if (!isEffective(view, trail, i, x, this.state, peerFinEnd, this.finReceived)) return;
    if (!this.finReceived && arrived >= 0 && arrived < i) this.receiveFin(i);
    const before = this.state;
    if (before === S.TIME_WAIT && !this.profile.resetEndsTimeWait) return;
    this.emit(S.RECEIVE_RST, this.receivedAt(i), this.frame(i), this.edgeOfReset(F.EDGE_RECEIVED), F.OBSERVED);
    if (before === S.TIME_WAIT && this.state === S.CLOSED) {
      facts.timeWaitEndedBy[x] = F.BY_RST;
      facts.timeWaitEnd[x] = this.last;
      facts.addTimeWaitFrame(x, this.frame(i));
      effects[i]! |= RESET_KILLED_TIME_WAIT;
    } else if (before !== this.state) effects[i]! |= RESET_ENDED;
  }

  /** A segment that only a synchronized connection sends, where the capture lacks what synchronized it. */
  private synchronize(i: number): void {
    const { trail, facts, deliveries, x } = this;
    const unopened = this.state === S.LISTEN || (this.state === S.CLOSED && facts.spans[x] === 0);
    const unanswered = this.state === S.SYN_SENT;
    const halfOpen = this.state === S.SYN_RECEIVED && trail.length[i]! > 0 && deliveries.synAckArrived[x]! < 0;
    if ((trail.flags[i]! & SYN) !== 0 || !(unopened || unanswered || halfOpen)) return;
    this.emit(S.SYNCHRONIZED, this.sentAt(i), this.frame(i), F.EDGE_SENT, F.INFERRED);
  }

  private receiveSyn(): void {
    const { trail, deliveries, x } = this;
    const i = deliveries.synArrived[x]!;
    if (this.synReceived || i < 0) return;
    this.synReceived = true;
    const event = (trail.flags[i]! & ACK) !== 0 ? S.RECEIVE_SYN_ACK : S.RECEIVE_SYN;
    this.emit(event, this.receivedAt(i), this.frame(i), F.EDGE_RECEIVED, F.OBSERVED);
  }

  /** @param shownBy the entry by which it is known to have the FIN; the trail's length at the end of it */
  private receiveFin(shownBy: number): void {
    const { trail, deliveries, x } = this;
    const i = deliveries.finArrived[x]!;
    if (this.finReceived || i < 0 || this.isGone()) return;
    this.finReceived = true;
    this.open(this.view.float(L.FIRST_TIME));
    // RFC 9293 3.10.7.4: the acknowledgement in a segment comes before its FIN.
    const acked = deliveries.finAckArrived[x]!;
    if (!this.finAcked && acked >= 0 && acked <= i && this.finSent) this.receiveFinAck(acked);
    const inferred = deliveries.fin[1 - x] === FIN_INFERRED;
    let time = inferred ? this.sentAt(i) : this.receivedAt(i);
    const uncovered = deliveries.finUncovered[x]!;
    if (uncovered >= 0 && uncovered < trail.count) time = Math.max(time, this.sentAt(uncovered));
    if (shownBy < trail.count && trail.side[shownBy] === x) time = Math.min(time, this.sentAt(shownBy));
    const basis = inferred || deliveries.finProof[x]! < 0 ? F.INFERRED : F.OBSERVED;
    this.emit(S.RECEIVE_FIN, time, inferred ? 0 : this.frame(i), F.EDGE_RECEIVED, basis);
    if (this.heldAck >= 0) this.receiveFinAck(this.heldAck);
  }

  private receiveFinAck(i: number): void {
    const { x, deliveries, trail, view, facts } = this;
    if (this.finAcked || hasAbortedBefore(trail, i, x, travelTime(view.floatOf(x, L.MIN_RTT), facts.shift[x]!))) return;
    this.finAcked = true;
    if (deliveries.fin[x] === FIN_INFERRED && !this.finSent) {
      this.finSent = true;
      this.open(this.view.float(L.FIRST_TIME));
      this.emit(S.SEND_FIN, this.receivedAt(i) - 2 * this.facts.shift[x]!, 0, F.EDGE_NONE, F.INFERRED);
    }
    // Without pure ACKs in the capture it may have come long before.
    const late = lacksAcksOf(this.view, 1 - x) || isPreceded(this.view, this.trail, i);
    const edge = late ? F.EDGE_LATE : F.EDGE_RECEIVED;
    this.emit(S.RECEIVE_ACK_OF_FIN, this.receivedAt(i), this.frame(i), edge, F.OBSERVED);
    if (this.state === S.CLOSED) this.facts.closedAt = this.trail.time[i]!;
  }

  /** In FIN_WAIT_1, while the capture does not show the acknowledgements: it may have been in FIN_WAIT_2. */
  private edgeOfReset(edge: number): number {
    return this.state === S.FIN_WAIT_1 && lacksAcksOf(this.view, 1 - this.x) ? F.EDGE_LATE : edge;
  }

  /** What it did shows that the connection was open, though the capture lacks what opened it. */
  private open(time: number): void {
    if (this.state < S.SYN_RECEIVED) this.emit(S.SYNCHRONIZED, time, 0, F.EDGE_NONE, F.INFERRED);
  }
}
