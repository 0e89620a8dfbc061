import * as S from '../tcp/states.ts';
import { nextState } from '../tcp/transitions.ts';
import * as F from './facts.ts';

/** One endpoint's state by the transition table, and what of it goes into the facts: its spans, and its TIME_WAIT. */
export class StateMachine {
  protected state: number = S.CLOSED;
  /** which side it is of */
  protected x = 0;
  /** when it came into the state, ns in the flow's base */
  protected last = Number.NEGATIVE_INFINITY;
  protected facts!: F.Facts;

  protected start(facts: F.Facts, x: number, state: number): void {
    this.facts = facts;
    this.x = x;
    this.state = state;
    this.last = Number.NEGATIVE_INFINITY;
  }

  /**
   * An event of the table; one that changes nothing is none.
   * @param time ns in the flow's base, of the endpoint's own clock; not before it came into the state that it leaves
   * @param frame 0: none @param edge EDGE_* @param basis OBSERVED, INFERRED or ASSUMED
   */
  protected emit(event: number, time: number, frame: number, edge: number, basis: number): void {
    const next = nextState(this.state, event);
    if (next === this.state || this.isGone()) return;
    const { facts, x } = this;
    this.state = next;
    if (next === S.LISTEN) return;
    const count = facts.spans[x]!;
    if (count === F.MAX_SPANS) return;
    const i = x * F.MAX_SPANS + count;
    this.last = Math.max(this.last, time);
    facts.spanState[i] = next;
    facts.spanFrom[i] = this.last;
    facts.spanFrame[i] = frame;
    facts.spanEdge[i] = edge;
    facts.spanBasis[i] = edge === F.EDGE_LATE ? F.INFERRED : basis;
    facts.spans[x] = count + 1;
    if (next === S.TIME_WAIT) {
      facts.timeWaitFrom[x] = this.last;
      facts.timeWaitRestartedAt[x] = this.last;
      facts.addTimeWaitFrame(x, frame);
    }
  }

  /** TIME_WAIT begins anew. @param time ns in the flow's base */
  protected restartTimeWait(time: number, frame: number): void {
    const { facts, x } = this;
    if (time < facts.timeWaitRestartedAt[x]!) return;
    facts.timeWaitRestartedAt[x] = time;
    facts.timeWaitRestarts[x]!++;
    if (facts.timeWaitRestarts[x]! < MAX_RESTART_FRAMES) facts.addTimeWaitFrame(x, frame);
    facts.note(F.noteBit('time-wait-restarted'));
  }

  /** Closed after it had been open: nothing opens it again. */
  protected isGone(): boolean {
    return this.state === S.CLOSED && this.facts.spans[this.x]! > 0;
  }

  protected isOpen(): boolean {
    return this.state >= S.SYN_RECEIVED;
  }
}

/** Frames listed of a TIME_WAIT that is restarted over and over. */
const MAX_RESTART_FRAMES = 32;
