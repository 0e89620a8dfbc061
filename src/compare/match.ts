import { seqDiff } from '../units.ts';
import { HAS_TIMESTAMPS, type SegmentColumns } from './columns.ts';

/** Candidates of the same numbers that are looked at for one segment: identical ACKs can be many. */
const MOST_TRIES = 64;

/** Segments of one direction of a connection in one capture. */
export interface Rows {
  columns: SegmentColumns;
  rows: Int32Array;
}

/** What a segment's numbers have to be taken off by to be those of the sender's capture: a firewall may have changed them. */
export interface Shifts {
  seq: number;
  ack: number;
}

/**
 * Which segment in the receiver's capture is which in the sender's. A segment is known by its numbers, flags, length and
 * timestamp; a copy sent later by its IP identification, where that is kept on the way; else copies arrive in order.
 * One that was cut up or put together on the way (offloading) is known by its bytes: see resegmented().
 */
export class Matcher {
  /** by place among those sent: place among those received; CUT_UP where its bytes came otherwise; -1: none */
  arrival = new Int32Array(0);
  /** by place among those sent: whether it can't be another copy */
  certain = new Uint8Array(0);
  /** by place among those received: place among those sent, CUT_UP or -1 */
  origin = new Int32Array(0);

  // By place, those received behind those sent.
  private next = new Int32Array(0);
  private slots = new Int32Array(0);
  // By group of segments that are alike: first and last of either side, how many.
  private heads = new Int32Array(0);
  private groups = 0;

  run(sent: Rows, received: Rows, shifts: Shifts): void {
    const n = sent.rows.length;
    const m = received.rows.length;
    this.reserve(n, m);
    const stamped = someStamped(sent) && someStamped(received);
    const alike = (place: number) => key(place < n ? sent : received, place < n ? place : place - n, place >= n);
    const zero = { seq: 0, ack: 0 };
    function key({ columns, rows }: Rows, i: number, shifted: boolean): Key {
      const row = rows[i]!;
      const { seq, ack } = shifted ? shifts : zero;
      KEY.seq = (columns.seq[row]! - seq) | 0;
      KEY.flags = columns.flags(row);
      KEY.ack = (KEY.flags & ACK_FLAG) === 0 ? 0 : (columns.ack[row]! - ack) | 0;
      KEY.length = columns.length[row]!;
      KEY.tsVal = stamped ? columns.tsVal[row]! : 0;
      return KEY;
    }
    for (let place = 0; place < n + m; place++) this.put(place, place < n ? 0 : 1, alike);
    const idOf = (place: number) =>
      place < n ? sent.columns.ipId[sent.rows[place]!]! : received.columns.ipId[received.rows[place - n]!]!;
    const kept = this.keepsIds(idOf);
    for (let group = 0; group < this.groups; group++) this.pairUp(group, n, kept, idOf);
    resegmented(this, sent, received, shifts.seq);
  }

  private reserve(n: number, m: number): void {
    if (this.next.length < n + m) {
      this.next = new Int32Array(2 * (n + m));
      this.heads = new Int32Array(GROUP * 2 * (n + m));
    }
    if (this.arrival.length < n) {
      this.arrival = new Int32Array(2 * n);
      this.certain = new Uint8Array(2 * n);
    }
    if (this.origin.length < m) this.origin = new Int32Array(2 * m);
    this.arrival.fill(-1, 0, n);
    this.certain.fill(0, 0, n);
    this.origin.fill(-1, 0, m);
    const slots = 2 << (32 - Math.clz32(n + m));
    if (this.slots.length < slots) this.slots = new Int32Array(slots);
    this.mask = slots - 1;
    this.slots.fill(0, 0, slots);
    this.groups = 0;
  }

  private mask = 0;

  /** Adds a segment to the group of those like it. @param side 0 sent, 1 received */
  private put(place: number, side: number, alike: (place: number) => Key): void {
    const { seq, ack, flags, length, tsVal } = alike(place);
    let hash = Math.imul(seq, 0x9e3779b1) ^ Math.imul(ack, 0x85ebca6b) ^ Math.imul(tsVal, 0xc2b2ae35);
    hash = Math.imul(hash ^ (hash >>> 15) ^ (length << 6) ^ flags, 0x27d4eb2f);
    const { slots, heads, mask } = this;
    for (let slot = (hash ^ (hash >>> 13)) & mask; ; slot = (slot + 1) & mask) {
      let group = slots[slot]! - 1;
      if (group < 0) {
        group = this.groups++;
        slots[slot] = group + 1;
        heads.fill(-1, group * GROUP, group * GROUP + 4);
        heads.fill(0, group * GROUP + 4, group * GROUP + GROUP);
      } else {
        const other = alike(Math.max(heads[group * GROUP]!, heads[group * GROUP + 1]!));
        if (other.seq !== seq || other.ack !== ack || other.flags !== flags) continue;
        if (other.length !== length || other.tsVal !== tsVal) continue;
      }
      const at = group * GROUP + side;
      if (heads[at + 2]! < 0) heads[at] = place;
      else this.next[heads[at + 2]!] = place;
      heads[at + 2] = place;
      heads[at + 4]!++;
      this.next[place] = -1;
      return;
    }
  }

  /** Whether IP identifications come through unchanged: told by the segments of which there is no other copy. */
  private keepsIds(idOf: (place: number) => number): boolean {
    let balance = 0;
    for (let group = 0; group < this.groups; group++) {
      const at = group * GROUP;
      if (this.heads[at + 4] !== 1 || this.heads[at + 5] !== 1) continue;
      const [one, other] = [idOf(this.heads[at]!), idOf(this.heads[at + 1]!)];
      if (one !== 0 && other !== 0) balance += one === other ? 1 : -1;
    }
    return balance > 0;
  }

  private pairUp(group: number, n: number, kept: boolean, idOf: (place: number) => number): void {
    const at = group * GROUP;
    const single = this.heads[at + 4] === 1 && this.heads[at + 5] === 1;
    if (this.heads[at + 4] === 0 || this.heads[at + 5] === 0) return;
    if (kept) {
      for (let s = this.heads[at]!; s >= 0; s = this.next[s]!) {
        const id = idOf(s);
        if (id !== 0) this.find(s, at, n, true, (r) => idOf(r) === id);
      }
    }
    for (let s = this.heads[at]!; s >= 0; s = this.next[s]!) {
      if (this.arrival[s]! >= 0) continue;
      const id = idOf(s);
      this.find(s, at, n, single, (r) => !kept || id === 0 || idOf(r) === 0);
    }
  }

  private find(s: number, at: number, n: number, certain: boolean, fits: (place: number) => boolean): void {
    let tries = 0;
    for (let r = this.heads[at + 1]!; r >= 0 && tries < MOST_TRIES; r = this.next[r]!) {
      // What is taken at the front of the list need not be passed again.
      if (this.origin[r - n]! >= 0) {
        if (r === this.heads[at + 1]) this.heads[at + 1] = this.next[r]!;
        continue;
      }
      tries++;
      if (!fits(r)) continue;
      this.arrival[s] = r - n;
      this.certain[s] = certain ? 1 : 0;
      this.origin[r - n] = s;
      return;
    }
  }
}

/** Its bytes came, in other segments. */
export const CUT_UP = 0x7fffffff;

const ACK_FLAG = 16;
/** Words of a group: first sent and received, last sent and received, how many of each. */
const GROUP = 6;

interface Key {
  seq: number;
  ack: number;
  flags: number;
  length: number;
  tsVal: number;
}
const KEY: Key = { seq: 0, ack: 0, flags: 0, length: 0, tsVal: 0 };

function someStamped({ columns, rows }: Rows): boolean {
  for (let i = 0; i < rows.length; i++) if ((columns.meta[rows[i]!]! & HAS_TIMESTAMPS) !== 0) return true;
  return false;
}

/**
 * Finds the bytes of what was left over among what was left over on the other side. What an offloading sender's capture
 * shows as one segment arrives as several (TSO), and an offloading receiver's shows several as one (GRO).
 */
function resegmented(matcher: Matcher, sent: Rows, received: Rows, shift: number): void {
  const { arrival, origin } = matcher;
  const left = leftOver(origin, received);
  if (left.length === 0) return;
  const base = (received.columns.seq[received.rows[left[0]!]!]! - shift) | 0;
  const pieces = left
    .map((place) => {
      const row = received.rows[place]!;
      const from = seqDiff((received.columns.seq[row]! - shift) | 0, base);
      return { place, start: from, from, to: from + received.columns.occupies(row) };
    })
    .sort((a, b) => a.start - b.start);
  const used: number[] = [];
  for (const place of leftOver(arrival, sent)) {
    const row = sent.rows[place]!;
    const from = seqDiff(sent.columns.seq[row]!, base);
    const to = from + sent.columns.occupies(row);
    used.length = 0;
    let at = from;
    while (at < to) {
      const next = covering(pieces, at);
      if (next < 0) break;
      used.push(next);
      at = pieces[next]!.to;
    }
    if (at < to) continue; // a part of it is missing: it did not come
    arrival[place] = CUT_UP;
    for (const i of used) {
      const piece = pieces[i]!;
      piece.from = Math.min(piece.to, to);
      origin[piece.place] = CUT_UP;
    }
  }
}

interface Piece {
  place: number;
  /** first byte, and the first that was not found yet */
  start: number;
  from: number;
  to: number;
}

/** The index of a piece that holds byte `at`, not found yet; -1 if there is none. */
function covering(pieces: readonly Piece[], at: number): number {
  let [low, high] = [0, pieces.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pieces[middle]!.start <= at) low = middle + 1;
    else high = middle;
  }
  for (let i = low - 1; i >= 0 && i >= low - MOST_TRIES; i--) {
    if (pieces[i]!.from <= at && pieces[i]!.to > at) return i;
  }
  return -1;
}

/** Places of those that have sequence numbers and no counterpart. */
function leftOver(counterparts: Int32Array, { columns, rows }: Rows): number[] {
  const left: number[] = [];
  for (let i = 0; i < rows.length; i++) {
    if (counterparts[i]! < 0 && columns.occupies(rows[i]!) > 0) left.push(i);
  }
  return left;
}
