import { seqDiff } from '../units.ts';

/** Ranges of sequence numbers that a side skipped, as [from, end) pairs; kept only for sides that have some. */
export class Holes {
  private readonly bySide = new Map<number, number[]>();

  /** @param side a number for this flow's side, unique among the flows in use */
  open(side: number, from: number, end: number): void {
    const holes = this.bySide.get(side) ?? [];
    if (holes.length < MAX_HOLES * 2) holes.push(from, end);
    this.bySide.set(side, holes);
  }

  /** Fills [from, end) and returns how many bytes of it were missing until now. */
  fill(side: number, from: number, end: number): number {
    const holes = this.bySide.get(side);
    if (holes === undefined) return 0;
    let filled = 0;
    const left: number[] = [];
    for (let i = 0; i < holes.length; i += 2) {
      const [a, b] = [holes[i]!, holes[i + 1]!];
      const low = seqDiff(from, a) > 0 ? from : a;
      const high = seqDiff(end, b) < 0 ? end : b;
      if (seqDiff(high, low) <= 0) {
        left.push(a, b);
        continue;
      }
      filled += seqDiff(high, low);
      if (seqDiff(low, a) > 0) left.push(a, low);
      if (seqDiff(b, high) > 0) left.push(high, b);
    }
    if (left.length > MAX_HOLES * 2) left.length = MAX_HOLES * 2; // filling in the middle makes two of one
    if (left.length === 0) this.bySide.delete(side);
    else this.bySide.set(side, left);
    return filled;
  }

  /** Forgets the holes that reach beyond `edge`. @returns where the lowest of them began; `otherwise` if there is none */
  dropBeyond(side: number, edge: number, otherwise: number): number {
    const holes = this.bySide.get(side) ?? [];
    let lowest = otherwise;
    const left: number[] = [];
    for (let i = 0; i < holes.length; i += 2) {
      const [a, b] = [holes[i]!, holes[i + 1]!];
      if (seqDiff(b, edge) <= 0) left.push(a, b);
      else if (seqDiff(a, lowest) < 0) lowest = a;
    }
    if (left.length === 0) this.bySide.delete(side);
    else this.bySide.set(side, left);
    return lowest;
  }

  /** Whether a side has holes that end beyond what its peer has acknowledged. */
  hasBeyond(side: number, acked: number): boolean {
    const holes = this.bySide.get(side) ?? [];
    for (let i = 1; i < holes.length; i += 2) if (seqDiff(holes[i]!, acked) > 0) return true;
    return false;
  }

  has(side: number): boolean {
    return this.bySide.has(side);
  }

  drop(side: number): void {
    this.bySide.delete(side);
  }

  /** What a side's holes take, in units of 256 bytes. */
  unitsOf(side: number): number {
    const holes = this.bySide.get(side);
    return holes === undefined ? 0 : 1 + Math.ceil(holes.length / NUMBERS_A_UNIT);
  }

  /** What all take at most. */
  get mostUnits(): number {
    return this.bySide.size * (1 + (2 * MAX_HOLES) / NUMBERS_A_UNIT);
  }
}

/** More than this many at once in one direction: the rest counts as retransmission when it comes. */
const MAX_HOLES = 256;
const NUMBERS_A_UNIT = 32;
