/** The answer to "why can't I bind() here and now?" as data. */

import type { ReuseCase } from '../ports/answer.ts';
import type { PortLimits, Supervisor } from '../sockets/host.ts';
import type { AskedPort, PortGroup, PortNow } from '../sockets/port-now.ts';
import type { Tried } from '../sockets/try-bind.ts';
import { LINUX } from '../teardown/profiles.ts';

/** What an answer is written with. */
export interface PortNowPage {
  now: PortNow;
  /** who has SO_REUSEADDR; null: nobody said */
  which: ReuseCase | null;
  /** why bind() fails before the kernel looks at the port; null: it does look */
  error: 'EADDRNOTAVAIL' | 'EACCES' | null;
  /** this machine's */
  addresses: string[];
  limits: PortLimits;
  /** of whoever asks */
  uid: number;
  /** by pid, of those that are in the way */
  supervisors: ReadonlyMap<number, Supervisor | null>;
  /** null: not wanted */
  tried: Tried | null;
}

/** ms by which a timer of the kernel may be late: the granularity of its wheel. */
export const LATE_MS = (LINUX.timeWaitLatestNs - LINUX.timeWaitNs) / 1e6;

/** In the order in which the kernel looks (__inet_bind): the address, the right to the port, and only then the port. */
export function bindError(
  { port }: AskedPort,
  isLocal: boolean,
  { unprivilegedFrom, mayBindLow }: PortLimits,
): PortNowPage['error'] {
  if (!isLocal) return 'EADDRNOTAVAIL';
  return unprivilegedFrom !== null && port < unprivilegedFrom && mayBindLow === false ? 'EACCES' : null;
}

export function portNowRecord({ now, which, error, tried }: PortNowPage): Record<string, unknown> {
  const { asked, at, fails, listeners, holders, lastEnd, unseen, groups } = now;
  const time = (ms: number): string => new Date(ms).toISOString();
  const states: Record<string, number> = {};
  for (const { state, sockets } of holders) states[state] = (states[state] ?? 0) + sockets;
  return {
    at: time(at),
    address: asked.address ?? '*',
    port: asked.port,
    error,
    reuseAddr: which,
    bindFails: fails,
    listening: listeners.length > 0,
    sockets: holders.reduce((sum, { sockets }) => sum + sockets, 0),
    states,
    worksAt: listeners.length > 0 || lastEnd === null ? null : time(lastEnd),
    worksAtLatest: listeners.length > 0 || lastEnd === null ? null : time(lastEnd + LATE_MS),
    socketsOfUnknownOwner: unseen,
    groups: groups.map((group) => groupRecord(group, at)),
    tried,
  };
}

function groupRecord(group: PortGroup, at: number): Record<string, unknown> {
  const { state, localAddress, overlap, sockets, peers, owners, isOwned, uid, endsInMs, waiting } = group;
  return {
    state,
    localAddress,
    overlap,
    sockets,
    peers,
    owners,
    ownerKnown: !isOwned || owners.length > 0,
    uid: isOwned ? uid : null,
    until: endsInMs === null ? null : new Date(at + endsInMs).toISOString(),
    waitingForAccept: state === 'LISTEN' ? waiting : null,
  };
}
