import * as F from '../teardown/facts.ts';
import type { OsProfile } from '../teardown/profiles.ts';
import { NS_PER_SECOND } from '../units.ts';
import { type LifetimeData, Lifetimes } from './lifetimes.ts';
import { type NameData, NameTable } from './names.ts';
import type { Notable } from './notable.ts';
import { NOTES } from './summary-layout.ts';

/**
 * Notable flows that are kept, some 2 kB and 40 us each; of SYNs that were refused, or that nobody answered, fewer: a scan
 * has many; nor may RSTs, of which a busy server has as many, take the place of leaks. Threads share them out.
 */
export const MOST_NOTABLES = 10_000;
export const MOST_RESETS = 6_000;
export const MOST_ATTEMPTS = 4_000;

/** Of an endless capture older ones go so often at most, ns of the capture. */
const FORGETS_EVERY = 60 * NS_PER_SECOND;

/** What merging needs: a structured clone has it too. */
export interface EvidenceData {
  readonly lifetimes: LifetimeData;
  readonly clients: NameData;
  readonly notables: readonly Notable[];
  readonly notablesLeft: number;
  readonly noteCounts: Int32Array;
}

/** What findings and port ledgers are made of, gathered as flows end. */
export class Evidence implements EvidenceData {
  readonly lifetimes: Lifetimes;
  /** addresses of clients, with port 0 */
  readonly clients = new NameTable();
  notables: Notable[] = [];
  /** notable flows beyond the most that are kept */
  notablesLeft = 0;
  /** by quota how many are kept */
  private readonly kept = [0, 0, 0];
  /** flows by note, index in F.NOTES: of those alone that NOTES of a summary tells */
  readonly noteCounts = new Int32Array(F.NOTES.length);

  /** of all flows that this one may keep, as one of several threads; 1 once it has the others' */
  private share: number;

  private readonly newest: boolean;
  /** by quota when older ones had to go, ns */
  private readonly forgot = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];

  /**
   * @param profiles of all systems, in the order of PROFILES
   * @param shares threads that share the flows; 1 if it isn't said
   * @param newest whether of too many flows the newest are kept, and not the first
   */
  constructor(
    profiles: readonly OsProfile[],
    { shares = 1, newest = false }: { shares?: number | undefined; newest?: boolean | undefined } = {},
  ) {
    this.lifetimes = new Lifetimes(profiles, newest);
    this.share = 1 / shares;
    this.newest = newest;
  }

  /** Takes what another has, which goes on without this one; its clients have the same numbers here. */
  continue(other: Evidence): void {
    this.clients.merge(other.clients);
    this.lifetimes.copy(other.lifetimes);
    this.notables = [...other.notables];
    this.notablesLeft = other.notablesLeft;
    for (let i = 0; i < this.kept.length; i++) this.kept[i] = other.kept[i]!;
    this.noteCounts.set(other.noteCounts);
  }

  /**
   * Whether one more notable flow of a kind (a number of F.KINDS) would be kept.
   * @param last its last packet, ns since the capture's first second
   */
  hasRoom(kind: number, last: number): boolean {
    const quota = quotaOf(kind);
    // However many come: what each takes to keep must not take all our time.
    if (this.newest && last - this.forgot[quota]! > FORGETS_EVERY) return true;
    return this.kept[quota]! < this.share * QUOTAS[quota]!;
  }

  /** Counts a flow. @param facts, offset as Lifetimes.add() takes them */
  add(summary: Float64Array, at: number, facts: F.Facts | null, offset: number): void {
    for (let left = summary[at + NOTES]!; left !== 0; left &= left - 1)
      this.noteCounts[31 - Math.clz32(left & -left)]!++;
    this.lifetimes.add(summary, at, facts, offset);
  }

  keep(notable: Notable): void {
    const quota = quotaOf(F.KINDS.indexOf(notable.kind));
    if (this.kept[quota] === QUOTAS[quota]) this.forget(quota, notable.last);
    this.kept[quota]!++;
    this.notables.push(notable);
  }

  /** The older half of those that share a quota. */
  private forget(quota: number, now: number): void {
    this.forgot[quota] = now;
    let left = this.kept[quota]! >> 1;
    this.notablesLeft += left;
    this.kept[quota]! -= left;
    this.notables = this.notables.filter(({ kind }) => quotaOf(F.KINDS.indexOf(kind)) !== quota || left-- <= 0);
  }

  /** The numbers that flows have among all threads. */
  renumber(ids: Int32Array): void {
    for (let i = 0; i < this.lifetimes.length; i++) this.lifetimes.renumber(i, ids, null, null);
    for (const notable of this.notables) renumber(notable, ids);
  }

  /** Adds another thread's. @param ids, services the number here of each flow and service there */
  merge(other: EvidenceData, ids: Int32Array, services: Int32Array): void {
    this.share = 1;
    const clients = this.clients.merge(other.clients);
    this.lifetimes.merge(other.lifetimes, ids, services, clients);
    this.notablesLeft += other.notablesLeft;
    for (const notable of other.notables) {
      renumber(notable, ids);
      if (notable.service >= 0) notable.service = services[notable.service]!;
      if (notable.client >= 0) notable.client = clients[notable.client]!;
      if (this.hasRoom(F.KINDS.indexOf(notable.kind), notable.last)) this.keep(notable);
      else this.notablesLeft++;
    }
    for (let i = 0; i < this.noteCounts.length; i++) this.noteCounts[i]! += other.noteCounts[i]!;
  }
}

function renumber(notable: Notable, ids: Int32Array): void {
  notable.id = ids[notable.id - 1]!;
  if (notable.reuse !== null) notable.reuse = { ...notable.reuse, previous: ids[notable.reuse.previous - 1]! };
}

const QUOTAS = [MOST_NOTABLES, MOST_RESETS, MOST_ATTEMPTS];

function quotaOf(kind: number): number {
  if (kind === F.KIND_REFUSED || kind === F.KIND_UNANSWERED) return 2;
  return kind === F.KIND_ABORTED || kind === F.KIND_ABORTED_AFTER_FIN ? 1 : 0;
}
