/** What holds of every report, whatever was read. Each function gives what is wrong, in words; nothing is thrown. */
import { RULE_NAMES } from '../src/findings/rule-names.ts';
import type { Endpoint, Finding, Flow, PortLedger, Report, Span } from '../src/report/types.ts';
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
  for (const finding of report.findings) {
    faults.push(...findingFaults(finding, report).map((fault) => `${finding.rule}: ${fault}`));
  }
  for (const ledger of report.ports) faults.push(...ledgerFaults(ledger).map((fault) => `port: ${fault}`));
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

const SEVERITIES: readonly string[] = ['critical', 'warning', 'info'];
const CONFIDENCES: readonly string[] = ['certain', 'likely', 'possible'];
/** What a template makes of a number or a text that isn't there. */
const UNSAID = /\b(?:NaN|undefined|Infinity|null)\b|\[object|\s-\d|\s\?(?::|\s|$)/;

function findingFaults(finding: Finding, { totals, capture, flows }: Report): string[] {
  const faults: string[] = [];
  const { title, because, doThis, frames, at, until, flowCount, endpoint } = finding;
  if (!RULE_NAMES.some((name) => name === finding.rule)) faults.push('no such rule');
  if (!SEVERITIES.includes(finding.severity)) faults.push(`severity ${finding.severity}`);
  if (!CONFIDENCES.includes(finding.confidence)) faults.push(`confidence ${finding.confidence}`);
  const texts = [title, because, ...doThis];
  if (doThis.length === 0 || texts.some((text) => text.trim() === '')) faults.push('says nothing');
  for (const text of texts) if (UNSAID.test(text)) faults.push(`says '${UNSAID.exec(text)?.[0]}'`);
  if (endpoint !== null && !/^[\da-f.:]+$|^\[[\da-f.:]+\]:\d+$/.test(endpoint)) faults.push(`endpoint ${endpoint}`);
  if (frames.some((frame, i) => frame <= (frames[i - 1] ?? 0))) faults.push('frames are not ascending');
  // Journal entries and custom blocks of pcapng have numbers too, as in Wireshark.
  const counts = capture.files.every(({ format }) => !format.startsWith('pcapng'));
  if (counts && frames.some((frame) => frame > capture.packets)) faults.push('a frame that the capture lacks');
  if (flowCount < finding.flows.length) faults.push(`${finding.flows.length} flows of ${flowCount}`);
  if (flowCount > totals.flows) faults.push('more flows than there are');
  if (new Set(finding.flows).size < finding.flows.length) faults.push('a flow twice');
  if (flows.length === totals.flows) {
    const known = new Set(flows.map(({ id }) => id));
    if (!finding.flows.every((id) => known.has(id))) faults.push('a flow that the report lacks');
  }
  if (at !== null && until !== null && at > until) faults.push('ends before it begins');
  return faults;
}

/** Intervals are in order and never overlap; a socket that has no end in sight is the last, and the port then never free. */
function ledgerFaults({ intervals, freeAt, freeAtLatest, freeAtBasis, port, address }: PortLedger): string[] {
  const faults: string[] = [];
  if (address === '' || port > 65_535) faults.push(`${address}:${port}`);
  if ((freeAt === null) !== (freeAtBasis === null)) faults.push('a basis of nothing, or none');
  if ((freeAt ?? '') > (freeAtLatest ?? END_OF_TIME)) faults.push('free at the latest before it is at the earliest');
  for (const [i, { from, until, untilLatest, flows, states }] of intervals.entries()) {
    const next = intervals[i + 1];
    if (from > (until ?? END_OF_TIME) || (until ?? END_OF_TIME) > (untilLatest ?? END_OF_TIME))
      faults.push('an interval ends before it begins');
    if (next !== undefined && (until ?? END_OF_TIME) > next.from) faults.push('intervals overlap');
    const { LISTEN = 0, ...held } = states;
    if (sum(Object.values(held)) !== flows || LISTEN > 1 || LISTEN + flows === 0) faults.push("states don't add up");
    if (LISTEN === 0 && (until ?? END_OF_TIME) > (freeAt ?? END_OF_TIME)) faults.push('free before its last socket is');
  }
  return faults;
}
