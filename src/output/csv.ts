/** `-f csv`: a header and one row a flow, RFC 4180 with lines that end in LF. An empty cell is null. */

import type { Address, Endpoint, Flow, Side } from '../report/types.ts';

type Cell = string | number | null;
type Column = readonly [name: string, value: (flow: Flow) => Cell];

/** Durations of an endpoint, seconds. */
const DURATIONS: readonly (readonly [name: string, key: keyof Endpoint & `${string}Seconds`])[] = [
  ['FinWait1Seconds', 'finWait1Seconds'],
  ['FinWait2Seconds', 'finWait2Seconds'],
  ['ClosingSeconds', 'closingSeconds'],
  ['TimeWaitSeconds', 'timeWaitSeconds'],
  ['CloseWaitSeconds', 'closeWaitSeconds'],
  ['LastAckSeconds', 'lastAckSeconds'],
];

const COLUMNS: readonly Column[] = [
  ['id', (flow) => flow.id],
  ['communityId', (flow) => flow.communityId],
  ['client', (flow) => socket(flow.client)],
  ['server', (flow) => socket(flow.server)],
  ['orientation', (flow) => flow.orientation],
  ['handshake', (flow) => flow.handshake],
  ['firstPacket', (flow) => flow.firstPacket],
  ['lastPacket', (flow) => flow.lastPacket],
  ['kind', (flow) => flow.kind],
  ['closeShape', (flow) => flow.closeShape],
  ['initiator', (flow) => flow.initiator],
  ['closedAt', (flow) => flow.closedAt],
  ['resetBy', (flow) => flow.reset?.by ?? null],
  ['resetCause', (flow) => flow.reset?.cause ?? null],
  ...durations('client'),
  ...durations('server'),
];

function durations(side: Side): Column[] {
  return DURATIONS.map(([name, key]): Column => [`${side}${name}`, (flow) => flow.endpoints[side][key]]);
}

/** The line of column names, with its newline. */
export function csvHeader(): string {
  return `${COLUMNS.map(([name]) => name).join(',')}\n`;
}

/** One flow as a line, with its newline. */
export function csvRow(flow: Flow): string {
  return `${COLUMNS.map(([, value]) => csvCell(value(flow))).join(',')}\n`;
}

/** The header and a row for each flow, in the order given. */
export function* csvFlows(flows: Iterable<Flow>): Generator<string, void, undefined> {
  yield csvHeader();
  for (const flow of flows) yield csvRow(flow);
}

/**
 * A cell: null is empty, text is quoted where RFC 4180 wants it, numbers are never written with an exponent (down to
 * the nanosecond). Text that a spreadsheet would run as a formula begins with an apostrophe (OWASP, CSV injection).
 */
export function csvCell(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return decimal(value);
  const text = /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function decimal(value: number): string {
  const text = String(value);
  return text.includes('e-') ? value.toFixed(9).replace(/\.?0+$/, '') : text;
}

function socket({ address, port }: Address): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
