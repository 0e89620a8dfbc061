/** The fuzzer's command line. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

export const USAGE = `npm run fuzz -- [options]

  --seed N          which runs: the same number always gives the same ones (1)
  --runs N          how many more, rounded up to whole batches of 2,000
  --minutes M       for how long; 1 where --runs isn't said either
  --jobs N          worker processes, as many as there are processors by default
  --state FILE      how far it has come, so that the next call goes on (fuzz/work/state-SEED.json)
  --findings DIR    where inputs that broke something are put (fuzz/work/findings)
  --corpus DIR      further captures of at most 64 KiB to begin with; none by default
  --only K          does run K again, in all ways
  --check FILE      judges a capture in all ways; may be given several times, each for itself
  --cuts DIR        in place of mutants: every capture under DIR, cut at random bytes, and after each of the first 64
  --cuts-each N     random cuts of each, 50 by default
  --help            print this

Exit codes: 0 nothing found, 1 something found, 2 wrong arguments.
`;

export interface Options {
  seed: number;
  /** null: as many as there is time for */
  runs: number | null;
  /** null: as long as it takes */
  minutes: number | null;
  jobs: number;
  state: string;
  findings: string;
  corpus: string | null;
  only: number | null;
  check: string[];
  cuts: string | null;
  cutsEach: number;
  help: boolean;
}

/** What is wrong with the arguments. */
export class UsageError extends Error {}

/** @throws UsageError */
export function parseOptions(args: string[]): Options {
  const { values } = parse(args);
  const number = (name: keyof typeof values, otherwise: number, least = 0): number => {
    const text = values[name];
    const value = text === undefined ? otherwise : Number(text);
    if (!(value >= least && value <= Number.MAX_SAFE_INTEGER))
      throw new UsageError(`--${name} ${text}: must be a number, ${least} or more`);
    return value;
  };
  const whole = (name: keyof typeof values, otherwise: number, least = 0): number => {
    const value = number(name, otherwise, least);
    if (!Number.isInteger(value)) throw new UsageError(`--${name} ${value}: must be a whole number`);
    return value;
  };
  const seed = whole('seed', 1);
  return {
    seed,
    runs: values.runs === undefined ? null : whole('runs', 0, 1),
    minutes: values.minutes === undefined ? (values.runs === undefined ? 1 : null) : number('minutes', 1),
    jobs: whole('jobs', availableParallelism(), 1),
    state: values.state ?? `fuzz/work/state-${seed}.json`,
    findings: values.findings ?? 'fuzz/work/findings',
    corpus: values.corpus ?? null,
    only: values.only === undefined ? null : whole('only', 0),
    check: values.check ?? [],
    cuts: values.cuts ?? null,
    cutsEach: whole('cuts-each', 50),
    help: values.help ?? false,
  };
}

function parse(args: string[]) {
  try {
    const text = { type: 'string' } as const;
    return parseArgs({
      args,
      options: {
        ...{ seed: text, runs: text, minutes: text, jobs: text, state: text, findings: text, corpus: text, only: text },
        check: { type: 'string', multiple: true },
        ...{ cuts: text, 'cuts-each': text, help: { type: 'boolean' } },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
