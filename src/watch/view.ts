/** What a live capture shows at one moment: all that the screen and the metrics are made of. Times are ms since 1970. */

import type { ServiceTotals } from '../report/services.ts';
import type { Finding, Holder, Initiator, Kind, LiveSource, PerSide, Side, TcpState } from '../report/types.ts';

/** Sockets by their state. */
export type StateCounts = Partial<Record<TcpState, number>>;

export interface LiveView {
  now: number;
  startedAt: number;
  source: LiveSource;
  /** captured since the start */
  packets: number;
  tcpPackets: number;
  /** of the last two seconds or so */
  packetsPerSecond: number;
  /** by the kernel since the start, as last told; null: the capture program does not tell, or has not yet */
  dropped: number | null;
  /** connections since the start, and those of which a socket is still there, TIME_WAIT included */
  flows: { total: number; present: number };
  /** sockets that are present, by their state at each end */
  states: PerSide<StateCounts>;
  /** who closed first, over all connections that have closed in the period at hand, or since the start */
  services: ServiceTotals;
  /** ports with sockets in TIME_WAIT, the most sockets first; at most MOST_PORTS */
  timeWait: TimeWaitPort[];
  /** sockets in FIN_WAIT_2 and CLOSE_WAIT, the oldest first; at most MOST_LINGERING */
  lingering: LingeringSocket[];
  /** the newest first; as of `findingsAt` */
  findings: Finding[];
  /** null: not judged yet */
  findingsAt: number | null;
  /** connections that are present, those with the newest packet first; at most MOST_ROWS */
  rows: LiveFlow[];
  /** this machine's own sockets as its kernel has them; null: not Linux, or switched off */
  kernel: KernelCounts | null;
}

export const MOST_PORTS = 200;
export const MOST_LINGERING = 200;
export const MOST_ROWS = 2_000;

export interface TimeWaitPort {
  address: string;
  /** null: all ports of a client, which has another one for each connection */
  port: number | null;
  /** the end that has these sockets */
  side: Side;
  sockets: number;
  /** when the first and the last of them is gone, by the timers at the latest */
  firstFree: number;
  lastFree: number;
  /** kernel: as this machine's kernel has the timers; assumed: by the system's profile */
  basis: 'kernel' | 'assumed';
}

export interface LingeringSocket {
  /** of its connection; null: none of its packets was captured */
  id: number | null;
  state: 'FIN_WAIT_2' | 'CLOSE_WAIT';
  side: Side;
  /** address:port of the socket, and of its peer */
  local: string;
  peer: string;
  /** of a socket that only the kernel knows, the first look that found it so: it may be older */
  since: number;
  /** the process that has it, where it is this machine's and rights allow */
  holder: Holder | null;
}

export interface LiveFlow {
  id: number;
  /** address:port */
  client: string;
  server: string;
  /** null: not known */
  states: PerSide<TcpState | null>;
  openedAt: number;
  lastPacketAt: number;
  packets: number;
  kind: Kind;
  initiator: Initiator;
}

export interface KernelCounts {
  /** sockets of this machine by state, those without traffic too: ss -s */
  states: Partial<Record<TcpState | 'LISTEN', number>>;
}
