import * as L from '../flow/layout.ts';
import type { FlowView } from '../flow/view.ts';
import * as S from '../tcp/states.ts';
import * as F from '../teardown/facts.ts';
import type { OsProfile } from '../teardown/profiles.ts';
import { interestOf, mostInterest } from './interest.ts';

/**
 * A flow's end in SUMMARY_FLOATS numbers: all that totals and the choice of flows to keep need of it.
 * Index of each number; times are ns since the capture's first second, NaN where there is none.
 */
export const KIND = 0;
/** index in INITIATORS */
export const INITIATOR = 1;
/** index in F.POSITIONS */
export const POSITION = 2;
/** exact where the flow may be kept, else a number that isn't enough */
export const INTEREST = 3;
/** length of side 0's FIN_WAIT_2, side 1's next */
export const FIN_WAIT_2 = 4;
/** beginning and end of side 0's TIME_WAIT, side 1's next */
export const TIME_WAIT = 6;
/** the flow's number */
export const ID = 10;
/** int32 that tells the flow from others, the same in every run */
export const KEY = 11;
/** number of its service in the collector's ServiceCounter, -1 if it is not counted by name; to be set by the collector */
export const SERVICE = 12;

export const INITIATORS = ['client', 'server', 'both', 'unknown', 'none'] as const;

const NO_PURE_ACKS = F.noteBit('no-pure-acks');

/** Whether a flow of this interest, and this number, would be kept: once it says no, it says no from then on. */
export interface Choice {
  wants(interest: number, id: number): boolean;
}

/**
 * @param end the capture's end, ns in the flow's base
 * @param offset of the flow's base, ns since the capture's first second
 * @param choice what INTEREST is for; null: not known, so that it is always exact
 */
export function summarize(
  facts: F.Facts,
  view: FlowView,
  profiles: readonly [OsProfile, OsProfile],
  end: number,
  offset: number,
  summary: Float64Array,
  at: number,
  choice: Choice | null = null,
): void {
  const { initiator } = facts;
  const id = view.word(L.ID);
  summary[at + ID] = id;
  summary[at + KEY] = keyOf(view);
  summary[at + KIND] = facts.kind;
  summary[at + INITIATOR] = initiator < F.BOTH ? (initiator === view.clientSide ? 0 : 1) : initiator;
  summary[at + POSITION] = facts.position;
  const most = choice === null ? Number.POSITIVE_INFINITY : mostInterest(facts, end);
  summary[at + INTEREST] = choice === null || choice.wants(most, id) ? interestOf(facts, end) : most;
  const told = (facts.notes & NO_PURE_ACKS) === 0;
  for (let side = 0; side < 2; side++) {
    summary[at + FIN_WAIT_2 + side] = told ? facts.stay(side, S.FIN_WAIT_2) : Number.NaN;
    const ended = facts.timeWaitEnd[side]!;
    summary[at + TIME_WAIT + 2 * side] = facts.timeWaitFrom[side]! + offset;
    const until = Number.isNaN(ended) ? facts.timeWaitRestartedAt[side]! + profiles[side]!.timeWaitNs : ended;
    summary[at + TIME_WAIT + 2 * side + 1] = until + offset;
  }
}

function keyOf(view: FlowView): number {
  const ends = Math.imul(view.word(L.ADDRESS_0 + 3), 0x85ebca6b) ^ Math.imul(view.word(L.ADDRESS_1 + 3), 0xc2b2ae35);
  return ends ^ Math.imul(view.word(L.PORTS), 0x27d4eb2f) ^ (view.float(L.FIRST_TIME) | 0);
}
