/**
 * The expectation of a scenario: each line claims something of the report and is compared as text, so that a
 * difference reads like the scenario file. Grammar: fixtures/scenarios/README.md.
 */
import type { Capture, Endpoint, Flow, Report, Reset, Reuse, Side, Span, TimeWait } from '../../src/report/types.ts';
import { type Line, parseSeconds, ScenarioError } from './script.ts';

/** What is claimed, and what a report says in the same words, line by line. */
export interface Comparison {
  expected: string[];
  actual: string[];
}

export interface Expectation {
  /** @param start nanoseconds since 1970 of the script's time 0 */
  compare(report: Report, start: bigint): Comparison;
}

type Kind = 'word' | 'number' | 'time' | 'frames';

/** A field that a claim can name: how its value is written, and where the report has it. */
interface Field<T> {
  kind: Kind;
  of: (subject: T) => unknown;
}
type Fields<T> = Record<string, Field<T>>;

const word = <T>(of: (subject: T) => unknown): Field<T> => ({ kind: 'word', of });
const number = <T>(of: (subject: T) => unknown): Field<T> => ({ kind: 'number', of });
const time = <T>(of: (subject: T) => unknown): Field<T> => ({ kind: 'time', of });
const frames = <T>(of: (subject: T) => unknown): Field<T> => ({ kind: 'frames', of });

const CAPTURE: Fields<Capture> = {
  packets: number((c) => c.packets),
  duplicates: number((c) => c.duplicates),
  outOfOrder: number((c) => c.outOfOrder),
  position: word((c) => c.position),
};
const FLOW: Fields<Flow> = {
  kind: word((f) => f.kind),
  closeShape: word((f) => f.closeShape),
  initiator: word((f) => f.initiator),
  handshake: word((f) => f.handshake),
  orientation: word((f) => f.orientation),
  closedAt: time((f) => f.closedAt),
  vlans: word((f) => f.encapsulation?.vlans.join(',') ?? null),
};
const RESET: Fields<Reset> = {
  by: word((r) => r.by),
  at: time((r) => r.at),
  frame: number((r) => r.frame),
  cause: word((r) => r.cause),
  ignored: number((r) => r.ignored),
};
const REUSE: Fields<Reuse> = {
  previous: number((r) => r.previous),
  gap: number((r) => r.gapSeconds),
  inTimeWait: word((r) => (r.inTimeWait ? 'yes' : 'no')),
  outcome: word((r) => r.outcome),
};
const TIME_WAIT: Fields<TimeWait> = {
  from: time((t) => t.from),
  until: time((t) => t.until),
  untilLatest: time((t) => t.untilLatest),
  basis: word((t) => t.basis),
  restarts: number((t) => t.restarts),
  endedBy: word((t) => t.endedBy),
  frames: frames((t) => t.frames),
};
const ENDPOINT: Fields<Endpoint> = {
  role: word((e) => e.role),
  finAt: time((e) => e.finAt),
  finAckedAt: time((e) => e.finAckedAt),
  finRetransmissions: number((e) => e.finRetransmissions),
  halfCloseBytes: number((e) => e.halfCloseBytes),
  finWait1Seconds: number((e) => e.finWait1Seconds),
  finWait2Seconds: number((e) => e.finWait2Seconds),
  closingSeconds: number((e) => e.closingSeconds),
  timeWaitSeconds: number((e) => e.timeWaitSeconds),
  closeWaitSeconds: number((e) => e.closeWaitSeconds),
  lastAckSeconds: number((e) => e.lastAckSeconds),
};
const SPAN: Fields<Span> = {
  basis: word((s) => s.basis),
  seconds: number((s) => s.seconds),
  plusMinus: number((s) => s.plusMinus),
  frames: frames((s) => s.frames),
};
type Sided = Pick<Flow, 'packets' | 'bytes' | 'rtt'>;
const SIDED: (keyof Sided)[] = ['packets', 'bytes', 'rtt'];
const BASES = ['observed', 'inferred', 'assumed', 'kernel'];
const SPAN_LINE = /^([A-Z_12]+)\s+(-?[\d.]+)\s+\.\.(?:\s+(-?[\d.]+))?(?:\s+(.*))?$/;

/** One claim: how it was written, and what the flow says in the same words. */
interface Claim<T> {
  expected: string[];
  actual: (subject: T, start: bigint) => string[];
}
interface FlowClaims {
  claims: Claim<Flow>[];
  spans: Record<Side, SpanClaims>;
}
interface SpanClaims {
  lines: { expected: string; fields: string[] }[];
  /** '...' stood before the first: earlier spans are left out */
  tail: boolean;
}

/** @throws ScenarioError at the first line that claims nothing known */
export function parseExpectation(lines: Line[]): Expectation {
  const capture: Claim<Capture>[] = [];
  const flows: FlowClaims[] = [newFlow()];
  for (const line of lines) {
    const [head = '', ...rest] = line.text.split(/\s+/);
    const flow = flows[flows.length - 1]!;
    if (head === 'flow') {
      const id = Number(rest[0]);
      if (id === flows.length + 1) flows.push(newFlow());
      else if (id !== 1 || flows.length !== 1)
        throw new ScenarioError(line.number, `flow ${flows.length + 1} comes next`);
    } else if (head === 'capture') capture.push(pairs('capture', CAPTURE, rest, line.number));
    else if (head === 'client' || head === 'server') endpointClaim(flow, head, line);
    else flow.claims.push(flowClaim(head, rest, line));
  }
  return { compare: (report, start) => compare(capture, flows, report, start) };
}

function newFlow(): FlowClaims {
  return { claims: [], spans: { client: { lines: [], tail: false }, server: { lines: [], tail: false } } };
}

function flowClaim(head: string, rest: string[], line: Line): Claim<Flow> {
  if (head === 'reset') return nullable(head, rest, RESET, line.number, (f: Flow) => f.reset);
  if (head === 'reuse') return nullable(head, rest, REUSE, line.number, (f: Flow) => f.reuse);
  if (head === 'why') {
    const words = rest.join(' ');
    const said = (f: Flow): string => f.reset?.why ?? 'none';
    return { expected: [`why ${words}`], actual: (f) => [`why ${said(f).includes(words) ? words : said(f)}`] };
  }
  if (head === 'notes') {
    return { expected: [line.text], actual: (f) => [['notes', ...rest.filter((n) => f.notes.includes(n))].join(' ')] };
  }
  const sided = SIDED.find((key) => key === head);
  if (sided) {
    const fields = { client: number((f: Flow) => f[sided].client), server: number((f: Flow) => f[sided].server) };
    return pairs(head, fields, rest, line.number);
  }
  return pairs('', FLOW, [head, ...rest], line.number);
}

function endpointClaim(flow: FlowClaims, side: Side, line: Line): void {
  const text = line.text.slice(side.length).trim();
  const rest = text.split(/\s+/);
  if (text === '...') flow.spans[side].tail = true;
  else if (text === 'states none') {
    const states = (f: Flow): string => f.endpoints[side].states.map((s) => s.state).join(' ') || 'none';
    flow.claims.push({ expected: [`${side} states none`], actual: (f) => [`${side} states ${states(f)}`] });
  } else if (SPAN_LINE.test(text)) flow.spans[side].lines.push(spanClaim(side, text, line.number));
  else if (rest[0] === 'timeWait') {
    flow.claims.push(
      nullable(`${side} timeWait`, rest.slice(1), TIME_WAIT, line.number, (f: Flow) => f.endpoints[side].timeWait),
    );
  } else {
    const claim = pairs(side, ENDPOINT, rest, line.number);
    flow.claims.push({ expected: claim.expected, actual: (f, start) => claim.actual(f.endpoints[side], start) });
  }
}

/** `name value name value …`, each name from `fields`. */
function pairs<T>(head: string, fields: Fields<T>, words: string[], at: number): Claim<T> {
  const names: string[] = [];
  const expected: string[] = head === '' ? [] : [head];
  for (let i = 0; i < words.length; i += 2) {
    const name = words[i]!;
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (!field) throw new ScenarioError(at, `'${name}' is none of ${Object.keys(fields).join(', ')}`);
    names.push(name);
    expected.push(name, normalise(field.kind, words[i + 1], at));
  }
  if (names.length === 0) throw new ScenarioError(at, `${head} claims nothing`);
  const actual = (subject: T, start: bigint): string[] => [
    [...(head === '' ? [] : [head]), ...names.flatMap((n) => [n, write(fields[n]!, subject, start)])].join(' '),
  ];
  return { expected: [expected.join(' ')], actual };
}

/** `head none`, or pairs. */
function nullable<T>(
  head: string,
  words: string[],
  fields: Fields<T>,
  at: number,
  of: (f: Flow) => T | null,
): Claim<Flow> {
  if (words.length === 1 && words[0] === 'none') {
    return { expected: [`${head} none`], actual: (f) => [`${head} ${of(f) === null ? 'none' : 'not none'}`] };
  }
  const claim = pairs(head, fields, words, at);
  const actual = (f: Flow, start: bigint): string[] => {
    const subject = of(f);
    return subject === null ? [`${head} none`] : claim.actual(subject, start);
  };
  return { expected: claim.expected, actual };
}

function spanClaim(side: Side, text: string, at: number): { expected: string; fields: string[] } {
  const [, state, from, to, rest = ''] = SPAN_LINE.exec(text)!;
  const words = rest.split(/\s+/).filter((w) => w !== '');
  const open = words[0] === 'open';
  if (open !== (to === undefined)) throw new ScenarioError(at, `a span ends, or is 'open'`);
  if (open) words.shift();
  if (BASES.includes(words[0] ?? '')) words.unshift('basis');
  const end = to === undefined ? 'open' : normalise('time', to, at);
  const line = `${side} ${state} ${normalise('time', from, at)} .. ${end}`;
  if (words.length === 0) return { expected: line, fields: [] };
  const claim = pairs(line, SPAN, words, at);
  return { expected: claim.expected[0]!, fields: words.filter((_, i) => i % 2 === 0) };
}

function compare(capture: Claim<Capture>[], flows: FlowClaims[], report: Report, start: bigint): Comparison {
  const expected = capture.flatMap((c) => c.expected);
  const actual = capture.flatMap((c) => c.actual(report.capture, start));
  for (const [index, claims] of flows.entries()) {
    const flow = report.flows[index];
    expected.push(`flow ${index + 1}`, ...claims.claims.flatMap((c) => c.expected));
    if (!flow) continue;
    actual.push(`flow ${flow.id}`, ...claims.claims.flatMap((c) => c.actual(flow, start)));
    for (const side of ['client', 'server'] as const) {
      const { lines, tail } = claims.spans[side];
      if (lines.length === 0) continue;
      const all = flow.endpoints[side].states;
      const spans = tail ? all.slice(-lines.length) : all;
      expected.push(...lines.map((l) => l.expected));
      actual.push(...spans.map((s, i) => writeSpan(side, s, lines[i]?.fields ?? Object.keys(SPAN), start)));
    }
  }
  for (const flow of report.flows.slice(flows.length)) actual.push(`flow ${flow.id}: not expected`);
  return { expected, actual };
}

function writeSpan(side: Side, span: Span, fields: string[], start: bigint): string {
  const end = span.open ? 'open' : writeTime(span.to, start);
  const rest = fields.flatMap((n) => [n, write(SPAN[n]!, span, start)]);
  return [side, span.state, writeTime(span.from, start), '..', end, ...rest].join(' ');
}

function write<T>(field: Field<T>, subject: T, start: bigint): string {
  const value = field.of(subject);
  if (field.kind === 'time') return writeTime(value, start);
  if (field.kind === 'frames' && Array.isArray(value)) return value.map((f) => f ?? '-').join(',');
  return value === null ? 'none' : String(value);
}

/** An RFC 3339 time as seconds since the script's start. */
function writeTime(value: unknown, start: bigint): string {
  const match = /^(.{19})\.(\d{9})Z$/.exec(String(value));
  if (!match) return value === null ? 'none' : `not RFC 3339 with nine decimals: ${String(value)}`;
  const since = BigInt(Date.parse(`${match[1]}Z`)) * 1_000_000n + BigInt(match[2]!) - start;
  return String(Number(since) / 1e9);
}

function normalise(kind: Kind, text: string | undefined, at: number): string {
  if (text === undefined) throw new ScenarioError(at, 'a value is missing');
  if (text === 'none' || kind === 'word') return text;
  if (kind === 'frames') {
    if (!/^(\d+|-)(,(\d+|-))*$/.test(text)) throw new ScenarioError(at, `frames look like 7,9 or 7,-, not '${text}'`);
    return text;
  }
  const nanoseconds = parseSeconds(text);
  if (nanoseconds === null) throw new ScenarioError(at, `a number is wanted, not '${text}'`);
  return String(nanoseconds / 1e9);
}
