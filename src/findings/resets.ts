/** What an RST that ended a connection cost: data of its receiver that nobody will read, and who is to blame. */

import type { Notable, NotableReset } from '../evidence/notable.ts';
import type { Context } from './context.ts';

/**
 * How data was lost: `unread`: the RST is the first to acknowledge it; `after-close`: it reached a socket that was closed;
 * `unknown`: the RST is the answer of a system that does not know the connection; `cut`: nobody acknowledged it, for
 * another reason; `unanswered`: it was acknowledged, and the RST came instead of an answer.
 */
export type Loss = 'unread' | 'after-close' | 'unknown' | 'cut' | 'unanswered';

export interface Reset {
  flow: Notable;
  reset: NotableReset;
  /** null: nothing seems lost, or another rule tells of it */
  loss: Loss | null;
}

/** What an end sends to one that has closed: a TLS close_notify, "221 bye". Bytes. */
export const FAREWELL = 100;

/** All RSTs that ended a connection, in the order of the flows. */
export function resetsOf(context: Context): Reset[] {
  return context.notables.flatMap((flow) => {
    const { reset } = flow;
    if (reset === null || flow.kind === 'refused' || flow.service < 0) return [];
    return [{ flow, reset, loss: context.has(flow, 'fin-wait-2-expired') ? null : lossOf(flow, reset) }];
  });
}

function lossOf(flow: Notable, reset: NotableReset): Loss | null {
  const [client, server] = flow.ends;
  // A client that has closed, too, waits for nothing; its server's program did not die: it had closed.
  if (isFarewell(flow) && (reset.by === 'client' || !Number.isNaN(client.finAt))) return null;
  switch (reset.cause) {
    case 'keepalive-timeout':
      return null;
    case 'unread-data':
      return 'unread';
    case 'data-after-close':
      return reset.cut > 0 ? 'after-close' : null;
    default:
      break;
  }
  if (reset.cut > 0) return isUnknown(flow, reset) ? 'unknown' : 'cut';
  if (reset.by !== 'server' || !reset.isAbort || client.bytes === 0 || !client.spokeLast) return null;
  // A client that has closed waits for no answer, unless it gave up on the first.
  return hasClosed(flow, 0) && server.bytes > 0 ? null : 'unanswered';
}

/** No socket sent it (an abort has ACK), although its end had not closed: it, or something before it, had dropped the connection. */
function isUnknown(flow: Notable, { by, isAbort }: NotableReset): boolean {
  return by !== 'path' && !isAbort && !hasClosed(flow, by === 'client' ? 0 : 1);
}

/** Whether the end that sent the RST had closed, and so little reached it since that it was the other's goodbye. */
export function isFarewell(flow: Notable): boolean {
  const { reset } = flow;
  return reset !== null && reset.cut <= FAREWELL && hasClosed(flow, reset.by === 'client' ? 0 : 1);
}

/** Whether an end had sent its FIN when the RST came. */
export function hasClosed({ ends, reset }: Notable, side: 0 | 1): boolean {
  return reset !== null && ends[side].finAt <= reset.at;
}
