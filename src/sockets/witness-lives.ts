/** Sockets from the first look that found them to the last, in bounded memory. */

import type { TcpState } from '../report/types.ts';
import type { Owner, SocketEntry } from './types.ts';
import type { Look } from './witness-times.ts';

/** A state in which one look or more found a socket. */
export interface Stay {
  state: TcpState;
  first: Look;
  last: Look;
  /** how many looks found it so */
  looks: number;
  /** when the timer of FIN_WAIT_2 or TIME_WAIT runs out, as last told: ms since 1970; null: none runs */
  until: number | null;
}

/** A socket with a peer. */
export interface Life {
  key: string;
  stays: Stay[];
  /** as last seen; 0: no process has it */
  inode: number;
  owners: readonly Owner[];
  /** the first look without it, null where the newest had it. One alone proves nothing: see Lives */
  missed: Look | null;
  /** the second such look in a row: it is gone; or the first that found another socket in its place */
  gone: Look | null;
  /** the socket before it on the same addresses and ports */
  before: Life | null;
  /** of TIME_WAITs one after the other: the timer began anew, in the same socket or in that of a newer connection */
  isAgain: boolean;
}

export interface LivesOptions {
  /** sockets that are followed at once; others are counted only. 131,072 if not said */
  most?: number | undefined;
  /** sockets remembered that are gone; then the first of them are forgotten. 65,536 if not said */
  mostEnded?: number | undefined;
}

/** A socket that is gone is remembered for so long at most, ms. */
const KEEP_MS = 900_000;
/** Of two TIME_WAITs whose timers end farther apart than this, ms, one began anew. */
const RESTARTED_MS = 1_000;

/** How far a connection has come: no socket ever goes back, nor from one state to another that is as far. */
const RANK: Record<TcpState, number> = {
  SYN_SENT: 0,
  SYN_RECEIVED: 1,
  ESTABLISHED: 2,
  CLOSE_WAIT: 3,
  FIN_WAIT_1: 3,
  LAST_ACK: 4,
  FIN_WAIT_2: 4,
  CLOSING: 4,
  TIME_WAIT: 5,
  CLOSED: 6,
};
const PASSIVE: ReadonlySet<string> = new Set(['CLOSE_WAIT', 'LAST_ACK']);

export function keyOf(localAddress: string, localPort: number, remoteAddress: string, remotePort: number): string {
  return `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`;
}

/**
 * A table is read piece by piece while sockets come and go, so that one may be left out that is there, or stand in it twice: gone is
 * what two looks in a row lack. Memory: about 600 bytes a socket, and at most `most` + `mostEnded` of them.
 */
export class Lives {
  /** absence says nothing of times before this, ms since 1970: sockets were left out or forgotten */
  knownSince = Number.NEGATIVE_INFINITY;
  /** how late the kernel ends TIME_WAIT at most, ms: found out from those that are there when their timer has run out */
  latenessMs = 0;
  private readonly most: number;
  private readonly mostEnded: number;
  private readonly newest = new Map<string, Life>();
  private readonly present = new Set<Life>();
  /** those that are gone, the first at `forgotten` */
  private ended: Life[] = [];
  private forgotten = 0;

  constructor({ most = 131_072, mostEnded = 65_536 }: LivesOptions = {}) {
    this.most = most;
    this.mostEnded = mostEnded;
  }

  /** The newest socket on these addresses and ports, gone or not. */
  get(key: string): Life | null {
    return this.newest.get(key) ?? null;
  }

  /** All that the newest look, or the one before it, has found. */
  all(): ReadonlySet<Life> {
    return this.present;
  }

  /** How many are held, those that are gone too. */
  get size(): number {
    return this.present.size + this.ended.length - this.forgotten;
  }

  /** A socket with a peer, as a look finds it. */
  found(entry: SocketEntry & { state: TcpState }, look: Look, owners: ReadonlyMap<number, readonly Owner[]>): void {
    const key = keyOf(entry.localAddress, entry.localPort, entry.remoteAddress, entry.remotePort);
    let life = this.newest.get(key);
    const isHere = life !== undefined && life.gone === null;
    if (life === undefined || !isHere || !isSame(life, entry, look)) {
      if (life !== undefined && isHere) this.end(life, life.missed ?? look, look);
      if (this.present.size >= this.most) {
        this.knownSince = look.ended;
        return;
      }
      const isAgain = isHere && entry.state === 'TIME_WAIT' && life?.stays.at(-1)?.state === 'TIME_WAIT';
      const before = life ?? null;
      life = { key, stays: [], inode: 0, owners: NOBODY, missed: null, gone: null, before, isAgain };
      this.newest.set(key, life);
      this.present.add(life);
    }
    life.missed = null;
    if (life.inode !== entry.inode) life.owners = NOBODY;
    life.inode = entry.inode;
    if (entry.inode !== 0) life.owners = owners.get(entry.inode) ?? life.owners;
    this.extend(life, entry, look);
  }

  /** After all sockets of a look. */
  endLook(look: Look): void {
    for (const life of this.present) {
      if (life.stays.at(-1)!.last === look) continue;
      if (life.missed === null) life.missed = look;
      else this.end(life, life.missed, look);
    }
    while (this.ended.length > this.forgotten) {
      const oldest = this.ended[this.forgotten]!;
      const isOld = look.ended - oldest.gone!.ended > KEEP_MS;
      if (!isOld && this.ended.length - this.forgotten <= this.mostEnded) break;
      this.forget(oldest);
    }
    if (this.forgotten > 1_024 && this.forgotten * 2 > this.ended.length) {
      this.ended = this.ended.slice(this.forgotten);
      this.forgotten = 0;
    }
  }

  private extend({ stays }: Life, { state, endsInMs }: SocketEntry & { state: TcpState }, look: Look): void {
    let stay = stays.at(-1);
    if (stay?.state === state) {
      stay.last = look;
      stay.looks++;
    } else {
      stay = { state, first: look, last: look, looks: 1, until: null };
      stays.push(stay);
    }
    if (endsInMs === null) stay.until = null;
    // 0 is all that is told of a timer that has run out.
    else if (endsInMs === 0) {
      stay.until ??= look.begun;
      if (state === 'TIME_WAIT') this.latenessMs = Math.max(this.latenessMs, look.begun - stay.until);
    }
    // Ticks are cut off: it ends then, or later. The timer of one TIME_WAIT stays what it is: the latest of these is the nearest.
    else {
      const until = look.begun + endsInMs;
      stay.until = state === 'TIME_WAIT' ? Math.max(until, stay.until ?? until) : until;
    }
  }

  private end(life: Life, missed: Look, gone: Look): void {
    life.missed = missed;
    life.gone = gone;
    life.owners = life.inode === 0 ? NOBODY : life.owners;
    this.present.delete(life);
    this.ended.push(life);
  }

  /** The first of those that are gone is the oldest on its addresses and ports, too. */
  private forget(oldest: Life): void {
    this.forgotten++;
    this.knownSince = Math.max(this.knownSince, oldest.gone!.ended);
    let life = this.newest.get(oldest.key);
    if (life === oldest) this.newest.delete(oldest.key);
    while (life !== undefined && life.before !== null) {
      if (life.before === oldest) life.before = null;
      else life = life.before;
    }
  }
}

const NOBODY: readonly Owner[] = [];

/** Whether a look found a socket again, and not another one in its place. */
function isSame(life: Life, { state, inode, endsInMs }: SocketEntry & { state: TcpState }, look: Look): boolean {
  const before = life.stays.at(-1)!;
  if (state !== before.state && RANK[state] <= RANK[before.state]) return false;
  const isEarly = RANK[before.state] < RANK.CLOSE_WAIT;
  // No way leads from the states of who closed second to those of who closed first.
  if (!isEarly && state !== before.state && PASSIVE.has(state) !== PASSIVE.has(before.state)) return false;
  if (inode !== 0 && life.inode !== 0) return inode === life.inode;
  // One that waits for accept() has no inode yet, an orphan no more.
  const waits = isEarly || before.state === 'CLOSE_WAIT';
  if (inode !== 0) return waits;
  if (life.inode !== 0) return RANK[state] >= RANK.FIN_WAIT_1 && state !== 'CLOSE_WAIT';
  // Of a timer that has run out nothing but 0 is told.
  if (state !== 'TIME_WAIT' || before.state !== state || !endsInMs || before.until === null) return true;
  return look.begun + endsInMs - before.until <= RESTARTED_MS;
}
