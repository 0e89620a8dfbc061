import { RULES } from '../findings/findings.ts';
import { explainAll, explainRule } from '../output/explain.ts';
import { allMarkdown, ruleMarkdown } from '../output/explain-markdown.ts';
import { suggestion } from '../thresholds.ts';
import { EXIT_DONE, UsageError } from './errors.ts';
import { type ColorChoice, outputWidth, wantsColor, writeOut } from './terminal.ts';

export const EXPLAIN_FORMATS = ['text', 'md'] as const;

export interface ExplainFlags {
  format: (typeof EXPLAIN_FORMATS)[number];
  color: ColorChoice;
}

/** `teardown explain [RULE]` @returns the exit code */
export function explainCommand(name: string | undefined, { format, color }: ExplainFlags): number {
  const rule = RULES.find((each) => each.name === name?.toLowerCase());
  if (name !== undefined && rule === undefined) {
    throw new UsageError(`there is no rule '${name}'`, suggestion(name));
  }
  const style = { color: wantsColor(color), width: outputWidth() };
  if (format === 'md') writeOut([rule === undefined ? allMarkdown(RULES) : `${ruleMarkdown(rule)}\n`]);
  else writeOut([rule === undefined ? explainAll(RULES, style) : explainRule(rule, style)]);
  return EXIT_DONE;
}
