import { Split } from '../decode/split.ts';
import { Evidence } from '../evidence/evidence.ts';
import { interestOf } from '../evidence/interest.ts';
import { notableOf } from '../evidence/notable.ts';
import {
  CLIENT,
  CLIENT_PORT,
  ID,
  INITIATOR,
  INTEREST,
  KEY,
  KIND,
  LAST,
  NOTABLE,
  REUSES,
  SERVICE,
  summarize,
} from '../evidence/summary.ts';
import * as L from '../flow/layout.ts';
import { type FlowSink, SUMMARY_FLOATS } from '../flow/sink.ts';
import type { FlowTracker } from '../flow/tracker.ts';
import { Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import type { CaptureClock } from '../input/clock.ts';
import type { Kernel } from '../kernel/kernel.ts';
import * as F from '../teardown/facts.ts';
import { OUTCOMES, readSuccessor, type Successor } from '../teardown/successor.ts';
import { Systems } from '../teardown/systems.ts';
import { NS_PER_SECOND, nsToSeconds } from '../units.ts';
import { AddressBook } from './address-book.ts';
import { Best } from './best.ts';
import { Closings } from './closings.ts';
import type { FlowCollectorOptions } from './collector-options.ts';
import type { IntervalSink } from './intervals.ts';
import { type CollectorPart, commonOrder, type Kept, pack, renumber, unpack } from './parts.ts';
import { ServiceCounter } from './services.ts';
import { summarizeShort } from './short-summary.ts';
import { CHALLENGE_ACK, Teller } from './teller.ts';
import { TotalsCounter } from './totals.ts';
import type { Assumption, Flow, Reuse } from './types.ts';

/**
 * Takes flows as they end: counts them, streams them, gathers evidence, and keeps the most interesting, packed. A flow
 * becomes an object only where one is asked for.
 */
export class FlowCollector implements FlowSink {
  readonly totals: TotalsCounter;
  readonly services = new ServiceCounter();
  readonly evidence: Evidence;
  readonly teller: Teller;

  private readonly clock: CaptureClock;
  private readonly options: FlowCollectorOptions;
  private readonly systems: Systems;
  /** what streamed flows told of addresses up to now */
  private readonly known: AddressBook;
  private best: Best<Kept>;
  /** by the id of the flow that reused a 4-tuple */
  private readonly reuses = new Map<number, Reuse>();
  private readonly closings: Closings;
  private readonly trail = new Trail();
  private readonly summary = new Float64Array(SUMMARY_FLOATS);
  private tracker!: FlowTracker;
  /** somebody wants to see each flow when it ends */
  private readonly asks: boolean;
  /** null also where flows are wanted as they are, not in numbers */
  private readonly kernel: Kernel | null;

  /** @param before of the same tracker */
  constructor(clock: CaptureClock, options: FlowCollectorOptions, before?: FlowCollector) {
    this.clock = clock;
    this.options = options;
    this.systems = new Systems(options.systems);
    this.teller = new Teller(clock, new Split(options.splitBy));
    this.evidence = new Evidence(this.systems.profiles, options);
    this.known = before?.known ?? new AddressBook(this.systems);
    this.closings = new Closings(options.onClosed, (flow) => this.recordOf(flow), before?.closings);
    this.best = new Best(options.maxFlows);
    this.totals = new TotalsCounter(options.intervals);
    this.asks = options.onFlow !== undefined || options.where !== undefined;
    this.kernel = this.asks ? null : (options.kernel ?? null);
  }

  /**
   * A collector that knows what this one does, for a report in between: to it the tracker shows the flows that it still
   * has. What it takes leaves this one as it is.
   * @param intervals as of this one, with what that holds
   */
  fork(intervals: IntervalSink): FlowCollector {
    const options = { ...this.options, onFlow: undefined, onClosed: undefined, onKept: undefined };
    const other = this.successor({ ...options, intervals });
    other.totals.merge(this.totals);
    other.services.merge(this.services);
    other.evidence.continue(this.evidence);
    for (const kept of this.kept()) other.best.add(kept, kept.interest, kept.ints[L.ID]!);
    return other;
  }

  /** Hands the tracker's flows to a collector that counts from here on. */
  renew(intervals: IntervalSink): FlowCollector {
    const other = this.successor({ ...this.options, intervals });
    this.tracker.handTo(other);
    // Summaries name services and clients by their numbers here.
    this.tracker.eachFlow((flow, summary, at) => {
      if (summary !== null && !this.asks) other.locate(flow, summary, at);
    });
    return other;
  }

  private successor(options: FlowCollectorOptions): FlowCollector {
    const other = new FlowCollector(this.clock, options, this);
    for (const [id, reuse] of this.reuses) other.reuses.set(id, reuse);
    other.attach(this.tracker);
    return other;
  }

  /** How a flow stands now; valid until the next call of any method. */
  factsOf(flow: FlowView): F.Facts {
    this.teller.takeProfiles(flow, this.systems);
    return this.teller.reconstruct(flow, null);
  }

  /** The tracker whose flows these are; to be called once, before the first packet. */
  attach(tracker: FlowTracker): void {
    this.tracker = tracker;
    this.teller.attach(tracker);
  }

  flowEnded(flow: FlowView, next: FlowView | null): void {
    const { teller, summary, evidence } = this;
    const successor = next === null ? null : this.succeed(flow, next);
    const id = flow.word(L.ID);
    this.closings.ended(flow);
    const reuse = this.reuses.get(id) ?? null;
    this.reuses.delete(id);
    const wanted = !this.asks || this.stream(flow, successor, reuse);
    const changed = teller.takeProfiles(flow, this.systems);
    const facts = changed || !this.asks ? teller.reconstruct(flow, successor) : teller.facts;
    if (successor !== null && next !== null) this.noteReuse(flow, next, facts, successor);
    if (!wanted) return;
    if (reuse?.outcome === 'challenged') facts.note(CHALLENGE_ACK);
    const end = teller.endOf(flow);
    const offset = teller.offsetOf(flow);
    summarize(facts, flow, teller.profiles, end, offset, summary, 0);
    this.locate(flow, summary, 0);
    const isNotable = summary[NOTABLE] === 1;
    if (isNotable && !evidence.hasRoom(facts.kind, summary[LAST]!)) evidence.notablesLeft++;
    else if (isNotable) {
      const [service, client, initiator] = [summary[SERVICE]!, summary[CLIENT]!, summary[INITIATOR]!];
      const numbers = { service, client, clientPort: summary[CLIENT_PORT]! & 0xffff, initiator };
      evidence.keep(notableOf(flow, this.trail, facts, end, offset, numbers, reuse));
    }
    this.count(summary, 0, isNotable ? facts : null, offset);
    if (!this.best.wants(summary[INTEREST]!, id)) return;
    const interest = interestOf(facts, end);
    if (this.best.wants(interest, id)) this.keep(flow, interest, successor, reuse);
  }

  summarize(flow: FlowView, summary: Float64Array, at: number): void {
    const { teller } = this;
    this.closings.closed(flow);
    teller.takeProfiles(flow, this.systems);
    const { kernel } = this;
    if (kernel === null || !summarizeShort(kernel, flow, teller, summary, at)) {
      const facts = teller.reconstruct(flow, null);
      summarize(facts, flow, teller.profiles, teller.endOf(flow), teller.offsetOf(flow), summary, at);
    }
    // A flow that may be refused must not take a service's name.
    if (!this.asks) this.locate(flow, summary, at);
  }

  private locate(flow: FlowView, summary: Float64Array, at: number): void {
    summary[at + SERVICE] = this.services.locate(flow);
    const address = flow.at + (flow.clientSide === 0 ? L.ADDRESS_0 : L.ADDRESS_1);
    summary[at + CLIENT] = this.evidence.clients.find(flow.ints, address, 0);
  }

  flowExpired(flow: FlowView, summary: Float64Array, at: number): void {
    const id = summary[at + ID]!;
    const reuses = summary[at + REUSES] === 1 && this.reuses.has(id);
    const isNotable = summary[at + NOTABLE] === 1;
    // Only of one that may be kept it must be known exactly how interesting it is.
    const isWanted =
      (isNotable && this.evidence.hasRoom(summary[at + KIND]!, summary[at + LAST]!)) ||
      this.best.wants(summary[at + INTEREST]!, id);
    if (this.asks || reuses || isWanted) this.flowEnded(flow, null);
    else {
      this.closings.ended(flow);
      if (isNotable) this.evidence.notablesLeft++;
      this.count(summary, at, null, 0);
    }
  }

  /** A flow as it stands. */
  recordOf(flow: FlowView): Flow {
    return this.teller.tell(flow, null, this.reuses.get(flow.word(L.ID)) ?? null, this.known);
  }

  /** The flows kept, packed, ascending by id. */
  kept(): Kept[] {
    return this.best.inOrder();
  }

  /** Takes note of what the flows kept tell of their addresses. */
  teach(book: AddressBook): void {
    for (const { ints } of this.kept()) book.learn(this.teller.unpack(ints));
  }

  /**
   * The flows kept as of the capture's end, and what was assumed of their addresses. An end without a SYN goes by what the
   * other flows kept tell of its address.
   */
  listed(): { flows: Flow[]; assumptions: Record<string, Assumption> } {
    const kept = this.kept();
    const book = new AddressBook(this.systems, 2 * kept.length);
    this.teach(book);
    const assumptions: Record<string, Assumption> = {};
    const flows = kept.map((each) => {
      const flow = this.teller.recordOf(each, book);
      this.teller.assume(each, flow, book, assumptions);
      return flow;
    });
    return { flows, assumptions };
  }

  /** What another thread's collector needs of this one: data alone. */
  part(): CollectorPart {
    const { tracker } = this;
    const { flows, byKind, byInitiator, positions, finWait2 } = this.totals;
    const { lifetimes, clients, notables, notablesLeft, noteCounts } = this.evidence;
    const { floats, words, length, left } = lifetimes;
    return {
      totals: { flows, byKind, byInitiator, positions, finWait2 },
      services: this.services,
      evidence: { lifetimes: { floats, words, length, left }, clients, notables, notablesLeft, noteCounts },
      encapsulations: tracker.encapsulations.all,
      openings: tracker.openings?.values ?? new Int32Array(0),
      kept: pack(this.best.inOrder()),
    };
  }

  /** Takes the other shares' flows in, and numbers all flows in their common order. */
  absorb(parts: readonly CollectorPart[]): void {
    const own = this.part();
    const all = [own, ...parts];
    const ids = commonOrder(all.map(({ openings }) => openings));
    this.best = new Best(this.options.maxFlows);
    all.forEach((part, i) => {
      const stacks = part.encapsulations.map((stack) => this.tracker.encapsulations.add(stack));
      for (const kept of unpack(part.kept)) {
        renumber(kept, ids[i]!, stacks);
        const id = kept.ints[L.ID]!;
        if (this.best.wants(kept.interest, id)) this.best.add(kept, kept.interest, id);
      }
      if (part === own) {
        this.evidence.renumber(ids[i]!);
        return;
      }
      this.totals.merge(part.totals);
      this.evidence.merge(part.evidence, ids[i]!, this.services.merge(part.services));
    });
  }

  /** @returns whether the flow is wanted */
  private stream(flow: FlowView, successor: Successor | null, reuse: Reuse | null): boolean {
    const { onFlow, where } = this.options;
    this.known.learn(flow);
    const record = this.teller.tell(flow, successor, reuse, this.known);
    if (where !== undefined && !where(record)) return false;
    onFlow?.(record);
    return true;
  }

  /** @param facts of a notable flow, else null: its summary tells all @param offset of their times */
  private count(summary: Float64Array, at: number, facts: F.Facts | null, offset: number): void {
    const { tracker, clock } = this;
    const now = (clock.lastSeconds - clock.originSeconds) * NS_PER_SECOND + clock.lastNanoseconds;
    this.totals.add(summary, at, tracker.watermark(now) - LATE, summary[at + KEY]!);
    this.services.count(summary[at + SERVICE]!, summary[at + KIND]!, summary[at + INITIATOR]!);
    this.evidence.add(summary, at, facts, offset);
  }

  private keep(flow: FlowView, interest: number, successor: Successor | null, reuse: Reuse | null): void {
    const ints = new Int32Array(flow.packedWords);
    flow.packInto(ints, 0);
    this.best.add({ interest, ints, successor, reuse }, interest, flow.word(L.ID));
    if (this.options.onKept !== undefined) this.known.learn(flow);
    this.options.onKept?.(this.teller.tell(flow, successor, reuse, this.known));
  }

  private succeed(flow: FlowView, next: FlowView): Successor {
    next.loadTrail(this.trail);
    return readSuccessor(next, this.trail, flow);
  }

  private noteReuse(flow: FlowView, next: FlowView, facts: F.Facts, successor: Successor): void {
    let inTimeWait = false;
    for (let side = 0; side < 2; side++) {
      const from = facts.timeWaitFrom[side]!;
      if (Number.isNaN(from) || successor.synAt < from) continue;
      const killed = facts.timeWaitEndedBy[side] === F.BY_RST && facts.timeWaitEnd[side]! < successor.synAt;
      const until = facts.timeWaitRestartedAt[side]! + this.teller.profiles[side]!.timeWaitNs;
      if (!killed && successor.synAt < until) inTimeWait = true;
    }
    this.reuses.set(next.word(L.ID), {
      previous: flow.word(L.ID),
      gapSeconds: nsToSeconds(successor.synAt - flow.float(L.LAST_TIME)),
      inTimeWait,
      outcome: OUTCOMES[successor.outcome]!,
    });
  }
}

/** How much a TIME_WAIT may have begun before its flow counted as ended (ns): a LAST_ACK's retransmissions. */
const LATE = 300 * NS_PER_SECOND;
