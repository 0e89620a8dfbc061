/** Whether it got better: only by what a capture that is shorter, or has less traffic, would show as well. */

import type { Kind } from '../report/types.ts';
import { weightOf } from './findings.ts';
import type { Amount, DiffFigures, Doubt, DoubtCode, FindingChange, Outcome, Signal, Which } from './types.ts';

/** Kinds of flows that are a failure to whoever made the connection. */
const FAILURES: readonly Kind[] = ['refused', 'unanswered', 'aborted', 'aborted-after-fin'];

/** A share changed if it did by this at least, and by more than chance would have it. */
const LEAST_CHANGE = 0.01;
/** Standard errors of the difference of two shares: 1 in 370 by chance. */
const LEAST_ERRORS = 3;
/** A share of closers that changed by this is worth telling; so is a FIN_WAIT_2 by this factor and these seconds. */
const NOTABLE_SHARE = 0.1;
const NOTABLE_FACTOR = 2;
const NOTABLE_SECONDS = 0.1;

/** Findings that show in any capture with connections. Every other one needs time, and traffic. */
const SHOW_AT_ONCE = new Set(['server-closes-first']);
/** Findings that need a restart of the service. */
const NEED_RESTART = new Set(['restart-outage', 'bind-blocked']);

/** In whichever report the trouble is missing, these say that it need not have gone. */
const ALWAYS: readonly DoubtCode[] = ['no-connections', 'no-common-service', 'redacted', 'overlap', 'exchanged'];
const SHARES: readonly DoubtCode[] = [...ALWAYS, 'few'];
const RESTART: readonly DoubtCode[] = [...ALWAYS, 'no-restart'];
const TIME: readonly DoubtCode[] = [...SHARES, 'short', 'less-traffic', 'dropped'];

function doubtsAboutFinding(rule: string): readonly DoubtCode[] {
  if (SHOW_AT_ONCE.has(rule)) return SHARES;
  return NEED_RESTART.has(rule) ? RESTART : TIME;
}

/** @param missing the report in which the trouble is not, or less */
function doubtAbout(codes: readonly DoubtCode[], missing: Which, doubts: readonly Doubt[]): Doubt | null {
  return doubts.find(({ code, which }) => codes.includes(code) && (which === missing || which === 'both')) ?? null;
}

/** What speaks for better or worse, with the reason why it need not. */
export function signalsOf(
  before: DiffFigures,
  after: DiffFigures,
  findings: readonly FindingChange[],
  doubts: readonly Doubt[],
): Signal[] {
  const signals: Signal[] = [];
  const add = (towards: Signal['towards'], about: Signal['about'], codes: readonly DoubtCode[]) => {
    const missing = towards === 'better' ? 'after' : 'before';
    // What fails in a restart is trouble, whether or not there was one before.
    const count = towards === 'better' ? codes : codes.filter((code) => code !== 'no-restart');
    signals.push({ towards, about, doubt: doubtAbout(count, missing, doubts) });
  };
  for (const kind of FAILURES) {
    const change = changeOf(before.byKind[kind], before.flows.count, after.byKind[kind], after.flows.count);
    if (change !== 0)
      add(change < 0 ? 'better' : 'worse', { kind }, kind === 'refused' ? [...SHARES, ...RESTART] : SHARES);
  }
  for (const each of findings) {
    if (Math.max(...[each.before, each.after].map((one) => (one === null ? 0 : weightOf(one.severity)))) < 2) continue;
    const codes = doubtsAboutFinding(each.rule);
    const way = wayOf(each, before.flows.count, after.flows.count);
    if (way !== null) add(way, { rule: each.rule }, codes);
  }
  return signals;
}

/** One that stayed as severe as it was counts by the share of flows that it is about. */
function wayOf(finding: FindingChange, flowsBefore: number, flowsAfter: number): Signal['towards'] | null {
  const { change, trend, before, after } = finding;
  if (change === 'came' || trend === 'worse') return 'worse';
  if (change === 'went' || trend === 'better') return 'better';
  if (before === null || after === null) return null;
  const [old, now] = [before, after].map(({ flowCount, share }) => ({ count: flowCount, share, perSecond: null }));
  const more = changeOf(old!, flowsBefore, now!, flowsAfter);
  if (Math.abs(more) < NOTABLE_SHARE) return null;
  return more > 0 ? 'worse' : 'better';
}

/** Less than 0 where the share became smaller, more where larger, 0 where it did not, or chance may have done it. */
function changeOf(before: Amount, flowsBefore: number, after: Amount, flowsAfter: number): number {
  if (before.share === null || after.share === null) return 0;
  const change = after.share - before.share;
  const all = (before.count + after.count) / (flowsBefore + flowsAfter);
  const error = Math.sqrt(all * (1 - all) * (1 / flowsBefore + 1 / flowsAfter));
  return Math.abs(change) >= LEAST_CHANGE && Math.abs(change) > LEAST_ERRORS * error ? change : 0;
}

/** @param signals as of signalsOf() */
export function outcomeOf(
  signals: readonly Signal[],
  before: DiffFigures,
  after: DiffFigures,
  doubts: readonly Doubt[],
): Outcome {
  const counts = (towards: Signal['towards']): boolean =>
    signals.some((each) => each.towards === towards && each.doubt === null);
  // A doubted improvement is none, but a doubted trouble is there.
  const isWorse = signals.some(({ towards }) => towards === 'worse');
  if (counts('better')) return isWorse ? 'mixed' : 'better';
  if (counts('worse')) return 'worse';
  if (signals.length > 0 || doubts.some(({ code }) => SHARES.includes(code))) return 'unclear';
  return isDifferent(before, after) ? 'different' : 'unchanged';
}

function isDifferent(before: DiffFigures, after: DiffFigures): boolean {
  const shares = (['client', 'server', 'both'] as const).map((who) => [
    before.closers[who].share,
    after.closers[who].share,
  ]);
  shares.push([inTimeWait(before), inTimeWait(after)]);
  if (shares.some(([a, b]) => Math.abs((a ?? 0) - (b ?? 0)) >= NOTABLE_SHARE)) return true;
  const [a, b] = [before.finWait2.p90 ?? 0, after.finWait2.p90 ?? 0];
  return Math.abs(a - b) >= NOTABLE_SECONDS && Math.max(a, b) >= NOTABLE_FACTOR * Math.min(a, b);
}

/** Sockets that went into TIME_WAIT for each connection. */
function inTimeWait({ timeWait, flows }: DiffFigures): number {
  return flows.count > 0 ? timeWait.count / flows.count : 0;
}
