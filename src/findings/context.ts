import type { Evidence } from '../evidence/evidence.ts';
import type { Lifetimes } from '../evidence/lifetimes.ts';
import { NAME_WORDS } from '../evidence/names.ts';
import type { Notable } from '../evidence/notable.ts';
import { rowFinder, ServiceRows } from '../evidence/rows.ts';
import type { KnownPort } from '../ports/answer.ts';
import { type Ledger, ledgerOf } from '../ports/ledger.ts';
import { formatAddress } from '../report/addresses.ts';
import type { Service, ServiceCounter, ServiceTotals } from '../report/services.ts';
import type { Address, Assumption, Capture, Flow, Totals } from '../report/types.ts';
import { NOTES, type Note, noteBit } from '../teardown/facts.ts';
import { formatTime } from '../units.ts';
import { addressPort, moment } from '../words.ts';
import { type Peak, peakOf } from './peaks.ts';
import type { RuleName } from './rule-names.ts';

/** Ephemeral ports of clients, both included. */
export type PortRange = readonly [low: number, high: number];

/** net.ipv4.ip_local_port_range of Linux. */
export const LINUX_PORTS: PortRange = [32768, 60999];

/** All that rules know. Times are ns since the capture's first second. */
export interface Sources {
  evidence: Evidence;
  serviceCounter: ServiceCounter;
  capture: Capture;
  totals: Totals;
  assumptions: Record<string, Assumption>;
  /** seconds since 1970 of time 0 */
  originSeconds: number;
  /** the capture's first and last packet */
  start: number;
  end: number;
  /** null: not said by the user */
  portRange: PortRange | null;
  thresholds: Readonly<Record<RuleName, number>>;
  /** whether flows were left out by a filter: what is not there says nothing then */
  isFiltered: boolean;
  /** flows that the report lists, ascending by id: of those that are not notable, they alone tell the frames */
  listed: readonly Flow[];
}

export class Context {
  readonly capture: Capture;
  readonly totals: Totals;
  readonly assumptions: Record<string, Assumption>;
  readonly lifetimes: Lifetimes;
  /** in the order of their ids */
  readonly notables: readonly Notable[];
  /** notable flows beyond the most that are kept */
  readonly notablesLeft: number;
  readonly services: ServiceTotals;
  readonly start: number;
  readonly end: number;
  /** of the clients: what the user said, else Linux's; `isPortRangeGiven` says which */
  readonly portRange: PortRange;
  readonly isPortRangeGiven: boolean;
  readonly isFiltered: boolean;
  private readonly sources: Sources;
  private readonly rows: ServiceRows;
  private readonly found = new Map<(context: Context) => unknown, unknown>();
  private readonly ledgers = new Map<number, Ledger>();
  private readonly peaks = new Map<number, Peak>();
  private notablesById: Map<number, Notable> | null = null;
  private listedById: Map<number, Flow> | null = null;
  private finder: ReturnType<typeof rowFinder> | null = null;
  private readonly byName: Map<string, Service>;

  constructor(sources: Sources) {
    this.sources = sources;
    const { evidence, serviceCounter } = sources;
    this.capture = sources.capture;
    this.totals = sources.totals;
    this.assumptions = sources.assumptions;
    this.lifetimes = evidence.lifetimes;
    this.notables = evidence.notables.toSorted((a, b) => a.id - b.id);
    this.notablesLeft = evidence.notablesLeft;
    this.services = serviceCounter.result();
    this.start = sources.start;
    this.end = sources.end;
    this.portRange = sources.portRange ?? LINUX_PORTS;
    this.isPortRangeGiven = sources.portRange !== null;
    this.isFiltered = sources.isFiltered;
    this.rows = new ServiceRows(evidence.lifetimes, serviceCounter.names);
    this.byName = new Map(this.services.services.map((service) => [addressPort(service), service]));
  }

  /** Seconds since 1970 of time 0. */
  get originSeconds(): number {
    return this.sources.originSeconds;
  }

  /** What several rules look for, found once. */
  once<T>(find: (context: Context) => T): T {
    if (!this.found.has(find)) this.found.set(find, find(this));
    return this.found.get(find) as T;
  }

  /** The limit from which a rule fires. */
  threshold(rule: RuleName): number {
    return this.sources.thresholds[rule];
  }

  /** Numbers of all services that have flows with rows, by address and port. */
  get serviceNumbers(): number[] {
    return [...this.rows.services];
  }

  /** How many sockets of a service's port were in TIME_WAIT at once. */
  peak(service: number): Peak {
    const known = this.peaks.get(service);
    if (known !== undefined) return known;
    const peak = peakOf(this.lifetimes, this.rows.of(service), 1);
    this.peaks.set(service, peak);
    return peak;
  }

  /** Rows (Lifetimes) of a service's flows, in the order in which they were opened. */
  rowsOf(service: number): Uint32Array {
    return this.rows.of(service);
  }

  /** When bind() to a service's port fails. */
  ledger(service: number): Ledger {
    const known = this.ledgers.get(service);
    if (known !== undefined) return known;
    const ledger = ledgerOf(this.lifetimes, this.rows.of(service), 1, this.end);
    this.ledgers.set(service, ledger);
    return ledger;
  }

  /**
   * What is known of a port: of servers' sockets on it, and of clients' own.
   * @param address null: every address
   */
  portsOf(address: string | null, port: number): KnownPort[] {
    const servers = this.serviceNumbers.filter(
      (service) =>
        this.servicePort(service) === port &&
        (address ?? this.serviceAddress(service)) === this.serviceAddress(service),
    );
    const known = servers
      .map((service): KnownPort => {
        const ledger = this.ledger(service);
        return { address: this.serviceAddress(service), port, ledger, rows: this.rows.of(service) };
      })
      .sort((a, b) => b.rows.length - a.rows.length);
    // A client's own port is asked for by its whole name: by the number alone there would be one for each client.
    return address === null ? known : [...known, ...this.clientPort(address, port)];
  }

  private clientPort(address: string, port: number): KnownPort[] {
    const { lifetimes } = this;
    const own: number[] = [];
    for (let row = 0; row < lifetimes.length; row++) {
      if (lifetimes.clientPort(row) === port && this.client(lifetimes.client(row)) === address) own.push(row);
    }
    if (own.length === 0) return [];
    const rows = Uint32Array.from(own.sort((a, b) => lifetimes.id(a) - lifetimes.id(b)));
    return [{ address, port, ledger: ledgerOf(lifetimes, rows, 0, this.end), rows }];
  }

  /** "10.0.0.1:80", "[2001:db8::1]:80"; "?" for -1: services are too many to be named. */
  service(service: number): string {
    return service < 0 ? '?' : addressPort({ address: this.serviceAddress(service), port: this.servicePort(service) });
  }

  serviceAddress(service: number): string {
    return formatAddress(this.sources.serviceCounter.names.words, service * NAME_WORDS);
  }

  servicePort(service: number): number {
    return this.sources.serviceCounter.names.port(service);
  }

  /** Who closed first, and how many flows, over all flows of the service; undefined where it is not counted by name. */
  counts(service: number): Service | undefined {
    return this.byName.get(this.service(service));
  }

  /** The row (Lifetimes) of a flow; undefined where it has none. */
  rowOf(id: number): number | undefined {
    this.finder ??= rowFinder(this.lifetimes);
    return this.finder(id);
  }

  /** Both ends of a flow; null where it has no row, or they have no numbers. */
  endsOf(id: number): [client: Address, server: Address] | null {
    const row = this.rowOf(id);
    if (row === undefined) return null;
    const service = this.lifetimes.service(row);
    const client = this.lifetimes.client(row);
    if (service < 0 || client < 0) return null;
    return [
      { address: this.client(client), port: this.lifetimes.clientPort(row) },
      { address: this.serviceAddress(service), port: this.servicePort(service) },
    ];
  }

  /** The notable flow of that id. */
  notable(id: number): Notable | null {
    this.notablesById ??= new Map(this.notables.map((notable) => [notable.id, notable]));
    return this.notablesById.get(id) ?? null;
  }

  /** Frames that show how a flow opened, who closed it, and what ended it; none where it is neither notable nor listed. */
  frames(id: number): (number | null)[] {
    const notable = this.notable(id);
    if (notable !== null) {
      const { openFrame, answerFrame, ends, reset } = notable;
      const first = notable.kind === 'refused' || notable.kind === 'unanswered' ? [openFrame, answerFrame] : [];
      return [...first, ...ends.map(({ finFrame }) => finFrame), reset?.frame ?? null];
    }
    const flow = this.listed(id);
    if (flow === undefined) return [];
    const states = [...flow.endpoints.client.states, ...flow.endpoints.server.states];
    return states.filter(({ state }) => state === 'FIN_WAIT_1' || state === 'LAST_ACK').map(({ frames }) => frames[0]);
  }

  /** A flow that the report lists. */
  listed(id: number): Flow | undefined {
    this.listedById ??= new Map(this.sources.listed.map((flow) => [flow.id, flow]));
    return this.listedById.get(id);
  }

  /** The address of a client; "?" for -1. */
  client(client: number): string {
    return client < 0 ? '?' : formatAddress(this.sources.evidence.clients.words, client * NAME_WORDS);
  }

  /** "10.0.0.2:40000" */
  clientOf({ client, clientPort }: Pick<Notable, 'client' | 'clientPort'>): string {
    return addressPort({ address: this.client(client), port: clientPort });
  }

  has(notable: Notable, note: Note): boolean {
    return (notable.notes & noteBit(note)) !== 0;
  }

  /** Flows with a note, over all flows. 'fin-behind-data' and 'half-close-data' are not counted. */
  countOf(note: Note): number {
    return this.sources.evidence.noteCounts[NOTES.indexOf(note)]!;
  }

  /** RFC 3339 with nine decimals. */
  time(ns: number): string {
    return formatTime(this.sources.originSeconds, Math.round(ns));
  }

  /** As people say it: "12:03:10", behind its date where that is not the capture's first. */
  moment(ns: number, decimals = 0): string {
    return moment(this.time(ns), this.capture.firstPacket, decimals);
  }
}
