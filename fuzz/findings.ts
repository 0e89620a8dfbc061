/** What was found, on disk: the bytes, and beside them what they break. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault } from './oracle.ts';

/** Inputs kept of each kind of fault. */
const KEPT = 4;

export class Findings {
  /** how often each was found */
  readonly counts: Map<string, number>;
  readonly #folder: string;
  #found = 0;

  constructor(folder: string, counts: Readonly<Record<string, number>> = {}) {
    this.#folder = folder;
    this.counts = new Map(Object.entries(counts));
  }

  /** Found since this began. */
  get found(): number {
    return this.#found;
  }

  /** @param name of the run, for file names @param again how to do it again */
  add(name: string, faults: readonly Fault[], input: readonly Buffer[], again: string): void {
    for (const { what, detail } of faults) {
      const count = (this.counts.get(what) ?? 0) + 1;
      this.counts.set(what, count);
      this.#found++;
      if (count === 1) process.stdout.write(`fuzz: found: ${what} (${name})\n`);
      if (count > KEPT) continue;
      mkdirSync(this.#folder, { recursive: true });
      const stem = join(this.#folder, `${what.replace(/[^A-Za-z0-9]+/g, '-').slice(0, 60)}-${name}`);
      for (const [i, bytes] of input.entries()) writeFileSync(`${stem}${i === 0 ? '' : `-${i}`}.bin`, bytes);
      writeFileSync(`${stem}.txt`, `${what}\n${again}\n${detail}\n`);
    }
  }
}
