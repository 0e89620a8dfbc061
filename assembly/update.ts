/**
 * What the segments of an ordinary connection do to their flow's record: the steps of its opening and close, and what
 * comes between. They leave it as src/flow/update.ts does, which takes all others and is what this is held against
 * (test/assembly/). kindOf() decides and changes nothing; the functions `take...` do it.
 */
import { ACK, FIN, RST, SYN } from '../src/decode/flags';
import * as L from '../src/flow/layout';
import * as H from '../src/flow/letters';
import { ACK_CLOCKED, INITIAL_WINDOW, MOST_MISSING, MSS, TELLING_TRIP } from '../src/flow/limits';
import * as T from '../src/flow/trail-layout';
import { ack, fingerprint, flags, ipId, length, seq, ttl, window, windowScale } from './frame';
import { addBytes, addHalfCloseBytes, setTurn } from './payload';
import { hasTrailRoom, leave } from './trail';
import { get, getFloat, set, setFloat } from './words';

/** Words of a side. */
function ofSide(side: i32): i32 {
  return L.SIDE + side * L.SIDE_WORDS;
}

function noteLetter(record: usize, letter: i32, side: i32): void {
  const seen = get(record, L.HISTORY_SEEN);
  const bit = 1 << (letter * 2 + side);
  if ((seen & bit) !== 0) return;
  set(record, L.HISTORY_SEEN, seen | bit);
  const counts = get(record, L.COUNTS);
  set(record, L.COUNTS, counts + 1);
  const count = counts & 0xff;
  const at = L.HISTORY + count / H.PER_WORD;
  set(record, at, get(record, at) | (((letter << 1) | side) << ((count % H.PER_WORD) * H.BITS)));
}

function isLimited(inFlight: i32, peerWindow: i32): bool {
  return inFlight > INITIAL_WINDOW || inFlight + MSS > peerWindow;
}

/** The flow's first and last time, and with `time` the time since the one before. @returns that, ns */
export function takeTime(record: usize, time: f64): f64 {
  const last = getFloat(record, L.LAST_TIME);
  if (time > last) setFloat(record, L.LAST_TIME, time);
  else if (time < getFloat(record, L.FIRST_TIME)) setFloat(record, L.FIRST_TIME, time);
  return time - last;
}

/** What kind of segment it is. */
export const OTHER: i32 = 0;
export const ORDINARY: i32 = 1;
export const STEP: i32 = 2;
export const SYN_ACK: i32 = 3;

/** Of the sender: what speaks against a step. */
const UNUSUAL: i32 = L.RST_SENT | L.ZERO_WINDOW | L.LIMITED;
const OPENED: i32 = L.OCCUPIES | L.SYN_SENT_FLAG | L.SYN_ACKED | L.FIN_SENT_FLAG | L.RST_SENT | L.ACK_SENT;

/**
 * ORDINARY: in sequence, of an established connection that nobody has begun to close, with nothing to be told of.
 * STEP: in sequence too, with or without payload and FIN: the ACK that completes the handshake, a side's first FIN, what
 * acknowledges the peer's, and what comes between the FINs or after them; once a side has closed, only its pure ACKs.
 * SYN_ACK: acknowledges exactly the SYN, without payload.
 */
export function kindOf(record: usize, side: i32): i32 {
  const s = ofSide(side);
  const p = ofSide(1 - side);
  const before = get(record, s + L.SIDE_FLAGS);
  const peer = get(record, p + L.SIDE_FLAGS);
  const bits = get(record, L.FLAGS);
  if ((flags & SYN) !== 0) return isSynAck(record, s, p, before, peer, bits) ? SYN_ACK : OTHER;
  if (
    (flags & (RST | ACK)) !== ACK ||
    seq !== get(record, s + L.SND_MAX) ||
    ack - get(record, p + L.SND_MAX) > 0 ||
    window === 0 ||
    (before & (L.OCCUPIES | L.ZERO_WINDOW)) !== L.OCCUPIES ||
    (peer & L.OCCUPIES) === 0 ||
    (bits & L.FLOW_HOLES) !== 0 ||
    // Payload of a connection that carries more than 2 GB one way, or whose ends never opened it.
    (length !== 0 && get(record, s + L.FIRST_SEQ) - seq > 0)
  ) {
    return OTHER;
  }
  if (
    (flags & FIN) === 0 &&
    (bits & L.FLOW_ENDING) === 0 &&
    (before & L.ACK_SENT) !== 0 &&
    (peer & (L.SYN_SENT_FLAG | L.SYN_ACKED)) !== L.SYN_SENT_FLAG
  ) {
    return ORDINARY;
  }
  if ((before & UNUSUAL) !== 0 || (peer & L.RST_SENT) !== 0 || (bits & L.FLOW_SELF_CONNECT) !== 0) return OTHER;
  if ((length | (flags & FIN)) !== 0 && (before & L.FIN_SENT_FLAG) !== 0) return OTHER;
  return hasTrailRoom(record) ? STEP : OTHER;
}

function isSynAck(record: usize, _s: i32, p: i32, before: i32, peer: i32, bits: i32): bool {
  return (
    (flags & (SYN | ACK | FIN | RST)) === (SYN | ACK) &&
    length === 0 &&
    (before & ~L.TIMING) === 0 &&
    (peer & OPENED) === (L.OCCUPIES | L.SYN_SENT_FLAG) &&
    (bits & L.FLOW_BY_HANDSHAKE) !== 0 &&
    ack === get(record, p + L.FIRST_SEQ) &&
    ack === get(record, p + L.SND_MAX) &&
    hasTrailRoom(record)
  );
}

/** What an acknowledgement tells of the round trip. @returns the side's flags, no longer timing if it does */
function takeRoundTrip(record: usize, side: i32, before: i32, time: f64): i32 {
  if ((before & L.TIMING) === 0 || ack - get(record, ofSide(side) + L.TIMED_FROM) <= 0) return before;
  const rtt = time - getFloat(record, L.TIMED_AT + 2 * side);
  if (rtt >= 0 && rtt < getFloat(record, L.MIN_RTT + 2 * side)) setFloat(record, L.MIN_RTT + 2 * side, rtt);
  return before & ~L.TIMING;
}

/** Times the answer to the segment at hand, unless one is being timed, or was within the round trip. @returns the peer's flags */
function takeTiming(record: usize, side: i32, peer: i32, time: f64): i32 {
  if ((peer & L.TIMING) !== 0 || isInFlight(record, side, time)) return peer;
  set(record, ofSide(1 - side) + L.TIMED_FROM, seq);
  setFloat(record, L.TIMED_AT + 2 - 2 * side, time);
  return peer | L.TIMING;
}

/** Whether a side, for all the capture shows, cannot have had the answer to its segment last timed. */
function isInFlight(record: usize, side: i32, time: f64): bool {
  const rtt = getFloat(record, L.MIN_RTT + 2 * side);
  return rtt !== Infinity && time - getFloat(record, L.TIMED_AT + 2 - 2 * side) < rtt;
}

/** Whether a side that sends up to `end` has as much in flight as it may: src/flow/update.ts. */
function isFull(record: usize, side: i32, peer: i32, end: i32, time: f64): bool {
  if ((peer & L.ACK_SENT) === 0) return false;
  const p = ofSide(1 - side);
  if (isLimited(end - get(record, p + L.LAST_ACK_SENT), get(record, p + L.WINDOW))) return true;
  return end - get(record, p + L.TIMED_FROM) > INITIAL_WINDOW && isInFlight(record, side, time);
}

/** As takeIpId() of src/flow/oddities.ts. */
function takeIpId(record: usize, side: i32): i32 {
  if (ipId === 0) return 0;
  const at = record + (L.IP_IDS << 2) + (side << 1);
  const last = <i32>load<u16>(at);
  store<u16>(at, length > MSS ? 0 : ipId);
  if (last === 0) return 0;
  const step = (ipId - last - (ipId < last ? 1 : 0)) & 0xffff;
  const bits = get(record, L.FLAGS);
  const count = L.FLOW_IDS_COUNT << side;
  const jump = L.FLOW_IDS_JUMP << side;
  const back = step >= 0x10000 - MOST_MISSING ? L.FLOW_IDS_BACK << side : 0;
  if (step === 1) {
    if ((bits & count) === 0) set(record, L.FLAGS, bits | count);
    return 0;
  }
  set(record, L.FLAGS, bits | jump | back);
  return (bits & (count | jump)) === count && step > 1 && step <= MOST_MISSING ? T.E_ID_GAP : 0;
}

export function takeOrdinary(record: usize, side: i32, time: f64, since: f64): void {
  const s = ofSide(side);
  const p = ofSide(1 - side);
  const before = get(record, s + L.SIDE_FLAGS);
  const peer = get(record, p + L.SIDE_FLAGS);
  set(record, s + L.PACKETS, get(record, s + L.PACKETS) + 1);
  if (ack - get(record, s + L.LAST_ACK_SENT) > 0) set(record, s + L.LAST_ACK_SENT, ack);
  takeIpId(record, side);
  let now = takeRoundTrip(record, side, before, time);
  let peerNow = peer & ~L.PROBES_MASK;
  if (length === 0) {
    now |= L.PURE_ACK_SENT;
    noteLetter(record, H.H_ACK, side);
    if ((before & L.LIMITED) !== 0 && hadTime(record, side, since)) now &= ~L.LIMITED;
  } else {
    noteLetter(record, H.H_DATA, side);
    const end = seq + length;
    set(record, s + L.SND_MAX, end);
    addBytes(record, side, length);
    if ((before & L.DATA_LAST) === 0) setTurn(record, time);
    now |= L.DATA_SENT | L.DATA_LAST;
    peerNow = takeTiming(record, side, peerNow & ~L.DATA_LAST, time);
    if (isFull(record, side, peer, end, time)) now |= L.LIMITED;
    else if ((before & L.LIMITED) !== 0 && hadTime(record, side, since)) now &= ~L.LIMITED;
  }
  set(record, s + L.WINDOW, window << (now >>> L.SCALE_SHIFT));
  set(record, s + L.SIDE_FLAGS, (now & ~L.TTL_MASK) | (ttl << L.TTL_SHIFT));
  set(record, p + L.SIDE_FLAGS, peerNow);
  setFloat(record, L.SIDE_LAST_TIME + 2 * side, time);
}

/** Whether a side that had been held up could have sent before: src/flow/oddities.ts. */
function hadTime(record: usize, side: i32, since: f64): bool {
  const acked = get(record, ofSide(1 - side) + L.LAST_ACK_SENT);
  const rtt = getFloat(record, L.MIN_RTT + 2 * side);
  return acked - seq >= 0 && since > (rtt === Infinity ? 0 : rtt) + ACK_CLOCKED;
}

/** Whether a FIN had been waiting for an acknowledgement: src/flow/oddities.ts. */
function awaitedAck(record: usize, side: i32, before: i32, ownAck: i32, time: f64): bool {
  const lost = (get(record, L.FLAGS) & L.FLOW_HOLES) !== 0 || (get(record, L.COUNTS) & L.SYN_AGAIN) !== 0;
  if (!lost && (get(record, L.HISTORY_SEEN) & (1 << (2 * H.H_RETRANSMITTED + side))) === 0) return false;
  if ((before & L.DATA_LAST) === 0) return false;
  const p = ofSide(1 - side);
  if ((get(record, p + L.SIDE_FLAGS) & L.FIN_SENT_FLAG) !== 0 && get(record, p + L.FIN_END) - ownAck > 0) return false;
  const acked = getFloat(record, L.SIDE_LAST_TIME + 2 - 2 * side);
  if (acked < getFloat(record, L.SIDE_LAST_TIME + 2 * side)) return false;
  const rtt = getFloat(record, L.MIN_RTT + 2 * side);
  const late = time - acked - (rtt === Infinity ? 0 : rtt);
  if (!(late < ACK_CLOCKED && late > -ACK_CLOCKED)) return false;
  return rtt + getFloat(record, L.MIN_RTT + 2 - 2 * side) > TELLING_TRIP;
}

export function takeStep(record: usize, side: i32, time: f64, frame: i32): void {
  const s = ofSide(side);
  const p = ofSide(1 - side);
  const before = get(record, s + L.SIDE_FLAGS);
  const peer = get(record, p + L.SIDE_FLAGS);
  const isFin = (flags & FIN) !== 0;
  const ahead = length + (flags & FIN);
  const gap = takeIpId(record, side);
  const ownAck = get(record, s + L.LAST_ACK_SENT);
  let hasWaited = false;
  let now = before;
  let peerNow = peer & ~L.PROBES_MASK;
  let isLogged = isFin || (before & L.ACK_SENT) === 0;
  set(record, s + L.PACKETS, get(record, s + L.PACKETS) + 1);
  if ((before & L.ACK_SENT) === 0 || ack - get(record, s + L.LAST_ACK_SENT) > 0) set(record, s + L.LAST_ACK_SENT, ack);
  const isOpening = (peer & (L.SYN_SENT_FLAG | L.SYN_ACKED)) === L.SYN_SENT_FLAG;
  // Not a SYN-ACK's answer at once: src/flow/update.ts.
  if (!(isOpening && ahead !== 0)) now = takeRoundTrip(record, side, before, time);
  else if (ack - get(record, s + L.TIMED_FROM) > 0) now = before & ~L.TIMING;
  now |= L.SENT | L.ACK_SENT;
  if (isOpening && ack - get(record, p + L.FIRST_SEQ) >= 0) {
    peerNow |= L.SYN_ACKED;
    isLogged = true;
  }
  if ((peer & L.FIN_SENT_FLAG) !== 0) {
    if ((before & L.FIN_SENT_FLAG) !== 0) isLogged = true; // both have closed: whatever comes still matters
    if ((peer & L.FIN_ACKED) === 0 && ack - get(record, p + L.FIN_END) >= 0) {
      peerNow |= L.FIN_ACKED;
      isLogged = true;
    }
  }
  if (ahead === 0) {
    now |= L.PURE_ACK_SENT;
    noteLetter(record, H.H_ACK, side);
  } else {
    const end = seq + ahead;
    set(record, s + L.SND_MAX, end);
    peerNow = takeTiming(record, side, peerNow, time);
    if (length !== 0) {
      noteLetter(record, H.H_DATA, side);
      addBytes(record, side, length);
      if ((before & L.DATA_LAST) === 0) setTurn(record, time);
      now |= L.DATA_SENT | L.DATA_LAST;
      peerNow &= ~L.DATA_LAST;
      if ((peer & L.FIN_SENT_FLAG) !== 0) {
        addHalfCloseBytes(record, 1 - side, length);
        if (ack - get(record, p + L.FIN_END) >= 0) now |= L.DATA_AFTER_FIN_ACKED;
      }
      if (isFull(record, side, peer, end, time)) now |= L.LIMITED;
    }
    if (isFin) {
      noteLetter(record, H.H_FIN, side);
      set(record, s + L.FIN_END, end);
      set(record, L.FLAGS, get(record, L.FLAGS) | L.FLOW_ENDING);
      now |= L.FIN_SENT_FLAG;
      hasWaited = awaitedAck(record, side, before, ownAck, time);
      // Out of order: its acknowledgement was seen before it.
      if ((peer & L.ACK_SENT) !== 0 && get(record, p + L.LAST_ACK_SENT) - end >= 0) now |= L.FIN_ACKED;
    }
  }
  set(record, s + L.WINDOW, window << (now >>> L.SCALE_SHIFT));
  set(record, s + L.SIDE_FLAGS, (now & ~L.TTL_MASK) | (ttl << L.TTL_SHIFT));
  set(record, p + L.SIDE_FLAGS, peerNow);
  setFloat(record, L.SIDE_LAST_TIME + 2 * side, time);
  if (!isLogged) return;
  let meta = flags | (side << T.E_SIDE_SHIFT) | T.E_CONTIGUOUS | (min(length, T.LENGTH_MAX) << T.E_LENGTH_SHIFT) | gap;
  if (hasWaited || (isFin && (now & L.LIMITED) !== 0)) meta |= T.E_BEHIND_DATA;
  leave(record, meta, time, frame);
}

/** A SYN that nothing came before, or the SYN-ACK that answers it. */
export function takeOpening(record: usize, side: i32, time: f64, frame: i32): void {
  const s = ofSide(side);
  const p = ofSide(1 - side);
  const before = get(record, s + L.SIDE_FLAGS);
  const end = seq + 1;
  const gap = takeIpId(record, side);
  let now = before;
  let peerNow = get(record, p + L.SIDE_FLAGS) & ~L.PROBES_MASK;
  if ((flags & ACK) === 0) noteLetter(record, H.H_SYN, side);
  else {
    noteLetter(record, H.H_SYN_ACK, side);
    now = takeRoundTrip(record, side, before, time) | L.ACK_SENT;
    peerNow |= L.SYN_ACKED;
    set(record, s + L.LAST_ACK_SENT, ack);
  }
  now |= L.SENT | L.OCCUPIES | L.SYN_SENT_FLAG;
  if (windowScale >= 0) now |= windowScale << L.SCALE_SHIFT;
  const shift = L.FINGERPRINT_SHIFT + L.FINGERPRINT_BITS * side;
  set(record, L.ENCAPSULATION, get(record, L.ENCAPSULATION) | (fingerprint << shift));
  set(record, s + L.SIDE_FLAGS, now | (ttl << L.TTL_SHIFT));
  set(record, s + L.SND_MAX, end);
  set(record, s + L.FIRST_SEQ, end);
  set(record, s + L.PACKETS, get(record, s + L.PACKETS) + 1);
  set(record, s + L.WINDOW, window); // never scaled in a SYN (RFC 7323 section 2.2)
  set(record, p + L.SIDE_FLAGS, takeTiming(record, side, peerNow, time));
  setFloat(record, L.SIDE_LAST_TIME + 2 * side, time);
  leave(record, flags | (side << T.E_SIDE_SHIFT) | T.E_CONTIGUOUS | gap, time, frame);
}
