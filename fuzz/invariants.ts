/** What holds of every report, whatever was read. Each function gives what is wrong, in words; nothing is thrown. */
import type { Endpoint, Flow, Report, Span } from '../src/report/types.ts';
import { STATE_NAMES } from '../src/tcp/states.ts';
import { NS_PER_SECOND } from '../src/units.ts';

/** Stands for all that is later. */
const END_OF_TIME = '9999-12-31T23:59:59.999999999Z';
const START_OF_TIME = '0000-01-01T00:00:00.000000000Z';

/** RFC 3339 with nine decimals as nanoseconds since 1970. */
export function nanoseconds(time: string): bigint {
  const [, seconds = '', fraction = ''] = /^(.*)\.(\d{9})Z$/.exec(time) ?? [];
  return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction);
}

/** @returns nothing where all is well */
export function faultsOf(report: Report): string[] {
  const faults: string[] = [];
  checkNumbers(report, 'report', faults);
  checkCounts(report, faults);
  for (const flow of report.flows) {
    // Simple packets of pcapng have no time: then the capture has none, and the flow one that means nothing.
    const found = flowFaults(flow, nanoseconds(report.capture.lastPacket ?? flow.lastPacket));
    faults.push(...found.map((fault) => `flow: ${fault}`));
  }
  return faults;
}

/** No NaN and nothing endless or absent, and below zero only what may be. */
function checkNumbers(value: unknown, path: string, faults: string[]): void {
  if (typeof value === 'number') {
    const isSigned = path.endsWith('offsetSeconds') || path.endsWith('driftPpm') || path.endsWith('gapSeconds');
    if (!Number.isFinite(value) || (value < 0 && !isSigned)) faults.push(`${path} is ${value}`);
  } else if (value === undefined) faults.push(`${path} is absent`);
  else if (Array.isArray(value)) for (const item of value) checkNumbers(item, `${path}[]`, faults);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) checkNumbers(item, `${path}.${key}`, faults);
  }
}

const sum = (values: Iterable<number>) => Array.from(values).reduce((all, value) => all + value, 0);

function checkCounts({ capture, totals, flows }: Report, faults: string[]): void {
  const equal = (what: string, a: number, b: number) => {
    if (a !== b) faults.push(`${what} don't add up`);
  };
  equal('packets of files', capture.packets, sum(capture.files.map(({ packets }) => packets)));
  // Fragments that were joined are one segment.
  if (capture.tcpPackets + sum(Object.values(capture.skipped)) > capture.packets) faults.push('more told than packets');
  equal('kinds', totals.flows, sum(Object.values(totals.byKind)));
  equal('initiators', totals.flows, sum(Object.values(totals.byInitiator)));
  if (flows.some(({ id }, i) => id <= (flows[i - 1]?.id ?? 0))) faults.push('ids are not ascending');
  if (flows.length > totals.flows) faults.push('more flows listed than there are');
  if (flows.length < totals.flows) return;
  equal('packets of flows', capture.tcpPackets, sum(flows.map(({ packets }) => packets.client + packets.server)));
}

/** @param lastPacket the capture's last, nanoseconds since 1970 */
export function flowFaults(flow: Flow, lastPacket: bigint): string[] {
  const faults: string[] = [];
  const { client, server } = flow.endpoints;
  for (const endpoint of [client, server]) {
    checkSpans(endpoint.states, flow, lastPacket, faults);
    checkDurations(endpoint, faults);
    const { timeWait, states } = endpoint;
    if ((timeWait !== null) !== states.some((span) => span.state === 'TIME_WAIT'))
      faults.push('timeWait without TIME_WAIT');
  }
  // A FIN may be known from its acknowledgement alone, and that of a socket connected to itself is both ends' FIN.
  const isSeen = !flow.notes.some((note) => note === 'fin-not-captured' || note === 'self-connect');
  const fins = [client, server].filter((endpoint) => endpoint.finAt !== null).length;
  if ((flow.kind === 'graceful' || flow.kind === 'simultaneous') && isSeen && fins !== 2)
    faults.push(`${flow.kind} with ${fins} FINs`);
  if ((flow.kind === 'simultaneous') !== (flow.closeShape === 'simultaneous'))
    faults.push('kind and closeShape differ');
  const neverClosed = flow.kind === 'open' || flow.kind === 'unanswered';
  if (neverClosed && (flow.initiator !== null || flow.closedAt !== null)) faults.push(`${flow.kind}, but closed`);
  return faults;
}

/** Spans touch, are in order, and last as long as they say; only the last may be open. */
function checkSpans(spans: readonly Span[], flow: Flow, lastPacket: bigint, faults: string[]): void {
  const firstPacket = nanoseconds(flow.firstPacket);
  const lasted = Math.abs(Number(nanoseconds(flow.lastPacket) - firstPacket));
  for (const [i, span] of spans.entries()) {
    const next = spans[i + 1];
    const { state, from, to, seconds } = span;
    if (!STATE_NAMES.some((name) => name === state)) faults.push(`a state ${state}`);
    if (span.open !== (to === null)) faults.push('open, with an end');
    if (next === undefined ? span.open === (state === 'CLOSED') : to !== next.from) {
      faults.push(
        next === undefined ? `the last state, ${state}, is ${span.open ? '' : 'not '}open` : 'spans do not touch',
      );
    }
    const length = (to === null ? lastPacket : nanoseconds(to)) - nanoseconds(from);
    if (to !== null && length < 0n) faults.push(`${state} ends before it begins`);
    const told = length > 0n ? Number(length) : 0;
    // Times are floats, counted from the flow's first packet: exact for 104 days.
    const farthest = Math.max(told, lasted, Math.abs(Number(nanoseconds(from) - firstPacket)));
    const isTold =
      from !== START_OF_TIME && from !== END_OF_TIME && to !== END_OF_TIME && lastPacket < nanoseconds(END_OF_TIME);
    if (isTold && seconds !== null && Math.abs(seconds * NS_PER_SECOND - told) > 4e-16 * farthest + 0.6) {
      faults.push(`${state}: its seconds are not from its begin to its end`);
    }
  }
  if (new Set(spans.map(({ state }) => state)).size !== spans.length) faults.push('a state twice');
}

function checkDurations(endpoint: Endpoint, faults: string[]): void {
  const seconds = (state: string) => endpoint.states.find((span) => span.state === state)?.seconds ?? null;
  const told: [string, number | null][] = [
    ['FIN_WAIT_1', endpoint.finWait1Seconds],
    ['CLOSING', endpoint.closingSeconds],
    ['TIME_WAIT', endpoint.timeWaitSeconds],
    ['CLOSE_WAIT', endpoint.closeWaitSeconds],
    ['LAST_ACK', endpoint.lastAckSeconds],
  ];
  for (const [state, value] of told) {
    if (value !== seconds(state)) faults.push(`the seconds of ${state} differ from its span's`);
  }
  const { finWait2Seconds } = endpoint;
  if (finWait2Seconds !== null && finWait2Seconds !== seconds('FIN_WAIT_2'))
    faults.push("the seconds of FIN_WAIT_2 differ from its span's");
}
