/** Listeners that were closed while connections waited in their queue: the kernel resets all of these at once. */

import type { Notable } from '../evidence/notable.ts';
import { NS_PER_SECOND } from '../units.ts';
import { duration, plural } from '../words.ts';
import type { Context } from './context.ts';
import { groupBy, ids, seconds } from './groups.ts';
import { outagesOf } from './outages.ts';
import type { Draft } from './rule.ts';

/** Times are ns since the capture's first second. */
export interface ClosedListener {
  service: number;
  at: number;
  /** the connections that waited */
  pending: Notable[];
  /** the first SYN that was refused after it; null: none came */
  refusedAt: number | null;
}

/** One call of close() resets all of them, within so many ns. */
const AT_ONCE = 0.02 * NS_PER_SECOND;
/** The first to be refused after it comes within so many ns. */
const SOON = 30 * NS_PER_SECOND;

/**
 * Connections of a service on which it had sent nothing, reset by it together, two at least, while nobody was served any
 * more: the next SYN was refused. Of one flow alone its packets can't tell (SO_LINGER 0 looks the same).
 */
export function closedListenersOf(context: Context): ClosedListener[] {
  return context.once(findClosedListeners);
}

function findClosedListeners(context: Context): ClosedListener[] {
  const pending = context.notables.filter(({ kind, reset, service, ends: [, server] }) => {
    return kind === 'aborted' && service >= 0 && reset?.by === 'server' && reset.isAbort && server.bytes === 0;
  });
  return groupBy(pending, ({ service }) => service).flatMap(([service, all]) => {
    const outages = outagesOf(context).filter((outage) => outage.service === service);
    return outages.flatMap(({ from }) => {
      const before = all.filter(({ reset }) => reset!.at <= from + AT_ONCE && from - reset!.at < SOON);
      const at = Math.max(...before.map(({ reset }) => reset!.at));
      const together = before.filter(({ reset }) => at - reset!.at <= AT_ONCE);
      return together.length < 2 ? [] : [{ service, at, pending: together, refusedAt: from }];
    });
  });
}

export function listenerDraft(context: Context, { service, at, pending, refusedAt }: ClosedListener): Draft {
  const endpoint = context.service(service);
  const spoke = pending.filter(({ ends: [client] }) => client.bytes > 0).length;
  const waited = Math.max(...pending.map(({ opened }) => at - opened));
  return {
    severity: 'warning',
    title: `${endpoint} closed its listener with ${plural(pending.length, 'connection')} waiting to be accepted: each got an RST`,
    because: `At ${context.moment(at)} its kernel reset ${plural(pending.length, 'connection')} at once on which it had not sent a byte, for up to ${duration(seconds(waited))}${refusedAt === null ? '' : `, and refused the next SYN at ${context.moment(refusedAt)}`}: they stood in the queue of the listening socket when that was closed${spoke > 0 ? `, ${spoke === pending.length ? 'all' : String(spoke)} with a request already sent` : ''}. The clients see "connection reset". Such an RST leaves no TIME_WAIT, so these do not keep the port from being bound again.`,
    doThis: [
      'Stop accepting last: let the new process listen (SO_REUSEPORT, or the socket handed over as by systemd) before the old one closes its listener, or take it out of the load balancer first.',
      'Before close() accept what waits and answer it: Node `server.close()` and Go `http.Server.Shutdown()` stop accepting first, so a queue that is not empty then is lost.',
      'If the queue was long because the program was slow to accept, see why: `ss -tln` shows it as Recv-Q.',
    ],
    confidence: 'likely',
    endpoint,
    flows: ids(pending),
    flowCount: pending.length,
    frames: pending.map(({ reset }) => reset!.frame),
    at: Math.min(...pending.map(({ reset }) => reset!.at)),
    until: at,
  };
}
