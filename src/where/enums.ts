/** What the report's enumerated fields can be, for errors that name the nearest. */

import type {
  Basis,
  CloseShape,
  Handshake,
  Holder,
  Initiator,
  Kind,
  Orientation,
  Reset,
  ResetCause,
  ResetOrigin,
  Reuse,
  Role,
  Side,
  TcpState,
  TimeWait,
} from '../report/types.ts';

/** The keys of a record that must name every member of the type: a member more or less is a compile error. */
function members<T extends string>(all: Readonly<Record<T, true>>): readonly string[] {
  return Object.keys(all);
}

export const ORIENTATIONS = members<Orientation>({ handshake: true, port: true, 'first-packet': true });

export const HANDSHAKES = members<Handshake>({
  complete: true,
  partial: true,
  refused: true,
  unanswered: true,
  'not-captured': true,
});

export const KINDS = members<Kind>({
  graceful: true,
  simultaneous: true,
  'half-closed': true,
  aborted: true,
  'aborted-after-fin': true,
  refused: true,
  unanswered: true,
  open: true,
});

export const CLOSE_SHAPES = members<CloseShape>({
  'four-segment': true,
  'three-segment': true,
  simultaneous: true,
  'half-close': true,
  rst: true,
  'fin-rst': true,
  none: true,
  unknown: true,
});

export const INITIATORS = members<NonNullable<Initiator>>({ client: true, server: true, both: true, unknown: true });

export const ROLES = members<Role>({
  'active-closer': true,
  'passive-closer': true,
  'simultaneous-closer': true,
  aborter: true,
  aborted: true,
  none: true,
  unknown: true,
});

export const TCP_STATES = members<TcpState>({
  SYN_SENT: true,
  SYN_RECEIVED: true,
  ESTABLISHED: true,
  FIN_WAIT_1: true,
  FIN_WAIT_2: true,
  CLOSING: true,
  TIME_WAIT: true,
  CLOSE_WAIT: true,
  LAST_ACK: true,
  CLOSED: true,
});

export const SOCKET_STATES = members<Holder['state']>({
  ...(Object.fromEntries(TCP_STATES.map((state) => [state, true])) as Record<TcpState, true>),
  LISTEN: true,
});

export const HOLDINGS = members<Holder['socket']>({ connection: true, listener: true });

export const SIDES = members<Side>({ client: true, server: true });

export const BASES = members<Basis>({ observed: true, inferred: true, assumed: true, kernel: true });

export const TIME_WAIT_ENDS = members<TimeWait['endedBy']>({
  timer: true,
  reuse: true,
  rst: true,
  kernel: true,
  'capture-end': true,
});

export const RESET_BY = members<NonNullable<Reset['by']>>({ client: true, server: true, unknown: true });

export const RESET_ORIGINS = members<ResetOrigin>({ client: true, server: true, path: true });

export const RESET_CAUSES = members<ResetCause>({
  refused: true,
  'linger-zero': true,
  'unread-data': true,
  'data-after-close': true,
  'keepalive-timeout': true,
  'listener-closed': true,
  'no-such-connection': true,
  'middlebox-suspected': true,
  unknown: true,
});

export const REUSE_OUTCOMES = members<Reuse['outcome']>({ accepted: true, challenged: true, ignored: true });

/** Zeek's documentation of conn.log. */
export const CONN_STATES: readonly string[] = [
  'S0',
  'S1',
  'SF',
  'REJ',
  'S2',
  'S3',
  'RSTO',
  'RSTR',
  'RSTOS0',
  'RSTRH',
  'SH',
  'SHR',
  'OTH',
];
