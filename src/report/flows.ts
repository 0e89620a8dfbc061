import { Split, type SplitWord } from '../decode/split.ts';
import * as L from '../flow/layout.ts';
import { type FlowSink, SUMMARY_FLOATS } from '../flow/sink.ts';
import type { FlowTracker } from '../flow/tracker.ts';
import { Trail } from '../flow/trail.ts';
import { FlowView } from '../flow/view.ts';
import type { CaptureClock } from '../input/clock.ts';
import { SUMMARY } from '../kernel/control.ts';
import type { Kernel } from '../kernel/kernel.ts';
import * as F from '../teardown/facts.ts';
import { LINUX, type OsProfile } from '../teardown/profiles.ts';
import { Replay } from '../teardown/replay.ts';
import { OUTCOMES, readSuccessor, type Successor } from '../teardown/successor.ts';
import { type SystemSettings, Systems } from '../teardown/systems.ts';
import { NS_PER_SECOND, nsToSeconds } from '../units.ts';
import { AddressBook } from './address-book.ts';
import { Best } from './best.ts';
import { flowRecord } from './flow-record.ts';
import { interestOf } from './interest.ts';
import type { IntervalSink } from './intervals.ts';
import { type CollectorPart, commonOrder, type Kept, pack, renumber, unpack } from './parts.ts';
import { ServiceCounter } from './services.ts';
import { ID, INITIATOR, INTEREST, KEY, KIND, REUSES, SERVICE, summarize } from './summary.ts';
import { TotalsCounter } from './totals.ts';
import type { Assumption, Flow, Reuse } from './types.ts';

export interface FlowCollectorOptions {
  systems: SystemSettings;
  /** by what equal 4-tuples are told apart */
  splitBy?: readonly SplitWord[] | undefined;
  /** flows kept for the report: the most interesting */
  maxFlows: number;
  /** where their TIME_WAITs are counted */
  intervals: IntervalSink;
  /** flows that it refuses are left out of the report and of its totals */
  where?: ((flow: Flow) => boolean) | undefined;
  /** called with each flow when it ends, in that order */
  onFlow?: ((flow: Flow) => void) | undefined;
  /** sums ordinary ends up, of the flows in its memory */
  kernel?: Kernel | null;
}

/**
 * Takes flows as they end: counts them, streams them, and keeps the most interesting, packed. A flow becomes an
 * object only where one is asked for.
 */
export class FlowCollector implements FlowSink {
  readonly totals: TotalsCounter;
  readonly services = new ServiceCounter();

  private readonly clock: CaptureClock;
  private readonly options: FlowCollectorOptions;
  private readonly systems: Systems;
  private readonly split: Split;
  /** of side 0 and 1 of the flow at hand */
  private readonly profiles: [OsProfile, OsProfile];
  /** what streamed flows told of addresses up to now */
  private readonly known: AddressBook;
  private best: Best<Kept>;
  /** by the id of the flow that reused a 4-tuple */
  private readonly reuses = new Map<number, Reuse>();
  private readonly packed = new FlowView();
  private readonly trail = new Trail();
  private readonly nextTrail = new Trail();
  private readonly replay = new Replay();
  private readonly summary = new Float64Array(SUMMARY_FLOATS);
  private tracker!: FlowTracker;
  /** somebody wants to see each flow when it ends */
  private readonly asks: boolean;
  /** null also where flows are wanted as they are, not in numbers */
  private readonly kernel: Kernel | null;

  constructor(clock: CaptureClock, options: FlowCollectorOptions) {
    this.clock = clock;
    this.options = options;
    this.systems = new Systems(options.systems);
    this.split = new Split(options.splitBy);
    this.profiles = [LINUX, LINUX];
    this.known = new AddressBook(this.systems);
    this.best = new Best(options.maxFlows);
    this.totals = new TotalsCounter(options.intervals);
    this.asks = options.onFlow !== undefined || options.where !== undefined;
    this.kernel = this.asks ? null : (options.kernel ?? null);
  }

  /** The tracker whose flows these are; to be called once, before the first packet. */
  attach(tracker: FlowTracker): void {
    this.tracker = tracker;
  }

  flowEnded(flow: FlowView, next: FlowView | null): void {
    const successor = next === null ? null : this.succeed(flow, next);
    const id = flow.word(L.ID);
    const reuse = this.reuses.get(id) ?? null;
    this.reuses.delete(id);
    const wanted = !this.asks || this.stream(flow, successor, reuse);
    const changed = this.takeProfiles(flow, this.systems);
    const facts = changed || !this.asks ? this.reconstruct(flow, successor) : this.replay.facts;
    if (successor !== null && next !== null) this.noteReuse(flow, next, facts, successor);
    if (!wanted) return;
    if (reuse?.outcome === 'challenged') facts.note(CHALLENGE_ACK);
    const end = this.endOf(flow);
    summarize(facts, flow, this.profiles, end, this.offsetOf(flow), this.summary, 0);
    this.summary[SERVICE] = this.services.locate(flow);
    this.count(this.summary, 0);
    if (!this.best.wants(this.summary[INTEREST]!, id)) return;
    const interest = interestOf(facts, end);
    if (this.best.wants(interest, id)) this.keep(flow, interest, successor, reuse);
  }

  summarize(flow: FlowView, summary: Float64Array, at: number): void {
    this.takeProfiles(flow, this.systems);
    if (this.summarizeShort(flow, summary, at)) return;
    const facts = this.reconstruct(flow, null);
    summarize(facts, flow, this.profiles, this.endOf(flow), this.offsetOf(flow), summary, at);
    // A flow that may be refused must not take a service's name.
    if (!this.asks) summary[at + SERVICE] = this.services.locate(flow);
  }

  /** By the kernel. @returns false where it does not know the flow's end */
  private summarizeShort(flow: FlowView, summary: Float64Array, at: number): boolean {
    const { kernel } = this;
    if (kernel === null) return false;
    const [one, two] = this.profiles;
    const finWait0 = one.finWait2Ns ?? Number.POSITIVE_INFINITY;
    const finWait1 = two.finWait2Ns ?? Number.POSITIVE_INFINITY;
    const { record } = flow;
    const offset = this.offsetOf(flow);
    const { exports, numbers } = kernel;
    if (exports.summarize(record, offset, one.timeWaitNs, two.timeWaitNs, finWait0, finWait1) === 0) return false;
    for (let i = 0; i < SUMMARY_FLOATS; i++) summary[at + i] = numbers[SUMMARY + i]!;
    summary[at + SERVICE] = this.services.locate(flow);
    return true;
  }

  flowExpired(flow: FlowView, summary: Float64Array, at: number): void {
    const id = summary[at + ID]!;
    const reuses = summary[at + REUSES] === 1 && this.reuses.has(id);
    // Only of one that may be kept it must be known exactly how interesting it is.
    if (this.asks || reuses || this.best.wants(summary[at + INTEREST]!, id)) this.flowEnded(flow, null);
    else this.count(summary, at);
  }

  /** The flows kept, packed, ascending by id. */
  kept(): Kept[] {
    return this.best.inOrder();
  }

  /** Takes note of what the flows kept tell of their addresses. */
  teach(book: AddressBook): void {
    for (const { ints } of this.kept()) book.learn(this.unpack(ints));
  }

  /** A kept flow as of the capture's end. @param book what is known of addresses */
  recordOf({ ints, successor, reuse }: Kept, book: AddressBook): Flow {
    return this.tell(this.unpack(ints), successor, reuse, book);
  }

  /** Notes what was assumed of a kept flow's addresses, where they were in a state which a timer ends. */
  assume({ ints }: Kept, flow: Flow, book: AddressBook, assumptions: Record<string, Assumption>): void {
    const view = this.unpack(ints);
    for (const name of ['client', 'server'] as const) {
      const timed = flow.endpoints[name].states.some(({ state }) => state === 'TIME_WAIT' || state === 'FIN_WAIT_2');
      const { address } = flow[name];
      const side = name === 'client' ? view.clientSide : 1 - view.clientSide;
      if (timed && !(address in assumptions)) assumptions[address] = book.assumption(view, side);
    }
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
      const flow = this.recordOf(each, book);
      this.assume(each, flow, book, assumptions);
      return flow;
    });
    return { flows, assumptions };
  }

  private unpack(ints: Int32Array<ArrayBuffer>): FlowView {
    return this.packed.pointAt(ints, new Float64Array(ints.buffer), 0);
  }

  /** A flow as an object, its profiles by what is known of its addresses. */
  private tell(view: FlowView, successor: Successor | null, reuse: Reuse | null, book: AddressBook): Flow {
    this.takeProfiles(view, book);
    const facts = this.reconstruct(view, successor);
    if (reuse?.outcome === 'challenged') facts.note(CHALLENGE_ACK);
    return this.build(view, reuse, this.endOf(view));
  }

  /**
   * Totals go by the flow alone, so that they are the same whatever is listed, and in however many threads.
   * @returns whether they are others than before
   */
  private takeProfiles(flow: FlowView, source: Systems | AddressBook): boolean {
    const [one, two] = this.profiles;
    this.profiles[0] = source.profileOf(flow, 0);
    this.profiles[1] = source.profileOf(flow, 1);
    return this.profiles[0] !== one || this.profiles[1] !== two;
  }

  /** What another thread's collector needs of this one: data alone. */
  part(): CollectorPart {
    const { tracker } = this;
    const { flows, byKind, byInitiator, positions, finWait2 } = this.totals;
    return {
      totals: { flows, byKind, byInitiator, positions, finWait2 },
      services: this.services,
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
      if (part === own) return;
      this.totals.merge(part.totals);
      this.services.merge(part.services);
    });
  }

  /** @returns whether the flow is wanted */
  private stream(flow: FlowView, successor: Successor | null, reuse: Reuse | null): boolean {
    const { onFlow, where } = this.options;
    this.known.learn(flow);
    const record = this.tell(flow, successor, reuse, this.known);
    if (where !== undefined && !where(record)) return false;
    onFlow?.(record);
    return true;
  }

  private count(summary: Float64Array, at: number): void {
    const { tracker, clock } = this;
    const now = (clock.lastSeconds - clock.originSeconds) * NS_PER_SECOND + clock.lastNanoseconds;
    this.totals.add(summary, at, tracker.watermark(now) - LATE, summary[at + KEY]!);
    this.services.count(summary[at + SERVICE]!, summary[at + KIND]!, summary[at + INITIATOR]!);
  }

  private keep(flow: FlowView, interest: number, successor: Successor | null, reuse: Reuse | null): void {
    const ints = new Int32Array(flow.packedWords);
    flow.packInto(ints, 0);
    this.best.add({ interest, ints, successor, reuse }, interest, flow.word(L.ID));
  }

  private reconstruct(flow: FlowView, successor: Successor | null): F.Facts {
    return this.replay.run(flow, this.endOf(flow), this.profiles, successor);
  }

  private build(view: FlowView, reuse: Reuse | null, end: number): Flow {
    const { trail, profiles, tracker, split } = this;
    view.loadTrail(trail);
    return flowRecord({
      view,
      trail,
      facts: this.replay.facts,
      profiles,
      encapsulations: tracker.encapsulations,
      split,
      reuse,
      end,
    });
  }

  private succeed(flow: FlowView, next: FlowView): Successor {
    next.loadTrail(this.nextTrail);
    return readSuccessor(next, this.nextTrail, flow);
  }

  private noteReuse(flow: FlowView, next: FlowView, facts: F.Facts, successor: Successor): void {
    let inTimeWait = false;
    for (let side = 0; side < 2; side++) {
      const from = facts.timeWaitFrom[side]!;
      if (Number.isNaN(from) || successor.synAt < from) continue;
      const killed = facts.timeWaitEndedBy[side] === F.BY_RST && facts.timeWaitEnd[side]! < successor.synAt;
      if (!killed && successor.synAt < facts.timeWaitRestartedAt[side]! + this.profiles[side]!.timeWaitNs)
        inTimeWait = true;
    }
    this.reuses.set(next.word(L.ID), {
      previous: flow.word(L.ID),
      gapSeconds: nsToSeconds(successor.synAt - flow.float(L.LAST_TIME)),
      inTimeWait,
      outcome: OUTCOMES[successor.outcome]!,
    });
  }

  /** What to add to a flow's times to make them ns since the capture's first second. */
  private offsetOf(view: FlowView): number {
    return (view.float(L.BASE_SECONDS) - this.clock.originSeconds) * NS_PER_SECOND;
  }

  private endOf(view: FlowView): number {
    const { lastSeconds, lastNanoseconds } = this.clock;
    return (lastSeconds - view.float(L.BASE_SECONDS)) * NS_PER_SECOND + lastNanoseconds;
  }
}

/** How much a TIME_WAIT may have begun before its flow counted as ended (ns): a LAST_ACK's retransmissions. */
const LATE = 300 * NS_PER_SECOND;
const CHALLENGE_ACK = F.noteBit('challenge-ack');
