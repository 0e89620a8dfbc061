/** Who has a flow's sockets, and who listens on its ports. */

import type { Address, Holder, Side } from '../report/types.ts';
import type { Owner, SocketEntry } from './types.ts';
import type { Life } from './witness-lives.ts';
import { type Look, middleOf, timeText } from './witness-times.ts';

/** Of a flow's end: servers share a socket among hundreds of processes. */
const MOST_HOLDERS = 10;
const MOST_LISTENERS = 4_096;
/** Listeners that are gone are remembered as long as a flow's record may take, ms. */
const KEEP_MS = 120_000;

interface Listener {
  address: string;
  port: number;
  owners: readonly Owner[];
  first: Look;
  last: Look;
}

/** Listening sockets, at most 4,096 at once: others are left out. */
export class Listeners {
  private readonly byPort = new Map<number, Map<number, Listener>>();
  private count = 0;

  found({ localAddress, localPort, inode }: SocketEntry, look: Look, owners: readonly Owner[] | undefined): void {
    let port = this.byPort.get(localPort);
    const known = port?.get(inode);
    if (known !== undefined && known.address === localAddress) {
      known.last = look;
      known.owners = owners ?? known.owners;
      return;
    }
    if (known === undefined) {
      if (this.count >= MOST_LISTENERS) return;
      this.count++;
    }
    if (port === undefined) {
      port = new Map();
      this.byPort.set(localPort, port);
    }
    port.set(inode, { address: localAddress, port: localPort, owners: owners ?? [], first: look, last: look });
  }

  endLook(look: Look): void {
    for (const [number, port] of this.byPort) {
      for (const [inode, { last }] of port) {
        if (look.ended - last.ended <= KEEP_MS) continue;
        port.delete(inode);
        this.count--;
      }
      if (port.size === 0) this.byPort.delete(number);
    }
  }

  /** Whether somebody listens on a port, on whatever address. */
  has(port: number): boolean {
    return this.byPort.has(port);
  }

  /** Whether somebody listened on a port at a look that ended at `from`, ms, or later. */
  since(port: number, from: number): boolean {
    return [...(this.byPort.get(port)?.values() ?? [])].some(({ last }) => last.ended >= from);
  }

  /** Those who get the connections to an address, after `from`, ms: as the kernel does, an address of their own counts before any. */
  of({ address, port }: Address, from: number): Listener[] {
    const all = [...(this.byPort.get(port)?.values() ?? [])].filter(({ last }) => last.ended >= from);
    const bound = [address, ...(address.includes(':') ? [] : ['0.0.0.0']), '::'];
    const nearest = bound.find((each) => all.some((listener) => listener.address === each));
    return all.filter((listener) => listener.address === nearest);
  }
}

/**
 * The processes that have a flow's socket at one end, and those that listen there, ten of each at most.
 * @param life the end's newest socket; null: none was found
 * @param from ms: listeners that were gone by then are left out
 */
export function holdersOf(side: Side, local: Address, life: Life | null, listeners: Listeners, from: number): Holder[] {
  const holders: Holder[] = [];
  const stay = life?.stays.at(-1);
  if (life !== null && stay !== undefined && life.inode !== 0) {
    const at = timeText(middleOf(stay.last));
    for (const { pid, name } of firstOf(life.owners))
      holders.push({ side, pid, name, socket: 'connection', state: stay.state, at });
  }
  const seen = new Map<number, Holder>();
  for (const { owners, last } of listeners.of(local, from)) {
    const at = timeText(middleOf(last));
    for (const { pid, name } of owners) {
      if ((seen.get(pid)?.at ?? '') < at) seen.set(pid, { side, pid, name, socket: 'listener', state: 'LISTEN', at });
    }
  }
  return [...holders, ...firstOf([...seen.values()])];
}

function firstOf<T extends { pid: number }>(all: readonly T[]): T[] {
  return [...all].sort((a, b) => a.pid - b.pid).slice(0, MOST_HOLDERS);
}
