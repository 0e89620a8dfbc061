/** Holds a report against what the kernels did. */

import type { Endpoint, Flow, Report, Side } from '../../src/report/types.ts';
import { addressOf, secondsOf, type Truth, type TruthConnection, type TruthEndpoint } from './truth.ts';

/** What can be compared; each difference is of one of these kinds. */
export type Aspect =
  | 'flows' // as many as the kernel had connections
  | 'closer'
  | 'reset sender'
  | 'time-wait' // at the right ends
  | 'states' // the closing states in the kernel's order
  | 'bound' // the stated error is no more than a round trip and SLACK
  | 'duration' // within the stated error and SLACK of the kernel's
  | 'time-wait end'; // within TIMER_SLACK of the kernel's

export interface Difference {
  /** "case/file" */
  capture: string;
  aspect: Aspect;
  endpoint?: Side;
  state?: string;
  /** the connection, what was read and what was so */
  detail: string;
}

/** The tracepoints' times and the captures' differ by this much on a busy machine, seconds. */
const SLACK = 0.005;
/** Linux ends TIME_WAIT up to 2.1 s late. */
const TIMER_SLACK = 2.5;
const CLOSING = ['FIN_WAIT_1', 'FIN_WAIT_2', 'CLOSING', 'TIME_WAIT', 'CLOSE_WAIT', 'LAST_ACK'];
const SIDES = ['client', 'server'] as const;
/** Captures that hold less than the truth on purpose: the closer must be the kernel's or unknown. */
const CUT = ['mid_', 'capture_', 'one_sided', 'timing_', 'snap'];

/** @param file name of the capture, which begins with the point where it was made */
export function differences(truth: Truth, file: string, report: Report): Difference[] {
  const capture = `${truth.case}/${file}`;
  const found: Difference[] = [];
  const flows = grouped(report.flows, (flow) => [addressOf(flow.client), addressOf(flow.server)]);
  const known = truth.connections.filter(({ client, server }) => client !== null && server !== null);
  const connections = grouped(known, ({ client, server }) => [client ?? '', server ?? '']);
  const cut = CUT.some((prefix) => truth.case.startsWith(prefix));
  for (const [tuple, kernels] of connections) {
    const ours = flows.get(tuple) ?? [];
    if (ours.length === 0 && (cut || kernels.every((kernel) => kernel.connect_error !== null))) continue;
    if (ours.length !== kernels.length) {
      if (!cut) found.push({ capture, aspect: 'flows', detail: `${tuple}: ${ours.length}, not ${kernels.length}` });
      continue;
    }
    for (const [i, kernel] of kernels.entries()) {
      const comparison = new Comparison(capture, roundTrip(truth), kernel, ours[i]!, found);
      if (cut) comparison.closerOrUnknown();
      else comparison.all();
    }
  }
  return found;
}

function grouped<T>(all: readonly T[], ends: (each: T) => string[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const each of all) {
    const tuple = ends(each).sort().join(' - ');
    const group = groups.get(tuple);
    if (group === undefined) groups.set(tuple, [each]);
    else group.push(each);
  }
  return groups;
}

function roundTrip({ one_way_delay_ms: delay }: Truth): number {
  const both = Array.isArray(delay) ? delay.reduce((sum, ms) => sum + ms, 0) : 2 * (delay ?? 0);
  return both / 1000;
}

/** One connection of the kernels and the flow that was read. */
class Comparison {
  private readonly capture: string;
  private readonly trip: number;
  private readonly kernel: TruthConnection;
  private readonly flow: Flow;
  private readonly found: Difference[];
  /** the kernels' client and server as the flow names them: without a SYN the report may see it the other way round */
  private readonly side: Record<Side, Side>;

  constructor(capture: string, trip: number, kernel: TruthConnection, flow: Flow, found: Difference[]) {
    this.capture = capture;
    this.trip = trip;
    this.kernel = kernel;
    this.flow = flow;
    this.found = found;
    this.side =
      addressOf(flow.client) === kernel.client
        ? { client: 'client', server: 'server' }
        : { client: 'server', server: 'client' };
  }

  all(): void {
    this.closer();
    this.resetSender();
    this.timeWaits();
    for (const end of SIDES) {
      const kernel = this.kernel.endpoints[end];
      if (kernel) this.endpoint(end, kernel);
    }
  }

  closerOrUnknown(): void {
    const expected = this.expectedCloser();
    const read = this.flow.initiator;
    if (expected !== null && read !== expected && read !== 'unknown' && read !== null) {
      this.differs('closer', `${read}, not ${expected} or unknown`);
    }
  }

  private closer(): void {
    const expected = this.expectedCloser();
    if (expected !== null && this.flow.initiator !== expected) {
      this.differs('closer', `${this.flow.initiator} (${this.flow.kind}), not ${expected}`);
    }
  }

  private expectedCloser(): Side | 'both' | null {
    const { closer } = this.kernel.label;
    if (closer === null) return null;
    return closer === 'simultaneous' ? 'both' : this.side[closer];
  }

  private resetSender(): void {
    const by = this.flow.reset?.by ?? null;
    if (by === null || by === 'unknown') return;
    const sender = addressOf(this.flow[by]);
    const senders = this.kernel.label.rst_sent.map(({ endpoint }) => endpoint);
    if (!senders.includes(sender)) this.differs('reset sender', `${by}, but the kernels name [${senders.join()}]`);
  }

  private timeWaits(): void {
    const expected = SIDES.filter((end) => this.kernel.label.time_wait_at.some((at) => this.side[at] === end));
    const read = SIDES.filter((end) => this.flow.endpoints[end].states.some(({ state }) => state === 'TIME_WAIT'));
    if (read.join() !== expected.join()) this.differs('time-wait', `at [${read.join()}], not [${expected.join()}]`);
  }

  private endpoint(end: Side, kernel: TruthEndpoint): void {
    const endpoint = this.flow.endpoints[this.side[end]];
    const expected = distinct(kernel.states.map(({ state }) => state));
    const passed = new Set<string>(endpoint.states.filter(({ seconds }) => seconds === 0).map(({ state }) => state));
    // What was passed through in no time the kernel may not have entered.
    const read = distinct(endpoint.states.map(({ state }) => state)).filter(
      (state) => expected.includes(state) || !passed.has(state),
    );
    if (read.join() !== expected.join()) {
      this.differs('states', `[${read.join()}], not [${expected.join()}]`, end);
      return;
    }
    for (const state of expected) this.duration(end, state, endpoint, kernel.durations[state]);
    this.timeWaitEnd(end, endpoint, kernel);
  }

  private duration(end: Side, state: string, endpoint: Endpoint, expected: number | undefined): void {
    const span = endpoint.states.find((each) => each.state === state);
    if (span === undefined || state === 'TIME_WAIT' || span.open || span.seconds === null || span.basis === 'assumed') {
      return;
    }
    if (span.plusMinus === null) {
      // A lower bound: close() may have come before the FIN.
      if (expected !== undefined && span.seconds > expected + this.trip + SLACK) {
        this.differs('duration', `at least ${span.seconds}, not ${expected}`, end, state);
      }
      return;
    }
    if (span.plusMinus > this.trip + SLACK) {
      this.differs('bound', `±${span.plusMinus} with a round trip of ${this.trip}`, end, state);
    }
    if (expected !== undefined && Math.abs(span.seconds - expected) > span.plusMinus + SLACK) {
      this.differs('duration', `${span.seconds} ± ${span.plusMinus}, not ${expected}`, end, state);
    }
  }

  private timeWaitEnd(end: Side, { timeWait }: Endpoint, kernel: TruthEndpoint): void {
    const expired = kernel.states.at(-1)?.why === 'expired';
    if (timeWait === null || timeWait.endedBy !== 'timer' || !expired || kernel.closed_at === null) return;
    const late = secondsOf(timeWait.until) - kernel.closed_at;
    if (Math.abs(late) >= TIMER_SLACK) this.differs('time-wait end', `${late} s late`, end);
  }

  private differs(aspect: Aspect, what: string, endpoint?: Side, state?: string): void {
    const detail = `${this.kernel.client} - ${this.kernel.server}: ${what}`;
    const at = { ...(endpoint === undefined ? {} : { endpoint }), ...(state === undefined ? {} : { state }) };
    this.found.push({ capture: this.capture, aspect, ...at, detail });
  }
}

/** The closing states in the order in which they were first entered. */
function distinct(states: readonly string[]): string[] {
  return [...new Set(states)].filter((state) => CLOSING.includes(state));
}
