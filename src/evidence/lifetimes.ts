import * as S from '../tcp/states.ts';
import * as F from '../teardown/facts.ts';
import type { OsProfile } from '../teardown/profiles.ts';
import * as N from './summary-layout.ts';

/** Flows of which findings and port ledgers know: the first so many, or live the last, 68 bytes each. */
export const MOST_LIFETIMES = 1 << 19;

/** How a SYN was answered; index in ANSWERS. */
export const ANSWERS = ['unseen', 'accepted', 'refused', 'none'] as const;
export type Answer = (typeof ANSWERS)[number];

// Floats of a row; times are ns since the capture's first second, NaN where there is none.
const OPENED = 0;
const LAST = 1;
/** beginning of the client's TIME_WAIT, the server's next */
const TIME_WAIT = 2;
/** when the client's socket was gone, by its timer at the earliest; Infinity: not when the capture ended; NaN: not known */
const GONE = 4;
const FLOATS = 6;

// Words of a row.
const ID = 0;
const SERVICE = 1;
const CLIENT = 2;
/** client's port | kind << 16 | initiator << 20 | answer << 24 */
const BITS = 3;
/** last state of client | of server << 4 | basis of their ends << 8, << 10 | profiles << 12, << 16 */
const ENDS = 4;
const WORDS = 5;

const MIDSTREAM = F.noteBit('midstream');

/** What merging needs: a structured clone has it too. */
export interface LifetimeData {
  readonly floats: Float64Array<ArrayBuffer>;
  readonly words: Int32Array<ArrayBuffer>;
  readonly length: number;
  readonly left: number;
}

/**
 * How long both sockets of each flow were there: a row a flow, in the order in which they ended. `i` is the row, and
 * `side` 0 the client, 1 the server.
 */
export class Lifetimes implements LifetimeData {
  floats = new Float64Array(64 * FLOATS);
  words = new Int32Array(64 * WORDS);
  length = 0;
  /** flows beyond the most that have rows */
  left = 0;
  private readonly profiles: readonly OsProfile[];

  private readonly newest: boolean;

  /**
   * @param profiles of all systems, in the order of PROFILES
   * @param newest whether of too many flows those stay that ended last, and not those that ended first
   */
  constructor(profiles: readonly OsProfile[], newest = false) {
    this.profiles = profiles;
    this.newest = newest;
  }

  /** Takes the rows of another, in place of its own. */
  copy(other: Lifetimes): void {
    this.floats = other.floats.slice();
    this.words = other.words.slice();
    this.length = other.length;
    this.left = other.left;
  }

  /**
   * Adds a flow.
   * @param facts where the flow did not end as ordinary ones do, or may not have; else null: the summary tells all
   * @param offset of the facts' times, ns since the capture's first second
   */
  add(summary: Float64Array, at: number, facts: F.Facts | null, offset: number): void {
    if (this.length === MOST_LIFETIMES) {
      if (this.newest) this.forget();
      else {
        this.left++;
        return;
      }
    }
    if ((this.length + 1) * WORDS > this.words.length) this.grow();
    const { floats, words } = this;
    const f = this.length * FLOATS;
    const w = this.length * WORDS;
    this.length++;
    floats[f + OPENED] = summary[at + N.OPENED]!;
    floats[f + LAST] = summary[at + N.LAST]!;
    const port = summary[at + N.CLIENT_PORT]!;
    const client = port >>> 16;
    const systems = summary[at + N.SYSTEMS]!;
    let ends = 0;
    for (let side = 0; side < 2; side++) {
      const x = side === 0 ? client : 1 - client;
      const system = (systems >>> (4 * x)) & 0xf;
      const from = summary[at + N.TIME_WAIT + 2 * x]!;
      let state: number = S.CLOSED;
      let basis = F.OBSERVED;
      let gone = summary[at + N.LAST]!;
      if (!Number.isNaN(from)) {
        state = S.TIME_WAIT;
        gone = summary[at + N.TIME_WAIT + 2 * x + 1]!;
        const byEvent = facts !== null && facts.timeWaitEndedBy[x]! >= F.BY_REUSE;
        if (!byEvent) basis = F.ASSUMED;
      } else if (facts !== null) {
        state = Math.max(0, facts.lastState(x));
        const count = facts.spans[x]!;
        const i = x * F.MAX_SPANS + count - 1;
        if (count === 0) gone = Number.NaN;
        else if (state !== S.CLOSED) gone = Number.POSITIVE_INFINITY;
        else {
          gone = facts.spanFrom[i]! + offset;
          basis = facts.spanBasis[i]!;
          state = lingeredIn(facts, x);
        }
      }
      floats[f + TIME_WAIT + side] = from;
      floats[f + GONE + side] = gone;
      ends |= (state << (4 * side)) | (basis << (8 + 2 * side)) | (system << (12 + 4 * side));
    }
    const kind = summary[at + N.KIND]!;
    const answer =
      kind === F.KIND_REFUSED ? 2 : kind === F.KIND_UNANSWERED ? 3 : (summary[at + N.NOTES]! & MIDSTREAM) !== 0 ? 0 : 1;
    words[w + ID] = summary[at + N.ID]!;
    words[w + SERVICE] = summary[at + N.SERVICE]!;
    words[w + CLIENT] = summary[at + N.CLIENT]!;
    words[w + BITS] = (port & 0xffff) | (kind << 16) | (summary[at + N.INITIATOR]! << 20) | (answer << 24);
    words[w + ENDS] = ends;
  }

  /** Adds another's rows. @param ids, services, clients the number here of each number there */
  merge(other: LifetimeData, ids: Int32Array, services: Int32Array, clients: Int32Array): void {
    this.left += other.left;
    for (let i = 0; i < other.length; i++) {
      if (this.length === MOST_LIFETIMES) {
        this.left++;
        continue;
      }
      if ((this.length + 1) * WORDS > this.words.length) this.grow();
      const w = this.length * WORDS;
      this.floats.set(other.floats.subarray(i * FLOATS, (i + 1) * FLOATS), this.length * FLOATS);
      this.words.set(other.words.subarray(i * WORDS, (i + 1) * WORDS), w);
      this.renumber(this.length++, ids, services, clients);
    }
  }

  /** Gives the numbers in the rows their meaning among all threads. */
  renumber(i: number, ids: Int32Array, services: Int32Array | null, clients: Int32Array | null): void {
    const { words } = this;
    const w = i * WORDS;
    words[w + ID] = ids[words[w + ID]! - 1]!;
    if (services !== null && words[w + SERVICE]! >= 0) words[w + SERVICE] = services[words[w + SERVICE]!]!;
    if (clients !== null && words[w + CLIENT]! >= 0) words[w + CLIENT] = clients[words[w + CLIENT]!]!;
  }

  /** Puts the rows into that order. @param rows each once */
  arrange(rows: Uint32Array): void {
    const floats = new Float64Array(rows.length * FLOATS);
    const words = new Int32Array(rows.length * WORDS);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      for (let f = 0; f < FLOATS; f++) floats[i * FLOATS + f] = this.floats[row * FLOATS + f]!;
      for (let w = 0; w < WORDS; w++) words[i * WORDS + w] = this.words[row * WORDS + w]!;
    }
    this.floats = floats;
    this.words = words;
  }

  /** The rows' numbers in order of their flows' ids. */
  inOrder(): Uint32Array {
    const { words } = this;
    return Uint32Array.from({ length: this.length }, (_, i) => i).sort(
      (a, b) => words[a * WORDS + ID]! - words[b * WORDS + ID]!,
    );
  }

  id(i: number): number {
    return this.words[i * WORDS + ID]!;
  }

  /** Number of the server's address and port, -1 if it has none. */
  service(i: number): number {
    return this.words[i * WORDS + SERVICE]!;
  }

  /** Number of the client's address, -1 if it has none. */
  client(i: number): number {
    return this.words[i * WORDS + CLIENT]!;
  }

  clientPort(i: number): number {
    return this.words[i * WORDS + BITS]! & 0xffff;
  }

  /** A number of F.KINDS. */
  kind(i: number): number {
    return (this.words[i * WORDS + BITS]! >>> 16) & 0xf;
  }

  /** Index in INITIATORS. */
  initiator(i: number): number {
    return (this.words[i * WORDS + BITS]! >>> 20) & 0xf;
  }

  answer(i: number): Answer {
    return ANSWERS[this.words[i * WORDS + BITS]! >>> 24]!;
  }

  /** Its first packet. */
  opened(i: number): number {
    return this.floats[i * FLOATS + OPENED]!;
  }

  last(i: number): number {
    return this.floats[i * FLOATS + LAST]!;
  }

  /** NaN if the socket never was in TIME_WAIT. */
  timeWaitFrom(i: number, side: number): number {
    return this.floats[i * FLOATS + TIME_WAIT + side]!;
  }

  /** When the socket was gone: at the earliest, by its system's timers; Infinity if not when the capture ended; NaN: not known. */
  gone(i: number, side: number): number {
    return this.floats[i * FLOATS + GONE + side]!;
  }

  goneLatest(i: number, side: number): number {
    const gone = this.gone(i, side);
    // A segment that ended it was observed, its timer is assumed.
    const byTimer = this.basis(i, side) === F.ASSUMED && !Number.isNaN(this.timeWaitFrom(i, side));
    if (!byTimer) return gone;
    const { timeWaitNs, timeWaitLatestNs } = this.profile(i, side);
    return gone + timeWaitLatestNs - timeWaitNs;
  }

  /** The state that the socket is in, or, of one that is gone, TIME_WAIT or the closing state in which it lingered; CLOSED where it did not. A number of tcp/states.ts. */
  lastState(i: number, side: number): number {
    return (this.words[i * WORDS + ENDS]! >>> (4 * side)) & 0xf;
  }

  /** How its end is known: a number of F.BASES. */
  basis(i: number, side: number): number {
    return (this.words[i * WORDS + ENDS]! >>> (8 + 2 * side)) & 3;
  }

  profile(i: number, side: number): OsProfile {
    return this.profiles[(this.words[i * WORDS + ENDS]! >>> (12 + 4 * side)) & 0xf]!;
  }

  /** The older half of the rows. */
  private forget(): void {
    const half = this.length >> 1;
    this.floats.copyWithin(0, half * FLOATS, this.length * FLOATS);
    this.words.copyWithin(0, half * WORDS, this.length * WORDS);
    this.length -= half;
    this.left += half;
  }

  private grow(): void {
    const floats = new Float64Array(this.floats.length * 2);
    floats.set(this.floats);
    this.floats = floats;
    const words = new Int32Array(this.words.length * 2);
    words.set(this.words);
    this.words = words;
  }
}

/** The closing state in which a side that is gone was longest, if for LONG; else CLOSED. */
function lingeredIn(facts: F.Facts, x: number): number {
  let state: number = S.CLOSED;
  let longest: number = N.LONG;
  for (let i = x * F.MAX_SPANS; i < x * F.MAX_SPANS + facts.spans[x]! - 1; i++) {
    const lasted = facts.spanFrom[i + 1]! - facts.spanFrom[i]!;
    if (facts.spanState[i]! < S.FIN_WAIT_1 || lasted < longest) continue;
    longest = lasted;
    state = facts.spanState[i]!;
  }
  return state;
}
