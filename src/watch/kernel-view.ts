/** What this machine's kernel adds to a view: timers of TIME_WAIT as it has them, and who has a lingering socket. */

import type { Holder, Side } from '../report/types.ts';
import type { KernelSocket, Witness } from '../sockets/witness.ts';
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
  const waiting = [...witness.sockets('TIME_WAIT')];
  const served = servedPorts(ports, waiting, witness);
  for (const { localAddress, localPort, until } of waiting) {
    if (until === null) continue;
    const side: Side = served.has(`${localAddress} ${localPort}`) ? 'server' : 'client';
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

/** Ports of servers: who listens is seen, or was; and a client has a port for one connection to a peer, a server for all. */
function servedPorts(
  ports: readonly TimeWaitPort[],
  waiting: readonly KernelSocket[],
  witness: Witness,
): ReadonlySet<string> {
  const served = new Set<string>();
  for (const { address, port, side } of ports) if (side === 'server') served.add(`${address} ${port}`);
  const once = new Set<string>();
  for (const { localAddress, localPort, remoteAddress } of waiting) {
    const name = `${localAddress} ${localPort}`;
    // A client may use a port to several peers, but seldom twice to the same one.
    const peer = `${name} ${remoteAddress}`;
    if (once.has(peer) || witness.isServed(localAddress, localPort)) served.add(name);
    once.add(peer);
  }
  return served;
}

function keyOf({ address, port, side }: Pick<TimeWaitPort, 'address' | 'port' | 'side'>): string {
  return `${side} ${port ?? ''} ${address}`;
}

/** ms within which packets and looks may differ. */
const SETTLED_MS = 3000;

/**
 * @param known as the packets tell, times as in a view
 * @returns these with the processes that have them, and sockets of this machine that only its kernel knows; the oldest first
 */
export function lingeringWithKernel(known: readonly Lingering[], witness: Witness, now: number): LingeringSocket[] {
  // What has gone without a packet: a timer, or the end of a process.
  const there = known.filter(
    ({ local, peer, since }) =>
      now - since < SETTLED_MS || !witness.isGone(local.address, local.port, peer.address, peer.port),
  );
  const all: LingeringSocket[] = there.map((each) => ({
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
