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

/** Services counted by name, 6 MB; only a port scan has more. */
const MOST = 1 << 17;
/** Slots of the index that are looked at: addresses that were chosen to collide are counted as others. */
const MOST_PROBES = 64;

/** Words of a service: the address, then the port. */
const WORDS = 5;
const PORT = 4;
/** Counts of a service: by initiator as in INITIATORS (client, server, both, unknown, none), then these. */
const COUNTS = 7;
const RESET = 5;
const FLOWS = 6;

/**
 * Counts who closes first by service, over all flows, as they end. Beyond MOST services those that came first are
 * counted by name: which these are, and how many of their flows, depends on the order of the flows and of merging.
 */
export class ServiceCounter implements ServiceData {
  words = new Int32Array(INITIAL * WORDS);
  counts = new Int32Array(INITIAL * COUNTS);
  names = 0;
  others = 0;
  /** open addressing: a service's number plus one, 0 where there is none; at most half full */
  private index = new Int32Array(4 * INITIAL);

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
    const slot = this.slotOf(ints, at, port);
    if (slot < 0) return -1;
    const known = this.index[slot]! - 1;
    return known >= 0 || this.names === MOST ? known : this.name(slot, ints, at, port);
  }

  /** The slot of a service, or the empty one that it would have; -1 where there are too many before it. */
  private slotOf(ints: Int32Array, at: number, port: number): number {
    const { index } = this;
    let hash = Math.imul(ints[at + 3]! ^ Math.imul(port, 0x9e3779b1), 0x85ebca6b);
    hash ^= Math.imul(ints[at]! ^ (ints[at + 1]! << 9) ^ (ints[at + 2]! << 17), 0xc2b2ae35);
    hash = Math.imul(hash ^ (hash >>> 15), 0x27d4eb2f);
    let slot = (hash ^ (hash >>> 13)) & (index.length - 1);
    for (let probes = 0; probes < MOST_PROBES; probes++) {
      if (index[slot] === 0 || this.is(index[slot]! - 1, ints, at, port)) return slot;
      slot = (slot + 1) & (index.length - 1);
    }
    return -1;
  }

  private name(slot: number, ints: Int32Array, at: number, port: number): number {
    const service = this.names++;
    if ((service + 1) * WORDS > this.words.length) {
      this.words = grown(this.words);
      this.counts = grown(this.counts);
    }
    for (let i = 0; i < 4; i++) this.words[service * WORDS + i] = ints[at + i]!;
    this.words[service * WORDS + PORT] = port;
    this.index[slot] = service + 1;
    if (this.names * 2 > this.index.length) this.reindex();
    return service;
  }

  private reindex(): void {
    this.index = new Int32Array(this.index.length * 2);
    for (let i = 0; i < this.names; i++) {
      const slot = this.slotOf(this.words, i * WORDS, this.words[i * WORDS + PORT]!);
      if (slot >= 0) this.index[slot] = i + 1;
    }
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
