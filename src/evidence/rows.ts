import type { Lifetimes } from './lifetimes.ts';
import type { NameTable } from './names.ts';

/**
 * Rows of lifetimes by service, each service's in the order in which its flows were opened. The rows themselves are put
 * into that order first: who goes through a service's flows reads one stretch of memory.
 */
export class ServiceRows {
  /** where each service's rows begin; those without a number stand behind all others */
  private readonly starts: Uint32Array;

  /** services that have rows, by address and port: their numbers depend on who came first, and on the number of threads */
  readonly services: readonly number[];
  private readonly ranks: Uint32Array;

  /** @param names of the services */
  constructor(lifetimes: Lifetimes, names: NameTable) {
    const inOrder = rowsById(lifetimes);
    const services = names.length;
    const order = Array.from({ length: services }, (_, i) => i);
    order.sort((a, b) => names.compareAddresses(a, b) || names.port(a) - names.port(b));
    const ranks = new Uint32Array(services);
    order.forEach((service, rank) => {
      ranks[service] = rank;
    });
    const starts = new Uint32Array(services + 2);
    const placeOf = (row: number): number => {
      const service = lifetimes.service(row);
      return service < 0 ? services : ranks[service]!;
    };
    for (let i = 0; i < inOrder.length; i++) starts[placeOf(inOrder[i]!) + 1]!++;
    for (let i = 0; i <= services; i++) starts[i + 1]! += starts[i]!;
    const next = starts.slice();
    const rows = new Uint32Array(inOrder.length);
    for (let i = 0; i < inOrder.length; i++) rows[next[placeOf(inOrder[i]!)]!++] = inOrder[i]!;
    lifetimes.arrange(rows);
    this.starts = starts;
    this.ranks = ranks;
    sortByTime(lifetimes, starts);
    this.services = order.filter((service) => this.count(service) > 0);
  }

  of(service: number): Uint32Array {
    const from = this.starts[this.ranks[service]!]!;
    const rows = new Uint32Array(this.count(service));
    for (let i = 0; i < rows.length; i++) rows[i] = from + i;
    return rows;
  }

  /** How many rows a service has. */
  count(service: number): number {
    const rank = this.ranks[service]!;
    return this.starts[rank + 1]! - this.starts[rank]!;
  }
}

/** Flows are in the order of their first packets, but where the capture's times leap back. */
function sortByTime(lifetimes: Lifetimes, starts: Uint32Array): void {
  let order: Uint32Array | null = null;
  for (let s = 0; s + 1 < starts.length; s++) {
    const [from, to] = [starts[s]!, starts[s + 1]!];
    let isSorted = true;
    for (let row = from + 1; row < to && isSorted; row++) isSorted = lifetimes.opened(row) >= lifetimes.opened(row - 1);
    if (isSorted) continue;
    order ??= Uint32Array.from({ length: lifetimes.length }, (_, i) => i);
    order.subarray(from, to).sort((a, b) => lifetimes.opened(a) - lifetimes.opened(b) || a - b);
  }
  if (order !== null) lifetimes.arrange(order);
}

/** Ids are given in the order of first packets, and hardly any is missing: they sort themselves. */
function rowsById(lifetimes: Lifetimes): Uint32Array {
  const places = placesById(lifetimes);
  if (places === null) return lifetimes.inOrder();
  const rows = new Uint32Array(lifetimes.length);
  let length = 0;
  for (const place of places) if (place > 0) rows[length++] = place - 1;
  return rows.subarray(0, length);
}

/** By flow id its row and 1, 0 where it has none; null where most ids have no row. */
function placesById(lifetimes: Lifetimes): Uint32Array | null {
  let most = 0;
  for (let i = 0; i < lifetimes.length; i++) most = Math.max(most, lifetimes.id(i));
  if (most > 4 * lifetimes.length + 1024) return null;
  const places = new Uint32Array(most + 1);
  for (let i = 0; i < lifetimes.length; i++) places[lifetimes.id(i)] = i + 1;
  return places;
}

/** Finds flows' rows by their ids. The rows are not to be arranged anew. @returns undefined for ids without a row */
export function rowFinder(lifetimes: Lifetimes): (id: number) => number | undefined {
  const places = placesById(lifetimes);
  if (places === null) {
    const rows = new Map(Array.from({ length: lifetimes.length }, (_, row) => [lifetimes.id(row), row]));
    return (id) => rows.get(id);
  }
  return (id) => {
    const place = places[id] ?? 0;
    return place === 0 ? undefined : place - 1;
  };
}
