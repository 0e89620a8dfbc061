/** A binary heap of what happens next. */

/** Something with a time. */
export interface Due {
  /** when, in any unit that all entries share */
  due: number;
}

/** The entry with the smallest `due` is always at the top; equal ones come out in an order that depends on the input alone. */
export class EventHeap<T extends Due> {
  readonly #entries: T[] = [];

  /** The next entry, undefined when there is none. */
  get top(): T | undefined {
    return this.#entries[0];
  }

  push(entry: T): void {
    const entries = this.#entries;
    let at = entries.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (entries[parent]!.due <= entry.due) break;
      entries[at] = entries[parent]!;
      at = parent;
    }
    entries[at] = entry;
  }

  /** Takes the top away. */
  pop(): void {
    const last = this.#entries.pop();
    if (last === undefined || this.#entries.length === 0) return;
    this.#entries[0] = last;
    this.sink();
  }

  /** To be called when the top's `due` has grown. */
  sink(): void {
    const entries = this.#entries;
    const entry = entries[0];
    if (entry === undefined) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && entries[child + 1]!.due < entries[child]!.due) child++;
      if (entries[child]!.due >= entry.due) break;
      entries[at] = entries[child]!;
      at = child;
    }
    entries[at] = entry;
  }
}
