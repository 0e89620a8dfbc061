/** How far the fuzzer has come, on disk. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface State {
  seed: number;
  /** all batches before this one are done */
  nextBatch: number;
  /** and these beyond it */
  done: number[];
  runs: number;
  seconds: number;
  /** largest resident set of a worker, MB */
  peak: number;
  /** how often each fault was found */
  faults: Record<string, number>;
}

/** @throws where the file is of another seed */
export function readState(path: string, seed: number): State {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return { seed, nextBatch: 0, done: [], runs: 0, seconds: 0, peak: 0, faults: {} };
  }
  const state = JSON.parse(text) as State;
  if (state.seed !== seed) throw new Error(`${path} is of seed ${state.seed}, not ${seed}`);
  return state;
}

export function writeState(path: string, state: State): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.tmp`, `${JSON.stringify(state)}\n`);
  renameSync(`${path}.tmp`, path);
}

/** Notes that a batch is done. */
export function markDone(state: State, batch: number): void {
  const done = new Set([...state.done, batch]);
  while (done.delete(state.nextBatch)) state.nextBatch++;
  state.done = Array.from(done).sort((a, b) => a - b);
}
