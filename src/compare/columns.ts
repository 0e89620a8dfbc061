import { ACK, FIN, RST, type Segment, SYN } from '../decode/segment.ts';

/** Bits of `meta` beside the TCP flags. */
export const D_SHIFT = 8; // the direction: TO_SERVER or TO_CLIENT
export const HAS_TIMESTAMPS = 1 << 9;

/** Of the flags those that make a segment what it is: PSH and URG change on the way. */
const IDENTITY = SYN | FIN | RST | ACK;

/** Segments of one capture in columns, in its order: 40 bytes each, and no object. */
export class SegmentColumns {
  count = 0;
  /** index of the connection */
  pair = new Int32Array(INITIAL);
  /** ns since the capture's first second */
  time = new Float64Array(INITIAL);
  meta = new Int32Array(INITIAL);
  seq = new Int32Array(INITIAL);
  /** 0 without the ACK flag */
  ack = new Int32Array(INITIAL);
  length = new Int32Array(INITIAL);
  tsVal = new Int32Array(INITIAL);
  /** 0 where there is none */
  ipId = new Int32Array(INITIAL);
  frame = new Int32Array(INITIAL);

  clear(): void {
    this.count = 0;
  }

  add(pair: number, direction: number, time: number, segment: Segment): void {
    if (this.count === this.pair.length) this.grow();
    const i = this.count++;
    const flags = segment.flags & IDENTITY;
    this.pair[i] = pair;
    this.time[i] = time;
    this.meta[i] = flags | (direction << D_SHIFT) | (segment.hasTimestamps ? HAS_TIMESTAMPS : 0);
    this.seq[i] = segment.seq;
    this.ack[i] = (flags & ACK) === 0 ? 0 : segment.ack;
    this.length[i] = segment.length;
    this.tsVal[i] = segment.hasTimestamps ? segment.tsVal : 0;
    this.ipId[i] = segment.ipId;
    this.frame[i] = segment.frame;
  }

  /** TCP flags of a row. */
  flags(row: number): number {
    return this.meta[row]! & 0xff;
  }

  direction(row: number): number {
    return (this.meta[row]! >>> D_SHIFT) & 1;
  }

  /** Sequence numbers that a row takes: its payload, SYN and FIN. */
  occupies(row: number): number {
    const flags = this.flags(row);
    return this.length[row]! + ((flags & SYN) === 0 ? 0 : 1) + ((flags & FIN) === 0 ? 0 : 1);
  }

  private grow(): void {
    const size = this.pair.length * 2;
    const ints = (old: Int32Array<ArrayBuffer>) => {
      const larger = new Int32Array(size);
      larger.set(old);
      return larger;
    };
    const time = new Float64Array(size);
    time.set(this.time);
    this.time = time;
    this.pair = ints(this.pair);
    this.meta = ints(this.meta);
    this.seq = ints(this.seq);
    this.ack = ints(this.ack);
    this.length = ints(this.length);
    this.tsVal = ints(this.tsVal);
    this.ipId = ints(this.ipId);
    this.frame = ints(this.frame);
  }
}

const INITIAL = 1 << 12;

/** The rows of a capture by connection and direction, each list in the order of the capture. */
export class RowIndex {
  private rows = new Int32Array(0);
  private starts = new Int32Array(0);
  private first = 0;

  /** @param first index of the first connection @param pairs how many there are from there on */
  build(columns: SegmentColumns, first: number, pairs: number): void {
    const starts = new Int32Array(2 * pairs + 1);
    const listOf = (row: number) => 2 * (columns.pair[row]! - first) + columns.direction(row);
    for (let row = 0; row < columns.count; row++) starts[listOf(row) + 1]!++;
    for (let i = 0; i < 2 * pairs; i++) starts[i + 1]! += starts[i]!;
    const next = starts.slice();
    this.rows = new Int32Array(columns.count);
    for (let row = 0; row < columns.count; row++) this.rows[next[listOf(row)]!++] = row;
    this.starts = starts;
    this.first = first;
  }

  of(pair: number, direction: number): Int32Array {
    const list = 2 * (pair - this.first) + direction;
    return this.rows.subarray(this.starts[list]!, this.starts[list + 1]!);
  }
}
