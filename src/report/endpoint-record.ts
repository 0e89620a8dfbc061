import * as S from '../tcp/states.ts';
import * as F from '../teardown/facts.ts';
import type { FlowSources } from './sources.ts';
import { secondsOf, type TimeTexts } from './texts.ts';
import type { Endpoint, Role, Span, TcpState, TimeWait } from './types.ts';

/** One end of a flow as the report has it. @param times at this flow */
export function endpointRecord(sources: FlowSources, side: number, times: TimeTexts): Endpoint {
  const { view, facts } = sources;
  const states: Span[] = [];
  const told = (facts.notes & NO_PURE_ACKS) === 0;
  for (let i = 0; i < facts.spans[side]!; i++) {
    const span = spanRecord(sources, side, i, times);
    if (told || span.state !== 'FIN_WAIT_2') states.push(span);
    // The ACK that began it would not be in the capture: of no length it is a guess, else its length is.
    else if (span.from !== span.to) states.push({ ...span, ...UNTOLD, seconds: span.open ? span.seconds : null });
  }
  return {
    role: roleOf(facts, side),
    states,
    finWait1Seconds: secondsIn(states, 'FIN_WAIT_1'),
    finWait2Seconds: told ? secondsIn(states, 'FIN_WAIT_2') : null,
    closingSeconds: secondsIn(states, 'CLOSING'),
    timeWaitSeconds: secondsIn(states, 'TIME_WAIT'),
    closeWaitSeconds: secondsIn(states, 'CLOSE_WAIT'),
    lastAckSeconds: secondsIn(states, 'LAST_ACK'),
    finAt: times.text(facts.finAt[side]!),
    finAckedAt: times.text(facts.finAckedAt[side]!),
    finRetransmissions: view.retransmittedFins(side),
    halfCloseBytes: view.halfCloseBytes(side),
    timeWait: timeWaitRecord(sources, side, times),
    kernel: null,
  };
}

function secondsIn(states: readonly Span[], state: TcpState): number | null {
  for (let i = 0; i < states.length; i++) {
    if (states[i]!.state === state) return states[i]!.seconds;
  }
  return null;
}

function spanRecord(sources: FlowSources, side: number, index: number, times: TimeTexts): Span {
  const { facts, end } = sources;
  const i = side * F.MAX_SPANS + index;
  const state = facts.spanState[i]!;
  const start = facts.spanFrom[i]!;
  const from = times.known(start);
  const last = index === facts.spans[side]! - 1;
  const frame = facts.spanFrame[i]! || null;
  const name = S.STATE_NAMES[state] as TcpState;
  if (state === S.CLOSED) {
    // A marker: the connection is gone from here on.
    return {
      state: name,
      from,
      to: from,
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
      from,
      to: null,
      seconds: secondsOf(Math.max(0, Math.round(end - start))),
      basis: F.BASES[facts.spanBasis[i]!]!,
      open: true,
      plusMinus: null,
      frames: [frame, null],
    };
  }
  const to = facts.spanFrom[i + 1]!;
  const unseen = facts.hasUnseenEdge(side, i);
  return {
    state: name,
    from,
    to: times.known(to),
    seconds: unseen ? null : secondsOf(Math.round(to) - Math.round(start)),
    basis: F.BASES[Math.max(facts.spanBasis[i]!, facts.spanBasis[i + 1]!)]!,
    open: false,
    plusMinus: unseen || isLowerBound(facts, side, i) ? null : plusMinus(facts, side, i),
    frames: [frame, facts.spanFrame[i + 1]! || null],
  };
}

/**
 * close() comes before a FIN that waits behind data, and nobody sees it. An end of which no distance is known sent its
 * FIN before the capture saw it, and had the acknowledgement after.
 */
function isLowerBound(facts: F.Facts, side: number, i: number): boolean {
  const state = facts.spanState[i]!;
  if (state !== S.FIN_WAIT_1 && state !== S.LAST_ACK) return false;
  return facts.finBehindData[side] === 1 || (facts.bound[side] === Number.POSITIVE_INFINITY && hasTwoWays(facts, i));
}

/**
 * How far a duration can be off because the capture was made elsewhere: between a segment sent and one received it
 * was corrected by a round trip, which the smallest one seen bounds; between two of the same direction it is exact.
 */
function plusMinus(facts: F.Facts, side: number, i: number): number {
  const lasted = Math.round(facts.spanFrom[i + 1]! - facts.spanFrom[i]!);
  // An end of unknown distance has less of its time between a segment that it receives and one that it sends.
  const bound = facts.bound[side] === Number.POSITIVE_INFINITY ? lasted : facts.bound[side]!;
  // An edge that nobody saw may lie anywhere in the span.
  if (isUnseen(facts, i) || isUnseen(facts, i + 1)) return secondsOf(Math.max(bound, lasted));
  return hasTwoWays(facts, i) ? secondsOf(bound) : 0;
}

/** Whether a span is between a segment sent and one received. */
function hasTwoWays(facts: F.Facts, i: number): boolean {
  const a = facts.spanEdge[i]!;
  const b = facts.spanEdge[i + 1]!;
  return a !== b && a !== F.EDGE_NONE && b !== F.EDGE_NONE;
}

function isUnseen(facts: F.Facts, i: number): boolean {
  return facts.spanBasis[i] === F.INFERRED && facts.spanFrame[i] === 0;
}

function roleOf(facts: F.Facts, side: number): Role {
  if (facts.spans[side] === 0) return 'unknown';
  switch (facts.kind) {
    case F.KIND_OPEN:
    case F.KIND_UNANSWERED:
      return 'none';
    case F.KIND_ABORTED:
    case F.KIND_REFUSED:
      if (facts.resetBy === side) return 'aborter';
      // Whether it got the RST isn't known where it is not seen to end.
      return facts.lastState(side) === S.CLOSED ? 'aborted' : 'unknown';
    default:
      if (facts.initiator === F.BOTH) return 'simultaneous-closer';
      if (facts.initiator === F.UNKNOWN) return 'unknown';
      return facts.initiator === side ? 'active-closer' : 'passive-closer';
  }
}

function timeWaitRecord(sources: FlowSources, side: number, times: TimeTexts): TimeWait | null {
  const { facts } = sources;
  const from = facts.timeWaitFrom[side]!;
  if (Number.isNaN(from)) return null;
  const restarted = facts.timeWaitRestartedAt[side]!;
  const profile = sources.profiles[side]!;
  const endedBy = F.ENDED_BY[facts.timeWaitEndedBy[side]!]!;
  return {
    from: times.known(from),
    until: times.known(restarted + profile.timeWaitNs),
    untilLatest: times.known(restarted + profile.timeWaitLatestNs),
    basis: endedBy === 'reuse' || endedBy === 'rst' ? 'observed' : 'assumed',
    restarts: facts.timeWaitRestarts[side]!,
    endedBy,
    frames: facts.timeWaitFrames(side),
  };
}

const UNTOLD = { basis: 'inferred', plusMinus: null } as const;
const NO_PURE_ACKS = F.noteBit('no-pure-acks');
