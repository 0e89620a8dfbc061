/** The clock of a pcapng interface: 64-bit ticks to seconds and nanoseconds, exact, without a BigInt a packet. */

const NS = 1_000_000_000;
const NS_BIG = 1_000_000_000n;
const FIVE_POW_9 = 1_953_125;
/** Times beyond this many seconds are moved to it, so that arithmetic on them stays exact. */
const MAX_SECONDS = 2n ** 51n;

/** tsresol of an interface that has none: microseconds. */
export const DEFAULT_TSRESOL = 6;

function clampSeconds(seconds: bigint): number {
  if (seconds > MAX_SECONDS) return Number(MAX_SECONDS);
  return Number(seconds < -MAX_SECONDS ? -MAX_SECONDS : seconds);
}

/**
 * Turns the two halves of a timestamp into time. The upper half changes seldom (every 71 minutes with microseconds,
 * every 4.3 s with nanoseconds): what it stands for is computed when it does, and kept.
 */
export class TickClock {
  /** whole seconds since 1970 of the last `set`, within ±2^52 */
  seconds = 0;
  /** 0..999,999,999 of the last `set`; what is finer is cut off, as in Wireshark */
  nanoseconds = 0;
  readonly #perSecond: bigint;
  readonly #offset: bigint;
  /** ticks a second as a number, 0 where they are too many for exact arithmetic on numbers */
  readonly #ticks: number;
  readonly #multiply: number;
  readonly #divide: number;
  #high = -1;
  #baseSeconds = 0;
  #baseTicks = 0;

  /**
   * @param tsresol if_tsresol: 10^-n seconds a tick, or 2^-n where the upper bit is set
   * @param offset if_tsoffset: seconds to add
   */
  constructor(tsresol: number, offset: bigint) {
    const exponent = tsresol & 0x7f;
    const binary = (tsresol & 0x80) !== 0;
    this.#perSecond = (binary ? 2n : 10n) ** BigInt(exponent);
    this.#offset = offset;
    // ns = ticks * multiply / divide: the product must stay below 2^53.
    this.#multiply = binary ? (exponent >= 9 ? FIVE_POW_9 : NS) : exponent < 9 ? 10 ** (9 - exponent) : 1;
    this.#divide = binary ? 2 ** (exponent >= 9 ? exponent - 9 : exponent) : exponent < 9 ? 1 : 10 ** (exponent - 9);
    this.#ticks = exponent <= (binary ? 32 : 15) ? Number(this.#perSecond) : 0;
  }

  /** Sets `seconds` and `nanoseconds` from the upper and lower 32 bits of a timestamp. */
  set(high: number, low: number): void {
    if (this.#ticks === 0) {
      this.#setBig(high, low);
      return;
    }
    if (high !== this.#high) this.#setBase(high);
    const ticks = this.#ticks;
    const sum = this.#baseTicks + low;
    const fraction = sum % ticks;
    const scaled = fraction * this.#multiply;
    this.seconds = this.#baseSeconds + (sum - fraction) / ticks;
    this.nanoseconds = this.#divide === 1 ? scaled : (scaled - (scaled % this.#divide)) / this.#divide;
  }

  #setBase(high: number): void {
    const base = BigInt(high) << 32n;
    this.#high = high;
    this.#baseSeconds = clampSeconds(base / this.#perSecond + this.#offset);
    this.#baseTicks = Number(base % this.#perSecond);
  }

  #setBig(high: number, low: number): void {
    const all = (BigInt(high) << 32n) | BigInt(low);
    this.seconds = clampSeconds(all / this.#perSecond + this.#offset);
    this.nanoseconds = Number(((all % this.#perSecond) * NS_BIG) / this.#perSecond);
  }
}
