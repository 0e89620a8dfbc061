/** What is said of when findings are made, by the user or a program: --threshold RULE=VALUE, --port-range LOW-HIGH. */

import type { PortRange } from './findings/context.ts';
import { defaultThresholds, RULES } from './findings/findings.ts';
import type { Rule, RuleName, Threshold } from './findings/rule.ts';
import { thresholdValue } from './output/rule-words.ts';
import { nearest } from './where/nearest.ts';
import { readDuration, readNumber } from './where/quantities.ts';

/** A threshold of a rule that is not there or has none, or a value that it can't have. */
export class ThresholdError extends RangeError {
  override readonly name = 'ThresholdError';
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

export type Thresholds = Partial<Readonly<Record<RuleName, number>>>;

const LIST = 'teardown explain lists all rules and their thresholds';

/** "did you mean close-wait-leak?", or where all rules are listed. */
export function suggestion(name: string): string {
  const like = nearest(
    name,
    RULES.map((rule) => rule.name),
  );
  return like === null ? LIST : `did you mean ${like}? ${LIST}`;
}

/** The thresholds of all rules: those given, else the usual ones. @throws ThresholdError */
export function thresholdsOf(given: Thresholds = {}): Record<RuleName, number> {
  const all = defaultThresholds();
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const { rule, threshold } = ruleWithThreshold(name);
    if (typeof value !== 'number' || !(value >= threshold.min && value <= threshold.max))
      throw outside(rule, threshold);
    all[rule.name] = value;
  }
  return all;
}

/** The values of --threshold; of several for the same rule the last counts. @throws ThresholdError */
export function readThresholds(texts: readonly string[]): Thresholds {
  const given: Partial<Record<RuleName, number>> = {};
  for (const text of texts) {
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    if (value === '')
      throw new ThresholdError(`--threshold ${text} sets nothing`, 'as in: --threshold close-wait-leak=5s');
    const { rule, threshold } = ruleWithThreshold(name.trim());
    given[rule.name] = readValue(value.trim(), rule, threshold);
  }
  thresholdsOf(given);
  return given;
}

/** @throws RangeError */
export function checkedPortRange(range: PortRange | undefined): PortRange | null {
  if (range === undefined) return null;
  const [low, high] = range;
  const isPort = (port: number) => Number.isInteger(port) && port >= 1 && port <= 65_535;
  if (!isPort(low) || !isPort(high) || low > high) throw new RangeError(PORT_RANGE);
  return range;
}

export const PORT_RANGE = 'a range of ports is LOW-HIGH, both from 1 to 65535, as 32768-60999';

/** The value of --port-range. @throws RangeError */
export function readPortRange(text: string): PortRange {
  const [, low, high] = /^(\d{1,5})-(\d{1,5})$/.exec(text.trim()) ?? [];
  const range = [Number(low ?? 0), Number(high ?? 0)] as const;
  checkedPortRange(range);
  return range;
}

function ruleWithThreshold(name: string): { rule: Rule; threshold: Threshold } {
  const rule = RULES.find((each) => each.name === name);
  if (rule === undefined) throw new ThresholdError(`there is no rule '${name}'`, suggestion(name));
  if (rule.threshold === null) {
    throw new ThresholdError(`${name} has no threshold`, `teardown explain ${name} says when it fires`);
  }
  return { rule, threshold: rule.threshold };
}

const FORMS: Record<Threshold['unit'], string> = {
  s: 'a duration, as 500ms, 30s or 2m',
  count: 'a number, as 1000',
  share: 'a share, as 50% or 0.5',
};

function readValue(text: string, rule: Rule, threshold: Threshold): number {
  const value = VALUE[threshold.unit](text);
  if (value === null)
    throw new ThresholdError(`'${text}' is no value for ${rule.name}`, `it takes ${FORMS[threshold.unit]}`);
  return value;
}

const VALUE: Record<Threshold['unit'], (text: string) => number | null> = {
  s: readDuration,
  count: readNumber,
  share: (text) => {
    if (!text.endsWith('%')) return readNumber(text);
    const percent = readNumber(text.slice(0, -1).trimEnd());
    return percent === null ? null : percent / 100;
  },
};

function outside({ name }: Rule, threshold: Threshold): ThresholdError {
  const [min, max] = [threshold.min, threshold.max].map((value) => thresholdValue(threshold, value));
  return new ThresholdError(`the threshold of ${name} is from ${min} to ${max}`, `it is the ${threshold.of}`);
}
