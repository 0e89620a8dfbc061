/** Reads a report that this program wrote as JSON: only what is compared, and nothing on trust. */

import { InputError } from '../input/errors.ts';
import { sniffCompression, sniffFormat } from '../input/magic.ts';
import type { ResetCause, Totals } from '../report/types.ts';
import { type CountedEndpoint, type CountedFlow, type Digest, digestOf, FlowCounts, type Frame } from './digest.ts';
import { FieldError, Fields } from './fields.ts';
import { KINDS } from './figures.ts';
import { eachItem, membersOf, NoJson, parse, type Range, skipSpace } from './scan.ts';

const SCHEMA = 'teardown.report/1';

/** The name of what comes through a pipe. */
export const STANDARD_INPUT = 'standard input';

const CAUSES = [
  'refused',
  'linger-zero',
  'unread-data',
  'data-after-close',
  'keepalive-timeout',
  'listener-closed',
  'no-such-connection',
  'middlebox-suspected',
  'unknown',
] as const satisfies readonly ResetCause[];
const CLOSERS = ['client', 'server', 'both', 'unknown'] as const;
const SENDERS = ['client', 'server', 'unknown'] as const;
const POSITIONS = ['near-client', 'near-server', 'middle', 'unknown'] as const;
const SEVERITIES = ['info', 'warning', 'critical'] as const;
const CONFIDENCES = ['certain', 'likely', 'possible'] as const;

/**
 * What is compared of a report in JSON.
 * @param name of the file, for errors
 * @throws InputError where it is no such report
 */
export function readDigest(bytes: Uint8Array, name: string): Digest {
  const refuse = (why: string, hint = `write one: teardown CAPTURE -o ${name.endsWith('.json') ? name : 'x.json'}`) =>
    new InputError(`can't compare ${name}`, why, hint);
  const foreign = foreignWords(bytes, name);
  if (foreign !== null) throw refuse(...foreign);
  try {
    const text = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
    const members = membersOf(text);
    if (members === null) throw refuse('it has a member twice');
    const schema = members.has('schema') ? parse(text, members.get('schema')!) : undefined;
    if (schema !== SCHEMA) throw refuse(...schemaWords(schema));
    return read(text, members);
  } catch (error) {
    if (error instanceof FieldError) throw refuse(`it is no report of teardown: ${error.message}`);
    if (error instanceof NoJson) throw refuse(...noJsonWords(bytes, error));
    throw error;
  }
}

/** What people do hand over, by its first bytes; null of what may be JSON. */
function foreignWords(bytes: Uint8Array, name: string): [why: string, hint?: string] | null {
  const operand = name === STANDARD_INPUT ? '-' : name;
  if (sniffFormat(bytes, bytes.length) !== null) {
    return ['it is a capture, not a report', `first: teardown ${operand} -o report.json`];
  }
  if (sniffCompression(bytes, bytes.length) === 'zstd') {
    return [
      'it is zstd-compressed',
      `zstd -dc ${name} | teardown diff - AFTER.json, or of a capture: teardown ${name}`,
    ];
  }
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return ['it is UTF-16, as PowerShell writes with >', 'write it with -o report.json instead'];
  }
  const first = skipSpace(bytes, 0);
  return first === bytes.length ? ['it is empty'] : null;
}

function schemaWords(schema: unknown): [why: string, hint?: string] {
  if (schema === 'teardown.diff/1') return ['it is a comparison already', 'name the two reports that it compares'];
  if (typeof schema === 'string' && /^teardown\.report\/\d{1,9}$/.test(schema)) {
    return [`it is a ${schema}, and this version reads ${SCHEMA}`, 'write it anew with this version, from the capture'];
  }
  return ['it is JSON, but no report of teardown', 'reports are written by teardown CAPTURE -f json or -o report.json'];
}

function noJsonWords(bytes: Uint8Array, { offset }: NoJson): [why: string, hint?: string] {
  if (offset >= bytes.length) return ['it is cut: its JSON does not end'];
  // Another object behind the first one.
  if (offset > 0 && bytes[offset] === 0x7b) return ['it is a list of flows (NDJSON), not a report'];
  return [`it is no JSON: byte ${offset} does not fit`];
}

function read(bytes: Uint8Array, members: ReadonlyMap<string, Range>): Digest {
  const member = (name: string): unknown => {
    const range = members.get(name);
    return range === undefined ? undefined : parse(bytes, range);
  };
  const counts = new FlowCounts();
  const flows = members.get('flows');
  if (flows === undefined) throw new FieldError('flows is missing');
  if (bytes[flows.from] !== 0x5b) throw new FieldError('flows is not a list');
  eachItem(bytes, flows, (item, index) => counts.add(flowOf(new Fields(parse(bytes, item), `flows[${index}]`))));
  const assumptions = new Fields(member('assumptions'), 'assumptions');
  const frame: Frame = {
    tool: { name: 'pcap-teardown', version: new Fields(member('tool'), 'tool').text('version') },
    capture: captureOf(new Fields(member('capture'), 'capture')),
    totals: totalsOf(new Fields(member('totals'), 'totals')),
    findings: new Fields({ findings: member('findings') }, 'report').list('findings').map(findingOf),
    assumptions: Object.fromEntries(
      assumptions.names.map((address) => {
        return [address, { timeWaitSeconds: assumptions.fields(address).number('timeWaitSeconds') }] as const;
      }),
    ),
  };
  return digestOf(frame, counts);
}

function captureOf(of: Fields): Frame['capture'] {
  return {
    files: of.list('files').map((file) => ({ name: file.text('name') })),
    dropped: of.orNull('dropped', of.number),
    damage: of.list('damage'),
    position: of.word('position', POSITIONS),
    firstPacket: of.orNull('firstPacket', of.time),
    lastPacket: of.orNull('lastPacket', of.time),
    seconds: of.number('seconds'),
  };
}

function totalsOf(of: Fields): Totals {
  const counts = <const T extends string>(name: string, words: readonly T[]): Partial<Record<T, number>> => {
    const by = of.fields(name);
    const known = words.filter((word) => by.names.includes(word));
    return Object.fromEntries(known.map((word) => [word, by.number(word)] as const)) as Partial<Record<T, number>>;
  };
  const finWait2 = of.fields('finWait2');
  const seconds = (name: string) => finWait2.orNull(name, finWait2.number);
  const timeWait = of.fields('timeWait');
  return {
    flows: of.number('flows'),
    byKind: counts('byKind', KINDS),
    byInitiator: counts('byInitiator', CLOSERS),
    finWait2: {
      count: finWait2.number('count'),
      p50: seconds('p50'),
      p90: seconds('p90'),
      p99: seconds('p99'),
      max: seconds('max'),
    },
    timeWait: {
      count: timeWait.number('count'),
      peak: timeWait.number('peak'),
      peakAt: timeWait.orNull('peakAt', timeWait.time),
      until: timeWait.orNull('until', timeWait.time),
    },
  };
}

function findingOf(of: Fields): Frame['findings'][number] {
  return {
    rule: of.text('rule'),
    severity: of.word('severity', SEVERITIES),
    title: of.text('title'),
    because: of.text('because'),
    confidence: of.word('confidence', CONFIDENCES),
    endpoint: of.orNull('endpoint', of.text),
    flowCount: of.number('flowCount'),
  };
}

function flowOf(of: Fields): CountedFlow {
  const server = of.fields('server');
  const reset = of.orNull('reset', of.fields);
  const endpoints = of.fields('endpoints');
  return {
    firstPacket: of.time('firstPacket'),
    kind: of.word('kind', KINDS),
    initiator: of.orNull('initiator', (name) => of.word(name, CLOSERS)),
    wiresharkFilter: of.orNull('wiresharkFilter', of.text),
    server: { address: server.text('address'), port: server.number('port') },
    reset:
      reset === null
        ? null
        : {
            by: reset.orNull('by', (name) => reset.word(name, SENDERS)),
            frame: reset.orNull('frame', reset.number),
            cause: reset.orNull('cause', (name) => reset.word(name, CAUSES)),
          },
    endpoints: { client: endpointOf(endpoints.fields('client')), server: endpointOf(endpoints.fields('server')) },
  };
}

function endpointOf(of: Fields): CountedEndpoint {
  return {
    closeWaitSeconds: of.orNull('closeWaitSeconds', of.number),
    timeWait: of.orNull('timeWait', of.fields),
    states: of.list('states').map((span) => ({
      state: span.text('state'),
      seconds: span.orNull('seconds', span.number),
      open: span.flag('open'),
    })),
  };
}
