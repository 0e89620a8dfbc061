/** The layout of a trail's entries: see trail.ts. Constants alone, since assembly/ is compiled from them too. */

// Words of an entry, 32 bytes. Words 0 and 1 are the time, a float.
export const E_FRAME = 2;
export const E_META = 3; // TCP flags | side << 6 | the bits below | length << 16
export const E_SEQ = 4;
export const E_ACK = 5;
export const E_TSVAL = 6;
export const E_TSECR = 7;

/** Bits of E_META between the side and the length. */
export const E_SIDE_SHIFT = 6;
export const E_HAS_TS = 1 << 7;
export const E_DSACK = 1 << 8;
export const E_CONTIGUOUS = 1 << 9; // with this segment its sender has sent everything up to its highest byte
export const E_BEHIND_DATA = 1 << 10; // a FIN that had to wait for window or acknowledgements
export const E_CONTEXT = 1 << 11; // an RST: the next entry holds what it is judged by
export const E_OLD = 1 << 12; // a challenge ACK of the connection that had the 4-tuple before
export const E_ID_GAP = 1 << 13; // by its sender's IP identifications segments before it are missing in the capture
export const E_FAR = 1 << 14; // a FIN beyond its receiver's window: counts unless FLOW_FAR_FIN_DROPPED
export const E_LENGTH_SHIFT = 16;
export const LENGTH_MAX = 0xffff;

// Words of the entry behind an RST.
export const C_PEER_ACK = 0; // what the peer had acknowledged by then
export const C_SND_MAX = 1; // what this side had sent before
export const C_OWN_ACK = 2; // what this side had acknowledged before
export const C_WINDOW = 3; // unscaled
export const C_TTL_ID = 4; // TTL << 16 | IP ID
export const C_PROBES = 5; // keepalive probes unanswered | time since the sender's segment before << 4, tenths of a second
export const C_BITS = 6; // below | bytes of options << 8
export const C_LAST_ID = 7; // the sender's IP identification before it; 0 where they don't count its packets

/** Bits of C_BITS: which of the numbers are known, and what went before. */
export const C_PEER_ACKED = 1;
export const C_SENT = 2;
export const C_OWN_ACKED = 4;
export const C_MISSING = 16; // there was no room for it
export const C_PEER_DATA_LAST = 8; // the newest payload of the flow is the peer's
export const C_PEER_ZERO_WINDOW = 32; // the peer had closed its window
export const C_PEER_PENDING = 64; // the peer had sent payload that this side had not acknowledged

/** Of C_PROBES: the probes' bits, and the longest time. */
export const C_PROBES_MASK = 0xf;
export const C_SILENCE_SHIFT = 4;
export const C_SILENCE_MAX = (1 << 27) - 1;

export const ENTRY_WORDS = 8;
/** Entries a block: an ordinary connection leaves seven. */
export const BLOCK_ENTRIES = 8;
export const BLOCK_WORDS = BLOCK_ENTRIES * ENTRY_WORDS;

/** Entries a flow; beyond it only first FINs are kept. */
export const MAX_TRAIL = 120;
