import { ACK, FIN, RST, SYN } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import { E_BEHIND_DATA, type Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import { type Deliveries, FIN_INFERRED, FIN_OBSERVED, hasNoPureAcks, skipsIds } from './deliveries.ts';
import * as F from './facts.ts';

/** The flow's oddities. */
export function takeNotes(view: FlowView, trail: Trail, facts: F.Facts, deliveries: Deliveries): void {
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
    // The final ACK was seen, and its addressee sent again what it acknowledges: it had not arrived. One on a FIN is not final.
    const acked = deliveries.finAckFirst[x]!;
    const final = acked >= 0 && ((trail.flags[acked]! & FIN) === 0 || view.retransmittedFins(x) > 0);
    if (final && acked !== deliveries.finAckArrived[x]) facts.note(LOST_FINAL_ACK);
    const sent = deliveries.finSent[x]!;
    if (deliveries.fin[x] === FIN_OBSERVED && sent >= 0 && (trail.meta[sent]! & E_BEHIND_DATA) !== 0) {
      facts.note(FIN_BEHIND_DATA);
      facts.finBehindData[x] = 1;
    }
    if (deliveries.fin[x] === FIN_OBSERVED && sent >= 0 && skipsIds(view, trail, sent)) facts.note(FIN_SENT_BEFORE);
  }
  noteChallenges(view, trail, facts);
  noteOpening(trail, facts);
}

function noteChallenges(view: FlowView, trail: Trail, facts: F.Facts): void {
  if (facts.resetsIgnored === 0) return;
  for (let i = 0; i < trail.count; i++) {
    if (i !== facts.resetEntry && (trail.flags[i]! & RST) !== 0 && isChallenged(view, trail, i))
      facts.note(CHALLENGE_ACK);
  }
}

function noteOpening(trail: Trail, facts: F.Facts): void {
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
const FIN_SENT_BEFORE = F.noteBit('fin-sent-before');
const SIMULTANEOUS_OPEN = F.noteBit('simultaneous-open');
const SYN_RETRANSMITTED = F.noteBit('syn-retransmitted');
const SYN_ACK_RETRANSMITTED = F.noteBit('syn-ack-retransmitted');
