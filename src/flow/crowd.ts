import { shareOf } from '../decode/shares.ts';
import * as C from '../kernel/control.ts';
import { NS_PER_SECOND } from '../units.ts';
import type { ChunkedRecords } from './chunks.ts';
import type { Holes } from './holes.ts';
import * as L from './layout.ts';
import { BLOCK_ENTRIES } from './trail-layout.ts';

/** How many flows may wait for their end at once. */
export const CROWD = {
  /** segments of the capture after which the flows are looked at: a multiple of SETTLED_EVERY */
  every: 1 << 18,
  /** what the flows of a class may take, in units of 256 bytes: a record, a block of its trail, a summary, some holes */
  mostUnits: 1 << 17,
  /** what is left of a class that had more */
  leaves: 0.5,
};

/** Which flow goes first: one whose SYN nobody answered, then one whose end was seen, then all others. */
const UNANSWERED = 0;
const CLOSED = 1;
const OTHER = 2;
/** So long a SYN may wait for its answer before it counts as not answered, ns. */
const ANSWER = NS_PER_SECOND / 2;
/** Of no class. */
const NONE = 255;
/** More than any time, ns: 2^32 seconds are less. */
const MOST_TIME = 2 ** 63;
const RANK = 2 * MOST_TIME;

/**
 * Chooses the flows that have to leave the table before their end, so that memory is bounded whatever the capture.
 * It goes by classes of flows, and by the number of segments seen of all shares, so that the same ones are chosen
 * however many shares there are: as with duplicates.ts.
 */
export class Crowd {
  private readonly records: ChunkedRecords;
  private readonly holes: Holes;
  /** ns since 1970 */
  private now = 0;

  /** @param holes of the flows, by twice the record's number and the side */
  constructor(records: ChunkedRecords, holes: Holes) {
    this.records = records;
    this.holes = holes;
  }

  /**
   * @param units at most in use, of all classes
   * @param now ns since 1970
   * @returns the records of those to give up
   */
  tooMany(units: number, now: number): number[] {
    if (units <= CROWD.mostUnits) return [];
    this.now = now;
    const { created } = this.records;
    const classes = new Uint8Array(created);
    const used = new Float64Array(C.PRINT_CLASSES);
    const members = new Int32Array(C.PRINT_CLASSES);
    for (let record = 0; record < created; record++) {
      const own = this.unitsOf(record);
      const of = own === 0 ? NONE : this.classOf(record);
      classes[record] = of;
      if (of === NONE) continue;
      used[of]! += own;
      // One that was superseded goes with its successor.
      if ((this.word(record, L.FLAGS) & L.FLOW_SUPERSEDED) === 0) members[of]!++;
      else classes[record] = NONE;
    }
    const chosen: number[] = [];
    for (let of = 0; of < C.PRINT_CLASSES; of++) {
      const excess = used[of]! - CROWD.mostUnits * CROWD.leaves;
      if (used[of]! <= CROWD.mostUnits) continue;
      const all = new Int32Array(members[of]!);
      for (let record = 0, n = 0; record < created; record++) if (classes[record] === of) all[n++] = record;
      this.choose(all, Math.ceil((all.length * excess) / used[of]!), chosen);
    }
    return chosen;
  }

  /** Chooses so many of a class: those of the lowest keys. */
  private choose(members: Int32Array, many: number, chosen: number[]): void {
    const keys = new Float64Array(members.length);
    for (let i = 0; i < members.length; i++) keys[i] = this.keyOf(members[i]!);
    const last = keys.slice().sort()[Math.min(many, members.length) - 1]!;
    const alike: number[] = [];
    let left = many;
    for (let i = 0; i < members.length; i++) {
      if (keys[i] === last) alike.push(members[i]!);
      if (keys[i]! >= last) continue;
      chosen.push(members[i]!);
      left--;
    }
    // Where records stand depends on the number of shares: their order by id does not.
    alike.sort((a, b) => this.word(a, L.ID) - this.word(b, L.ID));
    for (const record of alike.slice(0, left)) chosen.push(record);
  }

  /** Ascending in the order in which flows are given up: by rank, then by the time of the last packet. */
  private keyOf(record: number): number {
    const { ints, floats, at } = this.locate(record);
    const time = floats[(at + L.BASE_SECONDS) >> 1]! * NS_PER_SECOND + floats[(at + L.LAST_TIME) >> 1]!;
    return this.rankOf(ints, at, time) * RANK + Math.max(-MOST_TIME, Math.min(time, MOST_TIME));
  }

  private rankOf(ints: Int32Array, at: number, time: number): number {
    if ((ints[at + L.FLAGS]! & L.FLOW_ENDED) !== 0) return CLOSED;
    const first = ints[at + L.SIDE + L.SIDE_FLAGS]!;
    const second = ints[at + L.SIDE + L.SIDE_WORDS + L.SIDE_FLAGS]!;
    const halfOpen = ((first | second) & L.SYN_SENT_FLAG) !== 0 && (first & second & L.SENT) === 0;
    return halfOpen && this.now - time > ANSWER ? UNANSWERED : OTHER;
  }

  private word(record: number, word: number): number {
    const { ints, at } = this.locate(record);
    return ints[at + word]!;
  }

  private classOf(record: number): number {
    const { ints, at } = this.locate(record);
    return shareOf(ints[at + L.ADDRESS_0 + 3]!, ints[at + L.ADDRESS_1 + 3]!, ints[at + L.PORTS]!, C.PRINT_CLASSES);
  }

  /** 0: it is not in use. */
  private unitsOf(record: number): number {
    const { ints, at } = this.locate(record);
    if (ints[at + L.ID] === 0) return 0;
    const flags = ints[at + L.FLAGS]!;
    const units = 1 + Math.ceil((flags >>> L.TRAIL_COUNT_SHIFT) / BLOCK_ENTRIES) + (ints[at + L.SUMMARY] === 0 ? 0 : 1);
    if ((flags & L.FLOW_HOLES) === 0) return units;
    return units + this.holes.unitsOf(2 * record) + this.holes.unitsOf(2 * record + 1);
  }

  private locate(record: number): { ints: Int32Array; floats: Float64Array; at: number } {
    const { shift, mask } = this.records;
    const ints = this.records.ints[record >>> shift]!;
    return { ints, floats: this.records.floats[record >>> shift]!, at: (record & mask) * L.RECORD_WORDS };
  }
}
