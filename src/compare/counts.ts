import { FIN_WAIT_2, INITIATOR, INITIATORS, KIND, TIME_WAIT } from '../evidence/summary.ts';
import { SUMMARY_FLOATS } from '../flow/sink.ts';
import { Gauge } from '../report/gauge.ts';
import type { Service, ServiceTotals } from '../report/services.ts';
import { TotalsCounter } from '../report/totals.ts';
import type { Comparison, ComparisonTotals, Endpoint, Flow, Totals } from '../report/types.ts';
import { KINDS } from '../teardown/facts.ts';
import { NS_PER_SECOND } from '../units.ts';
import { nsSince } from './move.ts';

/** Counts the joined flows, which are objects by then. */
export class FlowCounts {
  private readonly gauge = new Gauge();
  private readonly totals = new TotalsCounter(this.gauge);
  private readonly summary = new Float64Array(SUMMARY_FLOATS);
  private readonly services = new Map<string, Service>();
  private readonly origin: number;
  private readonly found: ComparisonTotals;

  /** @param origin the client's capture's first second */
  constructor(
    origin: number,
    clocks: Pick<ComparisonTotals, 'offsetSeconds' | 'driftPpm' | 'plusMinus' | 'exchanged'>,
  ) {
    this.origin = origin;
    this.found = {
      joined: 0,
      onlyClient: 0,
      onlyServer: 0,
      ...clocks,
      lost: { toServer: 0, toClient: 0 },
      lossy: 0,
      resets: { client: 0, server: 0, path: 0 },
    };
  }

  add(flow: Flow, seenAt: 'both' | 'client' | 'server'): void {
    this.countEnd(flow);
    this.countService(flow);
    const { found } = this;
    if (seenAt === 'both') found.joined++;
    else if (seenAt === 'client') found.onlyClient++;
    else found.onlyServer++;
    if (flow.comparison !== null) this.countComparison(flow.comparison);
  }

  result(): { totals: Totals; services: ServiceTotals; comparison: ComparisonTotals } {
    const services = [...this.services.values()].sort((a, b) => b.flows - a.flows || a.port - b.port);
    return {
      totals: this.totals.result(this.origin, this.gauge),
      services: { services, others: 0 },
      comparison: this.found,
    };
  }

  private countComparison({ lost, resetOrigin }: Comparison): void {
    const { found } = this;
    found.lost.toServer += lost.toServer ?? 0;
    found.lost.toClient += lost.toClient ?? 0;
    if ((lost.toServer ?? 0) + (lost.toClient ?? 0) > 0) found.lossy++;
    if (resetOrigin !== null) found.resets[resetOrigin]++;
  }

  private countEnd({ id, kind, initiator, endpoints }: Flow): void {
    const { summary } = this;
    summary[KIND] = KINDS.indexOf(kind);
    summary[INITIATOR] = INITIATORS.indexOf(initiator ?? 'none');
    [endpoints.client, endpoints.server].forEach((end, side) => {
      summary[FIN_WAIT_2 + side] = finWait2(end);
      const [from, until] = timeWait(end);
      summary[TIME_WAIT + 2 * side] = from === null ? Number.NaN : nsSince(this.origin, from);
      summary[TIME_WAIT + 2 * side + 1] = until === null ? Number.NaN : nsSince(this.origin, until);
    });
    // Flows come in the order of their first packets: nothing is settled before the end.
    this.totals.add(summary, 0, Number.NEGATIVE_INFINITY, id);
  }

  private countService({ server, kind, initiator }: Flow): void {
    const { address, port } = server;
    const name = `${address} ${port}`;
    let service = this.services.get(name);
    if (service === undefined) {
      service = { address, port, flows: 0, client: 0, server: 0, both: 0, unknown: 0, reset: 0, notClosed: 0 };
      this.services.set(name, service);
    }
    service.flows++;
    if (kind === 'aborted' || kind === 'refused') service.reset++;
    else service[initiator ?? 'notClosed']++;
  }
}

/** ns; NaN where it is open or was not entered */
function finWait2({ states }: Endpoint): number {
  const span = states.find(({ state }) => state === 'FIN_WAIT_2');
  return span === undefined || span.open || span.seconds === null ? Number.NaN : span.seconds * NS_PER_SECOND;
}

/** When it began, and when it ended or will. */
function timeWait({ states, timeWait }: Endpoint): [from: string | null, until: string | null] {
  if (timeWait === null) return [null, null];
  return [timeWait.from, states.find(({ state }) => state === 'TIME_WAIT')?.to ?? timeWait.until];
}
