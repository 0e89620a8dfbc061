import { FIN_WAIT_2, INITIATOR, INITIATORS, KIND, POSITION, TIME_WAIT } from '../evidence/summary.ts';
import * as F from '../teardown/facts.ts';
import { formatTime, nsToSeconds } from '../units.ts';
import type { Gauge } from './gauge.ts';
import type { IntervalSink } from './intervals.ts';
import { Quantiles, type QuantilesData } from './quantiles.ts';
import type { Capture, Totals } from './types.ts';

/** What merging needs of a counter: a structured clone of a TotalsCounter has it too. */
export interface TotalsData {
  readonly flows: number;
  readonly byKind: Int32Array;
  readonly byInitiator: Int32Array;
  readonly positions: Int32Array;
  readonly finWait2: QuantilesData;
}

/** The report's totals, counted as flows end: no pass over all flows, and no object a flow. */
export class TotalsCounter implements TotalsData {
  flows = 0;
  readonly byKind = new Int32Array(F.KINDS.length);
  readonly byInitiator = new Int32Array(INITIATORS.length);
  readonly positions = new Int32Array(F.POSITIONS.length);
  readonly finWait2 = new Quantiles();
  // Private to JavaScript too, so that a structured clone leaves it out.
  readonly #intervals: IntervalSink;

  /** @param intervals where the TIME_WAITs go: a gauge, or what brings them to one */
  constructor(intervals: IntervalSink) {
    this.#intervals = intervals;
  }

  /**
   * @param summary of a flow (summary.ts), from index `at`
   * @param watermark ns since the capture's first second: no flow still to come began TIME_WAIT before
   * @param key tells the flow from others, the same however flows are shared out: int32
   */
  add(summary: Float64Array, at: number, watermark: number, key: number): void {
    this.flows++;
    this.byKind[summary[at + KIND]!]!++;
    this.byInitiator[summary[at + INITIATOR]!]!++;
    this.positions[summary[at + POSITION]!]!++;
    for (let side = 0; side < 2; side++) {
      const stay = summary[at + FIN_WAIT_2 + side]!;
      if (!Number.isNaN(stay)) this.finWait2.add(stay, (key << 1) | side);
      const from = summary[at + TIME_WAIT + 2 * side]!;
      if (Number.isNaN(from)) continue;
      // Both sockets of a flow are there before its time is counted.
      const isLast = side === 1 || Number.isNaN(summary[at + TIME_WAIT + 2]!);
      const known = isLast ? watermark : Number.NEGATIVE_INFINITY;
      this.#intervals.add(from, summary[at + TIME_WAIT + 2 * side + 1]!, known);
    }
  }

  /** Adds all that another has counted, or one of which it is a structured clone; not its TIME_WAITs. */
  merge(other: TotalsData): void {
    this.flows += other.flows;
    addCounts(this.byKind, other.byKind);
    addCounts(this.byInitiator, other.byInitiator);
    addCounts(this.positions, other.positions);
    this.finWait2.merge(other.finWait2);
  }

  /**
   * @param origin the capture's first second
   * @param gauge that the TIME_WAITs came to
   */
  result(origin: number, gauge: Gauge): Totals {
    const [p50, p90, p99] = this.finWait2.at([0.5, 0.9, 0.99]);
    const seconds = (ns: number | null | undefined) => (ns === null || ns === undefined ? null : nsToSeconds(ns));
    gauge.settle(Number.POSITIVE_INFINITY);
    const { count, peak, peakAt, latest } = gauge;
    const moment = (ns: number) => (Number.isFinite(ns) ? formatTime(origin, Math.round(ns)) : null);
    return {
      flows: this.flows,
      byKind: counted(F.KINDS, this.byKind),
      byInitiator: counted(INITIATORS, this.byInitiator),
      finWait2: {
        count: this.finWait2.count,
        p50: seconds(p50),
        p90: seconds(p90),
        p99: seconds(p99),
        max: this.finWait2.count === 0 ? null : nsToSeconds(this.finWait2.max),
      },
      timeWait: { count, peak, peakAt: moment(peakAt), until: moment(latest) },
    };
  }

  /** Where most flows place the capture; unknown where fewer than four in five of those that tell agree. */
  position(): Capture['position'] {
    const told = this.positions.subarray(1).reduce((sum, n) => sum + n, 0);
    const best = this.positions.subarray(1).indexOf(Math.max(...this.positions.subarray(1))) + 1;
    return told > 0 && this.positions[best]! >= 0.8 * told ? F.POSITIONS[best]! : 'unknown';
  }
}

function addCounts(counts: Int32Array, more: Int32Array): void {
  for (let i = 0; i < counts.length; i++) counts[i]! += more[i]!;
}

function counted<T extends string>(names: readonly T[], counts: Int32Array): Partial<Record<T, number>> {
  const result: Partial<Record<T, number>> = {};
  names.forEach((name, i) => {
    if (counts[i]! > 0) result[name] = counts[i]!;
  });
  return result;
}
