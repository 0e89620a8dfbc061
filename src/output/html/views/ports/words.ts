/** A port's ledger in sentences: what held it, when, by which rules, and what helps. */

import { socketWords, systemName, unlessWords } from '../../../../findings/bind-words.ts';
import type { PortInterval, PortLedger } from '../../../../report/types.ts';
import type { OsProfile } from '../../../../teardown/profiles.ts';
import { addressPort, clock, list, moment, plural } from '../../../../words.ts';
import { isAfter, isBlocking, isListening } from '../../charts/ledger.ts';

interface Times {
  firstPacket: string | null;
  lastPacket: string | null;
}

/** Times that are told one by one. */
const MOST_TOLD = 3;

/** "10.0.0.1:8080 could not be bound from 11:50:18 to 11:51:18, 11:51:20 at the latest" */
export function portTitle(port: PortLedger, times: Times): string {
  const name = addressPort(port);
  const blocked = port.intervals.filter((each) => isBlocking(each, times.lastPacket));
  const [first] = blocked;
  if (first !== undefined) {
    const more = blocked.length > 1 ? `, and ${plural(blocked.length - 1, 'more time')}` : '';
    return `${name}: held with nobody listening from ${spanWords(first, times)}${more}`;
  }
  const after = port.intervals.find((each) => isAfter(each, times.lastPacket) && !isListening(each));
  if (after?.bindFails.neither === true) {
    return `${name}: a restart at the capture's end would find it held ${after.until === null ? 'by open connections' : `until ${endWords(after, times)}`}`;
  }
  return `${name}: nothing kept a new process out`;
}

/** What held it while nobody listened, and what helps. */
export function portSentences(port: PortLedger, times: Times): string[] {
  const blocked = port.intervals.filter((each) => !isListening(each) && !isAfter(each, times.lastPacket));
  const after = port.intervals.filter((each) => !isListening(each) && isAfter(each, times.lastPacket));
  const system = systemName({ name: port.os as OsProfile['name'] });
  const told = blocked.slice(0, MOST_TOLD).map((each) => heldWords(each, times));
  const sentences: string[] = [];
  if (told.length > 0) {
    const left = blocked.length - told.length;
    sentences.push(`Nobody was seen to listen ${list(told)}${left > 0 ? `, and ${plural(left, 'more time')}` : ''}.`);
  }
  for (const each of after) {
    const until = each.until === null ? 'with no end in sight' : `until ${endWords(each, times)}`;
    sentences.push(
      `If who listens stopped when the capture ended, ${socketWords(each.states)} would still be on the port, ${until}.`,
    );
  }
  const [any] = [...blocked, ...after];
  if (any === undefined) return ['No socket was on it while nobody listened.'];
  sentences.push(ruleWords(any, system));
  return sentences;
}

function heldWords(interval: PortInterval, times: Times): string {
  return `from ${spanWords(interval, times)}, with ${socketWords(interval.states)} on the port`;
}

function ruleWords({ bindFails: fails, states }: PortInterval, system: string): string {
  if (fails.neither === null) return 'Whether bind() fails then is not known: RFC 9293 tells no rules for it.';
  const rule = `On ${system} bind() fails meanwhile ${unlessWords({ ...fails, bothReusePort: null })}`;
  if (!fails.neither) return `On ${system} such sockets do not make bind() fail.`;
  if (fails.both) return `${rule}.`;
  const remedy = fails.newOnly
    ? 'set it before bind() in the old and the new version'
    : 'set it before bind() in the new version';
  const other =
    states.TIME_WAIT === undefined ? '' : ', or let the clients close first: TIME_WAIT is on their ports then';
  return `${rule}: ${remedy}${other}.`;
}

/** "11:50:18 to 11:51:18 (11:51:20 at the latest)" */
function spanWords(interval: PortInterval, times: Times): string {
  const from = moment(interval.from, times.firstPacket);
  return interval.until === null ? `${from} on, with no end in sight` : `${from} to ${endWords(interval, times)}`;
}

/** "11:51:18 (11:51:20 at the latest)" */
export function endWords(
  { until, untilLatest }: Pick<PortInterval, 'until' | 'untilLatest'>,
  { firstPacket }: Times,
): string {
  if (until === null) return 'not known';
  const early = moment(until, firstPacket);
  if (untilLatest === null || clock(untilLatest, 0) === clock(until, 0)) return early;
  return `${early} (${moment(untilLatest, firstPacket)} at the latest)`;
}

/** "free at 11:51:18 to 11:51:20" */
export function freeWords(
  port: Pick<PortLedger, 'freeAt' | 'freeAtLatest' | 'intervals'>,
  { firstPacket }: Times,
): string {
  const { freeAt, freeAtLatest, intervals } = port;
  if (freeAt === null) return intervals.some((each) => each.until === null) ? 'free at: not known' : '';
  const [early, late] = [moment(freeAt, firstPacket), moment(freeAtLatest ?? freeAt, firstPacket)];
  return early === late ? `free at ${early}` : `free at ${early} to ${late}`;
}
