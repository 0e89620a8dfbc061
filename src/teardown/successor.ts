import { ACK, RST, SYN } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import { E_OLD, type Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import { NS_PER_SECOND } from '../units.ts';

export const OUTCOMES = ['accepted', 'challenged', 'ignored'] as const;

/** What the next flow on a 4-tuple did to the one before it; times in the old flow's base, ns. */
export interface Successor {
  synAt: number;
  synFrame: number;
  /** which side of the old flow sent the SYN */
  opener: number;
  /** the SYN was answered by a SYN-ACK, at once or in the end */
  accepted: boolean;
  /** index in OUTCOMES */
  outcome: number;
  /** a client that draws a challenge ACK answers it with an RST that kills the TIME_WAIT; Infinity: none */
  killedAt: number;
  killedFrame: number;
}

/**
 * Reads the successor's trail: SYN then SYN-ACK is accepted; SYN, ACK, RST, SYN is the challenge of a TIME_WAIT
 * that does not accept the ISN (tcp_timewait_state_process).
 */
export function readSuccessor(next: FlowView, trail: Trail, old: FlowView): Successor {
  const shift = (next.float(L.BASE_SECONDS) - old.float(L.BASE_SECONDS)) * NS_PER_SECOND;
  const successor: Successor = {
    synAt: next.float(L.FIRST_TIME) + shift,
    synFrame: trail.count > 0 ? trail.frame[0]! >>> 0 : 0,
    opener: isSameEnd(next, old) ? 0 : 1,
    accepted: false,
    outcome: 2,
    killedAt: Number.POSITIVE_INFINITY,
    killedFrame: 0,
  };
  let challenged = false;
  let asked = true;
  for (let i = 1; i < trail.count; i++) {
    const flags = trail.flags[i]!;
    if (trail.side[i] !== 0) {
      if ((flags & (SYN | ACK)) === (SYN | ACK)) {
        successor.accepted = true;
        break;
      }
      // What answers another segment of the client is no answer to its SYN.
      if ((trail.meta[i]! & E_OLD) === 0 || !asked) continue;
      challenged = true;
      // Challenged again: the old connection was still there, so the RST had not reached it.
      successor.killedAt = Number.POSITIVE_INFINITY;
      successor.killedFrame = 0;
    } else if ((flags & RST) !== 0 && challenged && successor.killedFrame === 0) {
      successor.killedAt = trail.time[i]! + shift;
      successor.killedFrame = trail.frame[i]! >>> 0;
    } else asked = (flags & SYN) !== 0;
  }
  if (challenged) successor.outcome = 1;
  else if (successor.accepted) successor.outcome = 0;
  return successor;
}

/** Whether the first sender of both flows is the same end. */
function isSameEnd(next: FlowView, old: FlowView): boolean {
  if (next.word(L.PORTS) !== old.word(L.PORTS)) return false;
  for (let i = 0; i < 4; i++) if (next.word(L.ADDRESS_0 + i) !== old.word(L.ADDRESS_0 + i)) return false;
  return true;
}
