import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Flow } from '../../src/report/types.ts';
import { FIELDS, parseWhere } from '../../src/where/where.ts';
import { exampleAbortedFlow, exampleFlow } from '../schema/example.ts';
import { describeFlow, matches } from './matching.ts';

const GRACEFUL = exampleFlow();
const ABORTED = exampleAbortedFlow();

test('the example of the help', () => {
  const where = parseWhere('port==9091 && closer==server && finwait2>5s');
  expect(where.text).toBe('port==9091 && closer==server && finwait2>5s');
  expect([where.matches(GRACEFUL), where.matches(ABORTED)]).toEqual([true, false]);
});

describeFlow(
  'and, or, not, parentheses',
  GRACEFUL,
  [
    'id==1 || id==2 && id==3',
    '(id==1 or id==2) AND not id==3',
    '!id==2',
    '!!id==1',
    'not(id==2)',
    '! (id==2 || id==3) && id==1',
    'id==2||id==1',
  ],
  ['(id==1 || id==2) && id==3', '!id==1', 'not not id==2', 'id==1 && !id==1'],
);

describeFlow(
  'numbers and short names',
  GRACEFUL,
  [
    'port==9091',
    'port==52814',
    'client.port==52814',
    'port<9092',
    'port>52813',
    'port!=80',
    'packets.client>=6',
    'packets.client<=6.0',
    'bytes.server eq 1460 and bytes.client ne 0 and id lt 2 and id le 1 and id gt 0 and id ge 1',
    'port in {80, 443, 9091}',
    'port in {80,9000..9100}',
    'port=="9091"',
    'closer==server',
    'initiator==SERVER',
  ],
  ['client.port==9091', 'port!=9091', 'packets.client>6', 'port in {80, 443..9090}', 'closer==client', 'port==9.09e3'],
);

describeFlow(
  'durations',
  GRACEFUL,
  [
    'finwait2>5s',
    'finwait2==8.2s',
    'finwait2==8200ms',
    'finwait2==8.2',
    'finwait2>8',
    'finwait2<1m',
    'finwait2<1h',
    'finwait1==200us',
    'lastack==200µs',
    'finwait1==200000ns',
    'rtt.server==30us',
    'rtt.server==.03ms',
    'closewait in {5s..10s}',
    'endpoints.server.finWait2Seconds>=8.2s',
  ],
  ['finwait2>9s', 'finwait2>0.2m', 'rtt.server==31us', 'closewait in {1s..5s}'],
);

describeFlow(
  'null matches only ==null',
  GRACEFUL,
  [
    'closing==null',
    'endpoints.client.finWait2Seconds==null',
    'finwait2!=null',
    'reset==null',
    'reset.cause==null',
    'encapsulation.vlans==null',
    '!(closing>5s)',
    'closing in {null, 5s}',
    'kind!=null',
    'comparison==null && comparison.lost.toServer==null',
  ],
  [
    'finwait2==null',
    'closing!=null',
    'closing!=5s',
    'closing==0',
    'closing<5s',
    'closing>=0',
    'closing in {0s..5s}',
    'reset.cause!=refused',
    'reset.why contains ""',
    'encapsulation.vlans!=5',
    'reset.frame<100',
    'notes==null',
  ],
);

describeFlow(
  'a bare field',
  exampleFlow({ notes: [], history: '' }),
  ['id', 'finwait2', 'client', 'closedAt', 'endpoints.client.finRetransmissions', 'endpoints.server.states.open'],
  ['closing', 'reset', 'notes', 'history', 'endpoints.server.finRetransmissions', 'endpoints.client.states.open'],
);

test('a duration of zero is known, a count of zero is none', () => {
  const flow = exampleFlow({ rtt: { client: 0, server: null }, bytes: { client: 0, server: 0 } });
  expect([matches('rtt.client', flow), matches('rtt.server', flow), matches('bytes.client', flow)]).toEqual([
    true,
    false,
    false,
  ]);
});

test('the longer of both ends, whichever is known', () => {
  const { client, server } = GRACEFUL.endpoints;
  const flow = exampleFlow({ endpoints: { client: { ...client, finWait2Seconds: 9 }, server } });
  expect([matches('finwait2==9s', flow), matches('finwait2==8.2s', flow), matches('finwait2!=8.2s', flow)]).toEqual([
    true,
    false,
    true,
  ]);
});

describeFlow(
  'text, enumerations, lists',
  GRACEFUL,
  [
    'notes==challenge-ack',
    'notes==fin-retransmitted',
    'notes!=gap',
    'notes contains retransmitted',
    'notes in {gap, challenge-ack}',
    'notes == "challenge-ack"',
    "notes == 'challenge-ack'",
    'kind contains ace',
    'closeShape==four-segment',
    'history contains Dad',
    'history=="Sh\\ADadfF"',
    'endpoints.server.states.state==time_wait',
    'endpoints.server.states.state==FIN_WAIT_2',
    'endpoints.server.states.seconds>10s',
    'endpoints.server.states.to==null',
    'endpoints.server.states.frames==10',
    'endpoints.server.states.open==true',
    'communityId==1:kg8AY7Z8uB4ucZbuy7HT4Qvmw2U=',
    'communityId=="1:kg8AY7Z8uB4ucZbuy7HT4Qvmw2U="',
    'connState==SF',
    'wiresharkFilter contains "tcp.port==9091"',
  ],
  [
    'notes!=challenge-ack',
    'notes==challenge',
    'history contains DAD',
    'history==shadadff',
    'endpoints.client.states.state==TIME_WAIT',
    'endpoints.client.states.to==null',
    'communityId contains null',
  ],
);

describeFlow(
  'a flow without notes',
  exampleFlow({ notes: [] }),
  ['notes==null', 'notes!=gap', '!notes', '!(notes==gap)'],
  ['notes', 'notes!=null', 'notes==gap', 'notes contains ""'],
);

test('a field that is null matches ==null and nothing else', () => {
  const others = ['!=null', '!=5s', '==5s', '<5s', '<=5s', '>5s', '>=0s', ' in {0s..5s}', ''];
  for (const { name } of FIELDS.filter((field) => field.type === 'seconds' && !field.name.includes('.states.'))) {
    const flow = exampleFlow({ rtt: { client: null, server: null }, endpoints: ABORTED.endpoints });
    expect(matches(`${name}==null`, flow), name).toBe(true);
    for (const other of others) expect(matches(name + other, flow), name + other).toBe(false);
  }
});

describe('no flow makes an expression throw', () => {
  const operators = fc.constantFrom('==', '!=', '<', '>=', 'contains');
  const values = fc.constantFrom('null', '5', '5s', 'server', 'TIME_WAIT', '::1', '10.0.0.0/8', 'true', '2026-03-01');
  const comparisons = fc
    .tuple(fc.constantFrom(...FIELDS.map((field) => field.name)), operators, values)
    .map((parts) => parts.join(' '))
    .filter(isValid);

  test('whatever its fields hold', () => {
    const names = Object.keys(GRACEFUL) as (keyof Flow)[];
    const overrides = fc.dictionary(fc.constantFrom(...names), fc.anything(), { noNullPrototype: true });
    fc.assert(
      fc.property(comparisons, overrides, (expression, odd) => {
        const flow: Flow = { ...GRACEFUL, ...(odd as Partial<Flow>) };
        const result = matches(expression, flow);
        expect(matches(`!(${expression})`, flow)).toBe(!result);
      }),
      { numRuns: 2000 },
    );
  });

  function isValid(expression: string): boolean {
    try {
      return parseWhere(expression) !== null;
    } catch {
      return false;
    }
  }
});
