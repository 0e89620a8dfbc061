import { NS_PER_SECOND } from '../units.ts';
import type { IntervalSink } from './intervals.ts';

/**
 * How many sockets were in TIME_WAIT at once: the peak over intervals that arrive in about the order in which they
 * end. Exact, unless times are absurd, and bounded: beginnings and ends wait in buckets of a second, and a second that the watermark has
 * passed is sorted, counted and forgotten.
 */
export class Gauge implements IntervalSink {
  private readonly buckets = new Map<number, Bucket>();
  /** the same as a binary heap, the earliest first */
  private readonly heap: Bucket[] = [];
  private readonly spare: Bucket[] = [];
  // The buckets used last: nearly always those of the next interval too.
  private startBucket = NONE;
  private endBucket = NONE;
  /** from here on the watermark has passed the earliest bucket, ns */
  private due = Number.POSITIVE_INFINITY;
  /** end of the last second that was counted, ns */
  private frontier = Number.NEGATIVE_INFINITY;
  private level = 0;
  /** intervals added */
  count = 0;
  peak = 0;
  /** the latest end, ns; -Infinity without intervals */
  latest = Number.NEGATIVE_INFINITY;
  /** when the peak was first reached, ns; NaN without intervals */
  peakAt = Number.NaN;

  /** One that has counted what this one has, and goes on by itself. */
  fork(): Gauge {
    const other = new Gauge();
    other.frontier = this.frontier;
    for (const { starts, startCount, ends, endCount, second } of this.heap) {
      const bucket = other.bucket(second);
      bucket.starts = starts.slice(0, startCount);
      bucket.ends = ends.slice(0, endCount);
      bucket.startCount = startCount;
      bucket.endCount = endCount;
    }
    other.level = this.level;
    other.count = this.count;
    other.peak = this.peak;
    other.latest = this.latest;
    other.peakAt = this.peakAt;
    return other;
  }

  add(from: number, until: number, watermark: number): void {
    this.put(from, until);
    if (watermark >= this.due) this.settle(watermark);
  }

  /**
   * Adds what a buffer has taken, in whatever order, and counts up to the watermark.
   * @param intervals from, until, from, until, ..., ns
   * @param watermark no interval that is still to come begins before this, ns
   */
  addAll(intervals: Float64Array, watermark: number): void {
    for (let i = 0; i < intervals.length; i += 2) this.put(intervals[i]!, intervals[i + 1]!);
    this.settle(watermark);
  }

  /** Counts all whole seconds before the watermark. Call with Infinity at the end. */
  settle(watermark: number): void {
    const { heap } = this;
    const second = Math.floor(watermark / NS_PER_SECOND);
    while (heap.length > 0 && (heap[0]!.second < second || second === Number.POSITIVE_INFINITY)) this.sweep(heap[0]!);
    this.due = heap.length === 0 ? Number.POSITIVE_INFINITY : (heap[0]!.second + 1) * NS_PER_SECOND;
  }

  private put(begin: number, until: number): void {
    this.count++;
    if (until > this.latest) this.latest = until;
    // What comes too late counts from where the count stands: past seconds are not counted again.
    const from = Math.max(begin, this.frontier);
    if (until <= this.frontier) return;
    const start = Math.floor(from / NS_PER_SECOND);
    if (start !== this.startBucket.second) this.startBucket = this.bucket(start);
    const first = this.startBucket;
    if (first.startCount === first.starts.length) first.starts = grown(first.starts);
    first.starts[first.startCount++] = from;
    const end = Math.floor(until / NS_PER_SECOND);
    if (end !== this.endBucket.second) this.endBucket = this.bucket(end);
    const last = this.endBucket;
    if (last.endCount === last.ends.length) last.ends = grown(last.ends);
    last.ends[last.endCount++] = until;
  }

  /** An interval that ends where another begins is over before. */
  private sweep(bucket: Bucket): void {
    const starts = sorted(bucket.starts, bucket.startCount);
    const ends = sorted(bucket.ends, bucket.endCount);
    const { startCount, endCount } = bucket;
    let { level, peak } = this;
    let e = 0;
    for (let s = 0; s < startCount; s++) {
      const at = starts[s]!;
      while (e < endCount && ends[e]! <= at) {
        level--;
        e++;
      }
      if (++level > peak) {
        peak = level;
        this.peakAt = at;
      }
    }
    this.frontier = Math.max(this.frontier, (bucket.second + 1) * NS_PER_SECOND);
    this.level = level - (endCount - e);
    this.peak = peak;
    this.removeEarliest();
  }

  private bucket(second: number): Bucket {
    const known = this.buckets.get(second);
    if (known !== undefined) return known;
    if (this.heap.length === MOST_BUCKETS) this.sweep(this.heap[0]!);
    const bucket = this.spare.pop() ?? new Bucket();
    bucket.second = second;
    this.buckets.set(second, bucket);
    const { heap } = this;
    let i = heap.push(bucket) - 1;
    for (; i > 0 && second < heap[(i - 1) >> 1]!.second; i = (i - 1) >> 1) heap[i] = heap[(i - 1) >> 1]!;
    heap[i] = bucket;
    if (i === 0) this.due = (second + 1) * NS_PER_SECOND;
    return bucket;
  }

  private removeEarliest(): void {
    const { heap } = this;
    const gone = heap[0]!;
    const moved = heap.pop()!;
    for (let i = 0; heap.length > 0; ) {
      let child = 2 * i + 1;
      if (child + 1 < heap.length && heap[child + 1]!.second < heap[child]!.second) child++;
      const sinks = child < heap.length && heap[child]!.second < moved.second;
      heap[i] = sinks ? heap[child]! : moved;
      if (!sinks) break;
      i = child;
    }
    this.buckets.delete(gone.second);
    this.startBucket = NONE;
    this.endBucket = NONE;
    gone.second = Number.NaN;
    gone.startCount = 0;
    gone.endCount = 0;
    this.spare.push(gone);
  }
}

/** Seconds that wait at most, some 30 MB. Only absurd times need more: then the earliest is counted before its time. */
const MOST_BUCKETS = 1 << 16;

/** The beginnings and the ends within a second, unsorted. */
class Bucket {
  /** NaN: unused */
  second = Number.NaN;
  starts = EMPTY;
  ends = EMPTY;
  startCount = 0;
  endCount = 0;
}

const EMPTY = new Float64Array(0);
/** No bucket: no second is equal to its NaN. */
const NONE = new Bucket();
// Few at first: where times are absurd, each interval has buckets of its own.
const INITIAL = 8;

function grown(array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(Math.max(INITIAL, array.length * 2));
  larger.set(array);
  return larger;
}

/** Moves an element that insertion may take before it is given up: more, and sorting is faster. */
const MOVES = 16;

/** Sorts the first `count` in place. They are nearly in order: by insertion, unless that takes too many moves. */
function sorted(array: Float64Array<ArrayBuffer>, count: number): Float64Array<ArrayBuffer> {
  let moves = MOVES * count;
  for (let i = 1; i < count; i++) {
    const value = array[i]!;
    let to = i;
    for (; to > 0 && array[to - 1]! > value && moves > 0; to--, moves--) array[to] = array[to - 1]!;
    array[to] = value;
    if (moves === 0) {
      array.subarray(0, count).sort();
      break;
    }
  }
  return array;
}

/** Where TIME_WAITs go while periods change: to the gauge of the period at hand. */
export class GaugeSwitch implements IntervalSink {
  gauge = new Gauge();

  add(from: number, until: number, watermark: number): void {
    this.gauge.add(from, until, watermark);
  }
}
