/** The transition table: complete, free of contradictions, and what RFC 9293 draws. */
import { describe, expect, test } from 'vitest';
import { EVENT_NAMES, type EventName, STATE_NAMES, type StateName } from '../../src/tcp/states.ts';
import { nextState, STAYS, TRANSITIONS } from '../../src/tcp/transitions.ts';

const PAIRS = STATE_NAMES.flatMap((state) => EVENT_NAMES.map((event) => ({ state, event })));

function after(state: StateName, event: EventName): StateName {
  return STATE_NAMES[nextState(STATE_NAMES.indexOf(state), EVENT_NAMES.indexOf(event))]!;
}

describe('the table', () => {
  test.each(PAIRS)('says once what $event does in $state', ({ state, event }) => {
    const rows = TRANSITIONS.filter(([from, on]) => from === state && on === event);
    const stays = STAYS.flatMap(([states, on, reason]) =>
      states.filter((s) => s === state && on === event).map(() => reason),
    );
    expect(rows.length + stays.length).toBe(1);
    expect(after(state, event)).toBe(rows[0]?.[2] ?? state);
    expect(rows[0]?.[2]).not.toBe(state);
  });

  test('cites where each row comes from, and gives a reason for each stay', () => {
    const source = /RFC (?:9293 3\.\d+(?:\.\d+)*|\d{4})|\bLinux \w+|not in the capture|no handshake in the capture/;
    expect(TRANSITIONS.filter(([, , , cited]) => !source.test(cited))).toEqual([]);
    expect(STAYS.filter(([, , reason]) => reason.length < 10)).toEqual([]);
  });

  test('has no row for a state or event that does not exist', () => {
    for (const [from, event, to] of TRANSITIONS) {
      expect(STATE_NAMES).toContain(from);
      expect(EVENT_NAMES).toContain(event);
      expect(STATE_NAMES).toContain(to);
    }
  });

  test('reaches every state from CLOSED or LISTEN', () => {
    const reached = new Set<StateName>(['CLOSED', 'LISTEN']);
    for (let before = 0; before !== reached.size; ) {
      before = reached.size;
      for (const [from, , to] of TRANSITIONS) if (reached.has(from)) reached.add(to);
    }
    expect(STATE_NAMES.filter((state) => !reached.has(state))).toEqual([]);
  });

  test('leads back to CLOSED from everywhere, and passes no other state twice', () => {
    const longest = (state: StateName, path: readonly StateName[]): void => {
      expect(path).not.toContain(state);
      const rows = TRANSITIONS.filter(([from]) => from === state);
      expect(rows.some(([, , to]) => to === 'CLOSED') || rows.some(([, , to]) => to !== state)).toBe(true);
      for (const [, , to] of rows) if (to !== 'CLOSED') longest(to, [...path, state]);
    };
    for (const state of STATE_NAMES) if (state !== 'CLOSED') longest(state, []);
  });
});

/** [event, state after it] from a state on. */
type Path = [start: StateName, ...steps: [event: EventName, state: StateName][]];

const ESTABLISHED_BY_A: Path = ['CLOSED', ['SEND_SYN', 'SYN_SENT'], ['RECEIVE_SYN_ACK', 'ESTABLISHED']];
const ESTABLISHED_BY_B: Path = ['LISTEN', ['RECEIVE_SYN', 'SYN_RECEIVED'], ['RECEIVE_ACK_OF_SYN', 'ESTABLISHED']];
const SIMULTANEOUS_OPEN: Path = [
  'CLOSED',
  ['SEND_SYN', 'SYN_SENT'],
  ['RECEIVE_SYN', 'SYN_RECEIVED'],
  ['RECEIVE_SYN_ACK', 'ESTABLISHED'],
];
const SIMULTANEOUS_CLOSE: Path = [
  'ESTABLISHED',
  ['SEND_FIN', 'FIN_WAIT_1'],
  ['RECEIVE_FIN', 'CLOSING'],
  ['RECEIVE_ACK_OF_FIN', 'TIME_WAIT'],
  ['TIMEOUT', 'CLOSED'],
];

/** Where the RFC's passive opener returns to LISTEN after an RST, its connection is gone: CLOSED here. */
const PATHS: [title: string, path: Path][] = [
  ['RFC 9293 figure 6, basic three-way handshake: A', ESTABLISHED_BY_A],
  ['RFC 9293 figure 6, basic three-way handshake: B', ESTABLISHED_BY_B],
  ['RFC 9293 figure 7, simultaneous connection synchronization: A and B', SIMULTANEOUS_OPEN],
  [
    'RFC 9293 figure 8, recovery from an old duplicate SYN: B',
    ['LISTEN', ['RECEIVE_SYN', 'SYN_RECEIVED'], ['RECEIVE_RST', 'CLOSED']],
  ],
  [
    'RFC 9293 figure 9, half-open connection discovery: B, which A has forgotten',
    ['ESTABLISHED', ['RECEIVE_SYN', 'ESTABLISHED'], ['RECEIVE_RST', 'CLOSED']],
  ],
  [
    'RFC 9293 figure 10, active side causes half-open connection discovery: B sends data, A answers with RST',
    ['ESTABLISHED', ['RECEIVE_RST', 'CLOSED']],
  ],
  [
    'RFC 9293 figure 11, old duplicate SYN initiates a reset on two passive sockets: A',
    ['LISTEN', ['RECEIVE_SYN_ACK', 'LISTEN'], ['SEND_RST', 'LISTEN']],
  ],
  [
    'RFC 9293 figure 12, normal close sequence: A',
    [
      'ESTABLISHED',
      ['SEND_FIN', 'FIN_WAIT_1'],
      ['RECEIVE_ACK_OF_FIN', 'FIN_WAIT_2'],
      ['RECEIVE_FIN', 'TIME_WAIT'],
      ['TIMEOUT', 'CLOSED'],
    ],
  ],
  [
    'RFC 9293 figure 12, normal close sequence: B',
    ['ESTABLISHED', ['RECEIVE_FIN', 'CLOSE_WAIT'], ['SEND_FIN', 'LAST_ACK'], ['RECEIVE_ACK_OF_FIN', 'CLOSED']],
  ],
  ['RFC 9293 figure 13, simultaneous close sequence: A and B', SIMULTANEOUS_CLOSE],
  [
    'three segments: the FIN acknowledges the FIN, and FIN_WAIT_2 is passed in no time',
    ['FIN_WAIT_1', ['RECEIVE_ACK_OF_FIN', 'FIN_WAIT_2'], ['RECEIVE_FIN', 'TIME_WAIT']],
  ],
  [
    'the final ACK is lost: the FIN comes again, and TIME_WAIT goes on',
    ['TIME_WAIT', ['RECEIVE_FIN', 'TIME_WAIT'], ['TIMEOUT', 'CLOSED']],
  ],
  [
    'TIME-WAIT assassination (RFC 1337)',
    ['FIN_WAIT_2', ['RECEIVE_FIN', 'TIME_WAIT'], ['RECEIVE_RST', 'CLOSED'], ['TIMEOUT', 'CLOSED']],
  ],
  [
    'a SYN into TIME_WAIT opens a new connection (RFC 6191)',
    ['TIME_WAIT', ['RECEIVE_SYN', 'TIME_WAIT'], ['REPLACED', 'CLOSED']],
  ],
  ['refused', ['CLOSED', ['SEND_SYN', 'SYN_SENT'], ['SEND_SYN', 'SYN_SENT'], ['RECEIVE_RST', 'CLOSED']]],
  ['midstream', ['CLOSED', ['SYNCHRONIZED', 'ESTABLISHED'], ['RECEIVE_FIN', 'CLOSE_WAIT']]],
  ['an orphan whose FIN_WAIT_2 times out', ['FIN_WAIT_2', ['TIMEOUT', 'CLOSED'], ['RECEIVE_FIN', 'CLOSED']]],
];

describe('the drawings', () => {
  test.each(PATHS)('%s', (_, [start, ...steps]) => {
    let state = start;
    const seen = steps.map(([event]): [EventName, StateName] => {
      state = after(state, event);
      return [event, state];
    });
    expect(seen).toEqual(steps);
  });
});
