import { type Segment, SYN } from '../decode/segment.ts';
import type { CaptureClock } from '../input/clock.ts';
import * as C from '../kernel/control.ts';
import { type Place, PlainPlace } from '../kernel/place.ts';
import { NS_PER_SECOND } from '../units.ts';
import { CROWD } from './crowd.ts';
import { DuplicateFilter } from './duplicates.ts';
import { Encapsulations } from './encapsulations.ts';
import { Endings } from './endings.ts';
import { hearKernel } from './events.ts';
import * as L from './layout.ts';
import { Numbers } from './numbers.ts';
import { RETENTION, type Retention } from './patience.ts';
import { isAnswered, isNewConnection, isOfOld } from './reuse.ts';
import type { FlowSink } from './sink.ts';
import { FlowTable } from './table.ts';
import { FlowUpdate } from './update.ts';
import { FlowView } from './view.ts';

/**
 * From segments to flow records: finds or makes the flow, recognises duplicates and reuse of a 4-tuple. What becomes of
 * flows that have ended is for endings.ts.
 */
export class FlowTracker {
  readonly encapsulations: Encapsulations;
  /** the frame with which each of them opened: where there are shares, what tells their common order */
  readonly openings: Numbers | null;

  private readonly table: FlowTable;
  private readonly update: FlowUpdate;
  /** counters, and what the kernel has to tell (kernel/control.ts) */
  private readonly place: Place;
  private readonly clock: CaptureClock;
  private readonly filter: DuplicateFilter;
  private readonly endings: Endings;
  private readonly view = new FlowView();
  private readonly successor = new FlowView();

  /**
   * @param shares into which all flows are divided: the tracker is given the segments of one
   * @param place where the flows are kept, and where a kernel takes segments before they come here
   * @param retention how long closed flows are remembered
   */
  constructor(
    sink: FlowSink,
    clock: CaptureClock,
    shares = 1,
    place: Place = new PlainPlace(),
    retention: Retention = RETENTION,
  ) {
    this.clock = clock;
    this.openings = shares > 1 ? new Numbers() : null;
    this.place = place;
    place.words[C.KEEPS_OPENINGS] = shares > 1 ? 1 : 0;
    this.table = new FlowTable(place);
    this.update = new FlowUpdate(place);
    this.filter = new DuplicateFilter(place);
    this.encapsulations = new Encapsulations(place.words);
    this.endings = new Endings(sink, clock, place, this.table, this.update, retention);
  }

  /** segments of this tracker's share, duplicates among them */
  get segments(): number {
    return this.place.numbers[C.SEGMENTS]!;
  }

  get duplicates(): number {
    return this.place.numbers[C.DUPLICATES]!;
  }

  /** The flow of the segment last tracked, and which side sent it. */
  current(): { flow: FlowView; side: number } {
    const { ints, floats, at } = this.update;
    return { flow: this.view.pointAt(ints, floats, at), side: this.side };
  }

  private side = 0;

  /** Takes note that a segment of another share went by, so that flows are summed up at the same moment in all. */
  pass(segment: Segment): void {
    this.hear();
    const seen = this.place.numbers[C.SEEN]!++;
    if (seen % C.SETTLED_EVERY !== 0) return;
    const now = this.timeOf(segment);
    this.endings.settle(now);
    if (seen % CROWD.every === 0) this.endings.makeRoom(now);
  }

  /** Follows one segment. @returns the id of its flow */
  track(segment: Segment): number {
    const { table, update } = this;
    this.pass(segment);
    this.place.numbers[C.SEGMENTS]!++;
    const hash = table.hashOf(segment);
    let flow = table.find(segment, hash);
    this.side = table.side;
    if (flow < 0) flow = this.open(table.insert(segment), segment);
    else {
      update.point(table.records, flow);
      if (update.ints[update.at + L.SUMMARY] !== 0) this.endings.revive(flow, this.timeOf(segment));
    }
    const { ints, at } = update;
    if (this.filter.isDuplicate(segment)) {
      this.place.numbers[C.DUPLICATES]!++;
      ints[at + L.FLAGS]! |= L.FLOW_DUPLICATES;
      ints[at + L.SIDE + this.side * L.SIDE_WORDS + L.PACKETS]!++;
      return ints[at + L.ID]!;
    }
    const isNew = (segment.flags & SYN) !== 0 && isNewConnection(ints, at, segment, this.side);
    if (isNew) flow = this.supersede(flow, segment);
    update.see(segment);
    const previous = update.ints[update.at + L.PREVIOUS]!;
    if (previous >= 0 && this.side === 1) {
      const old = this.successor.point(table.records, update.writer.trails, previous);
      if (isOfOld(update.ints, update.at, segment, old)) {
        update.challenge(segment, this.side);
        return update.ints[update.at + L.ID]!;
      }
    }
    update.follow(flow, segment, this.side);
    const id = update.ints[update.at + L.ID]!;
    if ((update.ints[update.at + L.FLAGS]! & (L.FLOW_ENDED | L.FLOW_ENDING)) === L.FLOW_ENDING)
      this.endings.note(flow, this.timeOf(segment));
    if (update.ints[update.at + L.PREVIOUS]! >= 0 && isAnswered(update.ints, update.at)) {
      this.endings.settlePrevious(flow);
      update.point(table.records, flow);
    }
    return id;
  }

  /** Hands over the flows whose time is over: to be called where no segment comes. */
  settle(): void {
    const { clock } = this;
    this.hear();
    if (!clock.empty) this.endings.settle(clock.endSince(clock.originSeconds));
  }

  /** Hands every flow that is still in the table to another sink, as finish() would, and leaves all as it is. */
  peek(sink: FlowSink): void {
    this.settle();
    this.endings.peek(sink);
  }

  /** From now on flows are handed to another sink. */
  handTo(sink: FlowSink): void {
    this.settle();
    this.endings.handTo(sink);
  }

  /** Calls for each flow that is still in the table: with its summary where its close is behind it. The views are valid during a call. */
  eachFlow(visit: (flow: FlowView, summary: Float64Array | null, at: number) => void): void {
    this.settle();
    this.endings.eachFlow(visit);
  }

  /** Hands every flow that is still in the table to the sink, in the order in which they ended, open ones last. */
  finish(): void {
    this.hear();
    this.endings.finish();
  }

  /** The earliest time at which a flow not yet handed to the sink can have ended, ns since the capture's first second. */
  watermark(now: number): number {
    return this.endings.watermark(now);
  }

  /** Flows that were handed over before their end was known, as there were too many at once (crowd.ts). */
  get givenUp(): number {
    return this.endings.givenUp;
  }

  private hear(): void {
    hearKernel(this.place, this.endings, this.openings);
  }

  /** ns since the capture's first second */
  private timeOf(segment: Segment): number {
    return (segment.seconds - this.clock.originSeconds) * NS_PER_SECOND + segment.nanoseconds;
  }

  private open(flow: number, segment: Segment): number {
    const { update } = this;
    update.point(this.table.records, flow);
    this.openings?.push(segment.frame);
    update.begin(segment, ++this.place.words[C.OPENED]!, this.encapsulations.intern(segment));
    this.side = 0;
    return flow;
  }

  private supersede(old: number, segment: Segment): number {
    const { update, table, endings } = this;
    endings.leave(old);
    update.point(table.records, old);
    update.ints[update.at + L.FLAGS]! |= L.FLOW_SUPERSEDED;
    const flow = this.open(table.replace(old, segment), segment);
    update.ints[update.at + L.PREVIOUS] = old;
    update.ints[update.at + L.FLAGS]! |= L.FLOW_REUSES;
    endings.awaitAnswer(flow, this.place.words[C.OPENED]!, this.timeOf(segment));
    return flow;
  }
}
