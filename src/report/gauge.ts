/**
 * How many sockets were in TIME_WAIT at once: the peak over intervals that arrive in about the order in which they
 * end. Exact, and bounded: what lies before the watermark is counted and forgotten.
 */
export class Gauge {
  private starts = new Float64Array(INITIAL);
  private ends = new Float64Array(INITIAL);
  private startCount = 0;
  private endCount = 0;
  private level = 0;
  /** intervals added */
  count = 0;
  peak = 0;
  /** when the peak was first reached; NaN without intervals */
  peakAt = Number.NaN;

  /**
   * @param from beginning, ns
   * @param until end, ns, not before `from`
   * @param watermark no interval that is still to come begins before this
   */
  add(from: number, until: number, watermark: number): void {
    this.count++;
    if (this.startCount === this.starts.length || this.endCount === this.ends.length) {
      this.settle(watermark);
      if (this.startCount > this.starts.length / 2) this.starts = grown(this.starts);
      if (this.endCount > this.ends.length / 2) this.ends = grown(this.ends);
    }
    this.starts[this.startCount++] = from;
    this.ends[this.endCount++] = until;
  }

  /** Counts everything up to the watermark. Call with Infinity at the end. */
  settle(watermark: number): void {
    const starts = this.starts.subarray(0, this.startCount).sort();
    const ends = this.ends.subarray(0, this.endCount).sort();
    let s = 0;
    let e = 0;
    while (s < starts.length && starts[s]! <= watermark) {
      if (e < ends.length && ends[e]! <= starts[s]!) {
        this.level--;
        e++;
      } else {
        this.level++;
        if (this.level > this.peak) {
          this.peak = this.level;
          this.peakAt = starts[s]!;
        }
        s++;
      }
    }
    for (; e < ends.length && ends[e]! <= watermark; e++) this.level--;
    this.starts.copyWithin(0, s, this.startCount);
    this.ends.copyWithin(0, e, this.endCount);
    this.startCount -= s;
    this.endCount -= e;
  }
}

const INITIAL = 1 << 14;

function grown(array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}
