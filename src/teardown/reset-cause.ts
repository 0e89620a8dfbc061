import { ACK, FIN } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import {
  C_MISSING,
  C_OWN_ACKED,
  C_PEER_ACKED,
  C_PEER_DATA_LAST,
  C_PEER_PENDING,
  C_PEER_ZERO_WINDOW,
  C_SENT,
  type Trail,
} from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import { NS_PER_SECOND, seqAfter, seqAtOrAfter, seqDiff } from '../units.ts';
import * as F from './facts.ts';
import {
  foreignSigns,
  hasNoKnownShape,
  lastStamped,
  SIGN_BOTH,
  SIGN_CLOCK,
  SIGN_ID,
  SIGN_OPTIONS,
  SIGN_SHAPE,
  SIGN_TTL,
} from './reset-origin.ts';

export type Cause =
  | 'refused'
  | 'linger-zero'
  | 'unread-data'
  | 'data-after-close'
  | 'keepalive-timeout'
  | 'listener-closed'
  | 'no-such-connection'
  | 'middlebox-suspected'
  | 'unknown';

export interface Judgement {
  cause: Cause;
  /** what in the packets says so, and what they leave open */
  why: string;
}

/** An RST, and what its causes are told by. */
interface Case {
  view: FlowView;
  trail: Trail;
  facts: F.Facts;
  /** its entry */
  i: number;
  sender: number;
  /** the sender's name, and the other end's */
  who: string;
  peer: string;
}

/** Unanswered probes after which an abort is the keepalive timer's (Linux sends tcp_keepalive_probes = 9). */
const PROBES = 2;

/** A silence before an RST that is worth telling: tenths of a second. */
const SILENCE = 100;

/** Programs rarely read more at once, bytes: who answers a longer message may have left part of it unread. */
const READ_AT_ONCE = 16_384;

/**
 * Why an RST was sent, by its shape and its context (as Linux sends them). A live socket's abort carries ACK, options
 * and a window (tcp_send_active_reset); the reply of a kernel without a socket none of them (tcp_v4_send_reset).
 */
export function judgeReset(view: FlowView, trail: Trail, facts: F.Facts): Judgement {
  const i = facts.resetEntry;
  const sender = trail.side[i]!;
  const [who, peer] = sender === facts.client ? ['client', 'server'] : ['server', 'client'];
  const reset: Case = { view, trail, facts, i, sender, who: who!, peer: peer! };
  if (facts.kind === F.KIND_REFUSED) {
    return {
      cause: 'refused',
      why: 'an RST answered the SYN: nobody listened on that port, or a firewall in its place rejected the SYN',
    };
  }
  if (facts.resetBy === F.UNKNOWN) return judgeForeign(reset);
  if ((trail.context[i]! & C_MISSING) !== 0) {
    return { cause: 'unknown', why: 'the flow had so many segments that what preceded the RST was not kept' };
  }
  if (hasNoKnownShape(trail, i)) {
    return {
      cause: 'unknown',
      why: `the RST has a window and no ACK: a system's abort has both, its reply without a socket neither, so something on the path may have made it${afterSilence(reset)}`,
    };
  }
  return (trail.flags[i]! & ACK) === 0 ? judgeReply(reset) : judgeAbort(reset);
}

/** Something on the path seems to have made it. */
function judgeForeign(reset: Case): Judgement {
  const { view, trail, i, sender, who, peer } = reset;
  const signs = foreignSigns(view, trail, i);
  const told: string[] = [];
  if ((signs & SIGN_TTL) !== 0) {
    told.push(`the RST has TTL ${trail.ttlId[i]! >>> 16}, other segments of the ${who} have ${view.ttl(sender)}`);
  }
  if ((signs & SIGN_ID) !== 0) {
    told.push(`its IP identification is ${trail.ttlId[i]! & 0xffff}, the ${who} had come to ${trail.lastId[i]}`);
  }
  if ((signs & SIGN_OPTIONS) !== 0) told.push(`it lacks the timestamps that a live socket of the ${who} would send`);
  if ((signs & SIGN_SHAPE) !== 0) {
    told.push(`it has a window and no ACK, where a live socket's abort has both and a reply without a socket neither`);
  }
  if ((signs & SIGN_CLOCK) !== 0) {
    const passed = trail.time[i]! - trail.time[lastStamped(trail, i)]!;
    told.push(`its timestamp is one of ${lasting(passed)} before`);
  }
  if ((signs & SIGN_BOTH) !== 0) {
    told.push(`one just like it came in the ${peer}'s name, before either end could have had the other's`);
  }
  if (signs === 0) told.push(`the ${who}, in whose name the RST came, went on sending`);
  return {
    cause: 'middlebox-suspected',
    why: `${told.join('; ')}${afterSilence(reset)}: something on the path, a firewall or a load balancer, may have made it`,
  };
}

/** No ACK: a kernel answered a segment for which it had no socket. */
function judgeReply(reset: Case): Judgement {
  const { trail, i, view, sender, who, peer } = reset;
  const fin = finBefore(trail, sender, i);
  if (fin >= 0) {
    const before = trail.time[i]! - trail.time[fin]!;
    const since = before >= NS_PER_SECOND ? ` ${lasting(before)} before` : '';
    if ((trail.context[i]! & C_PEER_PENDING) !== 0) {
      return {
        cause: 'data-after-close',
        why: `the ${who} had closed${since}, then data reached it: a kernel answers data for a closed socket with an RST`,
      };
    }
    const answered = finBefore(trail, 1 - sender, i) >= 0 || view.sideHas(1 - sender, L.PROBES_MASK);
    const unseen = answered ? '' : ', which the capture lacks or which carried nothing new';
    return {
      cause: 'no-such-connection',
      why: `the ${who} had closed${since}, and its socket was gone when the segment came that the RST answers${unseen}`,
    };
  }
  const saysNothing = (trail.context[i]! & (C_OWN_ACKED | C_SENT)) === 0;
  if (saysNothing && view.sideHas(1 - sender, L.SYN_ACKED | L.SYN_SENT_FLAG)) {
    // Of a client nothing but the RST was captured, or of a server.
    return { cause: 'no-such-connection', why: `the ${who}'s kernel had no socket for what the ${peer} sent` };
  }
  if (view.sideHas(sender, L.SYN_SENT_FLAG) && (trail.context[i]! & C_OWN_ACKED) === 0) {
    return {
      cause: 'no-such-connection',
      why: `the ${who} answered the SYN-ACK with an RST, without a socket: a port scan, or its connect() had been given up`,
    };
  }
  if (view.sideHas(sender, L.SYN_SENT_FLAG) && sender !== reset.facts.client && !hasSentData(reset)) {
    return {
      cause: 'no-such-connection',
      why: "the server's kernel had sent the SYN-ACK, but had no socket for what followed: the listener was closed meanwhile, or its queue was full (tcp_abort_on_overflow)",
    };
  }
  const known = trail.silence[i]! >= SILENCE ? `, which was the ${who}'s ${lasting(silence(reset))} before` : '';
  return {
    cause: 'no-such-connection',
    why: `a bare RST answers a segment of a connection that its sender does not know${known}: it restarted, had dropped the connection, or something on the path forgot it`,
  };
}

/** With ACK: the application or its end aborted a live socket. */
function judgeAbort(reset: Case): Judgement {
  const { view, trail, i, sender, who, peer } = reset;
  const context = trail.context[i]!;
  const probes = trail.probes[i]!;
  const idle = (context & (C_SENT | C_PEER_ACKED)) !== (C_SENT | C_PEER_ACKED) || trail.sndMax[i] === trail.peerAck[i];
  if (probes >= PROBES && idle) {
    if ((context & C_PEER_ZERO_WINDOW) === 0) {
      return {
        cause: 'keepalive-timeout',
        why: `${probes} keepalive probes before it were not answered: the ${peer} was gone, or out of reach`,
      };
    }
    return {
      cause: 'unknown',
      why: `the ${peer} had closed its window and no longer answered: the ${who} gave up after ${probes} probes, or its program aborted`,
    };
  }
  const unread = newlyAcknowledged(reset);
  if (unread > 0) {
    return {
      cause: 'unread-data',
      why: `the RST is the first to acknowledge ${unread === 1 ? 'the last byte' : `the last ${unread} bytes`} of the ${peer}: the ${who} closed, or died, with data unread, unless it had read them just before`,
    };
  }
  const received = view.floatOf(1 - sender, L.BYTES);
  if (!view.sideHas(1 - sender, L.SENT) || (received === 0 && isLateStart(view))) {
    return {
      cause: 'unknown',
      why: `a live socket was aborted; the capture has too little of what the ${peer} sent to say if data was left unread (SO_LINGER 0 if none was)`,
    };
  }
  const opened = view.sideHas(sender, L.SYN_SENT_FLAG) && finBefore(trail, sender, i) < 0;
  if (opened && sender !== reset.facts.client && !hasSentData(reset)) {
    const ways =
      received > 0
        ? 'a listener closed before it was accepted, a close with data unread, or SO_LINGER 0'
        : 'a listener closed before it was accepted, or SO_LINGER 0';
    return {
      cause: 'unknown',
      why: `the server aborted a connection on which it had sent nothing: ${ways}`,
    };
  }
  if ((context & C_PEER_DATA_LAST) !== 0 || received > READ_AT_ONCE) {
    const seen =
      (context & C_PEER_DATA_LAST) !== 0 ? `the ${peer} had sent data last` : `the ${peer} had sent much data`;
    return {
      cause: 'unknown',
      why: `${seen}: SO_LINGER 0, or a close with data unread; nstat on the ${who} can tell: TcpExtTCPAbortOnData counts the one, TcpExtTCPAbortOnClose the other`,
    };
  }
  const left =
    received === 0
      ? `the ${peer} had sent no data, so that none was unread`
      : `the ${who} had sent data last, so that nothing seems left unread`;
  return {
    cause: 'linger-zero',
    why: `a live socket was aborted; ${left}: SO_LINGER 0, or an abort by the runtime${afterSilence(reset)}`,
  };
}

/** A side's first FIN before entry `i`; -1 if none. */
function finBefore(trail: Trail, side: number, i: number): number {
  for (let j = 0; j < i; j++) {
    if (trail.side[j] === side && (trail.flags[j]! & FIN) !== 0) return j;
  }
  return -1;
}

/** Whether the capture began after the connection. */
function isLateStart(view: FlowView): boolean {
  return !view.sideHas(0, L.SYN_SENT_FLAG) && !view.sideHas(1, L.SYN_SENT_FLAG);
}

function hasSentData({ view, sender }: Case): boolean {
  return view.sideHas(sender, L.DATA_SENT);
}

/** Bytes of payload that the RST is the first to acknowledge; the peer's FIN is none. */
function newlyAcknowledged({ view, trail, i, sender }: Case): number {
  if ((trail.context[i]! & C_OWN_ACKED) === 0) return 0;
  const [ack, before] = [trail.ack[i]!, trail.ownAck[i]!];
  if (!seqAfter(ack, before)) return 0;
  const finEnd = view.of(1 - sender, L.FIN_END);
  const isFin = view.sideHas(1 - sender, L.FIN_SENT_FLAG) && seqAtOrAfter(ack, finEnd) && seqAfter(finEnd, before);
  return seqDiff(ack, before) - (isFin ? 1 : 0);
}

/** How long the sender had been silent before the RST, ns. */
function silence({ trail, i }: Case): number {
  return (trail.silence[i]! / 10) * NS_PER_SECOND;
}

function afterSilence(reset: Case): string {
  const { trail, i, who } = reset;
  return trail.silence[i]! < SILENCE ? '' : ` (after ${lasting(silence(reset))} without a segment of the ${who})`;
}

/** A time of a second and more in one number. @param time ns */
function lasting(time: number): string {
  const seconds = Math.round(time / NS_PER_SECOND);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
