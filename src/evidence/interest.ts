import * as S from '../tcp/states.ts';
import * as F from '../teardown/facts.ts';
import * as N from './summary-layout.ts';

/** How much a kind of end asks to be looked at. */
const BY_KIND = [
  N.INTEREST_OPEN,
  N.INTEREST_UNANSWERED,
  N.INTEREST_REFUSED,
  N.INTEREST_HALF_CLOSED,
  N.INTEREST_GRACEFUL,
  N.INTEREST_SIMULTANEOUS,
  N.INTEREST_ABORTED,
  N.INTEREST_ABORTED_AFTER_FIN,
];
const SECOND = 1_000_000_000;

/**
 * How much a flow is worth showing when not all can be: how it ended, then what lingered, then what was odd.
 * @param end the capture's end, ns in the flow's base
 */
export function interestOf(facts: F.Facts, end: number): number {
  return scoreOf(facts, end, true);
}

/**
 * A whole number that interestOf() does not exceed, without its logarithms: most flows are not interesting enough to be
 * told how much.
 * @param end the capture's end, ns in the flow's base
 */
export function mostInterest(facts: F.Facts, end: number): number {
  return scoreOf(facts, end, false);
}

/** Whether a side was in a closing state other than TIME_WAIT for LONG. */
export function isLong(facts: F.Facts, side: number, end: number): boolean {
  const last = side * F.MAX_SPANS + facts.spans[side]! - 1;
  for (let i = side * F.MAX_SPANS; i <= last; i++) {
    const state = facts.spanState[i]!;
    if (state < S.FIN_WAIT_1 || state === S.TIME_WAIT) continue;
    if ((i < last ? facts.spanFrom[i + 1]! : end) - facts.spanFrom[i]! >= N.LONG) return true;
  }
  return false;
}

function scoreOf(facts: F.Facts, end: number, exactly: boolean): number {
  let score = BY_KIND[facts.kind]!;
  for (let side = 0; side < 2; side++) {
    const last = side * F.MAX_SPANS + facts.spans[side]! - 1;
    for (let i = side * F.MAX_SPANS; i <= last; i++) {
      const state = facts.spanState[i]!;
      if (state < S.FIN_WAIT_1 || state === S.TIME_WAIT) continue;
      const lasted = (i < last ? facts.spanFrom[i + 1]! : end) - facts.spanFrom[i]!;
      // A hundredth of a second is nothing, a minute as much as an abort.
      if (!(lasted > SECOND / 100)) continue;
      if (exactly) score += Math.min(30, 6 * Math.log10(1 + lasted / SECOND));
      else if (lasted >= 32_768 * SECOND) score += 30;
      // 6 log10(1 + t) < 6 log10(2^n) < 2n, where the whole part of t, plus one, has n bits.
      else score += 2 * (32 - Math.clz32(lasted / SECOND + 1));
    }
    if (facts.timeWaitRestarts[side]! > 0) score += 15;
    if (facts.timeWaitEndedBy[side]! >= F.BY_REUSE) score += 15;
  }
  return score + N.INTEREST_ODD * bits(facts.notes & ODD) + Math.min(5, facts.resetsIgnored);
}

const ODD = ~(F.noteBit('midstream') | F.noteBit('duplicates') | F.noteBit('no-pure-acks'));

function bits(word: number): number {
  let count = 0;
  for (let left = word; left !== 0; left &= left - 1) count++;
  return count;
}
