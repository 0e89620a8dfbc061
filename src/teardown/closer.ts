import { ACK, FIN } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import type { Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import { seqAfter, seqAtOrAfter } from '../units.ts';
import { type Deliveries, FIN_NONE, FIN_OBSERVED, hasNoPureAcks } from './deliveries.ts';
import * as F from './facts.ts';

/** How the flow ended: kind, shape, who began it, and when it was complete. */
export function judgeClose(view: FlowView, trail: Trail, facts: F.Facts, deliveries: Deliveries): void {
  const fin0 = deliveries.fin[0] !== FIN_NONE;
  const fin1 = deliveries.fin[1] !== FIN_NONE;
  const reset = facts.resetEntry;
  const first = firstFin(view, trail, deliveries);
  const finBeforeReset = reset >= 0 && (finIsBefore(deliveries, 0, reset) || finIsBefore(deliveries, 1, reset));
  const complete = fin0 && fin1 && isComplete(deliveries, reset);

  if (reset >= 0 && !complete) {
    facts.closedAt = trail.time[reset]!;
    if (finBeforeReset) {
      facts.kind = F.KIND_ABORTED_AFTER_FIN;
      facts.shape = F.SHAPE_FIN_RST;
      facts.initiator = first;
    } else {
      const refused = isRefusal(view, trail, reset);
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
    facts.shape = closeShape(view, trail, deliveries, first);
    facts.closedAt = Math.max(facts.finAckedAt[0]!, facts.finAckedAt[1]!); // NaN while one is missing
  } else if (fin0 || fin1) {
    facts.kind = F.KIND_HALF_CLOSED;
    facts.initiator = first;
    facts.shape = F.SHAPE_HALF_CLOSE;
    facts.closedAt = Number.NaN;
  } else {
    facts.kind = isUnanswered(view) ? F.KIND_UNANSWERED : F.KIND_OPEN;
    facts.shape = F.SHAPE_NONE;
    facts.initiator = F.NOBODY;
    facts.closedAt = Number.NaN;
  }
}

/** Whose FIN began the close: each FIN's acknowledgement number says whether its sender had the other's by then. */
function firstFin(view: FlowView, trail: Trail, deliveries: Deliveries): number {
  const fin0 = deliveries.fin[0]!;
  const fin1 = deliveries.fin[1]!;
  if (fin0 === FIN_NONE && fin1 === FIN_NONE) return F.NOBODY;
  if (fin0 === FIN_NONE || fin1 === FIN_NONE) {
    const x = fin0 === FIN_NONE ? 1 : 0;
    return peerCanHaveClosedBefore(view, trail, deliveries, x) ? F.UNKNOWN : x;
  }
  const knew0 = knewOfPeersFin(trail, deliveries, 0);
  const knew1 = knewOfPeersFin(trail, deliveries, 1);
  if (knew0 === 0 && knew1 === 0) return F.BOTH;
  if (knew1 === 1 && knew0 !== 1) return 0;
  if (knew0 === 1 && knew1 !== 1) return 1;
  // Nothing in the numbers: the order in the capture.
  return deliveries.finSent[0]! <= deliveries.finSent[1]! ? 0 : 1;
}

/** 1: `x` had the peer's FIN when it sent its own; 0: it had not; -1: its FIN is not in the capture. */
function knewOfPeersFin(trail: Trail, deliveries: Deliveries, x: number): number {
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
function peerCanHaveClosedBefore(view: FlowView, trail: Trail, deliveries: Deliveries, x: number): boolean {
  const peer = 1 - x;
  if (!view.sideHas(peer, L.SENT)) {
    const fin = deliveries.finSent[x]!;
    return fin < 0 || !seqAfter(view.of(x, L.LAST_ACK_SENT), trail.ack[fin]!);
  }
  const handshake = view.sideHas(0, L.SYN_SENT_FLAG) || view.sideHas(1, L.SYN_SENT_FLAG);
  return !handshake && !view.sideHas(peer, L.DATA_SENT);
}

function finIsBefore(deliveries: Deliveries, x: number, entry: number): boolean {
  return deliveries.fin[x] !== FIN_NONE && deliveries.finSent[x]! < entry;
}

/** Both FINs acknowledged before the RST: it came too late to change how the flow ended. */
function isComplete(deliveries: Deliveries, reset: number): boolean {
  const a = deliveries.finAckFirst[0]!;
  const b = deliveries.finAckFirst[1]!;
  return a >= 0 && b >= 0 && (reset < 0 || (a < reset && b < reset));
}

/** An RST that answers a SYN: nobody listens. */
function isRefusal(view: FlowView, trail: Trail, reset: number): boolean {
  const server = trail.side[reset]!;
  return (
    server !== view.clientSide &&
    view.sideHas(view.clientSide, L.SYN_SENT_FLAG) &&
    !view.sideHas(server, L.SYN_SENT_FLAG) &&
    !view.sideHas(server, L.OCCUPIES)
  );
}

function isUnanswered(view: FlowView): boolean {
  const client = view.clientSide;
  return (
    view.sideHas(client, L.SYN_SENT_FLAG) &&
    !view.sideHas(1 - client, L.OCCUPIES) && // nor does an RST count that ended nothing
    !view.sideHas(client, L.ACK_SENT)
  );
}

function closeShape(view: FlowView, trail: Trail, deliveries: Deliveries, first: number): number {
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
