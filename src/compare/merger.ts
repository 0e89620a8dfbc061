import type { AddressBook } from '../report/address-book.ts';
import { secondsOf } from '../report/texts.ts';
import type { Assumption, Capture, Comparison, ComparisonTotals, Flow, Reuse, Side } from '../report/types.ts';
import { NS_PER_SECOND } from '../units.ts';
import type { OneCapture } from './captures.ts';
import type { Clock } from './clock.ts';
import { isJoined, type Pair } from './join.ts';
import { mergeFlows, onlyIn } from './merge.ts';
import { exchanged, Mover, nsSince } from './move.ts';
import type { Outcomes } from './outcomes.ts';

/** Makes the report's flows of those of both captures. */
export class Merger {
  private readonly captures: readonly [OneCapture, OneCapture];
  private readonly pairs: readonly Pair[];
  private readonly clock: Clock | null;
  private readonly outcomes: Outcomes;
  /** what both captures tell of addresses */
  private readonly book: AddressBook;
  private readonly assumptions: Record<string, Assumption> = {};
  private readonly mover: Mover;
  /** from the client's capture's first second to the server's, ns */
  private readonly apart: number;
  private readonly known: Pick<Comparison, 'driftPpm' | 'plusMinus'>;
  /** by index of the pair when it began, ns since the client's capture's first second */
  private readonly began: Float64Array;
  /** by capture, then by the flow's index, its id in the report */
  private readonly ids: readonly [Int32Array, Int32Array];
  private readonly order: Uint32Array;
  /** "address port" of every server in the server's capture */
  private readonly services: ReadonlySet<string>;

  constructor(
    captures: readonly [OneCapture, OneCapture],
    pairs: readonly Pair[],
    clock: Clock | null,
    outcomes: Outcomes,
    book: AddressBook,
  ) {
    this.book = book;
    this.captures = captures;
    this.pairs = pairs;
    this.clock = clock;
    this.outcomes = outcomes;
    const [client, server] = captures;
    this.apart = (server.origin - client.origin) * NS_PER_SECOND;
    this.known = {
      driftPpm: clock === null || clock.driftPpm === null ? null : Number(clock.driftPpm.toFixed(2)),
      plusMinus: clock === null ? null : secondsOf(Math.round(clock.plusMinus)),
    };
    this.mover = new Mover(clock, client.origin, server.origin);
    this.began = Float64Array.from(pairs, (pair) => this.beginningOf(pair));
    this.order = Uint32Array.from(pairs.keys()).sort((a, b) => this.began[a]! - this.began[b]! || a - b);
    this.ids = [new Int32Array(client.cards.length), new Int32Array(server.cards.length)];
    this.order.forEach((index, place) => {
      const pair = pairs[index]!;
      if (pair.client >= 0) this.ids[0][pair.client] = place + 1;
      if (pair.server >= 0) this.ids[1][pair.server] = place + 1;
    });
    this.services = new Set(server.cards.map(({ ends, client: side }) => ends[1 - side]!));
  }

  *flows(): Generator<{ flow: Flow; interest: number; seenAt: 'both' | Side }> {
    let id = 0;
    for (const index of this.order) {
      const pair = this.pairs[index]!;
      const client = pair.client < 0 ? null : this.record(0, pair.client, pair);
      const server = pair.server < 0 ? null : this.mover.flow(this.record(1, pair.server, pair));
      const interest = Math.max(
        client === null ? 0 : this.captures[0].kept[pair.client]!.interest,
        server === null ? 0 : this.captures[1].kept[pair.server]!.interest,
      );
      const reuse = this.reuseOf(0, client) ?? this.reuseOf(1, server);
      id++;
      const comparison = this.comparisonOf(index);
      if (client !== null && server !== null) {
        const origin = (capture: Side, frame: number) => this.outcomes.originOf(capture === 'client' ? 0 : 1, frame);
        yield { flow: mergeFlows(client, server, id, reuse, comparison, origin), interest, seenAt: 'both' };
      } else if (client !== null) {
        const lost = { toServer: this.neverCame(client, pair), toClient: null };
        yield { flow: onlyIn('client', client, id, reuse, { ...comparison, lost }), interest, seenAt: 'client' };
      } else if (server !== null) {
        yield { flow: onlyIn('server', server, id, reuse, comparison), interest, seenAt: 'server' };
      }
    }
  }

  /** What was assumed of the addresses of flows, all of which have been made. */
  assumptionsOf(flows: readonly Flow[]): Record<string, Assumption> {
    const assumptions: Record<string, Assumption> = {};
    for (const { client, server } of flows) {
      for (const { address } of [client, server]) {
        const known = this.assumptions[address];
        if (known !== undefined) assumptions[address] = known;
      }
    }
    return assumptions;
  }

  /** Both captures as one. */
  capture(): Capture {
    const [one, other] = [this.captures[0].capture, this.captures[1].capture];
    const skipped = { ...one.skipped };
    for (const [reason, n] of Object.entries(other.skipped)) skipped[reason] = (skipped[reason] ?? 0) + n;
    const moved = (time: string | null) => (time === null ? [] : [this.mover.time(time)]);
    const own = (time: string | null) => (time === null ? [] : [time]);
    const first = [...own(one.firstPacket), ...moved(other.firstPacket)].sort().at(0) ?? null;
    const last = [...own(one.lastPacket), ...moved(other.lastPacket)].sort().at(-1) ?? null;
    const { origin } = this.captures[0];
    return {
      live: null,
      files: [...one.files, ...other.files],
      packets: one.packets + other.packets,
      tcpPackets: one.tcpPackets + other.tcpPackets,
      duplicates: one.duplicates + other.duplicates,
      outOfOrder: one.outOfOrder + other.outOfOrder,
      flowsGivenUp: one.flowsGivenUp + other.flowsGivenUp,
      dropped: one.dropped === null && other.dropped === null ? null : (one.dropped ?? 0) + (other.dropped ?? 0),
      skipped,
      damage: [...one.damage, ...other.damage],
      position: 'unknown',
      firstPacket: first,
      lastPacket: last,
      seconds: first === null || last === null ? 0 : secondsOf(nsSince(origin, last) - nsSince(origin, first)),
    };
  }

  clocks(): Pick<ComparisonTotals, 'offsetSeconds' | 'driftPpm' | 'plusMinus' | 'exchanged'> {
    const { clock } = this;
    const began = this.order.length === 0 ? 0 : this.began[this.order[0]!]!;
    return { ...this.clocksAt(began), exchanged: clock !== null && clock.roundTrip < -NOTICEABLE };
  }

  private clocksAt(time: number): Pick<Comparison, 'offsetSeconds' | 'driftPpm' | 'plusMinus'> {
    const { clock } = this;
    const offset = clock === null ? null : secondsOf(this.apart + Math.round(clock.offsetAt(time)));
    return { offsetSeconds: offset, ...this.known };
  }

  private comparisonOf(index: number): Comparison {
    const joined = isJoined(this.pairs[index]!);
    const lost = (direction: number) => (joined ? this.outcomes.lostOf(index, direction) : null);
    return {
      ...this.clocksAt(this.began[index]!),
      lost: { toServer: lost(0), toClient: lost(1) },
      resetOrigin: joined ? this.outcomes.firstOrigin(index) : null,
    };
  }

  private record(side: 0 | 1, index: number, pair: Pair): Flow {
    const { collector, kept, cards } = this.captures[side];
    const flow = collector.teller.recordOf(kept[index]!, this.book);
    collector.teller.assume(kept[index]!, flow, this.book, this.assumptions);
    return pair.clientSide[side] === cards[index]!.client ? flow : exchanged(flow);
  }

  private reuseOf(side: 0 | 1, flow: Flow | null): Reuse | null {
    const reuse = flow?.reuse ?? null;
    return reuse === null ? null : { ...reuse, previous: this.ids[side][reuse.previous - 1]! };
  }

  private beginningOf({ client, server }: Pair): number {
    const own = client < 0 ? Number.POSITIVE_INFINITY : this.captures[0].cards[client]!.firstTime;
    if (server < 0) return own;
    const time = this.captures[1].cards[server]!.firstTime;
    return Math.min(own, this.clock === null ? time + this.apart : this.clock.toClient(time));
  }

  /**
   * SYNs of a connection that the server's capture lacks, and nobody answered: they did not come to a server that is in
   * this capture, while it ran. Null where that can't be told.
   */
  private neverCame(flow: Flow, { client, clientSide }: Pair): number | null {
    if (flow.kind !== 'unanswered') return null;
    const { capture, window, cards } = this.captures[1];
    if (capture.tcpPackets === 0 && cards.length === 0) return flow.packets.client;
    const { clock } = this;
    if (clock === null || !this.services.has(this.captures[0].cards[client]!.ends[1 - clientSide[0]]!)) return null;
    const arrivals = [flow.firstPacket, flow.lastPacket].map((time) =>
      clock.arrival(0, nsSince(this.captures[0].origin, time)),
    );
    return arrivals.every((time) => time >= window.first && time <= window.last) ? flow.packets.client : null;
  }
}

/** A round trip less than 0 by so much (ns) is no noise. */
const NOTICEABLE = 1_000_000;
