import { ACK, FIN, RST, SYN } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import { E_CONTIGUOUS, type Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import { seqAfter, seqAtOrAfter, seqDiff } from '../units.ts';
import { type Deliveries, FIN_NONE, FIN_OBSERVED, hasNoPureAcks } from './deliveries.ts';
import * as F from './facts.ts';
import { changedPlaces } from './resets.ts';

/** What an end knew of its peer's FIN when it sent its own. */
export const KNEW = 1;
export const KNEW_NOT = 0;
export const CANNOT_TELL = -1;

/** Numbers that are further apart (bytes) are not of the same moments of a connection. */
const NEAR = 1 << 20;

/**
 * Whose FIN began the close: 0, 1, BOTH, UNKNOWN, or NOBODY where there is none. Acknowledgement numbers say whether each
 * end had the other's FIN when it sent its own; the order in the capture says nothing.
 */
export function firstFin(view: FlowView, trail: Trail, deliveries: Deliveries): number {
  const fin0 = deliveries.fin[0] !== FIN_NONE;
  const fin1 = deliveries.fin[1] !== FIN_NONE;
  if (!fin0 && !fin1) return F.NOBODY;
  if (!fin0 || !fin1) {
    const x = fin0 ? 0 : 1;
    const first = whatItKnew(view, trail, deliveries, x) === KNEW_NOT && !peerMayHaveClosed(view, trail, deliveries, x);
    return first ? x : F.UNKNOWN;
  }
  const knew0 = whatItKnew(view, trail, deliveries, 0);
  const knew1 = whatItKnew(view, trail, deliveries, 1);
  if (knew0 === KNEW_NOT && knew1 === KNEW_NOT) return F.BOTH;
  if (knew1 === KNEW && knew0 !== KNEW) return 0;
  if (knew0 === KNEW && knew1 !== KNEW) return 1;
  return F.UNKNOWN;
}

/**
 * Whether `x` had its peer's FIN when it sent its own: KNEW, KNEW_NOT, or CANNOT_TELL where the capture lacks what would
 * tell. It can miss the first transmission of a FIN, and a later one acknowledges what has come since.
 */
export function whatItKnew(view: FlowView, trail: Trail, deliveries: Deliveries, x: number): number {
  if (deliveries.fin[x] === FIN_NONE) return CANNOT_TELL;
  if (deliveries.fin[1 - x] === FIN_NONE) return knewOfUnseen(view, trail, deliveries, x);
  const peerEnd = deliveries.finEnd[1 - x]!;
  const end = deliveries.finEnd[x]!;
  const proof = deliveries.finProof[x]!;
  const sent = deliveries.finSent[x]!;
  let missed = deliveries.fin[x] !== FIN_OBSERVED;
  for (let i = 0; i < trail.count; i++) {
    const flags = trail.flags[i]!;
    if (trail.side[i] !== x || (flags & (SYN | RST | ACK)) !== ACK) continue;
    const covers = proof >= 0 && i >= proof && seqAtOrAfter(trail.ack[i]!, peerEnd);
    const beyond = seqDiff(trail.seq[i]!, end);
    const behind = beyond >= 0 && beyond < NEAR;
    if (!covers && (behind || (flags & FIN) !== 0)) return KNEW_NOT;
    // A pure ACK has the number that is sent next: the FIN's own, so that was not sent yet.
    if (covers && (flags & FIN) === 0 && trail.length[i] === 0 && beyond === -1) return KNEW;
    if (behind && i < sent && !changedPlaces(trail, i, sent)) missed = true;
  }
  return missed || sent < 0 || (trail.flags[sent]! & ACK) === 0 ? CANNOT_TELL : KNEW;
}

/** The same where no FIN of the peer was seen: had it sent one, the last byte that `x` had of it would be missing. */
function knewOfUnseen(view: FlowView, trail: Trail, deliveries: Deliveries, x: number): number {
  const peer = 1 - x;
  const fin = deliveries.finSent[x]!;
  if (fin < 0) return CANNOT_TELL;
  const acked = trail.ack[fin]!;
  // More came of the peer than `x` had by then, so what it had did not end with a FIN.
  if (seqAfter(view.of(x, L.LAST_ACK_SENT), acked)) return KNEW_NOT;
  if (!view.sideHas(peer, L.OCCUPIES)) return CANNOT_TELL;
  if (seqAfter(view.of(peer, L.SND_MAX), acked) || isAckOfSyn(trail, x, acked)) return KNEW_NOT;
  if (!view.sideHas(peer, L.SYN_SENT_FLAG) && !view.sideHas(peer, L.DATA_SENT)) return CANNOT_TELL;
  if (isFiltered(view, peer)) return KNEW_NOT;
  if (!view.has(L.FLOW_GAP) && !view.has(L.FLOW_HOLES)) return KNEW_NOT;
  for (let i = 0; i < trail.count; i++) {
    if (trail.side[i] !== peer || (trail.flags[i]! & RST) !== 0 || (trail.meta[i]! & E_CONTIGUOUS) === 0) continue;
    const beyond = seqDiff(trail.seq[i]!, acked);
    if (beyond >= 0 && beyond < NEAR) return KNEW_NOT; // all its bytes up to there were seen
  }
  return CANNOT_TELL;
}

/** Whether the capture was filtered to SYN, FIN and RST, and has the SYN of `side`: it would have its FIN as well. */
function isFiltered(view: FlowView, side: number): boolean {
  return hasNoPureAcks(view) && view.sideHas(side, L.SYN_SENT_FLAG);
}

/** Whether `x` had nothing of its peer but the SYN, which its SYN-ACK acknowledged. */
function isAckOfSyn(trail: Trail, x: number, acked: number): boolean {
  for (let i = 0; i < trail.count; i++) {
    const isSynAck = trail.side[i] === x && (trail.flags[i]! & (SYN | ACK)) === (SYN | ACK);
    if (isSynAck && trail.ack[i] === acked) return true;
  }
  return false;
}

/**
 * Whether the peer of `x`, whose FIN alone was seen, may have sent its own before it had that: one that crossed it, and
 * that the capture missed.
 */
function peerMayHaveClosed(view: FlowView, trail: Trail, deliveries: Deliveries, x: number): boolean {
  const peer = 1 - x;
  if (!view.sideHas(peer, L.OCCUPIES)) return true;
  if (isFiltered(view, peer)) return false;
  const proof = deliveries.finProof[peer]!;
  const acked = trail.ack[deliveries.finSent[x]!]!;
  // Midstream: what it had sent before that `x` had not got yet, the capture may not have.
  if (!view.sideHas(peer, L.SYN_SENT_FLAG)) {
    if (seqAfter(view.of(peer, L.FIRST_SEQ), acked) || (proof >= 0 && seqAfter(trail.seq[proof]!, acked))) return true;
  }
  if (!view.has(L.FLOW_GAP) && !view.has(L.FLOW_HOLES)) return false;
  // Nothing shows that the FIN has arrived. A hole before it is its sender's own, and explains what is missing.
  if (proof < 0) return view.has(L.FLOW_GAP) || (trail.meta[deliveries.finSent[x]!]! & E_CONTIGUOUS) !== 0;
  // It sent more after it had the FIN; or every byte up to there was seen, and none was a FIN.
  const more = seqAfter(view.of(peer, L.SND_MAX), (trail.seq[proof]! + trail.length[proof]!) | 0);
  return !more && (trail.meta[proof]! & E_CONTIGUOUS) === 0;
}
