/** Which sockets there are at a moment, as the packets tell: one pass over the flows in the table. Times are ns since the capture's first second. */

import { INITIATOR, INITIATORS, KIND, LAST, NOTABLE, SYSTEMS, TIME_WAIT } from '../evidence/summary.ts';
import * as L from '../flow/layout.ts';
import type { FlowTracker } from '../flow/tracker.ts';
import type { FlowView } from '../flow/view.ts';
import { formatAddress } from '../report/addresses.ts';
import type { FlowCollector } from '../report/flows.ts';
import { ServiceCounter, type ServiceTotals } from '../report/services.ts';
import type { Address, Initiator, Kind, PerSide, Side, TcpState } from '../report/types.ts';
import * as S from '../tcp/states.ts';
import * as F from '../teardown/facts.ts';
import { PROFILES } from '../teardown/profiles.ts';
import { addressPort } from '../words.ts';
import { MOST_LINGERING, MOST_ROWS, type StateCounts } from './view.ts';

/** A socket in FIN_WAIT_2 or CLOSE_WAIT. */
export interface Lingering {
  id: number;
  state: 'FIN_WAIT_2' | 'CLOSE_WAIT';
  side: Side;
  local: Address;
  peer: Address;
  since: number;
}

/** A connection of which a socket is there. */
export interface Present {
  id: number;
  client: string;
  server: string;
  states: PerSide<TcpState | null>;
  opened: number;
  last: number;
  packets: number;
  kind: Kind;
  initiator: Initiator;
}

/** The sockets in TIME_WAIT of a port, or of all ports of a client (port null). */
export interface TimeWaits {
  address: string;
  port: number | null;
  side: Side;
  sockets: number;
  /** by the timers, when the first and the last of them is gone at the latest */
  first: number;
  last: number;
}

export interface Census {
  /** connections in the table, and those of them with a socket */
  waiting: number;
  present: number;
  states: PerSide<StateCounts>;
  /** who closed first, those that have left the table too */
  services: ServiceTotals;
  timeWait: TimeWaits[];
  /** the oldest first, MOST_LINGERING at most */
  lingering: Lingering[];
  /** those with the newest packets first, MOST_ROWS at most */
  rows: Present[];
}

const SIDES = ['client', 'server'] as const;

/** @param now until when the capture knows what happened */
export function censusOf(tracker: FlowTracker, collector: FlowCollector, now: number): Census {
  const taker = new CensusTaker(collector, now);
  tracker.eachFlow((flow, summary, at) => taker.take(flow, summary, at));
  taker.chooseRows();
  tracker.eachFlow((flow, summary, at) => taker.takeRow(flow, summary, at));
  return taker.result();
}

/** One flow as it stands: reused, times as above. */
class Standing {
  /** of client and server: a number of tcp/states.ts, -1 not known */
  readonly states = [0, 0];
  /** since when they are in it, NaN not known */
  readonly since = [0, 0];
  /** when their TIME_WAIT is over at the latest, NaN without one */
  readonly until = [0, 0];
  /** a number of F.KINDS, and index in INITIATORS */
  kind = F.KIND_OPEN;
  initiator = 0;
  last = 0;
}

class CensusTaker {
  private readonly collector: FlowCollector;
  private readonly now: number;
  private readonly standing = new Standing();
  /** of those that are present their last packets */
  private readonly lasts: number[] = [];
  private readonly services = new ServiceCounter();
  private waiting = 0;
  private rowsFrom = Number.POSITIVE_INFINITY;
  private readonly counts = [new Int32Array(S.STATE_NAMES.length), new Int32Array(S.STATE_NAMES.length)];
  private readonly timeWaits = new Map<string, TimeWaits>();
  private readonly lingering: Lingering[] = [];
  private readonly rows: Present[] = [];

  constructor(collector: FlowCollector, now: number) {
    this.collector = collector;
    this.now = now;
    this.services.merge(collector.services);
  }

  take(flow: FlowView, summary: Float64Array | null, at: number): void {
    const { standing } = this;
    this.waiting++;
    const isThere = this.stands(flow, summary, at);
    if (standing.kind !== F.KIND_OPEN) this.services.add(flow, standing.kind, standing.initiator);
    if (!isThere) return;
    this.lasts.push(standing.last);
    for (let side = 0; side < 2; side++) {
      const state = standing.states[side]!;
      if (state <= S.CLOSED) continue;
      this.counts[side]![state]!++;
      if (state === S.TIME_WAIT) this.addTimeWait(flow, side);
      else if (state === S.FIN_WAIT_2 || state === S.CLOSE_WAIT) this.addLingering(flow, side, state);
    }
  }

  /** Those of which the newest packets are. */
  chooseRows(): void {
    const sorted = Float64Array.from(this.lasts).sort();
    this.rowsFrom = sorted[sorted.length - MOST_ROWS] ?? Number.NEGATIVE_INFINITY;
  }

  takeRow(flow: FlowView, summary: Float64Array | null, at: number): void {
    if (flow.float(L.LAST_TIME) + this.collector.teller.offsetOf(flow) < this.rowsFrom) return;
    if (this.stands(flow, summary, at)) this.addRow(flow);
  }

  result(): Census {
    const counted = (counts: Int32Array): StateCounts =>
      Object.fromEntries(S.STATE_NAMES.map((name, i) => [name, counts[i]!] as const).filter(([, n]) => n > 0));
    return {
      waiting: this.waiting,
      present: this.lasts.length,
      states: { client: counted(this.counts[0]!), server: counted(this.counts[1]!) },
      services: this.services.result(),
      timeWait: [...this.timeWaits.values()].sort((a, b) => b.sockets - a.sockets || a.last - b.last),
      lingering: oldest(this.lingering),
      rows: newest(this.rows),
    };
  }

  /** Sets `standing`. @returns whether the flow has a socket */
  private stands(flow: FlowView, summary: Float64Array | null, at: number): boolean {
    if (summary !== null && summary[at + NOTABLE] === 0) this.stand(summary, at, flow.clientSide);
    else this.reconstruct(flow);
    const [client, server] = this.standing.states;
    return client! > S.CLOSED || server! > S.CLOSED;
  }

  /** Of an ordinary end its summary tells all. */
  private stand(summary: Float64Array, at: number, clientSide: number): void {
    const { standing, now } = this;
    for (let side = 0; side < 2; side++) {
      const x = side === 0 ? clientSide : 1 - clientSide;
      const from = summary[at + TIME_WAIT + 2 * x]!;
      const profile = PROFILES[(summary[at + SYSTEMS]! >>> (4 * x)) & 0xf]!;
      const until = summary[at + TIME_WAIT + 2 * x + 1]! + profile.timeWaitLatestNs - profile.timeWaitNs;
      const stays = now < until;
      standing.states[side] = stays ? S.TIME_WAIT : S.CLOSED;
      standing.since[side] = from;
      standing.until[side] = stays ? until : Number.NaN;
    }
    standing.kind = summary[at + KIND]!;
    standing.initiator = summary[at + INITIATOR]!;
    standing.last = summary[at + LAST]!;
  }

  private reconstruct(flow: FlowView): void {
    const { standing, collector } = this;
    const facts = collector.factsOf(flow);
    const { profiles } = collector.teller;
    const offset = collector.teller.offsetOf(flow);
    for (let side = 0; side < 2; side++) {
      const x = side === 0 ? facts.client : 1 - facts.client;
      const state = facts.lastState(x);
      standing.states[side] = state;
      standing.since[side] = facts.spans[x] === 0 ? Number.NaN : lastFrom(facts, x) + offset;
      const until = facts.timeWaitRestartedAt[x]! + offset + profiles[x]!.timeWaitLatestNs;
      standing.until[side] = state === S.TIME_WAIT ? until : Number.NaN;
    }
    standing.kind = facts.kind;
    const { initiator } = facts;
    standing.initiator = initiator < F.BOTH ? (initiator === facts.client ? 0 : 1) : initiator;
    standing.last = flow.float(L.LAST_TIME) + offset;
  }

  private addTimeWait(flow: FlowView, side: number): void {
    const { address, port } = endOf(flow, side);
    const own = side === 0 ? null : port;
    const key = `${side} ${own ?? ''} ${address}`;
    const until = this.standing.until[side]!;
    const known = this.timeWaits.get(key);
    if (known === undefined) {
      this.timeWaits.set(key, { address, port: own, side: SIDES[side]!, sockets: 1, first: until, last: until });
      return;
    }
    known.sockets++;
    if (until < known.first) known.first = until;
    if (until > known.last) known.last = until;
  }

  private addLingering(flow: FlowView, side: number, state: number): void {
    const { lingering, standing } = this;
    const since = standing.since[side]!;
    lingering.push({
      id: flow.word(L.ID),
      state: state === S.FIN_WAIT_2 ? 'FIN_WAIT_2' : 'CLOSE_WAIT',
      side: SIDES[side]!,
      local: endOf(flow, side),
      peer: endOf(flow, 1 - side),
      since: Number.isNaN(since) ? standing.last : since,
    });
    if (lingering.length >= 4 * MOST_LINGERING) lingering.splice(0, lingering.length, ...oldest(lingering));
  }

  private addRow(flow: FlowView): void {
    const { rows, standing, collector } = this;
    const [client, server] = standing.states;
    rows.push({
      id: flow.word(L.ID),
      client: nameOf(flow, 0),
      server: nameOf(flow, 1),
      states: { client: stateName(client!), server: stateName(server!) },
      opened: flow.float(L.FIRST_TIME) + collector.teller.offsetOf(flow),
      last: standing.last,
      packets: flow.of(0, L.PACKETS) + flow.of(1, L.PACKETS),
      kind: F.KINDS[standing.kind]!,
      initiator: initiatorOf(standing.initiator),
    });
  }
}

function oldest(lingering: Lingering[]): Lingering[] {
  return lingering.sort((a, b) => a.since - b.since || a.id - b.id).slice(0, MOST_LINGERING);
}

function newest(rows: Present[]): Present[] {
  return rows.sort((a, b) => b.last - a.last || b.id - a.id).slice(0, MOST_ROWS);
}

function lastFrom(facts: F.Facts, x: number): number {
  return facts.spanFrom[x * F.MAX_SPANS + facts.spans[x]! - 1]!;
}

function stateName(state: number): TcpState | null {
  return state < 0 ? null : (S.STATE_NAMES[state] as TcpState);
}

function initiatorOf(index: number): Initiator {
  const name = INITIATORS[index]!;
  return name === 'none' ? null : name;
}

/** @param side 0 the client, 1 the server */
function endOf(flow: FlowView, side: number): Address {
  const x = side === 0 ? flow.clientSide : 1 - flow.clientSide;
  const ports = flow.word(L.PORTS);
  return {
    address: formatAddress(flow.ints, flow.at + (x === 0 ? L.ADDRESS_0 : L.ADDRESS_1)),
    port: x === 0 ? ports >>> 16 : ports & 0xffff,
  };
}

function nameOf(flow: FlowView, side: number): string {
  return addressPort(endOf(flow, side));
}
