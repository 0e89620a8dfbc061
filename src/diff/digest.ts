/** What is compared of a report, its flows reduced to counts: a report of 100,000 flows need not be in memory at once. */

import type {
  Address,
  Assumption,
  Capture,
  CaptureFile,
  Finding,
  Flow,
  Report,
  ResetCause,
  Side,
  Totals,
} from '../report/types.ts';

const SIDES = ['client', 'server'] as const;

/** What is read of a flow. */
export type CountedFlow = Pick<Flow, 'firstPacket' | 'kind' | 'initiator' | 'wiresharkFilter'> & {
  server: Address;
  reset: Pick<NonNullable<Flow['reset']>, 'by' | 'frame' | 'cause'> | null;
  endpoints: Record<Side, CountedEndpoint>;
};

export interface CountedEndpoint {
  closeWaitSeconds: number | null;
  timeWait: object | null;
  states: readonly { state: string; seconds: number | null; open: boolean }[];
}

/** What is read of a report beside its flows. */
export interface Frame {
  tool: Report['tool'];
  capture: Pick<Capture, 'dropped' | 'position' | 'firstPacket' | 'lastPacket' | 'seconds'> & {
    files: readonly Pick<CaptureFile, 'name'>[];
    damage: readonly unknown[];
  };
  assumptions: Record<string, Pick<Assumption, 'timeWaitSeconds'>>;
  totals: Totals;
  findings: readonly ComparedFinding[];
}

export type ComparedFinding = Pick<
  Finding,
  'rule' | 'severity' | 'title' | 'because' | 'confidence' | 'endpoint' | 'flowCount'
>;

export type Redaction = 'none' | 'labels' | 'prefix';

/** From this on a stay in CLOSE_WAIT is counted, seconds: an application that closes at once takes less. */
const LONG = 1;

/** As --redact-mode labels names addresses. */
const LABEL = /^(?:client|server)-\d+$/;

/** Counts the flows that a report lists. */
export class FlowCounts {
  listed = 0;
  /** by whose FIN it began; those that ended by RST alone, and those that never were, are left out */
  readonly closers = { client: 0, server: 0, both: 0, unknown: 0 };
  readonly resets = new Map<string, { by: Side | 'unknown'; cause: ResetCause; count: number }>();
  readonly timeWaitOn = { client: 0, server: 0 };
  finWait2Unmeasured = 0;
  closeWait = { sockets: 0, longest: null as number | null };
  /** of connections that were refused */
  refused: { first: string; last: string } | null = null;
  /** "address port" of every server */
  readonly services = new Set<string>();
  private labelled = 0;
  private unfiltered = 0;

  add(flow: CountedFlow): void {
    const { kind, initiator, reset, server } = flow;
    this.listed++;
    if (initiator !== null && kind !== 'aborted' && kind !== 'refused') this.closers[initiator]++;
    if (reset !== null && reset.frame !== null) this.addReset(reset.by ?? 'unknown', reset.cause ?? 'unknown');
    for (const side of SIDES) this.addEndpoint(side, flow.endpoints[side]);
    if (kind === 'refused') this.addRefused(flow.firstPacket);
    this.services.add(`${server.address} ${server.port}`);
    if (LABEL.test(server.address)) this.labelled++;
    if (flow.wiresharkFilter === null) this.unfiltered++;
  }

  /** How addresses were replaced, as far as the flows show it. */
  get redaction(): Redaction {
    if (this.labelled > 0) return 'labels';
    return this.listed > 0 && this.unfiltered === this.listed ? 'prefix' : 'none';
  }

  private addReset(by: Side | 'unknown', cause: ResetCause): void {
    const group = this.resets.get(`${by} ${cause}`);
    if (group === undefined) this.resets.set(`${by} ${cause}`, { by, cause, count: 1 });
    else group.count++;
  }

  private addEndpoint(side: Side, { timeWait, closeWaitSeconds, states }: CountedEndpoint): void {
    if (timeWait !== null) this.timeWaitOn[side]++;
    const stays = states.filter(({ state }) => state === 'FIN_WAIT_2');
    if (stays.some(({ seconds, open }) => open || seconds === null)) this.finWait2Unmeasured++;
    if (closeWaitSeconds === null) return;
    if (closeWaitSeconds >= LONG) this.closeWait.sockets++;
    this.closeWait.longest = Math.max(this.closeWait.longest ?? 0, closeWaitSeconds);
  }

  /** Times of one form sort as text. */
  private addRefused(at: string): void {
    if (this.refused === null) this.refused = { first: at, last: at };
    else if (at < this.refused.first) this.refused.first = at;
    else if (at > this.refused.last) this.refused.last = at;
  }
}

export interface Digest {
  version: string;
  capture: Frame['capture'];
  totals: Totals;
  findings: readonly ComparedFinding[];
  /** seconds by address */
  timeWaitSeconds: ReadonlyMap<string, number>;
  flows: FlowCounts;
}

export function digestOf({ tool, capture, totals, findings, assumptions }: Frame, flows: FlowCounts): Digest {
  const timers = Object.entries(assumptions).map(([address, each]) => [address, each.timeWaitSeconds] as const);
  return { version: tool.version, capture, totals, findings, timeWaitSeconds: new Map(timers), flows };
}

/** The digest of a whole report. */
export function digest(report: Report): Digest {
  const counts = new FlowCounts();
  for (const flow of report.flows) counts.add(flow);
  return digestOf(report, counts);
}
