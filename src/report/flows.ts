import * as L from '../flow/layout.ts';
import type { FlowSink, FlowTracker } from '../flow/tracker.ts';
import { Trail } from '../flow/trail.ts';
import { FlowView } from '../flow/view.ts';
import * as F from '../teardown/facts.ts';
import type { OsProfile } from '../teardown/profiles.ts';
import { Replay } from '../teardown/replay.ts';
import { OUTCOMES, readSuccessor, type Successor } from '../teardown/successor.ts';
import { NS_PER_SECOND, nsToSeconds } from '../units.ts';
import { Best } from './best.ts';
import { flowRecord } from './flow-record.ts';
import { interestOf } from './interest.ts';
import { ServiceCounter } from './services.ts';
import { TotalsCounter } from './totals.ts';
import type { Flow, Reuse } from './types.ts';

export interface FlowCollectorOptions {
  profile: OsProfile;
  /** flows kept for the report: the most interesting */
  maxFlows: number;
  /** flows that it refuses are left out of the report and of its totals */
  where?: ((flow: Flow) => boolean) | undefined;
  /** called with each flow when it ends, in that order */
  onFlow?: ((flow: Flow) => void) | undefined;
}

interface Kept {
  record: number;
  successor: Successor | null;
  reuse: Reuse | null;
}

/**
 * Takes flows as they end: counts them, streams them, and keeps the records of the most interesting. A flow becomes
 * an object only where one is asked for.
 */
export class FlowCollector implements FlowSink {
  readonly totals = new TotalsCounter();
  readonly services = new ServiceCounter();
  /** flows that `where` refused */
  filteredOut = 0;
  /** the capture's last packet so far: seconds since 1970 and ns */
  lastSeconds = 0;
  lastNanoseconds = 0;

  private readonly options: FlowCollectorOptions;
  private readonly profiles: readonly [OsProfile, OsProfile];
  private readonly best: Best<Kept>;
  private readonly reuses = new Map<number, Reuse>();
  private readonly view = new FlowView();
  private readonly next = new FlowView();
  private readonly trail = new Trail();
  private readonly nextTrail = new Trail();
  private readonly replay = new Replay();
  private tracker!: FlowTracker;

  constructor(options: FlowCollectorOptions) {
    this.options = options;
    this.profiles = [options.profile, options.profile];
    this.best = new Best(options.maxFlows);
  }

  /** The tracker whose flows these are; to be called once, before the first packet. */
  attach(tracker: FlowTracker): void {
    this.tracker = tracker;
  }

  flowEnded(record: number, successorRecord: number): boolean {
    const { tracker, view, options } = this;
    view.point(tracker.table.records, record);
    const successor = successorRecord < 0 ? null : this.succeed(successorRecord);
    const facts = this.reconstruct(successor);
    if (successor !== null) this.noteReuse(successorRecord, facts, successor);
    const reuse = this.reuses.get(record) ?? null;
    this.reuses.delete(record);
    if (reuse?.outcome === 'challenged') facts.note(CHALLENGE_ACK);
    const end = this.endOf(view);
    if (options.onFlow !== undefined || options.where !== undefined) {
      const flow = this.build(reuse, end);
      if (options.where !== undefined && !options.where(flow)) {
        this.filteredOut++;
        return false;
      }
      options.onFlow?.(flow);
    }
    const offset = (view.float(L.BASE_SECONDS) - tracker.originSeconds) * NS_PER_SECOND;
    this.totals.add(facts, this.profiles, offset, tracker.watermark(end + offset) - LATE);
    this.services.add(view, facts);
    const dropped = this.best.offer({ record, successor, reuse }, interestOf(facts, end), view.word(L.ID));
    if (dropped === null) return true;
    if (dropped.record === record) return false;
    tracker.release(dropped.record);
    return true;
  }

  /** The flows kept, ascending by id, as of the capture's end. */
  *flows(): Generator<Flow> {
    for (const { record, successor, reuse } of this.best.inOrder()) {
      this.view.point(this.tracker.table.records, record);
      const facts = this.reconstruct(successor);
      if (reuse?.outcome === 'challenged') facts.note(CHALLENGE_ACK);
      yield this.build(reuse, this.endOf(this.view));
    }
  }

  private reconstruct(successor: Successor | null): F.Facts {
    const { view, trail, tracker } = this;
    trail.load(tracker.trails, view.word(L.TRAIL_HEAD));
    return this.replay.run(view, trail, this.endOf(view), this.profiles, successor);
  }

  private build(reuse: Reuse | null, end: number): Flow {
    const { view, trail, profiles, tracker } = this;
    return flowRecord({
      view,
      trail,
      facts: this.replay.facts,
      profiles,
      encapsulations: tracker.encapsulations,
      reuse,
      end,
    });
  }

  private succeed(record: number): Successor {
    const { next, nextTrail, tracker, view } = this;
    next.point(tracker.table.records, record);
    nextTrail.load(tracker.trails, next.word(L.TRAIL_HEAD));
    return readSuccessor(next, nextTrail, view);
  }

  private noteReuse(record: number, facts: F.Facts, successor: Successor): void {
    const { profile } = this.options;
    let inTimeWait = false;
    for (let side = 0; side < 2; side++) {
      const from = facts.timeWaitFrom[side]!;
      if (Number.isNaN(from) || successor.synAt < from) continue;
      const killed = facts.timeWaitEndedBy[side] === F.BY_RST && facts.timeWaitEnd[side]! < successor.synAt;
      if (!killed && successor.synAt < facts.timeWaitRestartedAt[side]! + profile.timeWaitNs) inTimeWait = true;
    }
    this.reuses.set(record, {
      previous: this.next.word(L.PREVIOUS_ID),
      gapSeconds: nsToSeconds(this.next.float(L.REUSE_GAP)),
      inTimeWait,
      outcome: OUTCOMES[successor.outcome]!,
    });
  }

  private endOf(view: FlowView): number {
    return (this.lastSeconds - view.float(L.BASE_SECONDS)) * NS_PER_SECOND + this.lastNanoseconds;
  }
}

/** How much a TIME_WAIT may have begun before its flow counted as ended (ns): a LAST_ACK's retransmissions. */
const LATE = 300 * NS_PER_SECOND;
const CHALLENGE_ACK = F.noteBit('challenge-ack');
