/** Looks at this machine's sockets about once a second, for a witness. */

import type { OwnerReader } from './owner-reader.ts';
import { readSocketTableSlowly } from './proc-net.ts';
import type { Owner, SocketEntry } from './types.ts';
import type { Witness } from './witness.ts';

/** ms between looks; more where a look takes long: 30,000 sockets take some 100 ms. */
const EVERY_MS = 1000;
const SHARE_OF_TIME = 0.25;
const MOST_MS = 3000;
/** ms between searches for owners: a search looks into every process. */
const OWNERS_EVERY_MS = 2000;

export class SocketWatch {
  private readonly witness: Witness;
  private readonly owners: OwnerReader;
  private timer: NodeJS.Timeout | null = null;
  private known: ReadonlyMap<number, readonly Owner[]> = new Map();
  private asked = new Set<number>();
  private ownersAt = Number.NEGATIVE_INFINITY;
  private searches: Promise<void> | null = null;

  constructor(witness: Witness, owners: OwnerReader) {
    this.witness = witness;
    this.owners = owners;
  }

  /** @returns false: this system has no such tables */
  async start(): Promise<boolean> {
    if (!(await this.look())) return false;
    this.plan(0);
    return true;
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.owners.close();
  }

  /** A last look, with the owners as they are now. */
  async finish(): Promise<void> {
    if (this.timer === null) return;
    clearTimeout(this.timer);
    this.timer = null;
    // What a search was asked before does not tell of the newest sockets.
    await this.searches;
    this.ownersAt = Number.NEGATIVE_INFINITY;
    await this.look();
    await this.searches;
    await this.look();
    this.stop();
  }

  private plan(took: number): void {
    const wait = Math.max(EVERY_MS - took, Math.min(MOST_MS, took / SHARE_OF_TIME));
    this.timer = setTimeout(async () => {
      const before = performance.now();
      await this.look();
      if (this.timer !== null) this.plan(performance.now() - before);
    }, wait);
    this.timer.unref();
  }

  /** With pauses: packets come meanwhile. */
  private async look(): Promise<boolean> {
    const table = await readSocketTableSlowly();
    if (table === null) return false;
    this.witness.look(table, this.known);
    this.search(table.sockets);
    return true;
  }

  /** Owners come with the next look. */
  private search(sockets: readonly SocketEntry[]): void {
    const now = performance.now();
    if (this.searches !== null || now - this.ownersAt < OWNERS_EVERY_MS) return;
    const inodes = new Set<number>();
    for (const { inode } of sockets) if (inode !== 0) inodes.add(inode);
    const isNew = inodes.size !== this.asked.size || [...inodes].some((inode) => !this.asked.has(inode));
    // The same sockets change hands seldom: a search now and then is enough.
    if (!isNew && now - this.ownersAt < 15 * OWNERS_EVERY_MS) return;
    this.ownersAt = now;
    this.asked = inodes;
    this.searches = this.owners.read(inodes).then((owners) => {
      this.known = owners;
      this.searches = null;
    });
  }
}
