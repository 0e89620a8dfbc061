/** Seeded choices: the same on every machine. */
import { mix, Random } from '../bench/random.ts';

/** Values that programs trip over, as they are written into fields of any width. */
const INTERESTING = [
  ...[0, 1, 2, 3, 4, 5, 7, 8, 12, 16, 19, 20, 21, 40, 60, 64, 127, 128, 255, 256, 1500, 0x7fff, 0x8000, 0xfffe, 0xffff],
  ...[
    0x10000, 0x3ffff, 0x40000, 0x40001, 0xffffff, 0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe,
    0xffffffff,
  ],
];

export class Dice extends Random {
  /** A whole number from 0 to below a bound; 0 where the bound is 0. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** Small ones are the most frequent. @returns 1 and more */
  few(most: number): number {
    return 1 + Math.floor(most * this.next() ** 3);
  }

  /** 0..2^32 - 1, mostly one that programs trip over. */
  word(): number {
    return this.chance(0.8) ? this.pick(INTERESTING) : Math.floor(this.next() * 2 ** 32);
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}

/** The dice of a run: nothing of other runs matters to them. */
export function diceOf(seed: number, run: number): Dice {
  return new Dice(mix(seed, run, Math.floor(run / 2 ** 32)));
}
