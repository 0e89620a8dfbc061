import type { Split } from '../decode/split.ts';
import * as L from '../flow/layout.ts';
import type { FlowTracker } from '../flow/tracker.ts';
import { Trail } from '../flow/trail.ts';
import { FlowView } from '../flow/view.ts';
import type { CaptureClock } from '../input/clock.ts';
import * as F from '../teardown/facts.ts';
import { LINUX, type OsProfile } from '../teardown/profiles.ts';
import { Replay } from '../teardown/replay.ts';
import type { Successor } from '../teardown/successor.ts';
import type { Systems } from '../teardown/systems.ts';
import { NS_PER_SECOND } from '../units.ts';
import type { AddressBook } from './address-book.ts';
import { flowRecord } from './flow-record.ts';
import type { Kept } from './parts.ts';
import type { Assumption, Flow, Reuse } from './types.ts';

/** Tells how a flow ended: as facts, and as the record that the report has of it. */
export class Teller {
  /** of side 0 and 1 of the flow at hand */
  readonly profiles: [OsProfile, OsProfile] = [LINUX, LINUX];
  private readonly replay = new Replay();
  private readonly trail = new Trail();
  private readonly packed = new FlowView();
  private readonly clock: CaptureClock;
  private readonly split: Split;
  private tracker!: FlowTracker;

  constructor(clock: CaptureClock, split: Split) {
    this.clock = clock;
    this.split = split;
  }

  /** The tracker whose flows these are; to be called once, before the first packet. */
  attach(tracker: FlowTracker): void {
    this.tracker = tracker;
  }

  /** What was told last, until the next call. */
  get facts(): F.Facts {
    return this.replay.facts;
  }

  /** Takes the profiles of a flow's ends. @returns whether they are others than before */
  takeProfiles(flow: FlowView, source: Systems | AddressBook): boolean {
    const [one, two] = this.profiles;
    this.profiles[0] = source.profileOf(flow, 0);
    this.profiles[1] = source.profileOf(flow, 1);
    return this.profiles[0] !== one || this.profiles[1] !== two;
  }

  reconstruct(flow: FlowView, successor: Successor | null): F.Facts {
    return this.replay.run(flow, this.endOf(flow), this.profiles, successor);
  }

  /** A flow as an object, its profiles by what is known of its addresses. */
  tell(view: FlowView, successor: Successor | null, reuse: Reuse | null, book: AddressBook): Flow {
    this.takeProfiles(view, book);
    const facts = this.reconstruct(view, successor);
    if (reuse?.outcome === 'challenged') facts.note(CHALLENGE_ACK);
    const { trail, profiles, tracker, split } = this;
    view.loadTrail(trail);
    return flowRecord({
      view,
      trail,
      facts,
      profiles,
      encapsulations: tracker.encapsulations,
      split,
      reuse,
      end: this.endOf(view),
    });
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

  /** At a kept flow; valid until the next call. */
  unpack(ints: Int32Array<ArrayBuffer>): FlowView {
    return this.packed.pointAt(ints, new Float64Array(ints.buffer), 0);
  }

  /** What to add to a flow's times to make them ns since the capture's first second. */
  offsetOf(view: FlowView): number {
    return (view.float(L.BASE_SECONDS) - this.clock.originSeconds) * NS_PER_SECOND;
  }

  /** The capture's end so far, ns in the flow's base. */
  endOf(view: FlowView): number {
    return this.clock.endSince(view.float(L.BASE_SECONDS));
  }
}

/** The flow's SYN met a TIME_WAIT that did not take it. */
export const CHALLENGE_ACK = F.noteBit('challenge-ack');
