import { RST } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import { Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import * as S from '../tcp/states.ts';
import { nextState } from '../tcp/transitions.ts';
import { boundOf, distanceTo, positionOf, roundTrip, shiftOf } from './capture-point.ts';
import { forgetUndecided, judgeClose, whoClosedFirst } from './closer.ts';
import { Deliveries, FIN_OBSERVED } from './deliveries.ts';
import { EndpointReplay, RESET_ENDED, RESET_KILLED_TIME_WAIT } from './endpoint.ts';
import * as F from './facts.ts';
import { takeNotes } from './notes.ts';
import type { OsProfile } from './profiles.ts';
import { isForeign } from './reset-origin.ts';
import { endsSender } from './resets.ts';
import { replaySelfConnect } from './self-connect.ts';
import type { Successor } from './successor.ts';

/**
 * Reconstructs a flow's teardown from its record and trail: both endpoints' states, who began the close and how it
 * went. Pure: the same record gives the same facts, whenever it is asked.
 */
export class Replay {
  readonly facts = new F.Facts();
  private readonly trail = new Trail();
  private readonly deliveries = new Deliveries();
  private readonly endpoint = new EndpointReplay();
  private readonly effects = new Uint8Array(256);

  /**
   * @param end the capture's end so far, ns in the flow's base
   * @param profiles of side 0 and 1
   * @param successor what the next flow on the 4-tuple did to this one, null if there is none
   */
  run(view: FlowView, end: number, profiles: readonly [OsProfile, OsProfile], successor: Successor | null): F.Facts {
    const { facts, trail, deliveries, effects } = this;
    facts.clear();
    facts.client = view.clientSide;
    view.loadTrail(trail);
    this.placeCapture(view, trail);
    for (let i = 0; i < trail.count; i++) effects[i] = 0;
    if (view.has(L.FLOW_SELF_CONNECT)) {
      replaySelfConnect(view, trail, facts);
      this.endStates(0, end, profiles[0], successor);
      return facts;
    }
    deliveries.find(view, trail);
    for (let x = 0; x < 2; x++) {
      this.endpoint.run(view, trail, deliveries, facts, x, profiles[x]!, effects);
    }
    for (let x = 0; x < 2; x++) {
      this.finFacts(view, trail, x);
      this.endStates(x, end, profiles[x]!, successor);
    }
    if (view.sideHas(0, L.RST_SENT) || view.sideHas(1, L.RST_SENT)) this.judgeResets(view, trail);
    const first = whoClosedFirst(view, trail, facts, deliveries);
    judgeClose(view, trail, facts, deliveries, first);
    forgetUndecided(view, trail, facts, deliveries, first);
    takeNotes(view, trail, facts, deliveries);
    return facts;
  }

  private placeCapture(view: FlowView, trail: Trail): void {
    const { facts } = this;
    const rtt0 = distanceTo(view, trail, 0);
    const rtt1 = distanceTo(view, trail, 1);
    facts.shift[0] = shiftOf(rtt0, rtt1);
    facts.shift[1] = shiftOf(rtt1, rtt0);
    const opened = view.sideHas(0, L.SYN_SENT_FLAG) && view.sideHas(1, L.SYN_SENT_FLAG);
    for (let x = 0; x < 2; x++) {
      const told = view.floatOf(x, L.MIN_RTT) !== Number.POSITIVE_INFINITY;
      facts.bound[x] = boundOf(roundTrip(view, trail, x), facts.shift[x]!, opened, told);
    }
    facts.position = facts.client === 0 ? positionOf(rtt0, rtt1) : positionOf(rtt1, rtt0);
  }

  private finFacts(view: FlowView, trail: Trail, x: number): void {
    const { facts, deliveries } = this;
    if (deliveries.fin[x] === FIN_OBSERVED) {
      const sent = deliveries.finSent[x]!;
      facts.finAt[x] = sent < 0 ? view.floatOf(x, L.SIDE_LAST_TIME) : trail.time[sent]!;
    }
    const acked = deliveries.finAckFirst[x]!;
    if (acked >= 0) facts.finAckedAt[x] = trail.time[acked]!;
  }

  /** How the last state ended, if not by a segment of this flow: by the timer, by the next flow's SYN, or not yet. */
  private endStates(x: number, end: number, profile: OsProfile, successor: Successor | null): void {
    const { facts } = this;
    const state = facts.lastState(x);
    if (state === S.TIME_WAIT) {
      const until = facts.timeWaitRestartedAt[x]! + profile.timeWaitNs;
      const latest = facts.timeWaitRestartedAt[x]! + profile.timeWaitLatestNs;
      // Its own SYN or RST it sent before, the peer's it had after, the capture saw it.
      const own = successor?.opener === x;
      const shift = own ? -facts.shift[x]! : facts.shift[x]!;
      const edge = own ? F.EDGE_SENT : F.EDGE_RECEIVED;
      if (successor !== null && successor.killedAt < until && profile.resetEndsTimeWait) {
        this.close(x, S.RECEIVE_RST, successor.killedAt + shift, successor.killedFrame, edge, F.OBSERVED);
        facts.timeWaitEndedBy[x] = F.BY_RST;
        facts.addTimeWaitFrame(x, successor.killedFrame);
      } else if (successor?.accepted && successor.synAt < until) {
        this.close(x, S.REPLACED, successor.synAt + shift, successor.synFrame, edge, F.OBSERVED);
        facts.timeWaitEndedBy[x] = F.BY_REUSE;
        facts.addTimeWaitFrame(x, successor.synFrame);
      } else if (latest <= end || successor?.accepted) {
        this.close(x, S.TIMEOUT, until, 0, F.EDGE_RECEIVED, F.ASSUMED);
        facts.timeWaitEndedBy[x] = F.BY_TIMER;
      }
      return;
    }
    // Another connection on the 4-tuple: this one is gone, and nobody saw when.
    if (successor?.accepted && state !== S.CLOSED && state >= 0) {
      const i = x * F.MAX_SPANS + facts.spans[x]!;
      if (facts.spans[x]! === F.MAX_SPANS) return;
      facts.unseenEnd[x] = 1;
      facts.note(F.noteBit('reused-before-closed'));
      facts.spanState[i] = S.CLOSED;
      facts.spanFrom[i] = Math.max(successor.synAt, facts.spanFrom[i - 1]!);
      facts.spanFrame[i] = successor.synFrame;
      facts.spanEdge[i] = F.EDGE_NONE;
      facts.spanBasis[i] = F.INFERRED;
      facts.spans[x]!++;
    }
  }

  /** Ends a TIME_WAIT by an event of the table. */
  private close(x: number, event: number, time: number, frame: number, edge: number, basis: number): void {
    const { facts } = this;
    const i = x * F.MAX_SPANS + facts.spans[x]!;
    facts.spanState[i] = nextState(S.TIME_WAIT, event);
    facts.spanFrom[i] = Math.max(time, facts.spanFrom[i - 1]!);
    facts.spanFrame[i] = frame;
    facts.spanEdge[i] = edge;
    facts.spanBasis[i] = basis;
    facts.spans[x]!++;
    facts.timeWaitEnd[x] = facts.spanFrom[i]!;
  }

  private judgeResets(view: FlowView, trail: Trail): void {
    const { facts, effects } = this;
    for (let i = 0; i < trail.count; i++) {
      if ((trail.flags[i]! & RST) === 0) continue;
      if ((effects[i]! & RESET_ENDED) !== 0) {
        if (facts.resetEntry >= 0) continue;
        facts.resetEntry = i;
        facts.resetBy = trail.side[i]!;
      } else if ((effects[i]! & RESET_KILLED_TIME_WAIT) === 0) {
        // After the end RSTs answer stray segments; before it they were not acceptable. Neither ended anything.
        facts.resetsIgnored++;
      }
    }
    // An RST in the name of an end that goes on, or that is not like its segments, came from somewhere else.
    const i = facts.resetEntry;
    if (i >= 0 && (isForeign(view, trail, i) || !endsSender(trail, i))) facts.resetBy = F.UNKNOWN;
  }
}
