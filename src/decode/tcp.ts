import { seqDiff } from '../units.ts';
import { i32, u16 } from './bytes.ts';
import { BAD_TCP, CUT, DECODED } from './outcome.ts';
import { ACK, type Segment, SYN } from './segment.ts';
import { synFingerprint } from './syn-options.ts';

// Offsets in the TCP header (RFC 9293 section 3.1).
const SRC_PORT = 0;
const DST_PORT = 2;
const SEQ = 4;
const ACK_NUMBER = 8;
const DATA_OFFSET = 12;
const FLAGS = 13;
const WINDOW = 14;
const HEADER = 20;

// Option kinds (RFC 9293 section 3.2, RFC 7323, RFC 2018).
const END_OF_OPTIONS = 0;
const NO_OPERATION = 1;
const WINDOW_SCALE = 3;
const SACK = 5;
const TIMESTAMPS = 8;
/** Two no-operations, then timestamps: all the options that most segments have (RFC 7323 appendix A). */
export const PADDED_TIMESTAMPS = 0x0101080a;

/**
 * Decodes the TCP header at `at`. A snaplen-cut option list is read as far as it goes.
 * @param end end of the captured bytes
 * @param tcpLength header and payload by the IP header, bytes
 */
export function decodeTcp(data: Uint8Array, at: number, end: number, tcpLength: number, segment: Segment): number {
  if (end - at < HEADER) return tcpLength < HEADER ? BAD_TCP : CUT;
  const headerLength = (data[at + DATA_OFFSET]! >> 4) << 2;
  if (headerLength < HEADER || headerLength > tcpLength) return BAD_TCP;
  segment.srcPort = u16(data, at + SRC_PORT);
  segment.dstPort = u16(data, at + DST_PORT);
  segment.seq = i32(data, at + SEQ);
  segment.flags = data[at + FLAGS]! & 0x3f;
  segment.ack = (segment.flags & ACK) !== 0 ? i32(data, at + ACK_NUMBER) : 0;
  segment.window = u16(data, at + WINDOW);
  segment.length = tcpLength - headerLength;
  segment.optionsLength = headerLength - HEADER;
  segment.headerAt = at;
  segment.hasTimestamps = false;
  segment.tsVal = 0;
  segment.tsEcr = 0;
  segment.windowScale = -1;
  segment.isDsack = false;
  const optionsEnd = Math.min(at + headerLength, end);
  const options = at + HEADER;
  if ((segment.flags & SYN) !== 0) {
    // Of options that were cut off only the window tells.
    const whole = at + headerLength <= end ? optionsEnd : options;
    segment.fingerprint = synFingerprint(data, options, whole, segment.window);
  }
  if (optionsEnd === options) return DECODED;
  if (optionsEnd - options === 12 && i32(data, options) === PADDED_TIMESTAMPS) {
    segment.hasTimestamps = true;
    segment.tsVal = i32(data, options + 4);
    segment.tsEcr = i32(data, options + 8);
    return DECODED;
  }
  decodeOptions(data, options, optionsEnd, segment);
  return DECODED;
}

/** Reads the option list data[from..end) as far as it is well-formed. */
export function decodeOptions(data: Uint8Array, from: number, end: number, segment: Segment): void {
  let at = from;
  while (at < end) {
    const kind = data[at]!;
    if (kind === NO_OPERATION) {
      at++;
      continue;
    }
    if (kind === END_OF_OPTIONS || at + 1 >= end) return;
    const length = data[at + 1]!;
    if (length < 2 || at + length > end) return;
    if (kind === TIMESTAMPS && length === 10) {
      segment.hasTimestamps = true;
      segment.tsVal = i32(data, at + 2);
      segment.tsEcr = i32(data, at + 6);
    } else if (kind === WINDOW_SCALE && length === 3) {
      segment.windowScale = Math.min(data[at + 2]!, 14); // RFC 7323 section 2.3
    } else if (kind === SACK && length >= 10) {
      segment.isDsack = isDsack(data, at + 2, length, segment.ack);
    }
    at += length;
  }
}

/** RFC 2883 section 4: a first block below the ACK, or inside the second block, reports a duplicate. */
function isDsack(data: Uint8Array, at: number, length: number, ack: number): boolean {
  const left = i32(data, at);
  if (seqDiff(left, ack) < 0) return true;
  return length >= 18 && seqDiff(left, i32(data, at + 8)) >= 0 && seqDiff(i32(data, at + 4), i32(data, at + 12)) <= 0;
}
