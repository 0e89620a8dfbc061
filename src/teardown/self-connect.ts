import { ACK, FIN, RST, SYN } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import type { Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import * as S from '../tcp/states.ts';
import { nextState } from '../tcp/transitions.ts';
import { seqAtOrAfter } from '../units.ts';
import * as F from './facts.ts';

/**
 * A socket connected to itself (RFC 9293 section 3.5, a simultaneous open with itself): each segment is sent, then
 * received, by the one endpoint. Its FIN thus crosses itself: FIN_WAIT_1, CLOSING, TIME_WAIT.
 */
export function replaySelfConnect(view: FlowView, trail: Trail, facts: F.Facts): void {
  let state: number = S.CLOSED;
  let last = Number.NEGATIVE_INFINITY;
  const emit = (event: number, i: number, edge: number) => {
    const next = nextState(state, event);
    const gone = state === S.CLOSED && facts.spans[0]! > 0;
    if (next === state || gone || facts.spans[0] === F.MAX_SPANS) return;
    state = next;
    const at = facts.spans[0]!++;
    last = Math.max(last, trail.time[i]!);
    facts.spanState[at] = next;
    facts.spanFrom[at] = last;
    facts.spanFrame[at] = trail.frame[i]!;
    facts.spanEdge[at] = edge;
    facts.spanBasis[at] = F.OBSERVED;
    if (next !== S.TIME_WAIT) return;
    facts.timeWaitFrom[0] = last;
    facts.timeWaitRestartedAt[0] = last;
    facts.addTimeWaitFrame(0, trail.frame[i]!);
  };
  let finEnd: number | null = null;
  for (let i = 0; i < trail.count; i++) {
    const flags = trail.flags[i]!;
    if ((flags & RST) !== 0) {
      emit(S.SEND_RST, i, F.EDGE_SENT);
      facts.resetEntry = facts.resetEntry < 0 ? i : facts.resetEntry;
      facts.resetBy = 0;
      continue;
    }
    if ((flags & (SYN | ACK)) === SYN) emit(S.SEND_SYN, i, F.EDGE_SENT);
    if ((flags & FIN) !== 0) {
      if (finEnd === null) {
        facts.finAt[0] = trail.time[i]!;
        finEnd = (trail.seq[i]! + trail.length[i]! + 1) | 0;
      }
      emit(S.SEND_FIN, i, F.EDGE_SENT);
    }
    // Received, in the order of RFC 9293 section 3.10.7.4.
    if ((flags & (SYN | ACK)) === SYN) emit(S.RECEIVE_SYN, i, F.EDGE_RECEIVED);
    else if ((flags & SYN) !== 0) emit(S.RECEIVE_SYN_ACK, i, F.EDGE_RECEIVED);
    if ((flags & ACK) !== 0 && seqAtOrAfter(trail.ack[i]!, view.of(0, L.FIRST_SEQ))) {
      emit(S.RECEIVE_ACK_OF_SYN, i, F.EDGE_RECEIVED);
    }
    if (finEnd !== null && (flags & ACK) !== 0 && seqAtOrAfter(trail.ack[i]!, finEnd)) {
      if (Number.isNaN(facts.finAckedAt[0])) {
        facts.finAckedAt[0] = trail.time[i]!;
        facts.closedAt = trail.time[i]!;
      }
      emit(S.RECEIVE_ACK_OF_FIN, i, F.EDGE_RECEIVED);
    }
    if ((flags & FIN) !== 0) emit(S.RECEIVE_FIN, i, F.EDGE_RECEIVED);
  }
  facts.note(F.noteBit('self-connect'));
  if (facts.resetEntry >= 0) {
    facts.kind = finEnd === null ? F.KIND_ABORTED : F.KIND_ABORTED_AFTER_FIN;
    facts.shape = finEnd === null ? F.SHAPE_RST : F.SHAPE_FIN_RST;
    facts.initiator = finEnd === null ? 0 : F.BOTH;
  } else if (finEnd !== null) {
    facts.kind = F.KIND_SIMULTANEOUS;
    facts.shape = F.SHAPE_SIMULTANEOUS;
    facts.initiator = F.BOTH;
  }
}
