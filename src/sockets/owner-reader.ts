/** Keeps the right to look into other users' processes: a small process that stays what we were while we drop our rights. */

import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readOwnersSlowly } from './owners.ts';
import type { Owner } from './types.ts';

export interface OwnerReader {
  /**
   * Which processes have these sockets open, the lowest pid first; what is not known of a socket is not there. Never rejects.
   * @param inodes of SocketEntry; 0 is nobody's
   */
  read(inodes: Iterable<number>): Promise<Map<number, Owner[]>>;
  /** Ends the process; what is asked afterwards is answered with the rights that are left. */
  close(): void;
}

/** What it is asked, and what it answers. */
export interface OwnerQuestion {
  id: number;
  inodes: number[];
}
export interface OwnerAnswer {
  id: number;
  owners: [inode: number, owners: Owner[]][];
}

/** Beside the bundle; in the sources it is not there, and no process is started. */
const PROGRAM = fileURLToPath(new URL('./owner-child.js', import.meta.url));

/** ms until a process that does not answer is given up. */
const PATIENCE_MS = 10_000;

/**
 * To be called before rights are dropped. Where they are not root's, and where the process can't be started, owners are
 * looked for in this process, with the rights that it has then.
 * @param program of the process; another one only in tests
 */
export async function startOwnerReader(program = PROGRAM): Promise<OwnerReader> {
  if (process.geteuid?.() !== 0 || !existsSync(program)) return HERE;
  const child = fork(program, [], {
    cwd: '/',
    env: {},
    execArgv: [],
    serialization: 'json',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  return (await started(child)) ? new ChildReader(child) : HERE;
}

const HERE: OwnerReader = {
  read: async (inodes) => (await readOwnersSlowly(inodes)).owners,
  close: () => undefined,
};

/** Whether it says that it is there. */
function started(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    child.once('message', () => resolve(true));
    child.once('exit', () => resolve(false));
    child.on('error', () => resolve(false));
  });
}

type Answered = (owners: Map<number, Owner[]> | null) => void;

class ChildReader implements OwnerReader {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, Answered>();
  private asked = 0;
  private isGone = false;

  constructor(child: ChildProcess) {
    this.child = child;
    child.on('message', ({ id, owners }: OwnerAnswer) => this.waiting.get(id)?.(new Map(owners)));
    child.once('disconnect', () => this.gone());
    child.once('exit', () => this.gone());
    // It must not keep a program running that is done.
    child.unref();
    child.channel?.unref();
  }

  async read(inodes: Iterable<number>): Promise<Map<number, Owner[]>> {
    const wanted = [...new Set(inodes)].filter((inode) => inode !== 0);
    if (wanted.length === 0) return new Map();
    return (await this.ask(wanted)) ?? HERE.read(wanted);
  }

  close(): void {
    if (this.child.connected) this.child.disconnect();
    this.gone();
  }

  /** @returns null where nobody answers */
  private ask(inodes: number[]): Promise<Map<number, Owner[]> | null> {
    if (this.isGone) return Promise.resolve(null);
    const id = ++this.asked;
    return new Promise((resolve) => {
      const patience = setTimeout(() => this.close(), PATIENCE_MS);
      this.waiting.set(id, (owners) => {
        clearTimeout(patience);
        this.waiting.delete(id);
        resolve(owners);
      });
      this.child.send({ id, inodes } satisfies OwnerQuestion, (error) => {
        if (error !== null) this.gone();
      });
    });
  }

  private gone(): void {
    this.isGone = true;
    for (const answered of [...this.waiting.values()]) answered(null);
  }
}
