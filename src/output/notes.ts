/** A flow's notes in words: what each oddity means, and what a table has room for. */

import type { Note } from '../teardown/facts.ts';
import { clip } from './style.ts';

/** In a sentence, and in at most 24 columns; null where a table need not tell. */
const NOTES: Record<
  Note | 'kernel-differs' | 'only-in-client-capture' | 'only-in-server-capture',
  readonly [long: string, short: string | null]
> = {
  midstream: ['the capture begins after the connection did', 'began before the capture'],
  gap: ['the capture lacks segments that were acknowledged', 'segments missing'],
  'one-direction': ['only one direction was captured', 'only one direction'],
  duplicates: ['some packets were captured more than once; nothing counts the copies', null],
  'syn-retransmitted': ['a SYN was sent again: it, or its answer, was lost or late', 'SYN sent again'],
  'syn-ack-retransmitted': ['a SYN-ACK was sent again: it, or its answer, was lost or late', 'SYN-ACK sent again'],
  'simultaneous-open': ['both sides sent a SYN', 'both sent a SYN'],
  'fin-retransmitted': ['a FIN was sent again: it, or its acknowledgement, was lost or late', 'FIN sent again'],
  'out-of-order-fin': [
    'a FIN came before data that precedes it: it took effect when the hole was filled',
    'FIN before its data',
  ],
  'fin-not-captured': ['a FIN is known only from its acknowledgement', 'FIN not captured'],
  'fin-behind-data': [
    'a FIN was queued behind data, so that close() was earlier: FIN_WAIT_1 or LAST_ACK is a lower bound',
    'FIN queued behind data',
  ],
  'fin-sent-before': [
    'a packet before a FIN is missing, by its IP identification: the FIN may have been sent, and lost, before',
    'FIN perhaps sent before',
  ],
  'lost-final-ack': [
    'a FIN came again after it had been answered: the last ACK was lost, and TIME_WAIT began anew',
    'last ACK lost',
  ],
  'half-close-data': ['data came for an end that had closed', 'data after a FIN'],
  'challenge-ack': ['a SYN or RST that did not fit drew a challenge ACK', 'challenge ACK'],
  // The number of them is told beside it.
  'rst-ignored': ['an RST did not fit, so that nothing ended', null],
  'time-wait-restarted': ['a segment that came in TIME_WAIT began its time anew', 'TIME_WAIT restarted'],
  'fin-wait-2-expired': [
    'the system had given FIN_WAIT_2 up when the other side at last sent something',
    'FIN_WAIT_2 timed out',
  ],
  'reused-before-closed': ['a new connection took the ports before this one was seen to end', 'ports taken over'],
  'self-connect': ['the socket was connected to itself', 'connected to itself'],
  'no-pure-acks': [
    'the capture has no pure ACKs (filtered to SYN, FIN and RST?): FIN_WAIT_2 cannot be told',
    'no pure ACKs captured',
  ],
  'kernel-differs': [
    "this machine's kernel had its socket in other states than the packets show, or had none: both are told",
    'kernel differs',
  ],
  'only-in-client-capture': ["of the two captures only the client's has it", "client's capture only"],
  'only-in-server-capture': ["of the two captures only the server's has it", "server's capture only"],
  'trail-cut': ['it had more segments that open, close or reset than are kept: some were left out', 'only partly kept'],
};

function wordsOf(note: string): readonly [string, string | null] | undefined {
  return Object.hasOwn(NOTES, note) ? NOTES[note as keyof typeof NOTES] : undefined;
}

/** A note by its name and in words; one that has no words here is shown by its name. */
export function noteWords(note: string): string {
  const words = wordsOf(note);
  return words === undefined ? note : `${note}: ${words[0]}`;
}

/** The notes that a table tells, each in at most 24 columns. */
export function noteLabels(notes: readonly string[]): string[] {
  return notes.flatMap((note) => {
    const words = wordsOf(note);
    const label = words === undefined ? clip(note, 24) : words[1];
    return label === null ? [] : [label];
  });
}
