/** What two streams need of each other to be merged: a structured clone of a Quantiles has it too. */
export interface QuantilesData {
  readonly values: Float64Array;
  readonly hashes: Uint32Array;
  readonly kept: number;
  readonly limit: number;
  readonly count: number;
  readonly max: number;
}

/**
 * Percentiles of a stream of numbers. Exact up to 2^20 values (12 MB); of more a uniform sample of 2^19 to 2^20 is
 * kept: the values whose key has a hash below a limit, which is halved whenever they are too many. So the sample does
 * not depend on the order of the values, nor on how they were shared out between several that are merged. The largest
 * is always exact.
 */
export class Quantiles implements QuantilesData {
  /** the first `kept` of both */
  values = new Float64Array(1024);
  hashes = new Uint32Array(1024);
  kept = 0;
  /** kept are hashes below this: 2^32 divided by a power of two */
  limit = 2 ** 32;
  count = 0;
  max = Number.NEGATIVE_INFINITY;
  private readonly most: number;

  /** @param most values kept; those to be merged have the same */
  constructor(most = MOST) {
    this.most = most;
  }

  /** @param key int32 that tells the value from others: of equal ones all are in the sample or none */
  add(value: number, key: number): void {
    this.count++;
    if (value > this.max) this.max = value;
    const hash = mixed(key) >>> 0;
    if (hash < this.limit) this.keep(value, hash);
  }

  /** Adds all that was added to another, or to the one of which it is a structured clone. */
  merge(other: QuantilesData): void {
    this.count += other.count;
    this.max = Math.max(this.max, other.max);
    if (other.limit < this.limit) this.lower(other.limit);
    for (let i = 0; i < other.kept; i++) {
      if (other.hashes[i]! < this.limit) this.keep(other.values[i]!, other.hashes[i]!);
    }
  }

  /**
   * Nearest rank: a value that occurred.
   * @param shares 0..1
   * @returns one value a share; null without values
   */
  at(shares: readonly number[]): (number | null)[] {
    const values = this.values.slice(0, this.kept);
    return shares.map((share) => {
      const rank = Math.max(0, Math.ceil(share * values.length) - 1);
      return values.length === 0 ? null : select(values, rank);
    });
  }

  private keep(value: number, hash: number): void {
    if (this.kept === this.values.length) this.grow();
    this.values[this.kept] = value;
    this.hashes[this.kept++] = hash;
    while (this.kept > this.most) this.lower(this.limit / 2);
  }

  private grow(): void {
    const values = new Float64Array(this.kept * 2);
    values.set(this.values);
    this.values = values;
    const hashes = new Uint32Array(this.kept * 2);
    hashes.set(this.hashes);
    this.hashes = hashes;
  }

  private lower(limit: number): void {
    const { values, hashes, kept } = this;
    let n = 0;
    for (let i = 0; i < kept; i++) {
      if (hashes[i]! >= limit) continue;
      values[n] = values[i]!;
      hashes[n++] = hashes[i]!;
    }
    this.kept = n;
    this.limit = limit;
  }
}

const MOST = 1 << 20;

/** Rounds after which sorting what is left is sure to be faster. */
const ROUNDS = 64;

/**
 * The value that sorting would bring to `rank`; reorders the values (Hoare's quickselect: all threads wait for it).
 */
function select(values: Float64Array, rank: number): number {
  let from = 0;
  let to = values.length - 1;
  for (let round = 0; from < to; round++) {
    if (round === ROUNDS) {
      values.subarray(from, to + 1).sort();
      break;
    }
    const pivot = median(values[from]!, values[(from + to) >>> 1]!, values[to]!);
    let i = from;
    let j = to;
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i > j) break;
      const swapped = values[i]!;
      values[i++] = values[j]!;
      values[j--] = swapped;
    }
    // Up to j none is above the pivot, from i on none below; what lies between equals it.
    if (rank <= j) to = j;
    else if (rank >= i) from = i;
    else break;
  }
  return values[rank]!;
}

function median(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

/** A bijection of 32 bits in which every bit depends on every bit (the finalizer of MurmurHash3). */
function mixed(key: number): number {
  let x = key ^ (key >>> 16);
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return x ^ (x >>> 16);
}
