/** All rules, and what they find. */

import type { Finding, Severity } from '../report/types.ts';
import { endpointFilter, wiresharkFilter } from '../report/wireshark-filter.ts';
import { bindBlocked } from './bind-blocked.ts';
import { captureLimits } from './capture-limits.ts';
import { closeWaitLeak } from './close-wait-leak.ts';
import type { Context } from './context.ts';
import { ephemeralExhaustion } from './ephemeral-exhaustion.ts';
import { finWait2Expired } from './fin-wait-2-expired.ts';
import { finWait2Stuck } from './fin-wait-2-stuck.ts';
import { lostFinalAck } from './lost-final-ack.ts';
import { ownerStopped } from './owner-stopped.ts';
import { portCollision } from './port-collision.ts';
import { refused } from './refused.ts';
import { resetDataLoss } from './reset-data-loss.ts';
import { resetPattern } from './reset-pattern.ts';
import { restartOutage } from './restart-outage.ts';
import { type Draft, EVIDENCE, RULE_NAMES, type Rule, type RuleName } from './rule.ts';
import { serverClosesFirst } from './server-closes-first.ts';
import { timeWaitKilled } from './time-wait-killed.ts';
import { timeWaitPileup } from './time-wait-pileup.ts';
import { timeWaitReuse } from './time-wait-reuse.ts';
import { unansweredSyn } from './unanswered-syn.ts';

/** In the order of RULE_NAMES. */
export const RULES: readonly Rule[] = [
  bindBlocked,
  ownerStopped,
  restartOutage,
  serverClosesFirst,
  timeWaitPileup,
  closeWaitLeak,
  finWait2Stuck,
  finWait2Expired,
  timeWaitReuse,
  timeWaitKilled,
  lostFinalAck,
  captureLimits,
  ephemeralExhaustion,
  portCollision,
  refused,
  resetDataLoss,
  resetPattern,
  unansweredSyn,
].sort((a, b) => RULE_NAMES.indexOf(a.name) - RULE_NAMES.indexOf(b.name));

const SEVERITIES: readonly Severity[] = ['critical', 'warning', 'info'];

/** The rules' thresholds where nothing else is said; 0 where a rule has none. */
export function defaultThresholds(): Record<RuleName, number> {
  const all = RULE_NAMES.map((name) => [name, RULES.find((rule) => rule.name === name)?.threshold?.default ?? 0]);
  return Object.fromEntries(all) as Record<RuleName, number>;
}

/** Negative where `a` is the more severe one. */
export function compareSeverity(a: Pick<Finding, 'severity'>, b: Pick<Finding, 'severity'>): number {
  return SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity);
}

/** What the rules find, the most severe first, then in the order of RULE_NAMES. */
export function findingsOf(context: Context): Finding[] {
  const findings = RULES.flatMap((rule) => rule.find(context).map((draft) => written(rule, draft, context)));
  return findings.sort(compareSeverity);
}

function written(rule: Rule, draft: Draft, context: Context): Finding {
  const frames = draft.frames.filter((frame): frame is number => frame !== null && frame > 0);
  const flows = [...new Set(draft.flows)].slice(0, EVIDENCE);
  return {
    rule: rule.name,
    severity: draft.severity,
    title: draft.title,
    because: draft.because,
    doThis: draft.doThis,
    confidence: draft.confidence,
    endpoint: draft.endpoint,
    flows,
    flowCount: draft.flowCount,
    frames: [...new Set(frames)].slice(0, EVIDENCE).sort((a, b) => a - b),
    at: draft.at === null ? null : context.time(draft.at),
    until: draft.until === null || !Number.isFinite(draft.until) ? null : context.time(draft.until),
    rfc: rule.rfc,
    wiresharkFilter: draft.filter ?? filterOf(flows, draft, context),
  };
}

/** Flows that a filter names one by one. */
const FEW = 3;

function filterOf(flows: readonly number[], { flowCount, endpoint }: Draft, context: Context): string | null {
  if (flowCount <= FEW && flows.length === flowCount && flowCount > 0) {
    const filters = flows.map((id) => context.endsOf(id)).map((ends) => ends && wiresharkFilter(...ends));
    if (filters.every((filter) => filter !== null)) {
      return filters.length === 1 ? filters[0]! : filters.map((filter) => `(${filter})`).join(' || ');
    }
  }
  if (endpoint === null) return null;
  const [, bracketed, plain, port] = /^(?:\[(.*)\]|([^:]*)):(\d+)$/.exec(endpoint) ?? [];
  const address = bracketed ?? plain;
  return address === undefined ? endpointFilter(endpoint, null) : endpointFilter(address, Number(port));
}
