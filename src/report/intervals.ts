/** Takes intervals of time, in about the order in which they end. */
export interface IntervalSink {
  /**
   * @param from beginning, ns
   * @param until end, ns, not before `from`
   * @param watermark no interval that is still to come begins before this, ns
   */
  add(from: number, until: number, watermark: number): void;
}

/** Collects intervals for a gauge elsewhere, such as in another thread. */
export class IntervalBuffer implements IntervalSink {
  private floats = new Float64Array(1024);
  private used = 0;
  /**
   * No interval added from now on begins before this, ns. It goes with what take() returns: until that has reached
   * the gauge, the one of the batch before holds.
   */
  watermark = Number.NEGATIVE_INFINITY;

  add(from: number, until: number, watermark: number): void {
    if (this.used === this.floats.length) {
      const larger = new Float64Array(this.used * 2);
      larger.set(this.floats);
      this.floats = larger;
    }
    this.floats[this.used] = from;
    this.floats[this.used + 1] = until;
    this.used += 2;
    this.watermark = watermark;
  }

  /** Intervals that wait. */
  get count(): number {
    return this.used / 2;
  }

  /** Empties the buffer. @returns from, until, from, until, ... in an array of its own, which may be transferred */
  take(): Float64Array<ArrayBuffer> {
    const taken = this.floats.slice(0, this.used);
    this.used = 0;
    return taken;
  }
}
