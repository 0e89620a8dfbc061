import type { Lifetimes } from './lifetimes.ts';

/** Rows of lifetimes by service, each service's in the order in which its flows were opened. */
export class ServiceRows {
  private readonly rows: Uint32Array;
  /** where each service's rows begin */
  private readonly starts: Uint32Array;

  /** @param services how many have numbers */
  constructor(lifetimes: Lifetimes, services: number) {
    const inOrder = rowsById(lifetimes);
    this.starts = new Uint32Array(services + 1);
    for (const row of inOrder) {
      const service = lifetimes.service(row);
      if (service >= 0) this.starts[service + 1]!++;
    }
    for (let i = 0; i < services; i++) this.starts[i + 1]! += this.starts[i]!;
    const next = this.starts.slice();
    this.rows = new Uint32Array(this.starts[services]!);
    for (const row of inOrder) {
      const service = lifetimes.service(row);
      if (service >= 0) this.rows[next[service]!++] = row;
    }
  }

  of(service: number): Uint32Array {
    return this.rows.subarray(this.starts[service]!, this.starts[service + 1]!);
  }
}

/** Ids are given in the order of first packets, and hardly any is missing: they sort themselves. */
function rowsById(lifetimes: Lifetimes): Uint32Array {
  let most = 0;
  for (let i = 0; i < lifetimes.length; i++) most = Math.max(most, lifetimes.id(i));
  if (most > 4 * lifetimes.length + 1024) return lifetimes.inOrder();
  const places = new Uint32Array(most + 1);
  for (let i = 0; i < lifetimes.length; i++) places[lifetimes.id(i)] = i + 1;
  const rows = new Uint32Array(lifetimes.length);
  let length = 0;
  for (const place of places) if (place > 0) rows[length++] = place - 1;
  return rows.subarray(0, length);
}
