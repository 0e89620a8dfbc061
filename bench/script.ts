/** What happens on one connection: its segments in order, with times and relative sequence numbers. */

import { ACK, CLIENT, NO_OPTIONS, SERVER, type Side, SYN, SYN_OPTIONS, TIMESTAMPS } from './frames.ts';
import type { Random } from './random.ts';

/** Longer than the longest script that shapes.ts writes. */
const CAPACITY = 48;

/** Microseconds in a second. */
export const SECOND = 1_000_000;
/** Microseconds in a millisecond. */
export const MS = 1_000;

/**
 * The segments of one connection in typed columns, reused for one connection after another. Times are whole
 * microseconds since the capture began, at a capture point beside the server; sequence numbers count from each side's ISN.
 */
export class Script {
  readonly at = new Float64Array(CAPACITY);
  readonly from = new Uint8Array(CAPACITY);
  readonly flags = new Uint8Array(CAPACITY);
  readonly options = new Uint8Array(CAPACITY);
  readonly seq = new Uint32Array(CAPACITY);
  readonly ack = new Uint32Array(CAPACITY);
  readonly payload = new Uint16Array(CAPACITY);
  length = 0;

  #clock = 0;
  /** from the capture point to the client and back, microseconds */
  #clientRtt = 0;
  /** next sequence number of each side, and how much of it the other side has received */
  readonly #next: [number, number] = [0, 0];
  readonly #received: [number, number] = [0, 0];

  /** Forgets the connection before. */
  begin(at: number, clientRtt: number): void {
    this.length = 0;
    this.#clock = at;
    this.#clientRtt = clientRtt;
    this.#next.fill(0);
    this.#received.fill(0);
  }

  /** Lets time pass, in microseconds. */
  wait(micros: number): void {
    this.#clock += micros;
  }

  /** A segment that its receiver gets before it sends again. */
  send(from: Side, flags: number, payload = 0): void {
    this.cross(from, flags, payload);
    this.#received[from] = this.#next[from];
  }

  /** What `from` sends as soon as it has the segment before, from a distance of one round-trip time. */
  reply(random: Random, from: Side, flags: number, payload = 0): void {
    this.wait(from === CLIENT ? this.#clientRtt + random.between(20, 400) : random.between(30, 250));
    this.send(from, flags, payload);
  }

  /** A segment that is still on its way when the other side sends next. */
  cross(from: Side, flags: number, payload = 0): void {
    this.#push(from, flags, (flags & SYN) !== 0 ? SYN_OPTIONS : TIMESTAMPS, this.#next[from], payload);
    this.#next[from] += payload + ((flags & SYN) !== 0 ? 1 : 0) + (flags & 1);
  }

  /** Both sides have now got everything. */
  settle(): void {
    this.#received[CLIENT] = this.#next[CLIENT];
    this.#received[SERVER] = this.#next[SERVER];
  }

  /** The last SYN or FIN of `from` once more. */
  repeat(from: Side, flags: number): void {
    this.#push(from, flags, (flags & SYN) !== 0 ? SYN_OPTIONS : TIMESTAMPS, this.#next[from] - 1, 0);
  }

  /** An RST by a kernel that has no socket: no options, and in the words of the segment that it answers. */
  reject(random: Random, from: Side, flags: number): void {
    this.wait(from === CLIENT ? this.#clientRtt : random.between(20, 90));
    this.#push(from, flags, NO_OPTIONS, this.#next[from], 0);
  }

  #push(from: Side, flags: number, options: number, seq: number, payload: number): void {
    const i = this.length++;
    this.at[i] = Math.floor(this.#clock);
    this.from[i] = from;
    this.flags[i] = flags;
    this.options[i] = options;
    this.seq[i] = seq;
    this.ack[i] = (flags & ACK) !== 0 ? this.#received[from === CLIENT ? SERVER : CLIENT] : 0;
    this.payload[i] = payload;
  }
}
