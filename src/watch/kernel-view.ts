/** What this machine's kernel adds to a view: timers of TIME_WAIT as it has them, and who has a lingering socket. */

import type { Holder, Side } from '../report/types.ts';
import type { Witness } from '../sockets/witness.ts';
import { timeText } from '../sockets/witness-times.ts';
import { addressPort } from '../words.ts';
import type { Lingering } from './census.ts';
import { type LingeringSocket, MOST_LINGERING, type TimeWaitPort } from './view.ts';

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

/**
 * @param known as the packets tell, times as in a view
 * @returns these with the processes that have them, and sockets of this machine that only its kernel knows; the oldest first
 */
export function lingeringWithKernel(known: readonly Lingering[], witness: Witness, now: number): LingeringSocket[] {
  const all: LingeringSocket[] = known.map((each) => ({
    ...each,
    local: addressPort(each.local),
    peer: addressPort(each.peer),
    holder: holderOf(each, witness, now),
  }));
  const named = new Set(all.map(({ local, peer }) => `${local} ${peer}`));
  for (const socket of witness.sockets('FIN_WAIT_2', 'CLOSE_WAIT')) {
    const local = { address: socket.localAddress, port: socket.localPort };
    const peer = { address: socket.remoteAddress, port: socket.remotePort };
    const [localName, peerName] = [addressPort(local), addressPort(peer)];
    if (named.has(`${localName} ${peerName}`)) continue;
    const state = socket.state === 'FIN_WAIT_2' ? 'FIN_WAIT_2' : 'CLOSE_WAIT';
    const side: Side = witness.isServed(local.address, local.port) ? 'server' : 'client';
    const holder = holderOf({ local, peer, side }, witness, now);
    all.push({ id: null, state, side, local: localName, peer: peerName, since: socket.since, holder });
  }
  return all.sort((a, b) => a.since - b.since).slice(0, MOST_LINGERING);
}

/** The process that has a socket now, the one with the lowest pid where several share it. @param now ms since 1970 */
function holderOf(
  { local, peer, side }: Pick<Lingering, 'local' | 'peer' | 'side'>,
  witness: Witness,
  now: number,
): Holder | null {
  const socket = witness.socketOf(local.address, local.port, peer.address, peer.port);
  const owner = socket?.owners[0];
  if (socket === null || owner === undefined) return null;
  return { side, pid: owner.pid, name: owner.name, socket: 'connection', state: socket.state, at: timeText(now) };
}
