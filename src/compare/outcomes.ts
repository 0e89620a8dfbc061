import { ACK, FIN, RST, SYN } from '../decode/segment.ts';
import type { ResetOrigin } from '../report/types.ts';
import { type Clock, type ClockSamples, TO_SERVER } from './clock.ts';

/** When a capture's first and last packets were, ns since its first second. */
export interface Window {
  first: number;
  last: number;
}

/** What a segment is: a capture may have been filtered to some of these. */
export const CONTROL = 0;
export const DATA = 1;
export const PURE_ACK = 2;
const CLASSES = 3;

export function classOf(flags: number, length: number): number {
  if ((flags & (SYN | FIN | RST)) !== 0) return CONTROL;
  return length > 0 ? DATA : PURE_ACK;
}

/** So many of a class on one side and none on the other: it was left out there. */
const ENOUGH = 8;
/** Facts that wait for the clocks to be known: then those that are known well enough are used. */
const MOST_PENDING = 1 << 20;
/** Words of a fact that waits. */
const WORDS = 4;

// What waits.
const UNMATCHED = 0; // sent, and not found at the receiver's
const SURPRISE = 1; // received, and not found at the sender's
const FOREIGN_RESET = 2; // the same, an RST

/** Where RSTs came from; index in ORIGINS. */
const UNKNOWN = 0;
const ORIGINS: readonly (ResetOrigin | null)[] = [null, 'client', 'server', 'path'];
const PATH = 3;

/**
 * Adds up what became of segments between the captures. What only one of them has says something only about the time
 * in which the other ran, which takes the clocks to know: it waits until they are.
 */
export class Outcomes {
  private readonly windows: readonly [client: Window, server: Window];
  // By connection, direction and class.
  private readonly lost: Int32Array;
  /** the same before and after the other capture's packets */
  private readonly beyond: Int32Array;
  /** by connection, direction and whether before or after: something of these was sent again */
  private readonly repeats: Uint8Array;
  /** by connection and direction: not all of it could be judged */
  private readonly incomplete: Uint8Array;
  // By direction and class, over all connections.
  private readonly sent = new Int32Array(2 * CLASSES);
  private readonly arrived = new Int32Array(2 * CLASSES);
  /** by direction: segments of the receiver, as its capture has them, that acknowledge some */
  private readonly answers = new Int32Array(2);
  /** by receiver's direction: something from the far end came while its capture had no packet yet, or no more */
  private readonly spoke = new Uint8Array(4);
  private readonly firstReset: Uint8Array;
  private readonly firstResetAt: Float64Array;
  /** by capture, then frame */
  private readonly resets = [new Map<number, number>(), new Map<number, number>()];

  private readonly times = new Float64Array(MOST_PENDING);
  private readonly facts = new Int32Array(MOST_PENDING * WORDS);
  private pending = 0;
  private readonly samples: ClockSamples;

  /** @param samples what is known of the clocks when it is needed */
  constructor(pairs: number, windows: readonly [Window, Window], samples: ClockSamples) {
    this.samples = samples;
    this.windows = windows;
    this.lost = new Int32Array(pairs * 2 * CLASSES);
    this.beyond = new Int32Array(pairs * 4 * CLASSES);
    this.repeats = new Uint8Array(pairs * 4);
    this.incomplete = new Uint8Array(pairs * 2);
    this.firstReset = new Uint8Array(pairs);
    this.firstResetAt = new Float64Array(pairs).fill(Number.POSITIVE_INFINITY);
  }

  /** Not all of its segments could be looked at. */
  noteIncomplete(pair: number): void {
    this.incomplete.fill(1, pair * 2, pair * 2 + 2);
  }

  /** A segment in its sender's capture. @param arrived whether the receiver's has it too */
  noteSent(direction: number, flags: number, length: number, arrived: boolean): void {
    const kind = direction * CLASSES + classOf(flags, length);
    this.sent[kind]!++;
    if (arrived) this.arrived[kind]!++;
    if ((flags & (ACK | RST)) === ACK) this.answers[1 - direction]!++;
  }

  /** One that did not come. @param time on its sender's clock @param repeated whether it was sent more than once */
  unmatched(pair: number, direction: number, time: number, kind: number, repeated: boolean): void {
    this.wait(UNMATCHED, pair, direction, time, kind | (repeated ? 4 : 0));
  }

  /** One that nobody sent. @param time on its receiver's clock */
  surprise(pair: number, direction: number, time: number, frame: number, isReset: boolean): void {
    this.wait(isReset ? FOREIGN_RESET : SURPRISE, pair, direction, time, frame);
  }

  /** An RST that its sender's capture has. @param time on the client's clock, or near it @param frame in `capture` */
  ownReset(pair: number, direction: number, time: number, capture: number, frame: number): void {
    this.noteReset(pair, time, capture, frame, direction === TO_SERVER ? 1 : 2);
  }

  /** Judges what waits. */
  settle(): void {
    const clock = this.samples.fit();
    const { facts, times } = this;
    for (let i = 0; i < this.pending; i++) {
      const at = i * WORDS;
      const [what, pair, direction, value] = [facts[at]!, facts[at + 1]!, facts[at + 2]!, facts[at + 3]!];
      if (what === UNMATCHED) this.settleUnmatched(clock, pair, direction, times[i]!, value);
      else this.settleSurprise(clock, what, pair, direction, times[i]!, value);
    }
    this.pending = 0;
  }

  /** Segments of a connection lost on the way; null where that can't be told. */
  lostOf(pair: number, direction: number): number | null {
    if (this.incomplete[pair * 2 + direction] === 1 || !this.isSeen(direction)) return null;
    let lost = 0;
    for (let kind = 0; kind < CLASSES; kind++) {
      const all = direction * CLASSES + kind;
      if (this.arrived[all] === 0 && this.sent[all]! >= ENOUGH) continue;
      lost += this.lost[pair * 2 * CLASSES + all]!;
      for (let side = 0; side < 2; side++) {
        const at = direction * 2 + side;
        if (this.spoke[at] === 0 && this.repeats[pair * 4 + at] === 1) {
          lost += this.beyond[(pair * 4 + at) * CLASSES + kind]!;
        }
      }
    }
    return lost;
  }

  /** Who sent an RST. @param capture 0 the client's, 1 the server's */
  originOf(capture: number, frame: number): ResetOrigin | null {
    return ORIGINS[this.resets[capture]!.get(frame) ?? UNKNOWN]!;
  }

  /** Who sent the first RST of a connection; null where there is none or that can't be told. */
  firstOrigin(pair: number): ResetOrigin | null {
    return ORIGINS[this.firstReset[pair]!]!;
  }

  /** Whether the receiver's capture has this direction: else its acknowledgements tell that it was left out. */
  private isSeen(direction: number): boolean {
    for (let kind = 0; kind < CLASSES; kind++) if (this.arrived[direction * CLASSES + kind]! > 0) return true;
    return this.answers[direction] === 0;
  }

  private wait(what: number, pair: number, direction: number, time: number, value: number): void {
    if (this.pending === MOST_PENDING) this.settle();
    const at = this.pending * WORDS;
    this.facts[at] = what;
    this.facts[at + 1] = pair;
    this.facts[at + 2] = direction;
    this.facts[at + 3] = value;
    this.times[this.pending++] = time;
  }

  private settleUnmatched(clock: Clock | null, pair: number, direction: number, time: number, value: number): void {
    if (clock === null) {
      this.incomplete[pair * 2 + direction] = 1;
      return;
    }
    const window = this.windows[1 - direction]!;
    const expected = clock.arrival(direction, time);
    const kind = value & 3;
    if (expected >= window.first && expected <= window.last) {
      this.lost[(pair * 2 + direction) * CLASSES + kind]!++;
      return;
    }
    const at = pair * 4 + direction * 2 + (expected < window.first ? 0 : 1);
    this.beyond[at * CLASSES + kind]!++;
    if ((value & 4) !== 0) this.repeats[at] = 1;
  }

  private settleSurprise(
    clock: Clock | null,
    what: number,
    pair: number,
    direction: number,
    time: number,
    frame: number,
  ): void {
    const capture = direction === TO_SERVER ? 1 : 0;
    const onClient = clock === null || capture === 0 ? time : clock.toClient(time);
    if (clock === null) {
      if (what === FOREIGN_RESET) this.noteReset(pair, onClient, capture, frame, UNKNOWN);
      return;
    }
    const window = this.windows[direction]!;
    const left = clock.departure(direction, time);
    const inside = left >= window.first && left <= window.last;
    if (what === FOREIGN_RESET)
      this.noteReset(pair, onClient, capture, frame, inside && this.isSentSeen(direction) ? PATH : UNKNOWN);
    // The far end spoke while its capture had no packets: it did not run, so it can't tell what did not come then.
    else if (!inside) this.spoke[(1 - direction) * 2 + (left < window.first ? 0 : 1)] = 1;
  }

  /** Whether the sender's capture has this direction at all. */
  private isSentSeen(direction: number): boolean {
    for (let kind = 0; kind < CLASSES; kind++) if (this.sent[direction * CLASSES + kind]! > 0) return true;
    return false;
  }

  private noteReset(pair: number, time: number, capture: number, frame: number, origin: number): void {
    this.resets[capture]!.set(frame, origin);
    if (time >= this.firstResetAt[pair]!) return;
    this.firstResetAt[pair] = time;
    this.firstReset[pair] = origin;
  }
}
