import { EVENT_NAMES, type EventName, STATE_NAMES, type StateName } from './states.ts';

/**
 * THE transition table of an endpoint. Within one segment events are applied in the order of RFC 9293 section
 * 3.10.7.4 (RST, SYN, ACK, FIN), so that a FIN+ACK in FIN_WAIT_1 passes through FIN_WAIT_2 with no special case.
 * docs/state-machine.md is printed from it.
 */
export const TRANSITIONS: readonly (readonly [from: StateName, event: EventName, to: StateName, source: string])[] = [
  // Opening
  ['CLOSED', 'SEND_SYN', 'SYN_SENT', 'RFC 9293 3.10.1 OPEN, active'],
  ['LISTEN', 'SEND_SYN', 'SYN_SENT', 'RFC 9293 3.10.1 OPEN on a listening socket'],
  ['LISTEN', 'RECEIVE_SYN', 'SYN_RECEIVED', 'RFC 9293 3.10.7.2 third'],
  ['SYN_SENT', 'RECEIVE_SYN_ACK', 'ESTABLISHED', 'RFC 9293 3.10.7.3 fourth'],
  ['SYN_SENT', 'RECEIVE_SYN', 'SYN_RECEIVED', 'RFC 9293 3.10.7.3 fourth: simultaneous open'],
  ['SYN_RECEIVED', 'RECEIVE_ACK_OF_SYN', 'ESTABLISHED', 'RFC 9293 3.10.7.4 fifth, SYN-RECEIVED'],
  ['SYN_RECEIVED', 'RECEIVE_SYN_ACK', 'ESTABLISHED', 'RFC 9293 3.5 figure 7: simultaneous open'],
  ['CLOSED', 'SYNCHRONIZED', 'ESTABLISHED', 'no handshake in the capture'],
  ['LISTEN', 'SYNCHRONIZED', 'ESTABLISHED', 'no handshake in the capture'],
  ['SYN_SENT', 'SYNCHRONIZED', 'ESTABLISHED', 'the SYN-ACK is not in the capture'],
  ['SYN_RECEIVED', 'SYNCHRONIZED', 'ESTABLISHED', 'the third segment is not in the capture'],
  // Closing
  ['SYN_RECEIVED', 'SEND_FIN', 'FIN_WAIT_1', 'RFC 9293 3.10.4 CLOSE, SYN-RECEIVED'],
  ['ESTABLISHED', 'SEND_FIN', 'FIN_WAIT_1', 'RFC 9293 3.10.4 CLOSE, ESTABLISHED'],
  ['CLOSE_WAIT', 'SEND_FIN', 'LAST_ACK', 'RFC 9293 3.10.4 CLOSE, CLOSE-WAIT'],
  ['FIN_WAIT_1', 'RECEIVE_ACK_OF_FIN', 'FIN_WAIT_2', 'RFC 9293 3.10.7.4 fifth, FIN-WAIT-1'],
  ['CLOSING', 'RECEIVE_ACK_OF_FIN', 'TIME_WAIT', 'RFC 9293 3.10.7.4 fifth, CLOSING'],
  ['LAST_ACK', 'RECEIVE_ACK_OF_FIN', 'CLOSED', 'RFC 9293 3.10.7.4 fifth, LAST-ACK'],
  ['SYN_RECEIVED', 'RECEIVE_FIN', 'CLOSE_WAIT', 'RFC 9293 3.10.7.4 eighth, SYN-RECEIVED'],
  ['ESTABLISHED', 'RECEIVE_FIN', 'CLOSE_WAIT', 'RFC 9293 3.10.7.4 eighth, ESTABLISHED'],
  ['FIN_WAIT_1', 'RECEIVE_FIN', 'CLOSING', 'RFC 9293 3.10.7.4 eighth, FIN-WAIT-1'],
  ['FIN_WAIT_2', 'RECEIVE_FIN', 'TIME_WAIT', 'RFC 9293 3.10.7.4 eighth, FIN-WAIT-2'],
  // Ending
  ['TIME_WAIT', 'TIMEOUT', 'CLOSED', 'RFC 9293 3.10.8 TIME-WAIT TIMEOUT'],
  ['FIN_WAIT_2', 'TIMEOUT', 'CLOSED', 'Linux tcp_fin_timeout for orphans; not in RFC 9293'],
  ['TIME_WAIT', 'REPLACED', 'CLOSED', 'RFC 9293 3.10.7.4 fourth, TIME-WAIT; RFC 6191'],
  ['SYN_SENT', 'RECEIVE_RST', 'CLOSED', 'RFC 9293 3.10.7.3 second'],
  ['SYN_RECEIVED', 'RECEIVE_RST', 'CLOSED', 'RFC 9293 3.10.7.4 second, SYN-RECEIVED'],
  ['ESTABLISHED', 'RECEIVE_RST', 'CLOSED', 'RFC 9293 3.10.7.4 second, ESTABLISHED'],
  ['FIN_WAIT_1', 'RECEIVE_RST', 'CLOSED', 'RFC 9293 3.10.7.4 second, FIN-WAIT-1'],
  ['FIN_WAIT_2', 'RECEIVE_RST', 'CLOSED', 'RFC 9293 3.10.7.4 second, FIN-WAIT-2'],
  ['CLOSE_WAIT', 'RECEIVE_RST', 'CLOSED', 'RFC 9293 3.10.7.4 second, CLOSE-WAIT'],
  ['CLOSING', 'RECEIVE_RST', 'CLOSED', 'RFC 9293 3.10.7.4 second, CLOSING'],
  ['LAST_ACK', 'RECEIVE_RST', 'CLOSED', 'RFC 9293 3.10.7.4 second, LAST-ACK'],
  ['TIME_WAIT', 'RECEIVE_RST', 'CLOSED', 'RFC 9293 3.10.7.4 second, TIME-WAIT; RFC 1337'],
  ['SYN_SENT', 'SEND_RST', 'CLOSED', 'RFC 9293 3.10.5 ABORT'],
  ['SYN_RECEIVED', 'SEND_RST', 'CLOSED', 'RFC 9293 3.10.5 ABORT, SYN-RECEIVED'],
  ['ESTABLISHED', 'SEND_RST', 'CLOSED', 'RFC 9293 3.10.5 ABORT, ESTABLISHED'],
  ['FIN_WAIT_1', 'SEND_RST', 'CLOSED', 'RFC 9293 3.10.5 ABORT, FIN-WAIT-1'],
  ['FIN_WAIT_2', 'SEND_RST', 'CLOSED', 'RFC 9293 3.10.5 ABORT, FIN-WAIT-2; RFC 1122 4.2.2.13'],
  ['CLOSE_WAIT', 'SEND_RST', 'CLOSED', 'RFC 9293 3.10.5 ABORT, CLOSE-WAIT'],
  ['CLOSING', 'SEND_RST', 'CLOSED', 'RFC 9293 3.10.5 ABORT, CLOSING'],
  ['LAST_ACK', 'SEND_RST', 'CLOSED', 'RFC 9293 3.10.5 ABORT, LAST-ACK'],
];

/** Every pair that is no row: the endpoint stays as it is, because ... */
export const STAYS: readonly (readonly [states: readonly StateName[], event: EventName, reason: string])[] = [
  [
    ['SYN_SENT', 'SYN_RECEIVED', 'ESTABLISHED', 'FIN_WAIT_1', 'FIN_WAIT_2', 'CLOSING', 'CLOSE_WAIT', 'LAST_ACK'],
    'SEND_SYN',
    'a SYN sent again is a retransmission',
  ],
  [['TIME_WAIT'], 'SEND_SYN', 'a SYN with another ISN is a new flow'],
  [['CLOSED'], 'RECEIVE_SYN', 'nobody listens: the answer is an RST (RFC 9293 3.10.7.1)'],
  [
    ['SYN_RECEIVED', 'ESTABLISHED', 'FIN_WAIT_1', 'FIN_WAIT_2', 'CLOSING', 'CLOSE_WAIT', 'LAST_ACK', 'TIME_WAIT'],
    'RECEIVE_SYN',
    'answered with a challenge ACK (RFC 5961 section 4.2)',
  ],
  [['CLOSED', 'LISTEN'], 'RECEIVE_SYN_ACK', 'answered with an RST (RFC 9293 3.10.7.1, 3.10.7.2)'],
  [
    ['ESTABLISHED', 'FIN_WAIT_1', 'FIN_WAIT_2', 'CLOSING', 'CLOSE_WAIT', 'LAST_ACK', 'TIME_WAIT'],
    'RECEIVE_SYN_ACK',
    'a repeated SYN-ACK draws an ACK: the third segment was lost',
  ],
  [['CLOSED', 'LISTEN'], 'RECEIVE_ACK_OF_SYN', 'no SYN of this connection was sent'],
  [['SYN_SENT'], 'RECEIVE_ACK_OF_SYN', 'an ACK without SYN does not open (RFC 9293 3.10.7.3 fifth)'],
  [
    ['ESTABLISHED', 'FIN_WAIT_1', 'FIN_WAIT_2', 'CLOSING', 'CLOSE_WAIT', 'LAST_ACK', 'TIME_WAIT'],
    'RECEIVE_ACK_OF_SYN',
    'the SYN was acknowledged before',
  ],
  [
    ['ESTABLISHED', 'FIN_WAIT_1', 'FIN_WAIT_2', 'CLOSING', 'CLOSE_WAIT', 'LAST_ACK', 'TIME_WAIT'],
    'SYNCHRONIZED',
    'synchronized already',
  ],
  [['CLOSED', 'LISTEN', 'SYN_SENT'], 'SEND_FIN', 'CLOSE sends no FIN here (RFC 9293 3.10.4)'],
  [['FIN_WAIT_1', 'FIN_WAIT_2', 'CLOSING', 'LAST_ACK', 'TIME_WAIT'], 'SEND_FIN', 'a FIN sent again'],
  [
    ['CLOSED', 'LISTEN', 'SYN_SENT', 'SYN_RECEIVED', 'ESTABLISHED', 'CLOSE_WAIT'],
    'RECEIVE_ACK_OF_FIN',
    'no FIN was sent',
  ],
  [['FIN_WAIT_2', 'TIME_WAIT'], 'RECEIVE_ACK_OF_FIN', 'the FIN was acknowledged before'],
  [['CLOSED', 'LISTEN', 'SYN_SENT'], 'RECEIVE_FIN', 'dropped: the sequence number cannot be checked (3.10.7.4 eighth)'],
  [
    ['CLOSE_WAIT', 'CLOSING', 'LAST_ACK', 'TIME_WAIT'],
    'RECEIVE_FIN',
    'a FIN received again; in TIME_WAIT it restarts the timer (RFC 9293 3.10.7.4 eighth)',
  ],
  [['CLOSED', 'LISTEN'], 'SEND_RST', 'the answer to a segment of no connection (RFC 9293 3.5.2 group 1)'],
  [['TIME_WAIT'], 'SEND_RST', 'TIME_WAIT answers with ACKs; an RST in its name is another socket, or made on the way'],
  [['CLOSED', 'LISTEN'], 'RECEIVE_RST', 'ignored (RFC 9293 3.10.7.1, 3.10.7.2 first)'],
  [
    ['CLOSED', 'LISTEN', 'SYN_SENT', 'SYN_RECEIVED', 'ESTABLISHED', 'FIN_WAIT_1', 'CLOSING', 'CLOSE_WAIT', 'LAST_ACK'],
    'TIMEOUT',
    'no timer that the wire shows: a death by retransmission timeout sends nothing',
  ],
  [
    [
      'CLOSED',
      'LISTEN',
      'SYN_SENT',
      'SYN_RECEIVED',
      'ESTABLISHED',
      'FIN_WAIT_1',
      'FIN_WAIT_2',
      'CLOSING',
      'CLOSE_WAIT',
      'LAST_ACK',
    ],
    'REPLACED',
    'only TIME_WAIT gives way to a SYN',
  ],
];

const EVENTS = EVENT_NAMES.length;

/** The table compiled: next state by state * EVENTS + event. */
const NEXT = new Uint8Array(STATE_NAMES.length * EVENTS);
for (let i = 0; i < NEXT.length; i++) NEXT[i] = Math.floor(i / EVENTS);
for (const [from, event, to] of TRANSITIONS) {
  NEXT[STATE_NAMES.indexOf(from) * EVENTS + EVENT_NAMES.indexOf(event)] = STATE_NAMES.indexOf(to);
}

/** The state after `event` in `state` (numbers of states.ts); the same state where the table has no row. */
export function nextState(state: number, event: number): number {
  return NEXT[state * EVENTS + event]!;
}
