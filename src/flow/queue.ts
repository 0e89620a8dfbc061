/**
 * Flows waiting in the order in which they ended, each with numbers of its own: a ring of floats, no object an entry,
 * written and read in one direction.
 */
export class FlowQueue {
  private readonly stride: number;
  /** the ring; what `oldest` points into */
  floats: Float64Array;
  private capacity = 64;
  private head = 0;
  private count = 0;

  /** @param numbers floats that each entry carries */
  constructor(numbers: number) {
    this.stride = HEADER + numbers;
    this.floats = new Float64Array(this.capacity * this.stride);
  }

  get length(): number {
    return this.count;
  }

  /**
   * Adds a flow.
   * @param id tells later whether the record still holds this flow
   * @param time any, ns; the queue is not sorted by it
   * @returns index in `floats` of the entry's numbers
   */
  push(flow: number, id: number, time: number): number {
    if (this.count === this.capacity) this.grow();
    const at = ((this.head + this.count++) % this.capacity) * this.stride;
    this.floats[at] = flow;
    this.floats[at + 1] = id;
    this.floats[at + 2] = time;
    return at + HEADER;
  }

  /** The oldest entry's time; Infinity if there is none. */
  oldestTime(): number {
    return this.count > 0 ? this.floats[this.head * this.stride + 2]! : Number.POSITIVE_INFINITY;
  }

  oldestFlow(): number {
    return this.floats[this.head * this.stride]!;
  }

  oldestId(): number {
    return this.floats[this.head * this.stride + 1]!;
  }

  /** Index in `floats` of the oldest entry's numbers; valid until the next `push`. */
  oldestNumbers(): number {
    return this.head * this.stride + HEADER;
  }

  shift(): void {
    this.head = (this.head + 1) % this.capacity;
    this.count--;
  }

  /** Calls for each entry, the oldest first, with the index in `floats` of its numbers. Nothing may be added meanwhile. */
  each(visit: (flow: number, id: number, at: number) => void): void {
    for (let i = 0; i < this.count; i++) {
      const at = ((this.head + i) % this.capacity) * this.stride;
      visit(this.floats[at]!, this.floats[at + 1]!, at + HEADER);
    }
  }

  /** Leaves out the entries that hold no more. */
  compact(holds: (flow: number, id: number) => boolean): void {
    const { stride, floats, capacity, count } = this;
    this.count = 0;
    for (let i = 0; i < count; i++) {
      const from = ((this.head + i) % capacity) * stride;
      if (!holds(floats[from]!, floats[from + 1]!)) continue;
      const to = ((this.head + this.count++) % capacity) * stride;
      floats.copyWithin(to, from, from + stride);
    }
  }

  private grow(): void {
    const larger = new Float64Array(this.capacity * 2 * this.stride);
    const split = this.head * this.stride;
    larger.set(this.floats.subarray(split));
    larger.set(this.floats.subarray(0, split), this.floats.length - split);
    this.floats = larger;
    this.head = 0;
    this.capacity *= 2;
  }
}

/** Flow, id, time. */
const HEADER = 3;
