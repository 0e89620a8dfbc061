/** What this machine's kernel adds to a view: timers of TIME_WAIT as it has them, and who has a lingering socket. */

import type { Holder, Side } from '../report/types.ts';
import type { Witness } from '../sockets/witness.ts';
import { timeText } from '../sockets/witness-times.ts';
import type { Lingering } from './census.ts';
import type { TimeWaitPort } from './view.ts';

/**
 * @param ports as the packets tell
 * @returns those of this machine as its kernel has them, also the sockets of which no packet was captured, and the others; the most sockets first
 */
export function portsWithKernel(ports: readonly TimeWaitPort[], witness: Witness): TimeWaitPort[] {
  const own = new Map<string, TimeWaitPort>();
  for (const { localAddress, localPort, until } of witness.sockets('TIME_WAIT')) {
    if (until === null) continue;
    const side: Side = witness.isServed(localAddress, localPort) ? 'server' : 'client';
    const port = side === 'server' ? localPort : null;
    const key = keyOf({ address: localAddress, port, side });
    const known = own.get(key);
    if (known === undefined) {
      const times = { firstFree: until, lastFree: until, basis: 'kernel' as const };
      own.set(key, { address: localAddress, port, side, sockets: 1, ...times });
      continue;
    }
    known.sockets++;
    known.firstFree = Math.min(known.firstFree, until);
    known.lastFree = Math.max(known.lastFree, until);
  }
  const others = ports.filter((each) => !own.has(keyOf(each)));
  return [...own.values(), ...others].sort((a, b) => b.sockets - a.sockets || a.lastFree - b.lastFree);
}

function keyOf({ address, port, side }: Pick<TimeWaitPort, 'address' | 'port' | 'side'>): string {
  return `${side} ${port ?? ''} ${address}`;
}

/** The process that has a socket now, the one with the lowest pid where several share it. @param now ms since 1970 */
export function holderOf({ local, peer, side }: Lingering, witness: Witness, now: number): Holder | null {
  const socket = witness.socketOf(local.address, local.port, peer.address, peer.port);
  const owner = socket?.owners[0];
  if (socket === null || owner === undefined) return null;
  return { side, pid: owner.pid, name: owner.name, socket: 'connection', state: socket.state, at: timeText(now) };
}
