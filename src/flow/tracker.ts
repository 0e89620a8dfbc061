import { type Segment, SYN } from '../decode/segment.ts';
import type { CaptureClock } from '../input/clock.ts';
import * as C from '../kernel/control.ts';
import { type Place, PlainPlace } from '../kernel/place.ts';
import { NS_PER_SECOND } from '../units.ts';
import { ClosedFlows } from './closed.ts';
import { DuplicateFilter } from './duplicates.ts';
import { Encapsulations } from './encapsulations.ts';
import { hearKernel } from './events.ts';
import * as L from './layout.ts';
import { Numbers } from './numbers.ts';
import { LAST_TRY, RETENTION, SECOND_TRY, SILENCE } from './patience.ts';
import { FlowQueue } from './queue.ts';
import { isAnswered, isNewConnection, isOfOld } from './reuse.ts';
import type { FlowSink } from './sink.ts';
import { FlowTable } from './table.ts';
import { FlowUpdate } from './update.ts';
import { FlowView } from './view.ts';

/**
 * From segments to flow records: finds or makes the flow, recognises duplicates and reuse of a 4-tuple, and knows
 * when a flow has ended. A closed flow is summed up while the processor's caches still hold it: when its time is over,
 * a minute later, only the summary is read.
 */
export class FlowTracker {
  readonly encapsulations: Encapsulations;
  /** the frame with which each of them opened: where there are shares, what tells their common order */
  readonly openings: Numbers | null;

  private readonly table: FlowTable;
  private readonly update: FlowUpdate;
  /** counters, and what the kernel has to tell (kernel/control.ts) */
  private readonly place: Place;
  private readonly sink: FlowSink;
  private readonly clock: CaptureClock;
  private readonly filter: DuplicateFilter;
  /** flows of which both FINs were seen; their time is that of the second, or of the last packet */
  private readonly closing = new FlowQueue(0);
  /** flows that have just ended */
  private readonly ended = new FlowQueue(0);
  /** flows that ended, but whose predecessor on the 4-tuple is still to be judged by what they do */
  private readonly waiting = new FlowQueue(0);
  /** flows that took over a 4-tuple; their time is that of their SYN */
  private readonly successors = new FlowQueue(0);
  private readonly closed = new ClosedFlows();
  private readonly view = new FlowView();
  private readonly successor = new FlowView();

  /**
   * @param shares into which all flows are divided: the tracker is given the segments of one
   * @param place where the flows are kept, and where a kernel takes segments before they come here
   */
  constructor(sink: FlowSink, clock: CaptureClock, shares = 1, place: Place = new PlainPlace()) {
    this.sink = sink;
    this.clock = clock;
    this.openings = shares > 1 ? new Numbers() : null;
    this.place = place;
    place.words[C.KEEPS_OPENINGS] = shares > 1 ? 1 : 0;
    this.table = new FlowTable(place);
    this.update = new FlowUpdate(place);
    this.filter = new DuplicateFilter(place);
    this.encapsulations = new Encapsulations(place.words);
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
    hearKernel(this.place, this.ended, this.closing, this.openings);
    if (this.place.numbers[C.SEEN]!++ % C.SETTLED_EVERY === 0) this.settle(this.timeOf(segment));
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
      if (update.ints[update.at + L.SUMMARY] !== 0) this.revive(flow, segment);
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
      this.noteEnd(flow, segment);
    if (update.ints[update.at + L.PREVIOUS]! >= 0 && isAnswered(update.ints, update.at)) {
      this.settlePrevious(flow);
      update.point(table.records, flow);
    }
    return id;
  }

  /** Hands every flow that is still in the table to the sink, in the order in which they ended, open ones last. */
  finish(): void {
    hearKernel(this.place, this.ended, this.closing, this.openings);
    this.settle(Number.POSITIVE_INFINITY);
    while (this.closed.length > 0) this.expire();
    const open = this.table.list();
    const ids = new Int32Array(this.table.records.created);
    for (const flow of open) ids[flow] = this.viewOf(flow).word(L.ID);
    for (const flow of open.sort((a, b) => ids[a]! - ids[b]!)) this.finalize(flow);
  }

  /** The earliest time at which a flow not yet handed to the sink can have ended, ns since the capture's first second. */
  watermark(now: number): number {
    const { closing, ended, waiting, closed } = this;
    return Math.min(closing.oldestTime(), ended.oldestTime(), waiting.oldestTime(), closed.oldestTime(), now);
  }

  /** ns since the capture's first second */
  private timeOf(segment: Segment): number {
    return (segment.seconds - this.clock.originSeconds) * NS_PER_SECOND + segment.nanoseconds;
  }

  private viewOf(flow: number): FlowView {
    return this.view.point(this.table.records, this.update.writer.trails, flow);
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
    // Only one generation back can still be in TIME_WAIT: what the old flow replaced is settled now.
    this.settlePrevious(old);
    const { update, table } = this;
    update.point(table.records, old);
    update.ints[update.at + L.FLAGS]! |= L.FLOW_SUPERSEDED;
    this.closed.forget(old);
    const flow = this.open(table.replace(old, segment), segment);
    update.ints[update.at + L.PREVIOUS] = old;
    update.ints[update.at + L.FLAGS]! |= L.FLOW_REUSES;
    this.successors.push(flow, this.place.words[C.OPENED]!, this.timeOf(segment));
    return flow;
  }

  /** Of the flow at hand somebody has begun the close: notes how far it is. */
  private noteEnd(flow: number, segment: Segment): void {
    const { ints, at } = this.update;
    const first = ints[at + L.SIDE + L.SIDE_FLAGS]!;
    const second = ints[at + L.SIDE + L.SIDE_WORDS + L.SIDE_FLAGS]!;
    const flags = ints[at + L.FLAGS]!;
    if ((first & second & L.FIN_ACKED) !== 0 || ((first | second) & L.RST_SENT) !== 0) {
      ints[at + L.FLAGS] = flags | L.FLOW_ENDED;
      this.ended.push(flow, ints[at + L.ID]!, this.timeOf(segment));
    } else if ((first & second & L.FIN_SENT_FLAG) !== 0 && (flags & L.FLOW_CLOSING) === 0) {
      ints[at + L.FLAGS] = flags | L.FLOW_CLOSING;
      this.closing.push(flow, ints[at + L.ID]!, this.timeOf(segment));
    }
  }

  /** Sums up the flows that ended since the last time, and hands over those whose time is over. */
  private settle(now: number): void {
    const { ended, waiting, successors, closed } = this;
    this.endSilent(now);
    for (let left = ended.length; left > 0; left--) this.sumUp(ended, now);
    while (now - waiting.oldestTime() > SECOND_TRY) this.sumUp(waiting, now);
    while (now - successors.oldestTime() > LAST_TRY) this.judgePredecessor();
    while (
      now - closed.oldestTime() > RETENTION.lingerNs &&
      this.place.numbers[C.SEEN]! - closed.oldestSeen() > RETENTION.segments
    ) {
      this.expire();
    }
  }

  /** Flows of which both FINs were seen, but one is never acknowledged: the last ACK is lost, or none are captured. */
  private endSilent(now: number): void {
    const { closing } = this;
    while (closing.length > 0) {
      const flow = closing.oldestFlow();
      const id = closing.oldestId();
      const view = this.viewOf(flow);
      if (view.word(L.ID) === id && (view.word(L.FLAGS) & (L.FLOW_ENDED | L.FLOW_CLOSING)) === L.FLOW_CLOSING) {
        if (now - closing.oldestTime() <= SILENCE) return;
        const last = view.float(L.LAST_TIME) + this.offsetOf(view);
        if (now - last <= SILENCE) closing.push(flow, id, last);
        else {
          view.ints[view.at + L.FLAGS]! |= L.FLOW_ENDED;
          this.ended.push(flow, id, last);
        }
      }
      closing.shift();
    }
  }

  private sumUp(queue: FlowQueue, now: number): void {
    const { closed, view } = this;
    const flow = queue.oldestFlow();
    const id = queue.oldestId();
    queue.shift();
    this.viewOf(flow);
    // The record may have been handed over, and given to another flow, since.
    const flags = view.word(L.FLAGS) & (L.FLOW_ENDED | L.FLOW_SUPERSEDED);
    if (view.word(L.ID) !== id || flags !== L.FLOW_ENDED || view.word(L.SUMMARY) !== 0) return;
    if (view.word(L.PREVIOUS) >= 0) {
      if (queue !== this.waiting) {
        this.waiting.push(flow, id, now);
        return;
      }
      this.settlePrevious(flow);
      this.viewOf(flow);
    }
    const time = view.float(L.LAST_TIME) + this.offsetOf(view);
    const at = closed.add(view, time, this.table.hashIn(flow), this.place.numbers[C.SEEN]!);
    this.sink.summarize(view, closed.floats, at);
  }

  /** What the oldest successor did until now is all that it did to the flow before it. */
  private judgePredecessor(): void {
    const { successors } = this;
    const flow = successors.oldestFlow();
    if (this.viewOf(flow).word(L.ID) === successors.oldestId()) this.settlePrevious(flow);
    successors.shift();
  }

  /** What to add to a flow's times to make them ns since the capture's first second. */
  private offsetOf(view: FlowView): number {
    return (view.float(L.BASE_SECONDS) - this.clock.originSeconds) * NS_PER_SECOND;
  }

  /** A packet for a flow that was summed up: it will be done anew. */
  private revive(flow: number, segment: Segment): void {
    const { ints, at } = this.update;
    ints[at + L.SUMMARY] = 0;
    this.closed.forget(flow);
    this.ended.push(flow, ints[at + L.ID]!, this.timeOf(segment));
  }

  private expire(): void {
    const { closed, view } = this;
    if (closed.holds()) {
      const flow = closed.oldestRecord();
      this.viewOf(flow);
      this.table.remove(flow, closed.oldestHash());
      this.sink.flowExpired(view, closed.floats, closed.oldestSummary());
      this.free(flow, closed.oldestTrail(), closed.oldestFlags());
    }
    closed.shift();
  }

  private finalize(flow: number): void {
    this.settlePrevious(flow);
    this.table.remove(flow);
    this.sink.flowEnded(this.viewOf(flow), null);
    this.release(flow);
  }

  /** The flow that this one replaced goes to the sink: what became of its TIME_WAIT is known now. */
  private settlePrevious(flow: number): void {
    const { ints, at } = this.viewOf(flow);
    const previous = ints[at + L.PREVIOUS]!;
    if (previous < 0) return;
    ints[at + L.PREVIOUS] = -1;
    this.successor.point(this.table.records, this.update.writer.trails, flow);
    this.sink.flowEnded(this.viewOf(previous), this.successor);
    this.release(previous);
  }

  private release(flow: number): void {
    const view = this.viewOf(flow);
    this.free(flow, view.word(L.TRAIL_HEAD), view.word(L.FLAGS));
  }

  private free(flow: number, trail: number, flags: number): void {
    const { update, table, view } = this;
    update.writer.trails.release(trail, flags >>> L.TRAIL_COUNT_SHIFT);
    if ((flags & L.FLOW_HOLES) !== 0) {
      update.holes.drop(flow * 2);
      update.holes.drop(flow * 2 + 1);
    }
    this.viewOf(flow);
    view.ints[view.at + L.FLAGS] = 0;
    view.ints[view.at + L.SUMMARY] = 0;
    this.closed.forget(flow);
    table.records.release(flow);
  }
}
