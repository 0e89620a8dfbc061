/** A port's ledger in sentences: what held it, when, by which rules, and what helps. */

import { socketWords, systemName, unlessWords } from '../../../../findings/bind-words.ts';
import type { PortInterval, PortLedger } from '../../../../report/types.ts';
import type { OsProfile } from '../../../../teardown/profiles.ts';
import { addressPort, clock, list, moment, plural, sentence } from '../../../../words.ts';
import { isAfter, isBlocking, isListening } from '../../charts/ledger.ts';

interface Times {
  firstPacket: string | null;
  lastPacket: string | null;
}

/** Times that are told one by one. */
const MOST_TOLD = 3;

/** "10.0.0.1:8080 had 40 sockets in TIME_WAIT on it, with nobody listening, from 11:50:18 to ..." */
export function portTitle(port: PortLedger, times: Times): string {
  const name = addressPort(port);
  const [first] = port.intervals.filter((each) => isBlocking(each, times.lastPacket));
  if (first !== undefined) {
    return `${name} had ${socketWords(first.states)} on it, with nobody listening, from ${spanWords(first, times)}`;
  }
  const after = restartOf(port, times);
  if (after?.bindFails.neither === true) return `${name}: ${restartWords(after, times)}`;
  const isKnown = port.intervals.every((each) => each.bindFails.neither !== null);
  return `${name}: ${isKnown ? 'nothing was seen to keep a new process out' : 'whether bind() fails is not known'}`;
}

/** What the title has not said. */
export function portSentences(port: PortLedger, times: Times): string {
  const [first, ...more] = port.intervals.filter((each) => isBlocking(each, times.lastPacket));
  const sentences: string[] = [];
  if (more.length > 0) {
    const told = more
      .slice(0, MOST_TOLD)
      .map((each) => `from ${spanWords(each, times)} by ${socketWords(each.states)}`);
    const left = more.length - told.length;
    sentences.push(`Again ${list(told)}${left > 0 ? `, and ${plural(left, 'more time')}` : ''}.`);
  }
  const after = restartOf(port, times);
  if (after !== undefined && (first !== undefined || after.bindFails.neither !== true)) {
    sentences.push(`${sentence(restartWords(after, times))}.`);
  }
  return sentences.join(' ');
}

function restartOf(port: PortLedger, { lastPacket }: Times): PortInterval | undefined {
  return port.intervals.find((each) => !isListening(each) && isAfter(each, lastPacket));
}

function restartWords(after: PortInterval, times: Times): string {
  const until = after.until === null ? 'with no end in sight' : `until ${endWords(after, times)}`;
  return `a restart when the capture ended would meet ${socketWords(after.states)}, ${until}`;
}

/** By which rules such sockets are in the way, and what helps: each rule once. */
export function portRules(ports: readonly PortLedger[]): string[] {
  const rules = ports.flatMap(({ os, intervals }) => {
    const system = systemName({ name: os as OsProfile['name'] });
    return intervals.filter((each) => !isListening(each)).map((each) => ruleWords(each, system));
  });
  return [...new Set(rules)];
}

function ruleWords({ bindFails: fails }: PortInterval, system: string): string {
  if (fails.neither === null) return 'Whether sockets make bind() fail is not known: RFC 9293 tells no rules for it.';
  if (!fails.neither) return `On ${system} sockets of earlier connections do not make bind() fail.`;
  const rule = `On ${system} bind() fails while sockets of earlier connections are on the port, ${unlessWords({ ...fails, bothReusePort: null })}`;
  if (fails.both) return `${rule}.`;
  const remedy = fails.newOnly
    ? 'set it before bind() in the old and the new version'
    : 'set it before bind() in the new version';
  return `${rule}: ${remedy}, or let the clients close first, so that TIME_WAIT is on their ports.`;
}

/** "11:50:18 to 11:51:18 (11:51:20 at the latest)" */
function spanWords(interval: PortInterval, times: Times): string {
  const from = moment(interval.from, times.firstPacket);
  if (interval.until === null) return `${from} on, with no end in sight`;
  const until = endWords(interval, times);
  if (until !== from) return `${from} to ${until}`;
  return `${moment(interval.from, times.firstPacket, 3)} to ${moment(interval.until, times.firstPacket, 3)}`;
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
