/** Runs a command and measures it from outside: wall clock, processor time and peak memory of that process alone. */

import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What one run took. */
export interface Measurement {
  /** wall clock */
  seconds: number;
  /** user and system time, seconds; null where this system has no way to tell */
  cpuSeconds: number | null;
  /** peak resident set, bytes; null where this system has no way to tell */
  peakBytes: number | null;
}

/** The command could not be started or did not end with 0; the message says which and why. */
export class RunError extends Error {}

type Usage = Pick<Measurement, 'cpuSeconds' | 'peakBytes'>;

const GNU_TIME = '/usr/bin/time';
const UNKNOWN: Usage = { cpuSeconds: null, peakBytes: null };
/** USER_HZ, what /proc counts in; 100 on every architecture that Node.js runs on */
const TICKS_PER_SECOND = 100;
const SAMPLE_MILLISECONDS = 20;
const STDERR_KEPT = 4096;

/** Whether GNU time is installed, whose figures are exact (wait4); BSD's has other options. */
export function hasGnuTime(): boolean {
  return spawnSync(GNU_TIME, ['-q', '-f', '%M', 'true'], { stdio: 'ignore' }).status === 0;
}

/**
 * Runs `argv` with its standard output thrown away.
 * @param gnuTime measure by GNU time; else /proc is sampled, which misses up to the last 20 ms, or nothing is known (not Linux)
 * @throws RunError
 */
export function measure(argv: readonly string[], gnuTime: boolean): Promise<Measurement> {
  const [program = '', ...rest] = gnuTime ? [GNU_TIME, '-q', '-f', '%U %S %M', ...argv] : argv;
  return new Promise((resolve, reject) => {
    const started = process.hrtime.bigint();
    const child = spawn(program, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
    let seconds = 0;
    let stderr = '';
    let sampled: Usage = UNKNOWN;
    const sampler = gnuTime
      ? undefined
      : setInterval(() => {
          sampled = sample(child.pid) ?? sampled;
        }, SAMPLE_MILLISECONDS);

    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_KEPT);
    });
    child.on('error', (error) => {
      clearInterval(sampler);
      reject(new RunError(`can't run ${argv.join(' ')}: ${error.message}`));
    });
    child.on('exit', () => {
      seconds = Number(process.hrtime.bigint() - started) / 1e9;
      clearInterval(sampler);
    });
    child.on('close', (code, signal) => {
      const lines = stderr.trimEnd().split('\n');
      const usage = gnuTime ? parseGnuTime(lines.pop() ?? '') : sampled;
      if (code === 0) resolve({ seconds, ...usage });
      else
        reject(new RunError(`${argv.join(' ')} ended with ${code ?? signal}\n${lines.slice(-3).join('\n')}`.trimEnd()));
    });
  });
}

function parseGnuTime(line: string): Usage {
  const match = /^([\d.]+) ([\d.]+) (\d+)$/.exec(line);
  if (match === null) return UNKNOWN;
  return { cpuSeconds: Number(match[1]) + Number(match[2]), peakBytes: Number(match[3]) * 1024 };
}

/** The process's usage until now, null when it has gone or there is no /proc. */
function sample(pid: number | undefined): Usage | null {
  try {
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    if (peak === null) return null;
    // After the name, which may hold spaces and brackets: state is the first field, utime and stime the 12th and 13th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { cpuSeconds: ticks / TICKS_PER_SECOND, peakBytes: Number(peak[1]) * 1024 };
  } catch {
    return null;
  }
}
