/** Times in which a service that had answered refused its clients: who held its port meanwhile, and whether that explains it. */

import type { Phase } from '../ports/phases.ts';
import { type Held, heldAt } from '../ports/sockets.ts';
import { NS_PER_SECOND } from '../units.ts';
import type { Context } from './context.ts';

/** Times are ns since the capture's first second. */
export interface Outage {
  service: number;
  refused: Phase;
  /** it answered before; null: not in this capture */
  before: Phase | null;
  /** it answers again; null: not in this capture */
  after: Phase | null;
  /** the first refused SYN */
  from: number;
  /** the first SYN that was answered again; where none was, the last refused one */
  until: number;
  /** sockets of the old process that were on the port when it began to refuse */
  held: Held;
  /**
   * what the sockets have to do with it: `explained`: it answered again only when they were gone, as soon as they were; `waited`: it answered
   * again when they were gone, but much later; `overridden`: it answered again while they were there, so that bind() did not fail; `blocked`: it
   * had not come back when the capture ended; `free`: there were none
   */
  blame: 'explained' | 'waited' | 'overridden' | 'blocked' | 'free';
}

/** How long a program, or who starts it, may wait until it tries again: half the time of the block, 15 s at least. */
const PATIENCE = 15 * NS_PER_SECOND;
/** Clocks of timers and of the capture may differ by so much. */
const SLACK = 0.25 * NS_PER_SECOND;

/** All services' outages, in order of time for each. Several rules ask for them. */
export function outagesOf(context: Context): Outage[] {
  return context.once(findOutages);
}

function findOutages(context: Context): Outage[] {
  return context.serviceNumbers.flatMap((service) => {
    const { phases } = context.ledger(service);
    return phases.flatMap((refused, i) => {
      if (refused.listening) return [];
      const before = phases[i - 1] ?? null;
      const after = phases[i + 1] ?? null;
      const { lifetimes } = context;
      const held = heldAt(lifetimes, context.rowsOf(service), 1, refused.from, refused.from);
      const until = after?.from ?? refused.last;
      const { neither } = context.ledger(service).profile.bind['time-wait'];
      return [
        {
          service,
          refused,
          before,
          after,
          from: refused.from,
          until,
          held,
          // Where such sockets are in nobody's way, they explain nothing.
          blame: neither === true ? blame(held, after) : 'free',
        },
      ];
    });
  });
}

function blame(held: Held, after: Phase | null): Outage['blame'] {
  if (held.sockets === 0) return 'free';
  if (after === null) return 'blocked';
  if (after.from < held.until - SLACK) return 'overridden';
  // Its own retries, and those of the clients that show it.
  return after.from <= held.untilLatest + PATIENCE ? 'explained' : 'waited';
}
