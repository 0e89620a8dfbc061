/** The ledgers of ports as they are drawn: which of them, over which time, in which lanes. */

import type { BindFailures, PortInterval, PortLedger, Report } from '../../../report/types.ts';
import { addressPort, secondsBetween } from '../../../words.ts';

export const CASES = ['neither', 'newOnly', 'oldOnly', 'both'] as const satisfies readonly (keyof BindFailures)[];
export type Case = (typeof CASES)[number];

/** Drawn at most; of those that were merely busy fewer. */
const MOST_DRAWN = 8;
const MOST_BUSY = 3;

export interface Chosen {
  drawn: readonly PortLedger[];
  others: readonly PortLedger[];
}

/** Those that findings name come first, then those that were blocked with nobody listening, then the busiest. */
export function chosenPorts({ ports, findings, capture }: Report): Chosen {
  const named = new Map(
    findings.flatMap(({ endpoint }, i) => (endpoint === null ? [] : [[endpoint, i] as const])).reverse(),
  );
  const ranked = ports.map((port, index) => {
    const finding = named.get(addressPort(port));
    const isBlocked = port.intervals.some((each) => isBlocking(each, capture.lastPacket));
    return { port, index, finding: finding ?? Number.POSITIVE_INFINITY, isBlocked };
  });
  ranked.sort(
    (a, b) =>
      Math.min(a.finding, findings.length) - Math.min(b.finding, findings.length) ||
      Number(b.isBlocked) - Number(a.isBlocked) ||
      a.index - b.index,
  );
  let busy = 0;
  const drawn = ranked
    .slice(0, MOST_DRAWN)
    .filter((each) => Number.isFinite(each.finding) || each.isBlocked || ++busy <= MOST_BUSY)
    .map(({ port }) => port);
  return { drawn, others: ports.filter((port) => !drawn.includes(port)) };
}

export function isListening({ states }: PortInterval): boolean {
  return states.LISTEN !== undefined;
}

/** Whether it kept a new process out: nobody was seen to listen, bind() failed, and that before the capture ended. */
export function isBlocking(interval: PortInterval, lastPacket: string | null): boolean {
  return !isListening(interval) && interval.bindFails.neither === true && !isAfter(interval, lastPacket);
}

/** Whether it began when the capture ended: it tells what somebody would meet who binds then. */
export function isAfter({ from }: PortInterval, lastPacket: string | null): boolean {
  return lastPacket !== null && from >= lastPacket;
}

/** The time that all drawings share. */
export interface Scale {
  /** RFC 3339 */
  from: string;
  seconds: number;
  /** the capture's last packet, seconds after `from` */
  captured: number;
}

export function scaleOf({ capture }: Report, ports: readonly PortLedger[]): Scale | null {
  const { firstPacket, lastPacket } = capture;
  if (firstPacket === null || lastPacket === null) return null;
  const intervals = ports.flatMap((port) => port.intervals);
  const from = intervals.reduce((first, each) => (each.from < first ? each.from : first), firstPacket);
  const until = intervals.reduce(
    (last, { untilLatest }) => (untilLatest !== null && untilLatest > last ? untilLatest : last),
    lastPacket,
  );
  const captured = secondsBetween(from, lastPacket);
  const isOpen = intervals.some((each) => each.until === null);
  // What has no end is drawn for a while beyond the capture.
  const seconds = Math.max(secondsBetween(from, until), isOpen ? captured * 1.1 : 0, 1e-6);
  return { from, seconds, captured };
}

/** Cases of SO_REUSEADDR in which bind() fails at the same times. */
export interface Lane {
  cases: readonly Case[];
  /** intervals in which it fails, or of which that is not known */
  intervals: readonly PortInterval[];
}

export function lanesOf({ intervals }: PortLedger): Lane[] {
  const lanes = new Map<string, { cases: Case[]; intervals: PortInterval[] }>();
  for (const which of CASES) {
    const key = intervals.map(({ bindFails }) => bindFails[which]).join();
    const known = lanes.get(key);
    if (known === undefined) {
      lanes.set(key, { cases: [which], intervals: intervals.filter(({ bindFails }) => bindFails[which] !== false) });
    } else known.cases.push(which);
  }
  return [...lanes.values()];
}

const LANE: Record<string, string> = {
  'neither newOnly oldOnly both': 'whatever SO_REUSEADDR says',
  'neither newOnly oldOnly': 'unless both sockets have SO_REUSEADDR',
  'neither oldOnly': 'unless the new socket has SO_REUSEADDR',
  'newOnly both': 'although the new socket has SO_REUSEADDR',
  both: 'although both sockets have SO_REUSEADDR',
};

const CASE: Record<Case, string> = {
  neither: 'neither socket has SO_REUSEADDR',
  newOnly: 'only the new socket has it',
  oldOnly: 'only the old socket has it',
  both: 'both have it',
};

/** When a lane's bind() fails, in words. */
export function laneWords({ cases }: Lane): string {
  return LANE[cases.join(' ')] ?? `where ${cases.map((which) => CASE[which]).join(', or ')}`;
}
