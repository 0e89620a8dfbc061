import * as L from '../flow/layout.ts';
import * as S from '../tcp/states.ts';
import * as F from '../teardown/facts.ts';
import { nsToSeconds } from '../units.ts';
import type { FlowSources } from './sources.ts';
import type { Endpoint, Role, Span, TcpState, TimeWait } from './types.ts';

type Time = (ns: number) => string | null;

/** One end of a flow as the report has it. */
export function endpointRecord(sources: FlowSources, side: number, time: Time): Endpoint {
  const { view, facts } = sources;
  const states: Span[] = [];
  const told = (facts.notes & NO_PURE_ACKS) === 0;
  for (let i = 0; i < facts.spans[side]!; i++) {
    // A FIN_WAIT_2 of no length is a guess where the ACK that began it would not be in the capture.
    if (told || facts.spanState[side * F.MAX_SPANS + i] !== S.FIN_WAIT_2)
      states.push(spanRecord(sources, side, i, time));
  }
  const seconds = (state: TcpState) => states.find((span) => span.state === state)?.seconds ?? null;
  return {
    role: roleOf(facts, side),
    states,
    finWait1Seconds: seconds('FIN_WAIT_1'),
    finWait2Seconds: seconds('FIN_WAIT_2'),
    closingSeconds: seconds('CLOSING'),
    timeWaitSeconds: seconds('TIME_WAIT'),
    closeWaitSeconds: seconds('CLOSE_WAIT'),
    lastAckSeconds: seconds('LAST_ACK'),
    finAt: time(facts.finAt[side]!),
    finAckedAt: time(facts.finAckedAt[side]!),
    finRetransmissions: view.retransmittedFins(side),
    halfCloseBytes: view.floatOf(side, L.HALF_CLOSE_BYTES),
    timeWait: timeWaitRecord(sources, side, time),
  };
}

function spanRecord(sources: FlowSources, side: number, index: number, time: Time): Span {
  const { facts, end } = sources;
  const i = side * F.MAX_SPANS + index;
  const state = facts.spanState[i]!;
  const from = facts.spanFrom[i]!;
  const last = index === facts.spans[side]! - 1;
  const frame = facts.spanFrame[i]! || null;
  const name = S.STATE_NAMES[state] as TcpState;
  if (state === S.CLOSED) {
    // A marker: the connection is gone from here on.
    return {
      state: name,
      from: time(from)!,
      to: time(from),
      seconds: 0,
      basis: F.BASES[facts.spanBasis[i]!]!,
      open: false,
      plusMinus: 0,
      frames: [frame, null],
    };
  }
  if (last) {
    return {
      state: name,
      from: time(from)!,
      to: null,
      seconds: nsToSeconds(Math.max(0, Math.round(end - from))),
      basis: F.BASES[facts.spanBasis[i]!]!,
      open: true,
      plusMinus: null,
      frames: [frame, null],
    };
  }
  const to = facts.spanFrom[i + 1]!;
  const unseen = facts.unseenEnd[side] === 1 && index === facts.spans[side]! - 2;
  return {
    state: name,
    from: time(from)!,
    to: time(to),
    seconds: unseen ? null : nsToSeconds(Math.round(to) - Math.round(from)),
    basis: F.BASES[Math.max(facts.spanBasis[i]!, facts.spanBasis[i + 1]!)]!,
    open: false,
    plusMinus: unseen || isLowerBound(facts, side, state) ? null : plusMinus(facts, side, i),
    frames: [frame, facts.spanFrame[i + 1]! || null],
  };
}

/** close() comes before a FIN that waits behind data, and nobody sees it. */
function isLowerBound(facts: F.Facts, side: number, state: number): boolean {
  return (state === S.FIN_WAIT_1 || state === S.LAST_ACK) && facts.finBehindData[side] === 1;
}

/**
 * How far a duration can be off because the capture was made elsewhere: between a segment sent and one received it
 * was corrected by a round trip, which the smallest one seen bounds; between two of the same direction it is exact.
 */
function plusMinus(facts: F.Facts, side: number, i: number): number {
  const [a, b] = [facts.spanEdge[i]!, facts.spanEdge[i + 1]!];
  // An edge that nobody saw may lie anywhere in the span.
  const unseen = (at: number) => facts.spanBasis[at] === F.INFERRED && facts.spanFrame[at] === 0;
  if (unseen(i) || unseen(i + 1)) {
    return nsToSeconds(Math.max(facts.shift[side]!, Math.round(facts.spanFrom[i + 1]! - facts.spanFrom[i]!)));
  }
  return a === b || a === F.EDGE_NONE || b === F.EDGE_NONE ? 0 : nsToSeconds(facts.shift[side]!);
}

function roleOf(facts: F.Facts, side: number): Role {
  if (facts.spans[side] === 0) return 'unknown';
  switch (facts.kind) {
    case F.KIND_OPEN:
    case F.KIND_UNANSWERED:
      return 'none';
    case F.KIND_ABORTED:
    case F.KIND_REFUSED:
      if (facts.resetBy === F.UNKNOWN) return 'aborted';
      return facts.resetBy === side ? 'aborter' : 'aborted';
    default:
      if (facts.initiator === F.BOTH) return 'simultaneous-closer';
      if (facts.initiator === F.UNKNOWN) return 'unknown';
      return facts.initiator === side ? 'active-closer' : 'passive-closer';
  }
}

function timeWaitRecord(sources: FlowSources, side: number, time: Time): TimeWait | null {
  const { facts } = sources;
  const from = facts.timeWaitFrom[side]!;
  if (Number.isNaN(from)) return null;
  const restarted = facts.timeWaitRestartedAt[side]!;
  const profile = sources.profiles[side]!;
  const endedBy = F.ENDED_BY[facts.timeWaitEndedBy[side]!]!;
  return {
    from: time(from)!,
    until: time(restarted + profile.timeWaitNs)!,
    untilLatest: time(restarted + profile.timeWaitLatestNs)!,
    basis: endedBy === 'reuse' || endedBy === 'rst' ? 'observed' : 'assumed',
    restarts: facts.timeWaitRestarts[side]!,
    endedBy,
    frames: facts.timeWaitFrames[side as 0 | 1].filter((frame) => frame > 0),
  };
}

const NO_PURE_ACKS = F.noteBit('no-pure-acks');
