/** The kernel beside the wire: what looks at this machine's socket tables told, and what of it belongs to a flow. */

import type { Endpoint, Flow, Holder, Side, TcpState } from '../report/types.ts';
import { LINUX } from '../teardown/profiles.ts';
import { NS_PER_MS } from '../units.ts';
import type { Owner, SocketEntry, SocketTable } from './types.ts';
import { sawWithin } from './witness-compare.ts';
import { holdersOf, Listeners } from './witness-holders.ts';
import { keyOf, type Life, Lives, type LivesOptions } from './witness-lives.ts';
import { socketsOf } from './witness-match.ts';
import { withKernel } from './witness-spans.ts';
import { type Look, msOf } from './witness-times.ts';

/** The flow's note where packets and kernel tell different things. */
export const KERNEL_DIFFERS = 'kernel-differs';

/** A socket as the newest look that found it had it. */
export interface KernelSocket {
  localAddress: string;
  localPort: number;
  remoteAddress: string;
  remotePort: number;
  state: TcpState;
  /** the first look that found it in that state, ms since 1970 */
  since: number;
  /** when its timer of FIN_WAIT_2 or TIME_WAIT runs out, ms since 1970; null: none runs */
  until: number | null;
  /** none: no process has it, or rights don't allow to know */
  owners: readonly Owner[];
}

/** Looks remembered: as long as a flow's record takes to be written, and more. */
const MOST_LOOKS = 256;
/** Addresses and ports with connections of which it is known that they end on this machine. */
const MOST_SERVED = 4_096;
const SIDES = ['client', 'server'] as const;

export class Witness {
  private readonly lives: Lives;
  private readonly listeners = new Listeners();
  private readonly looks: Look[] = [];
  private readonly served = new Set<string>();
  private byState: Partial<Record<TcpState | 'LISTEN', number>> = {};

  /** Bounds of its memory: beyond them sockets are counted, but no flow is told of them. */
  constructor(options?: LivesOptions) {
    this.lives = new Lives(options);
  }

  /**
   * Takes a look, about once a second, in time order.
   * @param owners by inode; those of one that it lacks stay what they were
   */
  look({ begun, ended, sockets }: SocketTable, owners: ReadonlyMap<number, readonly Owner[]>): void {
    const look: Look = { begun, ended };
    const byState: Partial<Record<TcpState | 'LISTEN', number>> = {};
    for (const entry of sockets) {
      byState[entry.state] = (byState[entry.state] ?? 0) + 1;
      if (entry.state === 'LISTEN') this.listeners.found(entry, look, owners.get(entry.inode));
    }
    for (const entry of sockets) {
      if (!hasPeer(entry)) continue;
      this.lives.found(entry, look, owners);
      if (this.served.size < MOST_SERVED && this.listeners.has(entry.localPort))
        this.served.add(`${entry.localAddress} ${entry.localPort}`);
    }
    this.lives.endLook(look);
    this.listeners.endLook(look);
    this.byState = byState;
    if (this.looks.push(look) > MOST_LOOKS) this.looks.shift();
  }

  /**
   * A flow as it stands in the report, with what the kernel knew of those of its ends that are this machine's: their states and
   * TIME_WAIT (see withKernel()), `kernel`, `holders`, and the note `kernel-differs`. The same object where nothing is known.
   *
   * @param lastPacket the capture's, RFC 3339: how far an open span is told of which only the kernel knows
   */
  tell(flow: Flow, lastPacket: string | null = null): Flow {
    // Its other end is the same socket.
    const sides = flow.notes.includes('self-connect') ? (['client'] as const) : SIDES;
    const endpoints = { ...flow.endpoints };
    const holders: Holder[] = [];
    let isOwn = false;
    let differs = false;
    for (const side of sides) {
      const local = flow[side];
      const newest = this.newestOf(flow, side);
      const sockets = socketsOf(newest, flow, flow.endpoints[side]);
      if (sockets.length > 0) {
        const told = withKernel(endpoints[side], sockets, {
          isMidstream: flow.handshake === 'not-captured',
          lacksAcks: flow.notes.includes('no-pure-acks'),
          latenessMs: this.latenessMs,
          looks: this.looks,
          lastPacket,
        });
        endpoints[side] = told.endpoint;
        differs ||= told.differs;
        isOwn = true;
      } else if (newest === null && this.lacksTimeWait(endpoints[side], `${local.address} ${local.port}`)) {
        endpoints[side] = { ...endpoints[side], kernel: [] };
        differs = isOwn = true;
      }
      if (sockets.length > 0 || this.served.has(`${local.address} ${local.port}`)) {
        isOwn = true;
        holders.push(...holdersOf(side, local, sockets.at(-1) ?? null, this.listeners, msOf(flow.firstPacket)));
      }
    }
    if (!isOwn) return flow;
    const notes = differs && !flow.notes.includes(KERNEL_DIFFERS) ? [...flow.notes, KERNEL_DIFFERS] : flow.notes;
    return { ...flow, endpoints, holders, notes };
  }

  /** Whether a socket that was there is not any more, by two looks in a row. */
  isGone(localAddress: string, localPort: number, remoteAddress: string, remotePort: number): boolean {
    const life = this.lives.get(keyOf(localAddress, localPort, remoteAddress, remotePort));
    return life !== null && life.gone !== null;
  }

  /** Whether somebody listened on a port, on whatever address, at the newest look. */
  listensNow(port: number): boolean {
    return this.listeners.since(port, this.looks.at(-1)?.begun ?? 0);
  }

  /** Whether somebody on this machine listens, or has listened, there. */
  isServed(address: string, port: number): boolean {
    return this.served.has(`${address} ${port}`);
  }

  /** All sockets of the newest look by state, also those beyond the bounds. */
  counts(): { states: Partial<Record<TcpState | 'LISTEN', number>> } {
    return { states: this.byState };
  }

  /** Sockets with a peer that are there now, in one of these states; a state's in no order. */
  *sockets(...states: readonly TcpState[]): Generator<KernelSocket> {
    for (const life of this.lives.all()) {
      if (life.missed === null && states.includes(life.stays.at(-1)!.state)) yield socketOf(life);
    }
  }

  /** The socket that is there now; null: none, or beyond the bounds. Takes a time that does not grow with their number. */
  socketOf(localAddress: string, localPort: number, remoteAddress: string, remotePort: number): KernelSocket | null {
    const life = this.lives.get(keyOf(localAddress, localPort, remoteAddress, remotePort));
    return life === null || life.missed !== null ? null : socketOf(life);
  }

  /** When a socket that is in TIME_WAIT now leaves it: at the earliest and at the latest, ms since 1970; null: there is none. */
  timeWaitUntil(
    localAddress: string,
    localPort: number,
    remoteAddress: string,
    remotePort: number,
  ): { until: number; latest: number } | null {
    const socket = this.socketOf(localAddress, localPort, remoteAddress, remotePort);
    if (socket?.state !== 'TIME_WAIT' || socket.until === null) return null;
    return { until: socket.until, latest: socket.until + this.latenessMs };
  }

  /** Timers end late by the granularity of their wheel: what was measured, or more where this kernel's were seen to be later. */
  private get latenessMs(): number {
    return Math.max((LINUX.timeWaitLatestNs - LINUX.timeWaitNs) / NS_PER_MS, this.lives.latenessMs);
  }

  private newestOf(flow: Flow, side: Side): Life | null {
    const [local, remote] = side === 'client' ? [flow.client, flow.server] : [flow.server, flow.client];
    return this.lives.get(keyOf(local.address, local.port, remote.address, remote.port));
  }

  /**
   * Whether an end is in TIME_WAIT by its packets, and looks in that time found no socket. Where an address translation passes a
   * connection on, none of its sockets is here: it must be one of a port with sockets in the tables.
   */
  private lacksTimeWait({ states, timeWait }: Endpoint, local: string): boolean {
    const found = states.find(({ state }) => state === 'TIME_WAIT');
    // A timer ends it, also where the capture had ended before.
    const span = found && { ...found, to: found.to ?? timeWait?.until ?? null };
    if (span === undefined || !this.served.has(local) || msOf(span.from) < this.lives.knownSince) return false;
    return sawWithin(span, this.looks);
  }
}

function hasPeer(entry: SocketEntry): entry is SocketEntry & { state: TcpState } {
  return entry.state !== 'LISTEN' && entry.state !== 'CLOSED';
}

function socketOf(life: Life): KernelSocket {
  const [localAddress = '', localPort, remoteAddress = '', remotePort] = life.key.split(' ');
  const { state, first, until } = life.stays.at(-1)!;
  return {
    localAddress,
    localPort: Number(localPort),
    remoteAddress,
    remotePort: Number(remotePort),
    state,
    since: (first.begun + first.ended) / 2,
    until,
    owners: life.owners,
  };
}
