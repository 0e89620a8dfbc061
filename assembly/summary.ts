/**
 * The end of an ordinary connection in the numbers of src/evidence/summary.ts, read off its trail: three segments open it,
 * then one end closes first and the other after it has the FIN, in four segments or three; or one RST ends it, before a
 * FIN, after one that was acknowledged, or at once. Nothing is lost or comes twice, so its states follow without a
 * search. src/teardown/ tells the ends of all others; of these it says the same, which a test demands (test/assembly/).
 */
import { ACK, FIN, RST, SYN } from '../src/decode/flags';
import * as N from '../src/evidence/summary-layout';
import * as L from '../src/flow/layout';
import * as T from '../src/flow/trail-layout';
import * as C from '../src/kernel/control';
import { SHORTEST_FIN_WAIT_2 } from '../src/teardown/distances';
import * as K from '../src/teardown/kinds';
import { ackOf, entry, is, isInOrder, ofSide, point, record, seqOf, sideOf, time } from './ending';
import { ends } from './reset';
import { interestOf, isLong, positionOf, shiftOf } from './stay';
import { get, getFloat, recordAddress, setNumber, word } from './words';

/** Flags of a flow in which something went another way. */
const ODD: i32 =
  L.FLOW_1_IS_CLIENT |
  L.FLOW_TRAIL_FULL |
  L.FLOW_GAP |
  L.FLOW_DUPLICATES |
  L.FLOW_OUT_OF_ORDER_FIN |
  L.FLOW_HOLES |
  L.FLOW_SELF_CONNECT;
/** What a side has done: opened the connection, and closed its direction of it. */
const OPENED: i32 = L.SENT | L.SYN_SENT_FLAG | L.OCCUPIES;
const CLOSED: i32 = OPENED | L.FIN_SENT_FLAG | L.FIN_ACKED;
/** What it has not done, unless the kind of close says so. */
const UNUSUAL: i32 = L.RST_SENT | L.DATA_AFTER_FIN_ACKED | L.SILENT_BYTE;

// The trail: SYN, SYN-ACK, ACK, FIN, its ACK (with the other FIN: three segments), the other FIN, its ACK. An RST has two entries.
const FIN_1: i32 = 3;
const FIN_1_ACKED: i32 = 4;
const FIN_2: i32 = 5;
const RST_ENTRY: i32 = 3;
const RST_AFTER_FIN: i32 = 5;
/** entries of a close in four segments or with an RST after the FIN's ACK, in three, of an abort, and of a refusal */
const FOUR: i32 = 7;
const THREE: i32 = 6;
const ABORT: i32 = 5;
const REFUSAL: i32 = 3;

// By how much each side of the flow at hand is away from the capture.
let shift0: f64 = 0;
let shift1: f64 = 0;

function shift(side: i32): f64 {
  return side === 0 ? shift0 : shift1;
}

/** When a side sent an entry, and when it had it: not before it came into its last state. */
function sent(index: i32, side: i32, before: f64): f64 {
  return max(time(index) - shift(side), before);
}

function received(index: i32, side: i32, before: f64): f64 {
  return max(time(index) + shift(side), before);
}

/**
 * Sums a flow up in C.SUMMARY, all but its service.
 * @param offset of the flow's times, ns since the capture's first second
 * @param timeWait0 length of side 0's TIME_WAIT, ns, and so on
 * @param finWait0 its FIN_WAIT_2 timer, ns; Infinity: none
 * @returns false where it is not of this kind, or stands elsewhere
 */
export function summarize(flow: i32, offset: f64, timeWait0: f64, timeWait1: f64, finWait0: f64, finWait1: f64): bool {
  if (flow >= word(C.RECORDS + C.LIMIT)) return false;
  const at = recordAddress(flow);
  const bits = get(at, L.FLAGS);
  const count = bits >>> L.TRAIL_COUNT_SHIFT;
  if ((bits & ODD) !== 0 || get(at, L.COUNTS) >>> 8 !== 0) return false;
  if (count !== FOUR && count !== THREE && count !== ABORT && count !== REFUSAL) return false;
  const head = get(at, L.TRAIL_HEAD);
  if (head >= word(C.BLOCKS + C.LIMIT)) return false;
  point(at, head);
  if (!isInOrder(count)) return false;

  // Without pure ACKs an answer may have come long before the segment that tells of it.
  const told = ((ofSide(0, L.SIDE_FLAGS) | ofSide(1, L.SIDE_FLAGS)) & L.PURE_ACK_SENT) !== 0;
  if (!told && count !== REFUSAL) return false;
  const rtt0 = told ? getFloat(record, L.MIN_RTT) : Infinity;
  const rtt1 = told ? getFloat(record, L.MIN_RTT + 2) : Infinity;
  shift0 = shiftOf(rtt0, rtt1);
  shift1 = shiftOf(rtt1, rtt0);
  setSummary(N.POSITION, positionOf(rtt0, rtt1));
  setSummary(N.ID, get(record, L.ID));
  setSummary(N.KEY, keyOf());
  const reuses: i32 = (bits & L.FLOW_REUSES) !== 0 ? 1 : 0;
  setSummary(N.REUSES, reuses);
  setNumber(C.SUMMARY + N.OPENED, getFloat(record, L.FIRST_TIME) + offset);
  setNumber(C.SUMMARY + N.LAST, getFloat(record, L.LAST_TIME) + offset);
  setSummary(N.CLIENT_PORT, get(record, L.PORTS) >>> 16);
  setSummary(N.NOTABLE, reuses);
  setSummary(N.NOTES, 0);
  for (let i = N.FIN_WAIT_2; i < N.TIME_WAIT + 4; i++) setNumber(C.SUMMARY + i, NaN);

  if (count === REFUSAL) return takeRefusal();
  if (!opens()) return false;
  if (count === ABORT) return takeAbort();
  const first = sideOf(FIN_1);
  const finWait = first === 0 ? finWait0 : finWait1;
  const timeWait = first === 0 ? timeWait0 : timeWait1;
  if (count === FOUR && (ofSide(1 - first, L.SIDE_FLAGS) & L.FIN_SENT_FLAG) === 0)
    return takeAbortAfterFin(first, finWait);
  return takeClose(first, count, offset, timeWait);
}

function setSummary(index: i32, value: i32): void {
  setNumber(C.SUMMARY + index, <f64>value);
}

function setEnd(kind: i32, initiator: i32, interest: i32): void {
  setSummary(N.KIND, kind);
  setSummary(N.INITIATOR, initiator);
  setSummary(N.INTEREST, interest);
}

/** As in src/evidence/summary.ts. */
function keyOf(): i32 {
  const ends = (get(record, L.ADDRESS_0 + 3) * <i32>0x85ebca6b) ^ (get(record, L.ADDRESS_1 + 3) * <i32>0xc2b2ae35);
  return ends ^ (get(record, L.PORTS) * <i32>0x27d4eb2f) ^ <i32>(<i64>getFloat(record, L.FIRST_TIME));
}

function opens(): bool {
  const synEnd0 = ofSide(0, L.FIRST_SEQ);
  const synEnd1 = ofSide(1, L.FIRST_SEQ);
  return (
    is(0, 0, SYN) &&
    seqOf(0) === synEnd0 - 1 &&
    is(1, 1, SYN | ACK) &&
    seqOf(1) === synEnd1 - 1 &&
    ackOf(1) === synEnd0 &&
    is(2, 0, ACK) &&
    ackOf(2) === synEnd1 &&
    (ofSide(0, L.SIDE_FLAGS) & ofSide(1, L.SIDE_FLAGS) & OPENED) === OPENED
  );
}

/** When a side was ESTABLISHED. */
function established(side: i32): f64 {
  return side === 0 ? received(1, 0, time(0) - shift0) : received(2, 1, time(0) + shift1);
}

/** Whether a side's FIN is not so far on that numbers may have wrapped, and an acknowledgement cover more than it seems to. */
function isAhead(side: i32): bool {
  return ofSide(side, L.FIN_END) - ofSide(side, L.FIRST_SEQ) > 0;
}

function isBehindData(fin: i32): bool {
  return (get(entry(fin), T.E_META) & T.E_BEHIND_DATA) !== 0;
}

function takeClose(first: i32, count: i32, offset: f64, timeWait: f64): bool {
  const second = 1 - first;
  const finEnd = ofSide(first, L.FIN_END);
  const lastFinEnd = ofSide(second, L.FIN_END);
  const fin = count === FOUR ? FIN_2 : FIN_1_ACKED;
  const byFirst = ofSide(first, L.SIDE_FLAGS);
  const bySecond = ofSide(second, L.SIDE_FLAGS);
  const isOrdinary =
    (byFirst & bySecond & CLOSED) === CLOSED &&
    (byFirst & UNUSUAL) === 0 &&
    (bySecond & UNUSUAL & ~L.DATA_AFTER_FIN_ACKED) === 0 &&
    isAhead(first) &&
    isAhead(second) &&
    is(FIN_1, first, FIN | ACK) &&
    ackOf(FIN_1) - lastFinEnd < 0 &&
    (count === THREE || (is(FIN_1_ACKED, second, ACK) && ackOf(FIN_1_ACKED) === finEnd)) &&
    is(fin, second, FIN | ACK) &&
    ackOf(fin) === finEnd &&
    is(fin + 1, first, ACK) &&
    ackOf(fin + 1) === lastFinEnd;
  if (!isOrdinary) return false;
  const finWait1 = sent(FIN_1, first, established(first));
  const finWait2 = received(FIN_1_ACKED, first, finWait1);
  const timeWaitFrom = received(fin, first, finWait2);
  const closeWait = received(FIN_1, second, established(second));
  const lastAck = sent(fin, second, closeWait);
  const closed = received(fin + 1, second, lastAck);
  let interest =
    N.INTEREST_GRACEFUL +
    interestOf(finWait2 - finWait1) +
    interestOf(timeWaitFrom - finWait2) +
    interestOf(lastAck - closeWait) +
    interestOf(closed - lastAck);
  if (isBehindData(FIN_1) || isBehindData(fin)) interest += N.INTEREST_ODD;
  if ((bySecond & L.DATA_AFTER_FIN_ACKED) !== 0) interest += N.INTEREST_ODD;
  setEnd(K.KIND_GRACEFUL, first, interest);
  if (
    isLong(finWait2 - finWait1) ||
    isLong(timeWaitFrom - finWait2) ||
    isLong(lastAck - closeWait) ||
    isLong(closed - lastAck)
  ) {
    setSummary(N.NOTABLE, 1);
  }
  setNumber(C.SUMMARY + N.FIN_WAIT_2 + first, timeWaitFrom - finWait2);
  setNumber(C.SUMMARY + N.TIME_WAIT + 2 * first, timeWaitFrom + offset);
  setNumber(C.SUMMARY + N.TIME_WAIT + 2 * first + 1, timeWaitFrom + timeWait + offset);
  return true;
}

/** One RST, and no FIN. */
function takeAbort(): bool {
  const by = sideOf(RST_ENTRY);
  const own = ofSide(by, L.SIDE_FLAGS) & (UNUSUAL | L.FIN_SENT_FLAG);
  const peer = ofSide(1 - by, L.SIDE_FLAGS) & (UNUSUAL | L.FIN_SENT_FLAG);
  if (own !== L.RST_SENT || peer !== 0) return false;
  if (!is(RST_ENTRY, by, RST) && !is(RST_ENTRY, by, RST | ACK)) return false;
  if (!ends(RST_ENTRY, by)) return false;
  setEnd(K.KIND_ABORTED, by, N.INTEREST_ABORTED);
  setSummary(N.NOTABLE, 1);
  return true;
}

/** The end whose FIN was acknowledged sends an RST without ACK: its socket is gone, and data came. */
function takeAbortAfterFin(first: i32, finWait: f64): bool {
  const second = 1 - first;
  const byFirst = ofSide(first, L.SIDE_FLAGS);
  const bySecond = ofSide(second, L.SIDE_FLAGS);
  const isOrdinary =
    (byFirst & CLOSED) === CLOSED &&
    (byFirst & UNUSUAL) === L.RST_SENT &&
    (bySecond & UNUSUAL & ~L.DATA_AFTER_FIN_ACKED) === 0 &&
    isAhead(first) &&
    ofSide(first, L.LAST_ACK_SENT) !== ofSide(second, L.SND_MAX) + 1 && // the byte may be a FIN unseen
    is(FIN_1, first, FIN | ACK) &&
    is(FIN_1_ACKED, second, ACK) &&
    ackOf(FIN_1_ACKED) === ofSide(first, L.FIN_END) &&
    is(RST_AFTER_FIN, first, RST) &&
    ends(RST_AFTER_FIN, first) &&
    time(RST_AFTER_FIN) - time(FIN_1_ACKED) < finWait; // by then its FIN_WAIT_2 may have timed out
  if (!isOrdinary) return false;
  const finWait1 = sent(FIN_1, first, established(first));
  const finWait2 = received(FIN_1_ACKED, first, finWait1);
  const closed = sent(RST_AFTER_FIN, first, finWait2);
  const closeWait = received(FIN_1, second, established(second));
  const peerClosed = received(RST_AFTER_FIN, second, closeWait);
  let interest =
    N.INTEREST_ABORTED_AFTER_FIN +
    interestOf(finWait2 - finWait1) +
    interestOf(closed - finWait2) +
    interestOf(peerClosed - closeWait);
  if (isBehindData(FIN_1)) interest += N.INTEREST_ODD;
  if ((bySecond & L.DATA_AFTER_FIN_ACKED) !== 0) interest += N.INTEREST_ODD;
  setEnd(K.KIND_ABORTED_AFTER_FIN, first, interest);
  setSummary(N.NOTABLE, 1);
  // From then on it is only assumed that no shorter timer had ended it: src/teardown/edges.ts.
  const isTold = closed - finWait2 < SHORTEST_FIN_WAIT_2;
  setNumber(C.SUMMARY + N.FIN_WAIT_2 + first, isTold ? closed - finWait2 : NaN);
  return true;
}

/** An RST answers the SYN: nobody listens. */
function takeRefusal(): bool {
  const byClient = ofSide(0, L.SIDE_FLAGS);
  const byServer = ofSide(1, L.SIDE_FLAGS);
  if (
    (byClient & (OPENED | UNUSUAL | L.FIN_SENT_FLAG)) !== OPENED ||
    (byServer & (OPENED | UNUSUAL | L.FIN_SENT_FLAG)) !== (L.SENT | L.RST_SENT) ||
    !is(0, 0, SYN) ||
    !is(1, 1, RST | ACK) ||
    ackOf(1) !== ofSide(0, L.FIRST_SEQ)
  ) {
    return false;
  }
  setEnd(K.KIND_REFUSED, 1, N.INTEREST_REFUSED);
  setSummary(N.NOTABLE, 1);
  return true;
}
