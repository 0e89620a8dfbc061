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
  /** the busiest first */
  services: Service[];
  /** flows of services beyond the most that are counted by name */
  others: number;
}

/** Where an initiator is counted; index as in INITIATORS. */
const COUNTED = ['client', 'server', 'both', 'unknown', 'notClosed'] as const;

/** Services counted by name; a port scan has more. */
const MOST = 10_000;

/** Counts who closes first by service, over all flows, as they end. */
export class ServiceCounter {
  private readonly byPort = new Map<number, Service[]>();
  private names = 0;
  private others = 0;

  /** @param initiator index in INITIATORS */
  add(view: FlowView, kind: number, initiator: number): void {
    const server = 1 - view.clientSide;
    const ports = view.word(L.PORTS);
    const port = server === 0 ? ports >>> 16 : ports & 0xffff;
    const at = view.at + (server === 0 ? L.ADDRESS_0 : L.ADDRESS_1);
    const service = this.find(view.ints, at, port);
    if (service === null) {
      this.others++;
      return;
    }
    service.flows++;
    if (kind === F.KIND_ABORTED || kind === F.KIND_REFUSED) service.reset++;
    else service[COUNTED[initiator]!]++;
  }

  result(): ServiceTotals {
    const services = [...this.byPort.values()].flat();
    return { services: services.sort((a, b) => b.flows - a.flows || a.port - b.port), others: this.others };
  }

  // By port first, then by address words: no string is made for a flow of a known service.
  private readonly words = new Map<Service, Int32Array>();

  private find(ints: Int32Array, at: number, port: number): Service | null {
    let list = this.byPort.get(port);
    for (const service of list ?? []) {
      const words = this.words.get(service)!;
      if (
        words[3] === ints[at + 3] &&
        words[2] === ints[at + 2] &&
        words[1] === ints[at + 1] &&
        words[0] === ints[at]
      ) {
        return service;
      }
    }
    if (this.names === MOST || (list?.length ?? 0) >= MOST_A_PORT) return null;
    this.names++;
    const address = formatAddress(ints, at);
    const service: Service = {
      address,
      port,
      flows: 0,
      client: 0,
      server: 0,
      both: 0,
      unknown: 0,
      reset: 0,
      notClosed: 0,
    };
    this.words.set(service, ints.slice(at, at + 4));
    if (list === undefined) {
      list = [];
      this.byPort.set(port, list);
    }
    list.push(service);
    return service;
  }
}

/** Servers told apart on one port: they are searched one by one. */
const MOST_A_PORT = 256;
