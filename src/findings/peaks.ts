import type { Lifetimes } from '../evidence/lifetimes.ts';
import type { SocketSide } from '../ports/sockets.ts';

/** How many sockets were in TIME_WAIT at once. Times are ns since the capture's first second. */
export interface Peak {
  /** sockets that came into TIME_WAIT */
  count: number;
  peak: number;
  /** when the peak was reached; NaN without any */
  at: number;
  /** from the first that came into TIME_WAIT to the last */
  from: number;
  to: number;
}

/** @param rows of the flows @param side whose sockets: 0 the clients', 1 the servers' */
export function peakOf(lifetimes: Lifetimes, rows: Uint32Array, side: SocketSide): Peak {
  const starts = new Float64Array(rows.length);
  const ends = new Float64Array(rows.length);
  let count = 0;
  for (let i = 0; i < rows.length; i++) {
    const from = lifetimes.timeWaitFrom(rows[i]!, side);
    if (Number.isNaN(from)) continue;
    starts[count] = from;
    ends[count++] = lifetimes.gone(rows[i]!, side);
  }
  return sweep(starts.subarray(0, count).sort(), ends.subarray(0, count).sort());
}

function sweep(starts: Float64Array, ends: Float64Array): Peak {
  let level = 0;
  let peak = 0;
  let at = Number.NaN;
  let e = 0;
  for (let i = 0; i < starts.length; i++) {
    const start = starts[i]!;
    while (e < ends.length && ends[e]! <= start) {
      e++;
      level--;
    }
    if (++level > peak) {
      peak = level;
      at = start;
    }
  }
  return { count: starts.length, peak, at, from: starts[0] ?? Number.NaN, to: starts.at(-1) ?? Number.NaN };
}
