/** Whether a record says what a flow does. Member by member: by their names it would take most of what it takes to write a page. */

import type { Address, Endpoint, Flow, PerSide, Reset, Span, TimeWait } from '../../../report/types.ts';
import { membersOf } from './record.ts';

export function sameFlow(a: Flow, b: Flow): boolean {
  if (a === b) return true;
  return (
    haveAsMany(a, b) &&
    a.id === b.id &&
    sameAddress(a.client, b.client) &&
    sameAddress(a.server, b.server) &&
    a.communityId === b.communityId &&
    a.orientation === b.orientation &&
    a.handshake === b.handshake &&
    a.firstPacket === b.firstPacket &&
    a.lastPacket === b.lastPacket &&
    samePair(a.packets, b.packets) &&
    samePair(a.bytes, b.bytes) &&
    samePair(a.rtt, b.rtt) &&
    a.kind === b.kind &&
    a.closeShape === b.closeShape &&
    a.initiator === b.initiator &&
    a.closedAt === b.closedAt &&
    sameReset(a.reset, b.reset) &&
    same(a.reuse, b.reuse) &&
    same(a.encapsulation, b.encapsulation) &&
    haveAsMany(a.endpoints, b.endpoints) &&
    sameEndpoint(a.endpoints.client, b.endpoints.client) &&
    sameEndpoint(a.endpoints.server, b.endpoints.server) &&
    same(a.holders, b.holders) &&
    same(a.comparison, b.comparison) &&
    same(a.notes, b.notes) &&
    a.history === b.history &&
    a.connState === b.connState &&
    a.wiresharkFilter === b.wiresharkFilter
  );
}

function sameAddress(a: Address, b: Address): boolean {
  return haveAsMany(a, b) && a.address === b.address && a.port === b.port;
}

function samePair<T>(a: PerSide<T>, b: PerSide<T>): boolean {
  return haveAsMany(a, b) && a.client === b.client && a.server === b.server;
}

function sameReset(a: Reset | null, b: Reset | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    haveAsMany(a, b) &&
    a.by === b.by &&
    a.at === b.at &&
    a.frame === b.frame &&
    a.cause === b.cause &&
    a.why === b.why &&
    a.ignored === b.ignored
  );
}

function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return (
    haveAsMany(a, b) &&
    a.role === b.role &&
    sameSpans(a.states, b.states) &&
    a.finWait1Seconds === b.finWait1Seconds &&
    a.finWait2Seconds === b.finWait2Seconds &&
    a.closingSeconds === b.closingSeconds &&
    a.timeWaitSeconds === b.timeWaitSeconds &&
    a.closeWaitSeconds === b.closeWaitSeconds &&
    a.lastAckSeconds === b.lastAckSeconds &&
    a.finAt === b.finAt &&
    a.finAckedAt === b.finAckedAt &&
    a.finRetransmissions === b.finRetransmissions &&
    a.halfCloseBytes === b.halfCloseBytes &&
    sameTimeWait(a.timeWait, b.timeWait) &&
    same(a.kernel, b.kernel)
  );
}

function sameSpans(a: readonly Span[], b: readonly Span[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!sameSpan(a[i]!, b[i]!)) return false;
  return true;
}

function sameSpan(a: Span, b: Span): boolean {
  return (
    haveAsMany(a, b) &&
    a.state === b.state &&
    a.from === b.from &&
    a.to === b.to &&
    a.seconds === b.seconds &&
    a.basis === b.basis &&
    a.open === b.open &&
    a.plusMinus === b.plusMinus &&
    sameNumbers(a.frames, b.frames)
  );
}

function sameTimeWait(a: TimeWait | null, b: TimeWait | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    haveAsMany(a, b) &&
    a.from === b.from &&
    a.until === b.until &&
    a.untilLatest === b.untilLatest &&
    a.basis === b.basis &&
    a.restarts === b.restarts &&
    a.endedBy === b.endedBy &&
    sameNumbers(a.frames, b.frames)
  );
}

function sameNumbers(a: readonly (number | null)[], b: readonly (number | null)[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whatever they are: for what few flows have. */
function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b) || !haveAsMany(a, b)) return false;
  for (const name of Object.keys(a)) if (!same(a[name as keyof typeof a], b[name as keyof typeof b])) return false;
  return true;
}

/** Whether a flow's part has no member but those that the record's has: that has all that are compared. */
function haveAsMany(a: object, b: object): boolean {
  return Object.keys(a).length === membersOf(b).length;
}
