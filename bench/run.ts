/** `npm run bench`: the whole analysis beside tcpdump with a filter, on the same capture, in turns. See README.md. */

import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Capture, ensureCapture } from './capture.ts';
import { hasGnuTime, type Measurement, measure, RunError } from './measure.ts';
import { type Options, parseOptions, USAGE, UsageError } from './options.ts';
import { formatSpread, formatTable, ratioOf, summarise } from './summary.ts';

/** The repository, as seen from build/bench/run.js. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FILTER = 'tcp[tcpflags]&7!=0';

async function main(args: string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const tcpdump = tcpdumpVersion();
  if (tcpdump === null) {
    throw new RunError('tcpdump is not installed, and the ratio is taken against it\nTry: apt-get install tcpdump');
  }
  const capture = ensureCapture(join(ROOT, 'bench/data'), options.kind, options.count, (path) => say(`making ${path}`));
  return await bench(options, capture, tcpdump);
}

async function bench(options: Options, capture: Capture, tcpdump: string): Promise<number> {
  const ours = (
    options.command ?? [process.execPath, join(ROOT, 'dist/cli.js'), 'analyze', 'FILE', '--no-progress']
  ).map((word) => (word === 'FILE' ? capture.path : word));
  const theirs = ['tcpdump', '-r', capture.path, '-w', '/dev/null', FILTER];
  const gnuTime = hasGnuTime();

  say('warm-up');
  await measure(ours, gnuTime);
  await measure(theirs, gnuTime);
  const ourRuns: Measurement[] = [];
  const theirRuns: Measurement[] = [];
  for (let run = 1; run <= options.runs; run++) {
    say(`run ${run} of ${options.runs}`);
    ourRuns.push(await measure(ours, gnuTime));
    theirRuns.push(await measure(theirs, gnuTime));
  }

  const ratio = ratioOf(ourRuns, theirRuns);
  const commands = [
    summarise(options.command === null ? 'teardown analyze' : '--command', ours, ourRuns, capture.packets),
    summarise('tcpdump with a filter', theirs, theirRuns, capture.packets),
  ];
  const memory = gnuTime ? 'GNU time' : 'samples of /proc';
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version, tcpdump, memory };
  if (options.json) {
    const { kind, runs } = options;
    process.stdout.write(`${JSON.stringify({ kind, capture, runs, machine, commands, ratio }, null, 2)}\n`);
  } else {
    process.stdout.write(`${describe(options, capture)}
${machine.cpu}, ${machine.cores} cores; Node ${machine.node}; ${tcpdump}; CPU and memory by ${memory}

${formatTable(commands)}

ratio of packets/s, median (min-max): ${formatSpread(ratio, 3)}
`);
  }
  if (options.minRatio !== null && ratio.median < options.minRatio) {
    process.stderr.write(`bench: the ratio ${ratio.median.toFixed(3)} is below ${options.minRatio}\n`);
    return 1;
  }
  return 0;
}

function describe(options: Options, capture: Capture): string {
  const packets = (capture.packets / 1e6).toFixed(2);
  const size = (capture.bytes / 1e6).toFixed(0);
  return `${options.kind}: ${packets} M packets, ${size} MB; runs in turns: ${options.runs} each, after a warm-up`;
}

/** For example `tcpdump 4.99.3`; null where there is no tcpdump. */
function tcpdumpVersion(): string | null {
  const { error, stdout, stderr } = spawnSync('tcpdump', ['--version'], { encoding: 'utf8' });
  if (error !== undefined) return null;
  const version = /tcpdump version (\S+)/.exec(stdout + stderr)?.[1];
  return `tcpdump ${version ?? '(version unknown)'}`;
}

/** Progress goes to standard error: standard output holds the figures only. */
function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // A full disk or a folder without rights is told in one line too; anything else is a fault of this program.
  const told =
    error instanceof UsageError || error instanceof RunError || (error instanceof Error && 'syscall' in error);
  if (!told) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  if (error instanceof UsageError) process.stderr.write('Try: npm run bench -- --help\n');
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
