/**
 * Percentiles of a stream of numbers. Exact up to 2^20 values (8 MB); of more a uniform sample of that size is kept
 * (Vitter's algorithm R, with a fixed seed, so that a run can be repeated). The largest is always exact.
 */
export class Quantiles {
  private values = new Float64Array(1024);
  private kept = 0;
  private seed = 0x2545f491;
  count = 0;
  max = Number.NEGATIVE_INFINITY;

  add(value: number): void {
    this.count++;
    if (value > this.max) this.max = value;
    if (this.kept < MOST) {
      if (this.kept === this.values.length) {
        const larger = new Float64Array(this.kept * 2);
        larger.set(this.values);
        this.values = larger;
      }
      this.values[this.kept++] = value;
      return;
    }
    const place = Math.floor(this.random() * this.count);
    if (place < MOST) this.values[place] = value;
  }

  /**
   * Nearest rank: a value that occurred.
   * @param shares 0..1
   * @returns one value a share; null without values
   */
  at(shares: readonly number[]): (number | null)[] {
    const sorted = this.values.slice(0, this.kept).sort();
    return shares.map((share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null);
  }

  private random(): number {
    let x = this.seed;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.seed = x;
    return (x >>> 0) / 2 ** 32;
  }
}

const MOST = 1 << 20;
