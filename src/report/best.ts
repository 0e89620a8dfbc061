/** The N highest-scored of a stream of items: a binary heap with the lowest at its top. */
export class Best<T> {
  private readonly most: number;
  private readonly items: { score: number; order: number; item: T }[] = [];

  constructor(most: number) {
    this.most = most;
  }

  /**
   * Whether an item would be kept.
   * @param order among equal scores the lower is kept
   */
  wants(score: number, order: number): boolean {
    const lowest = this.items[0];
    if (lowest === undefined || this.items.length < this.most) return this.most > 0;
    return score > lowest.score || (score === lowest.score && order < lowest.order);
  }

  /** Keeps an item that is wanted, in place of the lowest if there are as many as may be. */
  add(item: T, score: number, order: number): void {
    const { items } = this;
    if (items.length < this.most) {
      items.push({ score, order, item });
      this.rise(items.length - 1);
    } else {
      items[0] = { score, order, item };
      this.sink();
    }
  }

  /** In ascending order. */
  inOrder(): T[] {
    return [...this.items].sort((a, b) => a.order - b.order).map(({ item }) => item);
  }

  private isLower(i: number, j: number): boolean {
    const [a, b] = [this.items[i]!, this.items[j]!];
    return a.score < b.score || (a.score === b.score && a.order > b.order);
  }

  private swap(i: number, j: number): void {
    [this.items[i], this.items[j]] = [this.items[j]!, this.items[i]!];
  }

  private rise(from: number): void {
    for (let i = from; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!this.isLower(i, parent)) return;
      this.swap(i, parent);
      i = parent;
    }
  }

  private sink(): void {
    for (let i = 0; ; ) {
      let lowest = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < this.items.length && this.isLower(child, lowest)) lowest = child;
      }
      if (lowest === i) return;
      this.swap(i, lowest);
      i = lowest;
    }
  }
}
