/** A capture cut short: what a full disk, a killed tcpdump and a broken download leave. */
import { Dice } from './dice.ts';

/** After how many first bytes each capture is cut. */
const FIRST = 64;

/** Its beginnings: of 0 to 64 bytes, and `each` of any length. */
export function cutInputs(bytes: Buffer, seed: number, each: number): Buffer[] {
  const dice = new Dice(seed ^ bytes.length);
  const first = Array.from({ length: Math.min(bytes.length, FIRST) + 1 }, (_, length) => length);
  const random = Array.from({ length: each }, () => dice.below(bytes.length + 1));
  return [...first, ...random].map((length) => bytes.subarray(0, length));
}
