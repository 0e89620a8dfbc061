import { ACK, FIN } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import { C_OWN_ACKED, C_PEER_DATA_LAST, E_HAS_TS, type Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import { seqAfter } from '../units.ts';
import * as F from './facts.ts';
import { isBare, isForeign } from './resets.ts';

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

/** Unanswered probes after which an abort is the keepalive timer's (Linux sends tcp_keepalive_probes = 9). */
const PROBES = 2;

/**
 * Why an RST was sent, by its shape and its context (as Linux sends them). An owner's abort carries
 * ACK, options and a window; the reply of a kernel without a socket is bare: no options, window 0.
 */
export function judgeReset(view: FlowView, trail: Trail, facts: F.Facts): Judgement {
  const i = facts.resetEntry;
  const sender = trail.side[i]!;
  if (facts.kind === F.KIND_REFUSED) {
    return { cause: 'refused', why: 'an RST answered the SYN: nobody listened on that port' };
  }
  if (facts.resetBy === F.UNKNOWN && !isForeign(view, trail, i)) {
    return {
      cause: 'middlebox-suspected',
      why: 'the end in whose name the RST came went on sending, so something on the path made it',
    };
  }
  if (isForeign(view, trail, i)) {
    const [ttl, usual] = [trail.ttlId[i]! >>> 16, view.ttl(sender)];
    return {
      cause: 'middlebox-suspected',
      why: `the RST came with TTL ${ttl}, other segments of that end with ${usual}: something on the path may have made it`,
    };
  }
  return isBare(trail, i) ? judgeReply(view, trail, i, sender) : judgeAbort(view, trail, i, sender);
}

/** No options and window 0: a kernel answered a segment for which it had no socket (tcp_v4_send_reset). */
function judgeReply(view: FlowView, trail: Trail, i: number, sender: number): Judgement {
  const hadClosed = view.sideHas(sender, L.FIN_SENT_FLAG) && closedBefore(trail, sender, i);
  if (hadClosed && view.floatOf(sender, L.HALF_CLOSE_BYTES) > 0) {
    return {
      cause: 'data-after-close',
      why: 'that end had closed, then data reached it: the kernel answers data for a closed socket with an RST',
    };
  }
  if (hadClosed) {
    return {
      cause: 'no-such-connection',
      why: 'that end had closed, and its socket was gone when the segment came that the RST answers',
    };
  }
  return {
    cause: 'no-such-connection',
    why: 'a bare RST (window 0, no options) answers a segment of a connection that its sender does not know',
  };
}

/** With ACK and a window: the application or its end aborted a live socket. */
function judgeAbort(view: FlowView, trail: Trail, i: number, sender: number): Judgement {
  const probes = trail.probes[i]!;
  if (probes >= PROBES) {
    return { cause: 'keepalive-timeout', why: `${probes} keepalive probes before it were not answered` };
  }
  const hasAck = (trail.flags[i]! & ACK) !== 0;
  const hadAcked = (trail.context[i]! & C_OWN_ACKED) !== 0;
  if (hasAck && hadAcked && seqAfter(trail.ack[i]!, trail.ownAck[i]!)) {
    return {
      cause: 'unread-data',
      why: 'the RST acknowledges data that had not been acknowledged before: it was closed, or died, with data unread',
    };
  }
  const seenFromStart = view.sideHas(sender, L.SYN_SENT_FLAG) && !view.sideHas(sender, L.FIN_SENT_FLAG);
  if (seenFromStart && !view.sideHas(sender, L.DATA_SENT) && sender !== view.clientSide) {
    return {
      cause: 'unknown',
      why: 'the server aborted a connection on which it never answered: a listener closed with connections pending, SO_LINGER 0, or unread data; the packets cannot tell',
    };
  }
  if ((trail.context[i]! & C_PEER_DATA_LAST) !== 0) {
    return {
      cause: 'unknown',
      why: 'the peer had sent data last: SO_LINGER 0, or a close with that data unread; the packets cannot tell',
    };
  }
  const signature = (trail.meta[i]! & E_HAS_TS) !== 0 || trail.window[i] !== 0;
  return {
    cause: 'linger-zero',
    why: signature
      ? 'a live socket was aborted with nothing left to read: SO_LINGER 0, or an abort by the runtime'
      : 'an abort with nothing left to read',
  };
}

function closedBefore(trail: Trail, side: number, entry: number): boolean {
  for (let i = 0; i < entry; i++) {
    if (trail.side[i] === side && (trail.flags[i]! & FIN) !== 0) return true;
  }
  return false;
}
