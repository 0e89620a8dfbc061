import * as L from '../flow/layout.ts';
import type { FlowView } from '../flow/view.ts';
import * as S from '../tcp/states.ts';
import * as F from '../teardown/facts.ts';
import { type OsProfile, PROFILES } from '../teardown/profiles.ts';
import { isLong, mostInterest } from './interest.ts';
import * as N from './summary-layout.ts';

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
  summary[at + N.SYSTEMS] = systemsOf(profiles);
  const id = view.word(L.ID);
  summary[at + N.ID] = id;
  summary[at + N.KEY] = keyOf(view);
  summary[at + N.REUSES] = view.has(L.FLOW_REUSES) ? 1 : 0;
  summary[at + N.KIND] = facts.kind;
  summary[at + N.INITIATOR] = initiator < F.BOTH ? (initiator === view.clientSide ? 0 : 1) : initiator;
  summary[at + N.POSITION] = facts.position;
  summary[at + N.INTEREST] = mostInterest(facts, end);
  summary[at + N.OPENED] = view.float(L.FIRST_TIME) + offset;
  summary[at + N.LAST] = view.float(L.LAST_TIME) + offset;
  summary[at + N.CLIENT_PORT] =
    facts.client === 0 ? view.word(L.PORTS) >>> 16 : (view.word(L.PORTS) & 0xffff) | 0x10000;
  summary[at + N.NOTABLE] = isNotable(facts, view, end) ? 1 : 0;
  summary[at + N.NOTES] = facts.notes & ~ORDINARY;
  const told = (facts.notes & NO_PURE_ACKS) === 0;
  for (let side = 0; side < 2; side++) {
    summary[at + N.FIN_WAIT_2 + side] = told ? facts.stay(side, S.FIN_WAIT_2) : Number.NaN;
    const ended = facts.timeWaitEnd[side]!;
    summary[at + N.TIME_WAIT + 2 * side] = facts.timeWaitFrom[side]! + offset;
    const until = Number.isNaN(ended) ? facts.timeWaitRestartedAt[side]! + profiles[side]!.timeWaitNs : ended;
    summary[at + N.TIME_WAIT + 2 * side + 1] = until + offset;
  }
}

/** SYSTEMS of two profiles. */
export function systemsOf(profiles: readonly [OsProfile, OsProfile]): number {
  return INDEX.get(profiles[0].name)! | (INDEX.get(profiles[1].name)! << 4);
}

const INDEX = new Map(PROFILES.map(({ name }, i) => [name, i]));

/** Notes that an ordinary end may have, and those that say nothing of an end. */
const ORDINARY = F.noteBit('fin-behind-data') | F.noteBit('half-close-data');
const OF_THE_CAPTURE =
  F.noteBit('midstream') |
  F.noteBit('duplicates') |
  F.noteBit('no-pure-acks') |
  F.noteBit('gap') |
  F.noteBit('one-direction');

/** Whether findings may want to know more of it than these numbers. */
function isNotable(facts: F.Facts, view: FlowView, end: number): boolean {
  if (facts.kind !== F.KIND_GRACEFUL || (facts.notes & ~(ORDINARY | OF_THE_CAPTURE)) !== 0) return true;
  if (facts.initiator === F.UNKNOWN || Number.isNaN(facts.closedAt)) return true;
  if (facts.resetsIgnored > 0 || view.has(L.FLOW_REUSES)) return true;
  for (let side = 0; side < 2; side++) {
    if (facts.timeWaitRestarts[side]! > 0 || facts.timeWaitEndedBy[side]! >= F.BY_REUSE) return true;
    if (isLong(facts, side, end)) return true;
  }
  return false;
}

function keyOf(view: FlowView): number {
  const ends = Math.imul(view.word(L.ADDRESS_0 + 3), 0x85ebca6b) ^ Math.imul(view.word(L.ADDRESS_1 + 3), 0xc2b2ae35);
  return ends ^ Math.imul(view.word(L.PORTS), 0x27d4eb2f) ^ (view.float(L.FIRST_TIME) | 0);
}
