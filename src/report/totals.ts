import * as F from '../teardown/facts.ts';
import { formatTime, nsToSeconds } from '../units.ts';
import { Gauge } from './gauge.ts';
import { Quantiles } from './quantiles.ts';
import { FIN_WAIT_2, INITIATOR, INITIATORS, KIND, POSITION, TIME_WAIT } from './summary.ts';
import type { Capture, Totals } from './types.ts';

/** The report's totals, counted as flows end: no pass over all flows, and no object a flow. */
export class TotalsCounter {
  private flows = 0;
  private readonly byKind = new Int32Array(F.KINDS.length);
  private readonly byInitiator = new Int32Array(INITIATORS.length);
  private readonly finWait2 = new Quantiles();
  private readonly timeWait = new Gauge();
  private readonly positions = new Int32Array(F.POSITIONS.length);

  /**
   * @param summary of a flow (summary.ts), from index `at`
   * @param watermark ns since the capture's first second: no flow still to come began TIME_WAIT before
   */
  add(summary: Float64Array, at: number, watermark: number): void {
    this.flows++;
    this.byKind[summary[at + KIND]!]!++;
    this.byInitiator[summary[at + INITIATOR]!]!++;
    this.positions[summary[at + POSITION]!]!++;
    for (let side = 0; side < 2; side++) {
      const stay = summary[at + FIN_WAIT_2 + side]!;
      if (!Number.isNaN(stay)) this.finWait2.add(stay);
      const from = summary[at + TIME_WAIT + 2 * side]!;
      if (!Number.isNaN(from))
        this.timeWait.add(from, summary[at + TIME_WAIT + 2 * side + 1]!, watermark);
    }
  }

  /** @param origin the capture's first second */
  result(origin: number): Totals {
    const [p50, p90, p99] = this.finWait2.at([0.5, 0.9, 0.99]);
    const seconds = (ns: number | null | undefined) => (ns === null || ns === undefined ? null : nsToSeconds(ns));
    this.timeWait.settle(Number.POSITIVE_INFINITY);
    const { count, peak, peakAt } = this.timeWait;
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
      timeWait: { count, peak, peakAt: Number.isNaN(peakAt) ? null : formatTime(origin, Math.round(peakAt)) },
    };
  }

  /** Where most flows place the capture; unknown where fewer than four in five of those that tell agree. */
  position(): Capture['position'] {
    const told = this.positions.subarray(1).reduce((sum, n) => sum + n, 0);
    const best = this.positions.subarray(1).indexOf(Math.max(...this.positions.subarray(1))) + 1;
    return told > 0 && this.positions[best]! >= 0.8 * told ? F.POSITIONS[best]! : 'unknown';
  }
}

function counted<T extends string>(names: readonly T[], counts: Int32Array): Partial<Record<T, number>> {
  const result: Partial<Record<T, number>> = {};
  names.forEach((name, i) => {
    if (counts[i]! > 0) result[name] = counts[i]!;
  });
  return result;
}
