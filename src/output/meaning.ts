/** The report's names in words: what a kind, a shape, a role or the time in a state means. */

import type { Basis, CloseShape, Endpoint, Flow, Kind, Orientation, Role, Span } from '../report/types.ts';
import { duration, moment } from '../words.ts';

/** How a flow of that kind ended. */
export const KIND: Record<Kind, string> = {
  graceful: 'closed by a FIN from each side',
  simultaneous: 'closed by both sides at the same time',
  'half-closed': 'closed by one side only: the other had not closed when the capture ended',
  aborted: 'aborted by RST, without a FIN before it',
  'aborted-after-fin': 'cut by RST after a FIN, before the close was complete',
  refused: 'refused by RST: nobody listens',
  unanswered: 'the SYN got no answer',
  open: 'still open: neither FIN nor RST',
};

/** In the order in which a reader wants them: trouble last. */
export const KINDS: readonly Kind[] = [
  'graceful',
  'simultaneous',
  'half-closed',
  'aborted-after-fin',
  'aborted',
  'refused',
  'unanswered',
  'open',
];

const SHAPE: Record<CloseShape, [long: string, short: string]> = {
  'four-segment': ['4 segments', '4 seg'],
  'three-segment': ['3 segments', '3 seg'],
  simultaneous: ['both at once', 'both'],
  'half-close': ['half-close', 'half'],
  rst: ['RST', 'RST'],
  'fin-rst': ['FIN, then RST', 'FIN+RST'],
  none: ['not closed', 'none'],
  unknown: ['?', '?'],
};

/** The close in a word or two for a column, long and short. */
export function shapeWords(flow: Flow): [long: string, short: string] {
  if (flow.kind === 'open') return ['still open', 'open'];
  if (flow.kind === 'refused') return ['refused', 'refused'];
  if (flow.kind === 'unanswered') return ['no answer', 'no ans.'];
  return SHAPE[flow.closeShape];
}

/** Who closed first, for a column: "-" where nothing was closed, "?" where it can't be told or a device may have done it. */
export function closedFirst({ initiator, kind, reset }: Flow): string {
  if (initiator === null || kind === 'refused' || kind === 'unanswered') return '-';
  if (initiator === 'unknown') return '?';
  return kind === 'aborted' && reset?.cause === 'middlebox-suspected' ? '?' : initiator;
}

/** The shape of the close as part of a sentence, or null where the kind has said it all. */
export const SHAPE_PHRASE: Record<CloseShape, string | null> = {
  'four-segment': 'in four segments (FIN, ACK, FIN, ACK)',
  'three-segment': 'in three segments (FIN, FIN+ACK, ACK)',
  simultaneous: null,
  'half-close': null,
  rst: null,
  'fin-rst': null,
  none: null,
  unknown: 'in segments of which the capture lacks some',
};

export const ROLE: Record<Role, string> = {
  'active-closer': 'active closer',
  'passive-closer': 'passive closer',
  'simultaneous-closer': 'closed at the same time as its peer',
  aborter: 'sent the RST',
  aborted: 'received the RST',
  none: 'did not close',
  unknown: 'role not known',
};

export const BASIS: Record<Basis, string> = {
  observed: 'observed',
  inferred: 'inferred from later segments',
  assumed: "assumed: the system's timer",
  kernel: 'read from the kernel',
};

export const ORIENTATION: Record<Orientation, string | null> = {
  handshake: null,
  port: 'The handshake is not in the capture: the side with the lower or well-known port is taken for the server.',
  'first-packet': 'The handshake is not in the capture: the sender of the first packet is taken for the client.',
};

export type ClosingState = 'FIN_WAIT_1' | 'FIN_WAIT_2' | 'CLOSING' | 'TIME_WAIT' | 'CLOSE_WAIT' | 'LAST_ACK';

const SECONDS_FIELD = {
  FIN_WAIT_1: 'finWait1Seconds',
  FIN_WAIT_2: 'finWait2Seconds',
  CLOSING: 'closingSeconds',
  TIME_WAIT: 'timeWaitSeconds',
  CLOSE_WAIT: 'closeWaitSeconds',
  LAST_ACK: 'lastAckSeconds',
} as const satisfies Record<ClosingState, keyof Endpoint>;

/** How sure a duration is; `none`: the state was not reached. */
export type Certainty = 'exact' | 'inferred' | 'assumed' | 'open' | 'at-least' | 'unknown' | 'none';

/** Seconds that a flow spent in a state, with the mark that says how sure they are. */
export interface Stay {
  seconds: number | null;
  certainty: Certainty;
  text: string;
}

/** The certainty of one span. */
export function certaintyOf(span: Span): Certainty {
  if (span.open) return 'open';
  if (span.seconds === null) return 'unknown';
  if (span.plusMinus === null) return 'at-least';
  if (span.basis === 'assumed' || span.basis === 'inferred') return span.basis;
  return 'exact';
}

/** A duration behind its mark: "~60 s", ">12.3 s", ">=3 s", "(5 s)", "?", "-". */
export function markedDuration(seconds: number | null, certainty: Certainty): string {
  if (certainty === 'none') return '-';
  if (seconds === null || certainty === 'unknown') return '?';
  const text = duration(seconds);
  if (certainty === 'inferred') return `(${text})`;
  return { exact: '', assumed: '~', open: '>', 'at-least': '>=' }[certainty] + text;
}

function endpointStay(endpoint: Endpoint, state: ClosingState): [number | null, Certainty] | null {
  const seconds = endpoint[SECONDS_FIELD[state]];
  const span = endpoint.states.findLast((each) => each.state === state);
  if (span === undefined) return seconds === null ? null : [seconds, 'exact'];
  // Without pure ACKs the span's edges are a guess, and the endpoint's field is null.
  return [seconds, seconds === null ? 'unknown' : certaintyOf(span)];
}

/** The seconds of the longer stay of the two ends in a state; null: not reached, or not known. */
export function staySeconds({ endpoints: { client, server } }: Flow, state: ClosingState): number | null {
  const field = SECONDS_FIELD[state];
  const [one, other] = [client[field], server[field]];
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}

/** The longer stay of the two ends in a state, as `--where` reads it. */
export function stay(flow: Flow, state: ClosingState): Stay {
  let best: [number | null, Certainty] | null = null;
  for (const endpoint of [flow.endpoints.client, flow.endpoints.server]) {
    const each = endpointStay(endpoint, state);
    if (each !== null && (best === null || (each[0] ?? -1) > (best[0] ?? -1))) best = each;
  }
  if (best !== null) return { seconds: best[0], certainty: best[1], text: markedDuration(...best) };
  const certainty = maybeReached(flow) ? 'unknown' : 'none';
  return { seconds: null, certainty, text: markedDuration(null, certainty) };
}

/** Whether the packets leave it open which closing states there were. */
function maybeReached({ kind, closeShape, initiator }: Flow): boolean {
  const closed = kind === 'graceful' || kind === 'half-closed' || kind === 'aborted-after-fin';
  return closed && (closeShape === 'unknown' || initiator === 'unknown');
}

/** Until when TIME_WAIT lasts ("~12:04:10", the later of both ends'), what ended it early ("reused", "RST"), or "-". */
export function timeWaitUntil(flow: Flow, reference: string | null): string {
  const ends = [flow.endpoints.client.timeWait, flow.endpoints.server.timeWait].filter((each) => each !== null);
  const last = ends.sort((a, b) => (a.until < b.until ? 1 : -1))[0];
  if (last === undefined) return '-';
  if (last.endedBy === 'reuse') return 'reused';
  if (last.endedBy === 'rst') return 'RST';
  return (last.basis === 'assumed' ? '~' : '') + moment(last.until, reference);
}

/** What each mark in use means, in the order of the certainties. */
export const MARK: Record<Exclude<Certainty, 'exact'>, string> = {
  assumed: "~ assumed from the system's timers",
  inferred: '( ) inferred from later segments',
  open: '> still going on when the capture ended',
  'at-least': '>= at least',
  unknown: '? not known',
  none: '- not reached',
};
