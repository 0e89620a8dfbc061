/** The flows whose close is complete, in the order in which they ended: a queue without an object an entry. */
export class EndedQueue {
  private flows = new Int32Array(1024);
  private ids = new Int32Array(1024);
  private times = new Float64Array(1024);
  private head = 0;
  private count = 0;

  /** @param time when it ended, ns since the capture's first second */
  push(flow: number, id: number, time: number): void {
    if (this.count === this.flows.length) this.grow();
    const i = (this.head + this.count++) & (this.flows.length - 1);
    this.flows[i] = flow;
    this.ids[i] = id;
    this.times[i] = time;
  }

  get length(): number {
    return this.count;
  }

  /** When the oldest ended; Infinity if there is none. */
  oldestTime(): number {
    return this.count > 0 ? this.times[this.head]! : Number.POSITIVE_INFINITY;
  }

  oldestFlow(): number {
    return this.flows[this.head]!;
  }

  /** Its id when it was pushed: the record may have been given to another flow since. */
  oldestId(): number {
    return this.ids[this.head]!;
  }

  shift(): void {
    this.head = (this.head + 1) & (this.flows.length - 1);
    this.count--;
  }

  private grow(): void {
    const size = this.flows.length;
    const [flows, ids, times] = [new Int32Array(size * 2), new Int32Array(size * 2), new Float64Array(size * 2)];
    for (let i = 0; i < size; i++) {
      const j = (this.head + i) & (size - 1);
      flows[i] = this.flows[j]!;
      ids[i] = this.ids[j]!;
      times[i] = this.times[j]!;
    }
    [this.flows, this.ids, this.times, this.head] = [flows, ids, times, 0];
  }
}
