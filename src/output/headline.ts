/** The first sentences where something is wrong: what, why, what to do; by the most severe finding. */

import type { Finding, Report } from '../report/types.ts';
import { lingering } from './lingering.ts';
import { clip, withoutCodeMarks } from './style.ts';
import { areOfOneOutage, bySeverity } from './survey.ts';

/** Characters of a title, and of a step, in one sentence. */
const MOST_TITLE = 220;
const MOST_STEP = 120;
const LEAST_STEP = 20;

/** Two sentences: the most severe finding, and its remedy. Null where none is worse than info. */
export function headline({ findings }: Report): string | null {
  const [worst] = bySeverity(findings);
  if (worst === undefined || worst.severity === 'info') return null;
  const what = whatHappened(worst, findings);
  if (what === '') return null;
  const remedy = shortStep(worst.doThis[0] ?? '');
  return ended(clip(what, MOST_TITLE)) + (remedy === '' ? '' : ` ${ended(remedy)}`);
}

/** An outage and what held the port are two findings of one incident: one sentence tells both. */
function whatHappened(worst: Finding, findings: readonly Finding[]): string {
  const title = oneLine(worst.title);
  const other = findings.find((each) => areOfOneOutage(worst, each));
  if (other === undefined) return worst.confidence === 'possible' ? `Possibly: ${title}` : title;
  const [blocked, down] = worst.rule === 'bind-blocked' ? [worst, other] : [other, worst];
  const what = oneLine(down.title);
  // "... could not be bound from 12:00:01 to about 12:01:01: 40 sockets in TIME_WAIT held the port"
  const [, cause] = oneLine(blocked.title).split(/: (?!.*: )/);
  if (cause === undefined) return what;
  const because = { certain: 'because', likely: 'probably because', possible: 'possibly because' }[blocked.confidence];
  const closes = findings.some(({ rule, endpoint }) => rule === 'server-closes-first' && endpoint === worst.endpoint);
  return `${what}, ${because} ${cause}${closes ? ', since the server closes first' : ''}`;
}

/** The first sentence of a step, without what is behind its colon where it is long. */
function shortStep(step: string): string {
  const text = oneLine(step);
  const [sentence = ''] = text.split(/(?<=\w\)?)\. (?=[A-Z])/);
  if (sentence.length <= MOST_STEP) return sentence;
  const [clause = ''] = sentence.split(/: |; /);
  // "On the server" alone is no step.
  return clause.length >= LEAST_STEP && clause.length <= MOST_STEP ? clause : clip(sentence, MOST_STEP);
}

function oneLine(text: string): string {
  return withoutCodeMarks(text).trim();
}

function ended(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** Seconds in CLOSE_WAIT from which a program seems to have forgotten a socket. */
export const FORGOTTEN = 10;

const isOdd = (note: string): boolean => note !== 'duplicates';

/** Whether all that the capture has ended well, or goes on: said only where nothing speaks against it. */
export function isWell({ findings, totals, capture, flows }: Report): boolean {
  const { graceful = 0, simultaneous = 0, open = 0 } = totals.byKind;
  const isKnown = capture.damage.length === 0 && !capture.dropped && capture.flowsGivenUp === 0;
  return (
    isKnown &&
    graceful + simultaneous > 0 &&
    graceful + simultaneous + open === totals.flows &&
    findings.every(({ severity, rule }) => severity === 'info' && rule !== 'capture-limits') &&
    // Two captures that were joined are not judged; what is odd about a flow is among its notes.
    flows.every(({ comparison, notes, reuse }) => comparison === null && !notes.some(isOdd) && !reuse?.inTimeWait) &&
    lingering(flows, 'CLOSE_WAIT', FORGOTTEN) === null
  );
}
