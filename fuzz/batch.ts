/**
 * Runs, a batch at a time. What a batch does depends on the seed, its number and the seeds alone: run k has the same
 * bytes whenever it is done, by whatever worker. Mutants that showed something new are mutated on, within their batch.
 */
import { Dice, diceOf } from './dice.ts';
import { mutate } from './mutate.ts';
import { extrasOf, type Fault, type Input, type Oracle } from './oracle.ts';
import type { Seed } from './seeds.ts';

export const BATCH = 2000;
/** Mutants that a batch keeps. */
const POOL = 48;
/** Seeds that a batch looks at more closely: depth needs repetition. */
const FAVOURITES = 12;
/** Of a run's inputs in this share there are two or three files. */
const SEVERAL = 0.06;

export interface Hooks {
  /** before each run: where a crash would leave no other trace */
  begin(run: number, input: Input): void;
  end(run: number, input: Input, faults: readonly Fault[]): void;
}

/** @param skip runs that are not to be done, as they end the process @param until the last run but one; all where it isn't said */
export async function runBatch(
  oracle: Oracle,
  seeds: readonly Seed[],
  seed: number,
  batch: number,
  hooks: Hooks,
  skip: ReadonlySet<number> = new Set(),
  until = Number.POSITIVE_INFINITY,
): Promise<void> {
  const batchDice = diceOf(~seed, batch);
  const favourites = Array.from({ length: FAVOURITES }, () => batchDice.pick(seeds).bytes);
  const pool: Buffer[] = [];
  const known = new Set<string>();
  for (let run = batch * BATCH; run < Math.min(until, (batch + 1) * BATCH); run++) {
    const dice = diceOf(seed, run);
    const parent = () => {
      const roll = dice.next();
      if (roll < 0.5 && pool.length > 0) return dice.pick(pool);
      return roll < 0.8 ? dice.pick(favourites) : dice.pick(seeds).bytes;
    };
    const count = dice.chance(SEVERAL) ? 2 + dice.below(2) : 1;
    const input = Array.from({ length: count }, () => mutate(dice, parent(), parent()));
    const extras = extrasOf(dice);
    if (skip.has(run)) continue;
    hooks.begin(run, input);
    const { feature, faults } = await oracle.judge(input, extras, new Dice(run));
    hooks.end(run, input, faults);
    if (feature === null || known.has(feature)) continue;
    known.add(feature);
    if (pool.length < POOL) pool.push(input[0]!);
    else pool[dice.below(POOL)] = input[0]!;
  }
}
