/**
 * The layout of a flow record: 64 int32 words, four cache lines of a chunk of an ArrayBuffer, with 64-bit floats
 * among them (offset / 2 in the Float64Array view of the same buffer). No object a flow: see ARCHITECTURE.md, "The
 * hot path". What every packet needs stands in the first lines.
 *
 * Side 0 is the end that sent the first packet, side 1 the other; who is client is a flag.
 */

export const RECORD_WORDS = 64;

export const ADDRESS_0 = 0; // 4 words
export const ADDRESS_1 = 4; // 4 words
export const PORTS = 8; // side 0's << 16 | side 1's
export const IP_IDS = 9; // the newest IP identification that is not 0, of side 0 | of side 1 << 16; 0: not known
export const ID = 10; // 1, 2, ... in order of the first packet; 0: record not in use
export const FLAGS = 11;
export const HISTORY_SEEN = 12; // bit per letter and direction
export const TRAIL_HEAD = 13;
export const TRAIL_TAIL = 14;
export const SUMMARY = 15; // serial number of its entry in the queue of closed flows; 0: not summed up, or not any more

/** Words of a side: SIDE + side * SIDE_WORDS + one of these. */
export const SIDE = 16;
export const SIDE_WORDS = 8;
export const SND_MAX = 0; // highest sequence number sent, plus one
export const LAST_ACK_SENT = 1; // its RCV.NXT as far as it said
export const SIDE_FLAGS = 2;
export const PACKETS = 3;
export const TIMED_FROM = 4; // first byte of the segment towards this side whose acknowledgement is or was last timed
export const WINDOW = 5; // of its newest segment, scaled
export const FIN_END = 6; // sequence number after its FIN
export const FIRST_SEQ = 7; // of its first payload byte: ISN + 1 where its SYN was seen

// Floats of the flow, by their word.
export const BASE_SECONDS = 32; // seconds since 1970 to which all times of the flow are relative
export const FIRST_TIME = 34; // ns since BASE_SECONDS
export const LAST_TIME = 36;

// Floats of a side, by the word of side 0's; side 1's stands two words on.
export const MIN_RTT = 38; // ns, capture point to this side and back; Infinity while unknown
export const TIMED_AT = 42;

export const PREVIOUS = 46; // record of the flow that this one replaced on the 4-tuple, -1
export const ENCAPSULATION = 47; // index in the tracker's list | fingerprint of side 0's first SYN << 16 | of side 1's << 24

export const BYTES = 48; // floats of a side
export const HALF_CLOSE_BYTES = 52; // payload that side 0, side 1 received after its own FIN, modulo 2^32
export const HALF_CLOSE_HIGH = 54; // the same, divided by 2^32: side 0's | side 1's << 16
export const TURNED_AT = 55; // ms since BASE_SECONDS modulo 2^32: the first payload of the side that sent the newest, after the other's newest
export const SIDE_LAST_TIME = 56; // ns, its newest segment

export const HISTORY = 60; // 3 words: Zeek's letters, 5 bits each, six a word
export const COUNTS = 63; // letters | retransmitted FINs of side 0 << 8 | of side 1 << 16 | the bit below
export const SYN_AGAIN = 1 << 24; // a SYN or SYN-ACK was sent again

/** ENCAPSULATION: no tags and no tunnel. */
export const NO_ENCAPSULATION = 0xffff;
export const FINGERPRINT_SHIFT = 16;
export const FINGERPRINT_BITS = 8;

/** FLAGS of a flow: bits, then the number of entries in its trail. */
export const FLOW_1_IS_CLIENT = 1;
export const FLOW_BY_HANDSHAKE = 2; // orientation known from SYN or SYN-ACK
export const FLOW_BY_PORT = 4;
export const FLOW_ENDING = 8; // a FIN or an RST was seen
export const FLOW_ENDED = 16; // both FINs acknowledged, or an RST: waits in the queue of ended flows
export const FLOW_TRAIL_FULL = 32;
export const FLOW_SUPERSEDED = 64; // a newer flow has this 4-tuple
export const FLOW_GAP = 128; // an acknowledgement covered bytes that the capture lacks
export const FLOW_DUPLICATES = 256;
export const FLOW_REUSES = 512; // another flow had its 4-tuple before
export const FLOW_OUT_OF_ORDER_FIN = 1024;
export const FLOW_HOLES = 2048; // a direction skipped sequence numbers at some time
export const FLOW_SELF_CONNECT = 4096; // both ends are one
export const FLOW_CLOSING = 8192; // both FINs were seen
// IP identifications of side 0; side 1's bit is the next. A Linux socket counts its packets (include/net/ip.h, ip_select_ident_segs).
export const FLOW_IDS_COUNT = 1 << 14; // one was the last plus one
export const FLOW_IDS_JUMP = 1 << 16; // one was not
export const FLOW_IDS_BACK = 1 << 18; // one was less than the last: what was missing came late
// Of side 0's FIN; side 1's bit is the next: see far-fin.ts.
export const FLOW_FAR_FIN = 1 << 20; // beyond the window, and its receiver has yet to say how far that reached
export const FAR_FIN_DROPPED_SHIFT = 22;
export const FLOW_FAR_FIN_DROPPED = 1 << FAR_FIN_DROPPED_SHIFT; // one was beyond it: the trail's entries E_FAR are no FINs
export const TRAIL_COUNT_SHIFT = 24;

/**
 * SIDE_FLAGS: bits, then the TTL of its newest segment, the keepalive probes since its peer last answered, and its
 * window scale.
 */
export const SENT = 1;
export const SYN_SENT_FLAG = 2;
export const SYN_ACKED = 4;
export const FIN_SENT_FLAG = 8;
export const FIN_ACKED = 16;
export const RST_SENT = 32;
export const ACK_SENT = 64;
export const TIMING = 128; // TIMED_FROM and TIMED_AT are armed
export const PURE_ACK_SENT = 256; // a segment with nothing but an ACK: tells a capture filtered to SYN, FIN and RST
export const DATA_AFTER_FIN_ACKED = 512; // sent payload after it acknowledged its peer's FIN
export const ZERO_WINDOW = 1024;
export const DATA_SENT = 2048;
export const OCCUPIES = 4096; // sent something that is no RST: its sequence numbers are known
export const DATA_LAST = 8192; // the newest payload of the flow is this side's
export const LIMITED = 16384; // it filled the window, or what is sent at first, and not all of it is acknowledged
export const SILENT_BYTE = 32768; // went on one byte behind what it was seen to send, a byte that its peer acknowledged
export const TTL_SHIFT = 16;
export const TTL_MASK = 0xff << TTL_SHIFT;
export const PROBES_SHIFT = 24;
export const PROBES_MASK = 0xf << PROBES_SHIFT;
export const SCALE_SHIFT = 28;
export const SCALE_MASK = 0xf << SCALE_SHIFT;
