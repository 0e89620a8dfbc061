/** What makes a comparison of two reports doubtful. */

import type { Digest } from './digest.ts';
import { isComplete } from './figures.ts';
import type { Doubt, DoubtCode, Which } from './types.ts';

/** Fewer connections than this have no shares that mean much. */
const FEW = 20;

/** What the timer of TIME_WAIT is taken for where a report has none, seconds: Linux's. */
const TIME_WAIT = 60;

const SIDES = ['before', 'after'] as const;

interface Pair {
  before: Digest;
  after: Digest;
}

function other(which: Which): Which {
  return which === 'before' ? 'after' : 'before';
}

/** Everything that is to be said, the gravest first. */
export function doubtsOf(pair: Pair): Doubt[] {
  const either: [DoubtCode, (one: Digest, its: Digest) => boolean][] = [
    ['no-connections', ({ totals }) => totals.flows === 0],
    ['few', ({ totals }) => totals.flows > 0 && totals.flows < FEW],
    ['short', isShort],
    ['less-traffic', hasLessTraffic],
    ['no-restart', ({ totals }, its) => totals.flows > 0 && refused(totals) === 0 && refused(its.totals) > 0],
    ['damaged', ({ capture }) => capture.damage.length > 0],
    ['dropped', ({ capture }) => (capture.dropped ?? 0) > 0],
    ['flows-left-out', (one) => !isComplete(one)],
  ];
  const both: [DoubtCode, boolean][] = [
    ['exchanged', isExchanged(pair)],
    ['overlap', overlaps(pair)],
    ['redacted', pair.before.flows.redaction !== pair.after.flows.redaction],
    ['no-common-service', !isSameService(pair, (service) => service.slice(service.lastIndexOf(' ')))],
    ['other-addresses', hasMoved(pair)],
    ['other-position', hasOtherPosition(pair)],
    ['other-timers', hasOtherTimers(pair)],
    ['other-version', pair.before.version !== pair.after.version],
  ];
  return [
    ...both.filter(([, holds]) => holds).map(([code]): Doubt => ({ code, which: 'both' })),
    ...either.flatMap(([code, holds]): Doubt[] => {
      const about = SIDES.filter((which) => holds(pair[which], pair[other(which)]));
      return about.length === 2 ? [{ code, which: 'both' }] : about.map((which) => ({ code, which }));
    }),
  ];
}

function refused({ byKind }: Digest['totals']): number {
  return byKind.refused ?? 0;
}

/** Sockets in TIME_WAIT become more for as long as it lasts: what is shorter can't show how many. */
function isShort({ capture, totals, timeWaitSeconds }: Digest, its: Digest): boolean {
  const timer = timeWaitSeconds.size === 0 ? TIME_WAIT : Math.max(...timeWaitSeconds.values());
  return totals.flows > 0 && capture.seconds < timer && capture.seconds < its.capture.seconds / 2;
}

/** Clients that are refused try again and again: only connections that came about are traffic. */
function acceptedPerSecond({ capture, totals }: Digest): number | null {
  const accepted = totals.flows - refused(totals) - (totals.byKind.unanswered ?? 0);
  return capture.seconds > 0 ? accepted / capture.seconds : null;
}

function hasLessTraffic(one: Digest, its: Digest): boolean {
  const [own, theirs] = [acceptedPerSecond(one), acceptedPerSecond(its)];
  return own !== null && theirs !== null && one.totals.flows > 0 && own < theirs / 2;
}

/** Whether a service is in both, by `name` of its "address port"; true where one has none at all. */
function isSameService({ before, after }: Pair, name: (service: string) => string): boolean {
  const names = new Set(Array.from(before.flows.services, name));
  if (names.size === 0 || after.flows.services.size === 0) return true;
  return Array.from(after.flows.services, name).some((each) => names.has(each));
}

function hasMoved(pair: Pair): boolean {
  const sameRedaction = pair.before.flows.redaction === pair.after.flows.redaction;
  const samePort = isSameService(pair, (service) => service.slice(service.lastIndexOf(' ')));
  return sameRedaction && samePort && !isSameService(pair, (service) => service);
}

function hasOtherPosition({ before, after }: Pair): boolean {
  const [a, b] = [before.capture.position, after.capture.position];
  return a !== b && a !== 'unknown' && b !== 'unknown';
}

function hasOtherTimers({ before, after }: Pair): boolean {
  return [...before.timeWaitSeconds].some(([address, seconds]) => {
    const its = after.timeWaitSeconds.get(address);
    return its !== undefined && its !== seconds;
  });
}

/** Times of one form sort as text. */
function isExchanged({ before: { capture: a }, after: { capture: b } }: Pair): boolean {
  return a.firstPacket !== null && b.lastPacket !== null && b.lastPacket < a.firstPacket;
}

function overlaps(pair: Pair): boolean {
  const [a, b] = [pair.before.capture, pair.after.capture];
  // Two hosts at the same time, one of them with the fix, are a fair comparison.
  if (!isSameService(pair, (service) => service)) return false;
  if (a.firstPacket === null || a.lastPacket === null || b.firstPacket === null || b.lastPacket === null) return false;
  return a.firstPacket <= b.lastPacket && b.firstPacket <= a.lastPacket;
}
