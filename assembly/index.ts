/**
 * The kernel: pcap records, frames and segments as most are, from the bytes to the flow's record in one go. It takes a
 * packet whole or not at all: what it leaves goes the general way, through src/decode/ and src/flow/.
 */
import { ACK, FIN, RST, SYN } from '../src/decode/flags';
import * as L from '../src/flow/layout';
import * as C from '../src/kernel/control';
import { isDuplicate } from './duplicates';
import {
  ANOTHER_SHARE,
  decode,
  decodeOptions,
  dst01,
  dst23,
  flags,
  length,
  NOT_TAKEN,
  ports,
  src01,
  src23,
  vlan,
} from './frame';
import { ELSEWHERE, find, hasRoom, hasSlot, insert, NONE, side } from './table';
import { beginTrail } from './trail';
import { kindOf, ORDINARY, OTHER, STEP, takeOpening, takeOrdinary, takeStep, takeTime } from './update';
import { get, getFloat, number, recordAddress, set, setFloat, setNumber, setWord, word } from './words';

export { summarize } from './summary';

const NS_PER_SECOND: f64 = 1000000000;
/** Bytes of a pcap record's header. */
const RECORD_HEADER: usize = 16;

/**
 * Takes the pcap records data[pos..end) up to the first that is not as most are, or not whole.
 * @param fractionNs nanoseconds of a fraction of a second @param fractions in a second
 * @param captureLimit most bytes that are captured of a packet
 * @param frame number of the packet before the first
 * @returns where the next record begins; how many were taken is in TAKEN, when the last of them in LAST_SECONDS and LAST_NANOSECONDS
 */
export function run(
  pos: usize,
  end: usize,
  linkType: i32,
  fractionNs: i32,
  fractions: i32,
  captureLimit: i32,
  frame: i32,
): usize {
  let lastSeconds = <u32>word(C.LAST_SECONDS);
  let lastNanoseconds = word(C.LAST_NANOSECONDS);
  const most = mostSegments();
  const shares = word(C.SHARES);
  const share = word(C.SHARE);
  let taken = 0;
  let own = 0;
  while (taken < most && end - pos >= RECORD_HEADER) {
    const seconds = load<u32>(pos);
    const fraction = load<i32>(pos + 4);
    const captured = load<i32>(pos + 8);
    if (fraction < 0 || fraction >= fractions || captured < 0 || captured > captureLimit) break;
    const start = pos + RECORD_HEADER;
    if (<usize>captured > end - start) break;
    const nanoseconds = fraction * fractionNs;
    if (seconds < lastSeconds || (seconds === lastSeconds && nanoseconds < lastNanoseconds)) break;
    const decoded = decode(start, start + captured, linkType, share, shares);
    if (decoded === NOT_TAKEN) break;
    if (decoded !== ANOTHER_SHARE) {
      if (!takeSegment(seconds, nanoseconds, frame + taken + 1)) break;
      own++;
    }
    lastSeconds = seconds;
    lastNanoseconds = nanoseconds;
    pos = start + captured;
    taken++;
  }
  count(taken, own);
  setWord(C.LAST_SECONDS, lastSeconds);
  setWord(C.LAST_NANOSECONDS, lastNanoseconds);
  setWord(C.TAKEN, taken);
  return pos;
}

/** Takes one captured frame data[start..end). @returns false: nothing was done */
export function take(start: usize, end: usize, linkType: i32, seconds: u32, nanoseconds: i32, frame: i32): bool {
  if (mostSegments() === 0) return false;
  const decoded = decode(start, end, linkType, word(C.SHARE), word(C.SHARES));
  if (decoded === NOT_TAKEN) return false;
  const isOwn = decoded !== ANOTHER_SHARE;
  if (isOwn && !takeSegment(seconds, nanoseconds, frame)) return false;
  count(1, isOwn ? 1 : 0);
  return true;
}

/** Segments that may be taken before the program is to take one: every SETTLED_EVERY-th is its. */
function mostSegments(): i32 {
  if (word(C.SLOTS) === 0) return 0;
  return -(<i32>(<i64>number(C.SEEN))) & (C.SETTLED_EVERY - 1);
}

function count(seen: i32, own: i32): void {
  setNumber(C.SEEN, number(C.SEEN) + <f64>seen);
  setNumber(C.SEGMENTS, number(C.SEGMENTS) + <f64>own);
}

/** Takes the segment that was decoded. */
function takeSegment(seconds: u32, nanoseconds: i32, frame: i32): bool {
  if (!decodeOptions()) return false;
  const flow = find();
  if (flow === NONE) return takeNew(seconds, nanoseconds, frame);
  return flow !== ELSEWHERE && takeKnown(flow, recordAddress(flow), seconds, nanoseconds, frame);
}

function takeKnown(flow: i32, record: usize, seconds: u32, nanoseconds: i32, frame: i32): bool {
  if (get(record, L.SUMMARY) !== 0 || get(record, L.PREVIOUS) >= 0) return false;
  const from = side;
  const kind = kindOf(record, from);
  if (kind === OTHER) return false;
  if (isDuplicate(seconds, nanoseconds)) {
    noteDuplicate(record, from);
    return true;
  }
  const time = (<f64>seconds - getFloat(record, L.BASE_SECONDS)) * NS_PER_SECOND + <f64>nanoseconds;
  const since = takeTime(record, time);
  if (kind === ORDINARY) {
    takeOrdinary(record, from, time, since);
    return true;
  }
  if (kind === STEP) takeStep(record, from, time, frame);
  else takeOpening(record, from, time, frame);
  if ((get(record, L.FLAGS) & (L.FLOW_ENDED | L.FLOW_ENDING)) === L.FLOW_ENDING) {
    noteEnd(flow, record, seconds, nanoseconds);
  }
  return true;
}

function noteDuplicate(record: usize, from: i32): void {
  setNumber(C.DUPLICATES, number(C.DUPLICATES) + 1);
  set(record, L.FLAGS, get(record, L.FLAGS) | L.FLOW_DUPLICATES);
  const packets = L.SIDE + from * L.SIDE_WORDS + L.PACKETS;
  set(record, packets, get(record, packets) + 1);
}

/** A SYN of a 4-tuple that no flow has. */
function takeNew(seconds: u32, nanoseconds: i32, frame: i32): bool {
  if ((flags & (SYN | ACK | FIN | RST)) !== SYN || length !== 0) return false;
  if (src23 === dst23 && src01 === dst01 && ports >>> 16 === (ports & 0xffff)) return false;
  const encapsulation = vlan < 0 ? -1 : load<i32>(C.VLANS + (vlan << 2)) - 1;
  if (vlan >= 0 && encapsulation < 0) return false;
  if (!hasRoom(C.RECORDS) || !hasRoom(C.BLOCKS) || !hasSlot()) return false;
  const flow = insert();
  const record = recordAddress(flow);
  const id = word(C.OPENED) + 1;
  setWord(C.OPENED, id);
  if (word(C.KEEPS_OPENINGS) !== 0) {
    const count = word(C.OPENING_COUNT);
    store<i32>(C.OPENINGS + (count << 2), frame);
    setWord(C.OPENING_COUNT, count + 1);
  }
  set(record, L.ID, id);
  set(record, L.TRAIL_HEAD, -1);
  set(record, L.TRAIL_TAIL, -1);
  set(record, L.PREVIOUS, -1);
  set(record, L.ENCAPSULATION, encapsulation & L.NO_ENCAPSULATION);
  set(record, L.FLAGS, L.FLOW_BY_HANDSHAKE);
  setFloat(record, L.BASE_SECONDS, <f64>seconds);
  setFloat(record, L.FIRST_TIME, <f64>nanoseconds);
  setFloat(record, L.LAST_TIME, <f64>nanoseconds);
  setFloat(record, L.MIN_RTT, Infinity);
  setFloat(record, L.MIN_RTT + 2, Infinity);
  if (isDuplicate(seconds, nanoseconds)) {
    noteDuplicate(record, 0);
    return true;
  }
  beginTrail(record);
  takeOpening(record, 0, <f64>nanoseconds, frame);
  return true;
}

/** Of the flow somebody has begun the close: tells how far it is, as FlowTracker.noteEnd. */
function noteEnd(flow: i32, record: usize, seconds: u32, nanoseconds: i32): void {
  const first = get(record, L.SIDE + L.SIDE_FLAGS);
  const second = get(record, L.SIDE + L.SIDE_WORDS + L.SIDE_FLAGS);
  const bits = get(record, L.FLAGS);
  const id = get(record, L.ID);
  const time = (<f64>seconds - number(C.ORIGIN)) * NS_PER_SECOND + <f64>nanoseconds;
  if ((first & second & L.FIN_ACKED) !== 0 || ((first | second) & L.RST_SENT) !== 0) {
    set(record, L.FLAGS, bits | L.FLOW_ENDED);
    addEvent(flow, id, time);
  } else if ((first & second & L.FIN_SENT_FLAG) !== 0 && (bits & L.FLOW_CLOSING) === 0) {
    set(record, L.FLAGS, bits | L.FLOW_CLOSING);
    addEvent(flow, -id, time);
  }
}

function addEvent(flow: i32, id: i32, time: f64): void {
  const count = word(C.EVENT_COUNT);
  const at = C.EVENTS + count * C.EVENT_BYTES;
  store<i32>(at, flow);
  store<i32>(at + 4, id);
  store<f64>(at + 8, time);
  setWord(C.EVENT_COUNT, count + 1);
}
