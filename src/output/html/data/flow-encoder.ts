/** One flow after another as tokens and numbers: what each member follows from is found here, and shapes that are equal are one. */

import type { Endpoint, Flow, PerSide, Side, Span } from '../../../report/types.ts';
import { wiresharkFilter } from '../../../report/wireshark-filter.ts';
import { NS_PER_SECOND } from '../../../units.ts';
import type { Tokens } from './file.ts';
import type { Moments } from './moments.ts';
import { MOST } from './numbers.ts';
import { halfOf, MEMBERS, type Member, NO_RTT, PARTS, shifted } from './rows.ts';
import { communityIdOf } from './sha1.ts';
import * as T from './shape.ts';
import { COMPUTED, COMPUTED_TURNED } from './whole.ts';

/** What is a multiple of this is a timer's length: a listed value, ns. */
const ROUND = 100_000_000;

/** Values by their places. */
export class Listing<T> {
  readonly values: T[] = [];
  private readonly places = new Map<string, number>();

  place(value: T): number {
    const key = JSON.stringify(value);
    let place = this.places.get(key);
    if (place === undefined) {
      place = this.values.length;
      this.places.set(key, place);
      this.values.push(value);
    }
    return place;
  }
}

interface Known {
  ns: number;
  part: number;
  slot: number;
}

export class FlowEncoder {
  readonly listed = new Listing<unknown>();
  readonly texts = new Listing<string>();
  readonly addresses = new Listing<string>();
  readonly servers = new Listing<[number, number]>();
  readonly shapes = PARTS.map(() => new Listing<number[]>());
  readonly triples = new Listing<number[]>();
  readonly members = Object.fromEntries(MEMBERS.map((member) => [member, []])) as unknown as Record<Member, number[]>;
  readonly values: number[] = [];
  readonly frames: number[] = [];
  private readonly moments: Moments;
  private readonly end: number;
  private readonly near: Side;

  // Of the flow at hand.
  private isOdd = false;
  private rtt: PerSide<number> = { client: NO_RTT, server: NO_RTT };
  private known: Known[] = [];
  private ownFrames: [frame: number, token: number][] = [];
  private numbers: number[] = [];
  private flowFrames: number[] = [];
  // Of its part.
  private part = 0;
  private tokens: number[] = [];
  private slots = 0;
  private places = 0;
  private last = 0;

  /** @param end the capture's, ns since the moments' base */
  constructor(moments: Moments, end: number, near: Side) {
    this.moments = moments;
    this.end = end;
    this.near = near;
  }

  get tokensByPart(): Tokens {
    return this.shapes.map(({ values }) => values) as unknown as Tokens;
  }

  /** @returns false where a flow is not as flows are: nothing is kept of it then */
  add(flow: Flow): boolean {
    this.isOdd = false;
    const first = this.time(flow.firstPacket);
    this.rtt = { client: this.rttOf(flow.rtt.client), server: this.rttOf(flow.rtt.server) };
    this.known = [{ ns: first, part: T.FIRST, slot: 0 }];
    this.ownFrames = [];
    this.numbers = [];
    this.flowFrames = [];
    const far = this.near === 'client' ? 'server' : 'client';
    const shapes = [
      this.partOf(T.NEAR, first, () => this.endpoint(flow.endpoints[this.near], this.near)),
      this.partOf(T.FAR, first, () => this.endpoint(flow.endpoints[far], far)),
      this.partOf(T.WHOLE, first, () => this.whole(flow)),
    ];
    for (const { address, port } of [flow.client, flow.server])
      this.check(typeof address === 'string' ? port : Number.NaN);
    const { packets, bytes, id } = flow;
    for (const number of [id, packets.client, packets.server, bytes.client, bytes.server]) this.check(number);
    if (this.isOdd) return false;
    const triple = shapes.map((tokens, part) => this.shapes[part]!.place(tokens));
    const row: Record<Member, number> = {
      id,
      firstPacket: first,
      rttClient: this.rtt.client,
      rttServer: this.rtt.server,
      packetsClient: packets.client,
      packetsServer: packets.server,
      bytesClient: bytes.client,
      bytesServer: bytes.server,
      clientAddress: this.addresses.place(flow.client.address),
      clientPort: flow.client.port,
      server: this.servers.place([this.addresses.place(flow.server.address), flow.server.port]),
      shapes: this.triples.place(triple),
    };
    for (const member of MEMBERS) this.members[member].push(row[member]);
    for (const number of this.numbers) this.values.push(number);
    for (const frame of this.flowFrames) this.frames.push(frame);
    return true;
  }

  private partOf(part: number, first: number, write: () => void): number[] {
    this.part = part;
    this.tokens = [];
    this.slots = 0;
    this.places = 0;
    this.last = first;
    write();
    return this.tokens;
  }

  private endpoint(end: Endpoint, side: Side): void {
    const fins = () => {
      this.moment(end.finAt);
      this.moment(end.finAckedAt);
    };
    if (this.part === T.FAR) fins();
    this.tokens.push(end.states.length);
    end.states.forEach((span, i) => void this.span(span, end.states[i - 1]?.to ?? null, side));
    if (this.part === T.NEAR) fins();
    this.word(end.role);
    this.count(end.finRetransmissions);
    this.count(end.halfCloseBytes);
    const stays = [
      end.finWait1Seconds,
      end.finWait2Seconds,
      end.closingSeconds,
      end.timeWaitSeconds,
      end.closeWaitSeconds,
      end.lastAckSeconds,
    ];
    stays.forEach((seconds, i) => {
      const span = end.states.find(({ state }) => state === T.STAYS[i]);
      this.amount(seconds, span?.seconds ?? null);
    });
    this.timeWait(end.timeWait);
  }

  private span(
    { state, basis, open, from, to, seconds, plusMinus, frames }: Span,
    before: string | null,
    side: Side,
  ): void {
    this.word([state, basis, open]);
    if (from === before) this.touch(from);
    else this.moment(from);
    this.frame(frames[0]);
    const begun = this.last;
    const isFar = this.part === T.FAR && begun === this.moved(this.known[0]!.ns, side === 'client' ? 2 : 4);
    this.moment(to, {
      timed: state === 'TIME_WAIT' || state === 'FIN_WAIT_2',
      answered: isFar && state === 'SYN_SENT' ? side : null,
    });
    this.frame(frames[1]);
    const lasted = to === null ? null : (this.last - begun) / NS_PER_SECOND;
    if (seconds !== null && seconds !== lasted && seconds !== 0 && begun + this.ns(seconds) === this.end) {
      this.tokens.push(T.momentToken({ part: T.END, slot: 0, shift: 0 }));
    } else this.amount(seconds, lasted);
    const half = (of: Side) => (this.rtt[of] === NO_RTT ? null : halfOf(this.rtt[of]) / NS_PER_SECOND);
    if (plusMinus === 0) this.tokens.push(T.ZERO);
    else if (plusMinus !== null && plusMinus === half('client')) this.tokens.push(T.HALF);
    else if (plusMinus !== null && plusMinus === half('server')) this.tokens.push(T.HALF + 1);
    else this.amount(plusMinus, lasted);
  }

  private timeWait(timeWait: Endpoint['timeWait']): void {
    this.tokens.push(timeWait === null ? T.NOTHING : 1);
    if (timeWait === null) return;
    const { from, until, untilLatest, basis, endedBy, restarts, frames } = timeWait;
    this.word([basis, endedBy]);
    this.moment(from);
    this.count(restarts);
    this.tokens.push(frames.length);
    for (const frame of frames) this.frame(frame);
    this.moment(until, { timed: true });
    this.moment(untilLatest, { timed: true });
  }

  private whole(flow: Flow): void {
    const { reset, reuse, comparison, client, server } = flow;
    this.word([flow.orientation, flow.handshake, flow.kind, flow.closeShape, flow.initiator, flow.connState]);
    this.moment(flow.lastPacket);
    this.moment(flow.closedAt);
    this.tokens.push(reset === null ? T.NOTHING : 1);
    if (reset !== null) {
      this.word([reset.by, reset.cause]);
      this.moment(reset.at);
      this.frame(reset.frame);
      this.text(reset.why);
      this.count(reset.ignored);
    }
    this.tokens.push(reuse === null ? T.NOTHING : 1);
    if (reuse !== null) {
      this.word([reuse.inTimeWait, reuse.outcome]);
      this.count(flow.id - reuse.previous);
      this.amount(reuse.gapSeconds, null);
    }
    this.tokens.push(comparison === null ? T.NOTHING : 1);
    if (comparison !== null) {
      this.word([comparison.resetOrigin, comparison.driftPpm]);
      this.amount(comparison.offsetSeconds, null);
      this.amount(comparison.plusMinus, null);
      this.count(comparison.lost.toServer);
      this.count(comparison.lost.toClient);
    }
    this.word(flow.encapsulation);
    this.word(flow.notes);
    this.text(flow.history);
    if (flow.communityId !== null && flow.communityId === communityIdOf(client, server)) this.tokens.push(COMPUTED);
    else this.text(flow.communityId);
    this.filter(flow.wiresharkFilter, wiresharkFilter(client, server), wiresharkFilter(server, client));
  }

  private filter(filter: string | null, computed: string, turned: string): void {
    const start = filter?.startsWith(computed) ? computed : filter?.startsWith(turned) ? turned : '';
    if (filter === null || start === '') {
      this.text(filter);
      return;
    }
    this.tokens.push(start === computed ? COMPUTED : COMPUTED_TURNED);
    this.own(this.texts.place(filter.slice(start.length)));
  }

  private word(value: unknown): void {
    this.tokens.push(this.listed.place(value));
  }

  private text(text: string | null): void {
    this.tokens.push(text === null ? T.NOTHING : T.OWN);
    if (text !== null) this.own(this.texts.place(text));
  }

  private count(value: number | null): void {
    if (value === null || value === 0) this.tokens.push(value === null ? T.NOTHING : T.ZERO);
    else {
      this.tokens.push(T.OWN);
      this.own(value);
    }
  }

  /** Seconds. @param same what they are likeliest to be */
  private amount(seconds: number | null, same: number | null): void {
    if (seconds !== null && seconds === same) this.tokens.push(T.SAME);
    else this.count(seconds === null ? null : this.ns(seconds));
  }

  private touch(text: string): void {
    this.tokens.push(T.TOUCHES);
    this.last = this.time(text);
  }

  /** @param timed a timer may end here @param answered this side's SYN was answered: the answer was captured half a round trip before */
  private moment(text: string | null, { timed = false, answered = null as Side | null } = {}): void {
    if (text === null) {
      this.tokens.push(T.NOTHING);
      return;
    }
    const ns = this.time(text);
    const passed = ns - this.last;
    const known = this.find(ns);
    if (passed === 0 || (known === null && timed && passed % ROUND === 0))
      this.tokens.push(-this.listed.place(passed) - 1);
    else if (known !== null) this.tokens.push(known);
    else this.newMoment(ns, answered);
    this.last = ns;
  }

  private newMoment(ns: number, answered: Side | null): void {
    const half = answered === null ? 0 : this.rtt[answered] / 2;
    const captured = Math.round(ns - half);
    const isLater = answered !== null && this.moved(captured, answered === 'client' ? 1 : 3) === ns;
    this.tokens.push(isLater ? T.OWN_LATER : T.OWN);
    this.known.push({ ns: isLater ? captured : ns, part: this.part, slot: this.slots });
    this.own(isLater ? captured : ns);
  }

  /** The token of a moment that is known, as it is or, at the far end, moved. */
  private find(ns: number): number | null {
    const shifts = this.part === T.FAR ? T.SHIFTS : 1;
    for (let shift = 0; shift < shifts; shift++) {
      for (const known of this.known) {
        if (this.moved(known.ns, shift) === ns) return T.momentToken({ ...known, shift });
      }
    }
    return null;
  }

  private moved(ns: number, shift: number): number {
    return shift === 0 ? ns : shifted(ns, shift, this.rtt.client, this.rtt.server);
  }

  private frame(frame: number | null): void {
    if (frame === null) {
      this.tokens.push(T.NOTHING);
      return;
    }
    const known = this.ownFrames.find(([other]) => other === frame);
    this.tokens.push(known?.[1] ?? T.OWN);
    if (known !== undefined) return;
    this.ownFrames.push([frame, T.frameToken({ part: this.part, index: this.places++ })]);
    this.flowFrames.push(this.check(frame));
  }

  private own(value: number): void {
    this.numbers.push(this.check(value));
    this.slots++;
  }

  private time(text: string): number {
    return this.check(this.moments.parse(text));
  }

  private rttOf(seconds: number | null): number {
    if (seconds === null) return NO_RTT;
    const ns = this.ns(seconds);
    if (ns < 0) this.isOdd = true;
    return ns;
  }

  private ns(seconds: number): number {
    const ns = Math.round(seconds * NS_PER_SECOND);
    if (ns / NS_PER_SECOND !== seconds) this.isOdd = true;
    return this.check(ns);
  }

  private check(number: number): number {
    // Differences of such numbers are as exact as they are.
    if (!Number.isInteger(number) || Math.abs(number) > MOST / 4) this.isOdd = true;
    return number;
  }
}
