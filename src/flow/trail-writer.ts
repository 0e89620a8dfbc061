import { FIN, type Segment } from '../decode/segment.ts';
import * as L from './layout.ts';
import * as T from './trail.ts';

/** What an RST is judged by beside itself. */
export interface ResetContext {
  peerAck: number;
  sndMax: number;
  ownAck: number;
  probes: number;
  /** C_PEER_ACKED, C_SENT, C_OWN_ACKED, C_PEER_DATA_LAST */
  bits: number;
}

/** Writes the trails of all flows. */
export class TrailWriter {
  readonly trails = new T.Trails();

  /** Adds a segment to the trail of the record at `at`; MAX_TRAIL entries are kept, and first FINs. @returns whether it was */
  leave(ints: Int32Array, at: number, segment: Segment, meta: number, time: number): boolean {
    const count = ints[at + L.FLAGS]! >>> L.TRAIL_COUNT_SHIFT;
    if (count >= T.MAX_TRAIL) {
      ints[at + L.FLAGS]! |= L.FLOW_TRAIL_FULL;
      // First FINs must not be missed, however many segments came before: a few places are theirs.
      const again = (ints[at + L.COUNTS]! >>> (8 + 8 * ((meta >> T.E_SIDE_SHIFT) & 1))) & 0xff;
      if ((segment.flags & FIN) === 0 || again > 0 || count >= T.MAX_TRAIL + 8) return false;
    }
    const { words, floats, entry } = this.nextEntry(ints, at);
    floats[entry >> 1] = time;
    words[entry + T.E_FRAME] = segment.frame;
    words[entry + T.E_META] = meta;
    words[entry + T.E_SEQ] = segment.seq;
    words[entry + T.E_ACK] = segment.ack;
    words[entry + T.E_TSVAL] = segment.tsVal;
    words[entry + T.E_TSECR] = segment.tsEcr;
    return true;
  }

  /** Adds an RST and, in an entry of its own, what it is judged by. */
  leaveReset(ints: Int32Array, at: number, segment: Segment, meta: number, time: number, context: ResetContext): void {
    if (ints[at + L.FLAGS]! >>> L.TRAIL_COUNT_SHIFT >= T.MAX_TRAIL - 1) {
      this.leave(ints, at, segment, meta, time);
      return;
    }
    this.leave(ints, at, segment, meta | T.E_CONTEXT, time);
    const { words, entry } = this.nextEntry(ints, at);
    words[entry + T.C_PEER_ACK] = context.peerAck;
    words[entry + T.C_SND_MAX] = context.sndMax;
    words[entry + T.C_OWN_ACK] = context.ownAck;
    words[entry + T.C_WINDOW] = segment.window;
    words[entry + T.C_TTL_ID] = (segment.ttl << 16) | segment.ipId;
    words[entry + T.C_PROBES] = context.probes;
    words[entry + T.C_BITS] = context.bits | (segment.optionsLength << 8);
  }

  // Where the next entry of the flow's trail goes: one reused object.
  private readonly place: Place = { words: new Int32Array(0), floats: new Float64Array(0), entry: 0 };

  private nextEntry(ints: Int32Array, at: number): Place {
    const { trails, place } = this;
    const count = ints[at + L.FLAGS]! >>> L.TRAIL_COUNT_SHIFT;
    const block = trails.extend(ints[at + L.TRAIL_TAIL]!, count);
    if (count === 0) ints[at + L.TRAIL_HEAD] = block;
    ints[at + L.TRAIL_TAIL] = block;
    ints[at + L.FLAGS]! += 1 << L.TRAIL_COUNT_SHIFT;
    const { blocks } = trails;
    place.words = blocks.ints[block >>> blocks.shift]!;
    place.floats = blocks.floats[block >>> blocks.shift]!;
    place.entry = (block & blocks.mask) * T.BLOCK_WORDS + (count % T.BLOCK_ENTRIES) * T.ENTRY_WORDS;
    return place;
  }
}

interface Place {
  words: Int32Array;
  floats: Float64Array;
  entry: number;
}
