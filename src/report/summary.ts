import * as L from '../flow/layout.ts';
import type { FlowView } from '../flow/view.ts';
import * as S from '../tcp/states.ts';
import * as F from '../teardown/facts.ts';
import type { OsProfile } from '../teardown/profiles.ts';
import { mostInterest } from './interest.ts';
import { FIN_WAIT_2, ID, INITIATOR, INTEREST, KEY, KIND, POSITION, REUSES, TIME_WAIT } from './summary-layout.ts';

export * from './summary-layout.ts';

export const INITIATORS = ['client', 'server', 'both', 'unknown', 'none'] as const;

const NO_PURE_ACKS = F.noteBit('no-pure-acks');

/**
 * @param end the capture's end, ns in the flow's base
 * @param offset of the flow's base, ns since the capture's first second
 */
export function summarize(
  facts: F.Facts,
  view: FlowView,
  profiles: readonly [OsProfile, OsProfile],
  end: number,
  offset: number,
  summary: Float64Array,
  at: number,
): void {
  const { initiator } = facts;
  const id = view.word(L.ID);
  summary[at + ID] = id;
  summary[at + KEY] = keyOf(view);
  summary[at + REUSES] = view.has(L.FLOW_REUSES) ? 1 : 0;
  summary[at + KIND] = facts.kind;
  summary[at + INITIATOR] = initiator < F.BOTH ? (initiator === view.clientSide ? 0 : 1) : initiator;
  summary[at + POSITION] = facts.position;
  summary[at + INTEREST] = mostInterest(facts, end);
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
