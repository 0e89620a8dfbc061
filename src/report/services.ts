import * as L from '../flow/layout.ts';
import type { FlowView } from '../flow/view.ts';
import * as F from '../teardown/facts.ts';
import { formatAddress } from './addresses.ts';

/** Who ended the connections of one service (the server's address and port). */
export interface Service {
  address: string;
  port: number;
  flows: number;
  client: number;
  server: number;
  both: number;
  unknown: number;
  /** aborted or refused: RST without a FIN */
  reset: number;
  /** open or unanswered */
  notClosed: number;
}

export interface ServiceTotals {
  /** the busiest first, then by port and address */
  services: Service[];
  /** flows of services beyond the most that are counted by name */
  others: number;
}

/** What merging needs of a counter: a structured clone of a ServiceCounter has it too. */
export interface ServiceData {
  readonly words: Int32Array;
  readonly counts: Int32Array;
  readonly names: number;
  readonly others: number;
}

/** Services counted by name; a port scan has more. */
const MOST = 10_000;
/** Servers told apart on one port: they are searched one by one. */
const MOST_A_PORT = 256;

/** Words of a service: the address, then the port. */
const WORDS = 5;
const PORT = 4;
/** Counts of a service: by initiator as in INITIATORS (client, server, both, unknown, none), then these. */
const COUNTS = 7;
const RESET = 5;
const FLOWS = 6;

/** Slots for the services seen last, a power of two. */
const RECENT = 1024;

/**
 * Counts who closes first by service, over all flows, as they end. Beyond MOST services, or MOST_A_PORT on a port,
 * those that came first are counted by name: which these are depends on the order of the flows, and of merging.
 */
export class ServiceCounter implements ServiceData {
  words = new Int32Array(INITIAL * WORDS);
  counts = new Int32Array(INITIAL * COUNTS);
  names = 0;
  others = 0;
  /** the services on each port */
  private readonly byPort = new Map<number, number[]>();
  /** the service seen last in each slot, -1 */
  private readonly recent = new Int32Array(RECENT).fill(-1);

  /** Counts a flow. @param initiator index in INITIATORS */
  add(view: FlowView, kind: number, initiator: number): void {
    this.count(this.locate(view), kind, initiator);
  }

  /** The number of a flow's service for count(), -1 if it is not counted by name. */
  locate(view: FlowView): number {
    const server = 1 - view.clientSide;
    const ports = view.word(L.PORTS);
    const port = server === 0 ? ports >>> 16 : ports & 0xffff;
    const at = view.at + (server === 0 ? L.ADDRESS_0 : L.ADDRESS_1);
    return this.find(view.ints, at, port);
  }

  /** @param service by locate() of this counter @param initiator index in INITIATORS */
  count(service: number, kind: number, initiator: number): void {
    if (service < 0) {
      this.others++;
      return;
    }
    const { counts } = this;
    counts[service * COUNTS + FLOWS]!++;
    const counted = kind === F.KIND_ABORTED || kind === F.KIND_REFUSED ? RESET : initiator;
    counts[service * COUNTS + counted]!++;
  }

  /** Adds all that another has counted, or one of which it is a structured clone. */
  merge(other: ServiceData): void {
    this.others += other.others;
    for (let i = 0; i < other.names; i++) {
      if (other.counts[i * COUNTS + FLOWS] === 0) continue; // located, never counted
      const service = this.find(other.words, i * WORDS, other.words[i * WORDS + PORT]!);
      if (service < 0) this.others += other.counts[i * COUNTS + FLOWS]!;
      else for (let c = 0; c < COUNTS; c++) this.counts[service * COUNTS + c]! += other.counts[i * COUNTS + c]!;
    }
  }

  result(): ServiceTotals {
    const { words, counts } = this;
    const counted = Array.from({ length: this.names }, (_, i) => i).filter((i) => counts[i * COUNTS + FLOWS]! > 0);
    const order = counted.sort((a, b) => {
      const flows = counts[b * COUNTS + FLOWS]! - counts[a * COUNTS + FLOWS]!;
      return flows || words[a * WORDS + PORT]! - words[b * WORDS + PORT]! || byAddress(words, a * WORDS, b * WORDS);
    });
    return { services: order.map((i) => this.service(i)), others: this.others };
  }

  private service(i: number): Service {
    const [client, server, both, unknown, notClosed, reset, flows] = this.counts.subarray(i * COUNTS, (i + 1) * COUNTS);
    return {
      address: formatAddress(this.words, i * WORDS),
      port: this.words[i * WORDS + PORT]!,
      flows: flows!,
      client: client!,
      server: server!,
      both: both!,
      unknown: unknown!,
      reset: reset!,
      notClosed: notClosed!,
    };
  }

  /** @returns the service's number, -1 if it is not counted by name */
  private find(ints: Int32Array, at: number, port: number): number {
    const slot = Math.imul(port ^ ints[at + 3]!, 0x9e3779b1) >>> 22;
    const latest = this.recent[slot]!;
    if (latest >= 0 && this.is(latest, ints, at, port)) return latest;
    const service = this.look(ints, at, port);
    if (service >= 0) this.recent[slot] = service;
    return service;
  }

  /** By port first, then by address, one by one. */
  private look(ints: Int32Array, at: number, port: number): number {
    let list = this.byPort.get(port);
    for (const service of list ?? []) {
      if (this.is(service, ints, at, port)) return service;
    }
    if (this.names === MOST || (list?.length ?? 0) >= MOST_A_PORT) return -1;
    const service = this.names++;
    if ((service + 1) * WORDS > this.words.length) {
      this.words = grown(this.words);
      this.counts = grown(this.counts);
    }
    for (let i = 0; i < 4; i++) this.words[service * WORDS + i] = ints[at + i]!;
    this.words[service * WORDS + PORT] = port;
    if (list === undefined) {
      list = [];
      this.byPort.set(port, list);
    }
    list.push(service);
    return service;
  }

  private is(service: number, ints: Int32Array, at: number, port: number): boolean {
    const { words } = this;
    const own = service * WORDS;
    return (
      words[own + 3] === ints[at + 3] &&
      words[own + PORT] === port &&
      words[own + 2] === ints[at + 2] &&
      words[own + 1] === ints[at + 1] &&
      words[own] === ints[at]
    );
  }
}

const INITIAL = 64;

function byAddress(words: Int32Array, a: number, b: number): number {
  let i = 0;
  while (i < 3 && words[a + i] === words[b + i]) i++;
  return (words[a + i]! >>> 0) - (words[b + i]! >>> 0);
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
