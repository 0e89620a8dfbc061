/** IEEE 802.11, and the headers in which a capture says how a frame was received. */

import { i32le, u16, u16le } from './bytes.ts';
import { decodeEtherType, LLC } from './ethernet.ts';
import { CUT, NOT_IP } from './outcome.ts';
import type { Rest, Segment } from './segment.ts';

// The frame control field (IEEE 802.11-2020 section 9.2.4.1), its first byte above its second.
const VERSION_AND_TYPE = 0x0f00;
const DATA = 0x0800;
const NO_DATA = 0x4000;
const QOS = 0x8000;
const BOTH_DISTRIBUTION = 0x0003;
const HT_CONTROL = 0x0080;

/** Of the QoS control field: several packets in the frame. */
const A_MSDU = 0x80;

/** Of each packet there: destination, source, length. */
const SUBFRAME_HEADER = 14;
/** Both service access points of LLC where SNAP follows (RFC 1042). */
const SNAP = 0xaaaa;

/**
 * A frame of IEEE 802.11 at `at`. What is encrypted shows no LLC behind the header, and is NOT_IP.
 * @param control frame control, first byte above second
 * @param isPadded whether the header is filled up to four bytes
 */
export function decode80211(
  control: number,
  isPadded: boolean,
  data: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  segment: Segment,
  depth: number,
): number {
  if ((control & VERSION_AND_TYPE) !== DATA || (control & NO_DATA) !== 0) return NOT_IP;
  let header = (control & BOTH_DISTRIBUTION) === BOTH_DISTRIBUTION ? 30 : 24;
  let isAggregate = false;
  if ((control & QOS) !== 0) {
    if (at + header + 2 > end) return CUT;
    isAggregate = (data[at + header]! & A_MSDU) !== 0;
    header += (control & HT_CONTROL) !== 0 ? 6 : 2;
  }
  if (isPadded) header = (header + 3) & ~3;
  if (isAggregate) return decodeMsdu(data, at + header, end, wireEnd, segment, depth);
  if (at + header > end) return CUT;
  return decodeEtherType(LLC, data, at + header, end, wireEnd, segment, depth);
}

/**
 * The A-MSDU subframe at `at` (section 9.3.2.2.2): addresses, length, and a packet behind LLC, filled up to four bytes. What
 * stands behind it waits in `segment.rest`. Nothing is read beyond a subframe's length, so all in one frame costs no more than
 * its bytes, whatever the lengths say.
 */
function decodeMsdu(
  data: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  segment: Segment,
  depth: number,
): number {
  const from = at + SUBFRAME_HEADER;
  if (from > end) return CUT;
  const msduEnd = from + u16(data, at + 12);
  const next = at + ((msduEnd - at + 3) & ~3);
  // What does not begin with SNAP is encrypted or damaged, and so may be the length. Less than a header is a checksum.
  const isPlain = from + 2 <= end && u16(data, from) === SNAP;
  if (isPlain && next + SUBFRAME_HEADER <= end) {
    const { layers, rest: outer } = segment;
    segment.rest = { data, at: next, end, wireEnd, depth, layers, outer };
  }
  return decodeEtherType(LLC, data, from, Math.min(end, msduEnd), Math.min(wireEnd, msduEnd), segment, depth);
}

/** The first packet of what is left of a frame, which may leave another rest. */
export function decodeRest({ data, at, end, wireEnd, depth, layers, outer }: Rest, segment: Segment): number {
  segment.rest = outer;
  segment.layers = layers;
  return decodeMsdu(data, at, end, wireEnd, segment, depth);
}

/** A frame as it was on the air. */
export function decodePlain80211(
  data: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  segment: Segment,
  depth: number,
): number {
  if (at + 2 > end) return CUT;
  return decode80211(u16(data, at), false, data, at, end, wireEnd, segment, depth);
}

/** Radiotap (radiotap.org), of which only the length matters, and whether the frame's header is padded. */
export function decodeRadiotap(data: Uint8Array, at: number, end: number, wireEnd: number, segment: Segment): number {
  if (at + 8 > end) return CUT;
  const length = u16le(data, at + 2);
  if (data[at] !== 0 || length < 8) return NOT_IP;
  const frame = at + length;
  if (frame + 2 > end) return CUT;
  const present = i32le(data, at + 4);
  let field = at + 8;
  // Bit 31 of each word: another one follows.
  for (let word = present; word < 0 && field + 4 <= frame; field += 4) word = i32le(data, field);
  if ((present & 1) !== 0) field = at + ((field - at + 7) & ~7) + 8; // the time, on its boundary
  const isPadded = (present & 2) !== 0 && field < frame && (data[field]! & 0x20) !== 0;
  return decode80211(u16(data, frame), isPadded, data, frame, end, wireEnd, segment, 0);
}
