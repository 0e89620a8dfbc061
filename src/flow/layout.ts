/**
 * The layout of a flow record: 80 int32 words in a chunk of an ArrayBuffer, with the 64-bit floats among them
 * (offset / 2 in the Float64Array view of the same buffer). No object a flow: see ARCHITECTURE.md, "The hot path".
 *
 * Side 0 is the end that sent the first packet, side 1 the other; who is client is a flag.
 */

export const RECORD_WORDS = 80;

// Words of the flow.
export const ADDRESS_0 = 0; // 4 words
export const ADDRESS_1 = 4; // 4 words
export const PORTS = 8; // side 0's << 16 | side 1's
export const HASH = 9;
export const ID = 10; // 1, 2, ... in order of the first packet
export const FLAGS = 11;
export const TRAIL_HEAD = 12;
export const TRAIL_TAIL = 13;
export const TRAIL_COUNT = 14;
export const PREVIOUS = 15; // record of the flow that this one replaced on the 4-tuple, -1
export const ENCAPSULATION = 16; // index in the tracker's list, -1
export const HISTORY = 17; // 3 words: Zeek's letters, 5 bits each, six a word
export const HISTORY_COUNT = 20;
export const HISTORY_SEEN = 21; // bit per letter and direction
export const PREVIOUS_ID = 22;

// Floats of the flow (index of the word; halve it for the Float64Array).
export const BASE_SECONDS = 24; // seconds since 1970 to which all times of the flow are relative
export const FIRST_TIME = 26; // ns since BASE_SECONDS
export const LAST_TIME = 28;
export const REUSE_GAP = 30; // ns between the last packet of the previous flow and this SYN

/** Words of a side: SIDE + side * SIDE_WORDS + one of these. */
export const SIDE = 32;
export const SIDE_WORDS = 24;
export const ISN = 0;
export const SND_MAX = 1; // highest sequence number sent, plus one
export const FIN_END = 2; // sequence number after its FIN
export const LAST_ACK_SENT = 3; // its RCV.NXT as far as it said
export const SIDE_FLAGS = 5;
export const PACKETS = 6;
export const TIMED_END = 7; // the segment towards this side whose acknowledgement is being timed
export const FIRST_SEQ = 8;
export const TTL = 9; // of its newest segment that is no RST
export const RETRANSMITTED_FINS = 11;
export const PROBES = 12; // keepalive probes since its peer last answered
// Floats of a side.
export const BYTES = 14;
export const HALF_CLOSE_BYTES = 16; // payload that it received after its own FIN
export const MIN_RTT = 18; // ns, capture point to this side and back; Infinity while unknown
export const TIMED_AT = 20;
export const SIDE_LAST_TIME = 22; // ns, newest segment of this side

/** FLAGS of a flow. */
export const FLOW_1_IS_CLIENT = 1;
export const FLOW_BY_HANDSHAKE = 2; // orientation known from SYN or SYN-ACK
export const FLOW_BY_PORT = 4;
export const FLOW_ENDING = 8; // a FIN or an RST was seen
export const FLOW_ENDED = 16; // both FINs acknowledged, or an RST: waits in the queue of ended flows
export const FLOW_TRAIL_FULL = 32;
export const FLOW_SUPERSEDED = 64; // a newer flow has this 4-tuple
export const FLOW_GAP = 128; // an acknowledgement covered bytes that the capture lacks
export const FLOW_DUPLICATES = 256;
export const FLOW_FINALIZED = 512;
export const FLOW_OUT_OF_ORDER_FIN = 1024;
export const FLOW_HOLES = 2048; // a direction skipped sequence numbers at some time

/** SIDE_FLAGS. */
export const SENT = 1;
export const SYN_SENT_FLAG = 2;
export const SYN_ACKED = 4;
export const FIN_SENT_FLAG = 8;
export const FIN_ACKED = 16;
export const RST_SENT = 32;
export const ACK_SENT = 64;
export const TIMING = 256; // TIMED_END and TIMED_AT are armed
export const PURE_ACK_SENT = 1024; // a segment with nothing but an ACK: tells a capture filtered to SYN, FIN and RST
export const DATA_AFTER_FIN_ACKED = 2048; // sent payload after it acknowledged its peer's FIN
export const ZERO_WINDOW = 4096;
export const DATA_SENT = 8192;
export const OCCUPIES = 16384; // sent something that is no RST: its sequence numbers are known
export const DATA_LAST = 32768; // the newest payload of the flow is this side's
