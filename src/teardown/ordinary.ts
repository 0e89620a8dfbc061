import { ACK, FIN, RST, SYN } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import { E_ACK, E_BEHIND_DATA, E_CONTIGUOUS, E_FRAME, E_META, E_SIDE_SHIFT, ENTRY_WORDS } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import * as S from '../tcp/states.ts';
import { nextState } from '../tcp/transitions.ts';
import * as F from './facts.ts';

/** Of the TCP flags and the bits beside them, those that tell an entry of the trail from another. */
const KIND = SYN | FIN | RST | ACK;
/** Flags of a flow in which something went another way. */
const ODD =
  L.FLOW_1_IS_CLIENT |
  L.FLOW_TRAIL_FULL |
  L.FLOW_GAP |
  L.FLOW_DUPLICATES |
  L.FLOW_OUT_OF_ORDER_FIN |
  L.FLOW_HOLES |
  L.FLOW_SELF_CONNECT;
const CLOSED = L.SYN_SENT_FLAG | L.OCCUPIES | L.FIN_SENT_FLAG | L.FIN_ACKED;
const ODD_SIDE = L.RST_SENT | L.DATA_AFTER_FIN_ACKED | L.SILENT_BYTE;
const FIN_BEHIND_DATA = F.noteBit('fin-behind-data');

/**
 * Most connections: three segments open them, one end closes first and the other after it has the FIN, in four
 * segments or three, nothing is lost or comes twice. Their trail is one of two, so their states follow without a
 * search. For any other flow the general way (replay.ts) is taken; where both apply they agree (a test holds one
 * against the other).
 */
export class OrdinaryClose {
  private readonly facts: F.Facts;
  // The trail of the flow at hand.
  private ints: Int32Array = new Int32Array(0);
  private floats: Float64Array = new Float64Array(0);
  private at = 0;

  /** @param facts to be filled; `client` and `shift` are set already */
  constructor(facts: F.Facts) {
    this.facts = facts;
  }

  /** Fills the facts but for how TIME_WAIT ended. @returns false where the flow is not of this kind: nothing was filled */
  run(view: FlowView): boolean {
    const count = view.trailCount;
    if (count !== FOUR && count !== THREE) return false;
    const side0 = view.of(0, L.SIDE_FLAGS);
    const side1 = view.of(1, L.SIDE_FLAGS);
    if (
      view.has(ODD) ||
      (side0 & side1 & CLOSED) !== CLOSED ||
      ((side0 | side1) & ODD_SIDE) !== 0 ||
      ((side0 | side1) & L.PURE_ACK_SENT) === 0 ||
      view.word(L.COUNTS) >>> 8 !== 0
    ) {
      return false;
    }
    const trail = view.trailInOnePiece();
    this.ints = trail.ints;
    this.floats = trail.floats;
    this.at = trail.at;
    const first = (this.ints[this.at + FIN_1 * ENTRY_WORDS + E_META]! >> E_SIDE_SHIFT) & 1;
    if (!this.opens(view) || !this.closes(view, first, count) || !this.isInOrder(count)) return false;
    this.open();
    this.close(first, count);
    return true;
  }

  private opens(view: FlowView): boolean {
    const synEnd0 = view.of(0, L.FIRST_SEQ);
    const synEnd1 = view.of(1, L.FIRST_SEQ);
    return (
      this.is(0, 0, SYN) &&
      this.is(1, 1, SYN | ACK) &&
      this.ack(1) === synEnd0 &&
      this.is(2, 0, ACK) &&
      this.ack(2) === synEnd1 &&
      // Beyond that numbers may have wrapped, and an acknowledgement cover more than it seems to.
      ((view.of(0, L.FIN_END) - synEnd0) | 0) > 0 &&
      ((view.of(1, L.FIN_END) - synEnd1) | 0) > 0
    );
  }

  private closes(view: FlowView, first: number, count: number): boolean {
    const second = 1 - first;
    const finEnd = view.of(first, L.FIN_END);
    const lastFinEnd = view.of(second, L.FIN_END);
    const fin = count === FOUR ? FIN_2 : FIN_1_ACKED;
    return (
      this.is(FIN_1, first, FIN | ACK) &&
      ((this.ack(FIN_1) - lastFinEnd) | 0) < 0 &&
      (count === THREE || (this.is(FIN_1_ACKED, second, ACK) && this.ack(FIN_1_ACKED) === finEnd)) &&
      this.is(fin, second, FIN | ACK) &&
      this.ack(fin) === finEnd &&
      this.is(fin + 1, first, ACK) &&
      this.ack(fin + 1) === lastFinEnd
    );
  }

  private isInOrder(count: number): boolean {
    const { floats, at } = this;
    let before = floats[at >> 1]!;
    for (let i = 1; i < count; i++) {
      const time = floats[(at + i * ENTRY_WORDS) >> 1]!;
      if (!(time >= before)) return false;
      before = time;
    }
    return true;
  }

  /** Whether an entry is such a segment, up to which its sender had sent everything. */
  private is(entry: number, side: number, kind: number): boolean {
    const meta = this.ints[this.at + entry * ENTRY_WORDS + E_META]!;
    return (meta & (KIND | SIDE | E_CONTIGUOUS)) === (kind | (side << E_SIDE_SHIFT) | E_CONTIGUOUS);
  }

  private ack(entry: number): number {
    return this.ints[this.at + entry * ENTRY_WORDS + E_ACK]!;
  }

  private open(): void {
    this.enter(0, S.CLOSED, S.SEND_SYN, 0, F.EDGE_SENT);
    this.enter(1, S.LISTEN, S.RECEIVE_SYN, 0, F.EDGE_RECEIVED);
    this.enter(0, S.SYN_SENT, S.RECEIVE_SYN_ACK, 1, F.EDGE_RECEIVED);
    this.enter(1, S.SYN_RECEIVED, S.RECEIVE_ACK_OF_SYN, 2, F.EDGE_RECEIVED);
  }

  private close(first: number, count: number): void {
    const { facts, ints, floats, at } = this;
    const second = 1 - first;
    const fin = count === FOUR ? FIN_2 : FIN_1_ACKED;
    this.enter(first, S.ESTABLISHED, S.SEND_FIN, FIN_1, F.EDGE_SENT);
    this.enter(second, S.ESTABLISHED, S.RECEIVE_FIN, FIN_1, F.EDGE_RECEIVED);
    this.enter(first, S.FIN_WAIT_1, S.RECEIVE_ACK_OF_FIN, FIN_1_ACKED, F.EDGE_RECEIVED);
    this.enter(second, S.CLOSE_WAIT, S.SEND_FIN, fin, F.EDGE_SENT);
    const timeWait = this.enter(first, S.FIN_WAIT_2, S.RECEIVE_FIN, fin, F.EDGE_RECEIVED);
    this.enter(second, S.LAST_ACK, S.RECEIVE_ACK_OF_FIN, fin + 1, F.EDGE_RECEIVED);

    facts.timeWaitFrom[first] = facts.spanFrom[timeWait]!;
    facts.timeWaitRestartedAt[first] = facts.spanFrom[timeWait]!;
    facts.addTimeWaitFrame(first, ints[at + fin * ENTRY_WORDS + E_FRAME]!);
    facts.finAt[first] = floats[(at + FIN_1 * ENTRY_WORDS) >> 1]!;
    facts.finAt[second] = floats[(at + fin * ENTRY_WORDS) >> 1]!;
    facts.finAckedAt[first] = floats[(at + FIN_1_ACKED * ENTRY_WORDS) >> 1]!;
    facts.finAckedAt[second] = floats[(at + (fin + 1) * ENTRY_WORDS) >> 1]!;
    facts.closedAt = facts.finAckedAt[second]!;
    facts.kind = F.KIND_GRACEFUL;
    facts.initiator = first;
    facts.shape = count === FOUR ? F.SHAPE_FOUR : F.SHAPE_THREE;
    this.noteBehindData(first, FIN_1);
    this.noteBehindData(second, fin);
  }

  private noteBehindData(side: number, fin: number): void {
    if ((this.ints[this.at + fin * ENTRY_WORDS + E_META]! & E_BEHIND_DATA) === 0) return;
    this.facts.finBehindData[side] = 1;
    this.facts.note(FIN_BEHIND_DATA);
  }

  /** A side's next state, by the transition table, at the time at which it sends or has the entry. @returns index of the span */
  private enter(side: number, from: number, event: number, entry: number, edge: number): number {
    const { facts } = this;
    const shift = facts.shift[side]!;
    const captured = this.floats[(this.at + entry * ENTRY_WORDS) >> 1]!;
    let time = edge === F.EDGE_SENT ? captured - shift : captured + shift;
    const count = facts.spans[side]!;
    const i = side * F.MAX_SPANS + count;
    if (count > 0 && facts.spanFrom[i - 1]! > time) time = facts.spanFrom[i - 1]!;
    facts.spanState[i] = nextState(from, event);
    facts.spanFrom[i] = time;
    facts.spanFrame[i] = this.ints[this.at + entry * ENTRY_WORDS + E_FRAME]!;
    facts.spanEdge[i] = edge;
    facts.spanBasis[i] = F.OBSERVED;
    facts.spans[side] = count + 1;
    return i;
  }
}

const SIDE = 1 << E_SIDE_SHIFT;

// The trail: SYN, SYN-ACK, ACK, FIN, its ACK (with the other FIN: three segments), the other FIN, its ACK.
const FIN_1 = 3;
const FIN_1_ACKED = 4;
const FIN_2 = 5;
/** entries of a close in four segments, and of one in three */
const FOUR = 7;
const THREE = 6;
