/** The N highest-scored of a stream of items: a binary heap with the lowest at its top, in columns. */
export class Best<T> {
  private readonly most: number;
  private scores = new Float64Array(INITIAL);
  private orders = new Float64Array(INITIAL);
  private readonly items: T[] = [];

  constructor(most: number) {
    this.most = most;
  }

  /**
   * Whether an item would be kept.
   * @param order among equal scores the lower is kept
   */
  wants(score: number, order: number): boolean {
    if (this.items.length < this.most) return true;
    if (this.most <= 0) return false;
    const lowest = this.scores[0]!;
    return score > lowest || (score === lowest && order < this.orders[0]!);
  }

  /** Keeps an item that is wanted, in place of the lowest if there are as many as may be. */
  add(item: T, score: number, order: number): void {
    const { items } = this;
    if (items.length < this.most) {
      if (items.length === this.scores.length) {
        this.scores = grown(this.scores);
        this.orders = grown(this.orders);
      }
      this.rise(items.push(item) - 1, item, score, order);
    } else this.sink(item, score, order);
  }

  /** Keeps an item if it is wanted. */
  offer(item: T, score: number, order: number): void {
    if (this.wants(score, order)) this.add(item, score, order);
  }

  /** In ascending order. */
  inOrder(): T[] {
    const { items, orders } = this;
    const places = Uint32Array.from(items.keys()).sort((a, b) => orders[a]! - orders[b]!);
    return Array.from(places, (i) => items[i]!);
  }

  private put(i: number, item: T, score: number, order: number): void {
    this.items[i] = item;
    this.scores[i] = score;
    this.orders[i] = order;
  }

  private move(from: number, to: number): void {
    this.items[to] = this.items[from]!;
    this.scores[to] = this.scores[from]!;
    this.orders[to] = this.orders[from]!;
  }

  /** Whether the item at `i` is worse than one of this score and order. */
  private isLower(i: number, score: number, order: number): boolean {
    return this.scores[i]! < score || (this.scores[i] === score && this.orders[i]! > order);
  }

  private rise(from: number, item: T, score: number, order: number): void {
    let i = from;
    for (; i > 0; i = (i - 1) >> 1) {
      const parent = (i - 1) >> 1;
      if (this.isLower(parent, score, order)) break;
      this.move(parent, i);
    }
    this.put(i, item, score, order);
  }

  /** From the top, in place of what stands there. */
  private sink(item: T, score: number, order: number): void {
    const { length } = this.items;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child + 1 < length && this.isLower(child + 1, this.scores[child]!, this.orders[child]!)) child++;
      if (child >= length || !this.isLower(child, score, order)) break;
      this.move(child, i);
      i = child;
    }
    this.put(i, item, score, order);
  }
}

const INITIAL = 1024;

function grown(array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}
