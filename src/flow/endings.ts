import type { CaptureClock } from '../input/clock.ts';
import * as C from '../kernel/control.ts';
import type { Place } from '../kernel/place.ts';
import { NS_PER_SECOND } from '../units.ts';
import { ClosedFlows } from './closed.ts';
import { CROWD, Crowd } from './crowd.ts';
import * as L from './layout.ts';
import { LAST_TRY, type Retention, SECOND_TRY, SILENCE } from './patience.ts';
import { FlowQueue } from './queue.ts';
import type { FlowSink } from './sink.ts';
import type { FlowTable } from './table.ts';
import type { FlowUpdate } from './update.ts';
import { FlowView } from './view.ts';

/**
 * What becomes of flows that have ended, or whose end is waited for in vain. A closed flow is summed up while the
 * processor's caches still hold it: when its time is over, a minute later, only the summary is read.
 */
export class Endings {
  /** flows that were handed over before their end was known, as there were too many at once */
  givenUp = 0;
  /** flows of which both FINs were seen; their time is that of the second, or of the last packet */
  readonly closing = new FlowQueue(0);
  /** flows that have just ended */
  readonly ended = new FlowQueue(0);
  /** flows that ended, but whose predecessor on the 4-tuple is still to be judged by what they do */
  private readonly waiting = new FlowQueue(0);
  /** flows that took over a 4-tuple; their time is that of their SYN */
  private readonly successors = new FlowQueue(0);
  private readonly closed = new ClosedFlows();
  private readonly crowd: Crowd;
  private readonly view = new FlowView();
  private readonly successor = new FlowView();
  private sink: FlowSink;
  private readonly clock: CaptureClock;
  private readonly place: Place;
  private readonly table: FlowTable;
  /** at the flow at hand; has the trails and holes of all */
  private readonly update: FlowUpdate;
  private readonly retention: Retention;

  constructor(
    sink: FlowSink,
    clock: CaptureClock,
    place: Place,
    table: FlowTable,
    update: FlowUpdate,
    retention: Retention,
  ) {
    this.retention = retention;
    this.sink = sink;
    this.clock = clock;
    this.place = place;
    this.table = table;
    this.update = update;
    this.crowd = new Crowd(table.records, update.holes);
  }

  /** Of the flow at hand somebody has begun the close: notes how far it is. @param time of the segment at hand, ns */
  note(flow: number, time: number): void {
    const { ints, at } = this.update;
    const first = ints[at + L.SIDE + L.SIDE_FLAGS]!;
    const second = ints[at + L.SIDE + L.SIDE_WORDS + L.SIDE_FLAGS]!;
    const flags = ints[at + L.FLAGS]!;
    if ((first & second & L.FIN_ACKED) !== 0 || ((first | second) & L.RST_SENT) !== 0) {
      ints[at + L.FLAGS] = flags | L.FLOW_ENDED;
      this.ended.push(flow, ints[at + L.ID]!, time);
    } else if ((first & second & L.FIN_SENT_FLAG) !== 0 && (flags & L.FLOW_CLOSING) === 0) {
      ints[at + L.FLAGS] = flags | L.FLOW_CLOSING;
      this.closing.push(flow, ints[at + L.ID]!, time);
    }
  }

  /** A packet for a flow that was summed up: it will be done anew. @param time of the packet, ns */
  revive(flow: number, time: number): void {
    const { ints, at } = this.update;
    ints[at + L.SUMMARY] = 0;
    this.closed.forget(flow);
    this.ended.push(flow, ints[at + L.ID]!, time);
  }

  /** A new flow is about to take over the 4-tuple. */
  leave(flow: number): void {
    // Only one generation back can still be in TIME_WAIT: what the old flow replaced is settled now.
    this.settlePrevious(flow);
    this.closed.forget(flow);
  }

  /** A flow that took over a 4-tuple: what it does tells what became of the one before it. @param time of its SYN, ns */
  awaitAnswer(flow: number, id: number, time: number): void {
    this.successors.push(flow, id, time);
  }

  /** Sums up the flows that ended since the last time, and hands over those whose time is over. */
  settle(now: number): void {
    const { ended, waiting, successors, closed, retention } = this;
    this.endSilent(now);
    for (let left = ended.length; left > 0; left--) this.sumUp(ended, now);
    while (now - waiting.oldestTime() > SECOND_TRY) this.sumUp(waiting, now);
    while (now - successors.oldestTime() > LAST_TRY) this.judgePredecessor();
    while (
      now - closed.oldestTime() > retention.lingerNs &&
      this.place.numbers[C.SEEN]! - closed.oldestSeen() >= retention.segments
    ) {
      this.expire();
    }
  }

  /** Bounds what waits: flows, and the queues' entries of flows that wait no more. @param now ns since the capture's first second */
  makeRoom(now: number): void {
    const { table, closed } = this;
    const { writer, holes } = this.update;
    const { records } = table;
    const units = records.used + writer.trails.blocks.used + closed.length + holes.mostUnits;
    const most = 2 * records.used + CROWD.every;
    for (const queue of [this.closing, this.waiting, this.successors]) {
      if (queue.length > most) queue.compact((flow, id) => this.viewOf(flow).word(L.ID) === id);
    }
    if (closed.length > most) closed.compact();
    for (const flow of this.crowd.tooMany(units, this.clock.originSeconds * NS_PER_SECOND + now)) {
      if (!this.viewOf(flow).has(L.FLOW_ENDED)) this.givenUp++;
      this.finalize(flow);
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

  /** The earliest time at which a flow not yet handed to the sink can have ended, ns since the capture's first second. */
  watermark(now: number): number {
    const { closing, ended, waiting, closed } = this;
    return Math.min(closing.oldestTime(), ended.oldestTime(), waiting.oldestTime(), closed.oldestTime(), now);
  }

  /** Hands over every flow that is still in the table, in the order in which they ended, open ones last. */
  finish(): void {
    this.settle(Number.POSITIVE_INFINITY);
    while (this.closed.length > 0) this.expire();
    const open = this.table.list();
    const ids = new Int32Array(this.table.records.created);
    for (const flow of open) ids[flow] = this.viewOf(flow).word(L.ID);
    for (const flow of open.sort((a, b) => ids[a]! - ids[b]!)) this.finalize(flow);
  }

  /** Hands every flow to another sink as finish() would, without an end to any. */
  peek(sink: FlowSink): void {
    const { update, successor } = this;
    this.eachFlow((view, summary, at) => {
      const previous = view.word(L.PREVIOUS);
      if (previous >= 0) {
        successor.point(this.table.records, update.writer.trails, view.record);
        sink.flowEnded(this.viewOf(previous), successor);
        this.viewOf(successor.record);
      }
      if (summary === null) sink.flowEnded(view, null);
      else sink.flowExpired(view, summary, at);
    });
  }

  handTo(sink: FlowSink): void {
    this.sink = sink;
  }

  /** Those that were summed up in the order in which they ended, then the others in that of their ids. */
  eachFlow(visit: (flow: FlowView, summary: Float64Array | null, at: number) => void): void {
    const { closed, view } = this;
    closed.each((flow, at) => visit(this.viewOf(flow), closed.floats, at));
    const ids = new Int32Array(this.table.records.created);
    const others = this.table.list().filter((flow) => {
      ids[flow] = this.viewOf(flow).word(L.ID);
      return view.word(L.SUMMARY) === 0;
    });
    for (const flow of others.sort((a, b) => ids[a]! - ids[b]!)) visit(this.viewOf(flow), null, 0);
  }

  private viewOf(flow: number): FlowView {
    return this.view.point(this.table.records, this.update.writer.trails, flow);
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
  settlePrevious(flow: number): void {
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
    view.ints[view.at + L.ID] = 0;
    view.ints[view.at + L.FLAGS] = 0;
    view.ints[view.at + L.SUMMARY] = 0;
    this.closed.forget(flow);
    table.records.release(flow);
  }
}
