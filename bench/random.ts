/** Seeded pseudo-random numbers: the same on every machine, since only exact IEEE 754 operations are used. */

/** mulberry32: 32 bits of state, a period of 2^32, far more than a capture draws. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** Uniform in 0 (included) to 1 (excluded). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number in `low`..`high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** True in the share `p` (0..1) of the calls. */
  chance(p: number): boolean {
    return this.next() < p;
  }

  /** Mostly short, sometimes four times `mean`: a delay without Math.log, whose last bit may differ by engine. */
  skewed(mean: number): number {
    const u = this.next();
    return 4 * mean * u * u * u;
  }
}

/** Three numbers mixed into 32 bits: initial sequence numbers and timestamp offsets by tuple. */
export function mix(a: number, b: number, c: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) >>> 0;
}
