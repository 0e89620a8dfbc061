/** How the flows of several threads become one list: each thread follows those whose hash falls to its share. */

import type { EvidenceData } from '../evidence/evidence.ts';
import type { Layer } from '../flow/encapsulations.ts';
import * as L from '../flow/layout.ts';
import type { Successor } from '../teardown/successor.ts';
import type { ServiceData } from './services.ts';
import type { TotalsData } from './totals.ts';
import type { Reuse } from './types.ts';

/** A flow kept for the report. */
export interface Kept {
  interest: number;
  /** the flow, packed */
  ints: Int32Array<ArrayBuffer>;
  successor: Successor | null;
  reuse: Reuse | null;
}

/** What a thread's collector hands over. Data alone: it is cloned on its way, so no method of it may be called. */
export interface CollectorPart {
  totals: TotalsData;
  services: ServiceData;
  evidence: EvidenceData;
  encapsulations: readonly (readonly Layer[])[];
  /** frame with which each flow of the share opened, in order: the first is flow 1 of the share */
  openings: Int32Array;
  kept: PackedFlows;
}

export interface PackedFlows {
  /** all flows, one behind the other, and where each begins */
  ints: Int32Array<ArrayBuffer>;
  starts: Int32Array;
  interests: Float64Array;
  /** of the flows that have any, by index: few */
  relatives: Map<number, Pick<Kept, 'successor' | 'reuse'>>;
}

export function pack(flows: readonly Kept[]): PackedFlows {
  const starts = new Int32Array(flows.length + 1);
  const interests = new Float64Array(flows.length);
  const relatives: PackedFlows['relatives'] = new Map();
  flows.forEach(({ ints, interest, successor, reuse }, i) => {
    starts[i + 1] = starts[i]! + ints.length;
    interests[i] = interest;
    if (successor !== null || reuse !== null) relatives.set(i, { successor, reuse });
  });
  const all = new Int32Array(starts[flows.length]!);
  flows.forEach(({ ints }, i) => {
    all.set(ints, starts[i]!);
  });
  return { ints: all, starts, interests, relatives };
}

export function* unpack({ ints, starts, interests, relatives }: PackedFlows): Generator<Kept> {
  for (let i = 0; i < interests.length; i++) {
    const { successor, reuse } = relatives.get(i) ?? { successor: null, reuse: null };
    yield { interest: interests[i]!, ints: ints.slice(starts[i]!, starts[i + 1]!), successor, reuse };
  }
}

/**
 * The numbers that the flows of all shares have together: 1, 2, ... in the order of their first frames.
 * @param openings of each share, ascending as unsigned numbers
 * @returns for each share the number of its flow n at index n - 1
 */
export function commonOrder(openings: readonly Int32Array[]): Int32Array[] {
  const ids = openings.map(({ length }) => new Int32Array(length));
  const next = openings.map(() => 0);
  const flows = openings.reduce((sum, { length }) => sum + length, 0);
  for (let id = 1; id <= flows; id++) {
    let first = -1;
    for (let share = 0; share < openings.length; share++) {
      const frame = openings[share]![next[share]!];
      if (frame === undefined) continue;
      if (first < 0 || frame >>> 0 < openings[first]![next[first]!]! >>> 0) first = share;
    }
    ids[first]![next[first]!++] = id;
  }
  return ids;
}

/** From a share's numbers of flows and of encapsulations to the common ones. */
export function renumber(kept: Kept, ids: Int32Array, stacks: readonly number[]): void {
  const { ints, reuse } = kept;
  ints[L.ID] = ids[ints[L.ID]! - 1]!;
  const index = ints[L.ENCAPSULATION]! & L.NO_ENCAPSULATION;
  if (index !== L.NO_ENCAPSULATION) {
    ints[L.ENCAPSULATION] = (ints[L.ENCAPSULATION]! & ~L.NO_ENCAPSULATION) | (stacks[index]! & L.NO_ENCAPSULATION);
  }
  if (reuse !== null) kept.reuse = { ...reuse, previous: ids[reuse.previous - 1]! };
}
