import type { ChunkedRecords } from './chunks.ts';
import * as L from './layout.ts';

/** A flow record to read from: one reused object that is pointed at a record. */
export class FlowView {
  ints: Int32Array = new Int32Array(0);
  floats: Float64Array = new Float64Array(0);
  at = 0;

  point(records: ChunkedRecords, flow: number): this {
    this.ints = records.ints[flow >>> records.shift]!;
    this.floats = records.floats[flow >>> records.shift]!;
    this.at = (flow & records.mask) * L.RECORD_WORDS;
    return this;
  }

  /** A word of the flow (layout.ts). */
  word(word: number): number {
    return this.ints[this.at + word]!;
  }

  float(word: number): number {
    return this.floats[(this.at + word) >> 1]!;
  }

  /** A word of a side. */
  of(side: number, word: number): number {
    return this.ints[this.at + L.SIDE + side * L.SIDE_WORDS + word]!;
  }

  floatOf(side: number, word: number): number {
    return this.floats[(this.at + L.SIDE + side * L.SIDE_WORDS + word) >> 1]!;
  }

  has(flag: number): boolean {
    return (this.ints[this.at + L.FLAGS]! & flag) !== 0;
  }

  sideHas(side: number, flag: number): boolean {
    return (this.of(side, L.SIDE_FLAGS) & flag) !== 0;
  }

  get clientSide(): number {
    return this.has(L.FLOW_HIGH_IS_CLIENT) ? 1 : 0;
  }
}
