/** `npm run fuzz`: mutates captures and looks whether anything breaks. See README.md. */
import { BATCH } from './batch.ts';
import { Findings } from './findings.ts';
import { type Options, parseOptions, USAGE, UsageError } from './options.ts';
import { capturesUnder } from './seeds.ts';
import { markDone, readState, type State, writeState } from './state.ts';
import { Worker } from './workers.ts';

/** Between two lines of progress. */
const SAY_MS = 10_000;
/** With so much a worker is started anew, so that the next capture has a peak of its own. */
const MUCH_MB = 250;
/** A batch is given up when so many of its runs have ended the process. */
const MOST_FATAL = 20;
/** Batches after which a worker is started anew: what one analysis leaves to the next is not what is looked for. */
const RESTART = 8;

async function main(args: string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.help) say(USAGE.trimEnd());
  else if (options.only !== null) return await only(options, options.only);
  else if (options.check.length > 0) return await check(options);
  else if (options.cuts !== null) return await cuts(options, options.cuts);
  else return await fuzz(options);
  return 0;
}

async function fuzz(options: Options): Promise<number> {
  const { seed, corpus, runs, minutes, jobs } = options;
  const state = readState(options.state, seed);
  const findings = new Findings(options.findings, state.faults);
  const started = performance.now();
  const before = { runs: state.runs, seconds: state.seconds };
  const until = minutes === null ? Number.POSITIVE_INFINITY : started + minutes * 60_000;
  const batches = runs === null ? Number.POSITIVE_INFINITY : Math.ceil(runs / BATCH);
  let taken = 0;
  let next = state.nextBatch;
  let seeds = '';
  let said = started;
  say(`seed ${seed}, from run ${next * BATCH}, ${jobs} job${jobs === 1 ? '' : 's'}`);

  const take = (): number | null => {
    if (taken >= batches || performance.now() >= until) return null;
    while (state.done.includes(next)) next++;
    taken++;
    return next++;
  };
  const work = async (): Promise<void> => {
    const worker = new Worker();
    let done = 0;
    for (let batch = take(); batch !== null; batch = take()) {
      const skip: number[] = [];
      let careful = false;
      for (;;) {
        const outcome = await worker.perform(
          { do: 'batch', seed, corpus, batch, skip, careful },
          (run, faults, input) =>
            findings.add(
              `seed-${seed}-run-${run}`,
              faults,
              input,
              `npm run fuzz -- --seed ${seed} --only ${run}, without ${skip}`,
            ),
        );
        if (outcome.isHeavy) {
          careful = true;
          continue;
        }
        if (outcome.fatal !== null) skip.push(outcome.fatal);
        if (outcome.fatal !== null && skip.length < MOST_FATAL) continue;
        seeds ||= outcome.seeds;
        state.runs += outcome.runs;
        state.peak = Math.max(state.peak, outcome.peak);
        break;
      }
      markDone(state, batch);
      if (++done % RESTART === 0) await worker.end();
      state.seconds = before.seconds + (performance.now() - started) / 1000;
      state.faults = Object.fromEntries(findings.counts);
      writeState(options.state, state);
      if (performance.now() - said < SAY_MS) continue;
      said = performance.now();
      say(progress(state, before, started));
    }
    await worker.end();
  };
  await Promise.all(Array.from({ length: jobs }, work));
  say(`${progress(state, before, started)}; seeds ${seeds}`);
  return summary(findings);
}

function progress(state: State, before: { runs: number }, started: number): string {
  const runs = state.runs - before.runs;
  const seconds = (performance.now() - started) / 1000;
  const kinds = Object.keys(state.faults).length;
  return `${runs} runs in ${seconds.toFixed(0)} s, ${(runs / seconds).toFixed(0)}/s; ${state.runs} in all, ${state.peak.toFixed(0)} MB at most, ${kinds} kinds of faults`;
}

function summary(findings: Findings): number {
  for (const [what, count] of findings.counts) say(`${count} times: ${what}`);
  return findings.counts.size > 0 ? 1 : 0;
}

async function only({ seed, corpus, findings: folder }: Options, run: number): Promise<number> {
  const findings = new Findings(folder);
  const worker = new Worker();
  await worker.perform({ do: 'only', seed, corpus, run, skip: [] }, (_, faults, input) => {
    findings.add(`seed-${seed}-run-${run}`, faults, input, `npm run fuzz -- --seed ${seed} --only ${run}`);
  });
  await worker.end();
  return summary(findings);
}

async function check({ check, findings: folder }: Options): Promise<number> {
  const findings = new Findings(folder);
  const worker = new Worker();
  for (const path of check) {
    await worker.perform({ do: 'check', paths: [path] }, (_, faults) => {
      findings.add('checked', faults, [], path);
      for (const { detail } of faults) say(`${path}: ${detail}`);
    });
  }
  await worker.end();
  return summary(findings);
}

async function cuts({ seed, cutsEach: each, jobs, findings: folder }: Options, from: string): Promise<number> {
  const findings = new Findings(folder);
  const paths = capturesUnder(from);
  const started = performance.now();
  let runs = 0;
  let peak = { megabytes: 0, path: '' };
  let at = 0;
  let said = started;
  const work = async (): Promise<void> => {
    const worker = new Worker();
    for (let path = paths[at++]; path !== undefined; path = paths[at++]) {
      const outcome = await worker.perform({ do: 'cuts', path, seed, each }, (cut, faults, input) => {
        findings.add(`cut-${cut}-of-${path.split('/').at(-1)}`, faults, input, `${path}, cut ${cut}`);
      });
      runs += outcome.runs;
      if (outcome.peak > peak.megabytes) peak = { megabytes: outcome.peak, path };
      if (outcome.peak > MUCH_MB) await worker.end();
      if (performance.now() - said < SAY_MS) continue;
      said = performance.now();
      say(`${runs} cuts, ${at} of ${paths.length} captures`);
    }
    await worker.end();
  };
  await Promise.all(Array.from({ length: jobs }, work));
  const seconds = (performance.now() - started) / 1000;
  say(
    `${runs} cuts of ${paths.length} captures in ${seconds.toFixed(0)} s; ${peak.megabytes.toFixed(0)} MB at most (${peak.path})`,
  );
  return summary(findings);
}

function say(text: string): void {
  process.stdout.write(`fuzz: ${text}\n`);
}

// What has been done so far is in the state file.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`fuzz: ${error.message}\nTry: npm run fuzz -- --help\n`);
  process.exitCode = 2;
}
