/**
 * The convex hull of points below or above it, which is all that the extremes of `value - slope * at` depend on,
 * whatever the slope. Points may come in any order; what is kept is bounded by CAPACITY.
 */
export class Hull {
  /** 1: the lower hull, for minima; -1: the upper one, for maxima */
  private readonly sign: number;
  private at = new Float64Array(64);
  private value = new Float64Array(64);
  private count = 0;
  /** points up to here are a hull, in order */
  private reduced = 0;

  constructor(side: 'lower' | 'upper') {
    this.sign = side === 'lower' ? 1 : -1;
  }

  get empty(): boolean {
    return this.count === 0;
  }

  add(at: number, value: number): void {
    if (this.count === CAPACITY) this.reduce();
    if (this.count === this.at.length) {
      this.at = grown(this.at);
      this.value = grown(this.value);
    }
    this.at[this.count] = at;
    this.value[this.count++] = value;
  }

  /** The least (of the upper hull the greatest) `value - slope * at` of all points; NaN without any. */
  extreme(slope: number): number {
    if (this.reduced < this.count) this.reduce();
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.count; i++) best = Math.min(best, this.sign * (this.value[i]! - slope * this.at[i]!));
    return this.count === 0 ? Number.NaN : this.sign * best;
  }

  /** Andrew's monotone chain. */
  private reduce(): void {
    const { at, value, sign } = this;
    const order = Uint32Array.from({ length: this.count }, (_, i) => i).sort(
      (a, b) => at[a]! - at[b]! || sign * (value[a]! - value[b]!),
    );
    const x = new Float64Array(this.count);
    const y = new Float64Array(this.count);
    let n = 0;
    for (const i of order) {
      if (n > 0 && x[n - 1] === at[i]) continue; // the first of a time is its extreme
      while (n > 1 && !turns(x, y, n, at[i]!, sign * value[i]!)) n--;
      x[n] = at[i]!;
      y[n++] = sign * value[i]!;
    }
    for (let i = 0; i < n; i++) {
      at[i] = x[i]!;
      value[i] = sign * y[i]!;
    }
    this.count = n;
    this.reduced = n;
    // Points without end on one hull: the middle ones of the flattest turns are left out.
    if (n > CAPACITY / 2) this.thin();
  }

  /** Every second point but the ends: a hull of so many points bends too little between them to matter. */
  private thin(): void {
    let n = 1;
    for (let i = 2; i < this.count; i += 2) {
      this.at[n] = this.at[i]!;
      this.value[n++] = this.value[i]!;
    }
    this.count = n;
    this.reduced = n;
  }
}

/** Points before they are reduced to their hull: 1 MB. */
const CAPACITY = 1 << 16;

/** Whether the last two points and the next one turn upwards. */
function turns(x: Float64Array, y: Float64Array, n: number, nextX: number, nextY: number): boolean {
  const rise = (y[n - 1]! - y[n - 2]!) * (nextX - x[n - 1]!);
  return rise < (nextY - y[n - 1]!) * (x[n - 1]! - x[n - 2]!);
}

function grown(array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}
