/** What a comparison of two reports says in sentences: whether it got better, and what makes that doubtful. */

import type { Diff, DiffFigures, Doubt, FindingChange, Outcome, Which } from '../diff/types.ts';
import { count, duration, list, percent, plural, sentence } from '../words.ts';

const LEAD: Record<Outcome, string> = {
  better: 'Better.',
  worse: 'Worse.',
  mixed: 'Partly better, partly worse.',
  different: 'Changed, and nothing says whether for the better.',
  unchanged: 'No clear change.',
  unclear: 'Unclear whether it got better.',
};

const NAME: Record<Which, string> = { before: 'BEFORE', after: 'AFTER' };

/** "1.8 a second", "3 a minute", "2 an hour"; short "1.8/s". */
export function rate(perSecond: number | null, short = false): string {
  if (perSecond === null) return '?';
  const [per, unit, words, digits] =
    UNITS.find(([each]) => perSecond * each >= 0.1) ?? UNITS.at(perSecond === 0 ? 0 : -1)!;
  return `${count(Number((perSecond * per).toPrecision(digits)))}${short ? `/${unit}` : ` ${words}`}`;
}

const UNITS: readonly [per: number, unit: string, words: string, digits: number][] = [
  [1, 's', 'a second', 3],
  [60, 'min', 'a minute', 2],
  [3600, 'h', 'an hour', 2],
];

/** "63 % of the connections before and 8 % after", "93 % of the connections, before and after". */
function both(before: string, after: string, of: string): string {
  return before === after ? `${before}${of}, before and after` : `${before}${of} before and ${after} after`;
}

function closerWords({ before, after }: Diff): string | null {
  const [old, now] = [before.closers, after.closers];
  if (old.closed === 0 && now.closed === 0) return null;
  const share = (figures: DiffFigures['closers'], who: 'client' | 'server' | 'both'): number => figures[who].share ?? 0;
  // The one that changed most; of equal changes the one that closed most.
  const [who] = (['server', 'client', 'both'] as const).toSorted((a, b) => {
    const [x, y] = [a, b].map((each) => Math.abs(share(now, each) - share(old, each)));
    return y! - x! || share(old, b) - share(old, a);
  });
  const of = ({ closed }: DiffFigures['closers'], n: number): string => (closed === 0 ? '?' : percent(n, closed));
  const shares = both(of(old, old[who!].count), of(now, now[who!].count), ' of the connections that ended');
  return `${who === 'both' ? 'Both ends' : `The ${who}`} closed first in ${shares}.`;
}

function timeWaitWords({ before, after }: Diff): string | null {
  const [old, now] = [before.timeWait, after.timeWait];
  if (old.peak === 0 && now.peak === 0) return null;
  const rates = [old, now].map(({ perSecond }) => rate(perSecond));
  const came = rates[0] === rates[1] ? `${rates[0]} both times` : `${rates[0]} and ${rates[1]}`;
  const sides = [old, now].map(sideOf);
  const where =
    sides[0] === sides[1] || sides.includes(null)
      ? ''
      : `, on the ${sides[0]}'s side before and the ${sides[1]}'s after`;
  return `TIME_WAIT: at most ${count(old.peak)} sockets at once before, ${count(now.peak)} after; new ones ${came}${where}.`;
}

/** The side that has nine in ten of them, as far as it is known. */
function sideOf({ client, server }: DiffFigures['timeWait']): 'client' | 'server' | null {
  if (server > 9 * client) return 'server';
  return client > 9 * server ? 'client' : null;
}

const FAILED = {
  refused: 'refused',
  unanswered: 'not answered',
  aborted: 'aborted by RST',
  'aborted-after-fin': 'cut by RST after a FIN',
} as const;

function failureWords({ signals, before, after }: Diff): string[] {
  return signals.flatMap(({ about }) => {
    if (!('kind' in about) || !(about.kind in FAILED)) return [];
    const kind = about.kind as keyof typeof FAILED;
    const of = ({ byKind, flows }: DiffFigures): string => percent(byKind[kind].count, flows.count);
    return [`${sentence(FAILED[kind])}: ${both(of(before), of(after), ' of the connections')}.`];
  });
}

function named(changes: readonly FindingChange[]): string {
  return list([...new Set(changes.map(({ rule }) => rule))], 4);
}

function findingWords({ findings }: Diff): string {
  const of = (change: FindingChange['change']) => findings.filter((each) => each.change === change);
  const [went, came, stayed] = [of('went'), of('came'), of('stayed')];
  const [old, now] = [went.length + stayed.length, came.length + stayed.length];
  if (old === 0 && now === 0) return 'No findings in either.';
  const parts: string[] = [];
  const are = (n: number): string => (n === 1 ? 'is' : 'are');
  if (went.length > 0) parts.push(`${count(went.length)} went (${named(went)})`);
  if (stayed.length > 0) parts.push(`${count(stayed.length)} ${are(stayed.length)} still there (${named(stayed)})`);
  const first = old === 0 ? 'No findings before' : `Of ${plural(old, 'finding')} ${list(parts)}`;
  return came.length > 0 ? `${first}; ${count(came.length)} came (${named(came)}).` : `${first}; none came.`;
}

/** The comparison in a few sentences, the answer first. Plain text on one line. */
export function diffVerdict(diff: Diff): string {
  const parts = [LEAD[diff.outcome], ...failureWords(diff), closerWords(diff), timeWaitWords(diff), findingWords(diff)];
  return parts.filter((part) => part !== null).join(' ');
}

/** What makes the comparison doubtful, a sentence each. */
export function doubtWords(diff: Diff): string[] {
  return diff.doubts.flatMap((doubt) => {
    const about: Which[] = doubt.which === 'both' ? ['before', 'after'] : [doubt.which];
    return BOTH[doubt.code]?.(diff) ?? about.map((which) => oneWords(diff, doubt, which));
  });
}

const BOTH: Partial<Record<Doubt['code'], (diff: Diff) => string>> = {
  'no-common-service': () => 'They have no service in common, not even its port: these may be two different things.',
  'other-addresses': () => 'Their services have the same ports at other addresses: findings are matched by the port.',
  'other-position': ({ before, after }) =>
    `BEFORE was captured ${before.capture.position.replace('-', ' ')}, AFTER ${after.capture.position.replace('-', ' ')}: times at the far end are not equally exact.`,
  'other-timers': () =>
    'TIME_WAIT is not taken to last equally long for the same address: how many there were at once does not compare.',
  redacted: () =>
    'Addresses were replaced in one of them, or not in the same way: an endpoint has another name in each.',
  'other-version': ({ before, after }) =>
    `Written by different versions of this program (${before.version} and ${after.version}): analyse both captures anew with one of them.`,
  exchanged: () => 'AFTER was captured before BEFORE: are they in the wrong order?',
  overlap: () => 'Both were captured at the same time, of the same service: they may hold the same connections.',
};

function oneWords(diff: Diff, { code }: Doubt, which: Which): string {
  const own = diff[which];
  const name = NAME[which];
  const [their, theirs] = which === 'before' ? ['AFTER', diff.after] : ['BEFORE', diff.before];
  switch (code) {
    case 'no-connections':
      return `${name} has no connections.`;
    case 'few':
      return `${name} has ${plural(own.flows.count, 'connection')} only: its shares mean little.`;
    case 'short':
      return `${name} lasts ${duration(own.capture.seconds)}, ${their} ${duration(theirs.capture.seconds)}: sockets that pile up in TIME_WAIT, and leaks, need longer to show.`;
    case 'less-traffic':
      return `Connections that were accepted: ${rate(accepted(own))} in ${name}, ${rate(accepted(theirs))} in ${their}. What comes of load may be less in ${name} for that alone.`;
    case 'no-restart':
      return `Nothing was refused in ${name}: if the service was not restarted while it ran, it tells nothing of a restart.`;
    case 'damaged':
      return `${name} is of a damaged capture: what could be read of it is compared.`;
    case 'dropped':
      return `The kernel dropped ${plural(own.capture.dropped ?? 0, 'packet')} while ${name} was captured.`;
    default:
      return `${name} lists ${count(own.flows.listed)} of its ${plural(own.flows.count, 'flow')}: RSTs, CLOSE_WAIT and the sides of TIME_WAIT are counted from these, and who closed first counts RSTs too, in both.`;
  }
}

/** Connections that came about, a second. */
function accepted({ flows, byKind, capture }: DiffFigures): number | null {
  const came = flows.count - byKind.refused.count - byKind.unanswered.count;
  return capture.seconds > 0 ? came / capture.seconds : null;
}
