/** The answer to "why can't I bind()?" on a terminal: three sentences, a bar, a table. */

import { socketWords, systemName, unlessWords } from '../findings/bind-words.ts';
import type { Answer, KnownPort, ReuseCase } from '../ports/answer.ts';
import type { Interval } from '../ports/ledger.ts';
import { addressPort, plural } from '../words.ts';
import { hang, type Style, styleOf, widthOf } from './style.ts';
import { type Column, layOut } from './table.ts';

/** What an answer is written with. Times are ns since the capture's first second. */
export interface PortPage {
  known: KnownPort;
  answer: Answer;
  which: ReuseCase;
  /** why this time was taken where nobody named one; empty where somebody did */
  because: string;
  start: number;
  end: number;
  /** a time of day */
  moment: (ns: number) => string;
}

export interface PortStyle {
  color: boolean;
  width: number;
}

export const CASE: Record<ReuseCase, string> = {
  neither: 'where neither the old nor the new socket has SO_REUSEADDR',
  newOnly: 'where only the new socket has SO_REUSEADDR',
  oldOnly: 'where only the old socket has SO_REUSEADDR',
  both: 'where the old and the new socket have SO_REUSEADDR',
};

/** Prose is hard to read when wider. */
const PROSE = 100;

export function portText(page: PortPage, { color, width }: PortStyle): string {
  const style = styleOf(color);
  const prose = Math.min(width, PROSE);
  const lines = [
    ...hang('', `${verdictSentence(page)} ${reasonSentence(page)} ${endSentence(page)}`, prose, style.bold),
    '',
    ...bar(page, Math.min(width, PROSE), style),
    '',
    ...table(page, width, style),
    ...hang('', note(page), prose, style.dim),
  ];
  return `${lines.join('\n')}\n`;
}

/** Fails or works. */
export function verdictSentence(page: PortPage): string {
  const { known, answer, which, because, moment } = page;
  const port = addressPort(known);
  const when = `At ${moment(answer.at)}${because === '' ? '' : ` (${because})`}`;
  if (answer.doubt !== null) return doubtSentence(when, port, page);
  const outcome = answer.fails ? 'fails with EADDRINUSE ("Address already in use")' : 'works';
  return `${when} bind() to ${port} ${outcome}, ${CASE[which]}.`;
}

function doubtSentence(when: string, port: string, { answer, moment }: PortPage): string {
  switch (answer.doubt) {
    case 'rules':
      return `${when} it can't be said whether bind() to ${port} works: RFC 9293 says nothing of bind().`;
    case 'timer':
      return `${when} bind() to ${port} may work already: a timer ends what is on it, by ${moment(answer.worksAtLatest)} at the latest.`;
    case 'after':
      return `${when}, after the capture's end, it is not known whether somebody still listens on ${port}; no socket of its connections is left by then.`;
    default:
      return `${when} nothing is known of ${port}: the capture has nothing of it by then.`;
  }
}

/** Because of which sockets. */
export function reasonSentence({ known, answer, moment }: PortPage): string {
  const { phase, held } = answer;
  const { side } = known.ledger;
  const owner = side === 1 ? 'the server' : 'the client';
  const parts: string[] = [];
  if (phase?.listening === true) {
    parts.push(
      `somebody listens on it (${plural(phase.count, 'SYN')} answered from ${moment(phase.from)} to ${moment(phase.last)})`,
    );
  } else if (phase !== null) {
    parts.push(
      `nobody listens (${plural(phase.count, 'SYN')} refused from ${moment(phase.from)} to ${moment(phase.last)})`,
    );
  }
  if (held.sockets > 0) {
    const closed = held.states.TIME_WAIT === held.sockets ? `, of connections that ${owner} had closed` : '';
    parts.push(`${socketWords(held.states)} ${held.sockets === 1 ? 'is' : 'are'} on it${closed}`);
  } else if (answer.fails !== null) parts.push('no socket of a connection is on it');
  return parts.length === 0 ? '' : `${sentence(parts.join(', and '))}.`;
}

/** Until when. */
export function endSentence({ known, answer, which, moment }: PortPage): string {
  if (answer.fails !== true) return '';
  const { profile } = known.ledger;
  const unless = profile.bind['time-wait'];
  const sockets = answer.held.sockets > 0 && answer.phase?.listening !== true;
  const help =
    sockets && unless.both === false && which !== 'both'
      ? ` On ${systemName(profile)} sockets like these block it ${unlessWords(unless)}.`
      : '';
  if (answer.byListener && answer.phase?.listening !== true) {
    const back = known.ledger.phases.at(-1)!.from;
    return `Before they are gone somebody listens again, from ${moment(back)} on, and then it fails as long as that process does.${help}`;
  }
  if (answer.byListener) {
    return 'It fails as long as that process listens, whatever SO_REUSEADDR says; the table tells what remains when it stops.';
  }
  if (!Number.isFinite(answer.worksAt))
    return `No end is in sight: they were still open when the capture ended.${help}`;
  const [early, late] = [moment(answer.worksAt), moment(answer.worksAtLatest)];
  return `It works again from ${early}${early === late ? '' : ` on at the earliest, ${late} at the latest`}.${help}`;
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** What the port is at a time, in one character; the bar's, and the table's word for it. */
const LISTEN = 'L';
const BLOCKED = '#';
const FREE = '.';

function bar(page: PortPage, width: number, style: Style): string[] {
  const { known, answer, which, start, moment } = page;
  const last = Math.max(
    page.end,
    ...known.ledger.intervals.map(({ until }) => (Number.isFinite(until) ? until : page.end)),
  );
  const [left, right] = [moment(start), moment(last)];
  const cells = width - left.length - right.length - 4;
  if (cells < 10 || last <= start) return [];
  const step = (last - start) / cells;
  let marks = '';
  for (let i = 0; i < cells; i++) marks += markAt(known.ledger.intervals, start + (i + 0.5) * step, which);
  const painted = [...marks].map((mark) =>
    mark === BLOCKED ? style.bold(mark) : mark === FREE ? style.dim(mark) : mark,
  );
  const place = Math.min(cells - 1, Math.max(0, Math.floor((answer.at - start) / step)));
  return [
    `${left} [${painted.join('')}] ${right}`,
    `${' '.repeat(left.length + 2 + place)}^ ${moment(answer.at)}`,
    style.dim(
      `${LISTEN} somebody listens   ${BLOCKED} sockets are in the way   ${FREE} free   (SO_REUSEADDR: ${SHORT[which]})`,
    ),
  ];
}

const SHORT: Record<ReuseCase, string> = { neither: 'neither', newOnly: 'new only', oldOnly: 'old only', both: 'both' };

function markAt(intervals: readonly Interval[], at: number, which: ReuseCase): string {
  let mark = FREE;
  for (const interval of intervals) {
    if (interval.from > at || interval.until <= at || interval.bindFails[which] === false) continue;
    if (interval.listening) return LISTEN;
    mark = BLOCKED;
  }
  return mark;
}

/** Intervals that are shown, the latest ones. */
const ROWS = 12;

function table({ known, moment }: PortPage, width: number, style: Style): string[] {
  const { intervals } = known.ledger;
  if (intervals.length === 0) return [];
  const shown = intervals.slice(-ROWS);
  const columns: Column[] = [
    column(
      'from',
      shown.map(({ from }) => moment(from)),
    ),
    column(
      'until',
      shown.map(({ until, untilLatest }) => untilWords(until, untilLatest, moment)),
    ),
    column('on the port, in all', shown.map(holders)),
  ];
  const cases = (['neither', 'newOnly', 'oldOnly', 'both'] as const).map((which) =>
    column(
      SHORT[which],
      shown.map(({ bindFails }) => outcome(bindFails[which])),
    ),
  );
  const whole = layOut([...columns, ...cases], width, style.bold);
  const fits = [...whole.header, ...whole.rows].every((line) => widthOf(line) <= width);
  const inOne = column(
    'it fails',
    shown.map(({ bindFails }) => outcomes(bindFails)),
  );
  const laid = fits ? whole : layOut([...columns, inOne], width, style.bold);
  const left = intervals.length - shown.length;
  return [
    'bind() by who has SO_REUSEADDR:',
    ...laid.header,
    ...laid.rows,
    ...(left > 0 ? [style.dim(`and ${plural(left, 'interval')} before`)] : []),
  ];
}

const column = (title: string, cells: string[]): Column => ({ title, cells });

function untilWords(until: number, latest: number, moment: (ns: number) => string): string {
  if (!Number.isFinite(until)) return 'open';
  const [early, late] = [moment(until), moment(latest)];
  return early === late ? early : `${early} - ${late}`;
}

function holders({ listening, sockets, states }: Interval): string {
  const held = sockets === 0 ? [] : [socketWords(states)];
  return [...(listening ? ['a listener'] : []), ...held].join(', ');
}

/** The four cases in two words. */
function outcomes({ neither, newOnly, both }: Interval['bindFails']): string {
  if (neither === null) return '?';
  if (!neither) return 'never';
  if (both) return 'always';
  return newOnly ? 'unless both' : 'unless new';
}

const outcome = (fails: boolean | null): string => (fails === null ? '?' : fails ? 'fails' : 'works');

function note({ known }: PortPage): string {
  const { profile, intervals } = known.ledger;
  const assumed = intervals.some(({ basis }) => basis === 'assumed');
  const timers = assumed ? ' TIME_WAIT ends by a timer of its system, which no packet shows.' : '';
  return `Rules of ${systemName(profile)}.${timers} Who holds it now: ss\u00a0-tanp\u00a0"sport\u00a0=\u00a0:${known.port}"`;
}
