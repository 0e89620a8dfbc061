/** Which sockets were a flow's: addresses and ports are used again and again. */

import type { Endpoint, Flow } from '../report/types.ts';
import type { Life, Stay } from './witness-lives.ts';
import { msOf } from './witness-times.ts';

/** A connecting socket may be there so long before its first SYN leaves it, ms: queues of the interface come before the capture. */
const SYN_WAITS_MS = 5_000;
/** The same of sockets of which the first look found more, ms. */
const SEGMENT_WAITS_MS = 100;

/**
 * The sockets that were one end's, the oldest first: one, or more where its TIME_WAIT began anew. A socket is a flow's if it was first
 * found within the flow's time at that end; one that is older only where the handshake was before the capture too.
 * @param newest on the end's addresses and ports
 */
export function socketsOf(newest: Life | null, flow: Flow, endpoint: Endpoint): Life[] {
  const from = msOf(flow.firstPacket);
  const to = endOf(flow, endpoint);
  const all: Life[] = [];
  for (let life = newest; life !== null; life = life.before) all.push(life);
  all.reverse();
  const first = all.findIndex((life) => beganWithin(life, from, to, flow.handshake === 'not-captured'));
  if (first < 0) return [];
  let end = first + 1;
  while (all[end]?.isAgain === true && all[end]!.stays[0]!.first.ended <= to) end++;
  return all.slice(first, end);
}

/** When the end was gone by its packets, ms; without end while it is not. */
function endOf(flow: Flow, { states }: Endpoint): number {
  const last = states.at(-1);
  // Of an end without states nobody would see that it is gone, and another connection there.
  if (last === undefined) return msOf(flow.lastPacket);
  return last.state === 'CLOSED' ? msOf(last.from) : Number.POSITIVE_INFINITY;
}

function beganWithin({ stays }: Life, from: number, to: number, isMidstream: boolean): boolean {
  const { state, first } = stays[0]!;
  if (first.ended > to) return false;
  if (first.ended >= from) return true;
  if (stays.at(-1)!.last.ended < from) return false;
  return isMidstream || first.ended >= from - earliest(state);
}

function earliest(state: Stay['state']): number {
  if (state === 'SYN_SENT') return SYN_WAITS_MS;
  return state === 'SYN_RECEIVED' || state === 'ESTABLISHED' ? SEGMENT_WAITS_MS : 0;
}
