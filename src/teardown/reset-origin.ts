import { ACK, RST } from '../decode/segment.ts';
import * as L from '../flow/layout.ts';
import { MOST_MISSING } from '../flow/limits.ts';
import { C_MISSING, E_HAS_TS, type Trail } from '../flow/trail.ts';
import type { FlowView } from '../flow/view.ts';
import { NS_PER_SECOND, seqDiff } from '../units.ts';
import { CLOCK_TIME, FOREIGN_STEP, NO_DISTANCE } from './distances.ts';
import { isBare, isExact, isReply } from './resets.ts';

/** What speaks against an RST being made by the end in whose name it came: bits. */
export const SIGN_TTL = 1;
export const SIGN_ID = 2;
export const SIGN_OPTIONS = 4;
export const SIGN_CLOCK = 8;
export const SIGN_BOTH = 16;
export const SIGN_SHAPE = 32;

/** TTLs with which systems send (RFC 1700 says 64; Windows 128; Solaris and routers 255). */
const INITIAL_TTLS = [64, 128, 255] as const;

/** Whether an RST seems to be made on the way, not by the end in whose name it came. */
export function isForeign(view: FlowView, trail: Trail, i: number): boolean {
  return foreignSigns(view, trail, i) !== 0;
}

/** All signs that an RST (entry `i`) was made on the way; 0 if there are none, or its IP identification is the sender's next. */
export function foreignSigns(view: FlowView, trail: Trail, i: number): number {
  if ((trail.context[i]! & C_MISSING) !== 0 || continuesIds(trail, i)) return 0;
  let signs = 0;
  if (hasForeignTtl(view, trail, i)) signs |= SIGN_TTL;
  if (!isBare(trail, i)) {
    if (hasForeignId(trail, i)) signs |= SIGN_ID;
    if (lacksTimestamps(trail, i)) signs |= SIGN_OPTIONS;
    if (hasNoKnownShape(trail, i) && trail.lastId[i] !== 0) signs |= SIGN_SHAPE;
  }
  if (hasStaleClock(trail, i)) signs |= SIGN_CLOCK;
  if (hasTwin(view, trail, i)) signs |= SIGN_BOTH;
  return signs;
}

/** Whether its IP identification is one of the next of an end that counts its packets: nobody else would know it. */
function continuesIds(trail: Trail, i: number): boolean {
  const step = ((trail.ttlId[i]! & 0xffff) - trail.lastId[i]!) & 0xffff;
  return trail.lastId[i] !== 0 && step >= 1 && step <= MOST_MISSING;
}

/** Whether it has another TTL than that end's segments, and came from another distance. */
function hasForeignTtl(view: FlowView, trail: Trail, i: number): boolean {
  const sender = trail.side[i]!;
  if (!view.sideHas(sender, L.OCCUPIES)) return false;
  const usual = view.ttl(sender);
  const ttl = trail.ttlId[i]! >>> 16;
  if (ttl === usual) return false;
  // Without a socket the kernel replies with the system's TTL, not the one that the program or its stack had chosen.
  return !isReply(trail, i) || hops(ttl) !== hops(usual);
}

/** Routers on the way, if the TTL was one of the usual ones at first. */
function hops(ttl: number): number {
  for (const initial of INITIAL_TTLS) if (ttl <= initial) return initial - ttl;
  return 0;
}

/**
 * Whether it has a window, as an abort has, and no ACK, as a reply has not. Linux makes no such RST (tcp_send_active_reset,
 * tcp_v4_send_reset), nor does another system of which that is known.
 */
export function hasNoKnownShape(trail: Trail, i: number): boolean {
  return (trail.flags[i]! & ACK) === 0 && trail.window[i] !== 0;
}

/** Whether its IP identification is none of the next of an end that counts its packets, as Linux does for a live socket. */
function hasForeignId(trail: Trail, i: number): boolean {
  const id = trail.ttlId[i]! & 0xffff;
  const last = trail.lastId[i]!;
  if (last === 0) return false;
  return id === 0 || Math.abs(((id - last) << 16) >> 16) > FOREIGN_STEP;
}

/**
 * Whether an abort lacks the timestamps that all other segments of that end carry. Linux puts them into its aborts;
 * systems derived from BSD don't, so only an end that counts its IP identifications, as Linux does, is judged.
 */
function lacksTimestamps(trail: Trail, i: number): boolean {
  if ((trail.flags[i]! & ACK) === 0 || (trail.meta[i]! & E_HAS_TS) !== 0 || trail.lastId[i] === 0) return false;
  let stamped = false;
  for (let j = 0; j < i; j++) {
    if (trail.side[j] !== trail.side[i] || trail.flags[j] === 0 || (trail.flags[j]! & RST) !== 0) continue;
    if ((trail.meta[j]! & E_HAS_TS) === 0) return false;
    stamped = true;
  }
  return stamped;
}

/** Whether its timestamp is copied from a segment sent long before: that end's clock had ticked since. */
function hasStaleClock(trail: Trail, i: number): boolean {
  const j = lastStamped(trail, i);
  if (j < 0 || trail.tsVal[i] === 0) return false;
  const passed = trail.time[i]! - trail.time[j]!;
  return passed > CLOCK_TIME && seqDiff(trail.tsVal[i]!, trail.tsVal[j]!) < passed / NS_PER_SECOND - 1;
}

/** The last segment of its sender before an RST, both with timestamps; -1 if none. */
export function lastStamped(trail: Trail, i: number): number {
  if ((trail.meta[i]! & E_HAS_TS) === 0) return -1;
  for (let j = i - 1; j >= 0; j--) {
    const own = trail.side[j] === trail.side[i] && trail.flags[j] !== 0 && (trail.flags[j]! & RST) === 0;
    if (own && (trail.meta[j]! & E_HAS_TS) !== 0) return j;
  }
  return -1;
}

/** Whether the other end's name is on an RST just like it, sent before that end can have had this one, or the other way round. */
function hasTwin(view: FlowView, trail: Trail, i: number): boolean {
  for (let j = 0; j < trail.count; j++) {
    if (trail.side[j] === trail.side[i] || (trail.flags[j]! & RST) === 0) continue;
    const later = j > i ? j : i;
    const apart = trail.time[later]! - trail.time[i === later ? j : i]!;
    const rtt = view.floatOf(trail.side[later]!, L.MIN_RTT);
    const known = rtt !== Number.POSITIVE_INFINITY && rtt > NO_DISTANCE;
    if (known && apart < rtt && isAlike(trail, i, j) && isExact(trail, i) && isExact(trail, j)) return true;
  }
  return false;
}

/** Whether two RSTs look as if one program had made both. */
function isAlike(trail: Trail, i: number, j: number): boolean {
  const both = trail.context[i]! | trail.context[j]!;
  return (
    (both & C_MISSING) === 0 &&
    trail.flags[i] === trail.flags[j] &&
    trail.window[i] === trail.window[j] &&
    trail.context[i]! >>> 8 === trail.context[j]! >>> 8 &&
    trail.ttlId[i]! >>> 16 === trail.ttlId[j]! >>> 16
  );
}
