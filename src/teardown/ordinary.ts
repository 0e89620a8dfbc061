import { ACK, FIN, RST, SYN } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import * as T from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import * as S from '../tcp/states.ts';
import * as F from './facts.ts';
import type { OsProfile } from './profiles.ts';
import { isExactNumber, isForeignTtl } from './resets.ts';
import { ShortTrail } from './short-trail.ts';

/** Flags of a flow in which something went another way. */
const ODD =
  L.FLOW_1_IS_CLIENT |
  L.FLOW_TRAIL_FULL |
  L.FLOW_GAP |
  L.FLOW_DUPLICATES |
  L.FLOW_OUT_OF_ORDER_FIN |
  L.FLOW_HOLES |
  L.FLOW_SELF_CONNECT;
/** What a side has done: opened the connection, and closed its direction of it. */
const OPENED = L.SENT | L.SYN_SENT_FLAG | L.OCCUPIES;
const CLOSED = OPENED | L.FIN_SENT_FLAG | L.FIN_ACKED;
/** What it has not done, unless the kind of close says so. */
const UNUSUAL = L.RST_SENT | L.DATA_AFTER_FIN_ACKED | L.SILENT_BYTE;
const FIN_BEHIND_DATA = F.noteBit('fin-behind-data');
const HALF_CLOSE_DATA = F.noteBit('half-close-data');

/**
 * Most connections: three segments open them, then one end closes first and the other after it has the FIN, in four
 * segments or three; or one RST ends them, before a FIN, after one that was acknowledged, or at once. Nothing is lost
 * or comes twice. Their trail is one of five, so their states follow without a search. For any other flow the general
 * way (replay.ts) is taken; where both apply they agree (a test holds one against the other).
 */
export class OrdinaryClose extends ShortTrail {
  /**
   * Fills the facts but for how TIME_WAIT ended.
   * @param profiles of side 0 and 1
   * @returns false where the flow is not of this kind: nothing was filled
   */
  run(view: FlowView, profiles: readonly [OsProfile, OsProfile]): boolean {
    const count = view.trailCount;
    if (count > FOUR || view.has(ODD) || view.word(L.COUNTS) >>> 8 !== 0) return false;
    if (count !== FOUR && count !== THREE && count !== ABORT && count !== REFUSAL) return false;
    this.point(view);
    if (!this.isInOrder(count)) return false;
    if (count === REFUSAL) return this.refusal(view);
    if (!this.opens(view)) return false;
    if (count === ABORT) return this.abort(view);
    const first = this.side(FIN_1);
    const bySecond = view.of(1 - first, L.SIDE_FLAGS);
    if (count === FOUR && (bySecond & L.FIN_SENT_FLAG) === 0) return this.abortAfterFin(view, first, profiles[first]!);
    if (!this.closes(view, first, count)) return false;
    this.open();
    this.close(first, count);
    if ((bySecond & L.DATA_AFTER_FIN_ACKED) !== 0) {
      this.facts.shape = F.SHAPE_HALF_CLOSE;
      this.facts.note(HALF_CLOSE_DATA);
    }
    return true;
  }

  private opens(view: FlowView): boolean {
    const synEnd0 = view.of(0, L.FIRST_SEQ);
    const synEnd1 = view.of(1, L.FIRST_SEQ);
    return (
      this.is(0, 0, SYN) &&
      this.seq(0) === ((synEnd0 - 1) | 0) &&
      this.is(1, 1, SYN | ACK) &&
      this.seq(1) === ((synEnd1 - 1) | 0) &&
      this.ack(1) === synEnd0 &&
      this.is(2, 0, ACK) &&
      this.ack(2) === synEnd1 &&
      (view.of(0, L.SIDE_FLAGS) & view.of(1, L.SIDE_FLAGS) & OPENED) === OPENED
    );
  }

  private closes(view: FlowView, first: number, count: number): boolean {
    const second = 1 - first;
    const finEnd = view.of(first, L.FIN_END);
    const lastFinEnd = view.of(second, L.FIN_END);
    const fin = count === FOUR ? FIN_2 : FIN_1_ACKED;
    const byFirst = view.of(first, L.SIDE_FLAGS);
    const bySecond = view.of(second, L.SIDE_FLAGS);
    return (
      (byFirst & bySecond & CLOSED) === CLOSED &&
      (byFirst & UNUSUAL) === 0 &&
      (bySecond & UNUSUAL & ~L.DATA_AFTER_FIN_ACKED) === 0 &&
      ((byFirst | bySecond) & L.PURE_ACK_SENT) !== 0 &&
      isAhead(view, first) &&
      isAhead(view, second) &&
      this.is(FIN_1, first, FIN | ACK) &&
      ((this.ack(FIN_1) - lastFinEnd) | 0) < 0 &&
      (count === THREE || (this.is(FIN_1_ACKED, second, ACK) && this.ack(FIN_1_ACKED) === finEnd)) &&
      this.is(fin, second, FIN | ACK) &&
      this.ack(fin) === finEnd &&
      this.is(fin + 1, first, ACK) &&
      this.ack(fin + 1) === lastFinEnd
    );
  }

  /** One RST, and no FIN. */
  private abort(view: FlowView): boolean {
    const by = this.side(RST_ENTRY);
    const bySender = view.of(by, L.SIDE_FLAGS);
    const byPeer = view.of(1 - by, L.SIDE_FLAGS);
    if ((bySender & (UNUSUAL | L.FIN_SENT_FLAG)) !== L.RST_SENT || (byPeer & (UNUSUAL | L.FIN_SENT_FLAG)) !== 0) {
      return false;
    }
    if (!this.is(RST_ENTRY, by, RST) && !this.is(RST_ENTRY, by, RST | ACK)) return false;
    if (!this.ends(view, RST_ENTRY, by)) return false;
    this.open();
    this.enter(by, S.ESTABLISHED, S.SEND_RST, RST_ENTRY, F.EDGE_SENT);
    this.enter(1 - by, S.ESTABLISHED, S.RECEIVE_RST, RST_ENTRY, F.EDGE_RECEIVED);
    this.reset(RST_ENTRY, by, F.KIND_ABORTED, F.SHAPE_RST, by);
    return true;
  }

  /** The end whose FIN was acknowledged sends an RST without ACK: its socket is gone, and data came. */
  private abortAfterFin(view: FlowView, first: number, profile: OsProfile): boolean {
    const second = 1 - first;
    const byFirst = view.of(first, L.SIDE_FLAGS);
    const bySecond = view.of(second, L.SIDE_FLAGS);
    const { floats, facts, at } = this;
    const ackedAt = floats[(at + FIN_1_ACKED * T.ENTRY_WORDS) >> 1]!;
    if (
      (byFirst & CLOSED) !== CLOSED ||
      (byFirst & UNUSUAL) !== L.RST_SENT ||
      (bySecond & UNUSUAL & ~L.DATA_AFTER_FIN_ACKED) !== 0 ||
      ((byFirst | bySecond) & L.PURE_ACK_SENT) === 0 ||
      !isAhead(view, first) ||
      view.of(first, L.LAST_ACK_SENT) === ((view.of(second, L.SND_MAX) + 1) | 0) || // the byte may be a FIN unseen
      !this.is(FIN_1, first, FIN | ACK) ||
      !this.is(FIN_1_ACKED, second, ACK) ||
      this.ack(FIN_1_ACKED) !== view.of(first, L.FIN_END) ||
      !this.is(RST_AFTER_FIN, first, RST) ||
      !this.ends(view, RST_AFTER_FIN, first) ||
      // By then its FIN_WAIT_2 may have timed out.
      (profile.finWait2Ns !== null &&
        !(floats[(at + RST_AFTER_FIN * T.ENTRY_WORDS) >> 1]! - ackedAt < profile.finWait2Ns))
    ) {
      return false;
    }
    this.open();
    this.closeFirst(first);
    this.enter(first, S.FIN_WAIT_2, S.SEND_RST, RST_AFTER_FIN, F.EDGE_SENT);
    this.enter(second, S.CLOSE_WAIT, S.RECEIVE_RST, RST_AFTER_FIN, F.EDGE_RECEIVED);
    this.reset(RST_AFTER_FIN, first, F.KIND_ABORTED_AFTER_FIN, F.SHAPE_FIN_RST, first);
    if ((bySecond & L.DATA_AFTER_FIN_ACKED) !== 0) facts.note(HALF_CLOSE_DATA);
    return true;
  }

  /** An RST answers the SYN: nobody listens. */
  private refusal(view: FlowView): boolean {
    const byClient = view.of(0, L.SIDE_FLAGS);
    const byServer = view.of(1, L.SIDE_FLAGS);
    if (
      (byClient & (OPENED | UNUSUAL | L.FIN_SENT_FLAG)) !== OPENED ||
      (byServer & (OPENED | UNUSUAL | L.FIN_SENT_FLAG)) !== (L.SENT | L.RST_SENT) ||
      !this.is(0, 0, SYN) ||
      !this.is(1, 1, RST | ACK) ||
      this.ack(1) !== view.of(0, L.FIRST_SEQ)
    ) {
      return false;
    }
    this.enter(0, S.CLOSED, S.SEND_SYN, 0, F.EDGE_SENT);
    this.enter(0, S.SYN_SENT, S.RECEIVE_RST, 1, F.EDGE_RECEIVED);
    this.reset(1, 1, F.KIND_REFUSED, F.SHAPE_RST, 1);
    return true;
  }

  /** Whether the trail's last segment, an RST, ends its sender and its receiver: see endpoint.ts. */
  private ends(view: FlowView, entry: number, by: number): boolean {
    const { ints } = this;
    const reset = this.at + entry * T.ENTRY_WORDS;
    if ((ints[reset + T.E_META]! & T.E_CONTEXT) === 0) return false;
    const context = reset + T.ENTRY_WORDS;
    const bits = ints[context + T.C_BITS]!;
    return (
      isExactNumber(ints[reset + T.E_SEQ]!, bits, ints[context + T.C_PEER_ACK]!, ints[context + T.C_SND_MAX]!) &&
      !isForeignTtl(view, by, bits, ints[context + T.C_TTL_ID]!)
    );
  }

  private reset(entry: number, by: number, kind: number, shape: number, initiator: number): void {
    const { facts } = this;
    facts.resetEntry = entry;
    facts.resetBy = by;
    facts.kind = kind;
    facts.shape = shape;
    facts.initiator = initiator;
    facts.closedAt = this.floats[(this.at + entry * T.ENTRY_WORDS) >> 1]!;
  }

  private open(): void {
    this.enter(0, S.CLOSED, S.SEND_SYN, 0, F.EDGE_SENT);
    this.enter(1, S.LISTEN, S.RECEIVE_SYN, 0, F.EDGE_RECEIVED);
    this.enter(0, S.SYN_SENT, S.RECEIVE_SYN_ACK, 1, F.EDGE_RECEIVED);
    this.enter(1, S.SYN_RECEIVED, S.RECEIVE_ACK_OF_SYN, 2, F.EDGE_RECEIVED);
  }

  /** The first FIN and its acknowledgement. */
  private closeFirst(first: number): void {
    const { facts, floats, at } = this;
    this.enter(first, S.ESTABLISHED, S.SEND_FIN, FIN_1, F.EDGE_SENT);
    this.enter(1 - first, S.ESTABLISHED, S.RECEIVE_FIN, FIN_1, F.EDGE_RECEIVED);
    this.enter(first, S.FIN_WAIT_1, S.RECEIVE_ACK_OF_FIN, FIN_1_ACKED, F.EDGE_RECEIVED);
    facts.finAt[first] = floats[(at + FIN_1 * T.ENTRY_WORDS) >> 1]!;
    facts.finAckedAt[first] = floats[(at + FIN_1_ACKED * T.ENTRY_WORDS) >> 1]!;
    this.noteBehindData(first, FIN_1);
  }

  private close(first: number, count: number): void {
    const { facts, ints, floats, at } = this;
    const second = 1 - first;
    const fin = count === FOUR ? FIN_2 : FIN_1_ACKED;
    this.closeFirst(first);
    this.enter(second, S.CLOSE_WAIT, S.SEND_FIN, fin, F.EDGE_SENT);
    const timeWait = this.enter(first, S.FIN_WAIT_2, S.RECEIVE_FIN, fin, F.EDGE_RECEIVED);
    this.enter(second, S.LAST_ACK, S.RECEIVE_ACK_OF_FIN, fin + 1, F.EDGE_RECEIVED);

    facts.timeWaitFrom[first] = facts.spanFrom[timeWait]!;
    facts.timeWaitRestartedAt[first] = facts.spanFrom[timeWait]!;
    facts.addTimeWaitFrame(first, ints[at + fin * T.ENTRY_WORDS + T.E_FRAME]!);
    facts.finAt[second] = floats[(at + fin * T.ENTRY_WORDS) >> 1]!;
    facts.finAckedAt[second] = floats[(at + (fin + 1) * T.ENTRY_WORDS) >> 1]!;
    facts.closedAt = facts.finAckedAt[second]!;
    facts.kind = F.KIND_GRACEFUL;
    facts.initiator = first;
    facts.shape = count === FOUR ? F.SHAPE_FOUR : F.SHAPE_THREE;
    this.noteBehindData(second, fin);
  }

  private noteBehindData(side: number, fin: number): void {
    if ((this.ints[this.at + fin * T.ENTRY_WORDS + T.E_META]! & T.E_BEHIND_DATA) === 0) return;
    this.facts.finBehindData[side] = 1;
    this.facts.note(FIN_BEHIND_DATA);
  }
}

/** Whether a side's FIN is not so far on that numbers may have wrapped, and an acknowledgement cover more than it seems to. */
function isAhead(view: FlowView, side: number): boolean {
  return ((view.of(side, L.FIN_END) - view.of(side, L.FIRST_SEQ)) | 0) > 0;
}

// The trail: SYN, SYN-ACK, ACK, FIN, its ACK (with the other FIN: three segments), the other FIN, its ACK. An RST has two entries.
const FIN_1 = 3;
const FIN_1_ACKED = 4;
const FIN_2 = 5;
const RST_ENTRY = 3;
const RST_AFTER_FIN = 5;
/** entries of a close in four segments or with an RST after the FIN's ACK, in three, of an abort, and of a refusal */
const FOUR = 7;
const THREE = 6;
const ABORT = 5;
const REFUSAL = 3;
