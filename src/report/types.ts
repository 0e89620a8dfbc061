/**
 * The report as data: teardown.report/1. Field names are the contract (schema/report.schema.json).
 * Times are RFC 3339 in UTC with nine decimals, durations are seconds, what isn't known is null and never absent.
 */

import type { Cause } from '../teardown/reset-cause.ts';
import type { Assumption, Capture, Encapsulation } from './capture-types.ts';

export type * from './capture-types.ts';

export type Side = 'client' | 'server';

/** RFC 9293 section 3.3.2. */
export type TcpState =
  | 'SYN_SENT'
  | 'SYN_RECEIVED'
  | 'ESTABLISHED'
  | 'FIN_WAIT_1'
  | 'FIN_WAIT_2'
  | 'CLOSING'
  | 'TIME_WAIT'
  | 'CLOSE_WAIT'
  | 'LAST_ACK'
  | 'CLOSED';

/** How a fact is known: see the README's glossary. */
export type Basis = 'observed' | 'inferred' | 'assumed' | 'kernel';

export type Orientation = 'handshake' | 'port' | 'first-packet';
export type Handshake = 'complete' | 'partial' | 'refused' | 'unanswered' | 'not-captured';
export type Kind =
  | 'graceful'
  | 'simultaneous'
  | 'half-closed'
  | 'aborted'
  | 'aborted-after-fin'
  | 'refused'
  | 'unanswered'
  | 'open';
export type CloseShape =
  | 'four-segment'
  | 'three-segment'
  | 'simultaneous'
  | 'half-close'
  | 'rst'
  | 'fin-rst'
  | 'none'
  | 'unknown';
export type Initiator = 'client' | 'server' | 'both' | 'unknown' | null;
export type Role =
  | 'active-closer'
  | 'passive-closer'
  | 'simultaneous-closer'
  | 'aborter'
  | 'aborted'
  | 'none'
  | 'unknown';
export type ResetCause = Cause;

export interface Address {
  address: string;
  port: number;
}

/** A value for each side. */
export interface PerSide<T> {
  client: T;
  server: T;
}

/** A stay in one state. Spans of an endpoint touch, never overlap, and are in time order. */
export interface Span {
  state: TcpState;
  from: string;
  /** null while open */
  to: string | null;
  /** `to` - `from`; for an open span what had passed at the capture's last packet; null where nobody saw the end */
  seconds: number | null;
  basis: Basis;
  open: boolean;
  /** bound of the error in `seconds` that the capture point causes; 0 exact; null for lower bounds and unknown ends */
  plusMinus: number | null;
  /** [the segment that begins it, the segment that ends it]; null where there is none */
  frames: [number | null, number | null];
}

export interface TimeWait {
  from: string;
  /** earliest end by the operating system's timers */
  until: string;
  /** latest end by their granularity */
  untilLatest: string;
  basis: Basis;
  /** how often a segment restarted the 2MSL timer */
  restarts: number;
  /** kernel: its socket was gone before its timer ended, and no packet shows why; `until` to `untilLatest` is when */
  endedBy: 'timer' | 'reuse' | 'rst' | 'kernel' | 'capture-end';
  /** the segments that began, restarted and ended it */
  frames: number[];
}

export interface Endpoint {
  role: Role;
  states: Span[];
  finWait1Seconds: number | null;
  finWait2Seconds: number | null;
  closingSeconds: number | null;
  timeWaitSeconds: number | null;
  closeWaitSeconds: number | null;
  lastAckSeconds: number | null;
  /** first transmission of its FIN, as captured */
  finAt: string | null;
  /** first segment that acknowledges its FIN, as captured */
  finAckedAt: string | null;
  finRetransmissions: number;
  /** payload bytes that it received after its own FIN */
  halfCloseBytes: number;
  timeWait: TimeWait | null;
  /** live: its socket as the kernel of this machine had it, looked at about once a second; empty: looks found none; null: not this machine's, or not seen */
  kernel: KernelSpan[] | null;
}

/** A state in which a look at the kernel's tables found a socket. */
export interface KernelSpan {
  state: TcpState;
  /** the first and the last look that found it so */
  from: string;
  to: string;
  /** when the kernel's timer of FIN_WAIT_2 or TIME_WAIT ends it, as last told; null: none runs */
  until: string | null;
}

export interface Reset {
  by: Side | 'unknown' | null;
  at: string | null;
  frame: number | null;
  cause: ResetCause | null;
  why: string | null;
  /** RSTs that ended nothing */
  ignored: number;
}

export interface Reuse {
  previous: number;
  gapSeconds: number;
  inTimeWait: boolean;
  outcome: 'accepted' | 'challenged' | 'ignored';
}

/** Who sent an RST: an end, whose own capture shows it leave, or something on the path between the captures. */
export type ResetOrigin = Side | 'path';

/** What two captures tell of a flow (compare). */
export interface Comparison {
  /** server's clock minus the client's at the flow's first packet: by so much the server's times were moved */
  offsetSeconds: number | null;
  /** how fast that grows; null where the captures are too short to tell */
  driftPpm: number | null;
  /** bound of the error in `offsetSeconds` */
  plusMinus: number | null;
  /** segments that left the one capture and did not come to the other; null where that can't be told */
  lost: { toServer: number | null; toClient: number | null };
  /** of the RST that ended the flow, else of the first that ended nothing; null without one, or where it can't be told */
  resetOrigin: ResetOrigin | null;
}

/** What a comparison of two captures found, over all flows: what a summary says beside the report. */
export interface ComparisonTotals {
  /** flows in both captures, in the client's alone, in the server's alone */
  joined: number;
  onlyClient: number;
  onlyServer: number;
  /** at the first packet; null where nothing was seen at both ends in both directions */
  offsetSeconds: number | null;
  driftPpm: number | null;
  plusMinus: number | null;
  /** sums over the flows of which it can be told */
  lost: { toServer: number; toClient: number };
  /** flows with losses */
  lossy: number;
  /** flows with an RST, by its origin */
  resets: { client: number; server: number; path: number };
  /** segments came before they were sent: the captures seem to be named in the wrong order */
  exchanged: boolean;
}

/** A process that has a socket of a connection, or listens on its port. */
export interface Holder {
  /** which end's */
  side: Side;
  pid: number;
  /** its name, as in /proc/PID/comm: 15 bytes at most */
  name: string;
  /** LISTEN: it listens on that end's port; connection: it has that end's own socket */
  socket: 'connection' | 'listener';
  /** of the socket as the kernel had it last; LISTEN of a listener */
  state: TcpState | 'LISTEN';
  /** when it was seen last */
  at: string;
}

export interface Flow {
  id: number;
  communityId: string | null;
  client: Address;
  server: Address;
  orientation: Orientation;
  handshake: Handshake;
  firstPacket: string;
  lastPacket: string;
  /** captured copies, duplicates included */
  packets: PerSide<number>;
  /** payload, retransmissions not counted again */
  bytes: PerSide<number>;
  /** smallest round trip from the capture point to that endpoint and back, seconds */
  rtt: PerSide<number | null>;
  kind: Kind;
  closeShape: CloseShape;
  initiator: Initiator;
  closedAt: string | null;
  reset: Reset | null;
  reuse: Reuse | null;
  encapsulation: Encapsulation | null;
  endpoints: PerSide<Endpoint>;
  /** live, of ends on this machine: who has their sockets; null: not live */
  holders: Holder[] | null;
  /** compare: what two capture points tell */
  comparison: Comparison | null;
  notes: string[];
  /** Zeek's history letters */
  history: string;
  /** Zeek's conn_state */
  connState: string;
  wiresharkFilter: string | null;
}

export type Severity = 'info' | 'warning' | 'critical';
export type Confidence = 'certain' | 'likely' | 'possible';

/** A judgement on the facts: src/findings/. */
export interface Finding {
  rule: string;
  severity: Severity;
  title: string;
  because: string;
  doThis: string[];
  confidence: Confidence;
  /** address:port, or an address where it concerns all ports of a host */
  endpoint: string | null;
  /** ids of flows that show it: some of `flowCount` */
  flows: number[];
  flowCount: number;
  frames: number[];
  at: string | null;
  until: string | null;
  rfc: string | null;
  /** shows the flows in Wireshark */
  wiresharkFilter: string | null;
}

/** When bind() of a new socket to the port fails, by which of both has SO_REUSEADDR; null: the profile does not say. */
export interface BindFailures {
  neither: boolean | null;
  newOnly: boolean | null;
  oldOnly: boolean | null;
  both: boolean | null;
}

export interface PortInterval {
  from: string;
  /** by timers at the earliest; null: not when the capture ended */
  until: string | null;
  untilLatest: string | null;
  basis: Basis;
  /** sockets with a peer */
  flows: number;
  /** LISTEN: somebody listened. The others by the state in which they hold the port to its end */
  states: Partial<Record<TcpState | 'LISTEN', number>>;
  bindFails: BindFailures;
}

export interface PortLedger {
  address: string;
  port: number;
  role: Side;
  os: string;
  /** in time order; touching ones differ in when bind() fails */
  intervals: PortInterval[];
  /** the latest end, a listener apart; null: not known, as a socket was there without an end in sight when the capture ended */
  freeAt: string | null;
  freeAtLatest: string | null;
  freeAtBasis: Basis | null;
}

export interface Totals {
  flows: number;
  byKind: Partial<Record<Kind, number>>;
  byInitiator: Partial<Record<'client' | 'server' | 'both' | 'unknown' | 'none', number>>;
  finWait2: { count: number; p50: number | null; p90: number | null; p99: number | null; max: number | null };
  /** `until`: the latest end, by the timers where nothing ended it */
  timeWait: { count: number; peak: number; peakAt: string | null; until: string | null };
}

export interface Report {
  schema: 'teardown.report/1';
  tool: { name: 'pcap-teardown'; version: string };
  capture: Capture;
  assumptions: Record<string, Assumption>;
  totals: Totals;
  findings: Finding[];
  ports: PortLedger[];
  /** ascending by id; at most maxFlows of them, the most interesting kept: compare with totals.flows */
  flows: Flow[];
}
