/** What is on a port of this machine now, and whether it is in the way of bind(): inet_csk_bind_conflict(), measured on 6.18. */

import { type BindFails, LINUX_BIND, type OldSocket } from '../teardown/bind-rules.ts';
import type { Owner, SocketEntry, SocketTable } from './types.ts';

/** address null: every address of this machine, both versions of IP */
export interface AskedPort {
  address: string | null;
  port: number;
}

/**
 * Whether a socket's address overlaps the one that is asked for: `unless-v6only` where that hangs on its IPV6_V6ONLY, which no
 * table shows.
 */
export type Overlap = 'yes' | 'unless-v6only' | 'no';

/** Sockets that have in common what stands here. */
export interface PortGroup {
  state: SocketEntry['state'];
  localAddress: string;
  overlap: Overlap;
  sockets: number;
  /** remote addresses; of a listener 0 */
  peers: number;
  /** where it is one */
  peer: string | null;
  /** processes that share them; empty: none has them, or it is not known which (`isOwned`) */
  owners: Owner[];
  /** whether some process has them */
  isOwned: boolean;
  /** of the processes, where none is known */
  uid: number;
  /** ms until the timer of the last of them ends; null: not all have one */
  endsInMs: number | null;
  /** of listeners: connections that wait for accept() */
  waiting: number;
  /** whether bind() fails because of them, by who has SO_REUSEADDR; null where they are not known to be in the way */
  fails: BindFails | null;
}

/** One look at a port. Times are ms since 1970. */
export interface PortNow {
  asked: AskedPort;
  at: number;
  /** in the way first, listeners first, then the most sockets */
  groups: PortGroup[];
  /** by who has SO_REUSEADDR; null: it hangs on the IPV6_V6ONLY of what is there */
  fails: BindNow;
  /** what is in the way, or may be: listeners, and sockets that have or had a peer */
  listeners: PortGroup[];
  holders: PortGroup[];
  /** when the timers of all holders have ended; null: there is none, or one has no such timer */
  lastEnd: number | null;
  /** sockets of processes that are not known */
  unseen: number;
}

export type BindNow = Record<'neither' | 'newOnly' | 'oldOnly' | 'both', boolean | null>;

export function portNow(table: SocketTable, asked: AskedPort, owners: ReadonlyMap<number, Owner[]>): PortNow {
  const groups = [...grouped(table, asked, owners).values()].map(({ group, remotes }) => ({
    ...group,
    peers: remotes.size,
    peer: remotes.size === 1 ? [...remotes][0]! : null,
  }));
  groups.sort(
    (a, b) =>
      Number(a.overlap === 'no') - Number(b.overlap === 'no') ||
      Number(b.state === 'LISTEN') - Number(a.state === 'LISTEN') ||
      b.sockets - a.sockets,
  );
  const inTheWay = groups.filter(({ fails, overlap }) => fails !== null && overlap !== 'no');
  const listeners = inTheWay.filter(({ state }) => state === 'LISTEN');
  const holders = inTheWay.filter(({ state }) => state !== 'LISTEN');
  const ends = holders.map(({ endsInMs }) => endsInMs);
  return {
    asked,
    at: table.ended,
    groups,
    fails: {
      neither: failsBy(inTheWay, 'neither'),
      newOnly: failsBy(inTheWay, 'newOnly'),
      oldOnly: failsBy(inTheWay, 'oldOnly'),
      both: failsBy(inTheWay, 'both'),
    },
    listeners,
    holders,
    lastEnd: ends.length === 0 || ends.includes(null) ? null : table.ended + Math.max(...ends.map(Number)),
    unseen: groups.reduce(
      (sum, { isOwned, owners: known, sockets }) => sum + (isOwned && known.length === 0 ? sockets : 0),
      0,
    ),
  };
}

/** The sockets of a port, whatever their address. */
export function socketsOf(table: SocketTable, port: number): SocketEntry[] {
  return table.sockets.filter(({ localPort }) => localPort === port);
}

interface Gathered {
  group: PortGroup;
  remotes: Set<string>;
}

function grouped(table: SocketTable, asked: AskedPort, owners: ReadonlyMap<number, Owner[]>): Map<string, Gathered> {
  const all = new Map<string, Gathered>();
  for (const socket of socketsOf(table, asked.port)) {
    const { state, localAddress, remoteAddress, inode, uid } = socket;
    const overlap = overlapOf(asked.address, socket);
    const known = owners.get(inode) ?? [];
    const isOwned = inode !== 0;
    const whose = isOwned && known.length === 0 ? uid : -1;
    const key = JSON.stringify([state, localAddress, overlap, isOwned, whose, known.map(({ pid }) => pid)]);
    let one = all.get(key);
    if (one === undefined) {
      const fails = overlap === 'no' ? null : failsOf(socket);
      const group = { state, localAddress, overlap, sockets: 0, peers: 0, peer: null, owners: known, isOwned, uid };
      one = { group: { ...group, endsInMs: 0, waiting: 0, fails }, remotes: new Set() };
      all.set(key, one);
    }
    const { group } = one;
    group.sockets++;
    if (state === 'LISTEN') group.waiting += socket.rxQueue;
    else one.remotes.add(remoteAddress);
    group.endsInMs =
      group.endsInMs === null || socket.endsInMs === null ? null : Math.max(group.endsInMs, socket.endsInMs);
  }
  return all;
}

/** @returns null where it is not in the way: a handshake that no process has goes with its listener */
function failsOf({ state, inode }: SocketEntry): BindFails | null {
  if (state === 'SYN_RECEIVED' && inode === 0) return null;
  return LINUX_BIND[OLD[state] ?? 'connected'];
}

const OLD: Partial<Record<SocketEntry['state'], OldSocket>> = { LISTEN: 'listening', TIME_WAIT: 'time-wait' };

function failsBy(groups: readonly PortGroup[], which: keyof BindNow): boolean | null {
  const failing = groups.filter(({ fails }) => fails?.[which] === true);
  if (failing.some(({ overlap }) => overlap === 'yes')) return true;
  return failing.length > 0 ? null : false;
}

const ANY_4 = '0.0.0.0';
const ANY_6 = '::';

/**
 * Whether a socket's address is in the way of bind() to an address: ipv4_rcv_saddr_equal() and ipv6_rcv_saddr_equal(). `::`
 * is meant without IPV6_V6ONLY; one that is bound to any other IPv6 address has that option by itself.
 * @param asked null: as `::`
 */
export function overlapOf(asked: string | null, { localAddress, state }: SocketEntry): Overlap {
  if (asked === null || asked === ANY_6 || asked === localAddress) return 'yes';
  const isAsked4 = !asked.includes(':');
  const is4 = !localAddress.includes(':');
  if (isAsked4 !== is4) {
    if (!isAsked4) return 'no';
    if (localAddress === ANY_6) return 'unless-v6only';
    // One with a peer has got its address from the connection: of `::` it may have come, or of nothing.
    return asked === ANY_4 && state !== 'LISTEN' ? 'unless-v6only' : 'no';
  }
  if (isAsked4) return asked === ANY_4 || localAddress === ANY_4 ? 'yes' : 'no';
  return localAddress === ANY_6 ? 'yes' : 'no';
}
