/** What a look at the kernel's socket tables finds: /proc/net/tcp and tcp6 (net/ipv4/tcp_ipv4.c, get_tcp4_sock and its neighbours). */

import type { TcpState } from '../report/types.ts';

/** A socket at the time of a look. */
export interface SocketEntry {
  /** as RFC 5952 writes it, IPv4 where a v6 socket is mapped; '0.0.0.0' or '::' for any */
  localAddress: string;
  localPort: number;
  remoteAddress: string;
  remotePort: number;
  /** whether it stands in tcp6: of '::' it listens on IPv4 too, unless IPV6_V6ONLY, which the table does not show */
  v6: boolean;
  /** kernel names: TCP_SYN_RECV and TCP_NEW_SYN_RECV are SYN_RECEIVED */
  state: TcpState | 'LISTEN';
  /**
   * ms until FIN_WAIT_2's or TIME_WAIT's timer ends the socket, to the clock tick (10 ms); null: no such timer runs. An
   * orphan's FIN_WAIT_2 may stand in the table as a time-wait socket with that substate
   */
  endsInMs: number | null;
  /** bytes not acknowledged yet, and received but not read; of a listener: connections that wait for accept() */
  txQueue: number;
  rxQueue: number;
  uid: number;
  /** 0: no process has it */
  inode: number;
}

/** One look. */
export interface SocketTable {
  /** ms since 1970, just before and just after the tables were read */
  begun: number;
  ended: number;
  sockets: SocketEntry[];
}

/** A process that has a socket open. */
export interface Owner {
  pid: number;
  /** /proc/PID/comm: 15 bytes at most */
  name: string;
}
