import { NAME_WORDS, type NameData, NameTable } from '../evidence/names.ts';
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
  readonly names: NameData;
  readonly counts: Int32Array;
  readonly others: number;
}

/** Counts of a service: by initiator as in INITIATORS (client, server, both, unknown, none), then these. */
const COUNTS = 7;
const RESET = 5;
const FLOWS = 6;

/**
 * Counts who closes first by service, over all flows, as they end. Beyond the services that a table can name those that
 * came first are counted by name: which these are, and how many of their flows, depends on the order of the flows and of merging.
 */
export class ServiceCounter implements ServiceData {
  readonly names = new NameTable();
  counts = new Int32Array(64 * COUNTS);
  others = 0;

  /** Counts a flow. @param initiator index in INITIATORS */
  add(view: FlowView, kind: number, initiator: number): void {
    this.count(this.locate(view), kind, initiator);
  }

  /** The number of a flow's service for count(), -1 if it is not counted by name. */
  locate(view: FlowView): number {
    const server = 1 - view.clientSide;
    const ports = view.word(L.PORTS);
    const port = server === 0 ? ports >>> 16 : ports & 0xffff;
    return this.names.find(view.ints, view.at + (server === 0 ? L.ADDRESS_0 : L.ADDRESS_1), port);
  }

  /** @param service by locate() of this counter @param initiator index in INITIATORS */
  count(service: number, kind: number, initiator: number): void {
    if (service < 0) {
      this.others++;
      return;
    }
    while ((service + 1) * COUNTS > this.counts.length) this.grow();
    const { counts } = this;
    counts[service * COUNTS + FLOWS]!++;
    const counted = kind === F.KIND_ABORTED || kind === F.KIND_REFUSED ? RESET : initiator;
    counts[service * COUNTS + counted]!++;
  }

  /**
   * Adds all that another has counted, or one of which it is a structured clone.
   * @returns the number here of each service there, -1 where it is not counted by name
   */
  merge(other: ServiceData): Int32Array {
    this.others += other.others;
    const numbers = this.names.merge(other.names);
    for (let i = 0; i < other.names.length; i++) {
      const service = numbers[i]!;
      if ((i + 1) * COUNTS > other.counts.length) continue; // located, never counted
      if (service < 0) {
        this.others += other.counts[i * COUNTS + FLOWS]!;
        continue;
      }
      while ((service + 1) * COUNTS > this.counts.length) this.grow();
      for (let c = 0; c < COUNTS; c++) this.counts[service * COUNTS + c]! += other.counts[i * COUNTS + c]!;
    }
    return numbers;
  }

  result(): ServiceTotals {
    const { names, counts } = this;
    const all = Math.min(names.length, counts.length / COUNTS);
    const counted = Array.from({ length: all }, (_, i) => i).filter((i) => counts[i * COUNTS + FLOWS]! > 0);
    const order = counted.sort((a, b) => {
      const flows = counts[b * COUNTS + FLOWS]! - counts[a * COUNTS + FLOWS]!;
      return flows || names.port(a) - names.port(b) || names.compareAddresses(a, b);
    });
    return { services: order.map((i) => this.service(i)), others: this.others };
  }

  private service(i: number): Service {
    const [client, server, both, unknown, notClosed, reset, flows] = this.counts.subarray(i * COUNTS, (i + 1) * COUNTS);
    return {
      address: formatAddress(this.names.words, i * NAME_WORDS),
      port: this.names.port(i),
      flows: flows!,
      client: client!,
      server: server!,
      both: both!,
      unknown: unknown!,
      reset: reset!,
      notClosed: notClosed!,
    };
  }

  private grow(): void {
    const larger = new Int32Array(this.counts.length * 2);
    larger.set(this.counts);
    this.counts = larger;
  }
}
