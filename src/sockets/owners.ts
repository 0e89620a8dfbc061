/** Which processes have a socket open: the links of /proc/PID/fd, and the names of /proc/PID/comm. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { errorCode } from '../input/errors.ts';
import type { Owner } from './types.ts';

export interface OwnersFound {
  /** by inode: all processes that share the socket, the lowest pid first. Nothing where none was found */
  owners: Map<number, Owner[]>;
  /** processes that could not be looked into. One that /proc does not even list (hidepid) does not count */
  hidden: number;
}

/** Looks into all processes, and returns when it is done: that takes some 5 µs an open file. @param inodes all if left out */
export function readOwners(inodes?: Iterable<number>): OwnersFound {
  const search = new Search(inodes);
  for (const pid of pids()) search.process(pid);
  return search.end();
}

/** ms of work without a pause. */
const SLICE_MS = 4;

/** As readOwners, with pauses in which others may work. */
export async function readOwnersSlowly(inodes?: Iterable<number>): Promise<OwnersFound> {
  const search = new Search(inodes);
  let until = performance.now() + SLICE_MS;
  for (const pid of pids()) {
    for (const _ of search.files(pid)) {
      if (performance.now() < until) continue;
      await setImmediate();
      until = performance.now() + SLICE_MS;
    }
  }
  return search.end();
}

class Search {
  private readonly wanted: ReadonlySet<number> | null;
  private readonly owners = new Map<number, Owner[]>();
  private hidden = 0;

  constructor(inodes: Iterable<number> | undefined) {
    this.wanted = inodes === undefined ? null : new Set(inodes);
  }

  process(pid: number): void {
    for (const _ of this.files(pid));
  }

  /** Looks at the open files of a process, one each time it is asked. */
  *files(pid: number): Generator<void> {
    const folder = `/proc/${pid}/fd`;
    let names: string[];
    try {
      names = readdirSync(folder);
    } catch (error) {
      // One that has just ended is not hidden.
      if (!GONE.has(errorCode(error))) this.hidden++;
      return;
    }
    let owner: Owner | null = null;
    for (const name of names) {
      let inode: number;
      try {
        inode = inodeOf(readlinkSync(`${folder}/${name}`));
      } catch (error) {
        // Who may override a folder's mode may list it, and need not be allowed to look behind its links.
        if (DENIED.has(errorCode(error))) {
          this.hidden++;
          return;
        }
        continue; // closed meanwhile
      }
      if (inode !== 0 && (this.wanted === null || this.wanted.has(inode))) {
        owner ??= { pid, name: nameOf(pid) };
        this.add(inode, owner);
      }
      yield;
    }
  }

  /** Processes are looked at by rising pid, each at all its files in one go. */
  private add(inode: number, owner: Owner): void {
    const known = this.owners.get(inode);
    if (known === undefined) this.owners.set(inode, [owner]);
    else if (known.at(-1) !== owner) known.push(owner);
  }

  end(): OwnersFound {
    return { owners: this.owners, hidden: this.hidden };
  }
}

const GONE = new Set(['ENOENT', 'ESRCH']);
const DENIED = new Set(['EACCES', 'EPERM']);

function pids(): number[] {
  try {
    const names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return names.map(Number).sort((a, b) => a - b);
  } catch {
    return [];
  }
}

const SOCKET = 'socket:[';

/** @returns 0 where a link leads to no socket */
function inodeOf(target: string): number {
  return target.startsWith(SOCKET) ? Number.parseInt(target.slice(SOCKET.length), 10) : 0;
}

/** Nothing but its end of line is cut off: a process may name itself as it likes, so whoever prints it makes it plain. */
function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').replace(/\n$/, '');
  } catch {
    return '?';
  }
}
