import { ChunkedRecords } from './chunks.ts';

/**
 * The trail of a flow: those of its segments that its states depend on - every SYN, FIN and RST, the first
 * acknowledgement of each, and whatever comes after the close began to be settled. Data in between is only
 * counted. Entries are records of 18 words in a linked list; a flow has at most MAX_TRAIL.
 */

// Words of an entry.
export const E_NEXT = 2; // words 0 and 1 are the time, a float
export const E_FRAME = 3;
export const E_META = 4; // TCP flags | side << 8 | the E_* bits below
export const E_SEQ = 5;
export const E_ACK = 6;
export const E_LENGTH = 7;
export const E_WINDOW = 8; // unscaled
export const E_TSVAL = 9;
export const E_TSECR = 10;
export const E_TTL_ID = 11; // TTL << 16 | IP ID
export const E_PEER_ACK = 12; // what the peer had acknowledged by then
export const E_PEER_SND_MAX = 13; // what the peer had sent by then
export const E_SND_MAX = 14; // what this side had sent before
export const E_INFO = 15; // probes since the peer last answered | options length << 16

/** Bits of E_META beyond the flags and the side. */
export const E_SIDE = 1 << 8;
export const E_HAS_TS = 1 << 9;
export const E_DSACK = 1 << 10;
export const E_CONTIGUOUS = 1 << 11; // with this segment its sender has sent everything up to its highest byte
export const E_PEER_ACKED = 1 << 12; // E_PEER_ACK holds something
export const E_PEER_SENT = 1 << 13; // E_PEER_SND_MAX holds something
export const E_SENT = 1 << 14; // E_SND_MAX holds something
export const E_ZERO_WINDOW = 1 << 15; // the peer's window was closed
export const E_OWN_ACKED = 1 << 16; // E_OWN_ACK holds something
export const E_PEER_DATA_LAST = 1 << 17; // the newest payload of the flow is the peer's

export const E_OWN_ACK = 16; // what this side had acknowledged before

export const ENTRY_WORDS = 18;

/** Entries a flow; beyond it only what carries SYN or FIN for the first time is kept. */
export const MAX_TRAIL = 120;

export function createTrails(): ChunkedRecords {
  return new ChunkedRecords(ENTRY_WORDS, 13);
}

/** A flow's trail copied into columns, in the order of the capture: what teardown/ works on. One reused object. */
export class Trail {
  count = 0;
  readonly time = new Float64Array(CAPACITY);
  /** as int32; `>>> 0` gives the number */
  readonly frame = new Int32Array(CAPACITY);
  /** TCP flags */
  readonly flags = new Int32Array(CAPACITY);
  /** 0 low end, 1 high end */
  readonly side = new Int32Array(CAPACITY);
  readonly meta = new Int32Array(CAPACITY);
  readonly seq = new Int32Array(CAPACITY);
  readonly ack = new Int32Array(CAPACITY);
  readonly length = new Int32Array(CAPACITY);
  readonly window = new Int32Array(CAPACITY);
  readonly tsVal = new Int32Array(CAPACITY);
  readonly tsEcr = new Int32Array(CAPACITY);
  readonly ttlId = new Int32Array(CAPACITY);
  readonly peerAck = new Int32Array(CAPACITY);
  readonly peerSndMax = new Int32Array(CAPACITY);
  readonly sndMax = new Int32Array(CAPACITY);
  readonly info = new Int32Array(CAPACITY);
  readonly ownAck = new Int32Array(CAPACITY);

  load(trails: ChunkedRecords, head: number): void {
    let n = 0;
    for (let entry = head; entry >= 0 && n < CAPACITY; n++) {
      const ints = trails.ints[entry >>> trails.shift]!;
      const at = (entry & trails.mask) * ENTRY_WORDS;
      const meta = ints[at + E_META]!;
      this.time[n] = trails.floats[entry >>> trails.shift]![at >> 1]!;
      this.frame[n] = ints[at + E_FRAME]!;
      this.flags[n] = meta & 0x3f;
      this.side[n] = (meta >> 8) & 1;
      this.meta[n] = meta;
      this.seq[n] = ints[at + E_SEQ]!;
      this.ack[n] = ints[at + E_ACK]!;
      this.length[n] = ints[at + E_LENGTH]!;
      this.window[n] = ints[at + E_WINDOW]!;
      this.tsVal[n] = ints[at + E_TSVAL]!;
      this.tsEcr[n] = ints[at + E_TSECR]!;
      this.ttlId[n] = ints[at + E_TTL_ID]!;
      this.peerAck[n] = ints[at + E_PEER_ACK]!;
      this.peerSndMax[n] = ints[at + E_PEER_SND_MAX]!;
      this.sndMax[n] = ints[at + E_SND_MAX]!;
      this.info[n] = ints[at + E_INFO]!;
      this.ownAck[n] = ints[at + E_OWN_ACK]!;
      entry = ints[at + E_NEXT]!;
    }
    this.count = n;
  }
}

const CAPACITY = MAX_TRAIL + 16;
