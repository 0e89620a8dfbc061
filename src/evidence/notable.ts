import { ACK, FIN, RST, SYN } from '../decode/flags.ts';
import * as L from '../flow/layout.ts';
import type { Trail } from '../flow/trail.ts';
import * as T from '../flow/trail-layout.ts';
import type { FlowView } from '../flow/view.ts';
import * as S from '../tcp/states.ts';
import * as F from '../teardown/facts.ts';
import { type Cause, judgeReset } from '../teardown/reset-cause.ts';
import { NS_PER_SECOND, seqDiff } from '../units.ts';
import { INITIATORS } from './summary.ts';

/** A stay in a closing state. Times are ns since the capture's first second. */
export interface Stay {
  state: S.StateName;
  from: number;
  /** NaN while it lasts */
  to: number;
  /** seconds: what had passed when the capture ended, while it lasts; null where nobody saw the end */
  seconds: number | null;
  open: boolean;
  basis: (typeof F.BASES)[number];
  frames: readonly [number | null, number | null];
}

/** One end of a notable flow. */
export interface NotableEnd {
  /** the state that it ended in; null: nothing is known of it */
  state: S.StateName | null;
  /** FIN_WAIT_1, FIN_WAIT_2, CLOSING, CLOSE_WAIT and LAST_ACK */
  stays: readonly Stay[];
  finAt: number;
  finFrame: number | null;
  /** 0 where FINs of it have other numbers than the first */
  finRetransmissions: number;
  timeWait: {
    from: number;
    restarts: number;
    endedBy: (typeof F.ENDED_BY)[number];
    /** when it ended, NaN while nothing but its timer is to end it */
    endedAt: number;
    frames: readonly number[];
  } | null;
  /** payload that it sent, bytes */
  bytes: number;
  packets: number;
  /** its newest segment */
  lastAt: number;
  /** the flow's newest payload is its own */
  spokeLast: boolean;
  /** it sent payload, perhaps again, after it had acknowledged its peer's FIN */
  spokeAfterFin: boolean;
  /** payload that it received after its own FIN, bytes */
  halfCloseBytes: number;
  ttl: number;
}

export interface NotableReset {
  by: 'client' | 'server' | 'path';
  at: number;
  frame: number;
  cause: Cause;
  why: string;
  /** how long its sender, or who it was sent in the name of, had been silent, seconds */
  silence: number;
  /** payload of its receiver that its sender had not acknowledged before, bytes */
  cut: number;
  /** it has ACK, as the abort of a live socket: what a kernel replies without a socket has none */
  isAbort: boolean;
  ttl: number;
}

/** A flow that did not end as ordinary ones do, or lingered: what findings look at. */
export interface Notable {
  id: number;
  /** number of its service, and of its client's address; -1: has none */
  service: number;
  client: number;
  clientPort: number;
  kind: (typeof F.KINDS)[number];
  initiator: (typeof INITIATORS)[number];
  /** bits of F.NOTES */
  notes: number;
  opened: number;
  last: number;
  openFrame: number | null;
  /** when and by which frame the first SYN-ACK, or the RST, answered the SYN; NaN, null: it was not seen */
  answeredAt: number;
  answerFrame: number | null;
  /** SYNs that the client sent */
  syns: number;
  /** newest frame that the trail has */
  lastFrame: number | null;
  /** since when the end that spoke last has, to the millisecond: it waits for an answer. NaN: no payload */
  turnedAt: number;
  /** client and server */
  ends: readonly [NotableEnd, NotableEnd];
  reset: NotableReset | null;
  resetsIgnored: number;
  /** what it did to the flow that had its 4-tuple before */
  reuse: {
    previous: number;
    gapSeconds: number;
    inTimeWait: boolean;
    outcome: 'accepted' | 'challenged' | 'ignored';
  } | null;
}

/** @param view of the flow @param facts of its end @param end the capture's, ns in the flow's base @param offset to ns since the capture's first second */
export function notableOf(
  view: FlowView,
  trail: Trail,
  facts: F.Facts,
  end: number,
  offset: number,
  summary: { service: number; client: number; clientPort: number; initiator: number },
  reuse: Notable['reuse'],
): Notable {
  const { client } = facts;
  view.loadTrail(trail);
  const opening = firstOf(trail, client, SYN, 0);
  const answer = opening < 0 ? -1 : firstOf(trail, 1 - client, SYN | RST, opening);
  const time = (i: number) => (i < 0 ? Number.NaN : trail.time[i]! + offset);
  return {
    id: view.word(L.ID),
    service: summary.service,
    client: summary.client,
    clientPort: summary.clientPort,
    kind: F.KINDS[facts.kind]!,
    initiator: INITIATORS[summary.initiator]!,
    notes: facts.notes,
    opened: view.float(L.FIRST_TIME) + offset,
    last: view.float(L.LAST_TIME) + offset,
    openFrame: trail.count === 0 ? null : trail.frame[0]! >>> 0,
    answeredAt: time(answer),
    answerFrame: answer < 0 ? null : trail.frame[answer]! >>> 0,
    syns: count(trail, client, SYN),
    lastFrame: trail.count === 0 ? null : trail.frame[trail.count - 1]! >>> 0,
    turnedAt: view.turnedAt + offset,
    ends: [endOf(view, trail, facts, client, end, offset), endOf(view, trail, facts, 1 - client, end, offset)],
    reset: resetOf(view, trail, facts, offset),
    resetsIgnored: facts.resetsIgnored,
    reuse,
  };
}

function endOf(view: FlowView, trail: Trail, facts: F.Facts, x: number, end: number, offset: number): NotableEnd {
  const last = facts.lastState(x);
  const fin = firstOf(trail, x, FIN, 0);
  const from = facts.timeWaitFrom[x]!;
  return {
    state: last < 0 ? null : S.STATE_NAMES[last]!,
    stays: staysOf(facts, x, end, offset),
    finAt: facts.finAt[x]! + offset,
    finFrame: fin < 0 ? null : trail.frame[fin]! >>> 0,
    finRetransmissions: hasOtherFin(view, trail, x) ? 0 : view.retransmittedFins(x),
    timeWait: Number.isNaN(from)
      ? null
      : {
          from: from + offset,
          restarts: facts.timeWaitRestarts[x]!,
          endedBy: F.ENDED_BY[facts.timeWaitEndedBy[x]!]!,
          endedAt: facts.timeWaitEnd[x]! + offset,
          frames: facts.timeWaitFrames(x),
        },
    bytes: view.floatOf(x, L.BYTES),
    packets: view.of(x, L.PACKETS),
    lastAt: view.floatOf(x, L.SIDE_LAST_TIME) + offset,
    spokeLast: view.sideHas(x, L.DATA_LAST),
    spokeAfterFin: view.sideHas(x, L.DATA_AFTER_FIN_ACKED),
    halfCloseBytes: view.floatOf(x, L.HALF_CLOSE_BYTES),
    ttl: view.ttl(x),
  };
}

/** A FIN that ends elsewhere is not the first one again. */
function hasOtherFin(view: FlowView, trail: Trail, x: number): boolean {
  for (let i = 0; i < trail.count; i++) {
    if (trail.side[i] !== x || (trail.flags[i]! & FIN) === 0) continue;
    if (((trail.seq[i]! + trail.length[i]! + 1) | 0) !== view.of(x, L.FIN_END)) return true;
  }
  return false;
}

function staysOf(facts: F.Facts, x: number, end: number, offset: number): Stay[] {
  const stays: Stay[] = [];
  const count = facts.spans[x]!;
  for (let n = 0; n < count; n++) {
    const i = x * F.MAX_SPANS + n;
    const state = facts.spanState[i]!;
    if (state < S.FIN_WAIT_1 || state === S.TIME_WAIT) continue;
    const open = n === count - 1;
    const from = facts.spanFrom[i]!;
    const to = open ? Number.NaN : facts.spanFrom[i + 1]!;
    const unseen = !open && facts.hasUnseenEdge(x, i);
    const basis = Math.max(facts.spanBasis[i]!, open ? 0 : facts.spanBasis[i + 1]!);
    stays.push({
      state: S.STATE_NAMES[state]!,
      from: from + offset,
      to: to + offset,
      seconds: unseen ? null : Math.max(0, (open ? end : to) - from) / NS_PER_SECOND,
      open,
      basis: F.BASES[basis]!,
      frames: [facts.spanFrame[i]! || null, open ? null : facts.spanFrame[i + 1]! || null],
    });
  }
  return stays;
}

function resetOf(view: FlowView, trail: Trail, facts: F.Facts, offset: number): NotableReset | null {
  const i = facts.resetEntry;
  if (i < 0) return null;
  const { cause, why } = judgeReset(view, trail, facts);
  const sender = trail.side[i]!;
  const peer = 1 - sender;
  const pending = (trail.context[i]! & T.C_PEER_PENDING) !== 0 && (trail.context[i]! & T.C_OWN_ACKED) !== 0;
  const sent = view.of(peer, L.SND_MAX);
  // A FIN takes a number, and is no payload.
  const fin = view.sideHas(peer, L.FIN_SENT_FLAG) && sent === view.of(peer, L.FIN_END) ? 1 : 0;
  return {
    by: facts.resetBy === F.UNKNOWN ? 'path' : sender === facts.client ? 'client' : 'server',
    at: trail.time[i]! + offset,
    frame: trail.frame[i]! >>> 0,
    cause,
    why,
    silence: trail.silence[i]! / 10,
    cut: pending ? Math.max(0, seqDiff(sent, trail.ownAck[i]!) - fin) : 0,
    isAbort: (trail.flags[i]! & ACK) !== 0,
    ttl: trail.ttlId[i]! >>> 16,
  };
}

/** The first entry from `from` on of a side with one of the flags; -1. */
function firstOf(trail: Trail, side: number, flags: number, from: number): number {
  for (let i = from; i < trail.count; i++) {
    if (trail.side[i] === side && (trail.flags[i]! & flags) !== 0) return i;
  }
  return -1;
}

function count(trail: Trail, side: number, flag: number): number {
  let n = 0;
  for (let i = 0; i < trail.count; i++) if (trail.side[i] === side && (trail.flags[i]! & flag) !== 0) n++;
  return n;
}
