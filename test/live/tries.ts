/** A file of tests that try to capture: its namespace, and what came of a try. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { itKernel, missingForKernel } from '../support/kernel.ts';
import { hasProgram, missing } from '../support/shared.ts';
import { Net, type Parts, Player, Shipped } from './lab.ts';

export const PIPED = 'sudo tcpdump -i live0 -w - | teardown -';
export const WHAT = "can't capture on live0";

export const itDumpcap = (name: string, test: () => Promise<void>) =>
  hasProgram('dumpcap') ? itKernel(name, test) : missing(name, 'dumpcap');

export interface How {
  path?: string;
  cwd?: string;
  as?: string[];
}

export class Tries {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'teardown-tries-'));
  #shipped: Shipped | null = null;
  #net: Net | null = null;
  #player: Player | null = null;

  constructor() {
    beforeAll(async () => {
      if (missingForKernel() !== null) return;
      this.#shipped = await Shipped.build();
      this.#net = new Net();
    });
    afterEach(() => this.#player?.end());
    afterAll(() => {
      this.#net?.remove();
      this.#shipped?.remove();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  get shipped(): Shipped {
    return this.#shipped!;
  }

  get net(): Net {
    return this.#net!;
  }

  /** The one that was tried last. */
  get player(): Player {
    return this.#player!;
  }

  /** @returns why it does not capture, in its three parts */
  async refused(task: object, how?: How): Promise<Parts | undefined> {
    return (await this.#try(task, how).said()).refused;
  }

  /** @returns what captures */
  async taken(task: object, how?: How): Promise<string | undefined> {
    const { source, refused } = await this.#try(task, how).said();
    expect(refused).toBeUndefined();
    return source?.backend;
  }

  #try(task: object, how: How = {}): Player {
    this.#player?.end();
    this.#player = new Player(
      this.shipped,
      this.net,
      { interface: 'live0', backend: 'auto', filter: null, ...task },
      how,
    );
    return this.#player;
  }
}
