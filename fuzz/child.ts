/** The worker process: does what the parent says and tells what it found. It may be killed at any time. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { BATCH, runBatch } from './batch.ts';
import { cutInputs } from './cuts.ts';
import { Dice } from './dice.ts';
import { ALL_EXTRAS, type Extra, type Fault, type Input, Oracle } from './oracle.ts';
import { allSeeds, hashOf, type Seed } from './seeds.ts';

/** What is to be done. */
export type Task =
  | { do: 'batch'; seed: number; corpus: string | null; batch: number; skip: number[]; careful: boolean }
  | { do: 'only'; seed: number; corpus: string | null; run: number; skip: number[] }
  | { do: 'check'; paths: string[] }
  | { do: 'cuts'; path: string; seed: number; each: number };

/** What is told: what was found in a run, and at last that all is done. */
export type Told =
  | { tell: 'faults'; run: number; faults: Fault[]; input: string[] }
  | { tell: 'heavy'; run: number; before: number; megabytes: number; input: string[] }
  | { tell: 'done'; runs: number; peak: number; seeds: string };

/** No analysis of a small capture may take more, MB of the whole process. */
export const MOST_MB = 500;
/** Runs between two looks at it, which cost as much as a run. */
const LOOK = 100;

const [folder = '.', current = 'current'] = process.argv.slice(2);
const descriptor = openSync(current, 'w+');
const oracle = new Oracle(folder);
let running = -1;
let runs = 0;
/** the largest resident set so far, MB */
let peak = 0;
/** looks at it after every run */
let careful = true;
let seeds: Seed[] | null = null;

const texts = (input: Input) => input.map((bytes) => bytes.toString('base64'));
const tell = (told: Told) => process.send?.(told);
const megabytes = () => process.resourceUsage().maxRSS / 1000;

/** The run's number and its bytes, for the parent, should this process not live to tell. */
function begin(run: number, input: Input): void {
  running = run;
  const head = Buffer.alloc(12 + 4 * input.length);
  head.writeDoubleLE(run);
  head.writeUInt32LE(input.length, 8);
  for (const [i, bytes] of input.entries()) head.writeUInt32LE(bytes.length, 12 + 4 * i);
  writeSync(descriptor, Buffer.concat([head, ...input]), 0, undefined, 0);
}

function end(run: number, input: Input, faults: readonly Fault[]): void {
  runs++;
  if (faults.length > 0) tell({ tell: 'faults', run, faults: [...faults], input: texts(input) });
  if (!careful && runs % LOOK !== 0) return;
  const before = peak;
  peak = megabytes();
  // The parent ends the process then: a message may be lost in an exit.
  if (peak > MOST_MB) tell({ tell: 'heavy', run, before, megabytes: peak, input: texts(input) });
}

async function perform(task: Task): Promise<void> {
  if (task.do === 'batch' || task.do === 'only') {
    seeds ??= allSeeds(task.corpus);
    const skip = new Set(task.skip);
    if (task.do === 'batch') return await runBatch(oracle, seeds, task.seed, task.batch, { begin, end }, skip);
    let found: Input = [];
    const hooks = {
      begin: (_: number, input: Input) => {
        found = input;
      },
      end: () => undefined,
    };
    const batch = Math.floor(task.run / BATCH);
    await runBatch(oracle, seeds, task.seed, batch, hooks, skip, task.run + 1);
    return await judge(task.run, found, ALL_EXTRAS);
  }
  if (task.do === 'check')
    return await judge(
      0,
      task.paths.map((path) => readFileSync(path)),
      ALL_EXTRAS,
    );
  for (const [i, bytes] of cutInputs(readFileSync(task.path), task.seed, task.each).entries())
    await judge(i, [bytes], []);
}

async function judge(run: number, input: Input, extras: readonly Extra[]): Promise<void> {
  begin(run, input);
  const { faults } = await oracle.judge(input, extras, new Dice(run));
  end(run, input, faults);
}

/** What nobody caught: the parent knows which input it was, and ends the process. */
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const what = `${event}: ${detail.split('\n')[0]}`;
    tell({ tell: 'faults', run: running, faults: [{ what, detail }], input: [] });
  });
}

process.on('message', (task: Task) => {
  runs = 0;
  careful = task.do !== 'batch' || task.careful;
  void perform(task).then(() => {
    running = -1;
    tell({ tell: 'done', runs, peak: megabytes(), seeds: seeds === null ? '' : hashOf(seeds) });
  });
});
process.on('disconnect', () => {
  closeSync(descriptor);
  process.exit(0);
});
