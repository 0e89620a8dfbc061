/** `teardown live` without a terminal: a line for each connection that has closed. */

import type { Endpoint, Flow, Side } from '../../report/types.ts';
import { addressPort, clock } from '../../words.ts';
import { type ClosingState, type Stay, stay } from '../meaning.ts';
import { resetPhrase } from '../reset-words.ts';
import { plain } from '../style.ts';

const SIDES: readonly Side[] = ['server', 'client'];
/** Seconds; a stay that is shorter tells nothing beside FIN_WAIT_2's. */
const WORTH_TELLING = 1;

/**
 * "12:03:10.123  #17 10.0.0.5:40312 > 10.0.0.1:8080  server closed first; FIN_WAIT_2 1.2 s; TIME_WAIT at 10.0.0.1:8080 until ~12:04:10".
 * The facts stand in the order of this example: how it ended, the RST, FIN_WAIT_1 to LAST_ACK, TIME_WAIT, what came before
 * on the same ports. Times are UTC; "~", ">=", "( )" and "?" as everywhere.
 * @returns one line, without its end
 */
export function closedLine(flow: Flow): string {
  const { id, client, server, closedAt, lastPacket, reuse } = flow;
  const who = `${addressPort(client)} > ${addressPort(server)}`;
  const facts = [...endWords(flow), ...stays(flow), ...SIDES.flatMap((side) => timeWaitWords(flow, side))];
  if (reuse !== null) facts.push(`reuses the ports of #${reuse.previous}${reuse.inTimeWait ? ' in TIME_WAIT' : ''}`);
  return plain(`${clock(closedAt ?? lastPacket)}  #${id} ${who}  ${facts.join('; ')}`);
}

/** Who ended it and how, and the RST that did. */
function endWords({ kind, initiator, reset }: Flow): string[] {
  const rst = reset === null || reset.frame === null ? [] : [resetPhrase(reset)];
  switch (kind) {
    case 'refused':
      return ['refused', ...rst];
    case 'unanswered':
      return ['no answer to the SYN'];
    case 'open':
      return ['not closed', ...rst];
    case 'aborted':
      return ['aborted', ...rst];
    default: {
      const half = kind === 'half-closed' ? ', the other did not close' : '';
      return [`${firstWords(initiator)}${half}`, ...rst];
    }
  }
}

function firstWords(initiator: Flow['initiator']): string {
  if (initiator === 'both') return 'both closed at once';
  return initiator === 'client' || initiator === 'server'
    ? `${initiator} closed first`
    : "who closed first can't be told";
}

const STATES: readonly ClosingState[] = ['FIN_WAIT_1', 'FIN_WAIT_2', 'CLOSING', 'CLOSE_WAIT', 'LAST_ACK'];

function stays(flow: Flow): string[] {
  const wait = stay(flow, 'FIN_WAIT_2');
  return STATES.flatMap((state) => {
    const own = stay(flow, state);
    // The one side's CLOSE_WAIT is the other's FIN_WAIT_2, but for the way.
    const isTold =
      state === 'FIN_WAIT_2'
        ? own.certainty !== 'none'
        : isLong(own) && !(state === 'CLOSE_WAIT' && isAsLong(own, wait));
    return isTold ? [`${state} ${own.text}`] : [];
  });
}

function isLong({ seconds }: Stay): boolean {
  return seconds !== null && seconds >= WORTH_TELLING;
}

/** Within a tenth. */
function isAsLong(one: Stay, other: Stay): boolean {
  if (one.seconds === null || other.seconds === null) return false;
  return Math.abs(one.seconds - other.seconds) <= 0.1 * Math.max(one.seconds, other.seconds);
}

function timeWaitWords(flow: Flow, side: Side): string[] {
  const { timeWait }: Endpoint = flow.endpoints[side];
  if (timeWait === null) return [];
  const where = `TIME_WAIT at ${addressPort(flow[side])}`;
  if (timeWait.endedBy === 'rst') return [`${where} ended by an RST`];
  if (timeWait.endedBy === 'reuse') return [`${where} ended by a new connection`];
  const mark = timeWait.basis === 'assumed' ? '~' : '';
  return [`${where} until ${mark}${clock(timeWait.until, 0)}`];
}
