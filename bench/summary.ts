/** Runs in turns become medians, a ratio and a table. */

import type { Measurement } from './measure.ts';

/** Median, smallest and largest of a few values. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** One command's runs. */
export interface CommandSummary {
  name: string;
  argv: readonly string[];
  seconds: Spread;
  packetsPerSecond: number;
  /** user and system time, null where not known */
  cpuSeconds: Spread | null;
  /** peak resident set, null where not known */
  peakBytes: Spread | null;
}

/** @param values one at least */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
  const high = sorted[sorted.length >> 1] ?? Number.NaN;
  return { median: (low + high) / 2, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

/** @param packets packets in the capture that every run has read */
export function summarise(
  name: string,
  argv: readonly string[],
  runs: readonly Measurement[],
  packets: number,
): CommandSummary {
  const seconds = spread(runs.map((run) => run.seconds));
  return {
    name,
    argv,
    seconds,
    packetsPerSecond: packets / seconds.median,
    cpuSeconds: known(runs.map((run) => run.cpuSeconds)),
    peakBytes: known(runs.map((run) => run.peakBytes)),
  };
}

/** `ours` packets/s over `theirs`, pair by pair: the runs of a pair stood next to each other, under the same load of the machine. */
export function ratioOf(ours: readonly Measurement[], theirs: readonly Measurement[]): Spread {
  return spread(ours.map((run, i) => (theirs[i]?.seconds ?? Number.NaN) / run.seconds));
}

/** The commands as a table for a terminal. */
export function formatTable(commands: readonly CommandSummary[]): string {
  const rows = [
    ['command', 'seconds', 'CPU s', 'M packets/s', 'peak MB'],
    ...commands.map((command) => [
      command.name,
      formatSpread(command.seconds, 3),
      command.cpuSeconds === null ? '-' : command.cpuSeconds.median.toFixed(2),
      (command.packetsPerSecond / 1e6).toFixed(2),
      command.peakBytes === null ? '-' : (command.peakBytes.median / 1e6).toFixed(1),
    ]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
    .join('\n');
}

/** For example `1.234 (1.200-1.310)`. */
export function formatSpread({ median, min, max }: Spread, decimals: number): string {
  return `${median.toFixed(decimals)} (${min.toFixed(decimals)}-${max.toFixed(decimals)})`;
}

function known(values: readonly (number | null)[]): Spread | null {
  const numbers = values.filter((value) => value !== null);
  return numbers.length === values.length ? spread(numbers) : null;
}
