import { ACK, FIN, RST, SYN } from '../decode/segment.ts';
import * as T from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import { nextState } from '../tcp/transitions.ts';
import * as F from './facts.ts';

/** Of the TCP flags and the bits beside them, those that tell an entry of the trail from another. */
const KIND = SYN | FIN | RST | ACK;
const SIDE = 1 << T.E_SIDE_SHIFT;

/** A trail of BLOCK_ENTRIES entries at most, read where it stands, and the states that follow from it. */
export class ShortTrail {
  protected readonly facts: F.Facts;
  // The trail of the flow at hand.
  protected ints: Int32Array = new Int32Array(0);
  protected floats: Float64Array = new Float64Array(0);
  protected at = 0;

  /** @param facts to be filled; `client` and `shift` are set already */
  constructor(facts: F.Facts) {
    this.facts = facts;
  }

  protected point(view: FlowView): void {
    const trail = view.trailInOnePiece();
    this.ints = trail.ints;
    this.floats = trail.floats;
    this.at = trail.at;
  }

  /** Whether its times never go back; a last entry that only says more of an RST has none. */
  protected isInOrder(count: number): boolean {
    const { floats, at } = this;
    let before = floats[at >> 1]!;
    const last = (this.ints[at + (count - 2) * T.ENTRY_WORDS + T.E_META]! & T.E_CONTEXT) === 0 ? count : count - 1;
    for (let i = 1; i < last; i++) {
      const time = floats[(at + i * T.ENTRY_WORDS) >> 1]!;
      if (!(time >= before)) return false;
      before = time;
    }
    return true;
  }

  /** Whether an entry is such a segment, up to which its sender had sent everything. */
  protected is(entry: number, side: number, kind: number): boolean {
    const meta = this.ints[this.at + entry * T.ENTRY_WORDS + T.E_META]!;
    return (meta & (KIND | SIDE | T.E_CONTIGUOUS)) === (kind | (side << T.E_SIDE_SHIFT) | T.E_CONTIGUOUS);
  }

  protected side(entry: number): number {
    return (this.ints[this.at + entry * T.ENTRY_WORDS + T.E_META]! >> T.E_SIDE_SHIFT) & 1;
  }

  protected seq(entry: number): number {
    return this.ints[this.at + entry * T.ENTRY_WORDS + T.E_SEQ]!;
  }

  protected ack(entry: number): number {
    return this.ints[this.at + entry * T.ENTRY_WORDS + T.E_ACK]!;
  }

  /** A side's next state, by the transition table, at the time at which it sends or has the entry. @returns index of the span */
  protected enter(side: number, from: number, event: number, entry: number, edge: number): number {
    const { facts } = this;
    const shift = facts.shift[side]!;
    const captured = this.floats[(this.at + entry * T.ENTRY_WORDS) >> 1]!;
    let time = edge === F.EDGE_SENT ? captured - shift : captured + shift;
    const count = facts.spans[side]!;
    const i = side * F.MAX_SPANS + count;
    if (count > 0 && facts.spanFrom[i - 1]! > time) time = facts.spanFrom[i - 1]!;
    facts.spanState[i] = nextState(from, event);
    facts.spanFrom[i] = time;
    facts.spanFrame[i] = this.ints[this.at + entry * T.ENTRY_WORDS + T.E_FRAME]!;
    facts.spanEdge[i] = edge;
    facts.spanBasis[i] = F.OBSERVED;
    facts.spans[side] = count + 1;
    return i;
  }
}
