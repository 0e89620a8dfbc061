/** Captures that others made, many of them to break programs: each ends well, whatever is in it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { Random } from '../../bench/random.ts';
import { analyze } from '../../src/analyze.ts';
import { InputError } from '../../src/input/errors.ts';
import { expectError, teardown, temporaryFolder } from '../cli/run.ts';
import { itShared } from '../support/shared.ts';

const MOST_MS = 10_000;
const folder = temporaryFolder();

/** Files of the corpus, not the tables and programs beside them. */
function capturesIn(corpus: string): string[] {
  const names = readdirSync(corpus, { withFileTypes: true }).filter((entry) => entry.isFile());
  return names
    .map(({ name }) => name)
    .filter((name) => !/\.(md|tsv|py)$/.test(name))
    .toSorted();
}

/** The exit code that the program would end with, or what is wrong. */
async function outcomeOf(path: string): Promise<number | string> {
  const started = performance.now();
  let code: number | string;
  try {
    const { capture } = await analyze([path]);
    code = capture.damage.length > 0 ? 3 : 0;
    const skipped = Object.values(capture.skipped).reduce((sum, count) => sum + count, 0);
    if (capture.tcpPackets + skipped > capture.packets) code = 'more packets told than there are';
  } catch (error) {
    code = error instanceof InputError ? 2 : `${error instanceof Error ? error.stack : error}`;
  }
  const took = performance.now() - started;
  return took < MOST_MS ? code : `${code} after ${took.toFixed(0)} ms`;
}

/** Whole numbers from 0 to below a bound, the same in each run. */
function numbers(seed: number): (bound: number) => number {
  const random = new Random(seed);
  return (bound) => random.between(0, bound - 1);
}

/** Of outcomes by name, those that are no exit code. */
function wrongOf(outcomes: Map<string, number | string>): [string, number | string][] {
  return Array.from(outcomes).filter(([, outcome]) => typeof outcome === 'string');
}

describe('the corpus', () => {
  itShared('every file ends with 0, 2 or 3, in time', ['corpus'], async (corpus) => {
    const outcomes = new Map<string, number | string>();
    for (const name of capturesIn(corpus)) outcomes.set(name, await outcomeOf(join(corpus, name)));
    expect(outcomes.size).toBeGreaterThan(400);
    expect(wrongOf(outcomes)).toEqual([]);
    const refused = Array.from(outcomes.values()).filter((outcome) => outcome === 2);
    expect(refused.length).toBeLessThan(10);
  });

  itShared('every file cut anywhere', ['corpus'], async (corpus) => {
    const below = numbers(20_260_101);
    const names = capturesIn(corpus);
    const outcomes = new Map<string, number | string>();
    const path = join(folder, 'cut');
    for (let i = 0; i < 300; i++) {
      const name = names[below(names.length)]!;
      const bytes = readFileSync(join(corpus, name));
      const length = below(bytes.length);
      writeFileSync(path, bytes.subarray(0, length));
      outcomes.set(`${name} cut to ${length} bytes`, await outcomeOf(path));
    }
    expect(wrongOf(outcomes)).toEqual([]);
    expect(new Set(outcomes.values())).toEqual(new Set([0, 2, 3]));
  });

  itShared('every file with bytes changed anywhere', ['corpus'], async (corpus) => {
    const below = numbers(4242);
    const names = capturesIn(corpus);
    const outcomes = new Map<string, number | string>();
    const path = join(folder, 'changed');
    for (let i = 0; i < 1000; i++) {
      const name = names[below(names.length)]!;
      const bytes = readFileSync(join(corpus, name));
      for (let change = 1 + below(40); change > 0; change--) {
        bytes[below(bytes.length)] = below(256);
      }
      writeFileSync(path, bytes);
      outcomes.set(`${name}, change ${i}`, await outcomeOf(path));
    }
    expect(wrongOf(outcomes)).toEqual([]);
  });

  itShared('the program says what it refuses, and goes on where it can', ['corpus'], async (corpus) => {
    const names = capturesIn(corpus);
    const sample = names.filter((name) => /cut|snoop|\.erf|infinite|overflow|oobr|fuzz/.test(name)).slice(0, 14);
    expect(sample.length).toBeGreaterThan(8);
    for (const name of sample) {
      const result = await teardown([join(corpus, name), '-f', 'json']);
      expect([0, 2, 3], name).toContain(result.code);
      if (result.code === 2) expectError(result);
      else expect(JSON.parse(result.stdout)).toHaveProperty('schema', 'teardown.report/1');
      expect(result.stderr).not.toContain('    at ');
    }
  });
});
