import { FIN } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import type { Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import * as S from '../tcp/states.ts';
import { seqAfter } from '../units.ts';
import { type Deliveries, FIN_NONE, hasNoPureAcks, isPreceded } from './deliveries.ts';
import * as F from './facts.ts';
import { firstFin, KNEW_NOT, whatItKnew } from './order.ts';

/**
 * Who closed first isn't known: nor, then, which states the ends went through. FIN_WAIT_1 or LAST_ACK, CLOSE_WAIT or
 * FIN_WAIT_2: none is claimed, but the FIN_WAIT_1 of an end that had not got the other's FIN when it sent its own.
 */
export function forgetUndecided(
  view: FlowView,
  trail: Trail,
  facts: F.Facts,
  deliveries: Deliveries,
  first: number,
): void {
  if (facts.initiator !== F.UNKNOWN || first !== F.UNKNOWN) return;
  for (let x = 0; x < 2; x++) {
    const fin = deliveries.finSent[x]!;
    // What came of a peer that was not captured may have been its acknowledgement.
    const answered = fin >= 0 && seqAfter(view.of(x, L.LAST_ACK_SENT), trail.ack[fin]!);
    const left = answered && !view.sideHas(1 - x, L.SENT);
    const certain = !left && facts.lastState(x) === S.FIN_WAIT_1 && whatItKnew(view, trail, deliveries, x) === KNEW_NOT;
    if (!certain) facts.forget(x);
  }
}

/** How the flow ended: kind, shape, who began it, and when it was complete. @param first as whoClosedFirst() says */
export function judgeClose(view: FlowView, trail: Trail, facts: F.Facts, deliveries: Deliveries, first: number): void {
  const fin0 = deliveries.fin[0] !== FIN_NONE;
  const fin1 = deliveries.fin[1] !== FIN_NONE;
  const reset = facts.resetEntry;
  const finBeforeReset =
    reset >= 0 && (closedBefore(facts, deliveries, 0, reset) || closedBefore(facts, deliveries, 1, reset));
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

/** Whose FIN was first; unknown where the states that the ends went through speak against it. */
export function whoClosedFirst(view: FlowView, trail: Trail, facts: F.Facts, deliveries: Deliveries): number {
  const first = firstFin(view, trail, deliveries);
  for (let x = 0; x < 2; x++) {
    const passive = facts.spanOf(x, S.CLOSE_WAIT) >= 0 || facts.spanOf(x, S.LAST_ACK) >= 0;
    if (passive && (first === x || first === F.BOTH)) return F.UNKNOWN;
    if (first === 1 - x && facts.spanOf(x, S.FIN_WAIT_1) >= 0) return F.UNKNOWN;
    if (first === x && facts.spanOf(x, S.CLOSING) >= 0) return F.UNKNOWN;
  }
  return first;
}

/** Whether `x` had sent its FIN before the RST, or while that was on its way. */
function closedBefore(facts: F.Facts, deliveries: Deliveries, x: number, reset: number): boolean {
  if (deliveries.fin[x] === FIN_NONE) return false;
  return deliveries.finSent[x]! < reset || facts.spanOf(x, S.FIN_WAIT_1) >= 0 || facts.spanOf(x, S.LAST_ACK) >= 0;
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
  // Where segments before it are missing, one may have been the acknowledgement.
  if (withFin) return isPreceded(view, trail, acked) ? F.SHAPE_UNKNOWN : F.SHAPE_THREE;
  return F.SHAPE_FOUR;
}
