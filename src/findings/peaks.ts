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
  const held = rows.filter((row) => !Number.isNaN(lifetimes.timeWaitFrom(row, side)));
  const starts = Float64Array.from(held, (row) => lifetimes.timeWaitFrom(row, side)).sort();
  const ends = Float64Array.from(held, (row) => lifetimes.gone(row, side)).sort();
  let level = 0;
  let peak = 0;
  let at = Number.NaN;
  let e = 0;
  for (const start of starts) {
    while (e < ends.length && ends[e]! <= start) {
      e++;
      level--;
    }
    if (++level > peak) {
      peak = level;
      at = start;
    }
  }
  return { count: held.length, peak, at, from: starts[0] ?? Number.NaN, to: starts.at(-1) ?? Number.NaN };
}
