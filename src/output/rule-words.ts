/** Words about rules in general: in what order they are told of, their thresholds, what a finding's own words mean. */

import type { Rule, RuleName, Threshold } from '../findings/rule.ts';
import type { Confidence, Severity } from '../report/types.ts';
import { count, duration } from '../words.ts';

/** All rules, by what somebody looks for. */
export const RULE_GROUPS: readonly (readonly [title: string, names: readonly RuleName[]])[] = [
  ['A service is away, or its port busy', ['bind-blocked', 'restart-outage', 'owner-stopped']],
  ['A side does not close', ['close-wait-leak', 'fin-wait-2-stuck', 'fin-wait-2-expired']],
  [
    'TIME_WAIT and the ports that it holds',
    [
      'server-closes-first',
      'time-wait-pileup',
      'ephemeral-exhaustion',
      'port-collision',
      'time-wait-reuse',
      'time-wait-killed',
      'lost-final-ack',
    ],
  ],
  ['Connections that an RST ended', ['reset-data-loss', 'reset-pattern']],
  ['Connections that never were', ['unanswered-syn', 'refused']],
  ['The capture itself', ['capture-limits']],
];

/** The groups with their rules, in that order; none without rules. */
export function grouped(rules: readonly Rule[]): [title: string, rules: Rule[]][] {
  return RULE_GROUPS.map(([title, names]): [string, Rule[]] => [
    title,
    names.flatMap((name) => rules.find((rule) => rule.name === name) ?? []),
  ]).filter(([, own]) => own.length > 0);
}

/** "30 s", "1,000", "50 %". */
export function thresholdValue({ unit }: Threshold, value: number): string {
  if (unit === 's') return duration(value);
  return unit === 'share' ? `${count(value * 100)} %` : count(value);
}

/** The same as --threshold takes it. */
function thresholdText({ unit, default: usual }: Threshold): string {
  if (unit === 's') return `${usual}s`;
  return unit === 'share' ? `${count(usual * 100)}%` : String(usual);
}

/** "From 30 s on: time in CLOSE_WAIT. To change it: `--threshold close-wait-leak=30s` (0 s to 24 h)." */
export function thresholdWords({ name, threshold }: Rule): string {
  if (threshold === null) return 'It has no threshold.';
  const [usual, min, max] = [threshold.default, threshold.min, threshold.max].map((value) =>
    thresholdValue(threshold, value),
  );
  return `Threshold: ${usual} (${threshold.of}). \`--threshold ${name}=${thresholdText(threshold)}\` sets it, from ${min} to ${max}.`;
}

export const SEVERITY_WORDS: readonly (readonly [Severity, string])[] = [
  ['critical', 'users were hit, or a service is broken and stays so until somebody acts'],
  ['warning', 'something is wrong and should be changed; it may have hit nobody yet'],
  ['info', 'worth knowing, no reason to act'],
];

export const CONFIDENCE_WORDS: readonly (readonly [Confidence, string])[] = [
  ['certain', 'the packets prove it'],
  ['likely', 'the packets fit it, and hardly anything else; what they leave open is named'],
  ['possible', 'the packets fit it, and other things too: check it with the command that is named'],
];

export const THRESHOLD_HELP: readonly string[] = [
  'A rule with a threshold fires from that value on. `--threshold RULE=VALUE` sets it, once for each rule: durations as `500ms`, `30s`, `2m` or `1h`, numbers as `1000`, shares as `50%` or `0.5`.',
  '`--port-range LOW-HIGH` says which ports the clients take (32768-60999, Linux), and `--fail-on info|warning|critical` ends with exit code 1 where a finding is at least that severe.',
];
