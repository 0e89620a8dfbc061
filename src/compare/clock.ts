/**
 * How the clocks of two captures differ. A segment seen at both gives `server time - client time`: the offset plus its
 * delay on the way to the server, the offset minus its delay on the way to the client. Delays are never negative, so the
 * least of the former and the greatest of the latter enclose the offset, as in NTP (RFC 5905 section 8); what is between
 * them is the smallest round trip between the capture points, of which nobody can tell how it divides into both ways.
 *
 * Times are ns since each capture's own first second. The drift is the slope at which the two sides are farthest from
 * each other: the least delays of both ways then are level (V. Paxson, "On calibrating measurements of packet transit
 * times", 1998; S. Moon et al., "Estimation and removal of clock skew from network delay measurements", 1999).
 */

import { Hull } from './hull.ts';

/** Direction of a segment. */
export const TO_SERVER = 0;
export const TO_CLIENT = 1;

/** What the clocks are taken to be at most off by where the span is too short to measure it: two bad quartzes. */
const MOST_DRIFT = 100e-6;
/** Slopes that are tried. */
const STEEPEST = 1000e-6;
/** A drift is told where it is known this well. */
const KNOWN_DRIFT = 5e-6;
/** No two delays are more alike than this, ns: scheduling, and the resolution of timestamps. */
const LEAST_JITTER = 10_000;

/** Segments seen at both ends. */
export class ClockSamples {
  private readonly upper = new Hull('lower'); // on the way to the server: offset and delay
  private readonly lower = new Hull('upper'); // on the way to the client: offset less delay
  private readonly floors = [new Floors(), new Floors()];
  private first = Number.POSITIVE_INFINITY;
  private last = Number.NEGATIVE_INFINITY;
  count = 0;

  /** @param clientTime @param serverTime of one segment in both captures, ns since the first second of each */
  add(direction: number, clientTime: number, serverTime: number): void {
    const difference = serverTime - clientTime;
    this.count++;
    this.first = Math.min(this.first, clientTime);
    this.last = Math.max(this.last, clientTime);
    (direction === TO_SERVER ? this.upper : this.lower).add(clientTime, difference);
    this.floors[direction]!.add(clientTime, direction === TO_SERVER ? difference : -difference);
  }

  /** @returns null where no segment was seen at both ends in both directions */
  fit(): Clock | null {
    if (this.upper.empty || this.lower.empty) return null;
    const span = this.last - this.first;
    const best = this.widest();
    const widest = this.width(best);
    const jitter = Math.max(LEAST_JITTER, 2 * Math.max(this.floors[0]!.excess(best), this.floors[1]!.excess(-best)));
    const error = Math.max(
      best - this.edge(best, -STEEPEST, widest - jitter),
      this.edge(best, STEEPEST, widest - jitter) - best,
    );
    const known = error <= KNOWN_DRIFT;
    const slope = known ? best : 0;
    const drift = known ? error : Math.min(MOST_DRIFT, Math.abs(best) + error);
    const [up, down] = [this.upper.extreme(slope), this.lower.extreme(slope)];
    return new Clock({
      slope,
      isDriftKnown: known,
      up,
      down,
      jitter,
      plusMinus: Math.abs(up - down) / 2 + (drift * span) / 2 + (known ? jitter : 0),
    });
  }

  private width(slope: number): number {
    return this.upper.extreme(slope) - this.lower.extreme(slope);
  }

  /** The slope of the widest gap between both sides, which is a concave function of it. */
  private widest(): number {
    let [from, to] = [-STEEPEST, STEEPEST];
    for (let i = 0; i < 80; i++) {
      const third = (to - from) / 3;
      if (this.width(from + third) < this.width(to - third)) from += third;
      else to -= third;
    }
    const best = (from + to) / 2;
    // The search ends beside the top, by a rounding that grows with the captures' length: clocks that agree do not drift.
    return this.width(0) >= this.width(best) ? 0 : best;
  }

  /** Between `inside` and `outside`, where the gap has shrunk to `least`. */
  private edge(inside: number, outside: number, least: number): number {
    if (this.width(outside) >= least) return outside;
    let [near, far] = [inside, outside];
    for (let i = 0; i < 40; i++) {
      const middle = (near + far) / 2;
      if (this.width(middle) >= least) near = middle;
      else far = middle;
    }
    return far;
  }
}

/** The difference of two clocks as a line over the client's time. */
export class Clock {
  /** ns of the server's clock gained a ns of the client's */
  private readonly slope: number;
  private readonly up: number;
  private readonly down: number;
  readonly isDriftKnown: boolean;
  /** bound of the error in the offset, ns */
  readonly plusMinus: number;
  /** how much the least delays scatter, ns */
  readonly jitter: number;
  /** the smallest round trip between the captures, ns; negative where segments came before they went */
  readonly roundTrip: number;

  constructor(line: {
    slope: number;
    isDriftKnown: boolean;
    up: number;
    down: number;
    jitter: number;
    plusMinus: number;
  }) {
    this.slope = line.slope;
    this.isDriftKnown = line.isDriftKnown;
    this.up = line.up;
    this.down = line.down;
    this.jitter = line.jitter;
    this.plusMinus = line.plusMinus;
    this.roundTrip = line.up - line.down;
  }

  /** null where the captures are too short to tell */
  get driftPpm(): number | null {
    return this.isDriftKnown ? this.slope * 1e6 : null;
  }

  /** server's clock minus client's, ns, beside the difference of their first seconds */
  offsetAt(clientTime: number): number {
    return (this.up + this.down) / 2 + this.slope * clientTime;
  }

  /** The client's clock at a time of the server's. */
  toClient(serverTime: number): number {
    return (serverTime - (this.up + this.down) / 2) / (1 + this.slope);
  }

  /** The earliest time on the receiver's clock at which a segment can arrive that was sent at `time` on its sender's. */
  arrival(direction: number, time: number): number {
    if (direction === TO_SERVER) return time + this.up + this.slope * time;
    return (time - this.down) / (1 + this.slope);
  }

  /** The latest time on the sender's clock at which a segment can have left that arrived at `time` on its receiver's. */
  departure(direction: number, time: number): number {
    if (direction === TO_SERVER) return (time - this.up) / (1 + this.slope);
    return time + this.down + this.slope * time;
  }
}

/** The least delay in each of a few parts of the time: how far those are from level is what can be read as drift. */
class Floors {
  private width = 1e6;
  private origin = Number.NaN;
  private readonly at = new Float64Array(PARTS);
  private readonly least = new Float64Array(PARTS).fill(Number.POSITIVE_INFINITY);

  add(at: number, delay: number): void {
    if (Number.isNaN(this.origin)) this.origin = at;
    let part = Math.floor((at - this.origin) / this.width);
    while (part < 0 || part >= PARTS) {
      this.widen(part < 0);
      part = Math.floor((at - this.origin) / this.width);
    }
    this.take(part, at, delay);
  }

  /** The median of how far the parts' least delays are above the least of all, ns. @param slope of the delays */
  excess(slope: number): number {
    const level = Array.from(this.least, (delay, i) => delay - slope * this.at[i]!).filter(Number.isFinite);
    level.sort((a, b) => a - b);
    return level.length === 0 ? 0 : level[level.length >> 1]! - level[0]!;
  }

  private take(part: number, at: number, delay: number): void {
    if (delay >= this.least[part]!) return;
    this.least[part] = delay;
    this.at[part] = at;
  }

  /** Makes each part two of them wide. */
  private widen(before: boolean): void {
    const at = this.at.slice();
    const least = this.least.slice();
    if (before) this.origin -= PARTS * this.width;
    this.width *= 2;
    this.least.fill(Number.POSITIVE_INFINITY);
    for (let i = 0; i < PARTS; i++) this.take((before ? PARTS + i : i) >> 1, at[i]!, least[i]!);
  }
}

const PARTS = 32;
